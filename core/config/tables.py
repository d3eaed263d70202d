"""Lists of tables in segtap.toml, and the values that TOML has and JSON has not."""

from __future__ import annotations

import datetime
from typing import cast

from ..errors import SettingsError
from ..messages import Json, JsonObject


def tables_of(value: Json, otherwise: str) -> list[JsonObject]:
    """Return a list of tables. Raises SettingsError with the text `otherwise` for anything else."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise SettingsError(otherwise)
    return cast("list[JsonObject]", value)


def only_json(value: object, place: str, *, number: str, date: str) -> None:
    """Refuse dates, infinity and nan, at any depth.

    Raises SettingsError with the words for a number or a date; `{value}` in `number` stands for the number.
    """
    if isinstance(value, dict | list):
        whole = cast("dict[str, object] | list[object]", value)
        for item in whole.values() if isinstance(whole, dict) else whole:
            only_json(item, place, number=number, date=date)
    elif isinstance(value, float) and value - value != 0:
        raise SettingsError(f"{place}: {number.format(value=value)}")
    elif isinstance(value, datetime.date | datetime.time):
        raise SettingsError(f"{place}: {date}")
