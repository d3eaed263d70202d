"""The life of an engine: ingest, journal, indexer, feed, forwarder and API in one process.

In-process: `async with Engine(settings) as engine: …`. `core.engine.process` runs one until a signal or
as a child process, `core.serve.launch` is the other end of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from typing import Self

import msgspec

from .. import stores
from ..config import read_again
from ..errors import ForwardingRefused, PortTaken, SegtapError, SettingsError
from ..index.refill import refill
from ..serve.launch import Switch
from ..serve.notes import EngineKind, running
from ..serve.server import Listener, listen
from ..settings import JournalSettings, Settings
from .active import ActiveSettings
from .announcement import Announcement
from .build import Parts, build
from .commands import Commands
from .forwarder_switch import cannot_forward_why, interrupted_why
from .log import hide
from .queries import Queries
from .relays import refuse_routes
from .settings_change import with_reading_of
from .settings_watch import STAYS

logger = logging.getLogger(__name__)


class Engine:
    """Receives messages, stores them, shows them, and forwards them while forwarding is on.

    `forwarding` turns it on at the start, as `segtap forward` does; `start` raises ForwardingRefused if it
    cannot be on. `before` is the switch of an engine that died: this one replaces it, reads the settings file
    again, and resumes forwarding if that was on and the file still names the same project. `kind` and `owner`
    are for its note. Usable once, from one event loop.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        forwarding: bool = False,
        before: Switch | None = None,
        kind: EngineKind = "embedded",
        owner: int = 0,
    ) -> None:
        self.token = secrets.token_urlsafe(32)
        self._given = settings
        self._forward_at_start = forwarding
        self._before = before
        self._kind: EngineKind = kind
        self._owner = owner
        self._cleanup = contextlib.AsyncExitStack()
        self._announcement: Announcement | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def parts(self) -> Parts:
        """Everything that the engine consists of."""
        return self._parts

    @property
    def queries(self) -> Queries:
        """What viewers ask."""
        return self._parts.queries

    @property
    def commands(self) -> Commands:
        """What viewers order."""
        return self._parts.commands

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._parts.active.settings

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs to use on this machine."""
        return self._listener.urls

    @property
    def url(self) -> str:
        """The first of them; the API answers there."""
        return self._listener.urls[0]

    @property
    def phone_urls(self) -> tuple[str, ...]:
        """The URLs to use on another device of the network."""
        return self._listener.phone_urls

    @property
    def switch(self) -> Switch:
        """Whether it forwards and where to, for an engine that replaces this one."""
        return self._parts.switch.state

    def report_switch(self, report: Callable[[Switch], None]) -> None:
        """Call `report` with each turn of the forwarding switch from now on, before it is acknowledged."""
        self._parts.switch.report = report

    async def start(self) -> None:
        """Open the journal, listen, and accept messages. If that fails, nothing is left open."""
        try:
            await self._start()
        except BaseException:
            await self._cleanup.aclose()
            raise

    async def stop(self) -> None:
        """Accept no more messages, finish or store what is in flight, and close everything."""
        self._parts.queries.accepting = False
        self._parts.outside.stopping = True
        await self._cleanup.aclose()

    async def indexed(self) -> None:
        """Wait until every message acknowledged so far can be listed."""
        await self._parts.indexer.idle()

    async def refilled(self) -> None:
        """Wait until the index of an earlier version has all that this one keeps."""
        await asyncio.wait({self._refilling})

    async def rejudged(self) -> None:
        """Wait until no verdict in the index is a stale one."""
        await self._parts.rejudging.done()

    async def warmed(self) -> None:
        """Wait until the rules on the stream have learned from what the journal held, and users are known."""
        await self._parts.history.learned()
        await self._parts.gathering.settled()

    async def _start(self) -> None:
        active, fault = self._first_settings()
        settings = active.settings
        hide(active.masks)
        interrupted = interrupted_why(self._before, settings) if self._before is not None else ""
        resumed = self._before is not None and self._before.on and not interrupted
        forward = self._forward_at_start or resumed
        if forward and (why := cannot_forward_why(settings)):
            raise ForwardingRefused(why)

        opened = await stores.open(_journal_settings(settings))
        self._cleanup.push_async_callback(opened.close)
        if settings.forward.receive_only and not opened.shared:
            raise SettingsError(
                "receive_only under [forward] needs a journal that other engines share, or nobody sends "
                "what is "
                "received. Name one with --journal nats://HOST/STREAM, or take receive_only out."
            )
        self._listener = _listen(settings)
        self._cleanup.callback(self._listener.close)
        refuse_routes(settings, self._listener, shared=opened.shared)
        parts = self._parts = build(
            active,
            opened,
            self._listener,
            token=self.token,
            routed=bool(await opened.index.standing_counts()),
            resumed=resumed,
            interrupted=interrupted,
        )
        self._cleanup.callback(parts.knocks.close)
        if parts.exporting is not None:
            self._cleanup.push_async_callback(parts.exporting.stop)
        if parts.passing is not None:
            self._cleanup.push_async_callback(parts.passing.close)
        self._cleanup.push_async_callback(parts.summing.close)
        self._cleanup.push_async_callback(parts.aggregates.close)
        self._cleanup.push_async_callback(parts.stories.close)
        self._cleanup.push_async_callback(parts.functions.close)
        self._cleanup.push_async_callback(parts.workers.close)
        self._cleanup.push_async_callback(parts.supervisor.stop)
        self._cleanup.push_async_callback(parts.gathering.close)
        self._cleanup.push_async_callback(parts.switch.stop)
        parts.faults.report("settings", fault)
        parts.faults.report("subscriptions", " · ".join(active.faults))
        opened.receipts.watch(self._store_reports)
        opened.receipts.follow(parts.appended)
        opened.outbox.follow(parts.recorded_elsewhere)
        opened.watch_clear(parts.commands.cleared)
        # Read before the indexer adds to them: the rules on the stream see in the indexer what it adds.
        newest = await parts.history.newest()
        await parts.gathering.restore()
        parts.gathering.start()
        parts.supervisor.start("indexing", parts.indexer.run, well=parts.indexer.idle)
        self._refilling = parts.supervisor.start(
            "completing the index", lambda: refill(opened, parts.reader, parts.backlog, logger.info)
        )
        parts.rejudging.start(after=self._refilling)
        parts.history.learn(newest)
        await parts.relays.look_for_left_over()
        if not forward and not opened.shared:
            parts.supervisor.start("finding what was on its way", parts.deliveries.find_unanswered)
        parts.supervisor.start("watching the settings", parts.watch.run)
        if parts.exporting is not None:
            parts.supervisor.start("sending the metrics", parts.exporting.run)
        if parts.certificates is not None:
            parts.supervisor.start("watching the certificate", parts.certificates.run)

        # Viewers are disconnected first, so that the web server does not have to wait for them.
        self._cleanup.push_async_callback(parts.web.stop)
        self._cleanup.callback(parts.feed.close)
        if forward:
            # Before the first request can come: `segtap forward` wants everything it receives.
            await parts.commands.set_forwarding(True)
        await parts.web.start()
        opened.announce(self.url)
        self._announcement = Announcement(self.urls, self.token, opened, kind=self._kind, owner=self._owner)
        self._cleanup.callback(self._announcement.remove)
        parts.queries.accepting = True
        await parts.change.keep()
        logger.info("listening", extra={"urls": self.urls, "journal": opened.path})

    def _first_settings(self) -> tuple[ActiveSettings, str]:
        """Return the settings to start with, and why the settings file cannot be used, "" if it can.

        An engine that replaces one that died reads the file again.
        """
        if self._before is None:
            return ActiveSettings(self._given), ""
        try:
            return ActiveSettings(with_reading_of(self._given, read_again(self._given))), ""
        except SegtapError as error:
            return ActiveSettings(self._given), f"{error} {STAYS}"

    def _store_reports(self, text: str) -> None:
        """Report what is wrong with the journal's files; "" if they are well again."""
        if text:
            logger.error("%s", text)
        self._parts.faults.report("journal files", text)
        self._parts.feed.reread()  # lines of damaged requests are marked
        if self._announcement is not None:
            self._announcement.restore()


def _listen(settings: Settings) -> Listener:
    try:
        return listen(settings.ingest)
    except PortTaken as error:
        for note in running():
            if note.url.rsplit(":", 1)[-1] == str(error.port):
                words = f"{error} It is a segtap; see it with: segtap attach {note.url}"
                raise PortTaken(
                    words, port=error.port, owner=error.owner, next_port=error.next_port
                ) from None
        raise


def _journal_settings(settings: Settings) -> JournalSettings:
    """Return where to store; the demo always stores in a file that is deleted afterwards."""
    if settings.demo:
        return msgspec.structs.replace(settings.journal, ephemeral=True)
    return settings.journal
