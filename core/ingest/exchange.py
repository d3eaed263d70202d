"""One request to the endpoint and its answer.

The answer 200 is given only when the sink has the receipt. Refused requests go to the sink, too, so that the
user sees them.
"""

from __future__ import annotations

import asyncio
import itertools
import os

import msgspec

from ..errors import JournalError, JournalFull, RequestRefused
from ..messages import Origin, Receipt
from ..sources.decode import InflatesTooFar, NotJson, inflate
from ..sources.limits import REFUSED_BODY_BYTES
from ..sources.parts import members
from ..sources.segment.cdn import base_of, script_url, settings_json
from ..sources.segment.pixel import GIF, pixel_json
from ..sources.segment.routes import Route, is_tee, near_path, route_of
from ..sources.segment.validate import DEVICE_MODE, check_body, nested_too_deep, too_deep
from ..text import clean, shorten, shown
from .body import HUNG_UP, BodyRefused, Receive, Scope, Send, read_body
from .cors import METHODS, HeaderList, answer_headers, preflight_headers
from .endpoint import Endpoint
from .http_protocol import ANSWER, WHOLE_BODY, Answer

_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_NO_STORE: tuple[bytes, bytes] = (b"cache-control", b"no-store")
_CLOSE: tuple[bytes, bytes] = (b"connection", b"close")
_RUN = os.urandom(10).hex()
_numbers = itertools.count()
"""Both make a receipt's uid: asking the system for randomness each time would let go of the interpreter."""
_SUCCESS = b'{"success": true}'
_SUCCESS_WHOLE = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_SUCCESS), _SUCCESS)
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
AT_ONCE = 1024 * 1024
"""Bytes of an inflated body up to which it is looked at on the loop: a few milliseconds."""
_RETRY_AFTER = b"2"
_RETRY_AFTER_FULL = b"10"


