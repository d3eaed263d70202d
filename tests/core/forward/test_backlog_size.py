"""A backlog of any size is read a window at a time: what is held does not grow with what is owed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from forwarding import NOW, AsGiven, FakeClock, given, make_forwarder, running

from segtap.core.api.models import Page
from segtap.core.delivery import Delivery, DeliveryState, Owed
from segtap.core.forward.outcomes import Answer
from segtap.core.forward.source import CHUNK
from segtap.core.forward.wire import WireForm
from segtap.core.messages import Message
from segtap.core.verdict import OutgoingRequest

WINDOW = 4_000


def event(n: int) -> OutgoingRequest:
    properties = {"time": 1_700_000_000, "distinct_id": "u", "$insert_id": f"i-{n}"}
    body: Any = [{"event": "e", "properties": properties}]
    return OutgoingRequest("POST", "https://api.mixpanel.com/import?strict=1", "application/json", body=body)


class Owing:
    """A journal that owes the messages 1 to `count`, and makes each up when it is asked for."""

    def __init__(self, count: int) -> None:
        self.index: Any
        self.outbox: Any
        self.journal: Any
        self.count = count
        self.read = self.settled = self.most = 0
        self.index = SimpleNamespace(page=self._page)
        self.outbox = self.journal = self

    async def _page(self, *, limit: int) -> Page:
        return Page(summaries=(), more=False)

    def sending(self, rest: object) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def owed(self, after: int = 0, limit: int = 1_000) -> list[Owed]:
        stretch = range(after + 1, min(after + limit, self.count) + 1)
        self.read = max(self.read, stretch.stop - 1)
        self.most = max(self.most, self.read - self.settled)
        return [Owed(id, 0, DeliveryState.WAITING, NOW) for id in stretch]

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        return {}

    async def load(self, stretch: Sequence[Owed]) -> AsyncIterator[list[Message]]:
        yield [
            Message(
                id=owed.id, type="track", message_id=f"m-{owed.id}", received_at=NOW,
                document=given(event(owed.id)), original=b"", wanted=True,
            )
            for owed in stretch
        ]  # fmt: skip

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        self.settled += len(states)


class Accepting:
    """A Mixpanel that accepts everything, once `open` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def send(self, form: WireForm) -> Answer:
        await self.open.wait()
        return Answer(status=200, body=b'{"code": 200, "num_records_imported": 2000, "status": "OK"}')

    async def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("owed", [20_000, 10_000_000])
async def test_an_outage_holds_no_more_of_a_large_backlog(owed: int) -> None:
    journal = Owing(owed)
    forwarder = make_forwarder(
        journal, "http://127.0.0.1:9", translator=AsGiven(), transport=Accepting(), clock=FakeClock(),
        window=WINDOW,
    )  # fmt: skip
    async with running(forwarder):
        before = -1
        while journal.read != before:  # until it reads no more
            before = journal.read
            for _ in range(300):
                await asyncio.sleep(0)
        # The window, a stretch, and the requests that are under way.
        assert WINDOW <= journal.read <= WINDOW + CHUNK + 4 * 2_000
