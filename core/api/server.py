"""The control API under /_segtap/: what `Viewer` asks, over HTTP and one WebSocket.

Whoever reads this API sees everything the tap received, and can send it to Mixpanel. So every request but
`healthz` needs the token, a peer on this machine, a Host that names this machine (a page that rebinds its
own name to 127.0.0.1 sends that name), and no Origin of another site. There are no CORS headers here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Annotated, Protocol, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec

from ..errors import ForwardingRefused, InputError, JournalError, SegtapError, SettingsError
from ..identities.model import Cluster, UserFound, Users
from ..ingest.body import Event, Receive, Scope, Send
from ..ingest.bounds import Bounds, over
from ..ingest.validate import too_deep
from ..json_text import json_bytes, whole_text
from ..masks import Masks, masked_settings
from ..messages import Json, JsonObject
from ..objections import rejection
from ..overview.model import Groups, Overview
from ..serve.ports import is_loopback
from ..settings import Settings
from .errors import PREFIX, ErrorAnswer, ErrorBody, error_body
from .models import EngineState, FeedBatch, MessageDetail, Page

MAX_BODY = 64 * 1024 * 1024
MAX_DEPTH = 512
"""Levels of JSON in a body; what is nested deeper cannot be followed by what reads it afterwards."""
MAX_PAGE = 5_000
MAX_NUMBER = (1 << 63) - 1
"""The highest number that the journal can ask for."""
SAY = 'Say {"on": true}, {"on": false} or {"reread": true}.'
LOCAL_NAMES = frozenset({"localhost"})

logger = logging.getLogger(__name__)

T = TypeVar("T")


MessageNumber = Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]


class ForwardingOrder(msgspec.Struct, frozen=True):
    """Body of POST forwarding: turn it on (where it has halted: try again) or off; null leaves it as it is.

    `reread` reads the settings file first.
    """

    on: bool | None = None
    reread: bool = False


class ReplayOrder(msgspec.Struct, frozen=True):
    """Body of POST replay: ids of messages in the journal, or messages that come from elsewhere."""

    ids: tuple[MessageNumber, ...] = ()
    messages: tuple[msgspec.Raw, ...] = ()


class Health(msgspec.Struct, frozen=True):
    """Answer of GET healthz: `status` is "ok", or "degraded" where `fault` says what is wrong.

    Of forwarding, the index, the settings or the journal. "starting": no message is accepted yet.
    """

    status: str
    app: str
    version: str
    fault: str = ""


class Overlooking(Protocol):
    """What an engine makes of many messages at once."""

    async def overview(self) -> Overview: ...

    async def users(self, text: str = "", limit: int = 200) -> Users: ...

    async def user(self, id: str) -> Cluster | None: ...

    async def groups(self) -> Groups: ...


class Controlled(Protocol):
    """What the control API needs of an engine: the server's side of `Viewer`."""

    async def state(self) -> EngineState: ...

    def watch(self) -> AsyncGenerator[FeedBatch]: ...

    async def page(
        self, *, before: int | None = None, after: int | None = None, limit: int = 200, text: str = ""
    ) -> Page: ...

    async def detail(self, id: int) -> MessageDetail: ...

    async def inspect(self, document: JsonObject) -> MessageDetail: ...

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> EngineState: ...

    async def replay(self, ids: Sequence[int]) -> int: ...

    async def clear(self) -> None: ...

    async def replay_documents(self, documents: Sequence[JsonObject]) -> int: ...

    def export(self, text: str = "") -> AsyncIterator[bytes]: ...

    def user_rows(self) -> AsyncIterator[bytes]: ...

    def health(self) -> Health: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def overviews(self) -> Overlooking: ...

    @property
    def bounds(self) -> Bounds: ...

    @property
    def masks(self) -> Masks: ...


class _Refusal(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, title: str, message: str, kind: str = "EngineError") -> None:
        super().__init__(message)
        self.status = status
        self.body = ErrorBody(kind, title, message)


_STATUS: tuple[tuple[type[SegtapError], int], ...] = (
    (ForwardingRefused, 409),
    (InputError, 400),
    (SettingsError, 400),
    (JournalError, 503),
)


