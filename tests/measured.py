"""What benchmarks have in common: a message of 1 KB, its JSON as the measure, and what processes use."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOW = "2026-11-24T21:00:00.000Z"


def message(number: int, timestamp: str = NOW) -> dict[str, Any]:
    """A track call of 0.9 KB, of which no other has the id and the values; every 5000th has the same user."""
    return {
        "type": "track",
        "event": f"Event {number % 20}",
        "userId": f"u-{number % 5_000}",
        "anonymousId": f"a-{number % 5_000}",
        "messageId": f"5f3a9c1e-1111-4222-8333-{number:012}",
        "timestamp": timestamp,
        "properties": {f"property_{n}": f"value {n} of {number}" for n in range(14)},
        "context": {
            "library": {"name": "analytics-python", "version": "2.3.4"},
            "page": {"url": "https://example.com/pricing?plan=pro", "title": "Pricing", "referrer": ""},
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML)",
        },
    }


def batches(count: int, size: int) -> list[bytes]:
    """The bodies of requests with so many messages together, which were sent just now."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return [
        json.dumps({"batch": [message(start + n, now) for n in range(size)], "writeKey": "wk"}).encode()
        for start in range(0, count, size)
    ]


def round_trip() -> tuple[float, float]:
    """Seconds that writing and reading a message as JSON takes, by the clock and of CPU: the best of some."""
    text, clock, core = json.dumps(message(1)), float("inf"), float("inf")
    for _ in range(10):
        began, used = time.perf_counter(), time.process_time()
        for _ in range(2_000):
            json.dumps(json.loads(text))
        clock, core = (
            min(clock, time.perf_counter() - began),
            min(core, time.process_time() - used),
        )
    return clock / 2_000, core / 2_000


def least_cpu(work: Callable[[], object], rounds: int) -> float:
    """Return the least CPU time of some rounds, in seconds."""
    times: list[float] = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return min(times)


def fastest(*works: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of CPU that each takes at least. They take turns, so that a slow moment meets all of them.

    No garbage is collected meanwhile, as in `timeit`: what that costs depends on all else in the process.
    """
    times = [float("inf")] * len(works)
    collects = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for number, work in enumerate(works):
                before = time.process_time()
                work()
                times[number] = min(times[number], time.process_time() - before)
    finally:
        if collects:
            gc.enable()
    return times


def family(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += family(int(child))
    return found


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process, those below it and those that have ended took."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # its own, and its children's that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> int:
    """Bytes in memory of a process and those below it; what they share counts once."""
    lines = [
        line
        for one in family(pid)
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    ]
    return sum(int(line.split()[1]) for line in lines) * 1024
