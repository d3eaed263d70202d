"""Who may use the control API, and what it answers to those who may not or ask for nonsense."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from segtap.core import errors
from segtap.core.api.client import Client
from segtap.core.api.errors import error_body, error_from
from segtap.core.api.models import EngineState
from segtap.core.engine.lifecycle import Engine
from segtap.core.engine.search import Search
from segtap.core.errors import EngineError, PortTaken
from segtap.core.query import parse
from segtap.core.serve.ports import interface_addresses

READS = [
    ("GET", "state"),
    ("GET", "settings"),
    ("GET", "page"),
    ("GET", "messages/1048576"),
    ("GET", "export"),
    ("GET", "overview"),
    ("GET", "users"),
    ("GET", "user?id=user-7"),
    ("GET", "groups"),
    ("GET", "nothing"),
]
ACTS = [
    ("POST", "inspect"),
    ("POST", "forwarding"),
    ("POST", "replay"),
    ("POST", "export/messages"),
    ("POST", "clear"),
    ("OPTIONS", "state"),
]


async def test_a_query_stops_when_its_client_goes(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def page(search: Search, **where: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    monkeypatch.setattr(Search, "page", page)
    headers = {"authorization": f"Bearer {engine.token}"}
    asking = asyncio.create_task(http.get(f"{engine.url}/_segtap/page?filter=x", headers=headers))
    async with asyncio.timeout(10):
        await begun.wait()
        asking.cancel()
        await stopped.wait()


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        yield engine


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        yield http


def port_of(engine: Engine) -> str:
    return engine.url.rsplit(":", 1)[1]


def cors_headers(answer: httpx.Response) -> list[str]:
    return [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic {token}"}, 401),
        ({"Authorization": "Bearer {token}x"}, 401),
        ({"Authorization": "Bearer {token}", "Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer {token}", "Origin": "null"}, 403),
        ({"Authorization": "Bearer {token}", "Origin": "http://localhost:3000"}, 403),
        ({"Authorization": "Bearer {token}", "Host": "evil.example"}, 403),
        ({"Authorization": "Bearer {token}", "Host": "evil.example:{port}"}, 403),
        ({"Authorization": "Bearer {token}", "Host": "127.0.0.1.evil.example"}, 403),
        ({"Authorization": "Bearer {token}", "Host": "localhost.evil.example"}, 403),
        ({"Authorization": "Bearer {token}", "Host": ""}, 403),
    ],
)
async def test_nobody_else_gets_in(
    engine: Engine, http: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    filled = {key: value.format(token=engine.token, port=port_of(engine)) for key, value in headers.items()}
    for method, name in (*READS, *ACTS):
        answer = await http.request(method, f"{engine.url}/_segtap/{name}", headers=filled)
        assert answer.status_code == status
        assert cors_headers(answer) == []
        assert set(answer.json()["error"]) == {"kind", "title", "message"}
        assert engine.token not in answer.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "127.9.9.9"]
)
async def test_every_name_of_this_machine_is_taken(
    engine: Engine, http: httpx.AsyncClient, host: str
) -> None:
    headers = {"Authorization": f"Bearer {engine.token}", "Host": host.format(port=port_of(engine))}
    answer = await http.get(f"{engine.url}/_segtap/state", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert cors_headers(answer) == []


async def test_a_forwarded_for_header_makes_nobody_local(tmp_path: Path, http: httpx.AsyncClient) -> None:
    address = next((address for address in interface_addresses() if ":" not in address), None)
    if address is None:
        pytest.skip("this machine has no address but loopback")
    async with running_engine(engine_settings(tmp_path, host=("0.0.0.0",))) as (engine, client):
        state = await client.state()
        assert state.exposed
        outside = f"http://{address}:{port_of(engine)}"
        assert outside in state.phone_urls
        for extra in ({}, {"X-Forwarded-For": "127.0.0.1", "Host": "127.0.0.1"}):
            headers = {"Authorization": f"Bearer {engine.token}", **extra}
            for method, name in (*READS, *ACTS):
                answer = await http.request(method, f"{outside}/_segtap/{name}", headers=headers)
                assert answer.status_code == 403
        # What a phone may do: see that it is up, and send.
        assert (await http.get(f"{outside}/_segtap/healthz")).json()["status"] == "ok"
        assert (await post(outside, track("m-1"))).status_code == 200
        await listed(client, 1)


async def test_health_is_open_to_any_host(engine: Engine, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{engine.url}/_segtap/healthz", headers={"Host": "segtap.internal"})
    assert answer.status_code == 200
    counts = {"received": 0, "listed": 0, "judged": 0}
    assert answer.json() == {"status": "ok", "app": "segtap", "version": "0.1.0", "fault": "", **counts}
    assert (await http.head(f"{engine.url}/_segtap/healthz")).status_code == 200
    assert (await http.post(f"{engine.url}/_segtap/healthz")).status_code == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer {token}", "Origin": "http://evil.example"}, 403),
    ],
)
async def test_nobody_else_watches(engine: Engine, headers: dict[str, str], status: int) -> None:
    filled = {key: value.format(token=engine.token) for key, value in headers.items()}
    url = f"{engine.url.replace('http', 'ws')}/_segtap/feed"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers=filled, proxy=None):
            pass
    assert refused.value.response.status_code == status


@pytest.mark.parametrize("path", ["/_segtap/other", "/v1/batch", "/"])
async def test_there_is_one_websocket(engine: Engine, path: str) -> None:
    headers = {"Authorization": f"Bearer {engine.token}"}
    with pytest.raises(InvalidStatus) as refused:
        async with connect(engine.url.replace("http", "ws") + path, additional_headers=headers, proxy=None):
            pass
    assert refused.value.response.status_code in (403, 404)


async def test_a_client_with_another_token_is_told_so(engine: Engine) -> None:
    async with Client(engine.url, "other") as client:
        with pytest.raises(EngineError, match="does not know that token") as refused:
            await client.state()
        assert refused.value.title == "The token is wrong"
        with pytest.raises(EngineError, match="does not know that token"):
            await anext(client.feed())
        with pytest.raises(EngineError, match="does not know that token"):
            await anext(client.export())
        assert "other" not in repr(client)


@pytest.mark.parametrize(
    ("method", "name", "body", "status", "kind"),
    [
        ("GET", "messages/99", None, 400, "InputError"),
        ("GET", "messages/99999999999999999999", None, 400, "InputError"),
        ("GET", "messages/-1", None, 404, "EngineError"),
        ("GET", "messages/x", None, 404, "EngineError"),
        ("GET", "nothing", None, 404, "EngineError"),
        ("GET", "page?before=x", None, 400, "InputError"),
        ("GET", "page?limit=-3", None, 400, "InputError"),
        ("POST", "state", None, 405, "EngineError"),
        ("GET", "clear", None, 405, "EngineError"),
        ("POST", "inspect", b"[]", 400, "InputError"),
        ("POST", "inspect", b"[" * 100_000, 400, "InputError"),
        ("POST", "forwarding", b'{"on": "yes"}', 400, "InputError"),
        ("POST", "forwarding", b"", 400, "InputError"),
        ("POST", "forwarding", b"{}", 400, "InputError"),
        ("POST", "forwarding", b'{"on": null, "reread": false}', 400, "InputError"),
        ("POST", "forwarding", b'{"reread": 1}', 400, "InputError"),
        ("POST", "replay", b'{"ids": ["a"]}', 400, "InputError"),
        ("POST", "replay", b'{"ids": [-5, 99999999999999999999]}', 400, "InputError"),
        ("POST", "replay", b'{"ids": []}', 400, "InputError"),
    ],
)
async def test_nonsense_is_answered_with_a_reason(
    engine: Engine,
    http: httpx.AsyncClient,
    method: str,
    name: str,
    body: bytes | None,
    status: int,
    kind: str,
) -> None:
    headers = {"Authorization": f"Bearer {engine.token}"}
    answer = await http.request(method, f"{engine.url}/_segtap/{name}", headers=headers, content=body)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (status, kind)
    assert answer.json()["error"]["message"]


async def test_a_page_is_capped(engine: Engine, http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {engine.token}"}
    answer = await http.get(f"{engine.url}/_segtap/page?limit=99999999&filter=%00", headers=headers)
    assert answer.status_code == 200


async def test_a_viewer_that_does_not_read_slows_nobody(engine: Engine) -> None:
    """One WebSocket never reads; messages are taken and another viewer sees all of them meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port_of(engine)), limit=1024)
    writer.write(
        f"GET /_segtap/feed HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {engine.token}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    async with Client(engine.url, engine.token) as client:
        seen: set[str] = set()

        async def watch() -> None:
            async for frame in client.feed():
                assert frame.missed == 0
                seen.update(line.message_id for line in frame.added)
                if len(seen) == 6_000:
                    return

        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        while engine.parts.feed.viewers < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for n in range(60):
            batch = [track(f"m-{n}-{i}", event="long " * 40) for i in range(100)]
            assert (await post(engine.url, *batch)).status_code == 200
        await asyncio.wait_for(watching, 30)
        assert len(seen) == 6_000
    writer.close()
    await writer.wait_closed()


def parse_fault(filter: str) -> errors.FilterFault:
    with pytest.raises(errors.FilterFault) as raised:
        parse(filter)
    return raised.value


def test_every_error_arrives_as_the_class_that_was_raised() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.SegtapError)
    ]
    assert len(kinds) > 10
    kinds.remove(errors.FilterFault)
    for kind in kinds:
        error = kind(400, "why") if kind is errors.RequestRefused else kind("why")
        again = error_from(error_body(error))
        assert (type(again), str(again), again.title) == (kind, "why", error.title)
    fault = parse_fault("rule:")
    again = error_from(error_body(fault))
    assert isinstance(again, errors.FilterFault)
    assert vars(again) == {**vars(fault), "title": fault.title}
    assert str(again) == str(fault)
    taken = error_from(error_body(PortTaken("why", port=1, owner="x (pid 2)", next_port=3)))
    assert isinstance(taken, PortTaken)
    assert (taken.port, taken.owner, taken.next_port) == (1, "x (pid 2)", 3)


