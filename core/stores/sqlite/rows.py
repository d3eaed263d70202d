"""Values to rows and back. A receipt is one compressed row; texts are made fit for UTF-8."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, cast

import msgspec
from isal import isal_zlib

from ...api.models import Summary
from ...delivery import OWED_STATES, Delivery, DeliveryState, Outcome, Owed
from ...messages import DAMAGED_STATUS, Marks, Receipt
from ...query import Names
from ...verdict import FAULT_RULE, Finding
from ..base import Entry, Judged

Value = int | str | bytes | None
"""What a column holds."""
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
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_MOST = 253_402_300_799_999
"""The end of the year 9999 in milliseconds: greater numbers than any that segtap writes."""

SUMMARY_COLUMNS = (
    "id, received_at, type, name, user, source, errors, warnings, marks, delivery, message_id, write_key"
)
"""Of the view `lines`."""
ENTRY_COLUMNS = (
    f"{SUMMARY_COLUMNS}, wanted, findings, event, user_id, anonymous_id, group_id, library, "
    "origin, text_cut, notes, rules, sent, revision, verdict"
)
"""Of the view `lines`: an entry without its text."""
KIND_COLUMNS = "type, source, event, write_key, library, origin"
VERDICT_COLUMNS = "revision, rules, notes, sent, verdict"
MESSAGE_COLUMNS = (
    "id, received_at, kind, judged, name, user, errors, warnings, marks, delivery, message_id, wanted, "
    "findings, owed, user_id, anonymous_id, group_id, text_cut"
)
DELIVERY_COLUMNS = "message, operation, at, endpoint, outcome, status, words, attempt, place, batch, took"


class ReceiptRow(NamedTuple):
    """What `receipts` keeps of a receipt, without its number."""

    received_at: int
    form: Form
    data: bytes


def pack_receipt(receipt: Receipt) -> ReceiptRow:
    """Return the row of a receipt. What came compressed is kept as it came."""
    try:
        plain = _encode(receipt)
    except UnicodeEncodeError:
        plain = _encode(_storable_receipt(receipt))
    if len(plain) >= _WORTH_PACKING and not receipt.body.startswith(_GZIP_MAGIC):
        packed = _deflate(plain, _QUICK if len(plain) < _SMALL else _LEVEL, _WINDOW)
        if len(packed) < len(plain):
            return ReceiptRow(receipt.received_at, DEFLATED, packed)
    return ReceiptRow(receipt.received_at, PLAIN, plain)


def unpack_receipt(seq: int, received_at: object, form: object, data: object) -> Receipt:
    """Return the receipt of a row; where the row cannot be read, a damaged one that says why."""
    try:
        plain = _inflate(cast(bytes, data), _WINDOW) if form == DEFLATED else data
        receipt = _decode(cast(bytes, plain))
        if receipt.damaged or not 0 <= receipt.received_at <= _MOST:
            raise ValueError("its status or its time cannot be")
        return msgspec.structs.replace(receipt, seq=seq)
    except (_BadStream, msgspec.MsgspecError, EOFError, ValueError, TypeError) as error:
        return Receipt(
            uid=f"damaged-{seq}",
            received_at=_time(received_at),
            method="",
            path="",
            status=DAMAGED_STATUS,
            refused=f"What the journal keeps of request {seq} is damaged ({error})",
            seq=seq,
        )


def storable(text: str) -> str:
    """Return the text with lone surrogates, which UTF-8 cannot hold, written out as `\\ud800`."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def pack_entry(entry: Entry, kind: int, judged: int | None) -> tuple[Value, ...]:
    """Return the values of MESSAGE_COLUMNS.

    The numbers are those of the rows with the values of `kind_of` and `verdict_of`.
    """
    line, names = entry.summary, entry.names
    name, user = storable(line.name), storable(line.user)
    user_id, anonymous_id = storable(names.user_id), storable(names.anonymous_id)
    return (
        line.id,
        line.received_at,
        kind,
        judged,
        None if name == storable(names.event) else name,
        None if user == (user_id or anonymous_id) else user,
        line.errors,
        line.warnings,
        int(line.marks),
        line.delivery.value,
        storable(line.message_id),
        int(entry.wanted),
        pack_findings(entry.findings),
        int(line.delivery in OWED_STATES),
        user_id,
        anonymous_id,
        storable(names.group_id),
        int(entry.text_cut),
    )


def kind_of(entry: Entry) -> tuple[str, ...]:
    """Return the values of KIND_COLUMNS."""
    line, names = entry.summary, entry.names
    return (
        storable(line.type),
        storable(line.source),
        storable(names.event),
        storable(names.write_key),
        storable(names.library),
        names.origin,
    )


def verdict_of(judged: Judged) -> tuple[Value, ...] | None:
    """Return the values of VERDICT_COLUMNS; None if nothing is known."""
    if judged.sent is None and not (judged.rules or judged.revision or judged.notes or judged.verdict):
        return None
    sent = None if judged.sent is None else int(judged.sent)
    return judged.revision, pack_rules(judged.rules), judged.notes, sent, judged.verdict


def pack_rules(rules: Iterable[str]) -> str:
    """Return the rules sorted, with a space around each, so that one can be looked for."""
    return _packed_rules(tuple(rules))


@functools.lru_cache(maxsize=1_000)
def _packed_rules(rules: tuple[str, ...]) -> str:
    names = " ".join(sorted(rules))
    return f" {names} " if names else ""


