"""[tool.segtap] of pyproject.toml: where it is used, what it is called, and the lines that faults name."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core import config
from segtap.core.config.reading import find_file
from segtap.core.errors import SettingsError

PROJECT = """\
[project]
name = "shop"  # not [tool.segtap]

[tool.other]
region = "none"

[tool.segtap]
identity = "simplified"

[tool.segtap.destination]
region = "eu"

[[tool.segtap.filters]]
if = 'type = "track"'
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def write(folder: Path, text: str, name: str = "pyproject.toml") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_the_table_is_read_where_there_is_no_segtap_toml(folder: Path) -> None:
    write(folder, PROJECT)
    settings = config.load(environ={})
    assert (settings.identity, settings.destination.region) == ("simplified", "eu")
    assert len(settings.filters) == 1
    assert settings.origin == "pyproject.toml [tool.segtap]"
    assert settings.places["destination.region"].name == "pyproject.toml [tool.segtap]"
    write(folder, 'identity = "original"\n', "segtap.toml")
    settings = config.load(environ={})
    assert (settings.identity, settings.destination.region) == ("original", "us")
    assert settings.origin == "segtap.toml"


def test_it_goes_before_the_file_of_the_config_folder(folder: Path) -> None:
    users = folder / "config" / "segtap"
    users.mkdir(parents=True)
    write(users, 'identity = "simplified"\n', "segtap.toml")
    write(folder, "[tool.segtap.ingest]\nport = 1001\n")
    settings = config.load(environ={})
    assert (settings.identity, settings.ingest.port) == ("original", 1001)


@pytest.mark.parametrize(
    "text", ["[project]\nname = 'segtap'\n", "[tool.other]\nsegtap = 1\n", "[project\n# segtap\n", "", "\xff"]
)
def test_another_pyproject_is_left_alone(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_bytes(text.encode("latin-1"))
    assert find_file() is None
    assert config.load(environ={}).origin == "defaults"


def test_the_table_may_be_empty_and_may_go_while_segtap_runs(folder: Path) -> None:
    write(folder, PROJECT)
    settings = config.load(environ={})
    write(folder, "[tool.segtap]\n")
    assert config.read_again(settings).identity == "original"
    write(folder, "[project]\n")
    assert config.read_again(settings).identity == "original"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.segtap.ingest]\nhost = []\nprot = 1\n", "line 3: [tool.segtap.ingest] has no key 'prot'"),
        ("[tool.segtap]\n\ningset.port = 1\n", "line 3 has no key 'ingset'. Did you mean ingest?"),
        ("[tool.segtap]\ningest.prot = 1\n", "line 2: [tool.segtap.ingest] has no key 'prot'"),
        ("[tool.segtap]\ningest = { prot = 1 }\n", "line 2: [tool.segtap.ingest] has no key 'prot'"),
        ("[tool.segtap.ingest]\n'port' = 'x'\n", "line 2: port of [tool.segtap.ingest] cannot be 'x'"),
        ("[tool.segtap]\ningest = 3\n", "line 2: [tool.segtap.ingest] is a section, not a value"),
        ("[tool.segtap]\nidentity = 'none'\n", "line 2: identity cannot be 'none'"),
        ("[tool.segtap]\nrepair = ['x']\n", "line 2: there is no repair 'x'"),
        ("[tool.segtap.destination]\napi_secret = 'abc'\n", "line 2: [tool.segtap.destination]: a secret"),
        ("[tool]\nsegtap = 3\n", "[tool.segtap] is a table"),
        ("[tool.segtap\n", "pyproject.toml is not TOML: Expected ']' at the end of a table"),
        (f"{PROJECT}\n[[tool.segtap.filters]]\nfi = 'x'\n", "line 16: filter 2"),
        (
            "[tool.segtap]\nfilters = 3\n",
            "line 2: filters are tables. Write each below a line [[tool.",
        ),
    ],
)
def test_a_fault_names_file_and_line(folder: Path, text: str, words: str) -> None:
    write(folder, text)
    with pytest.raises(SettingsError) as caught:
        config.load(environ={})
    assert str(caught.value).startswith("pyproject.toml")
    assert words in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n[ingest]\nprot = 1\n", "segtap.toml, line 3: [ingest] has no key 'prot'"),
        ("[[redact]]\npath = 'a'\n[[redact]]\npaht = 'a'\n", "segtap.toml, line 3: redaction rule 2 has no"),
        ("[[subscriptions]]\npreset = 'x'\n", "segtap.toml, line 1: subscription 1"),
        ("[[not_imitated]]\nkind = 'x'\n", "segtap.toml, line 1: [[not_imitated]] no. 1"),
        ("[[tests]]\nname = 'one'\n", "segtap.toml, line 1: test 1 (one)"),
        ("[[insert_functions]]\nfile = 3\n", "segtap.toml, line 1: insert function 1: file is"),
        ("[[transformations]]\nname = 3\n", "segtap.toml, line 1: "),
        ("[[rules]]\nid = 'x'\n", "segtap.toml, line 1: "),
    ],
)
def test_so_does_one_in_segtap_toml(folder: Path, text: str, words: str) -> None:
    write(folder, text, "segtap.toml")
    with pytest.raises(SettingsError) as caught:
        config.load(environ={})
    assert words in str(caught.value)
