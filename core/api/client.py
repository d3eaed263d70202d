"""The client of a running engine: the only way that screens, commands and scripts reach one."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

import msgspec

from ..answers import ACCEPT_PLAIN, codings_of
from ..errors import EngineError, SegtapError
from ..identities.model import Cluster, UserFound, Users
from ..json_text import json_bytes
from ..messages import JsonObject
from ..overview.model import Groups, Overview
from ..settings import Settings
from .errors import PREFIX, ErrorAnswer, error_from
from .models import EngineState, FeedBatch, MessageDetail, Page

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT, ANSWER_TIMEOUT = 5.0, 60.0
SERVICE_RESTART = 1012
"""The WebSocket code with which a stopping engine closes the feed."""

_NOT_READABLE = (msgspec.DecodeError, UnicodeDecodeError)
"""What decoding the answer of a program that is not segtap raises."""

T = TypeVar("T")


class Viewer(Protocol):
    """What a screen or command may ask of an engine. `Client` is it over HTTP and WebSocket.

    Every method raises `EngineError` when the engine cannot be reached or does not know the token.
    """

    url: str

    async def state(self) -> EngineState:
        """The header's facts now."""
        ...

    async def settings(self) -> Settings:
        """The settings in force, with dots for secrets."""
        ...

    def feed(self) -> AsyncIterator[FeedBatch]:
        """Frames until the engine stops. The first holds the state and no messages: page those."""
        ...

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        text: str = "",
    ) -> Page:
        """A stretch of the list, oldest first."""
        ...

    async def detail(self, id: int) -> MessageDetail:
        """Everything about one message."""
        ...

    async def overview(self) -> Overview:
        """The newest messages in numbers: by rule, by event, over time.

        What is not read within a second is left for the next asking, see `Coverage.behind`; so it is for the
        users and groups.
        """
        ...

    async def users(self, text: str = "", limit: int = 200) -> Users:
        """Users as Mixpanel sees them, the one seen last first; those with an id that contains the text."""
        ...

    async def user(self, id: str) -> Cluster | None:
        """The user with this very id, None when no message covered has it."""
        ...

    async def groups(self) -> Groups:
        """Group Analytics: the four parts of each group key."""
        ...

    async def inspect(self, document: JsonObject) -> MessageDetail:
        """Read a pasted Segment message as if it had come, without keeping it."""
        ...

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> EngineState:
        """Turn forwarding on (where it has halted: try again) or off, or with None leave it as it is.

        `reread` reads the settings file first. Raises ForwardingRefused with the reason, SettingsError for
        a file that cannot be used.
        """
        ...

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages through the tap again; returns how many. Forwarded when forwarding is on."""
        ...

    async def clear(self) -> None:
        """Forget the whole journal."""
        ...

    def export(self, text: str = "") -> AsyncIterator[bytes]:
        """One message a line, as received plus what was filled in, oldest first."""
        ...

    async def close(self) -> None:
        """Let go of the connection. The engine runs on."""
        ...


class Client:
    """A `Viewer` over HTTP and WebSocket.

    `url` is one that the engine listens at on this machine, `token` the one it made at its start. Every
    method raises `EngineError` when the engine cannot be reached or does not know the token, and otherwise
    the very error that the engine raised.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._http: httpx.AsyncClient | None = None
        self._closed = False
        self._calls = 0
        """Requests under way: the last one closes the connection when `close` came meanwhile."""

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    async def state(self) -> EngineState:
        """The header's facts now."""
        return await self._get("state", EngineState)

    async def settings(self) -> Settings:
        """The settings in force, with dots for secrets."""
        return await self._get("settings", Settings)

    async def feed(self) -> AsyncIterator[FeedBatch]:
        """Frames until the engine stops; then it ends. It does not connect again by itself.

        Raises EngineError when the engine goes without a word.
        """
        from websockets.asyncio.client import connect
        from websockets.exceptions import ConnectionClosedError, InvalidStatus, WebSocketException

        decode = msgspec.json.Decoder(FeedBatch).decode
        target = f"{self.url.replace('http', 'ws', 1)}{PREFIX}feed"
        try:
            async with connect(
                target,
                additional_headers={"Authorization": f"Bearer {self._token}"},
                compression=None,
                max_size=None,
                # Nothing but the engine ends the feed: a screen that was suspended goes on where it was.
                ping_interval=None,
                proxy=None,
                ssl=self._tls(),
            ) as socket:
                async for frame in socket:
                    yield decode(frame)
        except InvalidStatus as error:
            body = bytes(error.response.body or b"")
            raise _error_of(error.response.status_code, body, self.url) from error
        except ConnectionClosedError as error:
            if error.rcvd is None or error.rcvd.code != SERVICE_RESTART:
                raise self._gone("closed the feed") from error
        except (OSError, WebSocketException) as error:
            raise self._gone(_words(error)) from error
        except _NOT_READABLE as error:
            raise _foreign(self.url) from error

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        text: str = "",
    ) -> Page:
        """A stretch of the list, oldest first."""
        query: dict[str, str | int] = {"limit": limit}
        if before is not None:
            query["before"] = before
        if after is not None:
            query["after"] = after
        if text:
            query["text"] = text
        return await self._get("page", Page, query)

    async def detail(self, id: int) -> MessageDetail:
        """Everything about one message. Raises InputError when there is none of that id."""
        return await self._get(f"messages/{id}", MessageDetail)

    async def overview(self) -> Overview:
        """The newest messages in numbers: by rule, by event, over time."""
        return await self._get("overview", Overview)

    async def users(self, text: str = "", limit: int = 200) -> Users:
        """The users seen last, of those with an id that contains the text."""
        return await self._get("users", Users, {"text": text, "limit": limit})

    async def user(self, id: str) -> Cluster | None:
        """The user with this very id, None when no message covered has it."""
        return (await self._get("user", UserFound, {"id": id})).cluster

    async def groups(self) -> Groups:
        """Group Analytics: the four parts of each group key."""
        return await self._get("groups", Groups)

    async def inspect(self, document: JsonObject) -> MessageDetail:
        """Read a pasted Segment message as if it had come. Raises InputError when it is none."""
        return await self._post("inspect", document, MessageDetail)

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> EngineState:
        """Turn forwarding on (where it has halted: try again) or off; see `Viewer`."""
        return await self._post("forwarding", {"on": on, "reread": reread}, EngineState)

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages through the tap again; returns how many."""
        return (await self._post("replay", {"ids": list(ids)}, _Replayed)).replayed

    async def replay_documents(self, documents: Sequence[JsonObject]) -> int:
        """Send messages that come from elsewhere through the tap; returns how many."""
        return (await self._post("replay", {"messages": list(documents)}, _Replayed)).replayed

    async def clear(self) -> None:
        """Forget the whole journal."""
        await self._post("clear", {}, _Cleared)

    def export(self, text: str = "") -> AsyncIterator[bytes]:
        """One message a line (with its newline), oldest first."""
        return self._lines("export", {"text": text} if text else None)

    def user_rows(self) -> AsyncIterator[bytes]:
        """Every user as a line of JSON (with its newline), in no order: `identities.users.UserRow`."""
        return self._lines("users/all", None)

    async def _lines(self, name: str, query: Mapping[str, str | int] | None) -> AsyncIterator[bytes]:
        import httpx

        try:
            async with self._stream("GET", f"{PREFIX}{name}", query) as answer:
                if answer.status_code != 200:
                    raise _error_of(answer.status_code, await self._read(answer), self.url)
                self._want_plain(answer)
                begun: list[bytes] = []
                async for chunk in answer.aiter_raw():
                    first, *others = chunk.split(b"\n")
                    begun.append(first)
                    for part in others:
                        yield b"".join(begun) + b"\n"
                        begun = [part]
                if any(begun):
                    raise self._gone("ended in the middle of a line")
        except httpx.HTTPError as error:
            raise self._gone(_words(error)) from error

    async def close(self) -> None:
        """Close the connection; every later call raises EngineError. The engine runs on."""
        self._closed = True
        # Closed under a request, httpx would raise a RuntimeError there, and leave a socket open.
        if not self._calls:
            await self._drop()

    async def _drop(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    @contextlib.asynccontextmanager
    async def _stream(
        self, method: str, path: str, query: Mapping[str, str | int] | None, body: bytes | None = None
    ) -> AsyncGenerator[httpx.Response]:
        """Send a request and give its answer, whose body is not read yet."""
        connection = self._connection()
        self._calls += 1
        try:
            async with connection.stream(method, path, params=query, content=body) as answer:
                yield answer
        finally:
            self._calls -= 1
            if self._closed and not self._calls:
                await self._drop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _get(self, name: str, type: type[T], query: Mapping[str, str | int] | None = None) -> T:
        return await self._call("GET", name, type, query=query)

    async def _post(self, name: str, value: JsonObject, type: type[T]) -> T:
        return await self._call("POST", name, type, body=json_bytes(value))

    async def _call(
        self,
        method: str,
        name: str,
        type: type[T],
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
    ) -> T:
        import httpx

        path = f"{PREFIX}{name}"
        try:
            async with self._stream(method, path, query, body) as answer:
                status, content = answer.status_code, await self._read(answer)
        except httpx.HTTPError as error:
            raise self._gone(_words(error)) from error
        if status != 200:
            raise _error_of(status, content, self.url)
        try:
            return msgspec.json.decode(content, type=type)
        except _NOT_READABLE as error:
            raise _foreign(self.url) from error

    async def _read(self, answer: httpx.Response) -> bytes:
        """Read the body. Raises EngineError for a packed one: httpx would unpack it without a bound."""
        self._want_plain(answer)
        return b"".join([chunk async for chunk in answer.aiter_raw()])

    def _want_plain(self, answer: httpx.Response) -> None:
        if codings_of(answer):
            raise _foreign(self.url)

    def _connection(self) -> httpx.AsyncClient:
        if self._closed:
            # A screen that moved on to another engine may still hold this client. Nobody would close a new
            # connection.
            raise self._gone("this connection to it was closed")
        if self._http is None:
            import httpx

            try:
                self._http = httpx.AsyncClient(
                    base_url=self.url,
                    headers={
                        "Authorization": f"Bearer {self._token}",
                        "Content-Type": "application/json",
                        **ACCEPT_PLAIN,
                    },
                    timeout=httpx.Timeout(ANSWER_TIMEOUT, connect=CONNECT_TIMEOUT),
                    # The engine is on this machine: a proxy set for the web has no business here.
                    trust_env=False,
                    # Without TLS there is nothing to verify, and reading all certificates takes 40 ms.
                    verify=self._tls() or False,
                )
            except (httpx.InvalidURL, ValueError) as error:
                raise EngineError(f"{self.url!r} is no URL of an engine: {error}.") from error
        return self._http

    def _tls(self) -> ssl.SSLContext | None:
        """For an engine with --tls-cert: its certificate names another host than the loopback address."""
        if not self.url.startswith("https:"):
            return None
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def _gone(self, why: str) -> EngineError:
        return EngineError(f"The engine at {self.url} does not answer ({why}). Start one with: segtap")


class _Replayed(msgspec.Struct):
    replayed: int


class _Cleared(msgspec.Struct):
    cleared: bool


def _words(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there"
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _foreign(url: str) -> EngineError:
    return EngineError(f"What listens at {url} is no segtap of this version. Attach to another URL.")


def _error_of(status: int, body: bytes, url: str) -> SegtapError:
    """The error that the engine sent, as the class that it raised."""
    try:
        sent = msgspec.json.decode(body, type=ErrorAnswer).error
    except _NOT_READABLE:
        return EngineError(f"What listens at {url} is no segtap: it answered {status}.")
    return error_from(sent)