def pack_findings(findings: Sequence[Finding]) -> bytes:
    """Return the findings as MessagePack; empty when there are none, as for nearly every message."""
    if not findings:
        return b""
    return _encode(
        [
            Finding(one.rule, one.severity, storable(one.path), storable(one.message), storable(one.fix))
            for one in findings
        ]
    )


def unpack_findings(data: object) -> tuple[Finding, ...]:
    """Return the findings of a row; where it cannot be read, a finding that says so."""
    if not data:
        return ()
    try:
        return _decode_findings(cast(bytes, data))
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        words = f"What the rules on the stream found in this message is damaged in the journal ({error})."
        return (Finding(FAULT_RULE, "error", "$", words, ""),)


def unpack_summary(row: Sequence[Any]) -> Summary:
    """Return a Summary from SUMMARY_COLUMNS; where the row cannot be read, a damaged one that says so."""
    id, received_at, *texts, errors, warnings, marks, delivery, message_id, write_key = row
    state = _STATES.get(delivery) if isinstance(delivery, str) else None
    numbers = (received_at, errors, warnings, marks)
    if (
        state is None
        or not all(isinstance(text, str) for text in (*texts, message_id))
        or not all(isinstance(number, int) and 0 <= number <= _MOST for number in numbers)
    ):
        marks = int(Marks.REFUSED | Marks.DAMAGED)
        words = f"This line of the journal's index is damaged: message {id}"
        return Summary(id, _time(received_at), "", words, "", "", 1, 0, marks, DeliveryState.NONE, "")
    type, name, user, source = texts
    return Summary(
        id,
        received_at,
        type,
        name,
        user,
        source,
        errors,
        warnings,
        marks,
        state,
        message_id,
        write_key=_text(write_key),
    )


def unpack_owed(id: int, marks: object, delivery: object, received_at: object = 0) -> Owed:
    """Return what is owed; where the row cannot be read, a damaged message that is not sent."""
    state = _STATES.get(delivery) if isinstance(delivery, str) else None
    if state is None or not isinstance(marks, int) or not 0 <= marks <= _MOST:
        return Owed(id, int(Marks.REFUSED | Marks.DAMAGED), DeliveryState.NONE, _time(received_at))
    return Owed(id, marks, state, _time(received_at))


def unpack_entry(row: Sequence[Any], text: str = "") -> Entry:
    """Return an Entry from ENTRY_COLUMNS, or its line alone from SUMMARY_COLUMNS.

    Rules have no severity in a row: each is given that of the worst finding of its message.
    """
    line = unpack_summary(row[:12])
    if len(row) <= 12:
        return Entry(line, False)
    wanted, findings, *names, text_cut, notes, rules, sent, revision, verdict = row[12:]
    severity = "error" if line.errors else "warning" if line.warnings else "info"
    event, user_id, anonymous_id, group_id, library, origin = map(_text, names)
    return Entry(
        line,
        bool(wanted),
        text,
        unpack_findings(findings),
        Names(
            event=event,
            user_id=user_id,
            anonymous_id=anonymous_id,
            group_id=group_id,
            write_key=line.write_key,
            library=library,
            origin=origin,
        ),
        Judged(
            errors=line.errors,
            warnings=line.warnings,
            notes=notes if isinstance(notes, int) else 0,
            rules=dict.fromkeys(_text(rules).split(), severity),
            sent=bool(sent) if isinstance(sent, int) else None,
            revision=_text(revision),
            verdict=verdict if isinstance(verdict, bytes) else b"",
        ),
        bool(text_cut),
    )


def _text(value: object) -> str:
    """Return a text, "" where a damaged row holds none."""
    return value if isinstance(value, str) else ""


def pack_delivery(delivery: Delivery) -> tuple[int | str, ...]:
    """Return the values of DELIVERY_COLUMNS."""
    return (
        delivery.message,
        delivery.operation,
        delivery.at,
        storable(delivery.endpoint),
        str(delivery.outcome),
        delivery.status,
        storable(delivery.words),
        delivery.attempt,
        delivery.index,
        delivery.of,
        delivery.took,
    )


def unpack_delivery(row: Sequence[Any]) -> Delivery:
    """Return a Delivery from DELIVERY_COLUMNS, and the route if there is one; a damaged one counts as
    uncertain, so that nothing is sent twice.
    """
    message, operation, at, endpoint, outcome, status, words, attempt, place, batch, took, *route = row
    known = _OUTCOMES.get(outcome) if isinstance(outcome, str) else None
    numbers = (operation, at, status, attempt, place, batch, took)
    whole = known is not None and isinstance(endpoint, str) and isinstance(words, str)
    if known is None or not whole or not all(isinstance(number, int) for number in numbers):
        return Delivery(
            message=message,
            operation=operation if isinstance(operation, int) else 0,
            at=_time(at),
            endpoint="",
            outcome=Outcome.UNCERTAIN,
            words="What the journal keeps of this attempt is damaged",
            route=_text(route[0]) if route else "",
        )
    return Delivery(
        message=message,
        operation=operation,
        at=at,
        endpoint=endpoint,
        outcome=known,
        status=status,
        words=words,
        attempt=attempt,
        index=place,
        of=batch,
        took=took,
        route=_text(route[0]) if route else "",
    )


def lenient_text(data: bytes) -> str:
    """Read a text column whose bytes are not all UTF-8."""
    return data.decode("utf-8", "replace")


def _time(value: object) -> int:
    """Return milliseconds since the epoch, 0 where a damaged row holds none that a clock can show."""
    return value if isinstance(value, int) and 0 <= value <= _MOST else 0


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
        upstream=storable(receipt.upstream),
    )
