"""From a receipt to the Segment messages in it, as Segment's servers would hand them on.

Pure: the same receipt gives the same messages, at any time and in any process. What Segment fills in is
filled in here (`filled` says where), what it would object to is said (`objections`), and nothing that
came is lost.

An item of a batch that is not an object, or has no type that Segment knows, stays a message of its own: its
type is "", it is marked WOULD_REJECT with the reason, and no subscription matches it. The same holds for a
message that is too large to be read (`bounds`): of it only the ids and the name are read.

It is over 350 lines because one reader knows every form in which messages come.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence

from ..errors import RequestRefused
from ..messages import RAW_TYPE, Json, JsonObject, Marks, Message, Receipt, message_number
from ..objections import Objection, change, refusal, rejection
from ..sources import limits
from ..sources.alike import read_alike
from ..sources.bounds import DEFAULT_BOUNDS, Bounds, crowded, over, over_from, over_together, unasked
from ..sources.decode import NotJson, Repair, inflate, read_json
from ..sources.parts import array_parts, head_of, members
from ..sources.segment.objections import (
    NOT_JSON_WORDS,
    PUBLIC_ADDRESS,
    known_call,
    not_json,
    overflows,
    twice_encoded,
)
from ..sources.segment.pixel import pixel_json
from ..sources.segment.routes import route_of
from ..sources.segment.times import corrected, iso, read_time
from ..sources.segment.write_key import is_batch, write_key_of
from ..text import shown
from .address import public_address
from .batches import SHARED, merged
from .device import device_messages
from .reading import id_text, marks_of, objections_to

_NAMESPACE = uuid.UUID("5e97a9a4-3c1b-4d53-9a2e-6f1d6f0c7a51")
"""Of the messageIds that segtap gives: uuid5 of the receipt's uid and the place in it."""


def parse_receipt(
    receipt: Receipt,
    only: Collection[int] | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
    text: bytes | None = None,
) -> list[Message]:
    """Return the messages in a request, in their order; none for a refused one or one without messages.

    `only` names the positions to be read, when not all are wanted: what the others cost is next to nothing.
    A message beyond `bounds` is not read. `text` is the body if it was inflated before. Never raises: a
    receipt that ingest would not have let in gives one message that says why.
    """
    if receipt.refused is not None:
        return []
    route = route_of(receipt.path)
    try:
        if receipt.source_kind == "mixpanel":
            return device_messages(receipt, only, bounds, text)
        encoded_again: tuple[str, ...] = ()
        if route.kind == "pixel" and receipt.method in ("GET", "HEAD"):
            body, encoded_again = pixel_json(receipt.query)
        else:
            body = inflate(receipt.body, receipt.header("content-encoding") or "") if text is None else text
        reading = _Reading(receipt, body, route.call, bounds)
        if encoded_again:
            reading.objections.append(twice_encoded(encoded_again))
        return reading.messages(only)
    except (RequestRefused, NotJson) as error:
        return [_unreadable(receipt, 0, receipt.body, rejection(f"{error}"))]


