"""Rules on the insert id, by which Mixpanel knows an event that it has already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from urllib.parse import urlsplit

from ..catalogue import calls as rule
from ..destinations.classic.insert_id import FIELD, UNKNOWABLE, UNKNOWN, is_unknown
from ..messages import Json
from ..places import in_message, read_place
from ..text import shown
from ..verdict import Finding
from .placeholders import PLACEHOLDERS
from .subject import Subject

MAX_INSERT_ID = 36
"""Bytes of an insert id that Mixpanel documents."""
INSERT_ID = re.compile(r"[A-Za-z0-9-]*", re.ASCII)
"""The characters of an insert id that Mixpanel documents."""

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UUID_ID = re.compile(rf"(?!0{{8}}-){_UUID}", re.ASCII)
"""What most messageIds are, and nothing is wrong with."""
_SDK_ID = re.compile(
    rf"(?:ajs|node)-(?:next-)?(?:\d{{13}}-|[0-9a-f]{{32}}-)?(?P<unique>{_UUID}|[0-9a-f]{{32}})", re.ASCII
)
"""The messageIds of analytics.js and analytics-node, old and new: a time or a hash, and a UUID or a hash."""
_OF_PRODUCT = re.compile(rf"\d{{1,4}}(?P<order>{_UUID}|{_SDK_ID.pattern})", re.ASCII | re.IGNORECASE)
"""The insert ids of Product Purchased: the product's number before the order's."""


def insert_id(subject: Subject) -> Sequence[Finding]:
    """Find insert-id-forbidden, -charset and -length: the first of each, for products repeat the order's."""
    found: dict[str, Finding] = {}
    for path, _, properties in subject.events:
        value = properties.get("$insert_id")
        if not isinstance(value, str) or (len(value) == MAX_INSERT_ID and _UUID_ID.fullmatch(value)):
            continue
        by_sdk = _SDK_ID.fullmatch(value)
        if not by_sdk:  # those that browsers and Node make are right but for their length
            if value.lower() in PLACEHOLDERS:
                if rule.INSERT_ID_FORBIDDEN.id not in found:
                    found[rule.INSERT_ID_FORBIDDEN.id] = _forbidden(subject, path, value)
                continue
            if not INSERT_ID.fullmatch(value) and rule.INSERT_ID_CHARSET.id not in found:
                found[rule.INSERT_ID_CHARSET.id] = _charset(subject, path, value)
        length = len(value) if value.isascii() else len(value.encode(errors="replace"))
        if length > MAX_INSERT_ID and rule.INSERT_ID_LENGTH.id not in found:
            found[rule.INSERT_ID_LENGTH.id] = _too_long(subject, path, value, length, by_sdk)
    return tuple(found.values()) if found else ()


def _place(subject: Subject, path: str, value: str) -> tuple[str, str]:
    """Return the path to name for an insert id, and what it is called there; `path` leads to the event."""
    if subject.destination.kind == "classic-cloud":
        return subject.place_of(f"{path}.properties.$insert_id"), "$insert_id"
    if value == subject.document.get("messageId"):
        return "$.messageId", "messageId"
    return f"{path}.properties.$insert_id", "$insert_id"


def _is_documented(subject: Subject, path: str) -> bool:
    """Return True for an event that goes to /import, for which Mixpanel documents that it refuses such ids.

    Of /track it documents no check of insert ids, and no answer of /track would tell of one.
    """
    operations = subject.translation.operations
    number = read_place(path).request
    operation = operations[number] if number < len(operations) else operations[0]  # one record by itself
    return urlsplit(operation.request.url).path.rstrip("/").endswith("/import")


_UNDOCUMENTED = "; that /track refuses others is not documented"


def _where_it_stands(subject: Subject) -> str | None:
    """Return how to mend an insert id of the classic destination, which sends no messageId but what the call
    has.
    """
    return (
        "send a UUID as $insert_id, where it stands" if subject.destination.kind == "classic-cloud" else None
    )


