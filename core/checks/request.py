"""Rules on what a message becomes: what is not sent at all, and the event's time and name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from ..destinations.actions.actions import REFUSED_NO_TRAITS
from ..destinations.classic.dates import Part, new_date
from ..destinations.classic.tables import REFUSED_NO_KEY, REFUSED_TOO_OLD
from ..inspection import IDENTITY_EVENTS, Finding, Translation
from ..messages import CALL_TYPES, JsonObject
from ..text import ago, shown
from .catalogue import calls as rule
from .group_keys import likely_keys
from .groups import missing_group_traits
from .rule import Subject

_MENDS_REFUSAL = tuple(
    (re.compile(words), fix)
    for words, fix in (
        ("required field 'event'|^Event Name must be|^event is no text", "send the event's name as text"),
        ("^Event Properties must be an object|^properties is no object", "send an object as properties"),
        ("^User Properties must be an object|^Group Properties must be", "send an object as traits"),
        (r"^The value at /products|^Products must be an array", "send a list of objects as products"),
        ("^Exceeded maximum of", "divide the properties over several subscriptions: each adds up so many"),
        ("was not numeric", "send it as a number, or take it out of the subscription's Increment"),
        ("[Tt]emplate", "shorten the template in the subscription's mapping"),
        ('^setting "token"|^Missing project token', "set token_env under [destination]"),
        ("must be a valid date-like string", "send ISO 8601 in UTC as timestamp"),
    )
)
"""How to mend a message that the destination refuses, by the words in which it does."""

_NOTHING_THAT_OLD = (
    "send the right timestamp, if this one is wrong; if it is right, nothing helps: the classic destination"
    " sends nothing older than five years, and Mixpanel (Actions) does"
)
YEAR_1971 = 31_536_000_000
HOUR = 3_600_000


_Events = list[tuple[str, JsonObject, JsonObject]]
_Profiles = list[tuple[str, JsonObject]]


def sent_records(translation: Translation) -> tuple[_Events, _Profiles]:
    """Take apart what goes to Mixpanel: every event, and every update of a user's or a group's profile.

    Each comes with its path and its record, an event with its properties as well.
    """
    events: _Events = []
    profiles: _Profiles = []
    for index, operation in enumerate(translation.operations):
        body = operation.request.body
        several = isinstance(body, list)
        for position, record in enumerate(body if several else (body,)):
            if not isinstance(record, dict):
                continue
            path = f"requests[{index}].body[{position}]" if several else f"requests[{index}].body"
            if "event" not in record:
                profiles.append((path, record))
                continue
            properties = record.get("properties")
            if isinstance(properties, dict) and record["event"] not in IDENTITY_EVENTS:
                events.append((path, record, properties))
    return events, profiles


def event_records(translation: Translation) -> _Events:
    """Every event that goes to Mixpanel: its path, the record, its properties."""
    return sent_records(translation)[0]


def unmatched(subject: Subject) -> Iterator[Finding]:
    call = subject.type
    if not subject.translation.unmatched or call not in CALL_TYPES:
        return
    if subject.destination.kind == "classic-cloud":
        if not missing_group_traits(subject):  # group-trait-missing says it
            yield _switched_off(subject)
    else:
        presets = subject.destination.subscriptions is None
        what = f"{call} calls" if presets else f"this {call} call"
        yield rule.UNMATCHED.finding("$.type", f"no subscription takes {what}")


def _switched_off(subject: Subject) -> Finding:
    """Why the classic destination sends nothing: it has settings in the place of subscriptions."""
    if subject.type == "identify":
        why, fix = "Use Mixpanel People is off", "people = true under [classic]"
    elif subject.type != "group":
        why = f"no page option that is on makes an event of this {subject.type}"
        fix = "consolidated_page_calls = true under [classic], or give the call a name"
    else:
        why = "Group Identifier Traits is empty"
        fix = _identifier_trait(subject)
    words = f"{why}, so that nothing is sent"
    return rule.UNMATCHED.finding("$.type", words, fix=fix, severity="warning")


def _identifier_trait(subject: Subject) -> str:
    """Which trait to list, out of those that the call has; the classic destination does not read groupId."""
    given = subject.document.get("traits")
    traits = given if isinstance(given, dict) else {}
    likely = likely_keys(traits, subject.document.get("groupId"))
    known = subject.settings.group_keys or ()
    key = next((name for name in (*likely, *traits) if name in known), likely[0] if likely else "")
    if key:
        return f"group_identifier_traits = [{shown(key, 60)}] under [classic]"
    named = f" ({shown(known[0], 60)})" if known else ""
    return (
        f"send Mixpanel's group key{named} as a trait, with the group's id as its value, and list it under"
        " [classic]: group_identifier_traits"
    )


def page_double_count(subject: Subject) -> Iterator[Finding]:
    if len(subject.events) > 1 and subject.type in ("page", "screen"):
        names = " and ".join(shown(record["event"], 60) for _, record, _ in subject.events)
        yield rule.PAGE_DOUBLE_COUNT.finding(
            "$.type", f"this {subject.type} is counted {len(subject.events)} times: {names}"
        )


def rejected_by_destination(subject: Subject) -> Iterator[Finding]:
    rejected = subject.translation.rejected
    if rejected == REFUSED_NO_TRAITS:
        return  # group-without-traits says it better
    if rejected == REFUSED_NO_KEY and subject.now is not None:
        return  # as does track-too-old
    if rejected == REFUSED_TOO_OLD:
        yield _too_old(subject)
    elif rejected is not None:
        yield rule.REJECTED_BY_DESTINATION.finding(
            "$",
            f"Segment's destination refuses it: {shown(rejected, 300)[1:-1]}",
            fix=next((fix for words, fix in _MENDS_REFUSAL if words.search(rejected)), None),
        )


def _too_old(subject: Subject) -> Finding:
    """The finding on a time that the classic destination refuses as older than five years."""
    time = new_date(cast(Part, subject.document.get("timestamp"))).ms
    message = f"Segment's destination refuses it: {REFUSED_TOO_OLD}"
    if time is None or time < YEAR_1971:
        # Nobody means these: an unset date, or seconds read as milliseconds.
        message = f"{message} The time is before 1971"
        return rule.REJECTED_BY_DESTINATION.finding("$.timestamp", message, fix=rule.TIME_OUT_OF_RANGE.fix)
    return rule.REJECTED_BY_DESTINATION.finding("$.timestamp", message, fix=_NOTHING_THAT_OLD)


def time_out_of_range(subject: Subject) -> Iterator[Finding]:
    for _, _, properties in subject.events:
        time = properties.get("time")
        if not isinstance(time, (int, float)) or isinstance(time, bool):
            continue
        if subject.destination.kind == "classic-cloud":
            time = time * 1000  # the classic destination sends seconds
        if time < YEAR_1971:
            yield rule.TIME_OUT_OF_RANGE.finding(
                "$.timestamp", "the event's time is before 1971: Mixpanel refuses it"
            )
        elif subject.now is not None and time > subject.now + HOUR:
            ahead = ago(int(min(time, 1e17)), subject.now)
            yield rule.TIME_OUT_OF_RANGE.finding(
                "$.timestamp", f"the event's time is {ahead}: Mixpanel takes an hour ahead at most"
            )
        return


def page_name_missing(subject: Subject) -> Iterator[Finding]:
    for _, record, _ in subject.events:
        event = record["event"]
        if isinstance(event, str) and event.strip() == "Viewed":
            yield rule.PAGE_NAME_MISSING.finding(
                "$.name",
                f"no name: the event is {shown(event)}, as for every other {subject.type} without one",
            )
            return
