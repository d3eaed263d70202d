"""`segtap deliveries`: what became of messages at Mixpanel, and decisions about them.

It works through the engine that has the journal; without one, on the journal's file.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import msgspec

from .. import stores
from ..api.client import Client
from ..api.deliveries import Decided, DeliveryRow
from ..api.models import Summary
from ..api.operations import MAX_NUMBER
from ..delivery import Decision, DeliveryState
from ..engine.active import ActiveSettings
from ..engine.deliveries import LISTED, decide_all, delivery_rows
from ..engine.kept import engine_with, kept_settings
from ..engine.relays import drop_route
from ..engine.search import Search
from ..errors import InputError
from ..faults import Faults
from ..index.receipts import ReceiptReader
from ..pipeline.intake import parse_receipt
from ..query import by_id, parse, quoted
from ..serve.notes import find_engine
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..stores.base import Stores
from ..text import clean, shorten

_NAMES_AT_ONCE = 50
HELD = "delivery:held"
"""The filter of the messages that are held."""
AT_ONCE = 1_000
"""Messages that are decided about in one request."""
DECIDABLE: dict[Decision, str] = {
    "retry": "delivery:uncertain,refused,stuck,fault",
    "drop": "delivery:uncertain,stuck,waiting,held",
    "release": HELD,
}
"""The filter of the messages that a decision can change."""
DROPPABLE = frozenset(
    (DeliveryState.UNCERTAIN, DeliveryState.STUCK, DeliveryState.WAITING, DeliveryState.HELD)
)
"""The states in which a message can be dropped."""


class Deliveries:
    """The deliveries of one journal, in an engine or in a file. Use it within `opened`."""

    def __init__(self, client: Client | None, kept: Stores | None, reader: ReceiptReader | None) -> None:
        self._client = client
        self._kept = kept
        self._reader = reader
        self._bounds = bounds_of(Settings().ingest)

    @property
    def client(self) -> Client | None:
        """The engine, None for a file."""
        return self._client

    async def rows(self, filter: str = "") -> AsyncGenerator[DeliveryRow]:
        """Yield what became of the messages that match, a request a row; without a filter of those that
        Mixpanel has not accepted. Raises FilterFault.
        """
        if self._client is not None:
            async with contextlib.aclosing(self._client.deliveries(filter)) as lines:
                async for line in lines:
                    yield msgspec.json.decode(line, type=DeliveryRow)
            return
        assert self._kept is not None
        async with contextlib.aclosing(delivery_rows(self._kept, self._matches(filter or LISTED))) as found:
            async for rows in found:
                for row in rows:
                    yield row

    async def matching(self, filter: str) -> list[Summary]:
        """Return the messages that match, oldest first. Raises FilterFault."""
        found: list[Summary] = []
        if self._client is None:
            async for some in self._matches(filter):
                found += some
        else:
            page = await self._client.page(after=0, limit=AT_ONCE, filter=filter)
            found += page.summaries
            while page.more and page.summaries:
                page = await self._client.page(after=found[-1].id, limit=AT_ONCE, filter=filter)
                found += page.summaries
        return [line for line in found if not line.refused]

    async def chosen(self, ids: Sequence[str]) -> list[Summary]:
        """Return the messages with these numbers, messageIds or $insert_ids.

        Raises InputError for one that is not there. What is a number and no message has is taken for a
        messageId.
        """
        found: dict[int, Summary] = {}
        for id in ids:
            line = await self._numbered(int(id)) if id.isascii() and id.isdecimal() else None
            lines = [line] if line is not None else await self.matching(by_id(id))
            if not lines:
                raise InputError(f"The journal has no message {shorten(clean(id), 80)}.")
            found |= {line.id: line for line in lines}
        return [found[id] for id in sorted(found)]

    async def rows_of(self, lines: Sequence[Summary]) -> AsyncGenerator[DeliveryRow]:
        """Yield what became of these messages, a request a row."""
        numbers = {line.id for line in lines}
        for start in range(0, len(lines), _NAMES_AT_ONCE):
            names = {line.message_id for line in lines[start : start + _NAMES_AT_ONCE]}
            async with contextlib.aclosing(self.rows(f"id:{','.join(map(quoted, sorted(names)))}")) as rows:
                async for row in rows:
                    if row.id in numbers:
                        yield row

    async def forwards(self) -> bool:
        """Return whether what waits is sent now."""
        return self._client is not None and (await self._client.state()).forwarding

    async def decide(self, decision: Decision, ids: Sequence[int], route: str = "") -> AsyncIterator[Decided]:
        """Carry out a decision about messages, some at a time; along one of several routes if it is named."""
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            if self._client is not None:
                yield await self._client.decide(decision, some, route)
            else:
                assert self._kept is not None
                changed, others = await decide_all(decision, some, self._kept, _now, route=route)
                yield Decided(tuple(changed), tuple(others))

    async def drop_route(self, route: str) -> int:
        """Owe nothing more to a route that the settings no longer have; return how many requests it was.

        Raises InputError if the engine has the route, or nothing is owed to it.
        """
        if self._client is not None:
            return await self._client.drop_route(route)
        assert self._kept is not None
        return await drop_route(self._kept, route)

    async def _numbered(self, id: int) -> Summary | None:
        if not 0 < id <= MAX_NUMBER:
            return None
        if self._client is None:
            assert self._kept is not None
            line = await self._kept.index.summary(id)
        else:
            line = next(iter((await self._client.page(after=id - 1, limit=1)).summaries), None)
        return line if line is not None and line.id == id and not line.refused else None

    def _matches(self, filter: str) -> AsyncIterator[tuple[Summary, ...]]:
        assert self._kept is not None
        assert self._reader is not None
        return Search(self._kept, self._reader, parse(filter), self._bounds).matches()


@contextlib.asynccontextmanager
async def opened(own: Settings, url: str = "") -> AsyncGenerator[Deliveries]:
    """Open the deliveries of the engine at `url`, of the one that has the journal, or of the journal's file.

    Raises EngineError, or JournalError if there is no journal.
    """
    url = url or engine_with(own.journal)
    if url:
        async with Client(*find_engine(url)) as client:
            yield Deliveries(client, None, None)
        return
    kept = await stores.open(own.journal, must_exist=True)
    try:
        active = ActiveSettings(await kept_settings(kept) or own)
        reader = ReceiptReader(
            parse_receipt,
            active.judge,
            Faults(),
            adjust=active.adjust,
            sources=lambda: active.settings.sources,
        )
        yield Deliveries(None, kept, reader)
    finally:
        await kept.close()


def decidable(filter: str, decision: Decision) -> str:
    """Return the filter for those of the matching messages that the decision can change.

    Dropped messages are sent again only if the filter asks for a delivery. Raises FilterFault.
    """
    states = DECIDABLE[decision]
    if parse(filter).asks("delivery") and decision == "retry":
        states += ",off"
    return f"({filter}) {states}" if filter.strip() else states


def uncertain_among(lines: Sequence[Summary]) -> int:
    """Return how many of the messages may count twice if they are sent again."""
    return sum(line.delivery is DeliveryState.UNCERTAIN for line in lines)


def _now() -> int:
    return time.time_ns() // 1_000_000
