"""The proxy as a raw ASGI application: passes requests on, keeps their messages, and hands answers back.

A copy of each request goes through the endpoint that segtap has anyway, whose own answer is thrown away: so a
message that is passed on is read, listed and checked as any other. It is kept before the client gets the
server's answer, and with why the server did not accept it, if it did not.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar

import msgspec

from ..errors import RequestRefused
from ..faults import Faults
from ..ingest.app import IngestApp
from ..ingest.body import HUNG_UP, ASGIApp, BodyRefused, Event, Receive, Scope, Send
from ..ingest.cors import METHODS, HeaderList, answer_headers
from ..ingest.endpoint import Sink
from ..ingest.exchange import Exchange
from ..ingest.first_look import FirstLook
from ..ingest.http_protocol import ANSWER, CONTROL, WHOLE_BODY
from ..ingest.knocks import Knocks
from ..messages import Receipt
from ..settings import IngestSettings
from .hosts import Upstream, upstream_at
from .passing import NoAnswer, Passed, Passing
from .words import answer_body, refused_why, without_answer

logger = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_upstream: ContextVar[str | None] = ContextVar("_upstream", default=None)
"""Why the server did not accept the request whose copy is kept in this task, "" if it did; None: not sent."""


class ProxyApp:
    """ASGI application of `segtap proxy`. Paths below `/_segtap` go to `control`.

    `sink`, `settings`, `clock`, `knocks`, `looked` and `on_refused` are those of `IngestApp`. `passing`
    sends, and `faults` gets the servers that cannot be reached.
    """

    def __init__(
        self,
        sink: Sink,
        settings: IngestSettings,
        upstreams: tuple[Upstream, ...],
        passing: Passing,
        *,
        clock: Callable[[], int],
        control: ASGIApp | None = None,
        url: str = "",
        knocks: Knocks | None = None,
        looked: FirstLook | None = None,
        faults: Faults | None = None,
        on_refused: Callable[[int], None] = lambda status: None,
        keys: frozenset[str] = frozenset(),
    ) -> None:
        async def keep(receipt: Receipt) -> int:
            """Hand on the receipt of a copy: the server received the message as well."""
            why, refused = _upstream.get(), receipt.refused
            if refused and why is not None:
                refused = f"{refused}; it was passed on" + (f", and {why}" if why else "")
            kept = msgspec.structs.replace(receipt, origin="tee", upstream=why or "", refused=refused)
            return await sink(kept)

        self._copies = IngestApp(
            keep,
            settings,
            clock=clock,
            wanted=lambda: False,
            control=control,
            url=url,
            knocks=knocks,
            looked=looked,
            on_refused=on_refused,
            keys=keys,
        )
        self._upstreams = upstreams
        self._passing = passing
        self._faults = faults or Faults()
        self.keep_malformed = self._copies.keep_malformed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or path == CONTROL or path.startswith(CONTROL + "/"):
            await self._copies(scope, receive, send)
            return
        upstream = upstream_at(_raw_path(scope), self._upstreams)
        if upstream is None or scope["method"] == "CONNECT":
            await self._nowhere(scope, receive, send)
        else:
            await _Relay(self._copies, self._passing, self._faults, upstream, scope, receive, send).run()

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request whose path says not where to pass it on."""
        exchange = Exchange(self._copies.endpoint, scope, receive, send)
        prefixes = ", ".join(f"/{one.service}" for one in self._upstreams)
        why = f"segtap proxy passes on what begins with {prefixes}; this went nowhere"
        if exchange.method == "POST":
            await exchange.refuse(RequestRefused(404, why), b"", close=True)
        else:
            await exchange.answer_json(404, why, (b"allow", METHODS))


