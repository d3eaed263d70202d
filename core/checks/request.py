"""Rules on what a message becomes: Mixpanel's limits, and what Segment's destination does not send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from ..destinations.classic.insert_id import FIELD, UNKNOWN, is_unknown
from ..destinations.classic.tables import REFUSED_NO_KEY
from ..inspection import IDENTITY_EVENTS, Finding, Translation
from ..messages import CALL_TYPES, Json, JsonObject
from ..paths import child
from ..text import ago, shown, size
from .catalogue import calls as rule
from .rule import Subject
from .users import missing_group_traits

MAX_INSERT_ID = 36
MANY_PROPERTIES = 200
"""Above this the event's properties are worth a warning."""
MAX_PROPERTIES = 255
MAX_ELEMENTS = 255
MAX_DEPTH = 3
MAX_STRING = 255
_SHORT = MAX_STRING // 4 + 1
"""A text of fewer characters cannot have more than 255 bytes."""
MAX_EVENT = 1024 * 1024
_MAY_BE_LARGE = MAX_EVENT // 2
"""An event can only be too large when the message that it comes from is at least this large."""
OMITTED = ("time", "id", "$anon_id", "distinct_id", "$group_id", "$insert_id", "$user_id")
"""The properties that Segment's trackEvent and trackPurchase leave out."""

_SENT_AS = {
    "time": "send it as timestamp, or give the property another name",
    "distinct_id": "send it as userId",
    "$user_id": "send it as userId",
    "$insert_id": "send it as messageId",
    "$anon_id": "send it as anonymousId",
    "$group_id": "send it as context.groupId",
}
"""What a property that is left out may be meant as, where Segment has a field for it."""
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
        (
            "within the last five years",
            "send the right timestamp, if this one is wrong: the classic destination sends nothing that old",
        ),
    )
)
"""How to mend a message that the destination refuses, by the words in which it does."""

_INSERT_ID = re.compile(r"[A-Za-z0-9-]*", re.ASCII)
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SDK_ID = re.compile(
    rf"(?:ajs|node)-(?:next-)?(?:\d{{13}}-|[0-9a-f]{{32}}-)?(?P<unique>{_UUID}|[0-9a-f]{{32}})", re.ASCII
)
"""The messageIds of analytics.js and analytics-node, old and new: a time or a hash, and a UUID or a hash."""
_OF_PRODUCT = re.compile(rf"\d{{1,4}}(?P<order>{_UUID}|{_SDK_ID.pattern})", re.ASCII | re.IGNORECASE)
"""The insert ids of Product Purchased: the product's number before the order's."""
YEAR_1971 = 31_536_000_000
HOUR = 3_600_000


def event_records(translation: Translation) -> list[tuple[str, JsonObject, JsonObject]]:
    """Every event that goes to Mixpanel: its path, the record, its properties."""
    found: list[tuple[str, JsonObject, JsonObject]] = []
    for index, operation in enumerate(translation.operations):
        body = operation.request.body
        several = isinstance(body, list)
        for position, record in enumerate(body if several else (body,)):
            if not isinstance(record, dict) or "event" not in record:
                continue
            properties = record.get("properties")
            if isinstance(properties, dict) and record["event"] not in IDENTITY_EVENTS:
                path = f"requests[{index}].body[{position}]" if several else f"requests[{index}].body"
                found.append((path, record, properties))
    return found


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
        fix = 'group_identifier_traits = ["company_id"] under [classic], with your group key'
    return rule.UNMATCHED.finding("$.type", f"{why}, so that nothing is sent", fix=fix)


def page_double_count(subject: Subject) -> Iterator[Finding]:
    if len(subject.events) > 1 and subject.type in ("page", "screen"):
        names = " and ".join(shown(record["event"], 60) for _, record, _ in subject.events)
        yield rule.PAGE_DOUBLE_COUNT.finding(
            "$.type", f"this {subject.type} is counted {len(subject.events)} times: {names}"
        )


