"""`segtap proxy` against stand-ins of the three servers: what it sends, answers and shows."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import msgspec
import pytest
from engines import engine_settings, listed, running_engine, track
from ingesting import NOW, Sink
from standins import OK, StandIn, http, stand_in

from segtap.core.errors import ForwardingRefused
from segtap.core.faults import Faults
from segtap.core.messages import JsonObject, Marks, Message
from segtap.core.objections import read_objection
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.proxy.app import ProxyApp
from segtap.core.proxy.hosts import upstreams_of
from segtap.core.proxy.passing import Passing
from segtap.core.serve.server import WebServer, listen
from segtap.core.settings import IngestSettings, ProxySettings, Settings

PAGE = "http://shop.example"


class Proxied(NamedTuple):
    """A proxy that keeps its receipts in memory, and what stands behind it."""

    url: str
    sink: Sink
    faults: Faults
    segment: StandIn
    cdn: StandIn
    mixpanel: StandIn
    http: httpx.AsyncClient

    def messages(self) -> list[Message]:
        return [message for receipt in self.sink.taken for message in parse_receipt(receipt)]


@pytest.fixture
async def proxied() -> AsyncIterator[Proxied]:
    async with AsyncExitStack() as stack:
        yield await start(stack)


async def start(
    stack: AsyncExitStack,
    *,
    limits: dict[str, Any] | None = None,
    urls: dict[str, str] | None = None,
    **more: Any,
) -> Proxied:
    """Start a proxy; `limits` are keys of `[ingest]`, `urls` and `more` keys of `[proxy]`."""
    segment, cdn, mixpanel = [await stack.enter_async_context(stand_in()) for _ in range(3)]
    settings = Settings(
        ingest=IngestSettings(port=0, **(limits or {})),
        proxy=ProxySettings(
            **{
                "segment_api_url": segment.url,
                "segment_cdn_url": cdn.url,
                "mixpanel_api_url": mixpanel.url,
                **(urls or {}),
                **more,
            }
        ),
    )
    sink, faults = Sink(), Faults()
    passing = Passing(settings.proxy.answer_timeout)
    stack.push_async_callback(passing.close)
    app = ProxyApp(sink, settings.ingest, upstreams_of(settings), passing, clock=lambda: NOW, faults=faults)
    listener = listen(settings.ingest)
    server = WebServer(app, listener, settings.ingest, dated=False)
    await server.start()
    stack.push_async_callback(server.stop)
    client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
    return Proxied(listener.urls[0], sink, faults, segment, cdn, mixpanel, client)


def batch(*ids: str) -> bytes:
    return json.dumps({"batch": [track(id) for id in ids], "writeKey": "wk"}).encode()


async def raw(url: str, request: bytes) -> bytes:
    """Send bytes, and give all that is answered until the connection ends."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_request_and_answer_are_passed_on_byte_by_byte(proxied: Proxied) -> None:
    body = gzip.compress(batch("m-1", "m-2"))
    proxied.segment.answer = http(
        200, gzip.compress(OK), "Content-Encoding: gzip", "Date: Mon, 02 Jan 2023 03:04:05 GMT",
        "X-Request-Id: 7", "Set-Cookie: a=1", "Set-Cookie: b=2", "Keep-Alive: timeout=5",
    )  # fmt: skip
    request = (
        b"POST /segment/v1/b%%61tch//x/../y?a=1&a=%%20;{} HTTP/1.1\r\nHost: shop.example\r\n"
        b"Connection: close, x-hop\r\nX-Hop: 1\r\nContent-Encoding: gzip\r\n"
        b"Authorization: Basic d2s6\r\nX-Own: a\r\nX-Own: b\r\n"
        b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    ) + body
    answer = await raw(proxied.url, request)
    (asked,) = proxied.segment.requests
    assert asked.line == "POST /v1/b%61tch//x/../y?a=1&a=%20;{} HTTP/1.1"
    assert asked.body == body
    assert {name.lower(): value for name, value in asked.headers} == {
        "host": proxied.segment.url.removeprefix("http://"),
        "content-encoding": "gzip",
        "authorization": "Basic d2s6",
        "x-own": "b",
        "content-type": "text/plain",
        "content-length": str(len(body)),
    }
    assert [value for name, value in asked.headers if name.lower() == "x-own"] == ["a", "b"]
    head, _, content = answer.partition(b"\r\n\r\n")
    assert content == gzip.compress(OK) or gzip.decompress(content) == OK
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "http/1.1 200 ok"
    assert sorted(lines[1:]) == sorted(
        [
            "content-encoding: gzip",
            f"content-length: {len(content)}",
            "date: mon, 02 jan 2023 03:04:05 gmt",
            "x-request-id: 7",
            "set-cookie: a=1",
            "set-cookie: b=2",
            "connection: close",
        ]
    )


