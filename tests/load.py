"""A load generator that costs little: prebuilt HTTP requests over raw sockets, in a process of its own.

`python tests/load.py PORT REQUEST_FILE CONNECTIONS SECONDS` writes one JSON line: requests answered 200,
other answers, seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path


def http_post(path: str, body: bytes) -> bytes:
    """One request, ready to be written to a socket."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """Sends the request again as soon as it is answered, until `stop` is set."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.good = self.bad = 0
        self.stop = False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        # A head comes in one piece; the body, small, may come by itself and says nothing.
        if not data.startswith(b"HTTP/1.1 "):
            return
        if data.startswith(b"HTTP/1.1 200"):
            self.good += 1
        else:
            self.bad += 1
        if self.stop:
            self.transport.close()
        else:
            self.transport.write(self.request)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


async def load(port: int, request: bytes, connections: int, seconds: float) -> dict[str, float]:
    """Keep `connections` busy for so long."""
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Connection(request), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    began, before = time.perf_counter(), sum(each.good for each in made)
    await asyncio.sleep(seconds)
    took, good = time.perf_counter() - began, sum(each.good for each in made) - before
    for each in made:
        each.stop = True
    await asyncio.wait([each.closed for each in made], timeout=10)
    return {"good": good, "bad": sum(each.bad for each in made), "seconds": took}


def main() -> None:
    """The command line above."""
    port, file, connections, seconds = sys.argv[1:]
    work = load(int(port), Path(file).read_bytes(), int(connections), float(seconds))
    try:
        import uvloop
    except ImportError:
        result = asyncio.run(work)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(work)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