def rejected_by_destination(subject: Subject) -> Iterator[Finding]:
    rejected = subject.translation.rejected
    if subject.type == "group" and subject.document.get("traits") is None:
        return  # group-without-traits says it better
    if rejected == REFUSED_NO_KEY and subject.now is not None:
        return  # as does track-too-old
    if rejected is not None:
        yield rule.REJECTED_BY_DESTINATION.finding(
            "$",
            f"Segment's destination refuses it: {shown(rejected, 300)[1:-1]}",
            fix=next((fix for words, fix in _MENDS_REFUSAL if words.search(rejected)), None),
        )


def insert_id(subject: Subject) -> Iterator[Finding]:
    """Yield insert-id-charset and insert-id-length: the first of each, for products repeat the order's."""
    bad_charset = too_long = False
    sent = subject.document.get("messageId")
    for path, _, properties in subject.events:
        value = properties.get("$insert_id")
        if not isinstance(value, str):
            continue
        as_sent = value == sent
        where = "$.messageId" if as_sent else f"{path}.properties.$insert_id"
        name = "messageId" if as_sent else "$insert_id"
        if not bad_charset and not _INSERT_ID.fullmatch(value):
            bad_charset = True
            yield rule.INSERT_ID_CHARSET.finding(
                where, f"{name} {shown(value)}: Mixpanel takes letters, digits and - only"
            )
        length = len(value) if value.isascii() else len(value.encode(errors="replace"))
        if not too_long and length > MAX_INSERT_ID:
            too_long = True
            # Whoever uses these SDKs, or sends an order, has not chosen the id: a note, no warning.
            cause, fix = _made_by_segment(value, sent, several=len(subject.events) > 1)
            yield rule.INSERT_ID_LENGTH.finding(
                where,
                f"{name} {shown(value, 80)} has {length:,} bytes: Mixpanel documents {MAX_INSERT_ID} at most"
                + cause,
                severity="info" if cause else None,
                fix=fix,
            )


def insert_id_undocumented(subject: Subject) -> Iterator[Finding]:
    """Yield a note on the first event of the classic destination that states no insert id of its own."""
    if subject.destination.kind == "classic-cloud":
        for path, record, _ in subject.events:
            if is_unknown(record):
                yield undocumented(f"{path}.properties")
                return


def undocumented(path: str) -> Finding:
    """The note on an event of the classic destination; `path` leads to its properties."""
    return rule.INSERT_ID_UNDOCUMENTED.finding(
        f"{path}.{FIELD}", f"{FIELD} is {UNKNOWN}: whether a retry counts twice cannot be known"
    )


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
    filters: list[str] = []
    if by_sdk:
        length = len(by_sdk["unique"])
        filters.append(f"slice: -{length}, {length}")
    if numbered or several:
        filters.append("remove: '-'")
    mapping = f'insert_id = {{"@liquid" = "{{{{ messageId | {" | ".join(filters)} }}}}"}}'
    cause = "Segment puts the product's number before the order's"
    if by_sdk:
        cause = "Segment's SDK makes such ids"
    return f" ({cause})", f"nothing has to be done; a mapping of your own can shorten it: {mapping}"


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


def property_dropped(subject: Subject) -> Iterator[Finding]:
    if subject.destination.kind != "actions" or not subject.events:
        return
    sent = subject.events[0][2]
    for name in OMITTED:
        if name in subject.properties:
            value = subject.properties[name]
            instead = sent.get(name)
            if instead == value or value is None:
                continue
            yield rule.PROPERTY_DROPPED.finding(
                child("$.properties", name),
                f"property {name} {shown(value, 30)} is left out"
                + (f": Mixpanel gets {shown(instead, 40)} under that name" if instead is not None else ""),
                fix=_SENT_AS.get(name),
            )


def event_too_large(subject: Subject) -> Iterator[Finding]:
    if 0 < subject.original_size < _MAY_BE_LARGE:
        return
    for path, record, _ in subject.events:
        try:
            length = len(msgspec.json.encode(record))
        except (UnicodeEncodeError, OverflowError):
            length = len(json.dumps(record, ensure_ascii=False).encode(errors="replace"))
        if length >= MAX_EVENT:
            yield rule.EVENT_TOO_LARGE.finding(
                path, f"the event has {size(length)}: Mixpanel takes less than {size(MAX_EVENT)}"
            )
            return


