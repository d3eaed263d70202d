"""The records of an operation, ready to be batched. Pure.

A record is one item of a request's body: an event, a profile update, a group update. Most operations have
one; a purchase has one for the order and one for each product. Each record knows what order it must keep
whether sending it twice does any harm, and whether it needs an answer of its own.

| record | holds | waits for an earlier holder of |
|---|---|---|
| `$identify`, `$create_alias`, `$merge` | the ids that it links | the same |
| any other event | nothing | its ids |
| a profile update | the profile | the profile, and its id |
| a group update | the group | the group |

So an event never overtakes the `$identify` before it, nor a profile update an earlier one of that user, while
events among themselves, whose time is in them, go in any order.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from ..json_text import json_bytes
from ..masks import secrets_of
from ..messages import Json, JsonObject
from ..settings import Secret
from ..sources.decode import read_json
from ..verdict import IDENTITY_EVENTS, OutgoingRequest, Translation
from .wire import Shape, shape_of

_EVENT_IDS = ("distinct_id", "$user_id", "$device_id", "$anon_id", "$identified_id", "alias", "$distinct_ids")
_IDENTITY_IDS = (*_EVENT_IDS, "$anon_distinct_id")
"""The same for what links ids; the last is what Mixpanel's web SDK calls the id before identify."""

ADDING = frozenset(("$add", "$append"))
"""Profile operations that count again when they are sent again; all others set, so repeating is harmless."""

_LINKS = {
    "$identify": (("$identified_id", "$anon_id"), ("distinct_id", "$anon_distinct_id")),
    "$create_alias": (("distinct_id", "alias"),),
}
"""The two ids that an event links, by the names of Mixpanel's reference or of its web SDK."""
_ADDITIONS = frozenset(("$add", "$append", "$union", "$set_once"))
_OBJECT_OPERATIONS = ("$set", "$set_once", "$add", "$append", "$union", "$remove")


class BatchKey(msgspec.Struct, frozen=True, cache_hash=True):
    """What two records must have in common to share a request."""

    method: str
    url: str
    content_type: str | None
    authorization: Secret
    shape: Shape

    @property
    def path(self) -> str:
        """The URL's path: `/import`, `/engage`, …"""
        return urlsplit(self.url).path