async def test_messages_are_kept_once_and_marked_as_copies(proxied: Proxied) -> None:
    answer = await proxied.http.post(f"{proxied.url}/segment/v1/batch", content=batch("m-1", "m-2"))
    assert (answer.status_code, answer.content) == (200, OK)
    query = "data=eyJldmVudCI6IlBpeGVsIiwidXNlcklkIjoidSJ9&writeKey=wk"
    await proxied.http.get(f"{proxied.url}/segment/v1/pixel/track?{query}")
    assert proxied.segment.requests[-1].line.startswith(f"GET /v1/pixel/track?{query} ")
    messages = proxied.messages()
    assert [one.document["event"] for one in messages] == ["Signed Up", "Signed Up", "Pixel"]
    assert [one.message_id for one in messages[:2]] == ["m-1", "m-2"]
    assert {one.marks for one in messages} == {Marks.TEED}
    assert not any(one.wanted for one in messages)


async def test_settings_preflights_and_metrics_are_only_passed_on(proxied: Proxied) -> None:
    proxied.cdn.answer = http(200, b'{"integrations": {}}', "Access-Control-Allow-Origin: *", "ETag: x")
    answer = await proxied.http.get(f"{proxied.url}/cdn/v1/projects/wk/settings", headers={"Origin": PAGE})
    assert (answer.content, answer.headers["etag"]) == (b'{"integrations": {}}', "x")
    assert answer.headers["access-control-allow-origin"] == "*"
    proxied.segment.answer = http(204, b"", "Access-Control-Allow-Origin: *", length=False)
    asked = await proxied.http.options(f"{proxied.url}/segment/v1/t", headers={"Origin": PAGE})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    proxied.segment.answer = http(200, OK)
    await proxied.http.post(f"{proxied.url}/segment/v1/m", json={"series": []})
    assert [one.line.split()[0] for one in proxied.segment.requests] == ["OPTIONS", "POST"]
    assert proxied.sink.receipts == []


