"""Write keys that are accepted, and limits for each client, through real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import TOKEN, engine_settings, isolate, listed, running_engine, track

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.ingest.rate import MOST_PEERS, PeerRate

OTHER = "f" * 32


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


@pytest.fixture
async def tap(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path, write_keys=("good", "better"))) as running:
        yield running


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def b64(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def record(token: str) -> dict[str, Any]:
    return {"event": "E", "properties": {"token": token, "distinct_id": "u", "mp_lib": "web"}}


MESSAGE = track("m-1")
ACCEPTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "in the body": ("POST", "/v1/batch", {"json": {"batch": [MESSAGE], "writeKey": "good"}}),
    "as the Basic user": ("POST", "/v1/track", {"json": MESSAGE, "headers": basic("better")}),
    "in an item": ("POST", "/v1/batch", {"json": {"batch": [{**MESSAGE, "writeKey": "good"}]}}),
    "in the query": ("POST", "/v1/track?writeKey=good", {"json": MESSAGE}),
    "pixel": ("GET", "/v1/pixel/track?data=" + b64({**MESSAGE, "writeKey": "good"}), {}),
    "settings": ("GET", "/v1/projects/good/settings", {}),
    "record": ("POST", "/track/", {"data": {"data": b64([record(TOKEN)])}}),
    "record by GET": ("GET", "/track/?data=" + b64(record("good")), {}),
}
REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "in the body": ("POST", "/v1/batch", {"json": {"batch": [MESSAGE], "writeKey": "bad"}}),
    "as the Basic user": ("POST", "/v1/track", {"json": MESSAGE, "headers": basic("bad")}),
    "the body wins": (
        "POST", "/v1/track", {"json": {**MESSAGE, "writeKey": "bad"}, "headers": basic("good")}
    ),
    "none": ("POST", "/v1/track", {"json": MESSAGE}),
    "pixel": ("GET", "/v1/pixel/track?data=" + b64({**MESSAGE, "writeKey": "bad"}), {}),
    "settings": ("GET", "/v1/projects/bad/settings", {}),
    "record": ("POST", "/track/", {"data": {"data": b64([record(TOKEN), record(OTHER)])}}),
    "record without a token": ("POST", "/engage", {"json": [{"$distinct_id": "u", "$set": {"a": 1}}]}),
    "record by GET": ("GET", "/track/?verbose=1&data=" + b64(record(OTHER)), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
async def test_messages_with_a_listed_key_are_accepted(
    tap: tuple[Engine, Client], http: httpx.AsyncClient, name: str
) -> None:
    method, path, more = ACCEPTED[name]
    answer = await http.request(method, tap[0].url + path, **more)
    assert answer.status_code == 200
    assert answer.content not in (b"0", b"")


@pytest.mark.parametrize("name", REFUSED)
async def test_others_are_answered_with_401_and_shown(
    tap: tuple[Engine, Client], http: httpx.AsyncClient, name: str
) -> None:
    engine, client = tap
    method, path, more = REFUSED[name]
    answer = await http.request(method, engine.url + path, **more)
    assert answer.status_code == 401
    (line,) = await listed(client, 1)
    assert line.refused
    assert "write_keys lists those that are" in line.name
    if path.startswith("/v1"):
        assert answer.json() == {"success": False, "message": line.name}
    elif "verbose" in path:
        assert answer.json() == {"status": 0, "error": line.name}


async def test_a_client_that_sends_too_much_is_told_to_wait(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with running_engine(engine_settings(tmp_path, peer_rate=3)) as (engine, client):
        posts = [http.post(f"{engine.url}/v1/track", json=track(f"m-{n}")) for n in range(12)]
        answers = await asyncio.gather(*posts)
        late = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert len(late) >= 6
        assert all(int(answer.headers["retry-after"]) == 1 for answer in late)
        assert late[0].json()["message"] == "more than 3 requests a second from this address"
        await listed(client, 12)
        assert (await http.get(f"{engine.url}/_segtap/healthz")).status_code == 200


async def test_connections_beyond_the_limit_are_closed(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path, max_connections=2)) as (engine, _):
        port = int(engine.url.rsplit(":", 1)[1])
        first = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in first:  # they are connections once they are answered
            writer.write(b"GET /_segtap/livez HTTP/1.1\r\nHost: a\r\n\r\n")
            await reader.readuntil(b'{"status":"ok"}')
        reader, third = await asyncio.open_connection("127.0.0.1", port)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"more than 2 connections are open" in answer
        for reader, writer in first:
            writer.write(b"GET /_segtap/livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b'{"status":"ok"}')
        for writer in (third, *(writer for _, writer in first)):
            writer.close()
            await writer.wait_closed()


def test_a_bucket_for_each_client() -> None:
    rate = PeerRate(2)
    assert [rate.wait("a", 1_000) for _ in range(3)] == [0, 0, 1]
    assert rate.wait("b", 1_000) == 0
    assert rate.wait("a", 1_499) == 1
    assert rate.wait("a", 1_500) == 0
    assert rate.wait("a", 0) == 1  # the clock was set back
    assert [PeerRate(0).wait("a", 0) for _ in range(5)] == [0] * 5
    slow = PeerRate(0.1)
    assert [slow.wait("a", 0), slow.wait("a", 0)] == [0, 10]
    for n in range(MOST_PEERS + 5):
        rate.wait(f"peer-{n}", 2_000)
    assert len(rate._peers) == MOST_PEERS
