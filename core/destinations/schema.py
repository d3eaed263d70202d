"""What the schema of a source keeps from every destination: events, properties and traits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..messages import JsonObject
from ..settings import SegmentSettings
from ..verdict import NotSent
from .map_properties import by_holder, copied, drop, read

ANY_EVENT = "*"
Blocked = Callable[[JsonObject], "JsonObject | NotSent"]


GENERAL = "[segment]"
"""Where the list of blocked events stands that is for all sources."""


def blocked_lists(segment: SegmentSettings, events_at: str = GENERAL) -> Iterator[tuple[str, Blocked]]:
    """Yield each list of the settings that blocks something, by its name.

    `events_at` is where that of events stands, for the reason why a message is stopped.
    """
    if segment.blocked_events:
        yield "blocked_events", _events(frozenset(segment.blocked_events), events_at)
    if segment.blocked_properties:
        yield "blocked_properties", _properties(segment.blocked_properties)
    for name, call, traits in (
        ("blocked_traits", "identify", segment.blocked_traits),
        ("blocked_group_traits", "group", segment.blocked_group_traits),
    ):
        if traits:
            yield name, _fields(call, "traits", traits)


def _events(blocked: frozenset[str], events_at: str) -> Blocked:
    why = f"the event is blocked at its source: blocked_events under {events_at}"

    def stopped(document: JsonObject) -> JsonObject | NotSent:
        event = document.get("event")
        if document.get("type") != "track" or not isinstance(event, str) or event not in blocked:
            return document
        return NotSent("$.event", why, "schema")

    return stopped


def _properties(blocked: Sequence[str] | Mapping[str, Sequence[str]]) -> Blocked:
    by_event = blocked if isinstance(blocked, Mapping) else {ANY_EVENT: blocked}
    always = tuple(by_event.get(ANY_EVENT, ()))
    of_event = {event: _fields("track", "properties", (*always, *names)) for event, names in by_event.items()}
    of_any = _fields("track", "properties", always)

    def without(document: JsonObject) -> JsonObject | NotSent:
        event = document.get("event")
        return of_event.get(event if isinstance(event, str) else "", of_any)(document)

    return without


def _fields(call: str, holder: str, names: Sequence[str]) -> Blocked:
    """Take fields out of the properties or traits of a call; a name with dots leads into objects."""
    whole = frozenset(names)
    inner = by_holder(f"{holder}.{name}" for name in names if "." in name)

    def without(document: JsonObject) -> JsonObject | NotSent:
        if document.get("type") != call or not isinstance(held := document.get(holder), dict):
            return document
        if whole.isdisjoint(held) and not any(isinstance(read(document, path), dict) for path in inner):
            return document
        made = copied(document)
        drop(made, {holder: names})
        drop(made, inner)
        return document if made == document else made

    return without