async def test_nothing_but_the_three_servers_is_reached(proxied: Proxied) -> None:
    for path in (
        "/v1/batch",
        "/http://evil.example/",
        "/segmentx/v1/t",
        "//segment/v1/t",
        "/api.segment.io/v1/t",
        "/segment%2Fv1/t",
        "/%73egment/v1/t",
    ):
        answer = await raw(
            proxied.url,
            b"POST %s HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}" % path.encode(),
        )
        assert b"404" in answer.split(b"\r\n")[0]
        assert b"this went nowhere" in answer
    await raw(
        proxied.url,
        b"GET /segment//evil.example/x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    )
    (asked,) = proxied.segment.requests
    assert (asked.line, asked.header("host")) == (
        "GET //evil.example/x HTTP/1.1",
        proxied.segment.url.removeprefix("http://"),
    )
    assert proxied.cdn.requests == proxied.mixpanel.requests == []
    assert all(str(receipt.refused).endswith("this went nowhere") for receipt in proxied.sink.refused)


async def test_a_tunnel_is_not_opened(proxied: Proxied) -> None:
    answer = await raw(proxied.url, b"CONNECT /segment HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"404" in answer.split(b"\r\n")[0]
    assert proxied.segment.requests == []


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_ends_with_its_headers(proxied: Proxied, status: int) -> None:
    proxied.cdn.answer = f"HTTP/1.1 {status} Words\r\nETag: a\r\nContent-Length: 50\r\n\r\n".encode()
    request = b"GET /cdn/x HTTP/1.1\r\nHost: x\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answer = await raw(proxied.url, request + last)  # on one connection, which stays usable
    assert answer.count(b"HTTP/1.1 %d" % status) == answer.count(b"etag: a") == 2
    assert b"content-length" not in answer


async def test_a_header_that_cannot_be_handed_on_is_left_out(proxied: Proxied) -> None:
    proxied.segment.answer = http(200, OK, "X-Odd: a\x01b", "X-Tab: a\tb", "X-Good: ü")
    answer = await proxied.http.post(f"{proxied.url}/segment/v1/batch", content=batch("m-1"))
    assert (answer.status_code, answer.content) == (200, OK)
    assert "x-odd" not in answer.headers
    assert {"x-tab", "x-good"} <= answer.headers.keys()


async def test_what_the_server_refuses_is_handed_back_and_shown_with_its_words(proxied: Proxied) -> None:
    refusal = b'{"success": false, "message": "Invalid write key"}'
    proxied.segment.answer = http(401, gzip.compress(refusal), "Content-Encoding: gzip", "Retry-After: 3")
    answer = await proxied.http.post(f"{proxied.url}/segment/v1/batch", content=batch("m-1"))
    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (401, refusal, "3")
    (message,) = proxied.messages()
    assert message.marks == Marks.TEED | Marks.WOULD_REJECT
    host = proxied.segment.url.removeprefix("http://")
    (objection,) = message.objections
    assert objection.text == f"Not accepted: {host} answered 401: Invalid write key"
    assert read_objection(objection.text) == objection


def form(*records: JsonObject) -> bytes:
    """A batch as Mixpanel's SDK in a page posts it."""
    return b"data=" + quote(base64.b64encode(json.dumps(records).encode())).encode()


RECORD: JsonObject = {
    "event": "Seen",
    "properties": {"token": "tok", "distinct_id": "u-1", "time": 1795557763.873, "$insert_id": "i-1"},
}


async def test_what_mixpanels_sdk_sends_is_passed_on_and_kept(proxied: Proxied) -> None:
    taken = b'{"status":1,"error":null}'
    proxied.mixpanel.answer = http(200, taken, f"Access-Control-Allow-Origin: {PAGE}")
    url, body = f"{proxied.url}/mixpanel/track/?verbose=1&ip=1&_=7", form(RECORD)
    answer = await proxied.http.post(url, content=body, headers={"Origin": PAGE})
    assert (answer.content, answer.headers["access-control-allow-origin"]) == (
        b'{"status":1,"error":null}',
        PAGE,
    )
    (asked,) = proxied.mixpanel.requests
    assert (asked.line, asked.body) == ("POST /track/?verbose=1&ip=1&_=7 HTTP/1.1", body)
    (message,) = proxied.messages()
    assert (message.source_kind, message.document, message.marks) == ("mixpanel", RECORD, Marks.TEED)
    assert not message.wanted


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"0", "answered 200: 0"), (b'{"status":0,"error":"token, missing"}', "answered 200: token, missing")],
)
async def test_mixpanel_refuses_with_status_200(proxied: Proxied, answer: bytes, words: str) -> None:
    proxied.mixpanel.answer = http(200, answer)
    found = await proxied.http.post(
        f"{proxied.url}/mixpanel/engage", content=form({"$token": "t", "$set": {}})
    )
    assert found.content == answer
    (message,) = proxied.messages()
    assert message.marks == Marks.TEED | Marks.WOULD_REJECT
    assert message.objections[0].text.endswith(words)


async def test_recordings_flags_and_settings_are_only_passed_on(proxied: Proxied) -> None:
    proxied.mixpanel.answer = http(200, b"{}")
    record = f"{proxied.url}/mixpanel/record/?format=gzip&replay_id=r-1&seq=1"
    await proxied.http.post(
        record, content=gzip.compress(b"[]"), headers={"Content-Type": "application/octet-stream"}
    )
    await proxied.http.get(f"{proxied.url}/mixpanel/flags/?context=%7B%7D&token=tok")
    await proxied.http.get(f"{proxied.url}/mixpanel/settings/?$lib=web&token=tok&sdk_config=1")
    assert len(proxied.mixpanel.requests) == 3
    assert proxied.sink.receipts == []


async def test_in_an_engine_a_retry_of_what_was_refused_is_no_second_receipt(tmp_path: Path) -> None:
    async with stand_in() as segment:
        settings = msgspec.structs.replace(
            engine_settings(tmp_path), proxying=True, proxy=ProxySettings(segment_api_url=segment.url)
        )
        async with running_engine(settings) as (engine, viewer), httpx.AsyncClient(trust_env=False) as client:
            segment.mode = "close"
            url = f"{engine.url}/segment/v1/batch"
            assert (await client.post(url, content=batch("m-1"))).status_code == 502
            assert "gave no answer" in (await viewer.state()).fault
            segment.mode = "answer"
            for _ in range(2):
                assert (await client.post(url, content=batch("m-1"))).status_code == 200
            assert (await viewer.state()).fault == ""
            marks = [Marks(line.marks) for line in await listed(viewer, 3)]
            assert marks == [
                Marks.TEED | Marks.WOULD_REJECT,
                Marks.TEED,
                Marks.TEED | Marks.SECOND_RECEIPT,
            ]
            with pytest.raises(ForwardingRefused, match="passes every request on already"):
                await viewer.set_forwarding(True)


