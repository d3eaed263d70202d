"""An engine with a mirror to Segment: off until forwarding is on, whole requests, nothing lost to kill -9."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from answering_server import AnsweringServer, Got, Said
from engines import PATIENCE, engine_settings, free_port, isolate, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.api.models import EngineState
from segtap.core.errors import ForwardingRefused, InputError
from segtap.core.serve.launch import start_engine
from segtap.core.settings import Redaction, RouteSettings, Settings

BASIC = "Basic d2s6"  # wk:


def with_routes(folder: Path, *routes: RouteSettings, **more: Any) -> Settings:
    return msgspec.structs.replace(engine_settings(folder, **more), routes=routes)


def mirror_to(url: str, *write_keys: str) -> RouteSettings:
    return RouteSettings(name="mirror", kind="segment", url=url, write_keys=write_keys)


async def send(url: str, body: bytes, path: str = "/v1/batch", **headers: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        given = {"content-type": "application/json", "authorization": BASIC, **headers}
        assert (await http.post(path, content=body, headers=given)).status_code == 200


def batch(*ids: str, write_key: str = "") -> bytes:
    whole: dict[str, Any] = {"batch": [track(id) for id in ids], "sentAt": "2026-11-24T21:00:00Z"}
    return json.dumps(whole | ({"writeKey": write_key} if write_key else {}), indent=1).encode()


def mirrored(state: EngineState, sent: int) -> bool:
    return state.routes[0].sent == sent and not state.routes[0].waiting


async def test_whole_requests_go_to_segment_once_forwarding_is_on(tmp_path: Path) -> None:
    async with AnsweringServer() as segment:
        settings = with_routes(tmp_path, mirror_to(segment.url), token="")
        async with running_engine(settings) as (engine, client):
            await send(engine.url, batch("before"))
            state = await client.state()
            assert state.can_forward
            (route,) = state.routes
            assert (route.name, route.kind, route.to) == ("mirror", "segment", f"Segment at {segment.url}")

            await client.set_forwarding(True)
            body = gzip.compress(batch("m-1", "m-2"))
            await send(engine.url, body, "/base/v1/batch", **{"content-encoding": "gzip"})
            state = await until(client, lambda state: mirrored(state, 1) and state.received == 3)
            # No route leads to Mixpanel: nothing is owed there.
            assert (state.deliveries.off, state.deliveries.waiting) == (3, 0)
            detail = await client.detail((await client.page(limit=1)).summaries[-1].id)
            (handover,) = detail.handovers
            assert (handover.route, handover.outcome, handover.status) == ("mirror", "sent", 200)
            metrics = await engine.parts.outside.metrics()
            assert 'segtap_route_sent_total{route="mirror",kind="segment"} 1\n' in metrics
            assert 'segtap_route_backlog{route="mirror",kind="segment"} 0\n' in metrics

            await client.set_forwarding(False)
            await send(engine.url, batch("after"))
            await until(client, lambda state: state.received == 4)
        (got,) = segment.got
        assert (got.target, got.body) == ("/v1/batch", body)
        assert (got.header("authorization"), got.header("content-encoding")) == (BASIC, "gzip")
        assert not [name for name, value in got.headers if "segtap" in f"{name}{value}".lower()]


async def test_a_mirror_takes_the_sources_that_it_is_for_and_what_redaction_left(tmp_path: Path) -> None:
    async with AnsweringServer() as segment:
        settings = with_routes(tmp_path, mirror_to(segment.url, "web"))
        settings = msgspec.structs.replace(settings, redact=(Redaction(path="**.email"),))
        async with running_engine(settings, forwarding=True) as (engine, client):
            await send(engine.url, batch("m-1", write_key="app"))
            body = {"type": "identify", "userId": "u", "traits": {"email": "a@b.c"}, "writeKey": "web"}
            await send(engine.url, json.dumps(body).encode(), "/v1/identify")
            await client.replay([(await client.page(limit=1)).summaries[-1].id])
            await until(client, lambda state: mirrored(state, 1) and state.received == 3)
        (got,) = segment.got
        assert json.loads(got.body)["traits"] == {"email": "redacted"}


async def test_a_dry_run_sends_nothing_and_leaves_it_owed(tmp_path: Path) -> None:
    async with AnsweringServer() as segment:
        settings = with_routes(tmp_path, mirror_to(segment.url), dry_run=True)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await send(engine.url, batch("m-1"))
            await until(client, lambda state: state.received == 1 and state.routes[0].waiting == 1)
            metrics = await engine.parts.outside.metrics()
            assert 'segtap_route_backlog{route="mirror",kind="segment"} 1\n' in metrics
            assert 'segtap_route_oldest_owed_seconds{route="mirror",kind="segment"} 0.0\n' not in metrics
        assert segment.got == []
        settings = msgspec.structs.replace(settings, dry_run=False)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await until(client, lambda state: mirrored(state, 1))
        assert segment.bodies == [batch("m-1")]


async def test_what_is_owed_to_a_route_that_was_taken_out_is_reported_until_it_is_dropped(
    tmp_path: Path,
) -> None:
    settings = with_routes(tmp_path, mirror_to("http://127.0.0.1:9"), dry_run=True)
    async with running_engine(settings, forwarding=True) as (engine, client):
        await send(engine.url, batch("m-1"))
        await until(client, lambda state: state.received == 1 and state.routes[0].waiting == 1)
        with pytest.raises(InputError, match="Take it out and start segtap again"):
            await client.drop_route("mirror")
    async with running_engine(with_routes(tmp_path)) as (_, client):
        left = "Still owed to the route mirror, which is no longer in [[routes]]: 1 request."
        assert (await client.state()).fault.startswith(left)
        with pytest.raises(InputError, match="Nothing is owed to a route other"):
            await client.drop_route("other")
        assert await client.drop_route("mirror") == 1
        assert not (await client.state()).fault
    async with running_engine(with_routes(tmp_path)) as (_, client):
        assert not (await client.state()).fault


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"])
async def test_its_own_address_is_refused_at_the_start(tmp_path: Path, host: str) -> None:
    port = free_port()
    settings = with_routes(tmp_path, mirror_to(f"http://{host}:{port}"), port=port)
    with pytest.raises(ForwardingRefused, match="which is this segtap itself"):
        async with running_engine(settings):
            pass


async def test_a_name_of_its_own_is_refused_when_forwarding_is_turned_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    settings = with_routes(tmp_path, mirror_to(f"http://tap.example.com:{port}"), port=port)
    async with running_engine(settings) as (engine, client):

        async def found(*_: object, **__: object) -> list[Any]:
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found, raising=False)
        with pytest.raises(ForwardingRefused, match="which is this segtap itself"):
            await engine.commands.set_forwarding(True)
        assert not (await client.state()).forwarding


class Sending:
    """Posts batches, and each that was not acknowledged again to the next engine, as an SDK does."""

    def __init__(self) -> None:
        self.number = 0
        self.acknowledged: list[str] = []
        self.owed: str = ""

    async def more(self, count: int) -> None:
        """Wait until so many further batches are acknowledged."""
        enough = len(self.acknowledged) + count
        async with asyncio.timeout(PATIENCE):
            while len(self.acknowledged) < enough:  # noqa: ASYNC110 – a moment is long enough
                await asyncio.sleep(0.002)

    async def send(self, url: str) -> None:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE) as http:
            while True:
                if not self.owed:
                    self.number += 1
                    self.owed = f"m-{self.number}"
                try:
                    await http.post("/v1/batch", content=batch(self.owed), headers={"authorization": BASIC})
                except httpx.TransportError:
                    return
                self.acknowledged.append(self.owed)
                self.owed = ""


@pytest.mark.kill
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_killed_again_and_again_nothing_acknowledged_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    chance, sending, rounds = random.Random(7), Sending(), 6

    def answer(got: Got) -> Said:
        dice = chance.random()
        return Said(503, b"") if dice < 0.02 else Said(0) if dice < 0.04 else Said(delay=0.002)

    async with AnsweringServer(answer) as segment:
        settings = with_routes(tmp_path, mirror_to(segment.url), token="")
        for _ in range(rounds):
            engine = await start_engine(settings, forwarding=True)
            task = asyncio.create_task(sending.send(engine.url))
            await sending.more(chance.randrange(20, 120))
            os.kill(engine.pid, signal.SIGKILL)
            await task
            await engine.aclose()
        segment.answer = lambda got: Said()
        async with (
            await start_engine(settings, forwarding=True) as engine,
            Client(engine.url, engine.token) as client,
        ):
            state = await until(client, lambda state: not state.routes[0].waiting)
    assert state.routes[0].refused == 0
    copies = Counter(json.loads(body)["batch"][0]["messageId"] for body in segment.bodies)
    assert copies.keys() >= set(sending.acknowledged)
    assert len(sending.acknowledged) > 100
    # What was under way when it was killed, what Segment failed at, and what an SDK sent again.
    again = sum(copies.values()) - len(copies)
    assert again <= rounds * (10 + 1) + 0.05 * sum(copies.values())
