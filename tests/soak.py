"""Sends events to `segtap forward` for minutes, and says whether its memory stays flat.

`python tests/soak.py --rate 5000 --minutes 10` prints a line each ten seconds: messages sent and owed, memory
of engine and workers, how long requests took, the journal's size. It ends with 0 if memory and backlog stayed
flat, and everything that was acknowledged reached the stand-in for Mixpanel; else with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from measured import message
from service import Service, accepting, service

BATCH = 100
EVERY = 10.0
LATE = 5.0
"""Seconds that a request may start too late before the sender counts as too slow."""
SETTLES = 120.0
"""Seconds for the backlog to be sent at the end."""
GROWTH, ROOM = 1.10, 24 * 2**20
"""How much more memory the last third of the time may need than the second: by part, and in bytes."""
MB = 2**20


@dataclass
class Seen:
    """What was measured at one moment."""

    sent: int
    backlog: int
    engine: int
    workers: int
    took: Sequence[float]
    disk: int


@dataclass
class Run:
    """Requests at a steady rate, and how long they took since they were looked at last."""

    rate: int
    port: int
    sent: int = 0
    late: float = 0.0
    refused: int = 0
    took: list[float] = field(default_factory=list[float])

    async def send(self, seconds: float) -> None:
        """Send for so many seconds."""
        pending: set[asyncio.Task[None]] = set()
        url = f"http://127.0.0.1:{self.port}/v1/batch"
        async with httpx.AsyncClient(
            trust_env=False, timeout=60, limits=httpx.Limits(max_connections=32)
        ) as http:
            began, started = time.monotonic(), 0
            while (passed := time.monotonic() - began) < seconds:
                due = int(passed * self.rate / BATCH)
                self.late = max(self.late, passed - started * BATCH / self.rate)
                if started >= due:
                    await asyncio.sleep(0.002)
                    continue
                task = asyncio.create_task(self._post(http, url, started * BATCH))
                pending.add(task)
                task.add_done_callback(pending.discard)
                started += 1
                await asyncio.sleep(0)
            await asyncio.gather(*pending)

    async def _post(self, http: httpx.AsyncClient, url: str, first: int) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        body = json.dumps({"batch": [message(first + n, now) for n in range(BATCH)], "writeKey": "wk"})
        began = time.monotonic()
        answer = await http.post(url, content=body.encode())
        self.took.append(time.monotonic() - began)
        if answer.status_code == 200:
            self.sent += BATCH
        else:
            self.refused += BATCH


async def soak(rate: int, minutes: float, folder: Path, max_bytes: int) -> list[str]:
    """Run it; returns what is wrong, nothing if all is well."""
    (folder / "segtap.toml").write_text(f"[journal]\nmax_bytes = {max_bytes}\n")
    with (
        accepting() as mixpanel,
        service(folder, mixpanel, "--config", str(folder / "segtap.toml")) as engine,
    ):
        run = Run(rate, engine.port)
        print("seconds     sent   owed  engine workers  p50 ms  p99 ms    disk", flush=True)
        sending = asyncio.create_task(run.send(minutes * 60))
        seen: list[Seen] = []
        began = time.monotonic()
        while not sending.done():
            await asyncio.wait([sending], timeout=EVERY)
            seen.append(await look(engine, run))
            show(time.monotonic() - began, seen[-1])
        await sending
        delivered = await rest(engine, run.sent)
    return verdict(seen, run, delivered)


async def look(engine: Service, run: Run) -> Seen:
    """Measure, and begin to collect times anew."""
    took, run.took = sorted(run.took), []
    metrics = await asyncio.to_thread(engine.metrics)
    owed = int(metrics["segtap_backlog_messages"] + metrics["segtap_unlisted_messages"])
    return Seen(run.sent, owed, *engine.resident(), took, engine.disk())


def show(seconds: float, seen: Seen) -> None:
    """Print a line."""
    took = seen.took or [0.0]
    p50, p99 = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99))
    print(
        f"{seconds:7.0f} {seen.sent:8,} {seen.backlog:6,} {seen.engine / MB:4.0f} MB "
        f"{seen.workers / MB:4.0f} MB {p50:7.1f} {p99:7.1f} {seen.disk / MB:4.0f} MB",
        flush=True,
    )


async def rest(engine: Service, sent: int) -> int:
    """Wait until nothing is owed any more; how many messages Mixpanel has accepted then."""
    end = time.monotonic() + SETTLES
    while True:
        metrics = await asyncio.to_thread(engine.metrics)
        delivered = int(metrics["segtap_sent_messages_total"])
        if delivered >= sent or time.monotonic() > end:
            return delivered
        await asyncio.sleep(0.5)


def verdict(seen: Sequence[Seen], run: Run, delivered: int) -> list[str]:
    """Return what is wrong. The first third of the time is left out: caches fill."""
    wrong: list[str] = []
    third = max(1, len(seen) // 3)
    middle, last = seen[third : 2 * third] or seen[:1], seen[-third:]
    before, after = (max(one.engine + one.workers for one in some) for some in (middle, last))
    if after > before * GROWTH + ROOM:
        wrong.append(f"memory grew from {before / MB:.0f} to {after / MB:.0f} MB")
    if min(one.backlog for one in last) > max(one.backlog for one in middle) + 10 * run.rate:
        wrong.append("the backlog grew to the end")
    if run.refused:
        wrong.append(f"{run.refused:,} messages were refused")
    if delivered != run.sent:
        wrong.append(f"{delivered:,} of {run.sent:,} messages reached Mixpanel")
    if run.late > LATE:
        wrong.append(f"the sender was up to {run.late:.0f} s late: the machine is too slow for this rate")
    return wrong


def main() -> None:
    """Run the command line above."""
    parser = argparse.ArgumentParser(description="Send events to segtap forward for minutes.")
    parser.add_argument("--rate", type=int, default=5_000, help="messages a second")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--max-bytes", type=int, default=256 * MB, help="size at which the journal rotates")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = asyncio.run(soak(given.rate, given.minutes, Path(folder), given.max_bytes))
    print(
        f"not flat: {'; '.join(wrong)}" if wrong else "flat: memory and backlog stayed, and all was delivered"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
