"""`[[insert_functions]]` of segtap.toml: the code of insert functions, and the settings that it gets."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..settings import FunctionScope, InsertFunction
from .nearest import nearest_key
from .tables import only_json, tables_of

KEYS = ("file", "scope", "name", "enabled", "network", "settings")
_KINDS: dict[str, tuple[type, str]] = {
    "file": (str, "a path in quotes"),
    "name": (str, "a text in quotes"),
    "enabled": (bool, "true or false"),
    "network": (bool, "true or false"),
    "settings": (dict, 'a table: settings = { key = "…" }'),
}


def read_insert_functions(tables: Json, place: str, folder: Path) -> tuple[InsertFunction, ...]:
    """Read a file's `[[insert_functions]]`; code is found from the folder. Raises SettingsError.

    `place` names the file. A missing file with code is not an error here: the stage is then not imitated.
    """
    checked = tables_of(
        tables, f"{place}: insert functions are tables. Write each below a line [[insert_functions]]."
    )
    return tuple(
        _read(table, f"{place}: insert function {number}", folder)
        for number, table in enumerate(checked, start=1)
    )


def _read(table: JsonObject, place: str, folder: Path) -> InsertFunction:
    for key, value in table.items():
        if key not in KEYS:
            raise SettingsError(f"{place} has no key {key!r}. {nearest_key(key, KEYS)}")
        if key in _KINDS and not isinstance(value, _KINDS[key][0]):
            raise SettingsError(f"{place}: {key} is {_KINDS[key][1]}.")
    if not table.get("file"):
        raise SettingsError(f'{place} names no file with its code. Write file = "fn.js".')
    scope = table.get("scope", "destination")
    if scope not in get_args(FunctionScope):
        raise SettingsError(
            f"{place} has no scope {scope!r}. Write one of {', '.join(get_args(FunctionScope))}."
        )
    settings = cast(JsonObject, table.get("settings", {}))
    only_json(
        settings,
        place,
        # Values are not named: they may be secrets.
        number="a number in its settings is not one in JSON.",
        date="a date in its settings has no quotes. Put it into quotes.",
    )
    return InsertFunction(
        file=str((folder / Path(str(table["file"])).expanduser()).absolute()),
        scope=cast(FunctionScope, scope),
        name=str(table.get("name", "")),
        enabled=bool(table.get("enabled", True)),
        network=bool(table.get("network", False)),
        settings=settings,
    )
