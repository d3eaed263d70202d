"""`[[insert_functions]]` of segtap.toml, and what names the verdicts that they make."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from segtap.core.config import load
from segtap.core.errors import SettingsError
from segtap.core.index.revision import revision_of
from segtap.core.masks import masked_settings, masks_of, secrets_in_settings
from segtap.core.settings import InsertFunction, Settings


def settings(folder: Path, text: str) -> Settings:
    file = folder / "segtap.toml"
    file.write_text(text, encoding="utf-8")
    return load(file=file)


def test_they_are_read(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        """
        [[insert_functions]]
        file = "fn.js"
        [[insert_functions]]
        file = "/elsewhere/other.js"
        scope = "source"
        name = "Mask"
        enabled = false
        network = true
        settings = { key = "sk_0123456789", list = [1, "two"] }
        """,
    ).insert_functions
    assert read == (
        InsertFunction(file=str(tmp_path / "fn.js")),
        InsertFunction(
            file="/elsewhere/other.js",
            scope="source",
            name="Mask",
            enabled=False,
            network=True,
            settings={"key": "sk_0123456789", "list": [1, "two"]},
        ),
    )
    assert [one.title for one in read] == ["fn.js", "Mask"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("insert_functions = 5", "insert functions are tables"),
        ("[[insert_functions]]\nname = 'x'", "names no file"),
        ("[[insert_functions]]\nfile = 5", "file is a path in quotes"),
        ("[[insert_functions]]\nfile = 'a'\nnetwrok = true", "has no key 'netwrok'. Did you mean"),
        ("[[insert_functions]]\nfile = 'a'\nscope = 'x'", "has no scope 'x'. Write one of source"),
        ("[[insert_functions]]\nfile = 'a'\nsettings = 'secret'", "settings is a table"),
        ("[[insert_functions]]\nfile = 'a'\nsettings = { a = 2026-01-01 }", "a date in its settings"),
        ("[[insert_functions]]\nfile = 'a'\nsettings = { a = [inf] }", "a number in its settings"),
    ],
)
def test_faults_name_the_place_and_no_secret(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=r"segtap\.toml") as fault:
        settings(tmp_path, text)
    assert why in str(fault.value)
    assert "'secret'" not in str(fault.value)


def test_values_of_their_settings_are_secret_in_every_output() -> None:
    given = Settings(insert_functions=(InsertFunction(file="a.js", settings={"key": "sk_0123456789"}),))
    assert "sk_0123456789" not in json.dumps(msgspec.to_builtins(masked_settings(given)))
    assert masks_of(secrets_in_settings(given)).text("key sk_0123456789.") == "key ••••."


def test_the_revision_follows_code_and_settings(tmp_path: Path) -> None:
    code = tmp_path / "fn.js"
    code.write_text("one")
    function = InsertFunction(file=str(code), settings={"key": "one"})

    def revision(**changes: object) -> str:
        return revision_of(Settings(insert_functions=(msgspec.structs.replace(function, **changes),)))

    before = revision()
    assert before == revision()
    others = [
        revision(settings={"key": "two"}), revision(settings={}), revision(network=True),
        revision(scope="source"), revision(enabled=False), revision(file=str(tmp_path / "none.js")),
    ]  # fmt: skip
    code.write_text("two")
    assert len({before, *others, revision()}) == 8
