"""A POST to the endpoint: the messages in its body, of Segment's SDKs or of Mixpanel's own."""

from __future__ import annotations

import asyncio

from ..errors import JournalError, RequestRefused
from ..messages import Origin
from ..sources.admission import admit
from ..sources.allowed import refuse_body, refuse_records
from ..sources.decode import InflatesTooFar, inflate
from ..sources.mixpanel.answers import TOO_LARGE, DeviceRefused
from ..sources.mixpanel.requests import Admitted, refused_reply
from ..sources.segment.routes import is_tee, near_path, route_of
from ..text import clean, shorten, shown
from .body import HUNG_UP, BodyRefused, read_body
from .cors import answer_headers
from .demanding import Demanding
from .exchange import AT_ONCE, JSON
from .http_protocol import ANSWER, WHOLE_BODY, Answer

_SUCCESS = b'{"success": true}'
_SUCCESS_WHOLE = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_SUCCESS), _SUCCESS)
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


class Posting(Demanding):
    """A POST and its answer.

    The way of every message is kept short: code that runs once a request costs several times what it costs
    in a loop.
    """

    __slots__ = ()

    async def post(self) -> None:
        """Keep the messages of a POST, and answer."""
        settings = self.endpoint.settings
        if settings.peer_rate and await self.refuse_crowd():
            return
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
            await self.refuse(self.as_device(error, error.body), error.body, close=True)
        except InflatesTooFar as error:
            await self.refuse(self.as_device(error, b""), body)
        except DeviceRefused as error:
            await self.refuse(error, body)
        except RequestRefused as error:
            await self.refuse(self.with_nearest_path(self.with_unread_encoding(error)), body)
        else:
            demanded = messages.records if isinstance(messages, Admitted) else messages
            if (
                demanded
                and self.endpoint.demands.any
                and await self.on_demand(body, text, messages or 0, at_once)
            ):
                return
            if isinstance(messages, Admitted):
                await self.keep_device(messages, body, None if text is body else text)
                return
            if messages == 0:
                self.endpoint.knocks.empty(self.headers, self.path)
            if messages is not None:
                origin_kind: Origin = "tee" if is_tee(self.query) else "sdk"
                try:
                    receipt = self.receipt(body, origin_kind)
                    await self.keep(receipt, messages, None if text is body else text)
                except JournalError as error:
                    await self.answer_later(error)
                    return
                self.note_attempt(text, receipt.received_at)
            if origin is not None or at_once is None or not at_once(_SUCCESS_WHOLE):
                await self.answer(200, _SUCCESS, [JSON, *answer_headers(origin)])

    async def messages_in(self, body: bytes, encoding: str) -> tuple[bytes, int | Admitted | None]:
        """Return a body's text and what `admit` says: for a large one beside the loop, one at a time."""
        settings = self.endpoint.settings

        def inflate_and_admit(most: int) -> tuple[bytes, int | Admitted | None]:
            try:
                text = inflate(body, encoding, most)
            except InflatesTooFar:
                raise
            except RequestRefused as error:
                raise refused_reply(self.path, self.query, b"", str(error)) or error from error
            limit, depth = settings.max_decoded, settings.max_depth
            admitted = admit(self.path, self.query, text, max_depth=depth, limit=limit)
            if keys := self.endpoint.keys:
                self.check_keys(text, admitted, keys)
            return text, admitted

        if len(body) <= AT_ONCE:
            try:
                return inflate_and_admit(min(AT_ONCE, settings.max_decoded))
            except InflatesTooFar:
                if settings.max_decoded <= AT_ONCE:
                    raise

        async with self.endpoint.beside:
            return await asyncio.to_thread(inflate_and_admit, settings.max_decoded)

    def check_keys(self, text: bytes, admitted: int | Admitted | None, keys: frozenset[str]) -> None:
        """Raise RequestRefused unless the messages have a write key, or the records tokens, of these."""
        if isinstance(admitted, Admitted):
            if admitted.records:
                refuse_records(self.path, self.query, text, keys)
        elif admitted is not None:
            refuse_body(text, self.authorization, self.query, keys)

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
            404, f"{error}; {shorten(clean(self.path), 80)} is not a path of Segment's: {hint}"
        )

    def as_device(self, error: RequestRefused, body: bytes) -> RequestRefused:
        """Return the refusal of a body that is too large in the form of Mixpanel's SDKs, if it is theirs.

        `body` is its beginning.
        """
        if error.status == HUNG_UP:
            return error
        return refused_reply(self.path, self.query, body, str(error), TOO_LARGE) or error
