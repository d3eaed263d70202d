"""uvicorn's HTTP/1.1 with what a tap needs besides: no client is lost on an oddity of its connection.

- A request that offers another protocol (`Upgrade: h2c`, as Java's client does on each plain connection, or
  anything but a GET that asks for a WebSocket) is read as the HTTP/1.1 that it is. httptools would drop its
  body.
- A client that closes its sending side once it has sent everything still gets its answer; except for a query
  of the control API, which is stopped once its client has gone.
- A head has a cap in bytes and one in time, as a body has.
- What is not HTTP gets an answer like Segment's, and is reported: often it is TLS to a plain port.
- A body that came together with its head, as nearly all do, stands in the scope as `WHOLE_BODY`: the
  application need not ask, wait and watch the clock for it. An answer that is the same each time goes out
  whole by `ANSWER`. Both are there besides `receive` and `send`, and save a third of what a request costs.
"""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ..settings import IngestSettings
from ..sources.mixpanel.answers import Reply
from ..sources.mixpanel.requests import refused_reply
from ..text import size
from .cors import answer_headers

URL_BYTES = 64 * 1024 - 1
"""Most that a request's address may take: httptools parses no longer one."""

CONTROL = "/_segtap"
"""Paths here and below belong to the control API, whose clients never close their sending side alone."""
EXPECT = f"{CONTROL}/expect"
"""The one POST that waits, as queries may: it is stopped, too, once its client has gone."""

WHOLE_BODY = "segtap.body"
"""The scope's key for a body that is already here. `receive` still gives it, too."""
ANSWER = "segtap.answer"
"""The scope's key for an `Answer`."""
Answer = Callable[[bytes], bool]
"""Sends 200 with these bytes: header lines, an empty line, the body. False: it cannot, use `send`."""

IS_TLS = (
    "a client spoke TLS (https) to this plain http port: give it a URL that begins with http:// "
    '(analytics.js: protocol: "http"), or start with --tls-cert and --tls-key'
)
_TOO_LONG = "the request's address is over 64 KB: send what is in it as the body of a POST"
IS_HTTP2 = "a client spoke HTTP/2 without asking: set it to HTTP/1.1"


_LIMITS = IngestSettings()
"""The limits of a protocol that is given none."""


class Report(Protocol):
    """Learns of what came in place of a request; `method` and `target` as far as they could be read."""

    def __call__(
        self, status: int, reason: str, *, peer: str, method: str, target: str
    ) -> Coroutine[Any, Any, None]: ...


