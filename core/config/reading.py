"""Finds and reads the settings file: segtap.toml, or the table [tool.segtap] of pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import cast

import msgspec
import platformdirs

from ..errors import SettingsError
from ..messages import JsonObject
from .lines import Lines, at_line
from .names import KEYS, NEVER_IN_A_FILE, SECTIONS, TABLES, TOP_LEVEL, keys_of
from .nearest import nearest_key

FILE_NAME = "segtap.toml"
PYPROJECT = "pyproject.toml"
WITHIN = "tool.segtap."
"""What the names of tables begin with in pyproject.toml."""
_NAMED = re.compile(rf"(\[\[?)(?={'|'.join((*SECTIONS, KEYS, *TABLES))}\])")


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a settings file holds: its sections, its keys of no section, and its tables as they are."""

    path: Path
    sections: dict[str, JsonObject]
    plain: JsonObject
    tables: JsonObject
    lines: Lines

    @property
    def origin(self) -> str:
        """What the screen calls it."""
        return f"{self.path} [tool.segtap]" if self.path.name == PYPROJECT else str(self.path)

    def at(self, section: str, key: str) -> str:
        """Return the place of a key, with its line."""
        return at_line(str(self.path), self.lines.of_key(section, key))

    def fault_of_table(self, name: str, error: SettingsError) -> SettingsError:
        """Return a fault in one of the tables `name`, with its line and the name that the table has here."""
        words = str(error).removeprefix(f"{self.path}: ").removeprefix(f"{self.path}")
        line = self.lines.of_table(name, words)
        return self.named(f"{at_line(str(self.path), line)}: {words}")

    def named(self, text: str) -> SettingsError:
        """Return a fault whose text calls the tables as they are called in this file."""
        return SettingsError(_NAMED.sub(rf"\1{WITHIN}", text) if self.path.name == PYPROJECT else text)


def find_file() -> Path | None:
    """Return the settings file in force, or None.

    It is segtap.toml in the current folder, else pyproject.toml there if that has [tool.segtap], else
    segtap.toml in the user's config folder.
    """
    own, project = Path(FILE_NAME), Path(PYPROJECT)
    if own.is_file():
        return own
    if has_settings(project):
        return project
    users = Path(platformdirs.user_config_dir("segtap")) / FILE_NAME
    return users if users.is_file() else None


def has_settings(project: Path) -> bool:
    """Return True if a pyproject.toml has the table [tool.segtap], or names it and cannot be read."""
    try:
        text = project.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if "segtap" not in text:
        return False
    try:
        tool = tomllib.loads(text).get("tool")
    except (tomllib.TOMLDecodeError, RecursionError):
        return "tool.segtap" in text
    return isinstance(tool, dict) and "segtap" in tool


def read_file(path: Path) -> SettingsFile:
    """Read a settings file. Raises SettingsError, which names the file and the line of a wrong key."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = cast(JsonObject, tomllib.loads(text))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from error
    except RecursionError as error:
        raise SettingsError(f"{path} has lists or tables nested too deep to be read.") from error
    within = ""
    if path.name == PYPROJECT:
        within, tools = WITHIN, raw.get("tool")
        table = tools.get("segtap") if isinstance(tools, dict) else None
        if not isinstance(table, dict | None):
            raise SettingsError(f"{path}: [tool.segtap] is a table, not a value.")
        raw = table or JsonObject()
    file = SettingsFile(path=path, sections={}, plain={}, tables={}, lines=Lines(text, within))
    for name, value in raw.items():
        if name in TABLES or name == KEYS:
            file.tables[name] = value
        elif name in SECTIONS:
            if not isinstance(value, dict):
                raise file.named(f"{file.at('', name)}: [{name}] is a section, not a value.")
            for key in value:
                _refuse_unknown(file, name, key, keys_of(name))
            file.sections[name] = value
        else:
            _refuse_unknown(file, "", name, (*TOP_LEVEL, *SECTIONS, KEYS, *TABLES))
            file.plain[name] = value
    return file


def _refuse_unknown(file: SettingsFile, section: str, key: str, known: tuple[str, ...]) -> None:
    place = file.at(section, key)
    if section:
        place += f": [{section}]"
    if key in NEVER_IN_A_FILE:
        raise file.named(
            f"{place}: a secret does not belong in this file. Put it into an environment variable and name"
            f" that: {NEVER_IN_A_FILE[key]}."
        )
    if key not in known:
        raise file.named(f"{place} has no key {key!r}. {nearest_key(key, known)}")
