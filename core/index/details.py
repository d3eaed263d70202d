"""What viewers are given of a message and of the request that brought it. Pure."""

from __future__ import annotations

from ..api.models import MessageDetail, ReceiptView, Summary
from ..delivery import Delivery
from ..json_text import json_bytes
from ..masks import mask_authorization, masked_verdict
from ..messages import Message, Receipt
from ..sources.decode import inflate
from ..verdict import FAULT_RULE, Finding, Translation, Verdict

BODY_SHOWN = 64 * 1024
"""Bytes of a refused request's body, or of a message too large to be read, that a viewer is given."""
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


def damage_of(receipt: Receipt) -> Verdict:
    """Return the verdict of a message whose request cannot be read: that alone, as its one finding."""
    words = receipt.refused or ""
    fix = (
        "Look after the journal's disk. `segtap journal salvage` copies what can be read into a new journal."
    )
    return Verdict(Translation(rejected=words), (Finding(FAULT_RULE, "error", "$", words, fix),))


def detail_of(
    summary: Summary,
    message: Message,
    receipt: Receipt,
    verdict: Verdict,
    deliveries: tuple[Delivery, ...] = (),
) -> MessageDetail:
    """Return what a viewer is given of a message; secrets in its verdict are masked."""
    return MessageDetail(
        summary=summary,
        document=json_bytes(message.document),
        original=message.original[:BODY_SHOWN] if message.unread else message.original,
        original_bytes=len(message.original),
        unread=message.unread,
        filled=message.filled,
        objections=tuple(one.text for one in message.objections),
        write_key=message.write_key,
        verdict=masked_verdict(verdict),
        deliveries=deliveries,
        receipt=view_of(receipt),
        source_kind=message.source_kind,
    )


def view_of(receipt: Receipt, *, with_body: bool = False) -> ReceiptView:
    """Return what a viewer is given of a request: its secret headers masked, its body only on demand."""
    # Of what Mixpanel's SDKs send the body is shown: it is encoded.
    device = receipt.source_kind == "mixpanel"
    headers = tuple(
        (name, mask_authorization(value) if name in SECRET_HEADERS else value)
        for name, value in receipt.headers
    )
    return ReceiptView(
        method=receipt.method,
        path=receipt.path,
        query=receipt.query,
        headers=headers,
        peer=receipt.peer,
        origin=receipt.origin,
        status=receipt.status,
        refused=receipt.refused,
        body_bytes=len(receipt.body),
        body=_shown_body(receipt) if with_body or device else b"",
    )


def _shown_body(receipt: Receipt) -> bytes:
    """Return the beginning of a request's body: of a record's request without its compression."""
    if receipt.source_kind == "mixpanel" and receipt.refused is None:
        return inflate(receipt.body, receipt.header("content-encoding") or "")[:BODY_SHOWN]
    return receipt.body[:BODY_SHOWN]
