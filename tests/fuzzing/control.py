"""Any request to the control API, with its token: an answer below 500 and, unless it is good, a sentence."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import msgspec
from engines import engine_settings, post, running_engine, track

from segtap.core.api.errors import ErrorAnswer
from segtap.core.api.operations import OPERATIONS
from segtap.core.engine.lifecycle import Engine
from segtap.core.query.fields import FIELDS

from .mutations import NUMBERS, ODD, VALUES, mutate
from .target import Misbehaved, Tracebacks, exchange, port_of, statuses, tracebacks

FILTERS = (
    *(field.example for field in FIELDS),
    *("(type:track or user:u-*) and not warn:none", "properties.total>=5 since:1h", "-is:replayed", '"a b"'),
    *("event:/^Order .*$/", "properties.list[0].x:1", "traits.email:*@example.com before:2026-11-24"),
)
TOKENS = (b" or ", b" and ", b"not ", b"(", b")", b":", b"*", b"/", b"..", b">=", b"properties.", b"since:")
HEAD = (
    b"%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n"
)
NOT_HTTP = b"this is no HTTP request that can be read"
SLOW = {"wait", "expect", "feed"}
"""They answer when something happens, or never."""


class Control:
    """The API of a running engine."""

    every = 200

    def __init__(self, engine: Engine, log: Tracebacks) -> None:
        self._engine, self._log = engine, log
        self._port = port_of(engine.url)
        self._filters = [text.encode() for text in FILTERS]
        self._operations = [one for one in OPERATIONS if one.name not in SLOW]

    def make(self, chance: Random) -> bytes:
        """Return a request line, a blank line and a body; token and length are added when it is sent."""
        operation = chance.choice(self._operations)
        path = operation.path.replace("{id}", _text(chance.choice(NUMBERS)))
        fields = list(msgspec.structs.fields(operation.request)) if _is_struct(operation.request) else []
        if operation.method == "GET":
            pairs = [
                (field.name, self._value(field.name, chance)) for field in fields if chance.random() < 0.7
            ]
            query = "&".join(f"{name}={quote(value)}" for name, value in pairs)
            line = f"GET /_segtap/{path}?{query}".encode()
            return mutate(line, chance, self._filters, TOKENS) if chance.random() < 0.2 else line
        body = json.dumps({field.name: self._json(field.name, chance) for field in fields}).encode()
        if chance.random() < 0.3:
            body = mutate(body, chance, self._filters, TOKENS)
        return f"POST /_segtap/{path}\n\n".encode() + body

    def _value(self, name: str, chance: Random) -> bytes:
        if name == "filter":
            return mutate(chance.choice(self._filters), chance, self._filters, TOKENS)
        if name in ("wait", "timeout"):
            return b"5"
        return chance.choice((*NUMBERS, *ODD[:12], b"1", b"1048576", b"user-7", b"track"))[:2_000]

    def _json(self, name: str, chance: Random) -> Any:
        if name == "filter":
            return self._value(name, chance).decode("utf-8", "replace")
        if name == "ids":
            return [
                chance.choice((1 << 20, 2 << 20, -1, 2**63, 1.5, "1", None))
                for _ in range(chance.randrange(4))
            ]
        if name in ("on", "url"):  # nothing is sent anywhere
            return chance.choice((False, None, 0, [], "x"))
        return chance.choice(VALUES)

    async def attempt(self, data: bytes) -> None:
        """Ask, and read the answer."""
        line, _, body = data.partition(b"\n\n")
        for byte, escaped in ((b"\r", b"%0D"), (b"\n", b"%0A"), (b" ", b"%20")):
            line = line.replace(byte, escaped)
        line = line.replace(b"%20", b" ", 1)
        head = HEAD % (line, self._engine.token.encode(), len(body))
        answer = await exchange(self._port, head + body, ends=False)
        found = statuses(answer)
        if not found or found[0] >= 500:
            raise Misbehaved(f"answered {answer[:300]!r}")
        if found[0] >= 400 and line.split(b"?")[0].startswith((b"GET /_segtap/", b"POST /_segtap/")):
            _, _, said = answer.partition(b"\r\n\r\n")
            try:
                words = msgspec.json.decode(said, type=ErrorAnswer).error.message
            except msgspec.MsgspecError:
                # What is no HTTP is answered before anybody knows that it was meant for the API.
                words = said.partition(NOT_HTTP)[1]
            if not words:
                raise Misbehaved(f"no error of the API's: {answer[:300]!r}")
        self._log.check()

    async def settle(self) -> None:
        """Fill the journal again, which a request may have cleared."""
        await fill(self._engine)


async def fill(engine: Engine) -> None:
    """Send some messages to the engine and wait until they are listed."""
    await post(
        engine.url,
        *(track(f"m-{n}", "Order Completed", properties={"total": n, "list": [{"x": n}]}) for n in range(20)),
        {"type": "identify", "userId": "user-7", "traits": {"email": "a@example.com"}, "messageId": "i-1"},
        {"type": "group", "userId": "user-7", "groupId": "acme", "messageId": "g-1"},
    )
    await engine.indexed()


@contextlib.asynccontextmanager
async def control(folder: Path) -> AsyncIterator[Control]:
    """Run an engine with some messages for the target."""
    logging.getLogger("segtap").setLevel(logging.WARNING)
    with tracebacks() as log:
        async with running_engine(engine_settings(folder, max_bytes=32 * 1024 * 1024)) as (engine, _):
            await fill(engine)
            yield Control(engine, log)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:40]
