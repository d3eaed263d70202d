"""Rules on the names of the properties that Mixpanel gets: those that it keeps for itself, and long ones."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.calls import RESERVED_PROPERTY
from ..catalogue.limits import STRING_TRUNCATED
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shown
from ..verdict import Finding, Severity
from .bots import crawler
from .subject import Subject

MAX_NAME = 255
"""Characters of a name that Mixpanel keeps."""

_HIDDEN = "Mixpanel hides it, and other events may not appear in its reports because of it"
_OF_IMPORT = "Mixpanel writes it"
_OF_EVENTS = {
    "bucket": _HIDDEN,
    "$bucket": _HIDDEN,
    "$distinct_ids": "Mixpanel joins users by it",
    "alias": "Mixpanel joins users by it",
    "$distinct_id": "Mixpanel keeps its own id of the user under this name",
    "$event_name": "Mixpanel keeps the event's name under it",
    "$time": "Mixpanel reads the event's time from it",
    "$failure_reason": "Mixpanel writes it when an import fails",
    "$failure_description": "Mixpanel writes it when joining users fails",
    "$identity_failure_reason": "Mixpanel writes it when joining users fails",
    "$distinct_id_before_identity": "Mixpanel writes it when it joins users",
    "$is_reshuffled": "Mixpanel writes it when it joins users",
    "$import": _OF_IMPORT,
    "$mp_api_endpoint": _OF_IMPORT,
    "$mp_api_timestamp_ms": _OF_IMPORT,
    "$mp_event_size": _OF_IMPORT,
    "mp_processing_time_ms": _OF_IMPORT,
}
"""What Mixpanel does with these properties of an event."""
_OF_PROFILES = {
    "$distinct_id": "Mixpanel keeps its own id of the profile under this name",
    "$last_seen": "Mixpanel writes it at each update of the profile, and says not to set it by hand",
    "$mp_first_event_time": "Mixpanel works it out from the first event",
}
"""What Mixpanel does with these properties of a profile."""
_LENGTH = "length"
"""Mixpanel's web SDK takes an object with a number under this name for a list."""
_IGNORE = "$ignore"
_ORIGINAL = "mp_original_"
"""How the names of those properties begin that Mixpanel writes when it renames an event."""
_PHONE = "$phone"

_PREFIXES = ("$", "mp_", "utm_")
_CREATED = "$created"

_MOST_KEPT = 10_000
_WRITTEN_BY_SEGMENT: frozenset[str] = frozenset(("time", "id", "distinct_id", "ip", "token"))
MIXPANELS_OF_EVENTS: set[str] = set(_WRITTEN_BY_SEGMENT)
MIXPANELS_OF_PROFILES: set[str] = set()
"""Names that nothing is wrong with, and that hold no dates of the sender's: they begin as Mixpanel's do."""
GOOD_OF_EVENTS: set[str] = set()
GOOD_OF_PROFILES: set[str] = set()
"""Other names that nothing is wrong with. The same ones come again and again."""
KNOWN_OF_EVENTS: set[str] = set(MIXPANELS_OF_EVENTS)
KNOWN_OF_PROFILES: set[str] = set()
"""The names of both sets, so that all names of a record can be looked up at once."""


def names_of_event(subject: Subject, path: str, properties: JsonObject) -> Iterator[Finding]:
    """Yield reserved-property and string-truncated on the names of an event's properties."""
    for name, value in properties.items():
        if len(name) > MAX_NAME:
            yield name_too_long(_place(subject, path, name, value), name, "property")
        elif name in _OF_EVENTS:
            yield _reserved(subject, path, name, value, _OF_EVENTS[name], "property")
        elif name == _LENGTH:
            wrecked = "the event arrives without any property, its token included"
            yield _length(subject, path, value, wrecked, "property", "warning")
        elif name.startswith(_ORIGINAL):
            yield _reserved(subject, path, name, value, _OF_IMPORT, "property")
        elif name == _IGNORE:
            if value:  # with false, or an empty text, the event is kept
                agent = subject.context.get("userAgent")
                meant = isinstance(agent, str) and crawler(agent)
                yield RESERVED_PROPERTY.finding(
                    _place(subject, path, name, value),
                    f'property "{name}" is {shown(value, 30)}: Mixpanel drops the event, and says nothing',
                    severity="info" if meant else "error",
                    fix="give the property another name, or send false where the event should be kept",
                )
        else:
            _keep(GOOD_OF_EVENTS, MIXPANELS_OF_EVENTS, KNOWN_OF_EVENTS, name)