class Record(msgspec.Struct, frozen=True, gc=False):
    """One item of an operation's body, encoded.

    `part` is its place in the operation's body. `repeatable` says that sending it twice comes to the same
    as once: Mixpanel dedupes it by `$insert_id`, or it sets rather than adds. `alone`: it shares no request.
    `carrier` is the request without its body.
    """

    message: int
    operation: int
    part: int
    text: bytes
    route: BatchKey
    carrier: OutgoingRequest
    insert_id: str = ""
    holds: frozenset[str] = frozenset()
    waits: frozenset[str] = frozenset()
    repeatable: bool = True
    alone: bool = False

    def __repr__(self) -> str:
        return f"Record({self.message}/{self.operation}/{self.part} to {self.route.path})"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown of its request."""
        return secrets_of(self.carrier)


def records_of(message: int, translation: Translation) -> list[Record]:
    """Return the records of all operations of a message, in order."""
    return [
        record
        for index, operation in enumerate(translation.operations)
        for record in operation_records(message, index, operation.request)
    ]


def operation_records(message: int, operation: int, request: OutgoingRequest) -> list[Record]:
    """Return the records of one operation, in the order of its body."""
    route, carrier = way_of(request)
    shape = route.shape
    items = request.body if isinstance(request.body, list) else [request.body]
    records: list[Record] = []
    for part, item in enumerate(items):
        fields = item if isinstance(item, dict) else {}
        holds, waits = order_of(fields)
        insert_id = _insert_id(fields)
        repeatable = bool(insert_id and "event" in fields) or is_repeatable(fields)
        # Base64 in a query has room for one. The others answer `1` when one of several is valid, so what
        # adds, and what may well be refused, needs an answer of its own.
        alone = shape == "base64" or not repeatable or (shape == "form" and is_doubtful(fields))
        text = request.verbatim or json_bytes(item)
        if request.verbatim and not _is_strict(text):
            alone = True  # nearly JSON: it would spoil a whole batch
        # In the order of the fields: naming them would cost ten times as much.
        records.append(
            Record(message, operation, part, text, route, carrier, insert_id, holds, waits, repeatable, alone)
        )
    return records


def _is_strict(text: bytes) -> bool:
    """Return True for JSON that every reader takes."""
    try:
        _strict(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


_strict = msgspec.json.Decoder().decode


def way_of(request: OutgoingRequest) -> tuple[BatchKey, OutgoingRequest]:
    """Return the route of a request, and the request without its body."""
    if request.data is None and request.query is None:
        return _plain_way(request.method, request.url, request.content_type, request.authorization)
    shape = shape_of(request)
    route = BatchKey(
        request.method, request.url, request.content_type, Secret(request.authorization or ""), shape
    )
    return route, msgspec.structs.replace(request, body=None)


@lru_cache(maxsize=64)
def _plain_way(
    method: str, url: str, content_type: str | None, authorization: str | None
) -> tuple[BatchKey, OutgoingRequest]:
    """Return the same for a request whose data is all in its body: nearly all have one of a few."""
    carrier = OutgoingRequest(method, url, content_type, authorization)
    return BatchKey(method, url, content_type, Secret(authorization or ""), shape_of(carrier)), carrier


_NONE: frozenset[str] = frozenset()


def order_of(record: JsonObject) -> tuple[frozenset[str], frozenset[str]]:
    """Return what a record holds and what it waits for: the table of this module.

    Ids stand for themselves, which is quicker than to give each event's a prefix.
    """
    if "event" in record:
        if record["event"] not in IDENTITY_EVENTS:
            return _NONE, _event_ids(record)
        ids = _event_ids(record, _IDENTITY_IDS)
        return ids, ids
    if "$group_key" in record:
        group = frozenset((f"\0group {record['$group_key']} {record.get('$group_id')}",))
        return group, group
    if "$distinct_id" in record:
        user = record["$distinct_id"]
        return frozenset((f"\0profile {user}",)), frozenset((f"\0profile {user}", f"{user}"))
    return _NONE, _NONE


def is_repeatable(record: JsonObject) -> bool:
    """Return True when sending the record twice comes to the same as once."""
    if "event" in record:
        return bool(_insert_id(record)) or record["event"] in IDENTITY_EVENTS
    return not (ADDING & record.keys())


def counts_again(translation: Translation) -> tuple[str, ...]:
    """Return what of a message counts once more each time that it is sent, as phrases for a sentence."""
    found: list[str] = []
    for operation in translation.operations:
        for record in operation.request.records():
            if "event" in record:
                if not is_repeatable(record):
                    found.append(f"the event {record['event']}, which has no $insert_id")
                continue
            for name in sorted(ADDING & record.keys()):
                changed = record[name]
                listed = ", ".join(map(str, changed)) if isinstance(changed, dict) else ""
                found.append(f"{name} of {listed}" if listed else name)
    return tuple(dict.fromkeys(found))


def only_sets(record: Record) -> bool:
    """Return True for a profile or group update that only sets values.

    Sent ahead of its turn and again in its turn, it leaves what it would leave if sent once: it overwrites.
    """
    fields = _fields(record)
    return "event" not in fields and _operations(fields) == {"$set"}


def would_undo(older: Record, newer: Record) -> bool:
    """Return True if `older`, sent after `newer` of the same profile or group, would undo some of it."""
    before, after = _fields(older), _fields(newer)
    if "event" in before or "event" in after:
        return False
    if "$delete" in before or "$delete" in after:
        return True
    earlier, later = _by_property(before), _by_property(after)
    return any(
        # `$set_once` leaves what is there, and additions come to the same in any order.
        operations - {"$set_once"} and not (operations <= _ADDITIONS and later[name] <= _ADDITIONS)
        for name, operations in earlier.items()
        if name in later
    )


def _fields(record: Record) -> JsonObject:
    value = read_json(record.text)[0]
    return value if isinstance(value, dict) else {}


def _operations(fields: JsonObject) -> set[str]:
    return fields.keys() & {*_OBJECT_OPERATIONS, "$unset", "$delete"}


def _by_property(fields: JsonObject) -> dict[str, set[str]]:
    """Return the operations on each property that an update names."""
    found: dict[str, set[str]] = {}
    for operation in _operations(fields):
        value = fields[operation]
        for name in value if isinstance(value, dict | list) else ():
            found.setdefault(str(name), set()).add(operation)
    return found


def is_doubtful(record: JsonObject) -> bool:
    """Return True when Mixpanel may refuse the record on a form endpoint: it lacks what is required there.

    Source: the required fields and value types of /track, /engage and /groups in Mixpanel's reference.
    """
    if "event" in record:
        properties = _properties(record)
        if not record["event"] or not _is_id(properties.get("token")):
            return True
        links = _LINKS.get(str(record["event"]), ((),))
        return not any(all(_is_id(properties.get(name)) for name in names) for names in links)
    needed = ("$token", "$group_key", "$group_id") if "$group_key" in record else ("$token", "$distinct_id")
    if not all(_is_id(record.get(name)) for name in needed):
        return True
    operations = [(name, record[name]) for name in _OBJECT_OPERATIONS if name in record]
    for name, value in operations:
        if not isinstance(value, dict):
            return True
        if name == "$union" and not all(isinstance(items, list) and items for items in value.values()):
            return True
    return not operations and not ({"$unset", "$delete"} & record.keys())


def _is_id(value: Json) -> bool:
    return value != "" and isinstance(value, str | int | float) and not isinstance(value, bool)


def _event_ids(record: JsonObject, names: tuple[str, ...] = _EVENT_IDS) -> frozenset[str]:
    """Return the ids of an event, under which it is held and waited for."""
    get = _properties(record).get
    found: list[str] = []
    for name in names:
        value = get(name)
        if isinstance(value, str):
            if value:
                found.append(value)
        elif value is not None:
            ids = value if isinstance(value, list) else (value,)
            found += [f"{id}" for id in ids if isinstance(id, str | int | float) and id != ""]
    return frozenset(found)


def _insert_id(record: JsonObject) -> str:
    value = _properties(record).get("$insert_id")
    return value if isinstance(value, str) else ""


def _properties(record: JsonObject) -> JsonObject:
    properties = record.get("properties")
    return properties if isinstance(properties, dict) else {}
