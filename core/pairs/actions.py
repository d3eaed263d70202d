"""What the two copies of an action have in common: names, a time, a page, and properties."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from ..mapping.dates import read_time
from ..messages import Json, JsonObject
from ..sources.mixpanel.records import tokens_of

WITHIN = 500
"""Milliseconds between the times of the two copies: both are read from the browser's clock."""
FLUSHED_WITHIN = 10_000
"""The same for updates of profiles and groups, which have no time: they leave with the SDK's next batch."""
SECONDS_BELOW = 100_000_000_000
"""Times below this number are seconds, others milliseconds."""
EVENTS = ("track", "page", "screen")
"""The calls that become events."""
_PERSONS = ("$set", "$set_once", "$union")


class Action(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One action as one of its copies shows it.

    `names` are those under which the other copy may come: the event's, or what it does and to whom. `time` is
    milliseconds, None where the copy has none. `page` is scheme and host of the page, "" where it is not
    known; then the `user` has to be the same, if both say who that is. `within` are the milliseconds that may
    lie between the two copies.
    """

    names: tuple[str, ...]
    time: float | None
    page: str
    within: int = WITHIN
    user: str = ""


def cloud_actions(document: JsonObject) -> tuple[Action, ...]:
    """Return the actions that a Segment message may be a copy of; two for identify and alias calls.

    The message is the one of the page: `timestamp` before Segment corrects it.
    """
    type, user = document.get("type"), _text(document.get("userId"))
    stated = document.get("originalTimestamp", document.get("timestamp"))
    time = read_time(stated) if isinstance(stated, str) else None
    if type in EVENTS:
        event = event_action(document, time)
        return () if event is None else (event,)
    page = _page_of(document)
    if type == "identify" and user:
        return (
            Action((_named("$identify", user),), time, page),
            Action((_named("profile", user),), None, "", FLUSHED_WITHIN),
        )
    group = _text(document.get("groupId"))
    if type == "group" and group:
        return (Action((_named("group", group),), None, "", FLUSHED_WITHIN),)
    if type == "alias" and user:
        return tuple([Action((_named(event, user),), time, page) for event in ("$create_alias", "$identify")])
    return ()


def event_action(document: JsonObject, time: float | None) -> Action | None:
    """Return the event that a track, page or screen call may be a copy of; None without a name.

    `time` is the call's, by the clock of the page. A property `time` overrides it in the device's copy.
    """
    type, properties = document.get("type"), document.get("properties")
    if type in ("page", "screen"):
        names = page_names(document, type)
    else:
        event = document.get("event")
        if not isinstance(event, str) or not event:
            return None
        names = (event,)
    if isinstance(properties, dict) and "time" in properties:
        own = milliseconds(properties["time"])
        time = time if own is None else own
    return Action(names, time, _page_of(document), WITHIN, _text(document.get("userId")))


def device_action(record: JsonObject) -> Action | None:
    """Return the action that a record of Mixpanel's web SDK is a copy of, None if it is none of Segment's."""
    properties = _object(record.get("properties"))
    event = record.get("event")
    if isinstance(event, str) and event:
        page = origin_of(_text(properties.get("$current_url")))
        time = milliseconds(properties.get("time"))
        if event == "$identify":
            return Action((_named(event, _text(properties.get("distinct_id"))),), time, page)
        if event == "$create_alias":
            return Action((_named(event, _text(properties.get("alias"))),), time, page)
        return Action((event,), time, page, user=_text(properties.get("$user_id")))
    if "$group_key" in record:
        return Action((_named("group", _text(record.get("$group_id"))),), None, "", FLUSHED_WITHIN)
    user = _text(_object(record.get("$set")).get("id"))  # an identify call's, no increment's and no group's
    return Action((_named("profile", user),), None, "", FLUSHED_WITHIN) if user else None


def is_of_project(record: JsonObject, token: str) -> bool:
    """Return False for a record that names another project than this one, whose events are not counted here.

    Where no project is set ("") or named, nobody can tell: then it is True.
    """
    return not token or all(named == token for _, named in tokens_of(record))


def parts_of(record: JsonObject) -> JsonObject:
    """Return the properties of an event, or what an update writes."""
    for holder in ("properties", *_PERSONS):
        if isinstance(parts := record.get(holder), dict):
            return parts
    return {}


def given_parts(document: JsonObject) -> JsonObject:
    """Return the properties of a Segment message, or its traits."""
    type = document.get("type")
    return _object(document.get("properties" if type in ("track", "page", "screen") else "traits"))


def page_names(document: JsonObject, type: str) -> tuple[str, ...]:
    """Return the names that the page options of device mode give a page call."""
    noun = type.capitalize()
    properties = _object(document.get("properties"))
    name = _text(document.get("name")) or _text(properties.get("name"))
    category = _text(document.get("category")) or _text(properties.get("category"))
    names = [f"Loaded a {noun}"]
    if category:
        names.append(f"Viewed {category} {name} {noun}" if name else f"Viewed {category} {noun}")
    if name:
        names.append(f"Viewed {name} {noun}")
    return tuple(dict.fromkeys(names))


def milliseconds(time: Json) -> float | None:
    """Return a time of Mixpanel's, which is in seconds or milliseconds; None for anything else."""
    if isinstance(time, bool) or not isinstance(time, int | float) or time - time != 0:
        return None
    return time * 1000 if abs(time) < SECONDS_BELOW else time


@lru_cache(maxsize=512)
def origin_of(url: str) -> str:
    """Return scheme and host of a page's URL, "" where it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _page_of(document: JsonObject) -> str:
    """Return scheme and host of the page that a message comes from, "" if it comes from none."""
    context = document.get("context")
    page = context.get("page") if isinstance(context, dict) else None
    url = page.get("url") if isinstance(page, dict) else None
    return origin_of(url) if isinstance(url, str) else ""


def _named(what: str, whom: str) -> str:
    return f"{what}\n{whom}"  # no event's name has a line break


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
