"""Values to rows and back. A receipt is one compressed row; texts are made fit for UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, cast

import msgspec
from isal import isal_zlib

from ..delivery import OWED_STATES, Delivery, DeliveryState, Outcome
from ..errors import JournalError
from ..inspection import Finding
from ..messages import Receipt
from ..views import Summary
from .base import Entry

Form = Literal[0, 1]
PLAIN: Form = 0
"""MessagePack of the Receipt."""
DEFLATED: Form = 1
"""The same, as a raw deflate stream."""

_WORTH_PACKING = 200
_QUICK, _SMALL = 0, 16 * 1024
_LEVEL = 1
"""isal's level 1 sets up tables, which costs more than packing some KB: level 0 does for those."""
_WINDOW = -15
_GZIP_MAGIC = b"\x1f\x8b"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Receipt).decode
_decode_findings = msgspec.msgpack.Decoder(tuple[Finding, ...]).decode
_deflate = cast("Callable[[bytes, int, int], bytes]", isal_zlib.compress)  # pyright: ignore[reportUnknownMemberType]
_inflate = cast("Callable[[bytes, int], bytes]", isal_zlib.decompress)  # pyright: ignore[reportUnknownMemberType]
_BadStream = cast("type[Exception]", isal_zlib.error)
_STATES = {str(state): state for state in DeliveryState}

SUMMARY_COLUMNS = "id, received_at, type, name, user, source, errors, warnings, marks, delivery, message_id"
MESSAGE_COLUMNS = f"{SUMMARY_COLUMNS}, wanted, text, findings, owed"
DELIVERY_COLUMNS = "message, operation, at, endpoint, outcome, status, words, attempt, place, batch, took"


class ReceiptRow(NamedTuple):
    """What `receipts` keeps of a receipt, without its number."""

    received_at: int
    form: Form
    data: bytes


def pack_receipt(receipt: Receipt) -> ReceiptRow:
    """The row of a receipt. What came compressed is kept as it came."""
    try:
        plain = _encode(receipt)
    except UnicodeEncodeError:
        plain = _encode(_storable_receipt(receipt))
    if len(plain) >= _WORTH_PACKING and not receipt.body.startswith(_GZIP_MAGIC):
        packed = _deflate(plain, _QUICK if len(plain) < _SMALL else _LEVEL, _WINDOW)
        if len(packed) < len(plain):
            return ReceiptRow(receipt.received_at, DEFLATED, packed)
    return ReceiptRow(receipt.received_at, PLAIN, plain)


def unpack_receipt(seq: int, form: int, data: bytes) -> Receipt:
    """The receipt of a row. Raises JournalError where the row cannot be read."""
    try:
        plain = _inflate(data, _WINDOW) if form == DEFLATED else data
        return msgspec.structs.replace(_decode(plain), seq=seq)
    except (_BadStream, msgspec.DecodeError, EOFError) as error:
        raise JournalError(
            f"Request {seq} in the journal is damaged ({error}). "
            "Move the journal away, and segtap starts a new one.",
            title="The journal is damaged",
        ) from error


def storable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot hold, written out as `\\ud800`."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def pack_entry(entry: Entry) -> tuple[int | str | bytes, ...]:
    """The values of MESSAGE_COLUMNS."""
    line = entry.summary
    return (
        line.id,
        line.received_at,
        storable(line.type),
        storable(line.name),
        storable(line.user),
        storable(line.source),
        line.errors,
        line.warnings,
        int(line.marks),
        line.delivery.value,
        storable(line.message_id),
        int(entry.wanted),
        storable(entry.text),
        pack_findings(entry.findings),
        int(line.delivery in OWED_STATES),
    )


def pack_findings(findings: Sequence[Finding]) -> bytes:
    """MessagePack of the findings; empty when there are none, as for nearly every message."""
    if not findings:
        return b""
    return _encode(
        [
            Finding(one.rule, one.severity, storable(one.path), storable(one.message), storable(one.fix))
            for one in findings
        ]
    )


def unpack_findings(data: bytes) -> tuple[Finding, ...]:
    """The findings of a row. Raises JournalError where it cannot be read."""
    try:
        return _decode_findings(data) if data else ()
    except msgspec.DecodeError as error:
        raise JournalError(
            f"The findings of a message in the journal are damaged ({error}). "
            "Move the journal away, and segtap starts a new one.",
            title="The journal is damaged",
        ) from error


def unpack_summary(row: Sequence[Any]) -> Summary:
    """A Summary from SUMMARY_COLUMNS."""
    id, received_at, type, name, user, source, errors, warnings, marks, delivery, message_id = row
    return Summary(
        id, received_at, type, name, user, source, errors, warnings, marks, _STATES[delivery], message_id
    )


def pack_delivery(delivery: Delivery) -> tuple[int | str, ...]:
    """The values of DELIVERY_COLUMNS."""
    return (
        delivery.message,
        delivery.operation,
        delivery.at,
        storable(delivery.endpoint),
        delivery.outcome.value,
        delivery.status,
        storable(delivery.words),
        delivery.attempt,
        delivery.index,
        delivery.of,
        delivery.took,
    )


def unpack_delivery(row: Sequence[Any]) -> Delivery:
    """A Delivery from DELIVERY_COLUMNS."""
    message, operation, at, endpoint, outcome, status, words, attempt, place, batch, took = row
    return Delivery(
        message=message,
        operation=operation,
        at=at,
        endpoint=endpoint,
        outcome=Outcome(outcome),
        status=status,
        words=words,
        attempt=attempt,
        index=place,
        of=batch,
        took=took,
    )


def _storable_receipt(receipt: Receipt) -> Receipt:
    return msgspec.structs.replace(
        receipt,
        uid=storable(receipt.uid),
        method=storable(receipt.method),
        path=storable(receipt.path),
        query=storable(receipt.query),
        headers=tuple((storable(name), storable(value)) for name, value in receipt.headers),
        peer=storable(receipt.peer),
        refused=None if receipt.refused is None else storable(receipt.refused),
    )