class _Reading:
    """One receipt being read: what holds for all of its messages."""

    def __init__(self, receipt: Receipt, body: bytes, call: str, bounds: Bounds) -> None:
        self.receipt = receipt
        self.call = call
        self.bounds = bounds
        self.filled_before = receipt.origin in ("replay", "file")
        self.received = iso(receipt.received_at)
        parts = members(body)
        self.single = not is_batch(parts)
        self.items = [body] if self.single else array_parts(parts["batch"])
        self.crowded_from = 1 if self.single else over_from(self.items, parts["batch"], bounds)
        self.write_key = write_key_of(parts, receipt.header("authorization"), receipt.query)
        self.sent_at: Json = None
        self.shared: dict[str, JsonObject] = {}
        self.shared_overflows: list[tuple[str, str]] = []
        self.shared_text = b""
        """What the batch states for all, as it came: each message is as large as if it stated that itself."""
        self.too_much = ""
        """Why none of the messages is read."""
        self.objections: list[Objection] = []
        if receipt.upstream:
            self.objections.append(refusal(receipt.upstream))
        self.marks = _ORIGIN_MARKS.get(receipt.origin, Marks.NONE)
        if not self.single and not self.filled_before:
            self._read_batch(body, parts)
        self.body = body
        self.browser = receipt.origin == "pixel" or any(
            name in ("origin", "sec-fetch-site") for name, _ in receipt.headers
        )
        self.address = public_address(receipt)
        self.filled_in: tuple[JsonObject, JsonObject] = ({}, {})
        """The last context without an address, and the same with the client's."""

    def _read_batch(self, body: bytes, parts: Mapping[str, bytes]) -> None:
        stated = {name: parts[name] for name in ("sentAt", *SHARED) if name in parts}
        self.shared_text = b",".join(stated.values())
        self.too_much = over(self.shared_text, self.bounds) or over_together(
            self.shared_text, len(self.items), self.bounds
        )
        if not self.too_much:
            self._read_shared(stated)
        if len(body) > limits.SEGMENT_BATCH_BYTES:
            much, limit = limits.excess(len(body), limits.SEGMENT_BATCH_BYTES)
            self.objections.append(rejection(f"its batch is {much}, the limit is {limit}"))
        if len(self.items) > limits.SEGMENT_BATCH_MESSAGES:
            limit = f"{limits.SEGMENT_BATCH_MESSAGES:,}"
            self.objections.append(
                rejection(f"its batch has {len(self.items):,} messages, the limit is {limit}")
            )

    def _read_shared(self, stated: Mapping[str, bytes]) -> None:
        if "sentAt" in stated:
            self.sent_at = read_json(stated["sentAt"])[0]
        for name in SHARED:
            value, repairs = read_json(stated[name]) if name in stated else (None, ())
            if isinstance(value, dict):
                self.shared[name] = value
                moved = (repair._replace(path=f"$.{name}{repair.path[1:]}") for repair in repairs)
                self.shared_overflows += overflows(moved)

    def messages(self, only: Collection[int] | None = None) -> list[Message]:
        items = self.items
        wanted = range(len(items)) if only is None else sorted(p for p in only if p < len(items))
        large: dict[int, str] = {}
        if self.too_much or self.crowded_from < len(items) or not self._are_small(items):
            large = {position: why for position in wanted if (why := self._over(position))}
        places = [position for position in wanted if position not in large] if large else wanted
        read = dict(zip(places, self._read_items([items[position] for position in places]), strict=True))
        spoilt = self._spoilt(read)
        if not large and spoilt is None:
            return [self._message(position, value, repairs) for position, (value, repairs) in read.items()]
        return [
            self._unread(position, large[position])
            if position in large
            else self._message(position, *read[position], None if not_json(read[position][1]) else spoilt)
            for position in wanted
        ]

    def _are_small(self, items: Sequence[bytes]) -> bool:
        """Tell quickly that no message is too large to be read, whatever is in it."""
        return max(map(len, items), default=0) + len(self.shared_text) < unasked(self.bounds)

    def _over(self, position: int) -> str:
        """Return why the message is too large to be read, else ""."""
        if position >= self.crowded_from:
            return crowded(self.bounds)
        return self.too_much or over(self.items[position], self.bounds, shared=self.shared_text)

    def _spoilt(self, read: Mapping[int, tuple[Json, tuple[Repair, ...]]]) -> Objection | None:
        """Return the objection to the other messages of a batch in which one is not JSON, else None."""
        if self.single or self.filled_before:
            return None
        if len(read) == len(self.items) and not any(repairs for _, repairs in read.values()):
            return None
        if not any(word in self.body for word in NOT_JSON_WORDS):
            return None
        for position, item in enumerate(self.items):
            if position not in read and (
                not any(word in item for word in NOT_JSON_WORDS) or self._over(position)
            ):
                continue
            if not_json((read[position] if position in read else self._read_item(item))[1]):
                words = f"message {position + 1} of its batch is no JSON, which spoils them all"
                return rejection(words)
        return None

    def _unread(self, position: int, why: str) -> Message:
        """Return a message that is too large to be read: its name and ids, as far as they are short."""
        receipt, item = self.receipt, self.items[position]
        document = head_of(item)
        call = known_call(document.get("type")) or (self.call if self.single else "")
        message_id = document.get("messageId")
        filled = ["$.receivedAt"]
        if not (isinstance(message_id, str) and message_id):
            message_id = document["messageId"] = given_message_id(receipt.uid, position)
            filled.append("$.messageId")
        document["receivedAt"] = self.received
        return Message(
            id=message_number(receipt.seq, position),
            type=call,
            message_id=message_id,
            received_at=receipt.received_at,
            write_key=self.write_key,
            document=document,
            original=item,
            filled=tuple(filled),
            objections=(rejection(why),),
            marks=self.marks | Marks.WOULD_REJECT,
            wanted=receipt.wanted,
            unread=True,
            size=len(item),
        )

    def _read_items(self, items: Sequence[bytes]) -> Sequence[tuple[Json, tuple[Repair, ...]]]:
        try:
            return read_alike(items)
        except NotJson:  # one of them is nested too deep: a message must never be lost
            return [self._read_item(item) for item in items]

    def _read_item(self, item: bytes) -> tuple[Json, tuple[Repair, ...]]:
        try:
            return read_json(item)
        except NotJson as error:
            return None, (Repair(f"{error}", "$"),)

    def _message(
        self, position: int, value: Json, repairs: tuple[Repair, ...], batch_note: Objection | None = None
    ) -> Message:
        receipt, item = self.receipt, self.items[position]
        if not isinstance(value, dict):
            return _unreadable(
                receipt, position, item, rejection("it is not a JSON object"), self.write_key, self.marks
            )
        document = value
        filled: list[str] = []
        objections = list(self.objections)
        if batch_note is not None:
            objections.append(batch_note)

        kind = document.get("type")
        if self.call and self.single and not known_call(kind):
            if kind is not None:
                words = f"type {shown(kind)} is none of its calls: read as {self.call} by its path"
                objections.append(change(words))
            kind = document["type"] = self.call
            filled.append("$.type")
        call = known_call(kind)
        called = read_time(document.get("timestamp"))
        # What was filled in before may have made the message too large.
        length = 0 if self.filled_before else len(item)
        objections += objections_to(document, call, repairs, length, called)

        message_id = document.get("messageId")
        if message_id is None or message_id == "":
            message_id = document["messageId"] = given_message_id(receipt.uid, position)
            filled.append("$.messageId")
        document["receivedAt"] = self.received
        filled.append("$.receivedAt")
        beyond = overflows(repairs) if repairs else []
        if not self.filled_before:
            if self.shared:
                self._merge(document, filled)
                beyond += [one for one in self.shared_overflows if one[0].startswith(tuple(filled))]
            self._correct(document, filled, called)
            self._fill_ip(document, filled, objections)
        # In the order of the fields: naming them would take several times as long.
        return Message(
            message_number(receipt.seq, position),
            call,
            message_id if isinstance(message_id, str) else id_text(message_id),
            receipt.received_at,
            document,
            item,
            "segment",
            self.write_key,
            tuple(filled),
            tuple(objections),
            tuple(beyond),
            # Without objections nothing is added: an operation on flags costs as much as reading the message.
            self.marks | marks_of(objections) if objections else self.marks,
            receipt.wanted,
            False,
            len(item) + len(self.shared_text),
        )

    def _merge(self, document: JsonObject, filled: list[str]) -> None:
        for name, shared in self.shared.items():
            own = document.get(name)
            if own is None:
                own = {}
            if isinstance(own, dict):
                document[name] = merged(own, shared, f"$.{name}", filled)

    def _correct(self, document: JsonObject, filled: list[str], called: int | None) -> None:
        sent_at = document.get("sentAt")
        if sent_at is None and self.sent_at is not None:
            sent_at = document["sentAt"] = self.sent_at
            filled.append("$.sentAt")
        stated = document.get("timestamp")
        if stated is None:
            document["timestamp"] = self.received
            filled.append("$.timestamp")
            return
        document["originalTimestamp"] = stated
        filled.append("$.originalTimestamp")
        if called is None:
            return
        sent = read_time(sent_at)
        right = None if sent is None else corrected(called, sent, self.receipt.received_at)
        if right is not None and right != stated:
            document["timestamp"] = right
            filled.append("$.timestamp")

    def _fill_ip(self, document: JsonObject, filled: list[str], objections: list[Objection]) -> None:
        context = document.get("context")
        if context is None:
            context = {}
        if not isinstance(context, dict) or context.get("ip") is not None:
            return
        if not (self.browser or context.get("direct") is True):
            return
        if not self.address:
            objections.append(PUBLIC_ADDRESS)
            return
        before, with_ip = self.filled_in
        if context is not before:  # the messages of a batch often share their context
            with_ip = {**context, "ip": self.address}
            self.filled_in = context, with_ip
        document["context"] = with_ip
        filled.append("$.context.ip")


_ORIGIN_MARKS = {"replay": Marks.REPLAY, "tee": Marks.TEED}


def given_message_id(uid: str, position: int) -> str:
    """Return the messageId that stands in for one the client left out: the same whenever the
    receipt is read.
    """
    return str(uuid.uuid5(_NAMESPACE, f"{uid}:{position}"))


def _unreadable(
    receipt: Receipt,
    position: int,
    original: bytes,
    objection: Objection,
    write_key: str = "",
    marks: Marks = Marks.NONE,
) -> Message:
    return Message(
        id=message_number(receipt.seq, position),
        source_kind=receipt.source_kind,
        type=RAW_TYPE if receipt.source_kind == "mixpanel" else "",
        message_id=given_message_id(receipt.uid, position),
        received_at=receipt.received_at,
        write_key=write_key,
        document={},
        original=original,
        objections=(objection,),
        marks=marks | Marks.WOULD_REJECT,
        wanted=receipt.wanted,
    )
