"""The engine: ingest, journal, indexer, feed, forwarder and control API in one process.

In-process: `async with Engine(settings) as engine: …`. `core.process` runs one until a signal or as a
child process, `core.launch` is the other end of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from importlib.metadata import version
from typing import Any, Self

import msgspec

from .control import ControlApp, Health
from .errors import ForwardingRefused, InputError, JournalError, PortTaken
from .feed import Feed
from .indexer import Indexer
from .ingest.app import IngestApp
from .ingest.parse import parse_receipt
from .inspect import inspect
from .inspection import Inspection, Translation
from .journal import open_journal
from .journal.base import Journal
from .messages import JsonObject, Message, Receipt
from .reader import Reader
from .replay import replay_receipts
from .running import EngineNote, remove_note, running, write_note
from .server import Listener, WebServer, listen
from .settings import JournalSettings, Settings, destination_of, mask_token
from .views import EngineState, FeedBatch, MessageDetail, Page

logger = logging.getLogger(__name__)

VERSION = version("segtap")


class Faults:
    """What is not well just now, by part; the header shows it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._texts: dict[str, str] = {}
        self._changed = changed

    def set(self, part: str, text: str) -> None:
        """Say what is wrong with a part, or with "" that it is well again."""
        if self._texts.get(part, "") == text:
            return
        if text:
            self._texts[part] = text
        else:
            self._texts.pop(part, None)
        self._changed()

    def __str__(self) -> str:
        return " · ".join(dict.fromkeys(self._texts.values()))


class _TappedJournal:
    """What ingest writes to: the journal, with the indexer woken and a failure shown."""

    def __init__(self, journal: Journal, appended: Callable[[], None], faults: Faults) -> None:
        self._journal = journal
        self._appended = appended
        self._faults = faults
        self._failed = False

    async def append(self, receipt: Receipt) -> int:
        """Make it durable and return its `seq`; see `Journal.append`."""
        try:
            seq = await self._journal.append(receipt)
        except JournalError as error:
            self._failed = True
            self._faults.set("journal", str(error))
            raise
        if self._failed:
            self._failed = False
            self._faults.set("journal", "")
        self._appended()
        return seq


