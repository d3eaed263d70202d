"""`[[transformations]]` are written so that the same ones are read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segtap.core import config
from segtap.core.config.transformations import read_transformations, write_transformations
from segtap.core.errors import SettingsError
from segtap.core.index.revision import revision_of

WHOLE: Any = {
    "name": 'One "name"\n',
    "if": "event = 'Bread Sold'",
    "enabled": False,
    "sourceId": "web1",
    "destinationMetadataId": "615c7438d93d9b61b1e9e192",
    "drop": True,
    "newEventName": "Loaf Sold",
    "propertyRenames": [{"oldName": "properties.till", "newName": "properties.a\\.b"}],
    "propertyValueTransformations": [
        {"propertyPaths": ["properties.a", "context.b"], "propertyValue": {"deep": [1, {"x": "y"}]}}
    ],
    "fqlDefinedProperties": [{"fql": "lowercase(event)", "propertyName": "lower"}],
    "propertyDrops": ["properties.card"],
    "allowProperties": ["properties.total"],
    "hashPropertiesConfiguration": {"paths": ["traits.mail"], "algorithm": "SHA256", "encoding": "HEX"},
}


@pytest.mark.parametrize("value", [1, "text", None, [None, {"a": None}], "\ud800"], ids=repr)
def test_what_is_written_is_read_back(value: Any, tmp_path: Path) -> None:
    constant = {"propertyPaths": ["properties.a"], "propertyValue": value}
    given = read_transformations(
        [WHOLE, {"if": "true", "propertyValueTransformations": [constant]}, {"if": "userId = null"}], "here"
    )
    file = tmp_path / "segtap.toml"
    file.write_text(write_transformations(given), encoding="utf-8")
    assert config.load(file=file, environ={}).transformations == given


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"if": None}, "has no condition"),
        ({"newEvent": "x"}, "has no key 'newEvent'. Did you mean newEventName?"),
        ({"propertyRenames": ["a"]}, "cannot be read"),
        ({"propertyValueTransformations": "{"}, "is not JSON"),
    ],
)
def test_a_fault_names_the_transformation(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=r"^segtap\.toml: transformation 1") as raised:
        read_transformations([{"if": "true", **changes}], "segtap.toml")
    assert words in str(raised.value)


def test_the_key_of_a_hash_is_not_kept() -> None:
    hashing = {"paths": ["properties.email"], "key": "very-secret"}
    given = read_transformations([{"if": "event = 'A'", "hashPropertiesConfiguration": hashing}], "test")
    assert "very-secret" not in repr(given) + write_transformations(given)


def test_a_file_has_them_and_a_change_makes_verdicts_stale(tmp_path: Path) -> None:
    def revision(name: str) -> str:
        file = tmp_path / "segtap.toml"
        file.write_text(f"[[transformations]]\nif = \"type = 'track'\"\nnewEventName = '{name}'\n")
        settings = config.load(environ={}, file=file)
        assert settings.transformations[0].new_event_name == name
        return revision_of(settings)

    assert revision("A") == revision("A") != revision("B")


def test_transformations_are_tables() -> None:
    with pytest.raises(SettingsError, match=r"\[\[transformations\]\]"):
        read_transformations({"if": "a"}, "file")
