"""Servers beside which benchmarks measure: a bare uvicorn app, and how any of them is run."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

BARE = """
import asyncio, socket, sys
import uvicorn

async def app(scope, receive, send):
    body = b""
    while True:
        event = await receive()
        body += event["body"]
        if not event["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
config = uvicorn.Config(
    app, http="httptools", interface="asgi3", lifespan="off", log_config=None, access_log=False
)
print(listening.getsockname()[1], flush=True)
uvicorn.Server(config).run([listening])
"""


@contextlib.asynccontextmanager
async def serving(*command: str) -> AsyncIterator[tuple[int, int]]:
    """The port and the process of a server that prints its port."""
    child = await asyncio.create_subprocess_exec(*(sys.executable, *command), stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        yield int(await child.stdout.readline()), child.pid
    finally:
        child.terminate()
        await child.communicate()
