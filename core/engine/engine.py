"""The engine: ingest, journal, indexer, feed, forwarder and control API in one process.

In-process: `async with Engine(settings) as engine: …`. `core.engine.process` runs one until a signal or
as a child process, `core.serve.launch` is the other end of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, Self, cast

import msgspec

from .. import stores
from ..api.feed import Feed
from ..api.models import EngineState, FeedBatch, Health, MessageDetail, Page
from ..api.server import ControlApp
from ..config import read_again
from ..delivery import Delivery, DeliveryState
from ..errors import ForwardingRefused, InputError, JournalError, PortTaken, SegtapError
from ..forward.credentials import aim_of, credentials_in_words, sent_with
from ..forward.forwarder import Forwarder
from ..forward.wire import check_address
from ..ingest.app import IngestApp
from ..ingest.bounds import Bounds, bounds_of
from ..ingest.knocks import Knocks
from ..json_text import to_json, whole_text
from ..masks import NO_MASKS, Masks, mask_token, masked_settings, masks_of, secrets_in
from ..messages import Json, JsonObject, Message
from ..pipeline.intake import parse_receipt
from ..serve.launch import Switch
from ..serve.notes import EngineNote, note_path, remove_note, running, write_note
from ..serve.server import Listener, WebServer, listen
from ..settings import JournalSettings, Settings
from .active import ActiveSettings
from .forwarding import (
    LINGER,
    ForwarderRun,
    cannot_forward_why,
    halted_log,
    interrupted_why,
    log_deliveries,
    switch_of,
)
from .health import Faults, WatchedLog
from .indexer import Indexer
from .log import hide
from .overviews import Overviews, row_lines
from .receipts import ReceiptReader
from .refill import refill
from .replay import MAX_BYTES, MAX_MESSAGES, replay_receipts
from .settings_watch import DESTINATION_WAITS, STAYS, SettingsWatch, reinspect, with_reading_of
from .warming import WARM_MESSAGES, count_users, warm

logger = logging.getLogger(__name__)

VERSION = version("segtap")
USERS_WAIT = 1.0
"""Seconds that who asks for users waits for what the journal held; then they are those known so far."""


class Engine:
    """Takes messages, keeps them, shows them, and forwards them when told to.

    `forwarding` turns it on at the start, as `segtap forward` does; ForwardingRefused is then raised by
    `start` when it cannot be. `before` is the switch of an engine that died: this one takes its place, reads
    the settings file again, and resumes what was on if that still names the same project. `switched` is
    called with each turn of the switch, before it is acknowledged. Usable once, from one event loop.
    """

    def __init__(self, settings: Settings, *, forwarding: bool = False, before: Switch | None = None) -> None:
        self.settings = settings
        self.token = secrets.token_urlsafe(32)
        self.switched: Callable[[Switch], None] = lambda switch: None
        self._forward_at_start = forwarding
        self._before = before
        self._resumed = False
        self._interrupted = ""
        self._halted_aim = ""
        self._started_at = _now()
        self._cleanup = contextlib.AsyncExitStack()
        self._switching = asyncio.Lock()
        self._up = False
        self._secrets: tuple[str, ...] = ()
        self._masks = NO_MASKS
        self._forwarding = False
        self._sent_before = 0
        self._note: EngineNote | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def masks(self) -> Masks:
        """Dots for the secrets of the settings in force, in everything that is told of messages."""
        known = secrets_in(self.settings.destination)
        if known != self._secrets:
            self._secrets, self._masks = known, masks_of(known)
            hide(self._masks)
        return self._masks

    @property
    def bounds(self) -> Bounds:
        """The most that is read of one message."""
        return bounds_of(self.settings.ingest)

    @property
    def urls(self) -> tuple[str, ...]:
        """What to type on this machine."""
        return self._urls

    @property
    def url(self) -> str:
        """The first of them; the control API answers there."""
        return self._urls[0]

    @property
    def phone_urls(self) -> tuple[str, ...]:
        """What to type on another device of the network."""
        return self._phone_urls

    async def start(self) -> None:
        """Open the journal, listen, and take messages. Raises what hinders it; nothing is left open then."""
        try:
            await self._start()
        except BaseException:
            await self._cleanup.aclose()
            raise

    async def _start(self) -> None:
        fault = self._read_settings()
        settings = self.settings
        hide(self.masks)
        if self._forward_at_start and (why := cannot_forward_why(self.settings)):
            raise ForwardingRefused(why)

        self._stores = await stores.open(_journal_settings(settings))
        self._cleanup.push_async_callback(self._stores.close)
        listener = self._listen()
        self._cleanup.callback(listener.close)
        self._urls, self._phone_urls = listener.urls, listener.phone_urls
        self._exposed = listener.exposed

        self._feed = Feed(self.state)
        self._knocks = Knocks(_now, self._feed.touch)
        self._cleanup.callback(self._knocks.close)
        self._faults = Faults(self._feed.touch)
        self._stores.receipts.watch(self._journal_says)
        self._faults.set("subscriptions", " · ".join(self._reading.faults))
        self._reader = ReceiptReader(
            partial(parse_receipt, bounds=self.bounds),
            self._reading.judge,
            lambda text: self._faults.set("reading", text),
            observe=self._reading.observe,
            adjust=self._reading.adjust,
        )
        self.overviews = Overviews(
            self._stores, self._reader, self._reading, lambda: self.settings, self._users_known
        )
        self._cleanup.push_async_callback(self.overviews.close)
        self._forwarder = Forwarder(
            self._stores,
            lambda summaries: self._reader.load(self._stores, summaries),
            self._reading,
            settings=settings.destination,
            on_delivery=self._delivered,
            on_trouble=self._feed.touch,
            on_halt=self._halted,
            dry_run=settings.dry_run,
            linger=LINGER,
        )
        self._run = ForwarderRun(
            self._forwarder, lambda text: self._faults.set("forwarding", text), self._ended
        )
        self._cleanup.push_async_callback(self._run.stop)
        self._indexer = Indexer(
            self._stores,
            self._reader,
            publish=self._feed.publish,
            offer=self._forwarder.offer,
            owed=self._forwarder.wake,
            fault=lambda text: self._faults.set("index", text),
        )
        self._stores.receipts.follow(self._indexer.appended)
        self._watched = WatchedLog(self._stores.receipts, self._faults)
        # Asked for before the indexer adds to them: what it adds, the rules on the stream see there.
        newest = await self._stores.index.page(limit=WARM_MESSAGES)
        self._spawn(self._indexer.run(), "segtap-indexer")
        self._refilling = self._spawn(refill(self._stores, self._reader, logger.info), "segtap-refill")
        self._warming = self._spawn(warm(self._stores, self._reader, self._reading, newest), "segtap-warming")
        self._watch = SettingsWatch(settings, self._use, lambda text: self._faults.set("settings", text))
        self._faults.set("settings", fault)
        self._spawn(self._watch.run(), "segtap-settings")

        app = IngestApp(
            self._watched.append,
            settings.ingest,
            clock=_now,
            wanted=lambda: self._forwarding,
            control=ControlApp(self, self.token),
            url=self.url,
            knocks=self._knocks,
        )
        web = WebServer(app, listener, settings.ingest, app.keep_malformed)
        # Viewers are let go first, so that the web server has nobody to wait for.
        self._cleanup.push_async_callback(web.stop)
        self._cleanup.callback(self._feed.close)
        if self._forward_at_start:
            # Before the first request can come: `segtap forward` wants everything it receives.
            await self.set_forwarding(True)
        await web.start()
        self._stores.announce(self.url)
        self._announce()
        self._up = True
        await self._keep_settings()
        logger.info("listening", extra={"urls": self.urls, "journal": self._stores.path})

    async def _keep_settings(self) -> None:
        """Keep the settings in force in the journal, for who reads it when no engine runs."""
        text = to_json(whole_text(cast("Json", msgspec.to_builtins(masked_settings(self.settings)))))
        try:
            await self._stores.index.keep_settings(self.masks.text(text))
        except JournalError as error:
            self._faults.set("kept settings", f"The journal cannot keep the settings in force: {error}")
        else:
            self._faults.set("kept settings", "")

    def _read_settings(self) -> str:
        """Begin to read by the settings, or in the place of a dead engine by what their file says now.

        Decides then whether forwarding resumes. Returns why the file cannot be used, "" if it can.
        """
        if self._before is None:
            self._reading = ActiveSettings(self.settings)
            return ""
        fault = ""
        try:
            settings = with_reading_of(self.settings, read_again(self.settings))
            self._reading, self.settings = ActiveSettings(settings), settings
        except SegtapError as error:
            self._reading = ActiveSettings(self.settings)
            fault = f"{error} {STAYS}"
        self._interrupted = interrupted_why(self._before, self.settings)
        self._resumed = self._before.on and not self._interrupted
        self._forward_at_start |= self._resumed
        return fault

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a task for as long as the engine runs; when it fails, the engine is not well, and says so."""

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._cleanup.push_async_callback(end)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            name = task.get_name()
            logger.error("%s failed", name, exc_info=error)
            self._faults.set(name, f"{name} failed: {type(error).__name__}: {error}. Start segtap again.")

    def _listen(self) -> Listener:
        try:
            return listen(self.settings.ingest)
        except PortTaken as error:
            for note in running():
                if note.url.rsplit(":", 1)[-1] == str(error.port):
                    words = f"{error} It is a segtap; see it with: segtap attach {note.url}"
                    raise PortTaken(
                        words, port=error.port, owner=error.owner, next_port=error.next_port
                    ) from None
            raise

    def _journal_says(self, text: str) -> None:
        if text:
            logger.error("%s", text)
        self._faults.set("journal files", text)
        self._feed.reread()  # lines of damaged requests are marked
        if self._note is not None and not note_path(self._note).exists():
            # It lies in the folder of the usual journal: who removed one may have removed both.
            write_note(self._note)

    def _announce(self) -> None:
        self._note = EngineNote(
            pid=os.getpid(),
            url=self.url,
            urls=self.urls,
            token=self.token,
            version=VERSION,
            journal="" if self._stores.ephemeral else self._stores.path,
        )
        self._cleanup.callback(remove_note, write_note(self._note))

    async def stop(self) -> None:
        """Take no more messages, finish or keep what is in flight, and let go of everything."""
        self._up = False
        await self._cleanup.aclose()

    async def indexed(self) -> None:
        """Wait until every message acknowledged so far can be listed."""
        await self._indexer.idle()

    async def refilled(self) -> None:
        """Wait until the index of an earlier version has all that this one keeps."""
        await asyncio.wait({self._refilling})

    async def warmed(self) -> None:
        """Wait until the rules on the stream have learned from what the journal held at the start."""
        await asyncio.wait({self._warming})

    # --- what viewers ask ------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether all is well, and the fault where it is not."""
        if not self._up:
            return Health("starting", "segtap", VERSION)
        fault = self._fault()
        return Health("degraded" if fault else "ok", "segtap", VERSION, fault)

    async def state(self) -> EngineState:
        """The header's facts now."""
        counts = await self._stores.index.counts()
        settings = self.settings
        why = cannot_forward_why(self.settings)
        retrying, next_try = self._forwarder.retry if self._forwarding else ("", 0)
        return EngineState(
            version=VERSION,
            pid=os.getpid(),
            started_at=self._started_at,
            urls=self._urls,
            phone_urls=self._phone_urls,
            exposed=self._exposed,
            journal=self._stores.path,
            ephemeral=self._stores.ephemeral,
            demo=settings.demo,
            destination=settings.destination.kind,
            region=settings.destination.region,
            project_region=settings.destination.project_region,
            mixpanel_url=settings.destination.mixpanel_url,
            project=mask_token(settings.destination.token),
            strict=settings.destination.strict,
            forwarding=self._forwarding,
            halted=self._halts,
            halted_why=self._forwarder.halt_words if self._halts else "",
            credentials=credentials_in_words(settings),
            service_account=sent_with(settings.destination),
            changed_since_halt=self._halts and aim_of(settings) != self._halted_aim,
            can_forward=not why,
            cannot_forward_why=why,
            dry_run=settings.dry_run,
            settings_from=settings.origin,
            received=counts.received,
            refused=counts.refused,
            deliveries=counts.deliveries,
            sent_since_on=max(0, counts.deliveries.sent - self._sent_before) if self._forwarding else 0,
            teed=counts.teed,
            errors=counts.errors,
            warnings=counts.warnings,
            resumed=self._resumed and self._forwarding,
            interrupted=self._interrupted,
            fault=self._fault(),
            retrying=retrying,
            next_try=next_try,
            knocks=self._knocks.shown(),
        )

    @property
    def _halts(self) -> bool:
        return self._forwarding and self._forwarder.halted

    @property
    def switch(self) -> Switch:
        """Whether it forwards and where to, for the engine that takes its place."""
        return switch_of(self.settings, on=self._forwarding, interrupted=self._interrupted)

    def _fault(self) -> str:
        own, sending = str(self._faults), self._forwarder.fault if self._forwarding else ""
        return f"{own} · {sending}" if own and sending else own or sending

    def watch(self) -> AsyncGenerator[FeedBatch]:
        """Frames for one viewer until the engine stops."""
        return self._feed.watch()

    async def page(
        self, *, before: int | None = None, after: int | None = None, limit: int = 200, text: str = ""
    ) -> Page:
        """A stretch of the list."""
        return await self._stores.index.page(before=before, after=after, limit=limit, text=text)

    async def detail(self, id: int) -> MessageDetail:
        """Everything about one message."""
        return await self._reading.why(await self._reader.detail(self._stores, id))

    async def inspect(self, document: JsonObject) -> MessageDetail:
        """Read a pasted message without keeping it."""
        return await self._reading.why(await self._reader.pasted(document))

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> EngineState:
        """Turn forwarding on or off, or with None leave it; what is owed stays owed while it is off.

        On, where a fault has halted it, tries again. `reread` reads the settings file first: where messages
        go follows it while nothing can be under way, that is while forwarding is off or has halted. Either
        turn answers what an engine that died left open, so its standing line goes.

        Raises ForwardingRefused with the reason, SettingsError for a file that cannot be used.
        """
        if reread:
            await self._watch.read()
        if on is not None:
            await self._turn(on)
        self._feed.touch()
        return await self.state()

    async def _turn(self, on: bool) -> None:
        if on and (why := cannot_forward_why(self.settings)):
            raise ForwardingRefused(why)
        async with self._switching:
            if on and self._forwarding:
                if self._forwarder.halted:
                    logger.info("forwarding tries again")
                    self._forwarder.resume()
                return
            if on:
                self._sent_before = (await self._stores.index.counts()).deliveries.sent
                self._forwarding, self._interrupted = True, ""
                self._run.start()
                self.switched(self.switch)
            else:
                stops, self._forwarding = self._forwarding, False
                self._interrupted, self._resumed = "", False
                # Said first: if the engine dies while it waits for answers, the next one stays off.
                self.switched(self.switch)
                if stops:
                    await self._run.stop()
                # What changed of the destination meanwhile is used now.
                self._watch.forget()
            logger.info("forwarding is %s", "on" if on else "off")

    async def _use(self, new: Settings) -> None:
        """Read messages by other settings from now on; where they are sent stays while forwarding is on.

        Once it has halted nothing is under way, and what halted it may be just what was changed.
        """
        settings = with_reading_of(self.settings, new)
        changed = settings.destination != self.settings.destination
        sends = self._forwarding and not (self._forwarder.halted and not cannot_forward_why(settings))
        waits = changed and sends
        if waits:
            settings = msgspec.structs.replace(settings, destination=self.settings.destination)
        check_address(settings.destination.mixpanel_url)
        self._reading.use(settings)
        self._forwarder.use(settings.destination)
        self.settings = settings
        hide(self.masks)
        if changed and self._forwarding and not waits:
            self.switched(self.switch)
        self.overviews.reset()
        self._warming.cancel()
        self._warming = self._spawn(self._count_users(), "segtap-users")
        self._faults.set("destination", DESTINATION_WAITS if waits else "")
        self._faults.set("subscriptions", " · ".join(self._reading.faults))
        await self._keep_settings()
        await reinspect(self._stores, self._reader)
        self._feed.reread()
        logger.info("the settings changed", extra={"settings": settings.origin})

    async def _count_users(self) -> None:
        """Begin the table of users again; what comes meanwhile is indexed after it."""
        async with self._indexer.pause():
            await count_users(self._stores, self._reader, self._reading)

    async def _users_known(self) -> None:
        await asyncio.wait({self._warming}, timeout=USERS_WAIT)

    def _halted(self, why: str) -> None:
        self._halted_aim = aim_of(self.settings)
        ways = halted_log(self.settings, pid=os.getpid(), url=self.url, signals=hasattr(signal, "SIGUSR1"))
        logger.error("forwarding has halted: %s", why, extra=ways)
        self._feed.touch()

    def _delivered(self, deliveries: Sequence[Delivery], states: Sequence[tuple[int, DeliveryState]]) -> None:
        log_deliveries(deliveries)
        self.overviews.delivered(states)
        # Includes attempts that settle nothing: viewers then ask for the message's new attempt.
        self._feed.change(states)

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages through the tap again; returns how many."""
        sent = 0
        pending: list[Message] = []
        async for found in self._reader.by_receipt(self._stores, ids):
            pending += [message for message in found if not message.unread]
            if len(pending) >= MAX_MESSAGES or sum(len(one.original) for one in pending) > MAX_BYTES:
                sent += await self._replay(pending)
                pending = []
        sent += await self._replay(pending)
        if not sent:
            raise InputError(
                "None of these can be replayed: they are no longer in the journal, are too large to be read,"
                " or are not messages."
            )
        return sent

    async def replay_documents(self, documents: Sequence[JsonObject]) -> int:
        """Send messages of a file through the tap; returns how many."""
        return await self._replay(await self._reader.given(documents))

    async def _replay(self, messages: Sequence[Message]) -> int:
        for receipt in replay_receipts(messages, wanted=self._forwarding):
            await self._watched.append(receipt)
        return len(messages)

    async def clear(self) -> None:
        """Forget the whole journal, what is owed to Mixpanel included."""
        async with self._switching:
            await self._run.stop()
            async with self._indexer.pause():
                await self._stores.clear()
                self._indexer.forget()
                self._warming.cancel()
                self._reading.forget()
                self.overviews.reset()
                self._knocks.forget()
            if self._forwarding:
                self._sent_before = 0
                self._run.start()
        self._faults.set("reading", "")
        self._feed.clear()

    def export(self, text: str = "") -> AsyncIterator[bytes]:
        """One message a line, oldest first."""
        return self._reader.export(self._stores, text)

    async def user_rows(self) -> AsyncIterator[bytes]:
        """One user a line, in no order. Indexing rests meanwhile, so that no two lines hold the same id."""
        await self.warmed()
        async with self._indexer.pause():
            async for lines in row_lines(self._reading.stream.identities):
                yield lines


def _now() -> int:
    return time.time_ns() // 1_000_000


def _journal_settings(settings: Settings) -> JournalSettings:
    """The demo always has a throw-away journal."""
    if settings.demo:
        return msgspec.structs.replace(settings.journal, ephemeral=True)
    return settings.journal
