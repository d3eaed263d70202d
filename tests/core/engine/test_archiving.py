"""An engine with an archive: what was received and what was refused, each once, also through kill -9."""

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
from engines import engine_settings, isolate, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.serve.launch import start_engine
from segtap.core.settings import RouteSettings, Settings
from segtap.core.stand_in.server import MixpanelServer


def archiving(folder: Path, *more: RouteSettings, every: float = 0.2, **given: Any) -> Settings:
    kept = RouteSettings(name="kept", kind="archive", url=str(folder / "kept"), every=every)
    return msgspec.structs.replace(engine_settings(folder, **given), routes=(kept, *more))


def lines_in(folder: Path, below: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted((folder / "kept" / below).rglob("*.json.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


async def test_what_was_received_and_what_was_refused_is_kept(tmp_path: Path) -> None:
    settings = archiving(tmp_path, token="")
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("before"))
        await client.set_forwarding(True)
        await post(engine.url, track("m-1"), track("m-2"), write_key="web")
        await post(engine.url, track("m-3"), write_key="app")
        async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
            assert (await http.post("/v1/track", content=b"not json")).status_code == 400
        state = await until(client, lambda state: state.routes[0].sent == 3 and not state.routes[0].waiting)
        assert state.routes[0].to == f"the archive {tmp_path / 'kept'}"
    kept = lines_in(tmp_path, "segment-logs")
    assert [line["messageId"] for line in kept] == ["m-3", "m-1", "m-2"]
    assert sorted(path.name for path in (tmp_path / "kept" / "segment-logs").iterdir()) == ["app", "web"]
    (refused,) = lines_in(tmp_path, "segtap-refused")
    assert (refused["status"], refused["body"]) == (400, "not json")


async def test_a_record_that_mixpanel_refused_is_kept_with_its_words(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = archiving(
            tmp_path, RouteSettings(name="mixpanel", kind="mixpanel"), mixpanel_url=mixpanel.url
        )
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-good"), track("m_bad"))
            await until(client, lambda state: state.routes[0].sent == 2 and state.deliveries.refused == 1)
    (line,) = lines_in(tmp_path, "segtap-refused")
    assert line["message"]["messageId"] == "m_bad"
    assert line["refusals"][0]["status"] == 400


@pytest.mark.kill
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_killed_again_and_again_each_line_is_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    chance, settings = random.Random(11), archiving(tmp_path, every=0.1, token="")
    acknowledged: list[str] = []
    number = enough = 0
    reached = asyncio.Event()

    async def send(url: str) -> None:
        nonlocal number
        while True:
            number += 1
            try:
                await post(url, track(f"m-{number}"))
            except httpx.TransportError:
                return
            acknowledged.append(f"m-{number}")
            if len(acknowledged) >= enough:
                reached.set()

    for _ in range(5):
        engine = await start_engine(settings, forwarding=True)
        enough = len(acknowledged) + chance.randrange(15, 80)
        reached.clear()
        task = asyncio.create_task(send(engine.url))
        await reached.wait()
        os.kill(engine.pid, signal.SIGKILL)
        await task
        await engine.aclose()
    async with (
        await start_engine(settings, forwarding=True) as engine,
        Client(engine.url, engine.token) as client,
    ):
        await until(client, lambda state: not state.routes[0].waiting)
    found = Counter(line["messageId"] for line in lines_in(tmp_path, "segment-logs"))
    assert found.keys() >= set(acknowledged)
    assert len(acknowledged) > 50
    assert set(found.values()) == {1}
