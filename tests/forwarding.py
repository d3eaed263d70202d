"""What the forwarder's tests share: a clock that is turned by hand, messages that are owed, and runs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import Any

from memory_journal import MemoryJournal

from segtap.core.api.models import Summary
from segtap.core.delivery import Delivery, DeliveryState, Outcome, Owed
from segtap.core.destinations.kinds import translator
from segtap.core.forward.batch import Limits
from segtap.core.forward.client import Transport
from segtap.core.forward.clock import Clock
from segtap.core.forward.forwarder import Forwarder
from segtap.core.forward.outcomes import Answer
from segtap.core.forward.wire import WireForm
from segtap.core.messages import Marks, Message, Receipt, message_number
from segtap.core.segment_names import destination_of
from segtap.core.settings import DestinationSettings, Secret, Settings
from segtap.core.stand_in.http_text import answer_bytes
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.stores.base import Entry, Stores
from segtap.core.verdict import Operation, OutgoingRequest, Translation

NOW = 1_795_557_600_000
TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"
BASIC = "Basic " + base64.b64encode(f"{SECRET}:".encode()).decode()


class FakeClock:
    """Sleeps take no time but turn the clock on; while `held`, they wait for `release`.

    `ahead` is by how much (ms) somebody has set the machine's clock forward.
    """

    def __init__(self, now: int = NOW) -> None:
        self.at = now
        self.ahead = 0
        self.slept: list[float] = []
        self._open = asyncio.Event()
        self._open.set()

    def now(self) -> int:
        return self.at + self.ahead

    def steady(self) -> int:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._open.wait()
        self.at += round(seconds * 1000)
        await asyncio.sleep(0)

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()


class TurnedClock:
    """Time goes on when nothing else does: once all is quiet, to the next moment that somebody waits for.

    `until` runs the forwarder until a moment, or until something holds. For a transport without a socket.
    """

    def __init__(self, now: int = NOW) -> None:
        self.at = now
        self.began = now
        self._waiting: list[tuple[int, int, asyncio.Event]] = []
        self._order = itertools.count()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return (self.at - self.began) / 1000

    def now(self) -> int:
        return self.at

    def steady(self) -> int:
        return self.at

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        entry = (self.at + max(0, round(seconds * 1000)), next(self._order), woken)
        heapq.heappush(self._waiting, entry)
        try:
            await woken.wait()
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)

    async def until(self, seconds: float, holds: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until so many seconds after the beginning, or until it holds before."""
        end = self.began + round(seconds * 1000)
        while not holds():
            # Enough turns of the loop for whatever is under way without waiting for the clock.
            for _ in range(300):
                await asyncio.sleep(0)
                if holds():
                    return
            if not self._waiting or self._waiting[0][0] > end:
                self.at = max(self.at, end)
                return
            at, _, woken = heapq.heappop(self._waiting)
            self.at = max(self.at, at)
            woken.set()


def settings(url: str, *, secret: str = SECRET, strict: bool = True) -> DestinationSettings:
    return DestinationSettings(token=TOKEN, api_secret=Secret(secret), mixpanel_url=url, strict=strict)


class Backlog:
    """Messages and the journal that owes them."""

    def __init__(self, journal: Stores | None = None) -> None:
        self.journal: Any = journal or MemoryJournal()
        self.messages: dict[int, Message] = {}
        self._seq = 0

    async def add(self, *documents: dict[str, Any], marks: Marks = Marks.NONE) -> list[int]:
        """Index Segment messages that are wanted at Mixpanel; their ids."""
        entries: list[Entry] = []
        for document in documents:
            self._seq = await self.journal.receipts.append(
                Receipt(
                    uid=f"r-{len(self.messages)}", received_at=NOW, method="POST", path="/v1/t", wanted=True
                )
            )
            id = message_number(self._seq, 0)
            message_id = document.setdefault("messageId", f"msg-{self._seq}")
            at = NOW + self._seq
            self.messages[id] = Message(
                id=id,
                type=document.get("type", ""),
                message_id=message_id,
                received_at=at,
                document=document,
                original=b"",
                marks=marks,
                wanted=True,
            )
            summary = Summary(
                id, at, document.get("type", ""), document.get("event", ""), document.get("userId", ""),
                "test", 0, 0, int(marks), DeliveryState.WAITING, message_id,
            )  # fmt: skip
            entries.append(Entry(summary, wanted=True))
        await self.journal.index.add(entries, upto=self._seq)
        return [entry.summary.id for entry in entries]

    async def load(self, stretch: Sequence[Owed]) -> AsyncIterator[list[Message]]:
        yield [self.messages[owed.id] for owed in stretch if owed.id in self.messages]

    async def states(self) -> list[DeliveryState]:
        summaries = (await self.journal.index.page(limit=10_000)).summaries
        return [summary.delivery for summary in summaries]

    async def lines(self, id: int) -> list[Delivery]:
        return await self.journal.outbox.deliveries(id)

    async def outcomes(self, id: int) -> list[Outcome]:
        return [line.outcome for line in await self.lines(id)]


