"""One line of the list for each message: what is shown, and the text that plain search looks at."""

from __future__ import annotations

from ..api.models import Summary
from ..delivery import DeliveryState
from ..json_text import json_bytes
from ..messages import Json, Marks, Message, Receipt, message_number
from ..stores.base import Entry
from ..verdict import Finding, Verdict
from .labels import agent_label, describe, source_label

NAME_LIMIT = 256
USER_LIMIT = 128
TEXT_LIMIT = 1_000
"""Characters kept for a name, a user and the search text; the message itself is kept whole."""


def delivery_of(verdict: Verdict, *, wanted: bool, marks: Marks) -> DeliveryState:
    """Return the state of a message that has just been read: nothing of it has been sent yet."""
    if verdict.fault:
        return DeliveryState.FAULT
    unsendable = marks & (Marks.SECOND_RECEIPT | Marks.WOULD_REJECT)
    if unsendable or not verdict.translation.operations:
        return DeliveryState.NONE
    return DeliveryState.WAITING if wanted else DeliveryState.OFF


def summarize(message: Message, verdict: Verdict, receipt: Receipt) -> Summary:
    """The line of a message. Texts are cut, and safe to encode (no lone surrogates)."""
    name, user = describe(message)
    return Summary(
        message.id,
        message.received_at,
        message.type,
        _plain(name, NAME_LIMIT),
        _plain(user, USER_LIMIT),
        "pixel" if receipt.origin == "pixel" else source_label(message.document),
        verdict.errors,
        verdict.warnings,
        int(message.marks),
        delivery_of(verdict, wanted=message.wanted, marks=message.marks),
        _plain(message.message_id, NAME_LIMIT),
    )


def refusal(receipt: Receipt, delivery: DeliveryState = DeliveryState.NONE) -> Entry:
    """The one entry of a request answered with 4xx, damaged in the journal, or (a fault) not understood."""
    reason = receipt.refused or ""
    marks = Marks.REFUSED | Marks.DAMAGED if receipt.damaged else Marks.REFUSED
    summary = Summary(
        message_number(receipt.seq, 0),
        receipt.received_at,
        "",
        _plain(reason, NAME_LIMIT),
        "",
        "pixel" if receipt.origin == "pixel" else agent_label(receipt.header("user-agent") or ""),
        1,
        0,
        int(marks),
        delivery,
        "",
    )
    return Entry(summary, False, _plain(f"{reason} {receipt.method} {receipt.path}".lower(), TEXT_LIMIT))


def entry_of(summary: Summary, message: Message, findings: tuple[Finding, ...] = ()) -> Entry:
    """The index row: the line, and what plain search looks at: names, ids, properties, traits; lower case.

    `findings` are those of the rules on the stream.
    """
    document = message.document
    parts = [summary.type, summary.name, summary.message_id, summary.source]
    for key in ("userId", "anonymousId", "groupId", "previousId", "properties", "traits"):
        value = document.get(key)
        if isinstance(value, str):
            parts.append(value[:USER_LIMIT])
        elif value:
            parts.append(_json_text(value))
    return Entry(summary, message.wanted, _plain(" ".join(parts).lower(), TEXT_LIMIT), findings)


def _json_text(value: Json) -> str:
    return json_bytes(value)[: 4 * TEXT_LIMIT].decode("utf-8", "replace")


def _plain(text: str, limit: int) -> str:
    """Cut, and with U+FFFD for lone surrogates, which neither JSON nor SQLite can carry."""
    cut = text[:limit]
    if cut.isascii():
        return cut
    return cut.encode("utf-8", "replace").decode("utf-8")
