"""The client of a running engine: the only way in which screens, commands and scripts reach one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Self, TypeVar, cast

import msgspec

from ..errors import EngineError, SegtapError
from ..serve.notes import find_engine
from .connection import Connection, InATask, foreign, gone, tls_for, words_of
from .errors import ErrorAnswer, error_from
from .expectations import Expectations
from .matches import Matches, Unmet
from .models import FeedBatch
from .operations import FEED, PREFIX, READYZ, ExpectRequest, Operation, WaitRequest
from .probes import Probes
from .viewer import Viewer

if TYPE_CHECKING:
    import httpx

SERVICE_RESTART = 1012
"""The WebSocket code with which a stopping engine closes the feed."""

_NOT_READABLE = (msgspec.DecodeError, UnicodeDecodeError)
"""What decoding the answer of another program raises."""

R = TypeVar("R")
A = TypeVar("A")


class Client(Viewer, Expectations, Probes):
    """Every operation of the API, over HTTP and WebSocket, with asyncio; `SyncClient` has the same without.

    `url` is one that the engine listens at on this machine, `token` the one it made when it started; `find`
    knows both. The test token opens what `Expectations` has. After `close`, every call raises EngineError.
    `ca` is a file with the certificates that an https URL is verified with.
    """

    def __init__(self, url: str, token: str, *, ca: str = "") -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._ca = ca
        self._connection = Connection(self.url, token, ca)

    @classmethod
    def find(cls, url: str = "", *, journal: str = "") -> Self:
        """Return the client of a running engine of this user: at `url`, with that journal, or the newest.

        Raises EngineError, which lists the engines that run.
        """
        return cls(*find_engine(url, journal=journal))

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    async def call(self, operation: Operation[R, A], request: R) -> A:
        """Call an operation that answers with one value, or with text."""
        async with self._send(operation, request) as answer:
            status, content = answer.status_code, await _read(answer)
        unmet = operation.waits and status == 408
        unready = operation.name == READYZ.name and status == 503
        if status != 200 and not unmet and not unready:
            raise _error_of(status, content, self.url)
        try:
            if operation.kind == "text":
                return cast(A, content.decode())
            answer = msgspec.json.decode(content, type=operation.answer)
            if isinstance(answer, Matches) and unmet:
                raise Unmet(answer)
            return answer
        except _NOT_READABLE as error:
            raise foreign(self.url) from error

    async def call_lines(self, operation: Operation[R, A], request: R) -> AsyncGenerator[bytes]:
        """Call an operation that answers with lines."""
        begun: list[bytes] = []
        async with contextlib.aclosing(InATask(self._chunks(operation, request))) as chunks:
            async for chunk in chunks:
                first, *others = chunk.split(b"\n")
                begun.append(first)
                for part in others:
                    yield b"".join(begun) + b"\n"
                    begun = [part]
        if any(begun):
            raise gone(self.url, "ended in the middle of a line")

    async def feed(self) -> AsyncGenerator[FeedBatch]:
        """Yield frames until the engine stops. It does not reconnect.

        Raises EngineError if the connection breaks.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosedError, InvalidStatus, WebSocketException

        decode = msgspec.json.Decoder(FEED.answer).decode
        target = f"{self.url.replace('http', 'ws', 1)}{PREFIX}{FEED.path}"
        try:
            async with connect(
                target,
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,
                max_size=None,
                # Only the engine ends the feed: a screen that was suspended continues where it was.
                ping_interval=None,
                proxy=None,
                ssl=tls_for(self.url, self._ca),
            ) as socket:
                async for frame in socket:
                    yield decode(frame)
        except InvalidStatus as error:
            body = bytes(error.response.body or b"")
            raise _error_of(error.response.status_code, body, self.url) from error
        except ConnectionClosedError as error:
            if error.rcvd is None or error.rcvd.code != SERVICE_RESTART:
                raise gone(self.url, "closed the feed") from error
        except (OSError, WebSocketException) as error:
            raise gone(self.url, words_of(error)) from error
        except _NOT_READABLE as error:
            raise foreign(self.url) from error

    async def close(self) -> None:
        """Close the connection once its requests have ended. The engine keeps running."""
        await self._connection.close()

    async def _chunks(self, operation: Operation[R, A], request: R) -> AsyncGenerator[bytes]:
        async with self._send(operation, request) as answer:
            if answer.status_code != 200:
                raise _error_of(answer.status_code, await _read(answer), self.url)
            async for chunk in answer.aiter_raw():
                yield chunk

    def _send(
        self, operation: Operation[R, A], request: R
    ) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        """Send a request, in the places that the operation has for its parts."""
        path = f"{PREFIX}{operation.path}"
        seconds = seconds_of(request)
        if operation.method == "POST":
            return self._connection.stream("POST", path, {}, body_of_request(request), seconds)
        fields = cast("dict[str, str | int]", msgspec.to_builtins(request))
        query = {name: value for name, value in fields.items() if f"{{{name}}}" not in path}
        return self._connection.stream("GET", path.format(**fields), query, None, seconds)


def body_of_request(request: object) -> bytes:
    """Return the body of a request; the text of a message as it was spelled."""
    return bytes(request) if isinstance(request, msgspec.Raw) else msgspec.json.encode(request)


def seconds_of(request: object) -> float:
    """Return how long the engine may wait before it answers."""
    return request.timeout if isinstance(request, WaitRequest | ExpectRequest) else 0.0


async def _read(answer: httpx.Response) -> bytes:
    return b"".join([chunk async for chunk in answer.aiter_raw()])


def _error_of(status: int, body: bytes, url: str) -> SegtapError:
    """Return the error that the engine sent, as the class that it raised."""
    try:
        sent = msgspec.json.decode(body, type=ErrorAnswer).error
    except _NOT_READABLE:
        return EngineError(f"The server at {url} is not a segtap: it answered {status}.")
    return error_from(sent)
