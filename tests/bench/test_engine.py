"""How fast a whole engine judges what it receives, and what that costs, against JSON round trips.

The engine is a process of its own, with its worker processes. The ratios hold on any machine of two cores,
messages a second do not.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from engines import engine_settings, isolate

from segtap.core.serve.launch import RunningEngine, start_engine

MESSAGES, BATCH = 20_000, 100
LEAST_RATE = 0.03
"""Judged messages a second, against the JSON round trips of one core a second.

On two cores that five times as many processes share, it is 0.04 to 0.07.
"""
MOST_CPU = 28.0
"""CPU of all processes for a message, against `json.loads` and `json.dumps` of it; 22 to 23 on the same."""
MOST_MEMORY = 200 * 2**20
"""Bytes of the engine and its workers together."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def message(number: int) -> dict[str, Any]:
    """A track call of 1 KB, of which no other has the id, the user and the values."""
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
    return {
        "type": "track",
        "event": f"Event {number % 20}",
        "userId": f"u-{number % 5000}",
        "anonymousId": f"a-{number % 5000}",
        "messageId": f"5f3a9c1e-1111-4222-8333-{number:012}",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "properties": {f"property_{n}": f"value {n} of {number}" for n in range(14)},
        "context": {
            "library": {"name": "analytics-python", "version": "2.3.4"},
            "page": {"url": "https://example.com/pricing?plan=pro", "title": "Pricing", "referrer": ""},
            "userAgent": agent,
        },
    }


def round_trips() -> tuple[float, float]:
    """Seconds that the JSON of one message takes: by the clock, and of CPU."""
    one = message(1)
    began, spent = time.perf_counter(), time.process_time()
    for _ in range(MESSAGES):
        json.loads(json.dumps(one))
    return (time.perf_counter() - began) / MESSAGES, (time.process_time() - spent) / MESSAGES


def family(pid: int) -> list[int]:
    """The process and those that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def spent(pid: int) -> float:
    """Seconds of CPU of a process and those that it started."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Bytes in memory of a process and those that it started; what they share counts once."""
    lines = [
        line
        for one in family(pid)
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    ]
    return sum(int(line.split()[1]) for line in lines) * 1024


async def judged(engine: RunningEngine, bodies: list[bytes]) -> tuple[float, float, int]:
    """Send the bodies, wait until all is judged; returns seconds, CPU seconds and bytes in memory."""
    before, began = spent(engine.pid), time.perf_counter()
    async with httpx.AsyncClient(trust_env=False, base_url=engine.url) as http:
        for body in bodies:
            answer = await http.post("/v1/batch", content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 200
        while (await http.get("/_segtap/healthz")).json()["judged"] < MESSAGES:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.perf_counter() - began, spent(engine.pid) - before, resident(engine.pid)


@pytest.mark.timeout(300)
async def test_the_whole_engine_against_json(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    bodies = [
        json.dumps({"batch": [message(number) for number in range(first, first + BATCH)], "writeKey": "wk"})
        for first in range(0, MESSAGES, BATCH)
    ]
    before = round_trips()
    async with await start_engine(engine_settings(tmp_path)) as engine:
        seconds, cpu, memory = await judged(engine, [body.encode() for body in bodies])
    # Other work on the machine slows both down; of two baselines the faster one is the harder to reach.
    clock, core = (min(pair) for pair in zip(before, round_trips(), strict=True))
    rate, cost = MESSAGES / seconds * clock, cpu / MESSAGES / core
    record_property("judged_to_round_trips", rate)
    record_property("cpu_to_round_trip", cost)
    with capsys.disabled():
        print(
            f"\nwhole engine: {MESSAGES / seconds:,.0f} judged/s, {rate:.3f} of a core's round trips;"
            f" {cpu / MESSAGES * 1e6:.0f} µs CPU a message, {cost:.1f} round trips; {memory / 2**20:.0f} MB"
        )
    assert rate >= LEAST_RATE
    assert cost <= MOST_CPU
    assert memory <= MOST_MEMORY
