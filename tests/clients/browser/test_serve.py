"""`segtap serve` in Chromium: the screen opens, filters, copies and replays; all is segtap's own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from command_line import use_own_folders
from engines import engine_settings, listed, post, running_engine, track, until
from processes import running
from sdk_clients import Browser

SERVE = [sys.executable, "-P", "-m", "segtap.tui", "serve"]


async def test_the_screen_works_in_a_browser(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_folders(tmp_path, monkeypatch)
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"), track("order-1", "Order Completed"))
        await listed(client, 2)
        with running(SERVE) as page:
            url = (await asyncio.to_thread(page.stdout.readline)).strip()
            command = ["node", "serve.mjs", browser.chromium, url]
            done = await asyncio.to_thread(
                subprocess.run, command, cwd=browser.folder, capture_output=True, text=True, timeout=100
            )
            assert done.returncode == 0, done.stderr
            await until(client, lambda state: state.received == 3)
    seen = json.loads(done.stdout)
    asked = {urlsplit(one).netloc for one in seen["requests"] if not one.startswith("data:")}
    assert asked == {urlsplit(url).netloc}
    assert (seen["errors"], seen["failed"]) == ([], [])
    assert '"event": "Order Completed"' in seen["copied"]
