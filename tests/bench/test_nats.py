"""How fast an engine receives and delivers with its journal in NATS JetStream, against SQLite, in pairs.

The NATS server runs on the same machine, and its time counts.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate
from measured import batches, cpu_of
from nats_servers import new_stream, one_server
from processes import running

from segtap.core.api.client import Client
from segtap.core.serve.launch import start_engine
from segtap.core.settings import JournalSettings, Settings

MESSAGES, BATCH, PAIRS = 15_000, 100, 2
LEAST = 0.6
SERVER = Path(__file__).parents[1] / "counting_server.py"
PATIENCE = 120.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


async def delivered(settings: Settings, bodies: list[bytes]) -> tuple[float, float]:
    """Send the bodies to a new engine, and wait until all is delivered; returns seconds, and CPU seconds."""
    async with (
        await start_engine(settings, forwarding=True) as engine,
        httpx.AsyncClient(trust_env=False, base_url=engine.url) as http,
        Client(engine.url, engine.token) as client,
        asyncio.timeout(PATIENCE),
    ):
        before, began = cpu_of(engine.pid), time.perf_counter()
        for body in bodies:
            assert (await http.post("/v1/batch", content=body)).status_code == 200
        while (await client.state()).deliveries.sent < len(bodies) * BATCH:  # noqa: ASYNC110 – of the client
            await asyncio.sleep(0.05)
        return time.perf_counter() - began, cpu_of(engine.pid) - before


@pytest.mark.timeout(300)
async def test_jetstream_end_to_end_against_sqlite(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    best = {"sqlite": (1e9, 1e9), "nats": (1e9, 1e9)}
    with running([sys.executable, str(SERVER)]) as mixpanel, one_server(tmp_path / "nats") as server:
        assert mixpanel.stdout is not None
        base = engine_settings(tmp_path, mixpanel_url=f"http://127.0.0.1:{int(mixpanel.stdout.readline())}")
        for pair in range(PAIRS):
            paths = {
                "sqlite": str(tmp_path / f"{pair}.db"),
                "nats": f"nats://127.0.0.1:{server.port}/{new_stream()}",
            }
            for kind, path in paths.items():
                settings = msgspec.structs.replace(base, journal=JournalSettings(path=path))
                seconds, cpu = await delivered(settings, batches(MESSAGES, BATCH))
                best[kind] = min(best[kind][0], seconds), min(best[kind][1], cpu)
    (sqlite, sqlite_cpu), (nats, nats_cpu) = best["sqlite"], best["nats"]
    record_property("nats_to_sqlite", sqlite / nats)
    with capsys.disabled():
        print(
            f"\nend to end: SQLite {MESSAGES / sqlite:,.0f} messages/s, {sqlite_cpu / MESSAGES * 1e6:.0f} "
            f"µs CPU; "
            f"JetStream {MESSAGES / nats:,.0f}/s, {nats_cpu / MESSAGES * 1e6:.0f} µs; {sqlite / nats:.2f} "
            f"of the rate"
        )
    assert sqlite / nats >= LEAST
