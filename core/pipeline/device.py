"""What Mixpanel's own SDKs send (device mode): the records as messages, and what becomes of them. Pure.

Such a record passes no stage of Segment's. Its one request is the record as it was sent, to the endpoint that
it came for; it is for Mixpanel only if it names the configured project.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from hashlib import blake2b
from urllib.parse import parse_qs, unquote_plus

import msgspec

from ..checks import check_records
from ..errors import InputError, RequestRefused
from ..json_text import json_bytes
from ..messages import RAW_TYPE, Json, JsonObject, Marks, Message, Receipt, message_number
from ..modes import mode_of
from ..objections import Objection, change, first_rejection, refusal, rejection
from ..segment_names import STAND_IN_TOKEN
from ..settings import API_HOSTS, SEGMENT_REGIONS, Destination, Region
from ..sources.bounds import DEFAULT_BOUNDS, MESSAGES_TOGETHER, Bounds, over_from, too_large
from ..sources.decode import BOM, NotJson, Repair, inflate, read_json
from ..sources.mixpanel.exported import Exported
from ..sources.mixpanel.records import endpoint_of, endpoint_of_path, token_of, tokens_of
from ..sources.mixpanel.requests import Device, device_of
from ..sources.segment.objections import repair_objections
from ..sources.segment.routes import basic_user
from ..verdict import NotSent, Operation, OutgoingRequest, Translation, Verdict
from .compiled import CompiledSettings

_IMPORT = "/import"
_TOKEN = "token"
_PASSED_ON = ("ip", "strict", _TOKEN)
"""Query fields that change what Mixpanel makes of a record, or might; all others only shape the answer."""
_FORM_TYPE, _JSON_TYPE = "application/x-www-form-urlencoded", "application/json"
_KEY = b"segtap device"
_NO_TOKEN = (
    "it has no token, and its credentials, such as a service account's, are not the settings' token or API "
    "secret: which project it is for is not known"
)


def device_messages(
    receipt: Receipt,
    only: Collection[int] | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
    text: bytes | None = None,
) -> list[Message]:
    """Return the records in a request of Mixpanel's SDKs as messages, in their order.

    The arguments are those of `parse_receipt`. Raises RequestRefused or NotJson for what is not one.
    """
    encoding = receipt.header("content-encoding") or ""
    body = b"" if receipt.method == "GET" else inflate(receipt.body, encoding) if text is None else text
    device = device_of(receipt.path, receipt.query, body)
    if device is None:
        raise RequestRefused(400, "the request holds no records for Mixpanel")
    if receipt.origin in ("replay", "file"):
        device = msgspec.structs.replace(device, encoded=False)  # read before: it stays as it is
    reading = _Reading(receipt, device, bounds)
    wanted = range(len(reading.items)) if only is None else sorted(only)
    return [reading.message(position) for position in wanted if position < len(reading.items)]


def exported_message(exported: Exported, *, id: int = 0, bounds: Bounds = DEFAULT_BOUNDS) -> Message:
    """Return the record in a line of an export as a message. Raises InputError if it is not a record."""
    receipt = Receipt(
        uid=str(id),
        received_at=0,
        method="POST",
        path=exported.endpoint,
        body=exported.text,
        source_kind="mixpanel",
    )
    try:
        (message,) = device_messages(receipt, bounds=bounds)
    except (NotJson, RequestRefused, ValueError):
        raise InputError("its record is neither an event nor an update of a profile or a group") from None
    return msgspec.structs.replace(message, id=id)


class _Reading:
    def __init__(self, receipt: Receipt, device: Device, bounds: Bounds) -> None:
        self._receipt = receipt
        self._bounds = bounds
        self._endpoint = endpoint_of_path(receipt.path)
        self._query = "&".join(
            f"{name}={device.fields[name].decode('latin-1')}" for name in _PASSED_ON if name in device.fields
        )
        self._token = unquote_plus(device.fields.get(_TOKEN, b"").decode("latin-1"))
        self._user = basic_user(receipt.header("authorization"))
        self._marks = {"replay": Marks.REPLAY, "tee": Marks.TEED}.get(receipt.origin, Marks.NONE)
        self._marked = device.marked
        self.items = device.records()
        several = device.text[:1] == b"["
        self._crowded_from = over_from(self.items, device.text, bounds) if several else len(self.items)

    def message(self, position: int) -> Message:
        """Return the record at a position."""
        item = self.items[position]
        if why := self._over(position):
            return self._message(position, {}, (rejection(why),), unread=True)
        try:
            value, repairs = read_json(item)
        except NotJson as error:
            return self._message(position, {}, (rejection(f"the record is not JSON: {error}"),))
        if not isinstance(value, dict):
            return self._message(position, {}, (rejection("the record is not a JSON object"),))
        if self._marked and position == 0:
            repairs = (Repair("bom", "$"), *repairs)
        notes = tuple(change(one.words) for one in repair_objections(repairs)) if repairs else ()
        if self._receipt.upstream:
            notes = (refusal(self._receipt.upstream), *notes)
        return self._message(position, value, notes)

    def _over(self, position: int) -> str:
        """Return why the record is too large to be read, else ""."""
        if position >= self._crowded_from:
            most = MESSAGES_TOGETHER * self._bounds.nodes
            return f"its request holds over {most:,} values; segtap reads no more of one request"
        return too_large(self.items[position], self._bounds)

    def _message(
        self, position: int, record: JsonObject, objections: tuple[Objection, ...], *, unread: bool = False
    ) -> Message:
        receipt = self._receipt
        endpoint = self._endpoint or endpoint_of(record)
        properties, marks = record.get("properties"), self._marks
        if first_rejection(objections) is not None:
            marks |= Marks.WOULD_REJECT
        if isinstance(properties, dict) and mode_of(properties) == "device":
            marks |= Marks.DEVICE_MODE
        return Message(
            id=message_number(receipt.seq, position),
            source_kind="mixpanel",
            type=RAW_TYPE,
            message_id=record_key(record) or f"{receipt.uid}:{position}",
            received_at=receipt.received_at,
            write_key=token_of(record) or self._token or self._user,
            document=record,
            original=self.items[position].removeprefix(BOM),
            objections=objections,
            marks=marks,
            wanted=receipt.wanted,
            unread=unread,
            size=len(self.items[position]),
            endpoint=f"{endpoint}?{self._query}" if self._query else endpoint,
        )


def record_key(record: JsonObject) -> str:
    """Return what Mixpanel knows an event by when it is sent again; "" for a record that has no such key.

    It is the `$insert_id` together with the project, the event's name, the user and the time: Mixpanel keeps
    two events of the same `$insert_id` in which one of these differs.
    """
    properties = record.get("properties")
    if "event" not in record or not isinstance(properties, dict):
        return ""
    insert_id = properties.get("$insert_id")
    if not isinstance(insert_id, str) or not insert_id:
        return ""
    others: list[Json] = [properties.get(name) for name in ("token", "distinct_id", "time")]
    text = json_bytes([record["event"], *others])
    return f"{insert_id} {blake2b(text, digest_size=4, key=_KEY).hexdigest()}"


def device_translation(message: Message, destination: Destination) -> Translation:
    """Return the one request of a record; `not_sent` says why it is not for the configured project."""
    if message.unread or not message.document:
        return Translation(not_sent=NotSent("$", "; ".join(one.text for one in message.objections)))
    token, secret, region = _project(destination)
    imported = message.endpoint.partition("?")[0] == _IMPORT
    credential = base64.b64encode(f"{secret or token}:".encode()).decode() if imported else ""
    request = OutgoingRequest(
        method="POST",
        url=API_HOSTS[region] + message.endpoint,
        content_type=_JSON_TYPE if imported else _FORM_TYPE,
        authorization=f"Basic {credential}" if imported else None,
        body=message.document,
        verbatim=message.original,
    )
    return Translation((Operation("", "", request),), not_sent=_not_sent(message, token, secret))


def _not_sent(message: Message, token: str, secret: str) -> NotSent | None:
    """Return why a record is not for the configured project, None if it is, or if none is configured."""
    if token in ("", STAND_IN_TOKEN):
        return None
    named = tokens_of(message.document, message.original)
    named += [("$", one) for one in parse_qs(message.endpoint.partition("?")[2]).get(_TOKEN, ())]
    for path, one in named:  # Mixpanel does not document which of several it goes by
        if one != token:
            return NotSent(path, f"another project ({one[:4]}…)")
    path = "$.properties.token" if "event" in message.document else "$.$token"
    if not message.write_key:
        return NotSent(path, "it names no project")
    if named or message.write_key in (token, secret):
        return None  # /import knows the project by its credentials
    return NotSent(path, _NO_TOKEN)


def _project(destination: Destination) -> tuple[str, str, Region]:
    """Return token, API secret and region of the configured project."""
    settings = destination.settings
    if destination.kind == "classic-cloud":
        region: Region = "eu" if settings.get("enableEuropeanUnionEndpoint") is True else "us"
        return _text(settings.get("token")), _text(settings.get("apiKey")), region
    named = settings.get("apiRegion")
    regions: list[Region] = [one for one, words in SEGMENT_REGIONS.items() if words == named]
    region = regions[0] if regions else "us"
    return _text(settings.get("projectToken")), _text(settings.get("apiSecret")), region


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def device_verdict(message: Message, settings: CompiledSettings, now: int) -> Verdict:
    """Judge a record by the rules on what goes to Mixpanel: those on Segment's message do not apply."""
    translation = device_translation(message, settings.destination)
    findings = check_records(translation, now=now, settings=settings.checks, destination=settings.destination)
    return Verdict(translation, findings, objections=message.objections)
