"""Details of messages for tests of the screen: captured calls and what Mixpanel would get of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec

from segtap.core.api.models import MessageDetail, ReceiptView, Summary
from segtap.core.delivery import Delivery, DeliveryState, Outcome
from segtap.core.messages import Marks
from segtap.core.verdict import Finding, Operation, OutgoingRequest, Translation, Verdict

NOW = 1795516867211
"""2026-11-24T10:41:07.211Z: four seconds after the order was made."""
TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "Basic ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA6"

MESSAGES: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "messages.json").read_text("utf-8"))
"""`order` and `identify` as analytics-node sent them, `page` as analytics.js did."""


def detail(
    document: Any,
    *,
    original: bytes | None = None,
    filled: tuple[str, ...] = (),
    objections: tuple[str, ...] = (),
    translation: Translation | None = None,
    findings: tuple[Finding, ...] = (),
    marks: Marks = Marks.NONE,
    delivery: DeliveryState = DeliveryState.OFF,
    deliveries: tuple[Delivery, ...] = (),
    write_key: str = "NODEKEY",
    id: int = 7 << 20,
) -> MessageDetail:
    """A message's detail; summary and receipt follow from the document."""
    verdict = Verdict(translation or Translation(), findings)
    return MessageDetail(
        summary=Summary(
            id=id,
            received_at=NOW - 3500,
            type=document.get("type", ""),
            name=str(document.get("event") or document.get("name") or document.get("type", "")),
            user=str(document.get("userId") or document.get("anonymousId") or ""),
            source="node",
            errors=verdict.errors,
            warnings=verdict.warnings,
            marks=int(marks),
            delivery=delivery,
            message_id=str(document.get("messageId", "")),
        ),
        document=msgspec.json.encode(document),
        original=original if original is not None else msgspec.json.encode(document),
        filled=filled,
        objections=objections,
        write_key=write_key,
        verdict=verdict,
        deliveries=deliveries,
        receipt=ReceiptView(
            method="POST",
            path="/v1/batch",
            headers=(("content-type", "application/json"), ("authorization", "Basic ••••")),
            peer="127.0.0.1",
        ),
    )


def order(*, bad: bool = False, **changes: Any) -> MessageDetail:
    """The order, with the three requests that a workspace with increments makes of it.

    `bad`: under a messageId that Mixpanel refuses, with the findings that go with it.
    """
    call = MESSAGES["order"]
    message_id = "order_991" if bad else call["messageId"]
    document = {
        **call,
        "messageId": message_id,
        "receivedAt": "2026-11-24T10:41:03.711Z",
        "sentAt": "2026-11-24T10:41:03.700Z",
    }
    event = {
        "event": "Order Completed",
        "properties": {
            "time": 1795516863211,
            "ip": "203.0.113.7",
            "id": "u-1",
            "distinct_id": "u-1",
            "$app_build_number": "301",
            "$app_version_string": "2.1",
            "$insert_id": message_id,
            "$os": "Android",
            "$source": "segment",
            "$user_id": "u-1",
            "timezone": "Europe/Paris",
            **call["properties"],
        },
    }
    translation = Translation(
        (
            Operation("Order Completed Calls", "trackPurchase", imported(event)),
            Operation("Revenue", "incrementProperties", engaged("/engage", {"$add": {"revenue": 27.5}})),
            Operation("Seen", "identifyUser", engaged("/engage", {"$set": {"last_order": "1"}})),
        )
    )
    findings = (
        Finding(
            "property-dropped",
            "warning",
            "$.properties.products",
            "products is an array of objects: Mixpanel keeps one level of them",
            "send one event a product, or flatten it",
        ),
        Finding(
            "insert-id-charset",
            "error",
            "requests[0].body[0].properties.$insert_id",
            'messageId "order_991": Mixpanel takes letters, digits and - only',
            "send a UUID as messageId",
        ),
    )
    given: dict[str, Any] = {
        "original": json.dumps({**call, "messageId": message_id}, ensure_ascii=False).encode(),
        "filled": ("$.receivedAt", "$.sentAt"),
        "translation": translation,
        "findings": findings if bad else (),
    }
    return detail(document, **{**given, **changes})


def imported(event: Any) -> OutgoingRequest:
    """An /import request of one event."""
    return OutgoingRequest(
        "POST",
        "https://api.mixpanel.com/import?strict=1",
        content_type="application/json",
        authorization=SECRET,
        body=[event],
    )


def engaged(path: str, update: Any) -> OutgoingRequest:
    """A profile update."""
    return OutgoingRequest(
        "POST",
        f"https://api.mixpanel.com{path}",
        content_type="application/x-www-form-urlencoded",
        body={"$token": TOKEN, "$distinct_id": "u-1", **update},
    )


def classic(**changes: Any) -> MessageDetail:
    """The page call as the classic destination sends it: base64 in the query."""
    call = MESSAGES["page"]
    body: Any = {
        "event": "Loaded a Page",
        "properties": {"token": TOKEN, "distinct_id": call["anonymousId"], "time": 1795557600},
    }
    request = OutgoingRequest(
        "GET",
        "https://api.mixpanel.com/track",
        query={"verbose": 1, "api_key": "fedcba9876543210fedcba9876543210"},
        data=base64.b64encode(json.dumps(body).encode()).decode(),
        body=body,
    )
    return detail(call, translation=Translation((Operation("page", "page", request),)), **changes)


def refused(
    body: bytes = b'{"type": "track", "event": "Half a', *, why: str = "not JSON: byte 34"
) -> MessageDetail:
    """A request that was answered with 400."""
    return MessageDetail(
        summary=Summary(
            id=8 << 20,
            received_at=NOW - 1000,
            type="",
            name=why,
            user="",
            source="web",
            errors=0,
            warnings=0,
            marks=int(Marks.REFUSED),
            delivery=DeliveryState.NONE,
            message_id="",
        ),
        document=b"",
        original=b"",
        verdict=Verdict(Translation()),
        receipt=ReceiptView(
            method="POST",
            path="/v1/track",
            headers=(("content-type", "application/json"),),
            status=400,
            refused=why,
            body_bytes=len(body),
            body=body[:65536],
        ),
    )


def attempts() -> tuple[Delivery, ...]:
    """An order that was tried twice: its event refused, its profile update accepted."""
    return (
        Delivery(
            message=7 << 20,
            operation=0,
            at=NOW - 3000,
            endpoint="/import",
            outcome=Outcome.RETRY,
            status=503,
            words="Service Unavailable",
            of=14,
            index=3,
            took=212,
        ),
        Delivery(
            message=7 << 20,
            operation=0,
            at=NOW - 800,
            endpoint="/import",
            outcome=Outcome.REFUSED,
            status=400,
            words="'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
            attempt=2,
            of=14,
            index=3,
            took=187,
        ),
        Delivery(
            message=7 << 20,
            operation=1,
            at=NOW - 700,
            endpoint="/engage",
            outcome=Outcome.SENT,
            status=200,
            took=96,
        ),
    )
