"""What Mixpanel takes in one record, and the findings on what is over it."""

from __future__ import annotations

import msgspec

from ..catalogue import limits as rule
from ..catalogue.data import DATE_FORMAT
from ..messages import Json, JsonObject
from ..text import shown, size
from ..verdict import Finding
from .dates import NO_ZONE

MAX_DEPTH = 3
MAX_STRING = 255


class Limits(msgspec.Struct, frozen=True):
    """What Mixpanel takes in one kind of record.

    `properties` of the record itself (above `many` they are worth a warning), `keys` of an object in it,
    `elements` of a list, `bytes` of a list or object as JSON.
    """

    what: str
    many: int
    properties: int
    keys: int
    elements: int
    bytes: int


_ENDLESS = 1 << 60
EVENT = Limits("an event", many=200, properties=254, keys=254, elements=254, bytes=8 * 1024)
PROFILE = Limits("a profile", many=2000, properties=2000, keys=255, elements=_ENDLESS, bytes=256 * 1024)


def not_a_date(path: str, name: str, value: Json, doubt: str) -> Finding:
    """Return the finding on a value that is meant as a date."""
    words = f"{_named(name)} {shown(value, 40)} {doubt}"
    return DATE_FORMAT.finding(path, words, severity="info" if doubt == NO_ZONE else None)


def truncated(path: str, name: str, text: str) -> Finding:
    """Return the finding on a text that is cut off."""
    length = size(len(text.encode(errors="replace")))
    return rule.STRING_TRUNCATED.finding(
        path, f"{_named(name)} has {length}: Mixpanel cuts texts off at {MAX_STRING} bytes"
    )


def too_large(path: str, name: str, length: int, limits: Limits) -> Finding:
    """Return the finding on a list or object of so many bytes."""
    return rule.PROPERTY_TOO_LARGE.finding(
        path,
        f"{_named(name)} has {size(length)}: Mixpanel documents {size(limits.bytes)} at most for a list or an"
        f" object of {limits.what}",
    )


def too_deep(path: str, limits: Limits) -> Finding:
    """Return the finding on objects within objects."""
    words = f"objects are nested over {MAX_DEPTH} deep"
    if limits is PROFILE:
        return rule.NESTING_TOO_DEEP.finding(
            path, f"{words}: more than Mixpanel documents for {limits.what}", severity="warning"
        )
    return rule.NESTING_TOO_DEEP.finding(path, f"{words}: Mixpanel refuses the event")


def too_many_elements(path: str, value: list[Json], limits: Limits) -> Finding:
    """Return the finding on a list."""
    return rule.ARRAY_TOO_LONG.finding(
        path,
        f"the list has {len(value):,} elements: Mixpanel takes {limits.elements} at most",
        fix="send fewer products" if path.endswith(".properties.products") else None,
    )


def too_many(path: str, value: JsonObject, limits: Limits) -> Finding:
    """Return the finding on the properties of an event or a profile."""
    count = f"{len(value):,} properties"
    if len(value) > limits.properties:
        return rule.TOO_MANY_PROPERTIES.finding(
            path, f"{count}: Mixpanel takes {limits.properties:,} at most in {limits.what}"
        )
    return rule.TOO_MANY_PROPERTIES.finding(
        path, f"{count}: near Mixpanel's limit of {limits.properties}", severity="warning"
    )


def too_many_keys(path: str, value: JsonObject, limits: Limits) -> Finding:
    """Return the finding on an object in a property."""
    count = f"{len(value):,} properties"
    if limits is PROFILE:
        return rule.TOO_MANY_PROPERTIES.finding(
            path, f"{count}: Mixpanel documents {limits.keys} at most in an object", severity="warning"
        )
    return rule.TOO_MANY_PROPERTIES.finding(path, f"{count}: Mixpanel takes {limits.keys} at most")


def _named(name: str) -> str:
    return shown(name, 40)[1:-1]
