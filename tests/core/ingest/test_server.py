"""The endpoint on a real uvicorn, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import pytest
from ingesting import Sink, ingest_app, served, to_json

from segtap.core.pipeline.intake import parse_receipt

BATCH = to_json({"batch": [{"type": "track", "event": "E", "userId": "u"}]})


class Client:
    """A connection that writes what it is told and reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = await self.reader.readexactly(int(fields.get(b"content-length", b"0")))
        return int(head.split()[1]), body

    async def ended(self) -> bool:
        return await self.reader.read() == b""

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


class Endpoint:
    def __init__(self, sink: Sink, port: int) -> None:
        self.sink = sink
        self.port = port
        self.clients: list[Client] = []

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    sink = Sink()
    app = ingest_app(sink, body_timeout=0.5, max_wire=100_000, max_decoded=1_000_000)
    async with served(app) as port:
        found = Endpoint(sink, port)
        yield found
        for client in found.clients:
            client.writer.close()


def request(body: bytes, *headers: bytes, target: bytes = b"/v1/batch") -> bytes:
    lines = [b"POST %b HTTP/1.1" % target, b"Host: x", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


async def test_one_connection_carries_many_requests_and_their_refusals(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    for body, status in ((BATCH, 200), (b"{", 400), (BATCH, 200)):
        await client.send(request(body))
        assert (await client.answer())[0] == status
    assert len(endpoint.sink.taken) == 2


async def test_chunked_gzip_in_single_bytes(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(b"POST /v1/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for byte in gzip.compress(BATCH):
        await client.send(b"1\r\n%b\r\n" % bytes([byte]))
    await client.send(b"0\r\n\r\n")
    assert await client.answer() == (200, b'{"success": true}')
    (message,) = parse_receipt(endpoint.sink.taken[0])
    assert message.document["event"] == "E"


async def test_pipelined_requests_are_answered_in_order(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(request(BATCH) + request(b"rubbish") + request(BATCH))
    assert [(await client.answer())[0] for _ in range(3)] == [200, 400, 200]


async def test_garbage_behind_a_request_does_not_take_it_back(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(request(BATCH) + b"\x00\xff\x1b[2J GARBAGE\r\n\r\n")
    assert (await client.answer())[0] in (200, 400)
    await endpoint.sink.until(1)
    other = await endpoint.client()
    await other.send(request(BATCH))
    assert (await other.answer())[0] == 200


async def test_a_slow_client_gets_408_while_others_are_served(endpoint: Endpoint) -> None:
    slow = await endpoint.client()
    await slow.send(request(BATCH)[:-10])
    quick = await endpoint.client()
    for _ in range(20):
        await quick.send(request(BATCH))
        assert (await quick.answer())[0] == 200
    status, body = await slow.answer()
    assert status == 408
    assert "was not complete after 0.5 s" in json.loads(body)["message"]
    assert await slow.ended()
    assert endpoint.sink.refused[0].body == BATCH[:-10]


async def test_a_client_that_drips_is_stopped_as_well(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(b"POST /v1/b HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{")
    dripping = asyncio.create_task(_drip(client))
    try:
        assert (await client.answer())[0] == 408
    finally:
        dripping.cancel()
    assert endpoint.sink.refused[0].status == 408


async def _drip(client: Client) -> None:
    while True:
        client.writer.write(b" ")
        await asyncio.sleep(0.05)


async def test_a_truncated_body_is_seen_and_answered_to_nobody(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(request(BATCH)[:-10])
    await client.close()
    await endpoint.sink.until(1)
    size = len(BATCH)
    (receipt,) = endpoint.sink.refused
    assert receipt.refused == f"the client hung up after {size - 10} of {size} bytes; nobody was answered"


async def test_too_much_is_answered_even_to_a_client_still_sending(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(request(b"[" * 300_000))
    status, body = await client.answer()
    assert status == 400
    assert "at most 97.7 KB are taken" in json.loads(body)["message"]
    assert len(endpoint.sink.refused[0].body) == 64 * 1024


async def test_far_too_much_is_answered_before_it_comes(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n")
    status, body = await client.answer()
    assert status == 400
    assert "the body is 8.4 GB" in json.loads(body)["message"]
    assert await client.ended()


async def test_a_gzip_bomb_is_refused(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(request(gzip.compress(b" " * 50_000_000), b"Content-Encoding: gzip"))
    status, body = await client.answer()
    assert status == 400
    assert "inflates to more than" in json.loads(body)["message"]


async def test_paths_are_percent_decoded_and_need_no_host(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    body = b'{"event":"E"}'
    await client.send(b"POST /%70roxy/v1%2Ftrack?a=%25 HTTP/1.0\r\nContent-Length: 13\r\n\r\n" + body)
    assert (await client.answer())[0] == 200
    (receipt,) = endpoint.sink.taken
    assert (receipt.path, receipt.query, receipt.peer) == ("/proxy/v1/track", "a=%25", "127.0.0.1")
    assert parse_receipt(receipt)[0].type == "track"


async def test_a_client_that_waits_for_leave_gets_it(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(
        b"POST /v1/b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BATCH)
    )
    assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    await client.send(BATCH)
    assert (await client.answer())[0] == 200


async def test_head_has_no_body(endpoint: Endpoint) -> None:
    client = await endpoint.client()
    await client.send(b"HEAD /v1/projects/K/settings HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await client.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    await client.send(request(BATCH))
    assert (await client.answer())[0] == 200
