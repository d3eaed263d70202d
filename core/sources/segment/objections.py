"""Why Segment would not take a message, or would hand it on changed, in words for a person. Pure.

Sources: Segment's page on the HTTP Tracking API, "Errors" and "Max request size", and its delivery errors
(`no_user_anon_id`, `missing_event`). Segment answers 200 to most of these messages and drops them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...messages import CALL_TYPES, Json, JsonObject
from ...objections import Objection, change, rejection
from ...text import shown
from .. import limits
from ..decode import Repair

PUBLIC_ADDRESS = change("Segment would see your public address as context.ip; a local one is not filled in")
"""The objection (without a mark) of browser and pixel traffic that comes from this machine or its network."""

NO_TYPE = rejection(f"it has no type ({', '.join(CALL_TYPES)})")
NO_ID = rejection("it has neither userId nor anonymousId")
NO_EVENT = rejection("it is a track call without an event name")

IDENTIFIERS = ("userId", "anonymousId")

_VALUE = re.compile(
    r"\$\.(?:(?:properties|traits|context\.traits)[.\[]|(?:user|anonymous|group|previous|message)Id$)"
)
"""Where a number is a value that reaches Mixpanel, or an id."""
_NOT_JSON = frozenset({"NaN", "Infinity"})
NOT_JSON_WORDS = tuple(word.encode() for word in _NOT_JSON)
"""What makes a text no JSON for a strict reader, as it stands in the text."""


def known_call(kind: Json) -> str:
    """Return the call that a `type` names, "" if Segment does not know it."""
    return kind if isinstance(kind, str) and kind in CALL_TYPES else ""


def type_objection(kind: Json) -> Objection:
    """Return the objection to a message whose type is not one of Segment's calls."""
    return NO_TYPE if kind is None else rejection(f"type {shown(kind)} is none of its calls")


def missing_parts(document: JsonObject, call: str) -> Sequence[Objection]:
    """Return the objections to a call that lacks what Segment requires of it: an identifier, the name of a
    track call.

    `previousId` and `groupId` are not identifiers to Segment: alias and group calls need one as well.
    """
    nameless = call == "track" and document.get("event") in (None, "")
    for name in IDENTIFIERS:
        if _is_identifier(document.get(name)):
            return (NO_EVENT,) if nameless else ()
    odd = next((name for name in IDENTIFIERS if document.get(name) not in (None, "")), None)
    no_id = NO_ID
    if odd is not None:
        no_id = rejection(f"{NO_ID.words} ({odd} {shown(document[odd], 40)} is not an id)")
    return (no_id, NO_EVENT) if nameless else (no_id,)


def _is_identifier(value: Json) -> bool:
    """Return True for a text that is not empty, and for a number: servers send database ids as they are."""
    if isinstance(value, str):
        return value != ""
    return isinstance(value, int | float) and not isinstance(value, bool)


def too_large(length: int) -> Objection:
    """Return the objection to a message whose JSON text has `length` bytes, which are too many."""
    much, limit = limits.excess(length, limits.SEGMENT_EVENT_BYTES)
    return rejection(f"{much}, its limit is {limit}")


def twice_encoded(again: Sequence[str]) -> Objection:
    """Return the objection to a pixel whose `data` is encoded in more than base64."""
    return rejection(
        f"its data is encoded twice, in {' and '.join(again)} too: Segment takes base64 of the JSON"
    )


def long_message_id(value: str) -> Objection:
    """Return the note on a messageId as long as Segment does not document it, or longer."""
    return change(
        f"messageId has {len(value):,} characters: Segment documents fewer than "
        f"{limits.SEGMENT_MESSAGE_ID_CHARS}, and does not say what it does with others"
    )


def not_json(repairs: tuple[Repair, ...]) -> bool:
    """Return True when what was repaired makes a strict reader refuse the whole text."""
    return bool(repairs) and any(repair.what in _NOT_JSON for repair in repairs)


def overflows(repairs: Iterable[Repair]) -> list[tuple[str, str]]:
    """Return the numbers of properties, traits and ids that no double holds: the path and the text
    of each.
    """
    return [(path, text) for what, path, text in repairs if what == "number" and _VALUE.match(path)]


def repair_objections(repairs: tuple[Repair, ...], most: int = 5) -> list[Objection]:
    """Return an objection for each repair; for the first `most` places, and a count of the others.

    Numbers that `overflows` gives are left to the rule that names them.
    """
    found: list[Objection] = []
    repairs = tuple(one for one in repairs if one.what != "number" or not _VALUE.match(one.path))
    for what, path, _ in repairs[:most]:
        match what:
            case "NaN" | "Infinity":
                found.append(rejection(f"{what} at {path} is no JSON (it reads as null here)"))
            case "number":
                found.append(change(f"the number at {path} is beyond a double: it reads as null"))
            case "surrogate":
                found.append(change(f"half a surrogate pair at {path} is not text: it reads as U+FFFD"))
            case "cesu8":
                found.append(
                    change("CESU-8, not UTF-8: surrogate pairs are read as the characters they mean")
                )
            case "utf8":
                found.append(change("bytes that are no UTF-8: they read as U+FFFD"))
            case "bom":
                found.append(change("a byte order mark before the JSON: it is left out"))
            case _:
                found.append(rejection(what))
    if len(repairs) > most:
        found.append(change(f"and {len(repairs) - most} more places like these"))
    return found
