"""Odd connections: offers of other protocols, half-closed ones, heads without end, and what is no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ingesting import Sink, ingest_app
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from segtap.core.ingest.http_protocol import IS_HTTP2, IS_TLS
from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.serve.server import WebServer, listen
from segtap.core.settings import IngestSettings

BODY = json.dumps({"type": "track", "event": "E", "userId": "u", "messageId": "m-1"}).encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"


@contextlib.asynccontextmanager
async def listening(sink: Sink, **more: Any) -> AsyncIterator[int]:
    settings = IngestSettings(host=("127.0.0.1",), port=0, **more)
    listener = listen(settings)
    app = ingest_app(sink, **more)
    web = WebServer(app, listener, settings, app.keep_malformed)
    await web.start()
    try:
        yield listener.port
    finally:
        await web.stop()


async def said(port: int, *parts: bytes, end: bool = False) -> bytes:
    """What the endpoint says until it closes, or answers once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    if end:
        writer.write_eof()
        answer = await reader.read()
    else:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = head + await reader.readexactly(size)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "parts",
    [
        (b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + H2C + LENGTH + b"\r\n" + BODY,),
        (b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + H2C + LENGTH + b"\r\n", BODY[:9], BODY[9:]),
        (
            b"POST /v1/t HTTP/1.1\r\nHost: a\r\nUpg",
            b"rade: h2c\r\nConnection: upgrade\r\n" + LENGTH + b"\r\n" + BODY,
        ),
        (
            b"POST /v1/t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + H2C + b"\r\n",
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
        ),
        (
            b"POST /v1/t HTTP/1.1\r\nHost: a\r\n"
            + H2C.replace(b"h2c", b"websocket")
            + LENGTH
            + b"\r\n"
            + BODY,
        ),
    ],
    ids=["at once", "in parts", "split head", "chunked", "WebSocket"],
)
async def test_an_offer_of_another_protocol_costs_no_message(parts: tuple[bytes, ...]) -> None:
    sink = Sink()
    async with listening(sink) as port:
        assert (await said(port, *parts)).startswith(b"HTTP/1.1 200 ")
        (receipt,) = sink.taken
        assert receipt.body == BODY
        assert receipt.header("upgrade") in ("h2c", "websocket")
        assert parse_receipt(receipt)[0].message_id == "m-1"


async def test_the_connection_goes_on_after_an_offer() -> None:
    sink = Sink()
    first = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + H2C + LENGTH + b"\r\n" + BODY
    second = b"POST /v1/t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + LENGTH + b"\r\n" + BODY
    async with listening(sink) as port:
        answers = await said(port, first + second, end=True)
        assert answers.count(b"HTTP/1.1 200 ") == 2
        assert [receipt.header("upgrade") for receipt in sink.taken] == ["h2c", None]


async def test_who_closes_its_sending_side_is_answered() -> None:
    sink = Sink()
    request = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY
    async with listening(sink) as port:
        assert (await said(port, request, end=True)).endswith(b'{"success": true}')
        assert (await said(port, request * 3, end=True)).count(b'{"success": true}') == 3
        assert await said(port, request[:-5], end=True) == b""
        # In the same piece comes the beginning of another request, which has no address yet.
        assert (await said(port, request + request[:30], end=True)).endswith(b'{"success": true}')
        assert len(sink.taken) == 5
        assert "hung up" in str(sink.refused[0].refused)


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100, 400, IS_TLS),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, IS_HTTP2),
        (b"POST /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "its address is no URL"),
        (b"POST /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 70_000), 414, "address is over 64 KB"),
        (b"hello\r\n\r\n", 400, "Invalid method"),
        (
            b"POST /v1/t HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "Duplicate Content-Length",
        ),
        (b"POST /v1/t HTTP/1.1\r\nX: " + b"a" * (512 * 1024 + 1), 431, "headers are over 512 KB"),
        (b"POST /v1/t HTTP/1.1\r\n" + b"X: a\r\n" * 100_000, 431, "headers are over 512 KB"),
    ],
    ids=[
        "TLS",
        "HTTP/2",
        "no ASCII",
        "long address",
        "no HTTP",
        "two lengths",
        "long header",
        "many headers",
    ],
)
async def test_what_is_no_request_is_answered_as_segment_does_and_seen(
    sent: bytes, status: int, reason: str
) -> None:
    sink = Sink()
    async with listening(sink) as port:
        answer = await said(port, sent)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body["success"] is False
        assert reason in body["message"]
        await sink.until(1)
        (receipt,) = sink.refused
        assert (receipt.status, receipt.refused, receipt.peer) == (status, body["message"], "127.0.0.1")
        assert (await said(port, b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY))[
            9:12
        ] == b"200"


