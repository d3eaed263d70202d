"""A first look at names and values: whether the rules on them may find something. See `glance`."""

from __future__ import annotations

from collections.abc import Sequence

from ..mapping.javascript import SAFE
from ..messages import Json, JsonObject
from .dates import BEGINS_DATE, doubt_of_number, doubt_of_text
from .families import IDS, LOST, SENT, VALUES
from .group_keys import PROFILE_OPERATIONS
from .limits import FROM, SHORT, TO, json_length, too_long
from .numbers import FIRST, may_be_number, wants_number, written_number
from .over_limit import EVENT, MAX_DEPTH, PROFILE, Limits
from .sent_names import (
    KNOWN_OF_EVENTS,
    KNOWN_OF_PROFILES,
    MIXPANELS_OF_EVENTS,
    MIXPANELS_OF_PROFILES,
)
from .spec_names import SPEC
from .values import PLAIN_NAMES

_TELLING = FIRST | BEGINS_DATE
"""What a text begins with that may be a number or a date."""
_NUMBERS = frozenset(
    name
    for kinds in (*(event.properties for event in SPEC.events.values()), SPEC.traits, *SPEC.groups.values())
    for name, kind in kinds.items()
    if kind == "number"
) | {"revenue"}
"""Names under which Segment's spec wants a number."""
_BOTH = VALUES | SENT
_MAX_AROUND = 16
"""Lists and objects around a value, up to which it is looked at here."""


def of_properties(held: JsonObject) -> int:
    """Look at properties or traits of the message: VALUES, or 0."""
    odd = 0 if PLAIN_NAMES.issuperset(held) else VALUES
    return (odd | _of_members(held, EVENT, MIXPANELS_OF_EVENTS, 1)) & VALUES


def of_record(sent: JsonObject, properties: JsonObject, size: int) -> int:
    """Look at an event's properties, and at those of the message that it is made of."""
    odd = 0 if PLAIN_NAMES.issuperset(properties) else VALUES
    if not KNOWN_OF_EVENTS.issuperset(sent) or len(sent) > EVENT.many:
        odd |= SENT
    odd |= _of_members(sent, EVENT, MIXPANELS_OF_EVENTS, size)
    arrived = sent.get
    for name, value in properties.items():
        if arrived(name) is not value:
            return odd | LOST | of_properties(properties)
    return odd | LOST if "ip" in properties or "$ip" in properties else odd


def of_traits(traits: JsonObject) -> int:
    """Look at the traits of a call, which profiles get: VALUES and SENT, by the limits of events."""
    odd = 0 if PLAIN_NAMES.issuperset(traits) else VALUES
    return odd | _of_members(traits, EVENT, MIXPANELS_OF_PROFILES, 0)


def of_profile(record: JsonObject, traits: JsonObject, group_keys: Sequence[str], size: int) -> int:
    """Look at the update of a profile: SENT, and IDS where it names a group. The traits were looked at."""
    odd = 0
    for operation, written in record.items():
        if not isinstance(written, dict):
            continue
        for key in group_keys:
            if key in written:
                odd |= IDS
        if operation in PROFILE_OPERATIONS:
            if not KNOWN_OF_PROFILES.issuperset(written) or len(written) > PROFILE.many:
                odd |= SENT
            given = traits.get
            other = {name: value for name, value in written.items() if given(name) is not value}
            if other:
                odd |= _of_members(other, PROFILE, MIXPANELS_OF_PROFILES, size) & SENT
    return odd


def _of_members(held: JsonObject, limits: Limits, of_mixpanel: set[str], size: int) -> int:
    odd = 0
    for name, value in held.items():
        if isinstance(value, str):
            if len(value) >= SHORT:
                if too_long(value):
                    odd |= SENT
            elif value and value[0] in _TELLING and name not in of_mixpanel:
                odd |= _of_text(name, value)
        elif isinstance(value, (int, float)):
            if not -SAFE <= value <= SAFE:
                odd |= VALUES
            elif FROM <= value <= TO and name not in of_mixpanel and doubt_of_number(name, value):
                odd |= SENT
        elif value and not _is_usual(value, limits, size):
            odd |= _BOTH
    return odd


def _of_text(name: str, text: str) -> int:
    """Look at a short text that may be a number or a date."""
    odd = 0
    if text[0] in FIRST and may_be_number(text) and (written := written_number(text)) is not None:
        wanted = wants_number(name)
        if wanted or (wanted is None and not written.plain) or name in _NUMBERS:
            odd = VALUES
    if text[0] in BEGINS_DATE and doubt_of_text(name, text):
        odd |= SENT
    return odd


def _is_usual(value: list[Json] | JsonObject, limits: Limits, size: int) -> bool:
    """Return True for a list or an object with nothing odd in it, neither in the message nor in a record."""
    if (size == 0 or size > limits.bytes // 4) and json_length(value) > limits.bytes:
        return False
    return _is_usual_inside(value, limits, 1 if isinstance(value, dict) else 0, 0)


def _is_usual_inside(value: list[Json] | JsonObject, limits: Limits, depth: int, around: int) -> bool:
    """Look inside. `depth` counts the objects, this one among them, `around` all that holds the value."""
    if around > _MAX_AROUND:
        return False
    named = isinstance(value, dict)
    if named:
        if depth > MAX_DEPTH or len(value) > limits.keys or not PLAIN_NAMES.issuperset(value):
            return False
    elif len(value) > limits.elements:
        return False
    for name, part in value.items() if named else enumerate(value):
        if isinstance(part, str):
            if len(part) >= SHORT and too_long(part):
                return False
            if isinstance(name, str) and part and part[0] in _TELLING and _of_text(name, part):
                return False
        elif isinstance(part, (int, float)):
            if not -SAFE <= part <= SAFE:
                return False
        elif part and not _is_usual_inside(part, limits, depth + isinstance(part, dict), around + 1):
            return False
    return True