@pytest.mark.parametrize(
    ("status", "more", "body"),
    [
        (200, "", b"hello"),
        (200, "", b'{"version": "\xe9"}'),
        (500, "", b'{"error": {"kind": "EngineError", "title": "\xe9", "message": "\xe9"}}'),
        (200, "content-encoding: gzip, gzip\r\n", gzip.compress(gzip.compress(bytes(5_000_000)))),
        (500, "content-encoding: br\r\n", b"\x0b\x02\x80"),
    ],
    ids=["text", "latin-1", "latin-1 error", "gzip twice", "brotli"],
)
async def test_something_else_at_the_url_is_named_as_such(status: int, more: str, body: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b"upgrade: websocket" in head or b"accept-encoding: identity\r\n" in head
        size = f"content-length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 {status} Said\r\n{size}{more}connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Client(url, "t") as client:
            with pytest.raises(EngineError, match="not a segtap"):
                await client.state()
            with pytest.raises(EngineError, match="not a segtap"):
                await anext(client.feed())


async def test_json_errors_are_utf_8_json(engine: Engine, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{engine.url}/_segtap/state")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content)["error"]["title"] == "The token is wrong"


async def test_a_client_that_was_closed_says_so_and_connects_no_more(engine: Engine) -> None:
    """A screen that moved on to another engine may still ask by the old client."""
    client = Client(engine.url, engine.token)
    asking = asyncio.gather(*(client.state() for _ in range(20)), return_exceptions=True)
    await asyncio.sleep(0)
    await client.close()
    assert all(isinstance(answer, EngineError | EngineState) for answer in await asking)
    for ask in (client.state(), client.page(), anext(client.export())):
        with pytest.raises(EngineError, match="closed"):
            await ask
    assert client._connection._http is None
