"""Answers on demand: what a POST gets in place of its usual answer, and which attempt of its SDK it is."""

from __future__ import annotations

import asyncio

from ..api.models import Attempt
from ..errors import JournalError, RequestRefused
from ..messages import Origin
from ..on_demand import Demand
from ..sources.decode import NotJson, read_json
from ..sources.mixpanel.records import tokens_of
from ..sources.mixpanel.requests import Admitted, device_of, refused_reply
from ..sources.parts import members
from ..sources.segment.routes import is_tee
from ..sources.segment.write_key import write_key_of
from .attempts import message_ids_in, on_demand_words
from .body import HUNG_UP
from .exchange import Exchange
from .http_protocol import Answer, break_off


class Demanding(Exchange):
    """A request that may get an answer on demand."""

    __slots__ = ()

    async def on_demand(
        self, body: bytes, text: bytes, messages: int | Admitted, at_once: Answer | None
    ) -> bool:
        """Give the answer that is on demand; return True if the request is done with.

        `text` is the body unpacked, `at_once` what belongs to the connection. A delay alone only delays.
        """
        demand = self.endpoint.demands.take(lambda: self.key_of(text, messages), self.path)
        if demand is None:
            return False
        if demand.delay:
            await asyncio.sleep(demand.delay)
        if demand.lost:
            await self._lose(body, text, messages, at_once)
            return True
        if not demand.status and not demand.reset:
            return False
        await self._refuse_on_demand(demand, body, text, messages, at_once)
        return True

    def note_attempt(self, text: bytes, at: int) -> None:
        """Note that messages were accepted, if an earlier attempt at them was answered on demand."""
        if self.endpoint.attempts:
            self.endpoint.attempts.note(message_ids_in(text), Attempt(at, "200"), known=True)

    def key_of(self, text: bytes, messages: int | Admitted) -> str:
        """Return the write key of messages, or the token of the first record of Mixpanel's SDKs."""
        if isinstance(messages, Admitted):
            device = device_of(self.path, self.query, text)
            for item in () if device is None else device.records():
                record = read_json(item)[0]
                return (
                    next((token for _, token in tokens_of(record, item)), "")
                    if isinstance(record, dict)
                    else ""
                )
            return ""
        try:
            return write_key_of(members(text), self.authorization, self.query)
        except NotJson:
            return ""

    async def _refuse_on_demand(
        self, demand: Demand, body: bytes, text: bytes, messages: int | Admitted, at_once: Answer | None
    ) -> None:
        ids = message_ids_in(text) if isinstance(messages, int) else []
        count = messages if isinstance(messages, int) else messages.records
        answer = str(demand.status) if demand.status else "connection reset"
        number = self.endpoint.attempts.note(ids, Attempt(self.endpoint.now(), answer))
        words = on_demand_words(answer, ids, count, number)
        if demand.reset:
            await self.refuse(RequestRefused(HUNG_UP, words), body)
            await self._break_off(at_once, reset=True)
            return
        error = refused_reply(self.path, self.query, text, words, demand.status)
        after = demand.retry_after
        headers = () if after is None else ((b"retry-after", b"%d" % after),)
        await self.refuse(error or RequestRefused(demand.status, words), body, *headers)

    async def _lose(self, body: bytes, text: bytes, messages: int | Admitted, at_once: Answer | None) -> None:
        """Accept the messages, and close the connection without an answer."""
        origin: Origin = "tee" if is_tee(self.query) else "sdk"
        device = isinstance(messages, Admitted)
        count = messages.records if isinstance(messages, Admitted) else messages
        receipt = self.receipt(body, origin, source_kind="mixpanel" if device else "segment")
        if count:
            try:
                await self.keep(receipt, count, None if text is body else text)
            except JournalError as error:
                await self.answer_later(error)
                return
        if not device:
            attempt = Attempt(receipt.received_at, "accepted, answer lost")
            self.endpoint.attempts.note(message_ids_in(text), attempt)
        await self._break_off(at_once, reset=False)

    async def _break_off(self, at_once: Answer | None, *, reset: bool) -> None:
        """End the connection, and wait until it is."""
        assert at_once is not None, "every request of the server has one"
        break_off(at_once, reset=reset)
        while (await self.receive())["type"] != "http.disconnect":
            pass