def _charset(subject: Subject, path: str, value: str) -> Finding:
    where, name = _place(subject, path, value)
    documented = _is_documented(subject, path)
    words = f"{name} {shown(value)}: Mixpanel takes letters, digits and - only"
    return rule.INSERT_ID_CHARSET.finding(
        where,
        words if documented else words + _UNDOCUMENTED,
        severity=None if documented else "warning",
        fix=_where_it_stands(subject),
    )


def _too_long(subject: Subject, path: str, value: str, length: int, by_sdk: re.Match[str] | None) -> Finding:
    where, name = _place(subject, path, value)
    # Whoever uses these SDKs, or sends an order, has not chosen the id: a note, no warning.
    sent, several = subject.document.get("messageId"), len(subject.events) > 1
    if by_sdk and (value == sent or not sent):
        cause, fix = _mapped(len(by_sdk["unique"]), several)
    else:
        cause, fix = _made_by_segment(value, sent, several=several)
    words = f"{name} {shown(value, 80)} has {length:,} bytes: Mixpanel documents {MAX_INSERT_ID} at most"
    return rule.INSERT_ID_LENGTH.finding(
        where, words + cause, severity="info" if cause else None, fix=_where_it_stands(subject) or fix
    )


def _forbidden(subject: Subject, path: str, value: str) -> Finding:
    where, name = _place(subject, path, value)
    place = where if name == "messageId" else subject.place_of(where)
    listed = value in PLACEHOLDERS and _is_documented(subject, path)
    own = in_message(place) and place != "$.messageId"
    return rule.INSERT_ID_FORBIDDEN.finding(
        place,
        f"{name} {shown(value)} is a placeholder: Mixpanel {'refuses' if listed else 'may refuse'} the event",
        severity=None if listed else "warning",  # how it reads other spellings, or /track, is not documented
        fix=_where_it_stands(subject)
        or ("map insert_id to $.messageId, and send a UUID as messageId" if own else None),
    )


def insert_id_undocumented(subject: Subject) -> Iterator[Finding]:
    """Yield a note on the first event of the classic destination that states no insert id of its own."""
    if subject.destination.kind == "classic-cloud":
        for path, record, _ in subject.events:
            if is_unknown(record):
                yield undocumented(f"{path}.properties")
                return


def undocumented(path: str) -> Finding:
    """Return the note on an event of the classic destination; `path` leads to its properties."""
    return rule.INSERT_ID_UNDOCUMENTED.finding(f"{path}.{FIELD}", f"{FIELD} is {UNKNOWN}. {UNKNOWABLE}")


def _made_by_segment(value: str, sent: Json, *, several: bool) -> tuple[str, str | None]:
    """Say what makes an insert id so long where Segment itself does, and what can be done; else "" and None.

    `sent` is the message's own id, None where there is no message. `several`: it is of an order, whose
    products repeat it.
    """
    order, numbered = value, False
    if isinstance(sent, str) and sent:
        numbered = value.endswith(sent) and value[: -len(sent)].isdecimal()
        order = sent if numbered else value
    elif of_product := _OF_PRODUCT.fullmatch(value):
        order, numbered = of_product["order"], True
    by_sdk = _SDK_ID.fullmatch(order)
    if not by_sdk and (not numbered or len(order) > MAX_INSERT_ID):
        return "", None
    return _mapped(len(by_sdk["unique"]) if by_sdk else 0, numbered or several)


@cache
def _mapped(unique: int, numbered: bool) -> tuple[str, str]:
    """Return what makes the id so long, and the mapping that shortens it to its last `unique` characters."""
    filters: list[str] = []
    if unique:
        filters.append(f"slice: -{unique}, {unique}")
    if numbered:
        filters.append("remove: '-'")
    mapping = f'insert_id = {{"@liquid" = "{{{{ messageId | {" | ".join(filters)} }}}}"}}'
    cause = (
        "Segment's SDK makes such ids" if unique else "Segment puts the product's number before the order's"
    )
    return f" ({cause})", f"nothing has to be done; a mapping of your own can shorten it: {mapping}"