class Direct:
    """A transport that hands requests to a stand-in Mixpanel in this process, without a socket.

    `step` is awaited before a request is taken in, and after, before its answer comes back.
    """

    def __init__(self, mixpanel: MixpanelServer, step: Callable[[], Awaitable[None]] | None = None) -> None:
        self.mixpanel = mixpanel
        self.step = step or (lambda: asyncio.sleep(0))
        self.flying = self.most = 0

    async def send(self, form: WireForm) -> Answer:
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            await self.step()
            reply = self.mixpanel.handle(form.method, form.url, dict(form.headers), form.body)
            await self.step()
        finally:
            self.flying -= 1
        if reply.drop or reply.hang or reply.raw or reply.breaks:
            return Answer(words="sent, but no answer: dropped")
        _, _, body = answer_bytes(reply.status, reply.body).partition(b"\r\n\r\n")
        asked = dict(reply.headers).get("retry-after")
        return Answer(status=reply.status, body=body, retry_after=None if asked is None else float(asked))

    async def close(self) -> None:
        """Nothing is held."""


class AsGiven:
    """A translator that makes the requests written in the message under `requests`."""

    def translate(self, document: dict[str, Any], *, now: int) -> Translation:
        return Translation(
            tuple(Operation("given", "given", request) for request in document["requests"]),
            rejected=document.get("rejected"),
        )


class Owing:
    """What the forwarder asks, over a translator of documents."""

    def __init__(self, translator: Any) -> None:
        self._translator = translator

    def owed(self, message: Message) -> Translation:
        return self._translator.translate(message.document, now=message.received_at)


def track(user: str = "u-1", event: str = "Signed Up", **more: Any) -> dict[str, Any]:
    message = {"type": "track", "event": event, "userId": user, "timestamp": "2026-11-24T21:00:00Z"}
    return message | {"properties": {}} | more


def identify(user: str = "u-1", anonymous: str | None = None, **traits: Any) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "identify", "userId": user, "traits": traits}
    return message | ({"anonymousId": anonymous} if anonymous else {})


def engage(user: str, **operation: Any) -> OutgoingRequest:
    body: dict[str, Any] = {"$token": TOKEN, "$distinct_id": user}
    body |= {f"${name}": value for name, value in operation.items()}
    return OutgoingRequest(
        "POST", "https://api.mixpanel.com/engage", "application/x-www-form-urlencoded", body=body
    )


def given(*requests: OutgoingRequest, **more: Any) -> dict[str, Any]:
    return {"type": "identify", "requests": list(requests), **more}


def make_forwarder(
    backlog: Backlog,
    url: str,
    *,
    clock: Clock | None = None,
    transport: Transport | None = None,
    **more: Any,
) -> Forwarder:
    destination = more.pop("settings", None) or settings(url)
    return Forwarder(
        backlog.journal,
        backlog.load,
        Owing(more.pop("translator", None) or translator(destination_of(Settings(destination=destination)))),
        settings=destination,
        clock=clock or FakeClock(),
        rng=Random(7),
        transport=transport,
        limits=more.pop("limits", None) or Limits(),
        **more,
    )


@contextlib.asynccontextmanager
async def running(forwarder: Forwarder) -> AsyncIterator[asyncio.Task[None]]:
    """The forwarder runs inside; leaving stops it and raises what it raised."""
    task = asyncio.create_task(forwarder.run())
    try:
        yield task
    finally:
        await forwarder.stop()
        await task


async def run_until_idle(forwarder: Forwarder) -> None:
    async with running(forwarder):
        await forwarder.wait_idle()


async def until(holds: Callable[[], bool]) -> None:
    """Return once the condition holds; fails after ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (any condition, not one that somebody announces)
            await asyncio.sleep(0.002)
