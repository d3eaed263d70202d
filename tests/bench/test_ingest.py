"""Durable ingest against a bare uvicorn app that only reads the body, run beside it: only the ratio counts.

The engine does what it does for a user: the answer waits for the disk, and the index is built behind it.
`pytest tests/bench -s` prints the figures.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from pathlib import Path

import ingest_target
import load
import pytest
from bare_server import BARE, serving
from engines import engine_settings, isolate
from measured import cpu_of, message

from segtap.core.api.client import Client
from segtap.core.serve.launch import start_engine

CONNECTIONS = 64
ROUNDS = 3
SECONDS = 0.7
MOST_CPU = 2.1
"""Times the CPU of bare uvicorn for a POST; measured 1.7."""


async def requests_a_second(port: int, request: Path) -> float:
    """Load from another process for a while."""
    result = await loaded(port, request)
    return result["good"] / result["seconds"]


async def cpu_a_request(port: int, pid: int, request: Path) -> float:
    """Seconds of CPU that the process takes for a request."""
    before = cpu_of(pid)
    result = await loaded(port, request)
    return (cpu_of(pid) - before) / result["good"]


async def loaded(port: int, request: Path) -> dict[str, float]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, load.__file__, str(port), str(request), str(CONNECTIONS), str(SECONDS)),
        stdout=asyncio.subprocess.PIPE,
    )
    result = json.loads((await child.communicate())[0])
    assert result["bad"] == 0
    return result


# The aim on an idle machine is 0.4 singly and 0.3 in batches; a shared machine gives much less.
@pytest.mark.parametrize(("batch", "at_least"), [(1, 0.15), (100, 0.15)], ids=["singly", "batches"])
@pytest.mark.timeout(180)
async def test_durable_ingest_as_a_ratio_to_bare_uvicorn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, at_least: float
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    body = {
        "batch": [message(n) for n in range(batch)],
        "writeKey": "wk",
        "sentAt": "2026-11-24T10:00:00.000Z",
    }
    request = tmp_path / "request"
    request.write_bytes(load.http_post("/v1/batch", json.dumps(body).encode()))

    bare, durable = list[float](), list[float]()
    async with serving("-c", BARE) as (bare_port, _), await start_engine(engine_settings(tmp_path)) as engine:
        port = int(engine.url.rsplit(":", 1)[1])
        for _ in range(ROUNDS):
            bare.append(await requests_a_second(bare_port, request))
            durable.append(await requests_a_second(port, request))
        async with Client(engine.url, engine.token) as client:
            state = await client.state()
            assert state.fault == ""
            assert state.received > 0

    ratio = statistics.median(durable) / statistics.median(bare)
    print(
        f"\nbatches of {batch}: durable {statistics.median(durable) * batch:,.0f} messages/s"
        f" ({statistics.median(durable):,.0f} requests/s), bare uvicorn {statistics.median(bare):,.0f}"
        f" requests/s, ratio {ratio:.2f}; indexed meanwhile {state.received:,}"
    )
    assert ratio >= at_least


@pytest.mark.skipif(sys.platform != "linux", reason="reads CPU times from /proc")
async def test_the_cpu_of_a_single_post_as_a_ratio_to_bare_uvicorn(tmp_path: Path) -> None:
    """Of receiving and storing alone: judging is measured for the whole engine."""
    request = tmp_path / "request"
    request.write_bytes(load.http_post("/v1/track", json.dumps(message(1)).encode()))
    bare = durable = float("inf")
    target = (ingest_target.__file__, str(tmp_path))
    async with serving("-c", BARE) as (bare_port, bare_pid), serving(*target) as (port, pid):
        for _ in range(ROUNDS):
            bare = min(bare, await cpu_a_request(bare_port, bare_pid, request))
            durable = min(durable, await cpu_a_request(port, pid, request))
    print(f"\na POST: {durable * 1e6:.0f} µs of CPU, bare {bare * 1e6:.0f} µs, {durable / bare:.2f} times")
    assert durable / bare <= MOST_CPU
