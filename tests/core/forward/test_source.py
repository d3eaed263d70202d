"""Translations that are handed over when messages are received, and requests that wait to be filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from forwarding import (
    Backlog,
    Direct,
    TurnedClock,
    identify,
    make_forwarder,
    run_until_idle,
    running,
    settings,
    track,
)

from segtap.core.delivery import DeliveryState, Outcome, Owed
from segtap.core.destinations.kinds import translator
from segtap.core.forward.forwarder import Forwarder
from segtap.core.messages import Marks, Message
from segtap.core.settings import Destination, ForwardSettings
from segtap.core.stand_in.server import MixpanelServer

TRANSLATE = translator(Destination(settings={"projectToken": "token"})).translate


class Counting(Backlog):
    """A backlog that notes which messages are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    async def load(self, stretch: Sequence[Owed]) -> AsyncIterator[list[Message]]:
        self.read += [owed.id for owed in stretch]
        async for messages in super().load(stretch):
            yield messages

    async def receive(self, forwarder: Forwarder, *documents: dict[str, Any], **more: Any) -> list[int]:
        """Add messages as an engine receives them: translations are offered first, then they are owed."""
        ids = await self.add(*documents, **more)
        for id in ids:
            message, summary = self.messages[id], await self.journal.index.summary(id)
            made = partial(TRANSLATE, message.document, now=message.received_at)
            forwarder.offer(summary, made)
        forwarder.wake()
        return ids


async def test_a_message_whose_translation_is_offered_is_not_read_again() -> None:
    backlog, mixpanel = Counting(), MixpanelServer()
    kept = await backlog.add(track("u-1"))
    forwarder = make_forwarder(backlog, "https://mixpanel.test", transport=Direct(mixpanel))
    async with running(forwarder):
        await forwarder.wait_idle()
        received = await backlog.receive(forwarder, track("u-2"), identify("u-3", plan="pro"))
        copies = await backlog.receive(forwarder, track("u-2"), marks=Marks.SECOND_RECEIPT)
        await forwarder.wait_idle()
    assert backlog.read == kept
    assert await backlog.states() == [*[DeliveryState.SENT] * 3, DeliveryState.NONE]
    assert await backlog.outcomes(received[1]) == [Outcome.SENT]
    assert await backlog.lines(copies[0]) == []


async def test_what_was_offered_before_the_settings_changed_is_translated_again() -> None:
    backlog, mixpanel = Counting(), MixpanelServer()
    forwarder = make_forwarder(backlog, "https://mixpanel.test", transport=Direct(mixpanel))
    async with running(forwarder):
        await forwarder.wait_idle()
        (id,) = await backlog.receive(forwarder, track("u-1"))
        forwarder.use(settings("https://mixpanel.test"), ForwardSettings())
        forwarder.wake()
        await forwarder.wait_idle()
    assert backlog.read == [id]
    assert await backlog.states() == [DeliveryState.SENT]


async def test_a_forwarder_that_does_not_run_keeps_nothing_that_is_offered() -> None:
    backlog, mixpanel = Counting(), MixpanelServer()
    forwarder = make_forwarder(backlog, "https://mixpanel.test", transport=Direct(mixpanel))
    ids = await backlog.receive(forwarder, track("u-1"))
    await run_until_idle(forwarder)
    assert backlog.read == ids


async def test_messages_received_shortly_after_each_other_share_a_request() -> None:
    backlog, mixpanel, clock = Counting(), MixpanelServer(), TurnedClock()
    direct = Direct(mixpanel)
    requests: list[int] = []

    async def step() -> None:
        requests.append(clock.at)

    direct.step = step
    forwarder = make_forwarder(backlog, "https://mixpanel.test", transport=direct, clock=clock, linger=0.05)
    task = asyncio.create_task(forwarder.run())
    await clock.until(1)
    for user in range(5):
        await backlog.receive(forwarder, track(f"u-{user}"))
        await clock.until(1 + user * 0.01)
    await clock.until(2)
    await forwarder.stop()
    await task
    assert await backlog.states() == [DeliveryState.SENT] * 5
    assert len(requests) == 2  # one step before the one request, one behind it


async def received_steadily(clock: TurnedClock, seconds: float, every: int) -> tuple[int, float]:
    """Receive `every` messages every 10 ms; return the requests, and the last one's time (seconds)."""
    backlog, mixpanel = Counting(), MixpanelServer()
    direct = Direct(mixpanel)
    requests: list[float] = []

    async def step() -> None:
        requests.append(clock.seconds)

    direct.step = step
    forwarder = make_forwarder(backlog, "https://mixpanel.test", transport=direct, clock=clock, linger=0.025)
    task = asyncio.create_task(forwarder.run())
    await clock.until(1)
    for moment in range(round(seconds * 100)):
        await backlog.receive(forwarder, *(track(f"u-{moment}-{n}") for n in range(every)))
        await clock.until(1 + moment * 0.01)
    await clock.until(1 + seconds + 1)
    await forwarder.stop()
    await task
    assert set(await backlog.states()) == {DeliveryState.SENT}
    return len(requests) // 2, requests[-1] - 1


async def test_requests_are_fuller_while_many_messages_are_received() -> None:
    few, _ = await received_steadily(TurnedClock(), 0.4, every=1)
    many, last = await received_steadily(TurnedClock(), 0.4, every=12)
    assert few >= 10  # a wait of 25 ms each
    assert many <= 4
    assert last < 0.4 + 8 * 0.025 + 0.02
