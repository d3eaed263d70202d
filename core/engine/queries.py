"""What viewers ask of an engine: nothing here changes anything."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from importlib.metadata import version

import msgspec

from ..api.feed import Feed
from ..api.models import (
    EngineState,
    FeedBatch,
    Health,
    MessageDetail,
    Page,
    SourceState,
    SuperProperties,
)
from ..api.operations import ExportOf
from ..checks.not_imitated import in_settings
from ..chosen import Chosen
from ..errors import JournalError
from ..faults import Faults
from ..forward.credentials import credentials_in_words, sent_with
from ..index.indexer import Indexer
from ..index.receipts import ReceiptReader
from ..ingest.attempts import Attempts
from ..ingest.knocks import Knocks
from ..masks import Masks, mask_token
from ..not_imitated import listed
from ..on_demand import Demands
from ..query import Tally, parse
from ..segment_names import destination_of
from ..serve.server import Listener
from ..settings import Settings
from ..sources.bounds import Bounds, bounds_of
from ..stores.base import Stores
from .active import ActiveSettings
from .aggregates import Aggregates, row_lines
from .along import page_along
from .copies import Copies, may_have_copy
from .deliveries import LISTED, delivery_rows
from .expecting import Expecting
from .export import Export
from .forwarder_switch import ForwarderSwitch, cannot_forward_why
from .functions import EngineFunctions
from .gathering import Gathering
from .registered import super_properties
from .rejudge import Rejudging
from .relays import Relays
from .scenario import scenario_lines
from .search import Search
from .searched import searched_above
from .seen import SeenValues
from .statuses import with_statuses
from .stories import Stories
from .summing import Summing

VERSION = version("segtap")


class Queries:
    """Answers viewers from the parts of an engine. `accepting` is True while the engine accepts messages."""

    def __init__(
        self,
        active: ActiveSettings,
        stores: Stores,
        listener: Listener,
        reader: ReceiptReader,
        switch: ForwarderSwitch,
        indexer: Indexer,
        gathering: Gathering,
        summing: Summing,
        aggregates: Aggregates,
        seen: SeenValues,
        stories: Stories,
        expecting: Expecting,
        knocks: Knocks,
        feed: Feed,
        faults: Faults,
        rejudging: Rejudging,
        functions: EngineFunctions,
        demands: Demands,
        attempts: Attempts,
        relays: Relays,
        started_at: int,
    ) -> None:
        self.accepting = False
        self.summing = summing
        self.aggregates = aggregates
        self.seen = seen
        self.stories = stories
        self.expecting = expecting
        self._active = active
        self._functions = functions
        self._relays = relays
        self._stores = stores
        self._listener = listener
        self._reader = reader
        self._switch = switch
        self._indexer = indexer
        self._gathering = gathering
        self._knocks = knocks
        self._feed = feed
        self._faults = faults
        self._rejudging = rejudging
        self._demands = demands
        self._attempts = attempts
        self._started_at = started_at
        self._continued: tuple[str, int | None, Tally] = "", None, Tally()
        """The filter of the last search that time ended, where it continues, and what it noted."""

    @property
    def settings(self) -> Settings:
        """The settings in force, with their secrets."""
        return self._active.settings

    @property
    def masks(self) -> Masks:
        """Masks the secrets of the settings in force, in everything that viewers get."""
        return self._active.masks

    @property
    def bounds(self) -> Bounds:
        """The limits on the size of one message."""
        return bounds_of(self.settings.ingest)

    async def health(self) -> Health:
        """Return whether the engine is well, what is wrong, and how many messages are how far."""
        if not self.accepting:
            return Health("starting", "segtap", VERSION)
        fault = self._fault()
        health = Health("degraded" if fault else "ok", "segtap", VERSION, fault)
        try:
            counts = await self._stores.index.counts()
        except JournalError:
            return health
        received = counts.received + self._indexer.waiting
        return msgspec.structs.replace(
            health, received=received, listed=counts.received, judged=counts.judged
        )

    async def state(self) -> EngineState:
        """Return what the header of the screen shows."""
        counts = await self._stores.index.counts()
        settings, switch = self.settings, self._switch
        destination = settings.destination
        why = cannot_forward_why(settings)
        retrying, next_try = switch.retry
        return EngineState(
            version=VERSION,
            pid=os.getpid(),
            started_at=self._started_at,
            urls=self._listener.urls,
            phone_urls=self._listener.phone_urls,
            exposed=self._listener.exposed,
            journal=self._stores.path,
            ephemeral=self._stores.ephemeral,
            demo=settings.demo,
            destination=destination.kind,
            region=destination.region,
            project_region=destination.project_region,
            mixpanel_url=destination.mixpanel_url,
            project=mask_token(destination.token),
            strict=destination.strict,
            forwarding=switch.on,
            halted=switch.halted,
            halted_why=switch.halted_why,
            credentials=credentials_in_words(settings),
            service_account=sent_with(destination),
            changed_since_halt=switch.changed_since_halt,
            can_forward=not why,
            cannot_forward_why=why,
            dry_run=settings.dry_run,
            settings_from=settings.origin,
            received=counts.received,
            refused=counts.refused,
            deliveries=counts.deliveries,
            sent_since_on=switch.sent_since_on(counts.deliveries.sent),
            teed=counts.teed,
            errors=counts.errors,
            warnings=counts.warnings,
            resumed=switch.resumed,
            interrupted=switch.interrupted,
            fault=self._fault(),
            retrying=retrying,
            next_try=next_try,
            knocks=self._knocks.shown(),
            stale=self._rejudging.left,
            not_imitated=", ".join(
                part for part in (listed(in_settings(settings)), *self._functions.unusable()) if part
            ),
            answers=self._demands.shown,
            routes=await self._relays.states(counts.deliveries),
            sources=tuple(
                SourceState(name=one.name, color=one.color, write_keys=one.write_keys)
                for one in settings.sources
            ),
        )

    def watch(self) -> AsyncGenerator[FeedBatch]:
        """Yield frames for one viewer until the engine stops."""
        return self._feed.watch()

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        filter: str = "",
        wait: int | None = None,
        route: str = "",
    ) -> Page:
        """Return messages of the list that match a filter, oldest first. Raises FilterFault.

        A search ends after `wait` milliseconds, with what was found so far. With a `route` the messages are
        shown as they stand on that one of several routes to Mixpanel.
        """
        if route:
            page = await self.page(before=before, after=after, limit=limit, filter=filter, wait=wait)
            return await page_along(self._stores, page, route)
        query = parse(filter)
        if query.node is None:
            page = await self._stores.index.page(before=before, after=after, limit=limit)
            return await with_statuses(self._stores, page)
        last = self._continued
        tally = last[2] if before is not None and last[:2] == (filter, before) else Tally()
        search = Search(self._stores, self._reader, query, self.bounds, tally)
        until = None if wait is None else time.monotonic() + wait / 1000
        late = None if until is None else lambda: time.monotonic() >= until
        page = await search.page(before=before, after=after, limit=limit, late=late)
        if page.searched_to:
            self._continued = filter, page.searched_to, tally
            searched = await searched_above(self._stores.index, page.searched_to)
            if after is not None:
                counts = await self._stores.index.counts()
                searched = max(1, counts.received + counts.refused - searched)
            page = msgspec.structs.replace(page, searched=searched)
        return await with_statuses(self._stores, page)

    async def detail(self, id: int, route: str = "") -> MessageDetail:
        """Return everything about one message; with several routes to Mixpanel the verdict along one."""
        detail = await self._active.why(await self._reader.detail(self._stores, id, route))
        if self._attempts:
            line = detail.summary
            of = self._attempts.at(line.received_at) if line.refused else self._attempts.of(line.message_id)
            detail = msgspec.structs.replace(detail, attempts=of)
        if may_have_copy(detail, self._active.stream.device_traffic):
            destination = destination_of(self.settings)
            return await Copies(self._stores, self._reader, destination, self.bounds).added(detail)
        return detail

    async def super_properties(self, id: int, *, anyway: bool = False) -> SuperProperties:
        """Return what Mixpanel's SDK has registered after a message, if the page is in device mode."""
        return await super_properties(
            self._stores, self._reader, self.settings, self.bounds, id, anyway=anyway
        )

    def keep_marks(self, chosen: Chosen) -> str:
        """Keep a set of messages that filters can ask for, and return its name."""
        return self._reader.sets.keep(chosen)

    async def inspect(self, text: bytes) -> MessageDetail:
        """Inspect the JSON text of a message without storing it."""
        return await self._active.why(await self._reader.pasted(text))

    def export(self, filter: str = "", what: ExportOf = "messages") -> AsyncIterator[bytes]:
        """Yield what matches a filter as lines, oldest first, see `Export.lines`. Raises FilterFault."""
        return Export(self._stores, self._reader, parse(filter), self.bounds).lines(what)

    def export_of(self, ids: Sequence[int]) -> AsyncIterator[bytes]:
        """Yield these messages as lines, oldest first; those that are no longer there are left out."""
        return Export(self._stores, self._reader, parse(""), self.bounds).lines_of(ids)

    def scenario(
        self, filter: str = "", count: int = 0, ids: Sequence[int] | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the messages that match a filter, or those with the ids, as lines of a scenario."""
        exported = self.export(filter) if ids is None else self.export_of(ids)
        return scenario_lines(exported, self.settings, count=count, bounds=self.bounds)

    async def deliveries(self, filter: str = "") -> AsyncIterator[bytes]:
        """Yield what became of messages at Mixpanel, a request a line. Raises FilterFault."""
        search = Search(self._stores, self._reader, parse(filter or LISTED), self.bounds)
        async for rows in delivery_rows(self._stores, search.matches()):
            yield b"".join(msgspec.json.encode(row) + b"\n" for row in rows)

    async def user_rows(self) -> AsyncIterator[bytes]:
        """Yield every user as a line, in no order.

        The indexer is paused meanwhile, so that no id is in two lines.
        """
        await self._gathering.settled()
        async with self._indexer.pause():
            async for lines in row_lines(self._active.gathered.users):
                yield lines

    def _fault(self) -> str:
        return " · ".join(text for text in (str(self._faults), self._switch.fault) if text)