@pytest.mark.parametrize(
    ("mode", "status", "words"),
    [
        ("close", 502, "gave no answer"),
        ("reset", 502, "gave no answer"),
        ("half", 502, "gave no answer"),
        ("garbage", 502, "gave no answer"),
        ("999", 502, "999 is not the status of an answer"),
        ("101", 502, "gave no answer"),
        ("silent", 504, "nothing came within 0.2 s"),
        ("refused", 502, "gave no answer"),
    ],
)
async def test_a_server_without_an_answer_is_answered_for(mode: str, status: int, words: str) -> None:
    async with AsyncExitStack() as stack:
        nobody = "http://127.0.0.1:1" if mode == "refused" else ""
        proxied = await start(
            stack,
            urls={"segment_api_url": nobody, "mixpanel_api_url": nobody} if nobody else None,
            answer_timeout=0.2 if mode == "silent" else 30.0,
        )
        for one in (proxied.segment, proxied.mixpanel):
            one.mode = mode if mode in ("close", "reset", "half", "silent") else "answer"
            if mode == "garbage":
                one.answer = bytes(range(256)) * 8
            elif mode.isdigit():
                one.answer = http(int(mode))
        answer = await proxied.http.post(
            f"{proxied.url}/segment/v1/batch", content=batch("m-1"), headers={"Origin": PAGE}
        )
        assert answer.status_code == status
        assert answer.json()["success"] is False
        assert words in answer.json()["message"]
        assert answer.headers["access-control-allow-origin"] == PAGE
        (message,) = proxied.messages()
        assert (message.message_id, message.marks) == ("m-1", Marks.TEED | Marks.WOULD_REJECT)
        assert words in message.objections[0].words
        assert words in str(proxied.faults)
        answer = await proxied.http.post(f"{proxied.url}/mixpanel/track/", content=b"data=e30")
        assert (answer.status_code, answer.content) == (status, b"0")
        answer = await proxied.http.post(f"{proxied.url}/mixpanel/track/?verbose=1", content=b"data=e30")
        assert (answer.status_code, answer.json()["status"]) == (status, 0)
        assert words in answer.json()["error"]


async def test_a_server_without_tls_is_a_fault_and_not_passed_on_to() -> None:
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(stand_in())
        plain.mode = "no tls"
        proxied = await start(stack, segment_api_url=plain.url.replace("http:", "https:"))
        answer = await proxied.http.post(f"{proxied.url}/segment/v1/batch", content=batch("m-1"))
        assert answer.status_code == 502
        assert "SSL" in answer.json()["message"]
        assert plain.requests == []


async def test_large_bodies_are_streamed_both_ways(proxied: Proxied) -> None:
    size = 12 * 1024 * 1024
    big = bytes(range(256)) * (size // 256)
    proxied.cdn.answer = http(200, big)
    assert (await proxied.http.get(f"{proxied.url}/cdn/analytics.js")).content == big
    sent = asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, size, 1 << 20):
            yield big[start : start + (1 << 20)]
            if start == 8 << 20:
                while proxied.segment.received < 4 << 20:  # noqa: ASYNC110 – the stand-in has no event for it
                    await asyncio.sleep(0.005)
                sent.set()

    answer = await proxied.http.post(f"{proxied.url}/segment/v1/batch", content=parts())
    assert answer.status_code == 200
    assert sent.is_set()
    assert proxied.segment.requests[0].body == big
    (receipt,) = proxied.sink.refused
    assert "12 MB" in str(receipt.refused)
    assert str(receipt.refused).endswith("; it was passed on")


async def test_a_client_that_hangs_up_or_stalls_is_kept_as_refused() -> None:
    async with AsyncExitStack() as stack:
        proxied = await start(stack, limits={"body_timeout": 0.2})
        head = b"POST /segment/v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
        assert b"408" in (await raw(proxied.url, head)).split(b"\r\n")[0]
        _, writer = await asyncio.open_connection("127.0.0.1", int(proxied.url.rpartition(":")[2]))
        writer.write(head)
        await writer.drain()
        writer.transport.abort()
        await proxied.sink.until(2)
        stalled, gone = (str(receipt.refused) for receipt in proxied.sink.refused)
        assert "it was passed on" not in stalled + gone
        assert "not complete after 0.2 s" in stalled
        assert "hung up" in gone
        assert proxied.segment.requests == []
