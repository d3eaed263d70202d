"""The connection to NATS: publishing with an acknowledgement, and JetStream's API.

Everything that segtap uses of nats-py is here: publish, subscribe, and what reports on the connection.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import logging
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

import msgspec

from ...errors import JournalError
from .address import Address
from .credentials import HOW, Credentials, credentials, tls_trouble

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
ACK_SECONDS = 2.0
"""Seconds after which a message that was published, and got no answer, is in doubt."""
API_SECONDS = 5.0
PENDING_BYTES = 64 * 1024 * 1024
"""What may wait in memory for the socket."""
_PING_SECONDS = 3
_MAX_PAYLOAD = 1024 * 1024
_HINT = "Install it with: pip install 'segtap[nats]'"

WRONG_LAST_SEQUENCE, STREAM_NOT_FOUND, CONSUMER_NOT_FOUND, MESSAGE_NOT_FOUND = 10071, 10059, 10014, 10037
NO_ROOM = frozenset((10077, 10122, 10047, 10023))
"""Codes of JetStream that say that nothing more fits: the stream's limit, or the server's."""


_FINAL = (ConnectionRefusedError, ConnectionAbortedError, ssl.SSLCertVerificationError)
"""Failures that another attempt at the same server would repeat."""


class _WithoutEof(logging.Filter):
    """A filter of what asyncio warns of at the end of each connection over TLS that nats-py makes."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "eof_received" not in str(record.msg)


_WITHOUT_EOF = _WithoutEof()


class Away(JournalError):
    """NATS does not answer; what was published may or may not be in the stream."""

    title = "NATS is away"


