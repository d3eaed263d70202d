"""How long a key takes on the screen until what it does is drawn: under traffic, and in a long journal.

Beside it runs the same screen at rest, and on a short journal. The engine is a process of its own, and so is
what sends to it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import latency
import load
import pytest
from big_journal import write_journal
from engines import engine_settings, isolate
from fake_viewer import until
from measured import batches
from textual import events
from textual.pilot import Pilot

from segtap.core.api.client import Client
from segtap.core.index.revision import revision_of
from segtap.core.serve.launch import start_engine
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

RATE, BATCH, SECONDS = 40, 50, 12
"""Requests a second and messages in each: 2,000 messages a second."""
KEYS = 60
ROUNDS = 21
"""Times that each key is pressed far from where it leads."""
PATIENCE = 10
"""Seconds for a key that leads nowhere."""
MESSAGES, FEW = 100_000, 1_000
MOST_UNDER_TRAFFIC = 6.0
"""Times the p95 of a key at rest; measured 1.3 to 3.5."""
MOST_IN_LONG = 4.0
"""Times the p95 of the same keys in a short journal; measured 1.3 to 1.9, with the engine at rest."""


@asynccontextmanager
async def on_screen(folder: Path, shown: int) -> AsyncIterator[tuple[Pilot[object], MainScreen, str]]:
    """The screen on an engine with its journal in the folder, once that many messages are there."""
    settings = engine_settings(folder)
    async with await start_engine(settings) as engine, Client(engine.url, engine.token) as client:
        app = SegtapApp(client, settings, plain=False)
        async with app.run_test(size=(160, 45)) as pilot:
            await until(pilot, lambda: app.main is not None and app.main.state is not None)
            main = app.main
            assert main is not None
            await until(pilot, lambda: main.state is not None and main.state.received >= shown)
            await until(pilot, lambda: bool(len(main.list.window)) is bool(shown))
            while (await client.users(limit=1)).covered.behind:  # noqa: ASYNC110 – nothing reports that
                await asyncio.sleep(0.1)
            yield pilot, main, engine.url


async def pressed(main: MainScreen, key: str) -> float:
    """Press a key; return the milliseconds until the screen was drawn after it."""
    drawn = asyncio.get_running_loop().create_future()
    before = main.list.selected
    began = time.perf_counter()
    main.app.post_message(events.Key(key, None))
    while main.list.selected == before:  # nothing reports when the cursor has moved
        assert time.perf_counter() < began + PATIENCE, f"{key} led nowhere from {before}"
        await asyncio.sleep(0.001)
    main.list.call_after_refresh(drawn.set_result, None)
    await drawn
    return (time.perf_counter() - began) * 1e3


async def took(main: MainScreen, keys: Sequence[str]) -> list[float]:
    """Milliseconds of each key, sorted. The pause between them is that of somebody who looks."""
    times: list[float] = []
    for key in keys:
        times.append(await pressed(main, key))
        await asyncio.sleep(0.1)
    return sorted(times)


def p95(times: Sequence[float]) -> float:
    return times[int(len(times) * 0.95)]


@pytest.mark.timeout(300)
async def test_a_key_under_traffic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    requests = tmp_path / "requests"
    requests.mkdir()
    for number, body in enumerate(batches(RATE * SECONDS * BATCH, BATCH)):
        (requests / f"{number:04}").write_bytes(load.http_post("/v1/batch", body))
    write_journal(tmp_path / "journal.db", FEW, (), revision_of(engine_settings(tmp_path)))
    keys = ["up"] * (KEYS // 2) + ["down", "up"] * (KEYS // 4)
    async with on_screen(tmp_path, FEW) as (_, main, url):
        rest = await took(main, keys)
        row = main.list.selected
        port = url.rsplit(":", 1)[1]
        sender = await asyncio.create_subprocess_exec(
            *(sys.executable, latency.__file__, port, str(requests), str(RATE), str(SECONDS)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(1)
        assert main.list.selected == row, "the row under the cursor stays"
        busy = await took(main, keys)
        assert await sender.wait() == 0
        assert main.state is not None
        assert main.state.received > FEW + RATE * BATCH
    ratio = p95(busy) / p95(rest)
    with capsys.disabled():
        for name, times in (("at rest", rest), ("at 2,000 messages/s", busy)):
            print(f"\na key {name}: p50 {times[len(times) // 2]:.0f} ms, p95 {p95(times):.0f} ms", end="")
        print(f"\n{ratio:.1f} times")
    assert ratio <= MOST_UNDER_TRAFFIC


@pytest.mark.timeout(300)
async def test_far_keys_in_a_long_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    figures: dict[int, dict[str, list[float]]] = {}
    for count in (FEW, MESSAGES):
        folder = tmp_path / str(count)
        folder.mkdir()
        bad = range(0, count, count // 20)
        write_journal(folder / "journal.db", count, bad, revision_of(engine_settings(folder)))
        async with on_screen(folder, count) as (_, main, _):
            times: dict[str, list[float]] = {"home": [], "end": [], "pagedown": [], "n": []}
            for _ in range(ROUNDS):
                for key in ("home", "pagedown", "n", "end"):
                    times[key] += await took(main, [key])
            figures[count] = {key: sorted(some) for key, some in times.items()}
    few, many = (max(p95(some) for some in figures[count].values()) for count in (FEW, MESSAGES))
    with capsys.disabled():
        for count, times in figures.items():
            shown = ", ".join(f"{key} {p95(some):.0f} ms" for key, some in times.items())
            print(f"\n{count} messages, p95: {shown}", end="")
        print(f"\nthe slowest key: {many / few:.1f} times")
    assert many / few <= MOST_IN_LONG
