"""The server of the API under /_segtap/: an ASGI app over the table of operations."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar, cast

import msgspec

from ..errors import SegtapError
from ..ingest.body import Event, Receive, Scope, Send
from ..json_text import json_bytes, whole_text
from ..messages import Json, JsonObject
from ..metrics.exposition import CONTENT_TYPE
from .access import admit, admit_scraper, admit_tests, is_local, names_this_machine
from .errors import ErrorAnswer
from .handlers import LINES, TEXTS, VALUES, Commands, Controlled, Outside, Queries
from .matches import Unmet
from .models import Health, Readiness
from .operations import PREFIX, Operation, operation_at
from .refusal import Refusal, refused
from .requests import read_request

logger = logging.getLogger(__name__)

T = TypeVar("T")


class ControlApp:
    """The ASGI app of the API. It accepts requests with `token`, and tests with `test_token` ("": none)."""

    def __init__(
        self, queries: Queries, commands: Commands, outside: Outside, token: str, test_token: str = ""
    ) -> None:
        self._engine = Controlled(queries, commands, outside)
        self._token = token
        self._test_token = test_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request or WebSocket below /_segtap/."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        try:
            await self._http(scope, receive, send)
        except Unmet as unmet:
            await self._send_value(send, unmet.matches, 408)
        except (Refusal, SegtapError) as error:
            status, body = refused(error)
            allowed = error.allowed if isinstance(error, Refusal) else ""
            await self._send_value(send, ErrorAnswer(body), status, allowed=allowed)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation, in_path = operation_at(scope["path"][len(PREFIX) :])
        if operation is not None and operation.scraped:
            admit_scraper(scope, self._engine.outside.metrics_token)
        elif operation is not None and operation.for_tests:
            admit_tests(scope, self._token, self._test_token)
        elif operation is None or not operation.open:
            admit(scope, self._token)
        if operation is None or operation.kind == "frames":
            raise Refusal(404, "Not found", f"The API has nothing at {scope['path']}.")
        _check_method(operation, scope["method"])
        request = await read_request(operation, in_path, scope, receive, self._engine.queries.bounds)
        if operation.kind == "lines":
            await self._send_lines(send, LINES[operation.name](self._engine, request))
            return
        if operation.kind == "text":
            text = await TEXTS[operation.name](self._engine)
            await self._send_body(send, text.encode(), CONTENT_TYPE.encode(), scope["method"])
            return
        making = VALUES[operation.name](self._engine, request)
        try:
            given_up = operation.method == "GET" or operation.waits
            answer = await (_unless_gone(making, receive) if given_up else making)
        except _Gone:
            return
        if isinstance(answer, Health) and not is_local(scope):
            # The fault may name files of this machine, and how much is received is nobody else's business.
            answer = Health(answer.status, answer.app, answer.version)
        status = 200
        if isinstance(answer, Readiness):
            status = 200 if answer.status == "ok" else 503
            answer = answer if names_this_machine(scope) else Readiness(answer.status, answer.reason)
        await self._send_value(send, answer, status, method=scope["method"])

    async def _send_value(
        self,
        send: Send,
        value: msgspec.Struct | JsonObject,
        status: int = 200,
        *,
        method: str = "",
        allowed: str = "",
    ) -> None:
        """Answer with a value, known secrets in it masked."""
        body = encode_answer(self._engine.queries.masks.value(value))
        await self._send_body(send, body, b"application/json", method, status, allowed)

    async def _send_body(
        self, send: Send, body: bytes, content_type: bytes, method: str, status: int = 200, allowed: str = ""
    ) -> None:
        """Send an answer; to HEAD its head alone. `allowed` becomes the Allow header."""
        body = b"" if method == "HEAD" else body
        start = _start(status, content_type, len(body))
        if allowed:
            start["headers"].append((b"allow", allowed.encode()))
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _send_lines(self, send: Send, lines: AsyncIterator[bytes]) -> None:
        # The first stretch is read before the answer begins: if the journal fails, that is still a 503.
        first = await anext(lines, b"")
        await send(_start(200, b"application/x-ndjson"))
        await send(_part(self._engine.queries.masks.data(first)))
        async for chunk in lines:
            await send(_part(self._engine.queries.masks.data(chunk)))
        await send({"type": "http.response.body", "body": b""})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            admit(scope, self._token)
            operation, _ = operation_at(scope["path"].removeprefix(PREFIX))
            if operation is None or operation.kind != "frames":
                raise Refusal(404, "Not found", f"There is no WebSocket at {scope['path']}.")
        except Refusal as refusal:
            answer = self._engine.queries.masks.value(ErrorAnswer(refusal.body))
            await refuse_websocket(send, refusal.status, encode_answer(answer))
            return
        await send({"type": "websocket.accept"})
        gone = asyncio.create_task(_until_gone(receive))
        sending = asyncio.create_task(self._send_frames(send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
                await send({"type": "websocket.close", "code": 1001, "reason": "the engine stops"})
        except OSError as error:
            # Sending to a viewer that left raises ClientDisconnected, which is an OSError.
            logger.debug("a viewer left: %s", error)
        finally:
            gone.cancel()
            sending.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    async def _send_frames(self, send: Send) -> None:
        encode = msgspec.json.Encoder().encode
        async with contextlib.aclosing(self._engine.queries.watch()) as frames:
            async for batch in frames:
                # Waits while the viewer's socket is full; meanwhile the feed collects, with a limit.
                text, masks = encode(batch).decode(), self._engine.queries.masks
                if masks.find(text):
                    text = encode(masks.value(batch)).decode()
                await send({"type": "websocket.send", "text": text})


async def refuse_websocket(send: Send, status: int, body: bytes) -> None:
    """Answer a WebSocket handshake with an HTTP error."""
    start = _start(status, b"application/json")
    await send({**start, "type": "websocket.http.response.start"})
    await send({"type": "websocket.http.response.body", "body": body})


def encode_answer(value: msgspec.Struct | Json) -> bytes:
    """Return the JSON text of an answer. Lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # Paths may hold them, and texts that a mapping cut in the middle of an emoji.
        return json_bytes(whole_text(cast("Json", msgspec.to_builtins(value))))


def _check_method(operation: Operation[Any, Any], method: str) -> None:
    allowed = (operation.method, "HEAD") if operation.open or operation.scraped else (operation.method,)
    if method not in allowed:
        why = f"Use {' or '.join(allowed)}, not {method}."
        raise Refusal(405, "Method not allowed", why, allowed=", ".join(allowed))


class _Gone(Exception):
    """The client has closed its connection, and nobody waits for the answer."""


async def _unless_gone(answer: Awaitable[T], receive: Receive) -> T:
    """Return the answer of a query. Cancel it and raise _Gone when the client closes its connection."""
    asking = asyncio.ensure_future(answer)
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait({asking, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise _Gone
        return asking.result()
    finally:
        gone.cancel()
        asking.cancel()
        await asyncio.gather(gone, asking, return_exceptions=True)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] not in ("websocket.disconnect", "http.disconnect"):
        pass


def _start(status: int, content_type: bytes, length: int | None = None) -> Event:
    headers = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


def _part(body: bytes) -> Event:
    return {"type": "http.response.body", "body": body, "more_body": True}
