"""`[[hold]]` of segtap.toml: which messages wait for the user before they are forwarded."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..catalogue import ALL_RULES
from ..errors import FilterFault, SettingsError
from ..messages import Json, JsonObject
from ..query import Query, parse
from ..query.terms import FieldTerm, fields_in
from ..settings import Hold
from ..verdict import FAULT_RULE
from .nearest import nearest_key
from .tables import tables_of

_ON_ONE = (*(rule.id for rule in ALL_RULES if rule.kind != "stream"), FAULT_RULE)
"""The rules that a route's filter can ask for: they need no other message."""
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
    if any(term.field == "is" for term in terms_of(query)):
        raise SettingsError(
            f"{place} asks with is: for copies, replays, refused or marked messages, none of which is ever"
            " held. Leave that term out."
        )
    if query.node is None:
        raise SettingsError(f"{place} is empty. Write filter = 'sent:yes' to hold every message.")
    return hold


def refuse_unknown(query: Query, place: str) -> None:
    """Raise SettingsError if the filter of a route asks for what is known only after messages have routes."""
    for term in terms_of(query):
        for value in term.values:
            folded = value.folded()
            if term.field == "is" and not folded.whole("replayed"):
                raise SettingsError(
                    f"{place} asks for is:{value}, which is not known when a message gets its routes: only"
                    " is:replayed is. Leave that term out; copies are never sent."
                )
            if term.field == "rule" and not any(folded.whole(id) for id in _ON_ONE):
                raise SettingsError(
                    f"{place} asks for the rule {value}, which compares messages with earlier ones, after"
                    " they have got their routes. Ask for a rule on one message, or for what it says."
                )


def terms_of(query: Query) -> Iterator[FieldTerm]:
    """Yield the terms of a filter that ask for values of a field."""
    return fields_in(query.node) if query.node is not None else iter(())


def deciding(filter: str, place: str) -> Query:
    """Return a filter that decides about the delivery of messages. Raises SettingsError naming the place."""
    try:
        query = parse(filter)
    except FilterFault as fault:
        raise SettingsError(f"{place}, character {fault.start + 1}: {fault.sentence}") from None
    if query.asks("delivery"):
        raise SettingsError(f"{place} asks for a delivery, but decides about it itself. Leave that term out.")
    return query