def names_of_profile(subject: Subject, path: str, traits: JsonObject) -> Iterator[Finding]:
    """Yield the same on the names of a profile's properties."""
    for name, value in traits.items():
        if len(name) > MAX_NAME:
            yield name_too_long(_place(subject, path, name, value), name, "trait")
        elif name in _OF_PROFILES:
            yield _reserved(subject, path, name, value, _OF_PROFILES[name], "trait")
        elif name == _LENGTH:
            wrecked = (
                "no trait arrives, and later events of that browser lose distinct_id and super properties"
            )
            # Mixpanel reserves no such name in profiles, and Actions has no device mode.
            grave = "warning" if subject.destination.kind.startswith("classic") else "info"
            yield _length(subject, path, value, wrecked, "trait", grave)
        elif name == _PHONE:
            yield from _phone(subject, path, value)
        else:
            _keep(GOOD_OF_PROFILES, MIXPANELS_OF_PROFILES, KNOWN_OF_PROFILES, name)


def _keep(good: set[str], of_mixpanel: set[str], known: set[str], name: str) -> None:
    if name.startswith(_PREFIXES) and name != _CREATED:
        good = of_mixpanel
    if len(good) >= _MOST_KEPT:
        good.clear()
        known.clear()
        if good is MIXPANELS_OF_EVENTS:
            good.update(_WRITTEN_BY_SEGMENT)
            known.update(_WRITTEN_BY_SEGMENT)
    good.add(name)
    known.add(name)


def _place(subject: Subject, path: str, name: str, value: Json) -> str:
    return subject.own_place(name, value) or subject.place_of(child(path, name))


def _reserved(subject: Subject, path: str, name: str, value: Json, words: str, noun: str) -> Finding:
    return RESERVED_PROPERTY.finding(
        _place(subject, path, name, value),
        f"{noun} {shown(name)}: {words}",
        fix=f"give the {noun} another name",
    )


def _length(subject: Subject, path: str, value: Json, wrecked: str, noun: str, severity: Severity) -> Finding:
    """Return the finding on a property or trait called length: a number there matters in device mode."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    words = f"in device mode {wrecked}" if number else "in device mode a number there loses the whole call"
    return RESERVED_PROPERTY.finding(
        _place(subject, path, _LENGTH, value),
        f'{noun} "length": it breaks Mixpanel\'s own web SDK: {words}. Cloud mode sends it as it is',
        severity=severity if number else "info",
        fix=f"give the {noun} another name",
    )


def name_too_long(path: str, name: str, noun: str) -> Finding:
    """Return the finding of string-truncated on a name; `noun` says whose it is."""
    words = f"the name of the {noun} {shown(name, 40)} has {len(name):,} characters"
    return STRING_TRUNCATED.finding(
        path, f"{words}: Mixpanel cuts it off at {MAX_NAME}", fix=f"give the {noun} a shorter name"
    )


def _phone(subject: Subject, path: str, value: Json) -> Iterator[Finding]:
    """Yield the note on a phone number without +, before which Mixpanel puts the country's code."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text and not text.lstrip().startswith("+") and any(map(str.isdecimal, text)):
        yield RESERVED_PROPERTY.finding(
            _place(subject, path, _PHONE, value),
            f"phone {shown(text, 30)} has no +: Mixpanel puts the code of the profile's country before it",
            severity="info",
            fix="send an international number as text, with + before it",
        )
