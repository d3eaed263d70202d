"""Measures how long answers take while requests come at a steady rate, from a process of its own.

`python tests/latency.py PORT FOLDER RATE SECONDS` sends the requests of the folder's files in turn, so many
a second, whether or not those before are answered. It writes one JSON line: milliseconds from the moment at
which each request was due until its answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path


class Connection(asyncio.Protocol):
    """Sends a request at a time, and keeps the time until its answer."""

    def __init__(self, idle: deque[Connection], taken: list[float]) -> None:
        self.idle, self.taken = idle, taken
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.idle.append(self)

    def send(self, request: bytes, due: float) -> None:
        self.due = due
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        # A head comes in one piece, perhaps behind the small body of the answer before.
        if b"HTTP/1.1 200" in data:
            self.taken.append((time.perf_counter() - self.due) * 1e3)
            self.idle.append(self)


async def measure(port: int, requests: list[bytes], rate: float, seconds: float) -> list[float]:
    """Send at that rate for so long, and wait for the last answers."""
    loop = asyncio.get_running_loop()
    idle, taken = deque[Connection](), list[float]()
    began, sent = time.perf_counter(), 0
    while (due := began + sent / rate) < began + seconds:
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        if not idle:
            await loop.create_connection(lambda: Connection(idle, taken), "127.0.0.1", port)
        idle.popleft().send(requests[sent % len(requests)], due)
        sent += 1
    async with asyncio.timeout(30):
        while len(taken) < sent:  # noqa: ASYNC110 – nothing reports the last answer
            await asyncio.sleep(0.01)
    return taken


def main() -> None:
    """The command line above."""
    port, folder, rate, seconds = sys.argv[1:]
    requests = [file.read_bytes() for file in sorted(Path(folder).iterdir())]
    print(json.dumps(asyncio.run(measure(int(port), requests, float(rate), float(seconds)))))


if __name__ == "__main__":
    main()
