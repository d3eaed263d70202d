"""Repairs: what may be mended in requests before they are sent, though Segment itself would not. Pure.

Each is off until `repair = ["insert-id", …]` in segtap.toml names it, and is called after what it mends:

insert-id            an insert id that strict import refuses, or longer than documented, becomes a UUID made
                     from it (version 5): the same id gives the same UUID, so that retries still count once
device-prefix        the profile of an unknown user gets `$device:` before its id (simplified ID merge)
skip-empty-identify  a `$identify` that names no user is not sent
country-code         a country by its name becomes its ISO 3166 code of two letters
no-client-ip         `ip` 0 where the client's address is not known: nobody is placed where the sender is
"""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import msgspec

from ..checks.data import COUNTRY_CODE
from ..checks.insert_ids import INSERT_ID, MAX_INSERT_ID
from ..mapping.javascript import stringify
from ..messages import Json, JsonObject
from ..paths import child
from ..places import in_body, read_place
from ..settings import IdentityMode, RepairName
from ..text import shown
from ..verdict import (
    IDENTITY_EVENTS,
    SEVERITY_WEIGHT,
    Explanation,
    Finding,
    Operation,
    OutgoingRequest,
    PropertySource,
    Repair,
    Translation,
)
from .countries import country_code

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "segtap:insert-id")
"""The UUIDs of repaired insert ids are made in it."""

MENDS: dict[RepairName, tuple[str, ...]] = {
    "insert-id": ("insert-id-charset", "insert-id-length"),
    "device-prefix": ("anonymous-profile-prefix",),
    "skip-empty-identify": ("identify-without-user-id",),
    "country-code": ("country-code",),
    "no-client-ip": ("no-client-ip",),
}
"""Repair → the rules whose mistake it mends."""

_DEVICE = "$device:"
_PROFILE_CHANGES = ("$set", "$set_once")


class Repaired(msgspec.Struct, frozen=True):
    """A translation after repairs, and what they changed.

    `kept` are the numbers that its requests had before.
    """

    translation: Translation
    repairs: tuple[Repair, ...] = ()
    kept: tuple[int, ...] = ()


def repaired(
    translation: Translation,
    document: JsonObject,
    names: Collection[RepairName],
    *,
    identity: IdentityMode = "original",
) -> Repaired:
    """Return the translation with these repairs made.

    Depends on nothing but its arguments: a message that is sent again is repaired alike. Neither the
    translation nor the document is changed.
    """
    operations: list[Operation] = []
    kept: list[int] = []
    repairs: list[Repair] = []
    wanted = [_MENDERS[name] for name in _MENDERS if name in names]
    for number, operation in enumerate(translation.operations):
        if "skip-empty-identify" in names and _is_empty_identify(operation.request):
            before = operation.request.body
            repairs.append(Repair("skip-empty-identify", None, in_body(number), before, None))
            continue
        place = len(operations)
        mended, changes = _mended(operation.request, document, wanted, identity, place)
        repairs += changes
        operations.append(msgspec.structs.replace(operation, request=mended) if changes else operation)
        kept.append(number)
    if not repairs:
        return Repaired(translation, (), tuple(kept))
    made = msgspec.structs.replace(translation, operations=tuple(operations))
    return Repaired(made, tuple(repairs), tuple(kept))


def mended_findings(findings: Sequence[Finding], made: Repaired) -> tuple[Finding, ...]:
    """Carry the findings on the translation before the repairs over to the one after them.

    Findings whose mistake is repaired become notes that say so. Paths follow requests to their new numbers.
    """
    if not made.repairs:
        return tuple(findings)
    by_rule: dict[str, list[Repair]] = {}
    for repair in made.repairs:
        for rule in MENDS[repair.name]:
            by_rule.setdefault(rule, []).append(repair)
    reported: list[Finding] = []
    for finding in findings:
        path = _moved(finding.path, made.kept)
        repairs = by_rule.get(finding.rule)
        if repairs is None or not _does_mend(finding, repairs):
            reported.append(msgspec.structs.replace(finding, path=path) if path != finding.path else finding)
            continue
        name = repairs[0].name
        reported.append(
            Finding(
                finding.rule,
                "info",
                path,
                f"{finding.message} (repaired before sending: {name})",
                f"{finding.fix}; what segtap sends is mended, what Segment sends is not",
            )
        )
    reported.sort(key=lambda finding: SEVERITY_WEIGHT[finding.severity])
    return tuple(reported)


def explained(explanation: Explanation, repairs: Sequence[Repair]) -> Explanation:
    """Turn an explanation of the translation before its repairs into one of it after them."""
    if not repairs:
        return explanation
    gone = {int(repair.path[9:].partition("]")[0]) for repair in repairs if repair.request is None}
    kept = [number for number in range(len(gone) + _most_requests(explanation)) if number not in gone]
    changed = {repair.path for repair in repairs if repair.request is not None}
    sources = [
        PropertySource(
            repair.path,
            f"repair {repair.name}"
            + ("" if repair.before is None else f", before it was {shown(repair.before, 80)}"),
        )
        for repair in repairs
        if repair.request is not None
    ]
    for source in explanation.sources:
        path = _moved(source.path, kept)
        if path != "$" and path not in changed:
            sources.append(msgspec.structs.replace(source, path=path))
    return msgspec.structs.replace(explanation, sources=tuple(sources))


def _most_requests(explanation: Explanation) -> int:
    numbers = [source.path[9:].partition("]")[0] for source in explanation.sources]
    return max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)