def _status_of(error: SegtapError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


class ControlApp:
    """The ASGI app; `token` is the only one that it takes."""

    def __init__(self, engine: Controlled, token: str) -> None:
        self._engine = engine
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request or WebSocket below /_segtap/."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        try:
            await self._http(scope, receive, send)
        except _Refusal as refusal:
            await self._tell(send, ErrorAnswer(refusal.body), refusal.status)
        except SegtapError as error:
            await self._tell(send, ErrorAnswer(error_body(error)), _status_of(error))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        name: str = scope["path"][len(PREFIX) :]
        if name == "healthz":
            _want(method, "GET", "HEAD")
            health = self._engine.health()
            # The fault may name files of this machine, so only this machine is told.
            if not is_loopback(_peer(scope)):
                health = msgspec.structs.replace(health, fault="")
            health = self._engine.masks.value(health)
            await _answer(send, 200, msgspec.json.encode(health) if method == "GET" else b"")
            return
        self._admit(scope)
        match name.split("/"):
            case ["state"]:
                _want(method, "GET")
                await self._tell(send, await self._engine.state())
            case ["settings"]:
                _want(method, "GET")
                await self._tell(send, masked_settings(self._engine.settings))
            case ["page"]:
                _want(method, "GET")
                await self._tell(send, await self._page(scope))
            case ["messages", id] if id.isdecimal():
                _want(method, "GET")
                await self._tell(send, await self._engine.detail(_number(id)))
            case ["overview"]:
                _want(method, "GET")
                await self._tell(send, await self._engine.overviews.overview())
            case ["users"]:
                _want(method, "GET")
                query = _query(scope)
                limit = _number(query.get("limit", "200"))
                await self._tell(send, await self._engine.overviews.users(query.get("text", ""), limit))
            case ["users", "all"]:
                _want(method, "GET")
                await self._lines(self._engine.user_rows(), send)
            case ["user"]:
                _want(method, "GET")
                found = await self._engine.overviews.user(_query(scope).get("id", ""))
                await self._tell(send, UserFound(found))
            case ["groups"]:
                _want(method, "GET")
                await self._tell(send, await self._engine.overviews.groups())
            case ["inspect"]:
                _want(method, "POST")
                document = self._message(await _body(receive))
                await self._tell(send, await self._engine.inspect(document))
            case ["forwarding"]:
                _want(method, "POST")
                order = _decode(await _body(receive), ForwardingOrder)
                if order.on is None and not order.reread:
                    raise _Refusal(400, "Nothing to do", SAY, "InputError")
                state = await self._engine.set_forwarding(order.on, reread=order.reread)
                await self._tell(send, state)
            case ["replay"]:
                _want(method, "POST")
                order = _decode(await _body(receive), ReplayOrder)
                if order.messages:
                    messages = [self._message(bytes(text)) for text in order.messages]
                    replayed = await self._engine.replay_documents(messages)
                else:
                    replayed = await self._engine.replay(order.ids)
                await self._tell(send, {"replayed": replayed})
            case ["clear"]:
                _want(method, "POST")
                await self._engine.clear()
                await self._tell(send, {"cleared": True})
            case ["export"]:
                _want(method, "GET")
                await self._lines(self._engine.export(_query(scope).get("text", "")), send)
            case _:
                raise _Refusal(404, "Not found", f"The control API has nothing at {scope['path']}.")

    def _admit(self, scope: Scope) -> None:
        """Let the request in or raise; see the module's text for the reasons."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for key, value in headers if key == b"host"]
        host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if not is_loopback(_peer(scope)) or not _names_this_machine(host):
            raise _Refusal(
                403, "Only on this machine", "The control API answers on this machine's own address only."
            )
        for key, value in headers:
            if key == b"origin" and value.decode("latin-1").partition("://")[2] != host:
                raise _Refusal(403, "Not for web pages", "The control API refuses pages of other origins.")
        given = [value for key, value in headers if key == b"authorization"]
        if len(given) != 1 or not hmac.compare_digest(given[0], self._expected):
            raise _Refusal(
                401,
                "The token is wrong",
                "This engine does not know that token. Each start makes a new one; attach again to read it.",
            )

    async def _tell(self, send: Send, value: msgspec.Struct | dict[str, Json], status: int = 200) -> None:
        """Answer with a value, known secrets in it masked."""
        await _answer(send, status, _encoded(self._engine.masks.value(value)))

    def _message(self, text: bytes) -> JsonObject:
        """A message in a body. Raises _Refusal (400) when there is none, or it is too large to be read."""
        if why := over(text, self._engine.bounds):
            raise _unusable(rejection(why).text)
        return _decode(text, JsonObject)

    async def _page(self, scope: Scope) -> Page:
        query = _query(scope)
        return await self._engine.page(
            before=_number(query["before"]) if "before" in query else None,
            after=_number(query["after"]) if "after" in query else None,
            limit=max(1, min(_number(query.get("limit", "200")), MAX_PAGE)),
            text=query.get("text", ""),
        )

    async def _lines(self, lines: AsyncIterator[bytes], send: Send) -> None:
        # The first stretch is read before the answer begins: a failing journal is then still a 503.
        first = await anext(lines, b"")
        await send(_start(200, b"application/x-ndjson"))
        await send({"type": "http.response.body", "body": self._engine.masks.data(first), "more_body": True})
        async for chunk in lines:
            await send(
                {"type": "http.response.body", "body": self._engine.masks.data(chunk), "more_body": True}
            )
        await send({"type": "http.response.body", "body": b""})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._admit(scope)
            if scope["path"] != f"{PREFIX}feed":
                raise _Refusal(404, "Not found", f"There is no WebSocket at {scope['path']}.")
        except _Refusal as refusal:
            body = self._engine.masks.value(ErrorAnswer(refusal.body))
            await refuse_websocket(send, refusal.status, _encoded(body))
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
            # Sending to a viewer that left raises ClientDisconnected, an OSError: nothing to do.
            logger.debug("a viewer left: %s", error)
        finally:
            gone.cancel()
            sending.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    async def _send_frames(self, send: Send) -> None:
        encode = msgspec.json.Encoder().encode
        async with contextlib.aclosing(self._engine.watch()) as frames:
            async for batch in frames:
                # Waits while the viewer's socket is full; the feed keeps what comes meanwhile, bounded.
                text, masks = encode(batch).decode(), self._engine.masks
                if masks.find(text):
                    text = encode(masks.value(batch)).decode()
                await send({"type": "websocket.send", "text": text})


async def refuse_websocket(send: Send, status: int, body: bytes) -> None:
    """Answer a WebSocket handshake with an HTTP error."""
    start = _start(status, b"application/json")
    await send({**start, "type": "websocket.http.response.start"})
    await send({"type": "websocket.http.response.body", "body": body})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


def _want(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise _Refusal(405, "Not that way", f"This takes {' or '.join(allowed)}, not {method}.")


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _names_this_machine(host: str) -> bool:
    name = host.strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name in LOCAL_NAMES or is_loopback(name)


def _query(scope: Scope) -> dict[str, str]:
    """The fields of the query string. Raises _Refusal (400) when it is not UTF-8, escaped or not."""
    try:
        return dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        words = "The query string is not UTF-8 text."
        raise _Refusal(400, "The query cannot be used", words, "InputError") from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > MAX_NUMBER:
        raise _Refusal(400, "Not a number", f"{text[:40]!r} is not a message number.", "InputError")
    return int(text)


def _decode(body: bytes, type: type[T]) -> T:
    if too_deep(body, MAX_DEPTH):
        raise _unusable(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        return msgspec.json.decode(body, type=type)
    except UnicodeDecodeError as error:
        raise _unusable("it is not UTF-8 text") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise _unusable(str(error)) from error


def _unusable(why: str) -> _Refusal:
    return _Refusal(400, "The request's body cannot be used", f"{why[:1].upper()}{why[1:]}.", "InputError")


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Refusal(400, "Cut off", "The request ended before its body did.")
        part: bytes = event.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise _Refusal(413, "Too large", f"The body is larger than {MAX_BODY >> 20} MiB.", "InputError")
        parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts)


def _start(status: int, content_type: bytes, length: int | None = None) -> Event:
    headers = [
        (b"content-type", content_type),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send(_start(status, b"application/json", len(body)))
    await send({"type": "http.response.body", "body": body})


def _encoded(value: msgspec.Struct | dict[str, Json]) -> bytes:
    """JSON text of an answer. Lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A path may hold them, and what a mapping cut out of a text in the middle of an emoji.
        return json_bytes(whole_text(cast("Json", msgspec.to_builtins(value))))