async def test_headers_that_come_whole_are_measured_too() -> None:
    sink = Sink()
    small = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH
    spaces = b" " * 20_000
    async with listening(sink, max_head=8192) as port:
        answer = await said(port, small + b"X: " + b"a" * 9_000 + b"\r\n\r\n" + BODY)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b"headers are over 8 KB" in answer
        await sink.until(1)
        assert (sink.refused[0].status, sink.refused[0].path) == (431, "/v1/t")
        # A large body is none of them.
        long = b"POST /v1/t HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(BODY + spaces)
        assert (await said(port, long + b"\r\n" + BODY + spaces)).startswith(b"HTTP/1.1 200 ")
        # Those before it are answered.
        answers = await said(
            port, small + b"\r\n" + BODY + small + b"X: " + b"a" * 9_000 + b"\r\n\r\n" + BODY, end=True
        )
        assert answers.count(b"HTTP/1.1 200 ") == answers.count(b"HTTP/1.1 431 ") == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [(b"ip=1", b"0"), (b"verbose=1&ip=1", None), (b"img=1", b"0")],
    ids=["plain", "verbose", "image"],
)
async def test_a_long_address_of_mixpanels_sdks_is_refused_in_their_form(
    query: bytes, expected: bytes | None
) -> None:
    sink = Sink()
    origin = b"Origin: https://shop.example\r\n"
    async with listening(sink) as port:
        request = b"GET /track/?%s&data=%s HTTP/1.1\r\nHost: a\r\n%s\r\n" % (query, b"e30" * 30_000, origin)
        head, _, body = (await said(port, request)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 414 ")
        assert b"access-control-allow-origin: https://shop.example\r\n" in head
        assert b"access-control-allow-credentials: true" in head
        await sink.until(1)
        (receipt,) = sink.refused
        assert (receipt.source_kind, receipt.method, receipt.path) == ("mixpanel", "GET", "/track/")
        assert "over 64 KB" in str(receipt.refused)
        if expected is None:
            assert json.loads(body) == {"status": 0, "error": receipt.refused}
        else:
            assert body == expected


async def test_a_head_that_never_ends_is_given_up() -> None:
    sink = Sink()
    async with listening(sink, head_timeout=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY
        writer.write(request)
        await reader.readuntil(b'{"success": true}')
        writer.write(request[:20])
        assert b"408" in await reader.read()
        first, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(request[:20])
        assert b"408" in await first.read()
        other.close()
        await other.wait_closed()
        assert "not complete after 0.05 s" in str(sink.refused[0].refused)
        assert sink.refused[0].path == "/v1/t"
        writer.close()
        await writer.wait_closed()


async def test_a_connection_without_a_word_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.core.serve.server.KEEP_ALIVE", 0.05)
    sink = Sink()
    async with listening(sink) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        assert sink.receipts == []
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("version", "header", "stays"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.0", b"", False),
        (b"1.1", b"Expect: 100-continue\r\n", True),
    ],
)
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("origin", [b"", b"Origin: https://example.com\r\n"])
async def test_the_answer_is_the_same_however_the_request_came(
    version: bytes, header: bytes, stays: bool, parts: int, origin: bytes
) -> None:
    sink = Sink()
    head = b"POST /v1/t HTTP/%s\r\nHost: a\r\n" % version + header + origin + LENGTH + b"\r\n"
    async with listening(sink) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head if parts == 2 else head + BODY)
        if parts == 2:
            if b"Expect" in header:
                await reader.readuntil(b"HTTP/1.1 100 Continue\r\n\r\n")
            # What comes next comes by itself: the engine has read all that was sent before.
            await said(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            writer.write(BODY)
        answer = await reader.readuntil(b'{"success": true}')
        lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
        assert lines[0] == b"HTTP/1.1 200 OK"
        names = [line.partition(b": ")[0] for line in lines[1:]]
        own = [name for name in names if not name.startswith(b"access-control-") and name != b"vary"]
        assert sorted(own) == [
            *([] if stays else [b"connection"]),
            b"content-length",
            b"content-type",
            b"date",
        ]
        assert (b"access-control-allow-origin: https://example.com" in lines) == bool(origin)
        if stays:
            writer.write(head.replace(header, b"Connection: close\r\n") + BODY if header else head + BODY)
            assert await reader.readuntil(b'{"success": true}')
        else:
            assert await reader.read() == b""
        assert [receipt.body for receipt in sink.taken] == [BODY] * (2 if stays else 1)
        writer.close()
        await writer.wait_closed()


async def test_answers_come_in_the_order_of_the_requests() -> None:
    sink = Sink()
    post = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY
    bad = b"POST /v1/t HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{"
    async with listening(sink) as port:
        answers = await said(port, post + bad + post + bad + bad + post, end=True)
        found = [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
        assert found == [b"200", b"400", b"200", b"400", b"400", b"200"]
        assert (len(sink.taken), len(sink.refused)) == (3, 3)


async def test_a_kept_request_is_not_told_of_the_fault_behind_it() -> None:
    sink = Sink()
    post = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY
    async with listening(sink) as port:
        answers = await said(port, post + post + b"hello\r\n\r\n" + post, end=True)
        assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]
        assert b"Invalid method" in answers
        await sink.until(3)
        assert (len(sink.taken), len(sink.refused)) == (2, 1)


def test_who_breaks_off_with_requests_in_line_leaves_no_fault_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    uvloop = pytest.importorskip("uvloop")
    post = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY

    class Held(Sink):
        def __init__(self) -> None:
            super().__init__()
            self.second, self.go_on = asyncio.Event(), asyncio.Event()

        async def __call__(self, receipt: Receipt) -> int:
            if self.receipts:
                self.second.set()
                await self.go_on.wait()
            return await super().__call__(receipt)

    async def main() -> None:
        sink = Held()
        async with listening(sink) as port:
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(post * 3)
            await sink.second.wait()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            # What comes next comes by itself: the engine has seen the end of the first connection.
            await said(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            sink.go_on.set()
            await sink.until(2)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    assert caplog.records == []


async def test_a_body_over_the_cap_is_refused_though_it_came_at_once() -> None:
    sink = Sink()
    async with listening(sink, max_wire=len(BODY)) as port:
        assert (await said(port, b"POST /v1/t HTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY))[9:12] == b"200"
        long = b"POST /v1/t HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s " % (len(BODY) + 1, BODY)
        answer = await said(port, long, end=True)
        assert answer[9:12] == b"400"
        assert b"connection: close" in answer
        assert b"are taken" in answer


async def test_a_request_leaves_no_cycle_of_objects_behind() -> None:
    sink = Sink()
    post = b"POST /v1/t HTTP/1.1\r\nHost: a\r\n" + LENGTH + b"\r\n" + BODY
    async with listening(sink) as port:
        await said(port, post)
        gc.collect()
        gc.disable()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(50):
                writer.write(post)
                await reader.readuntil(b'{"success": true}')
            left = [one for one in gc.get_objects() if isinstance(one, RequestResponseCycle)]
        finally:
            gc.enable()
        # The connection's last one lives as long as it does.
        assert len(left) <= 1
        writer.close()
        await writer.wait_closed()


async def test_a_tunnel_that_asks_for_a_websocket_is_refused() -> None:
    sink = Sink()
    asked = b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    async with listening(sink) as port:
        assert (await said(port, asked, end=True))[9:10] == b"4"
