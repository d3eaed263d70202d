"""`[[hold]]` of segtap.toml: which messages wait for the user before they are forwarded."""

from __future__ import annotations

import msgspec

from ..errors import FilterFault, SettingsError
from ..messages import Json, JsonObject
from ..query import Query, parse
from ..settings import Hold
from .nearest import nearest_key
from .tables import tables_of

KEYS = tuple(field.name for field in msgspec.structs.fields(Hold))


def read_hold(tables: Json, place: str) -> tuple[Hold, ...]:
    """Read a file's `[[hold]]`. Raises SettingsError, also for a filter that cannot be read."""
    words = f"{place}: hold filters are tables. Write each below a line [[hold]]."
    return tuple(
        _read(table, f"{place}: hold filter {number}")
        for number, table in enumerate(tables_of(tables, words), start=1)
    )


def _read(table: JsonObject, place: str) -> Hold:
    for key in table:
        if key not in KEYS:
            raise SettingsError(f"{place} has no key {key!r}. {nearest_key(key, KEYS)}")
    if "filter" not in table:
        raise SettingsError(f"{place} has no filter. Write it as filter = 'event:\"Order Refunded\"'.")
    try:
        hold = msgspec.convert(table, Hold)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: {error}.") from None
    query = deciding(hold.filter, place)
    if query.node is None:
        raise SettingsError(f"{place} is empty. Write filter = 'sent:yes' to hold every message.")
    return hold


def deciding(filter: str, place: str) -> Query:
    """Return a filter that decides about the delivery of messages. Raises SettingsError naming the place."""
    try:
        query = parse(filter)
    except FilterFault as fault:
        raise SettingsError(f"{place}, character {fault.start + 1}: {fault.sentence}") from None
    if query.asks("delivery"):
        raise SettingsError(f"{place} asks for a delivery, but decides about it itself. Leave that term out.")
    return query
