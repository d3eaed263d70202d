"""What real SDKs put on the wire is taken, and comes out whole."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ingesting import NOW, Captured, Sink, ask, captured, ingest_app

from segtap.core.index.labels import describe, source_label
from segtap.core.messages import CALL_TYPES, Marks, Message, Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.sources.segment.objections import PUBLIC_ADDRESS

SDKS = {
    "segment-analytics-next": "web",
    "segment-analytics-node": "node",
    "segment-analytics-python": "python",
}
ADDED = {"receivedAt", "originalTimestamp", "timestamp", "sentAt", "messageId", "type"}


def requests(name: str, *, messages: bool = True) -> list[Captured]:
    return [
        request
        for request in captured(name)
        if (request.method == "POST" and not request.path.endswith("/m")) is messages
    ]


async def taken(request: Captured) -> tuple[int, Receipt]:
    sink = Sink()
    target = f"{request.path}?{request.query}" if request.query else request.path
    answer = await ask(ingest_app(sink), request.method, target, request.body, request.headers)
    (receipt,) = sink.receipts
    return answer.status, receipt


def sent_messages(request: Captured) -> list[dict[str, Any]]:
    def null(_: str) -> None:
        return None

    document = json.loads(request.text, parse_constant=null)
    return document.get("batch", [document])


@pytest.mark.parametrize("name", SDKS)
async def test_every_request_is_acknowledged_and_each_message_comes_out_whole(name: str) -> None:
    sent = 0
    for request in requests(name):
        status, receipt = await taken(request)
        assert status == 200, request.notes
        assert receipt.body == request.body
        messages = parse_receipt(receipt)
        originals = sent_messages(request)
        assert len(messages) == len(originals)
        for message, original in zip(messages, originals, strict=True):
            sent += 1
            assert message.type == original["type"]
            assert message.type in CALL_TYPES
            assert message.message_id == original["messageId"]
            assert message.write_key in ("WEBKEY", "NODEKEY", "PYKEY")
            assert source_label(message.document) == SDKS[name]
            assert message.document["originalTimestamp"] == original["timestamp"]
            assert message.document["receivedAt"] == "2026-11-24T22:02:43.873Z"
            kept = {key: value for key, value in original.items() if key not in ADDED}
            assert {key: message.document.get(key) for key in kept} == kept
            assert set(message.document) <= set(original) | ADDED
            assert json.loads(message.original, parse_constant=lambda _: None) == original
    assert sent > 50


@pytest.mark.parametrize("name", SDKS)
def test_only_what_segment_would_really_refuse_is_marked(name: str) -> None:
    for request in requests(name):
        for message in parse_receipt(_receipt(request)):
            too_large = len(message.original) > 32 * 1024 or len(request.text) > 500 * 1024
            assert bool(message.marks & Marks.WOULD_REJECT) is (too_large or b"NaN" in request.text)
            notes = [one for one in message.objections if one != PUBLIC_ADDRESS]
            assert bool(notes) is bool(message.marks & Marks.WOULD_REJECT)


async def test_the_755_kb_batch_says_both_of_its_faults() -> None:
    (request,) = [each for each in requests("segment-analytics-node") if len(each.body) > 700_000]
    status, receipt = await taken(request)
    assert status == 200
    assert tuple(one.text for one in parse_receipt(receipt)[0].objections) == (
        "Segment would reject this: its batch is 737.3 KB, the limit is 500 KB",
        "Segment would reject this: 49.1 KB, its limit is 32 KB",
    )


async def test_the_nan_that_python_writes_reads_as_null_and_stays_in_the_original() -> None:
    (request,) = [
        each for each in requests("segment-analytics-python") if b"NaN}" in each.body or b"NaN," in each.body
    ]
    status, receipt = await taken(request)
    (message,) = parse_receipt(receipt)
    assert status == 200
    assert message.document["properties"] == {"a": None, "b": None}
    assert b'"a": NaN' in message.original
    assert tuple(one.text for one in message.objections) == (
        "Segment would reject this: NaN at $.properties.a is no JSON (it reads as null here)",
        "Segment would reject this: Infinity at $.properties.b is no JSON (it reads as null here)",
    )
    assert message.marks == Marks.WOULD_REJECT


async def test_gzipped_bodies_read_the_same_as_plain_ones() -> None:
    packed = next(each for each in requests("segment-analytics-python") if each.body != each.text)
    assert packed.body[:2] == b"\x1f\x8b"
    plain = packed._replace(body=packed.text)
    assert _documents(parse_receipt((await taken(packed))[1])) == _documents(
        parse_receipt((await taken(plain))[1])
    )


async def test_the_browsers_other_requests_are_answered_and_leave_no_message() -> None:
    sink = Sink()
    app = ingest_app(sink)
    seen: set[str] = set()
    for request in requests("segment-analytics-next", messages=False):
        if request.path.endswith(".js.gz"):
            continue
        answer = await ask(app, request.method, request.path, request.body, request.headers)
        headers = dict(request.headers)
        assert answer.status in (200, 204)
        assert answer.headers["access-control-allow-origin"] == headers["origin"]
        if request.method == "OPTIONS":
            wanted = headers["access-control-request-headers"]
            assert answer.headers["access-control-allow-headers"] == wanted
        seen.add(re.sub(r"/c\d", "", f"{request.method} {request.path}"))
    assert sink.receipts == []
    assert {"GET /v1/projects/WEBKEY/settings", "POST /v1/m", "OPTIONS /v1/t", "OPTIONS /b"} <= seen


async def test_both_forms_of_the_pixel() -> None:
    encoded, dotted = captured("pixel-synthetic")
    for request, name, user in (
        (encoded, "Email Opened", "025pikachu025"),
        (dotted, "Email Opened", "user_123"),
    ):
        sink = Sink()
        target = f"{request.path}?{request.query}"
        answer = await ask(ingest_app(sink), "GET", target, headers=request.headers)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.body.startswith(b"GIF89a")
        (message,) = parse_receipt(sink.receipts[0])
        assert sink.receipts[0].origin == "pixel"
        assert (message.type, *describe(message)) == ("track", name, user)
        assert message.document["properties"]
        assert "$.type" in message.filled
        assert message.write_key in ("YOUR_WRITE_KEY", "WK")


def _receipt(request: Captured) -> Receipt:
    return Receipt(
        uid="a",
        received_at=NOW,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=request.body,
    )


def _documents(messages: list[Message]) -> list[object]:
    return [message.document for message in messages]
