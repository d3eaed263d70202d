"""Rules on what Segment's classic destination does, and what it does not do although its settings ask for it.

`classic_feature_lost` speaks to those who moved to Mixpanel (Actions), the others to those who are on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from ..catalogue import classic as rule
from ..destinations.base import Translator
from ..destinations.classic.message import Call, plain_key
from ..destinations.classic.options import PAGE_OPTIONS, Options, PageOption, read_options
from ..destinations.classic.translator import classic_translator, page_event
from ..destinations.integrations import stopped_by_integrations
from ..mapping.javascript import truthy
from ..mapping.origins import value_of
from ..messages import Json, JsonObject
from ..paths import child
from ..places import in_body
from ..segment_names import classic_destination
from ..settings import ClassicSettings
from ..text import shown
from ..verdict import Finding, Operation
from .mapped import named, origin, subscription_of
from .subject import Subject

_PAGES = ("page", "screen")
_REVENUE = ("revenue", "total")
"""Where the classic destination reads the revenue of an event, of a completed order the second, too."""
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*", re.ASCII)
_PAGE_SETTINGS: dict[PageOption, str] = {
    "consolidated": "consolidated_page_calls",
    "all": "track_all_pages",
    "categorized": "track_categorized_pages",
    "named": "track_named_pages",
}
"""The page options under `[classic]`."""


# What a move to Actions loses ------------------------------------------------------------------------


def classic_feature_lost(subject: Subject) -> Iterable[Finding]:
    """Find what the classic destination would do with the message, and Actions does not.

    The classic translator decides it. It is asked only about messages that the settings speak of.
    """
    classic = subject.settings.classic
    if not (classic.people or classic.group_traits_to_set_once):
        return ()
    if subject.destination.kind != "actions" or not subject.translation.operations:
        return ()
    if not _asked_for(subject, classic) or stopped_by_integrations(subject.document, "classic-cloud"):
        return ()
    now = subject.now if subject.now is not None else 0
    would = _before_the_move(classic).translate(subject.document, now=now).operations
    return _set_every_time(would) if subject.type == "group" else _no_longer_added(subject, would)


def _no_longer_added(subject: Subject, would: Sequence[Operation]) -> Iterator[Finding]:
    still = _added(subject.translation.operations)
    for name in _added(would):
        if name in still:
            continue
        if name not in subject.properties or f"Last {name}" in _members(would, "$set"):
            path = "$.event" if subject.type == "track" else "$.name"
            yield rule.CLASSIC_FEATURE_LOST.finding(
                path, f"{shown(name, 40)} would not be counted in the profile any more"
            )
        else:
            yield rule.CLASSIC_FEATURE_LOST.finding(
                child("$.properties", name),
                f"{shown(name, 40)[1:-1]} would not be added up any more",
            )
    if "$transactions" in _members(would, "$append") and "revenue" not in still:
        yield rule.CLASSIC_FEATURE_LOST.finding(
            _revenue_path(subject), "revenue would not be appended to the profile's transactions any more"
        )


def _asked_for(subject: Subject, classic: ClassicSettings) -> bool:
    """Return a cheap test: whether the settings ask for something that this message may have."""
    if subject.type == "group":
        traits = subject.document.get("traits")
        return isinstance(traits, dict) and any(name in traits for name in classic.group_traits_to_set_once)
    if not classic.people:
        return False
    if classic.event_increments:
        if subject.type in _PAGES:
            return True
        event = subject.document.get("event")
        if isinstance(event, str) and event.lower() in _lowered(classic.event_increments):
            return True
    added = _lowered(classic.prop_increments)
    return any(name.lower() in added or plain_key(name) in _REVENUE for name in subject.properties)


@lru_cache(maxsize=8)
def _lowered(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


@lru_cache(maxsize=4)
def _before_the_move(classic: ClassicSettings) -> Translator:
    """Return the classic destination as these settings describe it."""
    return classic_translator(classic_destination(classic))


def _set_every_time(would: Iterable[Operation]) -> Iterator[Finding]:
    for name in _members(would, "$set_once"):
        yield rule.CLASSIC_FEATURE_LOST.finding(
            child("$.traits", name),
            f"{shown(name, 40)[1:-1]} is set every time, no longer once",
            fix="send it with the first group call only",
        )


def _members(operations: Iterable[Operation], operator: str) -> JsonObject:
    """Return what all requests together bring under an operator, such as `$add`."""
    merged: JsonObject = {}
    for operation in operations:
        body = operation.request.body
        part = body.get(operator) if isinstance(body, dict) else None
        if isinstance(part, dict):
            merged.update(part)
    return merged


def _added(operations: Iterable[Operation]) -> JsonObject:
    """Return the properties of the profile that are added up."""
    return _members(operations, "$add")


def _revenue_path(subject: Subject) -> str:
    """Return the property that the classic destination reads as revenue."""
    for wanted in _REVENUE:
        for name, value in subject.properties.items():
            if plain_key(name) == wanted and truthy(value):
                return child("$.properties", name)
    return "$.properties.revenue"


# What the settings ask for, and what does not happen ------------------------------------------------


def increment_ignored(subject: Subject) -> Iterator[Finding]:
    """Yield the increments that `[classic]` lists and that this event does not make, with every reason."""
    settings = subject.destination.settings
    if not (settings.get("eventIncrements") or settings.get("propIncrements") or settings.get("increments")):
        return
    translation = subject.translation
    if subject.destination.kind != "classic-cloud" or not (translation.operations or translation.unmatched):
        return
    options = read_options(settings)
    happened = _added(translation.operations)
    made = {event for _, record, _ in subject.events if isinstance(event := record["event"], str)}
    path = "$.event" if subject.type == "track" else "$.name"
    for name, option in _counted(subject, options):
        if name in happened:
            continue
        reasons = _of_pages(name, option) if name not in made else []
        reasons += _of_profiles(subject, options)
        if reasons:
            yield _ignored(path, f"{shown(name, 60)} is an event to increment, but is not counted", reasons)
    for name, value in subject.properties.items() if options.prop_increments and made else ():
        if name.lower() not in options.prop_increments or name in happened or value is None:
            continue
        reasons = [*_of_value(value), *_of_profiles(subject, options)]
        if reasons:
            where = child("$.properties", name)
            yield _ignored(
                where, f"{shown(name, 40)[1:-1]} is a property to increment, but is not added up", reasons
            )


def increment_skipped(subject: Subject) -> Iterable[Finding]:
    """Find what an incrementProperties subscription of Actions passes over, because it is not a number."""
    if subject.destination.subscriptions is None or subject.destination.kind != "actions":
        return ()  # no preset of Segment's has increments
    return _skipped(subject)


def _skipped(subject: Subject) -> Iterator[Finding]:
    for index, operation in enumerate(subject.translation.operations):
        by = subscription_of(subject, index) if operation.action == "incrementProperties" else None
        if by is None:
            continue
        given = value_of(by.mapping.get("increment"), subject.document)
        added = _added((operation,))
        for name, value in given.items() if isinstance(given, dict) else ():
            if name in added or not isinstance(value, bool | dict | list):
                continue  # of text the destination refuses the whole message
            place = origin(subject, by, "increment").part(name)
            yield rule.INCREMENT_IGNORED.finding(
                place.words if place.keys else in_body(index, "$add"),
                f"{shown(name, 40)[1:-1]} is an increment of {named(by)}, but is not added up:"
                f" {shown(value, 40)} is not a number",
                fix="send a number",
            )


_Reason = tuple[str, str]
"""Why an increment does not happen, and how to mend that."""


def _ignored(path: str, what: str, reasons: list[_Reason]) -> Finding:
    why = " and ".join(why for why, _ in reasons)
    return rule.INCREMENT_IGNORED.finding(path, f"{what}: {why}", fix="; ".join(fix for _, fix in reasons))


def _counted(subject: Subject, options: Options) -> Iterator[tuple[str, PageOption | None]]:
    """Yield the events to increment that this message is, or could be with another page option."""
    event = subject.document.get("event")
    if not options.event_increments:
        return
    if subject.type == "track":
        if isinstance(event, str) and event.lower() in options.event_increments:
            yield event, None
        return
    call, seen = Call(subject.document, subject.now if subject.now is not None else 0), set[str]()
    for option, _ in PAGE_OPTIONS:
        name = page_event(call, option)
        if name is not None and name.lower() in options.event_increments and name not in seen:
            seen.add(name)
            yield name, option


def _of_pages(name: str, option: PageOption | None) -> list[_Reason]:
    if option is None:
        return []
    setting = _PAGE_SETTINGS[option]
    return [
        (
            f"no page option that is on makes {shown(name, 60)} of this call",
            f"{setting} = true under [classic] and the other page options false, and the same in Segment",
        )
    ]


def _of_profiles(subject: Subject, options: Options) -> list[_Reason]:
    reasons: list[_Reason] = []
    if not options.people:
        reasons.append(
            (
                "Use Mixpanel People is off",
                "people = true under [classic], and Use Mixpanel People on in Segment",
            )
        )
    if not truthy(subject.document.get("userId")):
        reasons.append(
            ("there is no userId, and only known users are counted", "send userId once the user is known")
        )
    return reasons


def _of_value(value: Json) -> list[_Reason]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return []
    number = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    fix = f"send {number[1]} as a number" if number else "send a number"
    kind = "text" if isinstance(value, str) else "not a number"
    return [(f"{shown(value, 40)} is {kind}", fix)]


# What Segment's page says, and what its published code does --------------------------------------------


def documentation_differs(subject: Subject) -> Iterator[Finding]:
    """Yield where Segment's page on the classic destination and its published code say two things."""
    if subject.destination.kind != "classic-cloud":
        return
    for index, operation in enumerate(subject.translation.operations):
        if operation.action == "people append":
            if not truthy(subject.destination.settings.get("people")):
                yield _differs(
                    _revenue_path(subject),
                    "revenue goes to the profile only with Use Mixpanel People on",
                    "sends it with People off, too",
                )
                break  # every event of one page call has it
        elif operation.action == "people union":
            if _is_android(subject):
                yield _differs(
                    "$.context.device.token",
                    "the token of a device is sent as $ios_devices for iOS only",
                    "sends that of an Android device there, too",
                )
        elif operation.action == "people set" and subject.type == "identify":
            body = operation.request.body
            traits = body.get("$set") if isinstance(body, dict) else None
            for name, value in traits.items() if isinstance(traits, dict) else ():
                if isinstance(value, list) and value:
                    yield _differs(
                        _trait_path(subject, index, name),
                        "a list is added to the profile's ($union)",
                        f"writes {shown(name, 40)[1:-1]} over it ($set)",
                    )
    if len(subject.events) > 1 and subject.type in _PAGES:
        yield rule.DOCUMENTATION_DIFFERS.finding(
            "$.type",
            "Segment's page: cloud mode sends an event for each page option that is on, which is shown; its"
            " published code sends that of the first option only",
        )


def _differs(path: str, page: str, code: str) -> Finding:
    return rule.DOCUMENTATION_DIFFERS.finding(
        path, f"Segment's page: {page}; its published code {code}, which is shown"
    )


def _trait_path(subject: Subject, index: int, name: str) -> str:
    traits = subject.document.get("traits")
    if isinstance(traits, dict) and name in traits:
        return child("$.traits", name)
    path = in_body(index, "$set", name)
    return subject.place_of(f"{path}[0]").removesuffix("[0]")  # its values have places, the list has none


def _is_android(subject: Subject) -> bool:
    """Return whether the context speaks of an Android device: its type, else its system or library."""
    context = subject.context
    device, os, library = (context.get(name) for name in ("device", "os", "library"))
    kind = _text(device, "type")
    if kind in ("ios", "android"):
        return kind == "android"
    named = (_text(os, "name"), _text(library, "name"), _text(context, "userAgent"))
    return any("android" in words for words in named)


def _text(holder: Json, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value.lower() if isinstance(value, str) else ""