def limits(subject: Subject) -> Iterator[Finding]:
    """too-many-properties, array-too-long, nesting-too-deep and string-truncated, in one walk."""
    seen: set[tuple[str, str]] = set()
    original = subject.properties
    for path, record, properties in subject.events:
        event = record["event"]
        if isinstance(event, str) and _too_long(event):
            yield _truncated(
                "$.event" if event == subject.document.get("event") else f"{path}.event", "the name", event
            )
        if len(properties) > MANY_PROPERTIES:
            yield _too_many(f"{path}.properties", properties)
        for name, value in properties.items():
            if isinstance(value, str):
                if len(value) < _SHORT or not _too_long(value) or value == event:
                    continue  # event_original_name repeats the name
            elif not isinstance(value, (list, dict)):
                continue
            # The path of the message, where the value comes from there: products repeat the order's.
            own = original.get(name) is value
            where = child("$.properties" if own else f"{path}.properties", name)
            findings = (_truncated(where, name, value),) if isinstance(value, str) else _inside(value, where)
            for finding in findings:
                key = (finding.rule, finding.path)
                if key not in seen:
                    seen.add(key)
                    yield finding


_Node = tuple[Json, int, "_Node | None", str | int]
"""A list or object, its depth in objects, what holds it, and under which step."""


def _inside(top: list[Json] | JsonObject, where: str) -> Iterator[Finding]:
    """What is over a limit in one property. Walks with a stack of its own: nesting may be deep."""
    waiting: list[_Node] = [(top, 1 if isinstance(top, dict) else 0, None, "")]
    while waiting:
        node = waiting.pop()
        value, depth = node[0], node[1]
        if isinstance(value, dict):
            if len(value) >= MAX_PROPERTIES:
                yield _too_many(_path(node, where), value)
            if depth > MAX_DEPTH:
                path = _path(node, where)
                yield rule.NESTING_TOO_DEEP.finding(
                    path, f"objects are nested over {MAX_DEPTH} deep: Mixpanel refuses the event"
                )
                return
            inner = value.items()
        elif isinstance(value, list):
            if len(value) >= MAX_ELEMENTS:
                path = _path(node, where)
                yield rule.ARRAY_TOO_LONG.finding(
                    path,
                    f"the list has {len(value):,} elements: Mixpanel takes {MAX_ELEMENTS - 1} at most",
                    fix="send fewer products" if path.endswith(".properties.products") else None,
                )
            inner = enumerate(value)
        else:
            continue
        for step, part in inner:
            if isinstance(part, str):
                if len(part) >= _SHORT and _too_long(part):
                    path = child(_path(node, where), step)
                    yield _truncated(path, str(step), part)
            elif isinstance(part, dict):
                waiting.append((part, depth + 1, node, step))
            elif isinstance(part, list):
                waiting.append((part, depth, node, step))


def _path(node: _Node, where: str) -> str:
    taken: list[str | int] = []
    parent = node[2]
    while parent is not None:
        taken.append(node[3])
        node, parent = parent, parent[2]
    for step in reversed(taken):
        where = child(where, step)
    return where


def _too_long(text: str) -> bool:
    """Over 255 bytes: Mixpanel's pages say bytes in one place and characters in another."""
    return len(text) > MAX_STRING or (not text.isascii() and len(text.encode(errors="replace")) > MAX_STRING)


def _truncated(path: str, name: str, text: str) -> Finding:
    length = size(len(text.encode(errors="replace")))
    return rule.STRING_TRUNCATED.finding(
        path, f"{shown(name, 40)[1:-1]} has {length}: Mixpanel cuts texts off at {MAX_STRING} bytes"
    )


def _too_many(path: str, value: JsonObject) -> Finding:
    count = f"{len(value):,} properties"
    if len(value) >= MAX_PROPERTIES:
        return rule.TOO_MANY_PROPERTIES.finding(path, f"{count}: Mixpanel takes {MAX_PROPERTIES - 1} at most")
    return rule.TOO_MANY_PROPERTIES.finding(
        path, f"{count}: near Mixpanel's limit of {MAX_PROPERTIES - 1}", severity="warning"
    )