class _Relay:
    """One request on its way to a server, the copy of its body, and the answer."""

    def __init__(
        self,
        copies: IngestApp,
        passing: Passing,
        faults: Faults,
        upstream: Upstream,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._copies = copies
        self._passing = passing
        self._faults = faults
        self._upstream = upstream
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers: HeaderList = scope["headers"]
        self._most: int = copies.endpoint.settings.max_wire
        self._copy = bytearray()
        self._size = 0
        self._ended = False

    async def run(self) -> None:
        """Pass the request on, keep its copy, and answer."""
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + self._copies.endpoint.settings.body_timeout
        whole: bytes | None = self._scope.get(WHOLE_BODY)
        if whole is None and not _has_body(self._headers):
            whole = b""
        if whole is not None:
            self._note(whole)
            self._ended = True
        try:
            passed = await self._pass_on(self._body() if whole is None else whole)
        except BodyRefused as refused:
            await self._refuse(refused)
        except NoAnswer as error:
            await self._without_answer(error)
        else:
            self._faults.clear(self._upstream.url)
            await self._keep(refused_why(self._upstream, passed.status, passed.readable()))
            await self._answer(passed)

    async def _pass_on(self, body: bytes | AsyncIterator[bytes]) -> Passed:
        method: str = self._scope["method"]
        return await self._passing.send(self._upstream, method, self._target(), self._headers, body)

    def _target(self) -> bytes:
        """Return path and query behind the prefix, byte by byte as they were received."""
        query: bytes = self._scope["query_string"]
        path = _raw_path(self._scope)[len(self._upstream.service) + 1 :] or b"/"
        return path + b"?" + query if query else path

    async def _without_answer(self, error: NoAnswer) -> None:
        """Answer in the place of a server that did not."""
        words = without_answer(self._upstream, str(error))
        logger.warning("not passed on: %s", words)
        self._faults.report(self._upstream.url, f"The proxy: {words}.")
        with contextlib.suppress(BodyRefused):
            async for _ in self._body():
                pass  # what the server did not wait for belongs to the copy, too
        await self._keep(words)
        kind, body = answer_body(
            self._upstream, self._scope["query_string"].decode("latin-1"), bytes(self._copy), words
        )
        origin = next((value for name, value in self._headers if name == b"origin"), None)
        headers = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            *answer_headers(origin),
        ]
        await self._send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def _answer(self, passed: Passed) -> None:
        """Hand the server's answer on."""
        await self._send({"type": "http.response.start", "status": passed.status, "headers": passed.headers})
        if passed.rest is None:
            await self._send({"type": "http.response.body", "body": passed.start})
            return
        await self._send({"type": "http.response.body", "body": passed.start, "more_body": True})
        try:
            async for chunk in passed.rest:
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        except NoAnswer as error:
            # Its beginning has been handed on. Returning without an end closes the connection, as the
            # server's was closed.
            logger.warning("%s broke off in an answer: %s", self._upstream.host, error)
            return
        await self._send({"type": "http.response.body", "body": b""})

    # -- the body and its copy -------------------------------------------------------------------------

    async def _body(self) -> AsyncIterator[bytes]:
        """Give the body as it is received. Raises BodyRefused if it does not come to its end."""
        while not self._ended:
            try:
                async with asyncio.timeout_at(self._deadline):
                    event = await self._receive()
            except TimeoutError:
                seconds = self._copies.endpoint.settings.body_timeout
                why = f"the body was not complete after {seconds:g} s ({self._size:,} bytes came)"
                raise BodyRefused(408, why, bytes(self._copy)) from None
            if event["type"] != "http.request":
                why = f"the client hung up after {self._size:,} bytes; it was not passed on whole"
                raise BodyRefused(HUNG_UP, why, bytes(self._copy))
            part: bytes = event.get("body", b"")
            self._ended = not event.get("more_body", False)
            self._note(part)
            if part:
                yield part

    def _note(self, part: bytes) -> None:
        self._size += len(part)
        if len(self._copy) <= self._most:
            self._copy += part[: self._most + 1 - len(self._copy)]

    def _copied(self) -> Scope:
        """Return the scope of the copy: without the prefix, and with its body if that is short enough."""
        scope = {
            name: value for name, value in self._scope.items() if name not in (ANSWER, WHOLE_BODY, "raw_path")
        }
        scope["path"] = self._scope["path"][len(self._upstream.service) + 1 :] or "/"
        if self._size <= self._most:
            scope[WHOLE_BODY] = bytes(self._copy)
        return scope

    async def _keep(self, why: str) -> None:
        """Have the endpoint read and keep the copy. `why` says why the server did not accept it, if so."""
        left = self._size

        async def replayed() -> Event:
            nonlocal left
            start = self._size - left
            part = bytes(self._copy[start : start + _CHUNK]) or bytes(min(left, _CHUNK))
            left -= len(part)
            return {"type": "http.request", "body": part, "more_body": left > 0}

        token = _upstream.set(why)
        try:
            await self._copies(self._copied(), replayed, _ignore)
        finally:
            _upstream.reset(token)

    async def _refuse(self, refused: BodyRefused) -> None:
        """Keep and answer a request whose body did not come to its end."""
        exchange = Exchange(self._copies.endpoint, self._copied(), self._receive, self._send)
        await exchange.refuse(refused, refused.body, close=True)


def _raw_path(scope: Scope) -> bytes:
    """Return the path as it was received."""
    return scope.get("raw_path") or scope["path"].encode("latin-1", "replace")


def _has_body(headers: HeaderList) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in headers
    )


async def _ignore(event: Event) -> None:
    """Throw the endpoint's own answer to a copy away."""