class Exchange:
    """One request and its answer.

    The way of every message is kept short: code that runs once a request costs several times what it costs
    in a loop.
    """

    __slots__ = ("endpoint", "headers", "method", "path", "query", "receive", "scope", "send")

    def __init__(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        self.endpoint = endpoint
        self.scope = scope
        self.receive = receive
        self.send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers: HeaderList = scope["headers"]

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of that (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def origin(self) -> bytes | None:
        """The page that the request comes from, None if it names none."""
        return self.header(b"origin")

    async def serve(self) -> None:
        """Answer everything but POST."""
        if self.method == "OPTIONS":
            self.endpoint.knocks.preflight(self.headers, self.path)
            await self.answer(204, b"", preflight_headers(self.headers))
        elif self.method in ("GET", "HEAD"):
            await self.get(route_of(self.path))
        else:
            await self.answer_json(405, f"{self.method} is not taken here", (b"allow", METHODS))

    # -- POST: messages --------------------------------------------------------------------------------

    async def post(self) -> None:
        """Keep the messages of a POST, and answer."""
        settings = self.endpoint.settings
        if self.endpoint.knocks.any:
            self.endpoint.knocks.forget()
        # Taken out: the scope would hold what holds it.
        at_once: Answer | None = self.scope.pop(ANSWER, None)
        origin = length = None
        encoding = ""
        for name, value in self.headers:
            if name == b"content-length":
                length = value.decode("latin-1")
            elif name == b"content-encoding":
                encoding = encoding or value.decode("latin-1")
            elif name == b"origin":
                origin = value
        body = b""
        try:
            whole: bytes | None = self.scope.get(WHOLE_BODY)
            if whole is not None and len(whole) <= settings.max_wire:
                body = whole
            else:
                body = await read_body(self.receive, length, settings.max_wire, self.endpoint.deadlines)
            text, messages = await self.messages_in(body, encoding)
        except BodyRefused as error:
            await self.refuse(error, error.body, close=True)
        except RequestRefused as error:
            await self.refuse(self.with_nearest_path(self.with_unread_encoding(error)), body)
        else:
            if messages is not None:
                origin_kind: Origin = "tee" if is_tee(self.query) else "sdk"
                try:
                    await self.keep(self.receipt(body, origin_kind), messages, None if text is body else text)
                except JournalError as error:
                    await self.answer_later(error)
                    return
            if origin is not None or at_once is None or not at_once(_SUCCESS_WHOLE):
                await self.answer(200, _SUCCESS, [_JSON, *answer_headers(origin)])

    async def keep(self, receipt: Receipt, messages: int, inflated: bytes | None = None) -> None:
        """Hand a receipt to the sink, and what is known of its body to the one who reads it."""
        self.endpoint.looked.put(receipt.uid, messages, inflated)
        try:
            await self.endpoint.sink(receipt)
        except JournalError:
            self.endpoint.looked.forget(receipt.uid)
            raise

    async def messages_in(self, body: bytes, encoding: str) -> tuple[bytes, int | None]:
        """Return a body's text and what `check_body` says: for a large one beside the loop, one at a time."""
        settings, route = self.endpoint.settings, route_of(self.path)
        if len(body) <= AT_ONCE:
            try:
                text = inflate(body, encoding, min(AT_ONCE, settings.max_decoded))
                return text, check_body(text, route, settings.max_depth)
            except InflatesTooFar:
                if settings.max_decoded <= AT_ONCE:
                    raise

        def inflate_and_check() -> tuple[bytes, int | None]:
            text = inflate(body, encoding, settings.max_decoded)
            return text, check_body(text, route, settings.max_depth)

        async with self.endpoint.beside:
            return await asyncio.to_thread(inflate_and_check)

    async def answer_later(self, error: JournalError) -> None:
        """Answer that the request cannot be stored and that the client should try again."""
        after = _RETRY_AFTER_FULL if isinstance(error, JournalFull) else _RETRY_AFTER
        await self.answer_json(503, str(error), (b"retry-after", after))

    def with_unread_encoding(self, error: RequestRefused) -> RequestRefused:
        """Add the reason to a refusal if the body is compressed in a way that segtap does not read."""
        value = (self.header(b"content-encoding") or b"").decode("latin-1").strip()
        if value.lower() in _ENCODINGS:
            return error
        note = f"Content-Encoding {shown(value)} is not read, only gzip and deflate are"
        return RequestRefused(error.status, f"{error} ({note})")

    def with_nearest_path(self, error: RequestRefused) -> RequestRefused:
        """Add the path to a refusal if Segment has no such path, and the path that was probably meant."""
        if error.status != 404 or route_of(self.path).kind != "other":
            return error
        near = near_path(self.path)
        hint = (
            f"did you mean {shorten(clean(near), 80)}?"
            if near
            else "Segment's calls go to /v1/batch, /v1/track"
        )
        return RequestRefused(
            404, f"{error}; {shorten(clean(self.path), 80)} is no path of Segment's: {hint}"
        )

    async def refuse(self, error: RequestRefused, body: bytes, *, close: bool = False) -> None:
        """Keep the request as a refused one, and answer why."""
        receipt = self.receipt(body[:REFUSED_BODY_BYTES], status=error.status, refused=str(error))
        await self.endpoint.keep_refused(receipt)
        if error.status != HUNG_UP:
            extra = (_CLOSE,) if close else ()
            await self.answer_json(error.status, str(error), *extra)

    # -- GET: pixel and settings -----------------------------------------------------------------------

    async def get(self, route: Route) -> None:
        """Answer a GET or HEAD: the pixel, the settings of a source, or what is wrong with it."""
        if route.kind == "pixel":
            await self.pixel()
        elif route.kind == "settings" and route.key:
            if self.method == "GET":
                self.endpoint.knocks.settings(self.headers, self.path)
            host, protocol = self.seen_as()
            device = self.endpoint.device()
            body = settings_json(route.key, host, protocol, base_of(self.path), device)
            await self.answer(200, body, [_JSON, _NO_STORE, *answer_headers(self.origin)])
        elif (device := self.endpoint.device()) and (url := script_url(self.path, device.cdn)):
            where = [(b"location", url.encode()), _NO_STORE, *answer_headers(self.origin)]
            await self.answer(302, b"", where)
        elif route.kind == "mixpanel" and self.query:
            await self.refuse(RequestRefused(404, DEVICE_MODE), b"")
        elif route.kind in ("call", "batch", "metrics"):
            await self.answer_json(405, f"{self.path} takes POST", (b"allow", METHODS))
        else:
            where = "segtap listens here: point a Segment SDK at this address, or POST to /v1/batch"
            await self.answer_json(404, where)

    async def pixel(self) -> None:
        """Answer a pixel with the image, as Segment does whatever was sent; only HEAD leaves no message."""
        headers = [(b"content-type", b"image/gif"), _NO_STORE, *answer_headers(self.origin)]
        if self.method == "GET":
            self.endpoint.knocks.forget()
            try:
                await self.check_pixel()
            except (RequestRefused, NotJson) as error:
                reason = (
                    str(error)
                    if isinstance(error, RequestRefused)
                    else f"the pixel's data is no JSON: {error}"
                )
                await self.keep_bad_pixel(reason)
            else:
                try:
                    await self.keep(self.receipt(b"", "tee" if is_tee(self.query) else "pixel"), 1)
                except JournalError as error:
                    await self.answer_later(error)
                    return
        await self.answer(200, GIF, headers)

    async def check_pixel(self) -> None:
        """Check the pixel's data. Raises RequestRefused or NotJson if the query holds no message."""
        most = self.endpoint.settings.max_decoded
        try:
            return self.check_pixel_up_to(min(AT_ONCE, most))
        except InflatesTooFar:
            if most <= AT_ONCE:
                raise
        async with self.endpoint.beside:
            await asyncio.to_thread(self.check_pixel_up_to, most)

    def check_pixel_up_to(self, limit: int) -> None:
        """Check the pixel's data. Raises InflatesTooFar beyond so many bytes."""
        text = pixel_json(self.query, limit).text
        members(text)
        if too_deep(text, self.endpoint.settings.max_depth):
            raise nested_too_deep(self.endpoint.settings.max_depth)

    async def keep_bad_pixel(self, reason: str) -> None:
        """Keep a pixel without a message as a refused request."""
        await self.endpoint.keep_refused(self.receipt(b"", "pixel", refused=reason))

    def seen_as(self) -> tuple[str, str]:
        """Return host and protocol under which the client reaches this endpoint, also through a tunnel."""
        own_protocol, _, own_host = self.endpoint.url.partition("://")
        host = self.header(b"x-forwarded-host") or self.header(b"host")
        protocol = (self.header(b"x-forwarded-proto") or b"").partition(b",")[0].strip().decode("latin-1")
        if protocol not in ("http", "https"):
            protocol = str(self.scope.get("scheme", own_protocol))
        return (host.partition(b",")[0].strip().decode("latin-1") if host else own_host.rstrip("/")), protocol

    # -- receipts and answers --------------------------------------------------------------------------

    def receipt(
        self,
        body: bytes,
        origin: Origin = "sdk",
        *,
        status: int = 200,
        refused: str | None = None,
    ) -> Receipt:
        """Return the receipt of this request."""
        client: tuple[str, int] | None = self.scope.get("client")
        return Receipt(
            uid=f"{_RUN}{next(_numbers):012x}",
            received_at=self.endpoint.now(),
            method=self.method,
            path=self.path,
            query=self.query,
            headers=tuple([(key.decode("latin-1"), value.decode("latin-1")) for key, value in self.headers]),
            peer=client[0] if client else "",
            body=body,
            wanted=refused is None and self.endpoint.wanted(),
            origin=origin,
            status=status,
            refused=refused,
        )

    async def answer(self, status: int, body: bytes, headers: HeaderList) -> None:
        """Send an answer."""
        if status != 204:
            headers.append((b"content-length", b"%d" % len(body)))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def answer_json(self, status: int, message: str, *extra: tuple[bytes, bytes]) -> None:
        """Send an answer that says what is wrong."""
        body = msgspec.json.encode({"success": False, "message": message})
        await self.answer(status, body, [_JSON, *extra, *answer_headers(self.origin)])
