"""`plan` and `repair`: keys of no section, from file, environment and command line."""

from pathlib import Path

import pytest

from segtap.core.config import load
from segtap.core.errors import SettingsError
from segtap.core.settings import REPAIR_NAMES, Settings


def written(folder: Path, text: str) -> Path:
    file = folder / "segtap.toml"
    file.write_text(text)
    return file


def test_without_them_there_is_no_plan_and_no_repair(tmp_path: Path) -> None:
    settings = load(environ={}, file=written(tmp_path, ""))
    assert (settings.plan, settings.repair) == ("", ()) == (Settings().plan, Settings().repair)


def test_a_plan_is_looked_for_beside_the_file_that_names_it(tmp_path: Path) -> None:
    file = written(tmp_path, 'plan = "plans/shop.json"\n')
    assert load(environ={}, file=file).plan == str(tmp_path / "plans/shop.json")
    assert load(environ={}, file=written(tmp_path, 'plan = ""\n')).plan == ""


def test_environment_and_command_line_go_by_the_current_folder_and_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, 'plan = "a.json"\nrepair = ["insert-id"]\n')
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    environ = {"SEGTAP_PLAN": "b.json", "SEGTAP_REPAIR": "country-code, no-client-ip"}
    settings = load(environ=environ, file=file)
    assert settings.plan == str(here / "b.json")
    assert settings.repair == ("country-code", "no-client-ip")
    flagged = load({"": {"plan": "c.json"}}, environ=environ, file=file)
    assert flagged.plan == str(here / "c.json")
    assert flagged.flags == {"": {"plan": "c.json"}}, "they win when the file is read again, too"


def test_every_repair_may_be_named(tmp_path: Path) -> None:
    file = written(tmp_path, f"repair = {list(REPAIR_NAMES)}\n")
    assert load(environ={}, file=file).repair == REPAIR_NAMES


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('repair = ["insert-id-charset"]', "there is no repair 'insert-id-charset'. Did you mean insert-id?"),
        ('repair = ["xyz"]', "It takes insert-id, device-prefix, skip-empty-identify, country-code"),
        ("repair = [3]", "there is no repair 3"),
    ],
)
def test_an_unknown_repair_is_named_with_the_nearest(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={}, file=written(tmp_path, text + "\n"))
    assert hint in str(caught.value)
    assert "segtap.toml" in str(caught.value)
