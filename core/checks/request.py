"""Rules on what a message becomes: the events, their number and their names."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue import calls as rule
from ..messages import JsonObject
from ..places import in_body
from ..text import shown
from ..verdict import IDENTITY_EVENTS, Finding, Translation
from .subject import Subject

_Events = list[tuple[str, JsonObject, JsonObject]]
_Profiles = list[tuple[str, JsonObject]]
_ONLY_EVENT = in_body(0, 0)


def sent_records(translation: Translation) -> tuple[_Events, _Profiles]:
    """Take apart what goes to Mixpanel: every event, and every update of a user's or a group's profile.

    Each comes with its path and its record, an event with its properties as well.
    """
    operations = translation.operations
    if len(operations) == 1:
        only = operations[0].request.body
        if isinstance(only, list) and len(only) == 1 and isinstance(event := only[0], dict):
            held = event.get("properties")
            if isinstance(held, dict) and event.get("event", "$identify") not in IDENTITY_EVENTS:
                return [(_ONLY_EVENT, event, held)], []  # as nearly all messages become
    events: _Events = []
    profiles: _Profiles = []
    for index, operation in enumerate(operations):
        body = operation.request.body
        several = isinstance(body, list)
        for position, record in enumerate(body if several else (body,)):
            if not isinstance(record, dict):
                continue
            path = f"{in_body(index)}[{position}]" if several else in_body(index)
            if "event" not in record:
                profiles.append((path, record))
                continue
            properties = record.get("properties")
            if isinstance(properties, dict) and record["event"] not in IDENTITY_EVENTS:
                events.append((path, record, properties))
    return events, profiles


def event_records(translation: Translation) -> _Events:
    """Return every event that goes to Mixpanel: its path, the record, its properties."""
    return sent_records(translation)[0]


def page_double_count(subject: Subject) -> Iterator[Finding]:
    if subject.destination.kind == "classic-cloud" and subject.type in ("page", "screen"):
        names = " and ".join(shown(record["event"], 60) for _, record, _ in subject.events)
        yield rule.PAGE_DOUBLE_COUNT.finding(
            "$.type", f"this {subject.type} is counted {len(subject.events)} times: {names}"
        )


def page_name_missing(subject: Subject) -> Iterator[Finding]:
    for _, record, _ in subject.events:
        event = record["event"]
        if isinstance(event, str) and event.strip() == "Viewed":
            yield rule.PAGE_NAME_MISSING.finding(
                "$.name",
                f"no name: the event is {shown(event)}, as for every other {subject.type} without one",
            )
            return
