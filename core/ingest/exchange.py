"""One request to the endpoint and its answer: what every method needs.

The answer 200 is given only when the sink has the receipt. Refused requests go to the sink, too, so that the
user sees them.
"""

from __future__ import annotations

import itertools
import os

import msgspec

from ..errors import JournalError, JournalFull, RequestRefused
from ..messages import Origin, Receipt, SourceKind
from ..sources.limits import REFUSED_BODY_BYTES
from ..sources.mixpanel.answers import DeviceRefused, Reply
from ..sources.mixpanel.requests import Admitted, refused_reply
from ..sources.segment.routes import is_tee
from .body import HUNG_UP, Receive, Scope, Send
from .cors import HeaderList, answer_headers
from .endpoint import Endpoint

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
NO_STORE: tuple[bytes, bytes] = (b"cache-control", b"no-store")
AT_ONCE = 1024 * 1024
"""Bytes of an inflated body up to which it is looked at on the loop: a few milliseconds."""
_CLOSE: tuple[bytes, bytes] = (b"connection", b"close")
_RUN = os.urandom(10).hex()
_numbers = itertools.count()
"""Both make a receipt's uid: asking the system for randomness each time would let go of the interpreter."""
TOO_MANY = 429
_RETRY_AFTER = b"2"
_RETRY_AFTER_FULL = b"10"


class Exchange:
    """One request and its answer: what POST and the other methods have in common."""

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
    def authorization(self) -> str | None:
        """The `Authorization` header, in which most SDKs send the write key."""
        value = self.header(b"authorization")
        return None if value is None else value.decode("latin-1")

    @property
    def origin(self) -> bytes | None:
        """The page that the request comes from, None if it names none."""
        return self.header(b"origin")

    async def keep(self, receipt: Receipt, messages: int, inflated: bytes | None = None) -> None:
        """Hand a receipt to the sink, and what is known of its body to the one who reads it."""
        self.endpoint.looked.put(receipt.uid, messages, inflated)
        try:
            await self.endpoint.sink(receipt)
        except JournalError:
            self.endpoint.looked.forget(receipt.uid)
            raise

    async def refuse_crowd(self) -> bool:
        """Count the request, and refuse it if its client has sent too many; return True if it was refused."""
        client: tuple[str, int] | None = self.scope.get("client")
        wait = self.endpoint.rate.wait(client[0] if client else "", self.endpoint.now())
        if not wait:
            return False
        words = f"more than {self.endpoint.settings.peer_rate:g} requests a second from this address"
        error = refused_reply(self.path, self.query, b"", words, TOO_MANY) or RequestRefused(TOO_MANY, words)
        await self.refuse(error, b"", (b"retry-after", b"%d" % wait), close=True)
        return True

    async def answer_later(self, error: JournalError) -> None:
        """Answer that the request cannot be stored and that the client should try again."""
        after = _RETRY_AFTER_FULL if isinstance(error, JournalFull) else _RETRY_AFTER
        await self.answer_json(503, str(error), (b"retry-after", after))

    async def refuse(
        self, error: RequestRefused, body: bytes, *headers: tuple[bytes, bytes], close: bool = False
    ) -> None:
        """Keep the request as a refused one, and answer why."""
        device = isinstance(error, DeviceRefused)
        receipt = self.receipt(
            body[:REFUSED_BODY_BYTES],
            status=error.status,
            refused=str(error),
            source_kind="mixpanel" if device else "segment",
        )
        await self.endpoint.keep_refused(receipt)
        extra = (*headers, _CLOSE) if close else headers
        if isinstance(error, DeviceRefused):
            await self.answer_device(error.reply, *extra)
        elif error.status != HUNG_UP:
            await self.answer_json(error.status, str(error), *extra)

    async def keep_device(self, admitted: Admitted, body: bytes, inflated: bytes | None = None) -> None:
        """Keep the records of one of Mixpanel's SDKs, and answer as that SDK expects."""
        if admitted.records:
            self.endpoint.knocks.forget()
            receipt = self.receipt(body, "tee" if is_tee(self.query) else "sdk", source_kind="mixpanel")
            try:
                await self.keep(receipt, admitted.records, inflated)
            except JournalError as error:
                await self.answer_later(error)
                return
        else:
            self.endpoint.knocks.device(self.headers, self.path)
        await self.answer_device(admitted.reply)

    def receipt(
        self,
        body: bytes,
        origin: Origin = "sdk",
        *,
        status: int = 200,
        refused: str | None = None,
        source_kind: SourceKind = "segment",
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
            source_kind=source_kind,
            status=status,
            refused=refused,
        )

    async def answer(self, status: int, body: bytes, headers: HeaderList) -> None:
        """Send an answer."""
        if status != 204:
            headers.append((b"content-length", b"%d" % len(body)))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def answer_device(self, reply: Reply, *extra: tuple[bytes, bytes]) -> None:
        """Send an answer to one of Mixpanel's SDKs; none of them is cached."""
        headers = [(b"content-type", reply.content_type), NO_STORE, *extra, *answer_headers(self.origin)]
        await self.answer(reply.status, reply.body, headers)

    async def answer_json(self, status: int, message: str, *extra: tuple[bytes, bytes]) -> None:
        """Send an answer that says what is wrong."""
        body = msgspec.json.encode({"success": False, "message": message})
        await self.answer(status, body, [JSON, *extra, *answer_headers(self.origin)])
