"""The page of `segtap mixpanel` in Chromium: an event that came twice, and what Mixpanel counts of it."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import httpx
import msgspec
import pytest
from engines import engine_settings, post, running_engine, track, until

from segtap.core.stand_in.server import MixpanelServer

pytestmark = pytest.mark.clients
FLAGS = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --virtual-time-budget=3000
"""


async def seen_in_chromium(url: str, folder: Path) -> str:
    """Return the page as Chromium has it, scripts run, if there were any."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("chromium is not installed")
    process = await asyncio.create_subprocess_exec(
        chromium, *FLAGS.split(), f"--user-data-dir={folder}", "--dump-dom", url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await process.communicate()
    return out.decode()


async def test_it_shows_why_an_event_is_counted_twice(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path / "journal", mixpanel_url=mixpanel.url)
        (tmp_path / "journal").mkdir()
        async with running_engine(settings, forwarding=True) as (engine, client):
            # The same message before and after the login, and once more by another SDK under its own id.
            at = {"timestamp": "2026-11-24T21:00:00Z"}
            anonymous = track("m-1", "Order <b>Completed</b>", **at) | {"anonymousId": "anon-1"}
            del anonymous["userId"]
            await post(engine.url, anonymous)
            await until(client, lambda state: state.deliveries.sent == 1)
            known = msgspec.json.encode(track("m-1", "Order <b>Completed</b>", **at))
            await client.replay_texts([known])
            await post(engine.url, track("m-2", "Order <b>Completed</b>", **at))
            await until(client, lambda state: state.deliveries.sent == 3)
        dom = await seen_in_chromium(f"{mixpanel.url}/", tmp_path / "profile")
        (rows,) = [part for part in dom.split("<h2>") if part.startswith("Events counted multiple times")]
        assert "<td>anon-1, user-7</td><td>m-1</td><td>2</td><td>2</td>" in rows
        assert "the same $insert_id, but another distinct_id: reports count 2" in rows
        assert "under m-2, too: each counts" in rows
        assert "Order &lt;b&gt;Completed&lt;/b&gt;" in rows
        assert "3 events received, 3 counted in reports" in dom
        async with httpx.AsyncClient(base_url=mixpanel.url, trust_env=False) as http:
            assert len((await http.get("/?format=json")).json()["events"]) == 2
