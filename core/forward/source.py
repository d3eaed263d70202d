"""Turns what the journal owes to Mixpanel into records, in order, once each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from ..api.models import Summary
from ..delivery import Delivery, DeliveryState, Outcome, Owed
from ..messages import Marks, Message
from ..settings import UncertainPolicy
from ..stores.base import Outbox, ReadableIndex
from ..verdict import Translation
from .clock import Clock
from .credentials import ServiceAccount
from .decisions import last_attempts
from .ledger import DROPPED_BY_POLICY, ON_ITS_WAY, Ledger, States
from .made import Made, OwedTranslator, made_from, made_of
from .records import Record
from .unsent import dry_run_lines

Load: TypeAlias = Callable[[Sequence[Owed]], AsyncIterator[list[Message]]]
"""Reads owed messages, oldest first, some at a time."""


class Given(Protocol):
    """Messages that other processes have. `made` waits for what they make of them; some may be missing."""

    ids: set[int]

    async def made(self) -> dict[int, Made]: ...


Elsewhere: TypeAlias = Callable[[Sequence[Owed]], AbstractAsyncContextManager[Given]]
"""Gives owed messages to other processes, or none."""

CHUNK = 1_000
"""Messages read from the journal at once."""

_REFUSED = int(Marks.REFUSED)
_BREATH = 64
"""Messages translated before others get a turn on the loop: some 2 ms."""
_MOST_READY = 4_000
"""Messages whose records are kept for when their turn comes; of later ones they are made again."""


class Taken(msgspec.Struct):
    """One stretch of what is owed: records to send, and what is to be written to the journal at once.

    `aside` are records that an earlier run had set aside, with the attempts at their message.
    """

    records: list[Record]
    aside: list[tuple[Record, Sequence[Delivery]]]
    lines: list[Delivery]
    states: States


class Source:
    """Reads what is owed, oldest first, and makes records of it.

    `load` reads the messages that are owed, and `elsewhere` has other processes make their records. A message
    whose translation was offered when it was received is neither read nor translated a second time.
    `unreadable` counts messages that the journal cannot give.
    """

    def __init__(
        self,
        index: ReadableIndex,
        outbox: Outbox,
        load: Load,
        translator: OwedTranslator,
        clock: Clock,
        *,
        dry_run: bool,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.account: ServiceAccount | None = None
        self.uncertain: UncertainPolicy = "keep"
        self.more = True
        """True while the journal may owe messages that were not read yet."""
        self.unreadable = 0
        self._index = index
        self._outbox = outbox
        self._load = load
        self._elsewhere = elsewhere
        self._translator = translator
        self._clock = clock
        self._dry_run = dry_run
        self._ready: dict[int, Made] = {}
        self._after = 0
        self._newest = 0

    @property
    def fault(self) -> str:
        """How many messages cannot be read, for the header; "" if all can."""
        if not self.unreadable:
            return ""
        noun = "message" if self.unreadable == 1 else "messages"
        return f"{self.unreadable} {noun} owed to Mixpanel cannot be read from the journal"

    @property
    def ready(self) -> int:
        """How many messages were offered whose turn has not come."""
        return len(self._ready)

    async def begin(self) -> None:
        """Start from what the journal says."""
        self.unreadable = self._after = 0
        self.more = True
        self._ready.clear()
        newest = (await self._index.page(limit=1)).summaries
        # Only messages up to here can have been tried before.
        self._newest = newest[-1].id if newest else 0

    def offer(self, summary: Summary, made: Callable[[], Translation]) -> None:
        """Make the records of a message that was just received, for when its turn comes.

        `made` returns its translation; it is called only if there is room for the records.
        """
        if summary.id > max(self._after, self._newest) and len(self._ready) < _MOST_READY:
            self._ready[summary.id] = made_of(summary.id, summary.type, summary.marks, made, self.account)

    def forget(self) -> None:
        """Drop the records that were made ahead of their turn: the settings have changed."""
        self._ready.clear()

    async def next(self) -> list[Owed]:
        """Return the next stretch of what is owed; empty when nothing more is."""
        # Cleared first, so that what becomes owed during the query is not lost.
        self.more = False
        stretch = await self._outbox.owed(after=self._after, limit=CHUNK)
        if len(stretch) == CHUNK:
            self.more = True
        if stretch:
            self._after = stretch[-1].id
        return stretch

    async def take(self, stretch: Sequence[Owed], ledger: Ledger) -> Taken:
        """Make the records of a stretch, and open its messages in the ledger."""
        made = await self._read(stretch)
        again = [owed.id for owed in stretch if owed.id <= self._newest]
        earlier = await self._outbox.deliveries_of(again) if again else {}
        taken = Taken([], [], [], [])
        for owed in stretch:
            id = owed.id
            records = made.get(id)
            if records is None:
                self.unreadable += 1
            elif isinstance(records, DeliveryState):
                taken.states.append((id, records))
            else:
                self._open(owed, records, earlier.get(id, ()), taken, ledger)
        return taken

    async def _read(self, stretch: Sequence[Owed]) -> dict[int, Made]:
        """Return what becomes of the messages of a stretch, without those that cannot be read."""
        made: dict[int, Made] = {}
        unread: list[Owed] = []
        for owed in stretch:
            if owed.marks & _REFUSED:
                made[owed.id] = DeliveryState.FAULT if owed.damaged else DeliveryState.NONE
            elif (ready := self._ready.get(owed.id)) is not None:
                made[owed.id] = ready
            else:
                unread.append(owed)
        for id in [id for id in self._ready if id <= stretch[-1].id]:
            del self._ready[id]
        if unread and self._elsewhere is not None:
            async with self._elsewhere(unread) as given:
                await self._make([owed for owed in unread if owed.id not in given.ids], made)
                made |= await given.made()
            unread = [owed for owed in unread if owed.id in given.ids and owed.id not in made]
        await self._make(unread, made)
        return made

    async def _make(self, unread: Sequence[Owed], made: dict[int, Made]) -> None:
        """Read messages, and add what becomes of them."""
        if not unread:
            return
        # Each message is dropped once its records are made, which need far less memory.
        async for messages in self._load(unread):
            for start in range(0, len(messages), _BREATH):
                for message in messages[start : start + _BREATH]:
                    made[message.id] = made_from(message, self._translator, self.account)
                await asyncio.sleep(0)

    def _open(
        self, owed: Owed, records: list[Record], before: Sequence[Delivery], taken: Taken, ledger: Ledger
    ) -> None:
        if self._dry_run:
            taken.lines += dry_run_lines(records, before, self._clock.now())
            return
        if self.uncertain == "resend":
            records = [
                record if record.repeatable else replace(record, repeatable=True) for record in records
            ]
        elif before and self.uncertain == "drop":
            # Those that were on their way when an earlier run was killed.
            unanswered = [one for one in last_attempts(before).values() if one.words == ON_ITS_WAY]
            dropped = [
                replace(one, at=self._clock.now(), outcome=Outcome.DROPPED, words=DROPPED_BY_POLICY)
                for one in unanswered
            ]
            taken.lines += dropped
            before = [*before, *dropped]
        left, settled = ledger.open(owed.id, records, before, owed.delivery)
        if before and any(ledger.is_aside(record) for record in left):
            taken.aside += [(record, before) for record in left if ledger.is_aside(record)]
            left = [record for record in left if not ledger.is_aside(record)]
        taken.records += left
        taken.states += settled
