"""`--compat mock`: the two requests of segmentio/mock, with a mark in place of emptying."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from engines import engine_settings, isolate, post, track
from msgspec.structs import replace

from segtap.core.engine import expecting
from segtap.core.engine.lifecycle import Engine
from segtap.core.serve.ports import interface_addresses
from segtap.core.settings import Secret, Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    isolate(tmp_path, monkeypatch.setenv)
    return engine_settings(tmp_path, compat="mock")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http


async def test_messages_are_given_once_as_received(settings: Settings, http: httpx.AsyncClient) -> None:
    async with Engine(settings) as engine:
        assert (await http.get(f"{engine.url}/health")).status_code == 200
        assert (await http.get(f"{engine.url}/messages")).json() == []
        sent = track("m-1", properties={"total": 1}, timestamp="2026-11-24T10:00:00Z")
        await post(engine.url, sent, track("m-2"))
        assert (await http.post(f"{engine.url}/v1/track", content=b"nonsense")).status_code == 400
        given = (await http.get(f"{engine.url}/messages")).json()
        assert given == [
            {"type": "track", "event": "Signed Up", "userId": "user-7", "properties": {"total": 1}},
            {"type": "track", "event": "Signed Up", "userId": "user-7"},
        ]
        assert (await http.get(f"{engine.url}/messages")).json() == []
        exported = b"".join([lines async for lines in engine.queries.export()])
        assert exported.count(b"\n") == 2


async def test_what_does_not_fit_is_given_next(
    settings: Settings, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expecting, "MOST_TAKEN", 3)
    async with Engine(settings) as engine:
        for number in range(5):
            await post(engine.url, track(f"m-{number}", str(number)))
        given = [(await http.get(f"{engine.url}/messages")).json() for _ in range(3)]
        assert [[one["event"] for one in answer] for answer in given] == [["0", "1", "2"], ["3", "4"], []]


async def test_pages_and_strangers_are_refused(settings: Settings, http: httpx.AsyncClient) -> None:
    async with Engine(settings) as engine:
        await post(engine.url, track("m-1"))
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Host": "evil.example"},
        ):
            answer = await http.get(f"{engine.url}/messages", headers=headers)
            assert answer.status_code == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]
        assert len((await http.get(f"{engine.url}/messages")).json()) == 1


async def test_other_machines_need_the_test_token(settings: Settings, http: httpx.AsyncClient) -> None:
    address = next((one for one in interface_addresses() if ":" not in one), None)
    if address is None:
        pytest.skip("this machine has no address but loopback")
    for token, status in (("", 403), ("token-of-the-tests", 200)):
        more = {"test_token": Secret(token), "test_token_env": token and "TT"}
        given = replace(settings, ingest=replace(settings.ingest, host=("0.0.0.0",), **more))
        async with Engine(given) as engine:
            url = f"http://{address}:{engine.url.rsplit(':', 1)[1]}"
            assert (await http.get(f"{url}/health")).status_code == 200
            assert (await http.get(f"{url}/messages")).status_code == (401 if token else 403)
            headers = {"Authorization": "Bearer token-of-the-tests"}
            assert (await http.get(f"{url}/messages", headers=headers)).status_code == status


async def test_without_it_these_are_unknown_paths(settings: Settings, http: httpx.AsyncClient) -> None:
    async with Engine(replace(settings, ingest=replace(settings.ingest, compat=""))) as engine:
        assert (await http.get(f"{engine.url}/messages")).status_code == 404
        assert (await http.get(f"{engine.url}/health")).status_code == 404