class ApiFault(JournalError):
    """JetStream refused what it was asked."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"NATS JetStream refuses: {words} (code {code}).")
        self.code = code
        self.words = words


class Delivered(Protocol):
    """A message as nats-py hands it over."""

    @property
    def subject(self) -> str: ...
    @property
    def reply(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, str] | None: ...


class _Error(msgspec.Struct):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Ack(msgspec.Struct):
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


_read_ack = msgspec.json.Decoder(_Ack).decode


class Connection:
    """One connection to the servers of an address, which comes back by itself when it is lost."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._nc: Any = None
        self._inbox = f"_INBOX.{secrets.token_hex(11)}"
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Delivered]] = {}
        self._trouble = ""
        self._verifies = self._cut = False
        """Whether the server checks certificates, and whether it ended the last attempt without a reason."""
        self._failures = 0
        self._failed = asyncio.Event()
        """Set once each server has failed, or credentials were refused."""
        self.barred = ""
        """Why nothing may be written any more, "" if it may."""
        self.changed: Callable[[], None] = lambda: None
        """Called when the connection is lost, and when it is there again."""

    async def open(self) -> None:
        """Connect. Raises JournalError with what to do."""
        try:
            nats: Any = importlib.import_module("nats")
        except ImportError as error:
            raise JournalError(
                f"A journal at nats:// needs the package nats-py, which is not installed. {_HINT}",
                title="nats-py is missing",
            ) from error
        logging.getLogger("asyncio").addFilter(_WITHOUT_EOF)
        known = credentials()
        options = {**self._options(), **known.options()}
        client: Any = nats.NATS()
        if known.wants_tls:
            client._connect_command = self._over_tls(client, known.wants_tls)
        connecting: asyncio.Task[Any] = asyncio.create_task(client.connect(**options))
        failed = asyncio.create_task(self._failed.wait())
        try:
            # nats-py tries for ever: it is enough that each server has failed.
            await asyncio.wait(
                (connecting, failed), timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if not connecting.done():
                raise self._unreachable(known)
            connecting.result()
            self._nc = client
        except JournalError:
            raise
        except Exception as error:  # nats-py's errors have no base but this
            self._trouble = str(error) or type(error).__name__
            raise self._unreachable(known) from error
        finally:
            for task in (connecting, failed):
                task.cancel()
            await asyncio.gather(connecting, failed, return_exceptions=True)
        await self._nc.subscribe(f"{self._inbox}.*", cb=self._answered)

    def _options(self) -> dict[str, Any]:
        async def lost() -> None:
            self.changed()

        async def back() -> None:
            self._trouble = ""
            self.changed()

        self._trouble, self._failures = "", 0
        self._failed.clear()

        async def failed(error: Exception) -> None:
            refused = "authorization" in self._trouble.lower()
            if not refused:
                self._trouble = str(error) or type(error).__name__
                self._cut = self._verifies and isinstance(error, BrokenPipeError | ConnectionResetError)
            # A server that refuses credentials may close the connection before its reason is read.
            self._failures += 2 if isinstance(error, _FINAL) else 1
            if self._failures >= 2 * len(self.address.hosts) or "authorization" in self._trouble.lower():
                self._failed.set()
            logger.debug("NATS: %s", self._trouble)
            if self._nc is not None and not self.connected:
                self.changed()  # there may be another reason now why it does not come back

        return {
            "servers": self.address.servers,
            "name": "segtap",
            "error_cb": failed,
            "disconnected_cb": lost,
            "reconnected_cb": back,
            "closed_cb": lost,
            "connect_timeout": 2,
            "reconnect_time_wait": 1,
            "max_reconnect_attempts": -1,
            "ping_interval": _PING_SECONDS,
            "max_outstanding_pings": 2,
            "pending_size": PENDING_BYTES,
        }

    def _over_tls(self, client: Any, variable: str) -> Callable[[], bytes]:
        """Return what makes the command that says who connects, and fails unless the connection has TLS.

        nats-py sends a password without TLS where the server, or who stands in its place, offers none.
        """
        command: Callable[[], bytes] = client._connect_command

        def over_tls() -> bytes:
            info = cast("dict[str, object]", client._server_info or {})
            self._verifies = bool(info.get("tls_verify"))
            if not info.get("tls_required"):
                raise ConnectionAbortedError(f"the server offers no TLS, which {variable} asks for")
            return command()

        return over_tls

    def _unreachable(self, known: Credentials) -> JournalError:
        words, shown = self._trouble.lower(), self.address.shown
        if "authorization" in words or "authentication" in words:
            refused = "these credentials" if known.any else "a connection without credentials"
            return JournalError(f"{shown} refuses {refused}. Set {HOW}.", title="NATS refuses the connection")
        if why := tls_trouble(self._trouble, known, cut=self._cut):
            return JournalError(f"{shown} cannot be reached over TLS: {why}.")
        return Away(
            f"No NATS server answers at {shown} ({self._trouble or 'no answer'}). Check host and port, and"
            " start the server with JetStream: nats-server --jetstream"
        )

    @property
    def hindered(self) -> str:
        """Why a connection that was lost does not come back, "" if no server answers, or nothing is known."""
        words = self._trouble.lower()
        if "authorization" in words or "authentication" in words:
            return "it refuses these credentials"
        return tls_trouble(self._trouble, credentials())

    @property
    def connected(self) -> bool:
        """True while there is a connection."""
        return self._nc is not None and bool(self._nc.is_connected)

    @property
    def ended(self) -> bool:
        """True if the connection does not come back by itself: the server has closed it for good."""
        return self._nc is not None and bool(self._nc.is_closed)

    @property
    def clustered(self) -> bool:
        """True if the server belongs to a cluster."""
        info = cast("dict[str, object]", getattr(self._nc, "_server_info", None) or {})
        return bool(info.get("cluster"))

    @property
    def max_payload(self) -> int:
        """Return how many bytes a message may have."""
        return int(self._nc.max_payload) if self._nc is not None else _MAX_PAYLOAD

    async def close(self) -> None:
        """Close the connection; whoever waits for an answer gets none."""
        if self._nc is not None and not self._nc.is_closed:
            await self._nc.close()
        for future in list(self._answers.values()):
            if not future.done():
                future.set_exception(Away("The connection to NATS is closed."))

    async def publish(
        self, subject: str, data: bytes, headers: Mapping[str, str], *, seconds: float = ACK_SECONDS
    ) -> int:
        """Publish to a stream, and return the message's position once it is replicated.

        A message that the stream has already, by its Nats-Msg-Id, gives the position that it has there.
        Raises Away without an answer, ApiFault if the stream refuses it.
        """
        answer = await self._ask(subject, data, headers, seconds)
        try:
            ack = _read_ack(answer.data)
        except msgspec.DecodeError as error:
            raise Away(f"{self.address.shown} has no JetStream that answers.") from error
        if ack.error is not None:
            raise _fault(ack.error)
        return ack.seq

    async def api(
        self, name: str, body: Mapping[str, object] | None = None, *, seconds: float = API_SECONDS
    ) -> dict[str, Any]:
        """Call JetStream's API. Raises Away without an answer, ApiFault with the reason of a refusal."""
        data = msgspec.json.encode(body) if body else b""
        answer = await self._ask(f"$JS.API.{name}", data, {}, seconds)
        found = msgspec.json.decode(answer.data, type=dict[str, Any])
        if (error := found.get("error")) is not None:
            raise _fault(msgspec.convert(error, _Error))
        return found

    async def subscribe(self, subject: str, receive: Callable[[Delivered], Awaitable[None]]) -> Any:
        """Call `receive` with each message on a subject; returns what `unsubscribe` ends."""
        try:
            return await self._nc.subscribe(
                subject, cb=receive, pending_msgs_limit=-1, pending_bytes_limit=-1
            )
        except Exception as error:  # nats-py's errors have no base but this
            raise self._lost(error) from error

    async def unsubscribe(self, subscription: Any) -> None:
        """End a subscription; one of a connection that is lost has ended."""
        try:
            await subscription.unsubscribe()
        except Exception as error:
            raise self._lost(error) from error

    async def tell(self, subject: str, data: bytes, reply: str = "") -> None:
        """Publish without waiting for an answer."""
        try:
            await self._nc.publish(subject, data, reply=reply)
        except Exception as error:
            raise self._lost(error) from error

    async def _ask(self, subject: str, data: bytes, headers: Mapping[str, str], seconds: float) -> Delivered:
        if self.barred:
            raise Away(self.barred)
        if not self.connected:
            raise Away(f"{self.address.shown} is not connected.")
        loop = asyncio.get_running_loop()
        number = f"{next(self._numbers):x}"
        future: asyncio.Future[Delivered] = loop.create_future()
        self._answers[number] = future
        timer = loop.call_later(seconds, self._late, future)
        try:
            await self._nc.publish(subject, data, f"{self._inbox}.{number}", dict(headers) or None)
            answer = await future
        except Away:
            raise
        except Exception as error:
            raise self._lost(error) from error
        finally:
            timer.cancel()
            self._answers.pop(number, None)
        if answer.headers and answer.headers.get("Status") == "503":
            raise Away(f"{self.address.shown} has no JetStream stream that answers now.")
        return answer

    def _lost(self, error: Exception) -> Away:
        return Away(f"{self.address.shown} cannot be sent to ({type(error).__name__}: {error}).")

    def _late(self, future: asyncio.Future[Delivered]) -> None:
        if not future.done():
            future.set_exception(Away(f"{self.address.shown} did not answer in time."))

    async def _answered(self, message: Delivered) -> None:
        future = self._answers.get(message.subject.rpartition(".")[2])
        if future is not None and not future.done():
            future.set_result(message)


def _fault(error: _Error) -> ApiFault:
    return ApiFault(error.err_code or error.code, error.description)