class Engine:
    """Takes messages, keeps them, shows them, and forwards them when told to.

    `forwarding` turns it on at the start, as `segtap forward` does; ForwardingRefused is then raised by
    `start` when it cannot be. Usable once, from one event loop.
    """

    def __init__(self, settings: Settings, *, forwarding: bool = False) -> None:
        self.settings = settings
        self.token = secrets.token_urlsafe(32)
        self._forward_at_start = forwarding
        self._started_at = time.time_ns() // 1_000_000
        self._cleanup = contextlib.AsyncExitStack()
        self._up = False
        self._forwarding = False
        self._sent_since_on = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

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
        settings = self.settings
        destination = destination_of(settings.destination)
        translator = _NoTranslator()
        if self._forward_at_start and (why := self._cannot_forward_why()):
            raise ForwardingRefused(why)

        def inspected(message: Message) -> Inspection:
            return inspect(message, translator, destination)

        self._journal = await open_journal(_journal_settings(settings))
        self._cleanup.push_async_callback(self._journal.close)
        listener = self._listen()
        self._cleanup.callback(listener.close)
        self._urls, self._phone_urls = listener.urls, listener.phone_urls
        self._exposed = listener.exposed

        self._feed = Feed(self.state)
        self._faults = Faults(self._feed.touch)
        self._reader = Reader(parse_receipt, inspected, lambda text: self._faults.set("reading", text))
        self._indexer = Indexer(
            self._journal,
            self._reader,
            publish=self._feed.publish,
            owed=lambda: None,
            fault=lambda text: self._faults.set("index", text),
        )
        self._tapped = _TappedJournal(self._journal, self._indexer.wake, self._faults)
        self._spawn(self._indexer.run(), "segtap-indexer")

        app = IngestApp(
            self._tapped.append,
            settings.ingest,
            clock=lambda: time.time_ns() // 1_000_000,
            wanted=lambda: self._forwarding,
            control=ControlApp(self, self.token),
            url=self.url,
        )
        web = WebServer(app, listener, settings.ingest)
        # Viewers are let go first, so that the web server has nobody to wait for.
        self._cleanup.push_async_callback(web.stop)
        self._cleanup.callback(self._feed.close)
        await web.start()
        self._journal.announce(self.url)
        self._announce()
        self._up = True
        if self._forward_at_start:
            await self.set_forwarding(True)
        logger.info("listening", extra={"urls": self.urls, "journal": self._journal.path})

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task for as long as the engine runs; when it fails, the engine is not well, and says so."""

        async def end() -> None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("%s failed", name, exc_info=error)
                self._faults.set(name, f"{name} failed: {type(error).__name__}: {error}. Start segtap again.")

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(ended)
        self._cleanup.push_async_callback(end)

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

    def _announce(self) -> None:
        note = EngineNote(
            pid=os.getpid(),
            url=self.url,
            urls=self.urls,
            token=self.token,
            version=VERSION,
            journal="" if self._journal.ephemeral else self._journal.path,
        )
        self._cleanup.callback(remove_note, write_note(note))

    async def stop(self) -> None:
        """Take no more messages, finish or keep what is in flight, and let go of everything."""
        self._up = False
        await self._cleanup.aclose()

    async def indexed(self) -> None:
        """Wait until every message acknowledged so far can be listed."""
        await self._indexer.idle()

    # --- what viewers ask ------------------------------------------------------------------------

    def health(self) -> Health:
        """Whether messages are taken; the fault, if any, that hinders it."""
        return Health("ok" if self._up else "starting", "segtap", VERSION, str(self._faults))

    async def state(self) -> EngineState:
        """The header's facts now."""
        counts = await self._journal.counts()
        settings = self.settings
        why = self._cannot_forward_why()
        return EngineState(
            version=VERSION,
            pid=os.getpid(),
            started_at=self._started_at,
            urls=self._urls,
            phone_urls=self._phone_urls,
            exposed=self._exposed,
            journal=self._journal.path,
            ephemeral=self._journal.ephemeral,
            demo=settings.demo,
            destination=settings.destination.kind,
            region=settings.destination.region,
            project=mask_token(settings.destination.token),
            strict=settings.destination.strict,
            forwarding=self._forwarding,
            can_forward=not why,
            cannot_forward_why=why,
            dry_run=settings.dry_run,
            settings_from=settings.origin,
            received=counts.received,
            refused=counts.refused,
            unsent=counts.unsent,
            waiting=counts.waiting,
            taken=counts.taken,
            refused_by_mixpanel=counts.refused_by_mixpanel,
            sent_since_on=self._sent_since_on,
            teed=counts.teed,
            fault=str(self._faults),
        )

    def watch(self) -> AsyncGenerator[FeedBatch]:
        """Frames for one viewer until the engine stops."""
        return self._feed.watch()

    async def page(
        self, *, before: int | None = None, after: int | None = None, limit: int = 200, text: str = ""
    ) -> Page:
        """A stretch of the list."""
        return await self._journal.page(before=before, after=after, limit=limit, text=text)

    async def detail(self, id: int) -> MessageDetail:
        """Everything about one message."""
        return await self._reader.detail(self._journal, id)

    async def inspect(self, document: JsonObject) -> MessageDetail:
        """Read a pasted message without keeping it."""
        return self._reader.pasted(document)

    async def set_forwarding(self, on: bool) -> EngineState:
        """Turn forwarding on or off; what is owed stays owed while it is off."""
        if on:
            raise ForwardingRefused(self._cannot_forward_why() or "This build has no forwarder yet.")
        return await self.state()

    async def replay(self, ids: Sequence[int]) -> int:
        """Send messages through the tap again; returns how many."""
        messages = await self._reader.documents(self._journal, ids)
        if not messages:
            raise InputError(
                "None of these can be replayed: they are no longer in the journal, or are no messages."
            )
        for receipt in replay_receipts(messages, wanted=self._forwarding):
            await self._tapped.append(receipt)
        return len(messages)

    async def clear(self) -> None:
        """Forget the whole journal, what is owed to Mixpanel included."""
        async with self._indexer.pause():
            await self._journal.clear()
            self._indexer.forget()
        self._faults.set("reading", "")
        self._feed.clear()

    def export(self, text: str = "") -> AsyncIterator[bytes]:
        """One message a line, oldest first."""
        return self._reader.export(self._journal, text)

    def _cannot_forward_why(self) -> str:
        settings = self.settings
        if settings.demo:
            return "The demo's journal is thrown away and never forwarded. Start segtap without --demo."
        if not settings.destination.token:
            name = settings.destination.token_env
            return (
                f"No project token is set. Put it into the environment as {name}, or into segtap.toml as"
                f' token = "…" under [destination], and start segtap again.'
            )
        return ""


class _NoTranslator:
    def translate(self, document: JsonObject, *, now: int) -> Translation:
        return Translation(unmatched=True)


def _journal_settings(settings: Settings) -> JournalSettings:
    """The demo always has a throw-away journal."""
    if settings.demo:
        return msgspec.structs.replace(settings.journal, ephemeral=True)
    return settings.journal