def _does_mend(finding: Finding, repairs: Sequence[Repair]) -> bool:
    """Return whether the value that the finding speaks of was repaired: of an insert id, which one counts."""
    if finding.rule != "country-code":
        return True
    # Names of no country stay as they are, beside others that were mended.
    return any(shown(repair.before, 40) in finding.message for repair in repairs)


def _moved(path: str, kept: Sequence[int]) -> str:
    place = read_place(path)
    if place.side == "message":
        return path
    if place.request not in kept:
        return "$"
    return msgspec.structs.replace(place, request=kept.index(place.request)).text


class _Record:
    """One record of a request's body, copied where it is changed."""

    def __init__(self, fields: JsonObject, path: str, document: JsonObject) -> None:
        self.fields = fields
        self.path = path
        self.document = document
        self.changes: list[tuple[str, Json, Json]] = []

    def set(self, steps: Sequence[str], value: Json) -> None:
        """Put a value there; the objects on the way exist."""
        before = self.fields
        after: JsonObject = dict(before)
        self.fields, path = after, self.path
        for step in steps[:-1]:
            path = child(path, step)
            inner = dict(cast(JsonObject, after[step]))
            after[step] = inner
            after = inner
        last = steps[-1]
        self.changes.append((child(path, last), after.get(last), value))
        after[last] = value

    def object(self, name: str) -> JsonObject:
        """Return the object of that name in it, {} where there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def is_event(self) -> bool:
        """Whether it is an event that people see, and none that joins ids."""
        event = self.fields.get("event")
        return event is not None and event not in IDENTITY_EVENTS and bool(self.object("properties"))


_Mender = Callable[[_Record, OutgoingRequest, IdentityMode], None]
"""Changes one record of a request, where it has what the repair is for."""


def _mended(
    request: OutgoingRequest,
    document: JsonObject,
    wanted: Sequence[tuple[RepairName, _Mender]],
    identity: IdentityMode,
    place: int,
) -> tuple[OutgoingRequest, list[Repair]]:
    several = isinstance(request.body, list)
    bodies = request.body if isinstance(request.body, list) else [request.body]
    made: list[Json] = []
    repairs: list[Repair] = []
    for position, body in enumerate(bodies):
        if not isinstance(body, dict):
            made.append(body)
            continue
        path = in_body(place, position) if several else in_body(place)
        record = _Record(body, path, document)
        for name, mend in wanted:
            already = len(record.changes)
            mend(record, request, identity)
            repairs += (Repair(name, place, *change) for change in record.changes[already:])
        made.append(record.fields)
    if not repairs:
        return request, repairs
    body = made if several else made[0]
    data = request.data
    if data is not None:
        data = b64encode(str(stringify(cast(Any, body))).encode("utf-8", "replace")).decode()
    return msgspec.structs.replace(request, body=body, data=data), repairs


def _insert_id(record: _Record, request: OutgoingRequest, identity: IdentityMode) -> None:
    value = record.object("properties").get("$insert_id")
    if not isinstance(value, str) or not value or not record.is_event:
        return
    if INSERT_ID.fullmatch(value) is None or len(value) > MAX_INSERT_ID:
        # Lone surrogates have no UTF-8; each becomes a question mark, alike every time.
        text = value.encode("utf-8", "replace").decode()
        record.set(("properties", "$insert_id"), str(uuid.uuid5(NAMESPACE, text)))


def _device_prefix(record: _Record, request: OutgoingRequest, identity: IdentityMode) -> None:
    anonymous = record.document.get("anonymousId")
    if identity != "simplified" or record.document.get("userId"):
        return
    if not isinstance(anonymous, str) or not anonymous or anonymous.startswith(_DEVICE):
        return
    if record.fields.get("$distinct_id") == anonymous:
        record.set(("$distinct_id",), _DEVICE + anonymous)
        return
    properties = record.object("properties")
    if record.is_event and properties.get("distinct_id") == anonymous and not properties.get("$device_id"):
        # With a $device_id of its own Mixpanel makes the prefix itself.
        record.set(("properties", "distinct_id"), _DEVICE + anonymous)


def _country_code(record: _Record, request: OutgoingRequest, identity: IdentityMode) -> None:
    places: list[tuple[str, str]] = [(change, "$country_code") for change in _PROFILE_CHANGES]
    if record.is_event:
        places.append(("properties", "mp_country_code"))
    for holder, name in places:
        value = record.object(holder).get(name)
        if isinstance(value, str) and value and not COUNTRY_CODE.fullmatch(value):
            code = country_code(value)
            if code is not None:
                record.set((holder, name), code)


def _no_client_ip(record: _Record, request: OutgoingRequest, identity: IdentityMode) -> None:
    if request.query is not None and request.query.get("ip") == 0:
        return
    if record.is_event:
        if record.object("properties").get("ip") in (None, ""):
            record.set(("properties", "ip"), 0)
    elif "$distinct_id" in record.fields and record.fields.get("$ip") in (None, ""):
        record.set(("$ip",), "0")


_MENDERS: dict[RepairName, tuple[RepairName, _Mender]] = {
    "insert-id": ("insert-id", _insert_id),
    "device-prefix": ("device-prefix", _device_prefix),
    "country-code": ("country-code", _country_code),
    "no-client-ip": ("no-client-ip", _no_client_ip),
}


def _is_empty_identify(request: OutgoingRequest) -> bool:
    body = request.body
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict) or body.get("event") != "$identify":
        return False
    properties = body.get("properties")
    return isinstance(properties, dict) and properties.get("$identified_id") in (None, "")
