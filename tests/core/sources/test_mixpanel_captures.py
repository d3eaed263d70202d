"""Every request that Mixpanel's own SDKs were seen to send is accepted, and comes out whole."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from ingesting import Captured, Sink, ask, captured, ingest_app

from segtap.core.codec import decode
from segtap.core.index.replay import replay_receipts
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.pipeline.lines import Given, given_messages
from segtap.core.settings import Destination
from segtap.core.sources.mixpanel.exported import record_line

SDKS = ("mixpanel-browser", "mixpanel-node", "mixpanel-python")


def data_of(request: Captured) -> str | None:
    """The field data, from the body or from the query."""
    fields = parse_qs(request.text.decode("latin-1") if request.text[:5] == b"data=" else request.query)
    return fields["data"][0] if "data" in fields else None


def read(text: bytes) -> Any:
    """JSON, in which mixpanel-browser's own base64 writes an emoji as two halves."""
    halves = text.decode("utf-8", "surrogatepass")
    return json.loads(halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le"))


def records_in(data: str) -> list[Any]:
    value = read(data.encode() if data[:1] in "[{" else base64.b64decode(data))
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", SDKS)
async def test_every_request_is_accepted_and_comes_out_whole(name: str) -> None:
    records = 0
    for request in captured(name):
        sink = Sink()
        target = f"{request.path}?{request.query}" if request.query else request.path
        answer = await ask(ingest_app(sink), request.method, target, request.body, request.headers)
        assert answer.status == (204 if request.method == "OPTIONS" else 200), request.notes
        data = data_of(request)
        if data is None or request.method == "OPTIONS":
            assert sink.receipts == []
            continue
        verbose = re.search(r"verbose=1", request.query + request.text.decode("latin-1"))
        assert answer.body == (b'{"status":1,"error":null}' if verbose else b"1"), request.notes
        (receipt,) = sink.receipts
        assert (receipt.source_kind, receipt.body, receipt.refused) == ("mixpanel", request.body, None)
        messages = parse_receipt(receipt)
        assert [one.document for one in messages] == records_in(data)
        assert [read(one.original) for one in messages] == records_in(data)
        records += len(messages)
        assert {one.endpoint.partition("?")[0] for one in messages} <= {
            "/track",
            "/engage",
            "/groups",
            "/import",
        }
    assert records > 30


@pytest.mark.parametrize("name", SDKS)
def test_a_pasted_body_and_the_same_received_give_the_same_json(name: str) -> None:
    seen = 0
    for request in captured(name):
        data = data_of(request)
        if data is None:
            continue
        seen += 1
        pasted = request.text.decode() or f"https://api.mixpanel.com{request.path}?{request.query}"
        for text in (pasted, data):
            found = decode(text).value
            assert (found if isinstance(found, list) else [found]) == records_in(data)
    assert seen > 20


@pytest.mark.parametrize(
    "encoded",
    [
        base64.b64encode('{"event":"é","properties":{"token":"t"}}'.encode("latin-1")),
        base64.b64encode(b'{"event":"\xed\xa0\xbd\xed\xb8\x80","properties":{"token":"t"}}'),
        base64.urlsafe_b64encode('{"event":"ü>>>?","properties":{"token":"t"}}'.encode()).rstrip(b"="),
        base64.b64encode('{"event":"ü>>>?","properties":{"token":"t"}}'.encode()).replace(b"+", b" "),
        quote(base64.encodebytes(b'{"event":"%s","properties":{"token":"t"}}' % (b"lines " * 30))).encode(),
        quote('{"event":"é","properties":{"token":"t"}}'.encode("latin-1")).encode(),
        base64.b64encode(b'\xef\xbb\xbf{"event":"\xe9","properties":{"token":"t"}}'),
        base64.b64encode(b'{"event":"\xe9 \xc3\xbc","properties":{"token":"t"}}'),
        quote(b'{"event":"\xed\xa0\xbd\xed\xb8\x80","properties":{"token":"t"}}').encode(),
        quote(b'{"event":"\xed\xa0\xbd","properties":{"token":"t"}}').encode(),
        quote('{"event":"a+b 100% %41 &amp;","properties":{"token":"t"}}').encode(),
    ],
)
async def test_an_odd_field_gives_the_same_json_pasted_and_received(encoded: bytes) -> None:
    sink = Sink()
    await ask(ingest_app(sink), "POST", "/track/", b"data=" + encoded)
    (message,) = parse_receipt(sink.taken[0])
    for pasted in (encoded.decode(), f"data={encoded.decode()}", b"data=" + encoded):
        assert message.document == decode(pasted).value


@pytest.mark.parametrize("encoded", [True, False])
async def test_what_is_not_utf8_is_read_alike_received_exported_replayed_and_pasted(encoded: bool) -> None:
    records = [
        b'{"event":"\xe9","properties":{"token":"t"}}',
        '{"event":"ü","properties":{"token":"t"}}'.encode(),
    ]
    body = b"[" + b",".join(records) + b"]"
    sink = Sink()
    sent = b"data=" + quote(base64.b64encode(body)).encode() if encoded else body
    await ask(ingest_app(sink), "POST", "/track/", sent)
    messages = parse_receipt(sink.taken[0])
    assert [one.document["event"] for one in messages] == ["é" if encoded else "\ufffd", "ü"]
    lines = [record_line(one) for one in messages]
    exported = [
        one.message for one in given_messages(lines, destination=Destination()) if isinstance(one, Given)
    ]
    (replay,) = replay_receipts(messages, wanted=False)
    for again in (exported, parse_receipt(replay)):
        assert [one.document for one in again] == [one.document for one in messages]
        assert [one.original for one in again] == [one.original for one in messages]
    if not encoded:
        assert decode(body).value == [one.document for one in messages]