class TapProtocol(HttpToolsProtocol):
    """One connection. `report` is called with what could not be read as a request; `limits` are those of
    heads and of connections.
    """

    def __init__(
        self,
        *args: Any,
        report: Report | None = None,
        limits: IngestSettings = _LIMITS,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._report = report
        self._limits = limits
        self._in_head = False
        self._head_bytes = 0
        self._measured = False
        self._too_large = False
        self._at_once = False
        self._patience: asyncio.TimerHandle | None = None
        self._offer: tuple[bytes, bytes] | None = None
        self._again = False
        self._half_closed = False
        self._last_words = b""
        self._running: RequestResponseCycle | None = None

    # --- the connection -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note a new connection."""
        super().connection_made(transport)
        most = self._limits.max_connections
        if most and len(self.connections) > most:
            # A client that is turned away takes nobody's place, though over TLS it may be slow to go.
            self.connections.discard(self)
            self._refuse(503, f"more than {most:,} connections are open")
            return
        self._patience = self.loop.call_later(self.timeout_keep_alive, self._out_of_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection has ended."""
        self._calm()
        running = self._running
        if running is not None and not running.response_complete:
            # uvicorn reports only the last request that was read, which may be queued behind this one.
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes of the client, as uvicorn does but for upgrades and faults."""
        if self._last_words:
            return
        self._unset_keepalive_if_required()
        self._at_once = False
        # A head that comes whole is measured only if it can be too large.
        self._measured = self._head_bytes + len(data) > self._limits.max_head
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self._calm()
                self.handle_websocket_upgrade()
            else:
                self._read_again(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if self._too_large:
                self._refuse_head()
            elif self._in_head and len(self.url) > URL_BYTES:
                self._refuse(414, _TOO_LONG)
            else:
                self._refuse(400, _reason(data, error))
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.max_head:
                self._refuse_head()
            elif self._patience is None:
                self._patience = self.loop.call_later(self._limits.head_timeout, self._out_of_patience)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Note that the client sends no more. True keeps the other direction open for the answer."""
        if self.scheme != "http" or self._answered() or self.cycle.more_body:
            return None
        # Not `self.scope`: that is of the next request, whose head may have begun to come.
        scope = self.cycle.scope
        path = scope["path"]
        if (scope["method"] == "GET" and path.startswith(CONTROL)) or path == EXPECT:
            return None
        self._half_closed = True
        return True

    def on_response_complete(self) -> None:
        """Go on after an answer was sent."""
        super().on_response_complete()
        if (self._half_closed or self._last_words) and self._answered() and not self.transport.is_closing():
            self.transport.write(self._last_words)
            self.transport.close()

    def _should_upgrade(self) -> bool:
        # A WebSocket begins with a GET; the body of any other request would be waited for in vain.
        return bool(super()._should_upgrade()) and self.parser.get_method() == b"GET"

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _offered(self, key: str, what: Any) -> None:
        scope: Any = self.scope  # uvicorn's type for it has no room for keys of our own
        scope[key] = what

    def _answered(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete

    # --- what the parser reports ----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._calm()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """Start the application for a request whose headers are complete."""
        self._calm()
        if self._measured and self._head_size() > self._limits.max_head:
            self._too_large = True
            raise ValueError("the head is too large")  # ends the parser, which would go on with the body
        self._head_complete()
        self._in_head = False  # and still True if the address cannot be parsed

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _head_complete(self) -> None:
        upgrades = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if upgrades and not self._should_upgrade():
            self._again = True
            return
        if self._offer is not None:
            self.headers.append(self._offer)
            self._offer = None
        super().on_headers_complete()
        cycle: Any = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            return  # it becomes a WebSocket
        self._at_once = True
        self._offered(ANSWER, functools.partial(_answer, cycle))

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        if self._again:
            return
        if self._at_once:
            self._offered(WHOLE_BODY, bytes(self.cycle.body))
        super().on_message_complete()

    def _read_again(self, rest: bytes) -> None:
        """Read the request without its offer of another protocol, so that its body is read as one."""
        self._again = False
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/1.1"]
        offer = None
        for name, value in self.headers:
            if name == b"upgrade":
                offer = (name, value)
            else:
                lines.append(name + b": " + value)
        self._offer = offer
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    # --- faults -------------------------------------------------------------------------------------

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _out_of_patience(self) -> None:
        self._patience = None
        if self._in_head:
            seconds = self._limits.head_timeout
            self._refuse(408, f"the request's headers were not complete after {seconds:g} s")
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse_head(self) -> None:
        self._refuse(431, f"the request's headers are over {size(self._limits.max_head)}")

    def _refuse(self, status: int, reason: str) -> None:
        if self.transport.is_closing() or self._last_words:
            return
        self.logger.info("no request: %s", reason)
        answered = self._answered()
        # With a request half read the application itself sees that the rest of it does not come.
        behind = not answered and not self.cycle.more_body
        target = self.url.decode("latin-1") if self._in_head else ""
        reply = _refusal(status, reason, target)
        if self._report is not None and (answered or behind):
            method = self.parser.get_method().decode("latin-1") if target else ""
            peer = self.client[0] if self.client else ""
            keeping = self._report(reply.status, reason, peer=peer, method=method, target=target)
            task = self.loop.create_task(keeping)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        origin = dict(self.headers).get(b"origin") if self._in_head else None
        lines = [(b"content-type", reply.content_type), (b"content-length", b"%d" % len(reply.body))]
        lines += [*answer_headers(origin), (b"connection", b"close")]
        head = b"".join(b"%s: %s\r\n" % line for line in lines)
        answer = STATUS_LINE[reply.status] + head + b"\r\n" + reply.body
        if behind:
            # Those before it are answered first, or the client of a stored one would get an error.
            self._last_words = answer
            return
        self.transport.write(answer)
        self.transport.close()


def _refusal(status: int, reason: str, target: str) -> Reply:
    """Return the answer to what is not a request, in the form of Mixpanel's SDKs for their addresses."""
    path, _, query = target.partition("?")
    if (refused := refused_reply(path, query, b"", reason, status)) is not None:
        return refused.reply
    return Reply(msgspec.json.encode({"success": False, "message": reason}), status=status)


def _answer(cycle: RequestResponseCycle, rest: bytes) -> bool:
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    lines = [STATUS_LINE[200]]
    for name, value in cycle.default_headers:
        lines += (name, b": ", value, b"\r\n")
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    lines.append(rest)
    cycle.transport.write(b"".join(lines))
    # What `send` leaves behind after the last piece of an answer.
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def break_off(answer: Answer, *, reset: bool) -> None:
    """End the connection of a request without an answer: reset it, or close it."""
    transport: asyncio.Transport = cast("functools.partial[bool]", answer).args[0].transport
    if not reset:
        transport.close()
        return
    # A socket of our own for the same connection: uvloop's cannot be set up.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _reason(data: bytes, error: httptools.HttpParserError) -> str:
    if data[:2] == b"\x16\x03":
        return IS_TLS
    if data.startswith(b"PRI * HTTP/2"):
        return IS_HTTP2
    if isinstance(error, httptools.HttpParserCallbackError | httptools.HttpParserInvalidURLError):
        return "this is no HTTP request that can be read: its address is no URL of ASCII"
    words = str(error).strip().rstrip(".")
    return f"this is no HTTP request that can be read: {words}" if words.isprintable() else "this is no HTTP"
