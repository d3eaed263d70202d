"""Rules on what Mixpanel's own SDK sends from a page or a program: each looks at one record, as it was sent.

`mp_lib` of an event says who sent it: "Segment: web" is Segment's classic destination in device mode, "web"
Mixpanel's web SDK without it. Updates of profiles and groups do not say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..catalogue import device as rule
from ..catalogue.calls import RESERVED_PROPERTY
from ..catalogue.users import GROUP_SET_ONCE
from ..destinations.device.normal import PlaceholderIds
from ..destinations.device.options import read_options
from ..destinations.device.page import Page, page_of
from ..destinations.device.simulation import open_page, send
from ..destinations.integrations import bundled
from ..messages import Json, JsonObject
from ..modes import CLASSIC_DEVICE
from ..paths import child
from ..settings import ClassicSettings
from ..text import shown
from ..verdict import Finding
from .subject import Subject

PYTHON = "python"
"""The `mp_lib` of Mixpanel's Python library."""
REGISTERED = ("distinct_id", "time")
"""Properties of an event that the web SDK fills in, and that super properties overwrite."""

_EFFECTS = {
    "distinct_id": "renames the user of every later event",
    "time": "dates every later event alike",
}
_DEVICE = "$device:"
_ORDER_COMPLETED = re.compile(r"[ _]?(completed[ _]?order|order[ _]?completed)[ _]?", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*", re.ASCII)
_OF_LOAD = ("$initial_referrer", "$initial_referring_domain")
_OF_BROWSER = frozenset(("$os", "$browser", "$browser_version"))


def of_event(record: JsonObject, path: str, classic: ClassicSettings | None) -> Iterator[Finding]:
    """Yield what the rules on device mode find in an event; `path` is the record's.

    `classic` are the options of the classic destination, None where that destination is not in use.
    """
    properties = record.get("properties")
    if not isinstance(properties, dict):
        return
    if not properties:
        yield RESERVED_PROPERTY.finding(
            f"{path}.properties",
            "the event has no properties, not even a token: so Mixpanel's web SDK sends an event with a"
            " property called length that is a number",
            fix="give the property another name",
        )
    elif classic is not None and properties.get("mp_lib") == CLASSIC_DEVICE:
        yield from _revenue(record, properties, path, classic)


def of_profile(record: JsonObject, path: str, classic: ClassicSettings | None) -> Iterator[Finding]:
    """Yield the same for an update of a profile."""
    yield from not_numbers(record, path)
    if classic is not None and not classic.people and (written := _by_itself(record, classic)):
        yield rule.PEOPLE_OFF_ENGAGE.finding(
            path,
            f"Use Mixpanel People is off in the settings here, and yet the SDK writes {written} to a profile",
        )


def of_group(record: JsonObject, path: str) -> Iterator[Finding]:
    """Yield the same for an update of a group: traits that are set once."""
    once = record.get("$set_once")
    if isinstance(once, dict) and once:
        names = shown(", ".join(once), 80)[1:-1]
        yield GROUP_SET_ONCE.finding(
            f"{path}.$set_once",
            f"{names}: set once, so that a later value is ignored. In device mode Segment's integration sends"
            " all traits of a group call like this",
            severity="info",
            fix="send group calls in cloud mode",
        )


def not_numbers(record: JsonObject, path: str) -> Iterator[Finding]:
    """Yield increment-not-a-number: what `$add` brings that Mixpanel cannot add."""
    added = record.get("$add")
    for name, value in added.items() if isinstance(added, dict) else ():
        if isinstance(value, int | float) and not isinstance(value, bool):
            continue
        number = _NUMBER.fullmatch(value) if isinstance(value, str) else None
        yield rule.INCREMENT_NOT_A_NUMBER.finding(
            child(f"{path}.$add", name),
            f"{shown(name, 40)[1:-1]} is increased by {shown(value, 40)}, which is {_kind(value)}",
            fix=f"send {number[1]} as a number" if number else None,
        )


def former_user(record: JsonObject) -> str:
    """Return the user to whom an `$identify` joins another; "" for one that joins an anonymous id.

    The web SDK writes its former distinct_id as `$anon_distinct_id`: `$device:` and its own id, unless
    somebody was identified before.
    """
    properties = record.get("properties")
    if record.get("event") != "$identify" or not isinstance(properties, dict):
        return ""
    former = properties.get("$anon_distinct_id")
    if not isinstance(former, str) or former.startswith(_DEVICE):
        return ""
    own = properties.get("distinct_id"), properties.get("$device_id")
    return "" if former in own else former


def not_reset(record: JsonObject, path: str) -> Iterator[Finding]:
    """Yield reset-not-in-mixpanel. A call of alias() makes such an `$identify`, too: pass no such record."""
    former = former_user(record)
    if former:
        properties = record["properties"]
        user = properties.get("distinct_id") if isinstance(properties, dict) else None
        yield rule.RESET_NOT_IN_MIXPANEL.finding(
            f"{path}.properties.$anon_distinct_id",
            f"{shown(user, 60)} is identified where {shown(former, 60)} still was: what happened since the"
            f" logout is counted for {shown(former, 60)}",
        )


def super_property_reserved(subject: Subject) -> Iterator[Finding]:
    """Yield properties of a call that device mode registers, and that the SDK keeps for itself."""
    for name, path in _registered(subject, "properties"):
        yield rule.SUPER_PROPERTY_RESERVED.finding(
            path,
            f"{name} is registered as a super property, which {_EFFECTS[name]} in that browser",
            fix=f"take {name} off super_properties under [classic], and off Properties to send as Super"
            " Properties in Segment",
        )


def reserved_trait(subject: Subject) -> Iterator[Finding]:
    """Yield the same of traits: unless a list says which, all of them are registered."""
    for name, path in _registered(subject, "traits"):
        yield rule.SUPER_PROPERTY_RESERVED.finding(
            path,
            f"the trait {name} is registered as a super property, which {_EFFECTS[name]} in that browser",
            fix="give the trait another name",
        )


def _registered(subject: Subject, holder: str) -> Iterator[tuple[str, str]]:
    """Yield the names of `REGISTERED` that the page registers with the message, and their paths in it.

    Device mode is simulated for the message alone: the settings decide, and the integrations object.
    """
    document = subject.document
    given = document.get(holder)
    if not isinstance(given, dict) or given.keys().isdisjoint(REGISTERED) or bundled(document) is None:
        return
    options, ids = read_options(subject.destination.settings), PlaceholderIds()
    browser = open_page(page_of(document) or Page(), options, ids)
    before = browser.store.super_properties
    try:
        after = send(browser, document, options, ids, now=subject.now).browser.store.super_properties
    except RecursionError:
        return  # nested too deep to be followed
    by_identify = document.get("userId")
    for name in REGISTERED:
        if name in given and name in after and after[name] not in (before.get(name), by_identify):
            yield name, child(f"$.{holder}", name)


def _revenue(
    record: JsonObject, properties: JsonObject, path: str, classic: ClassicSettings
) -> Iterator[Finding]:
    name = revenue_name(record.get("event"), properties)
    if not classic.people or not name or name in map(str.lower, classic.prop_increments):
        return
    listed = ", ".join(f'"{one}"' for one in (*classic.prop_increments, name))
    yield rule.REVENUE_NOT_ON_PROFILE.finding(
        child(f"{path}.properties", name),
        f"{name} {shown(properties[name], 40)} is on the event, and not on the user's profile: in device mode"
        " no $transactions are sent",
        fix=f"add it up instead: prop_increments = [{listed}] under [classic], and the same in Segment"
        " (Properties to Increment)",
    )


def revenue_name(event: Json, properties: JsonObject) -> str:
    """Return the property that Segment reads as revenue, "" if none: `total` only of a completed order."""
    if _is_amount(properties.get("revenue")):
        return "revenue"
    completed = isinstance(event, str) and _ORDER_COMPLETED.fullmatch(event) is not None
    return "total" if completed and _is_amount(properties.get("total")) else ""


def _is_amount(value: Json) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value.removeprefix("$")) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _by_itself(record: JsonObject, classic: ClassicSettings) -> str:
    """Return the names that a page load or a group call writes to a profile, "" for any other update."""
    once, every_time = record.get("$set_once"), record.get("$set")
    if isinstance(once, dict) and any(name in once for name in _OF_LOAD):
        rest = [name for name in once if name not in _OF_LOAD and not name.startswith("initial_utm_")]
        return "" if rest else shown(", ".join(name for name in _OF_LOAD if name in once), 80)[1:-1]
    if isinstance(every_time, dict):
        names = [name for name in every_time if name not in _OF_BROWSER]
        if names and all(name in classic.group_identifier_traits for name in names):
            return shown(", ".join(names), 80)[1:-1]
    return ""


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
