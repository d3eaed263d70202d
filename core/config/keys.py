"""`[keys]` of segtap.toml: the screen's commands by id, each with the keys that run it.

Which ids and keys there are the screen knows; here only their form is checked.
"""

from __future__ import annotations

from ..errors import SettingsError
from ..messages import Json


def read_keys(table: Json, place: str) -> dict[str, str]:
    """Return the keys by command, several with commas between. Raises SettingsError, with `place` in it."""
    if not isinstance(table, dict):
        raise SettingsError(f"{place}: [keys] is a section, not a value.")
    return {id: _keys(keys, f'{place}: "{id}" of [keys]') for id, keys in table.items()}


def _keys(keys: Json, place: str) -> str:
    if isinstance(keys, str):
        return keys
    if isinstance(keys, dict):
        raise SettingsError(f'{place} is a table. Put the id into quotes: "message.replay" = "ctrl+r".')
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise SettingsError(f'{place} is a text such as "ctrl+r", or a list of them.')
    return ",".join("comma" if key == "," else str(key) for key in keys)
