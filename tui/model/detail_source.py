"""Reads the selected message's detail from the engine, the latest one only and not too often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ...core.api.models import FeedBatch, MessageDetail
from ...core.api.viewer import Viewer
from ...core.errors import EngineError, InputError, SegtapError
from ...core.otherwise import Through
from .before import Before
from .detail_cache import DetailCache
from .otherwise import ShownDestination

RESTED = 0.08
"""Seconds without another key after which the detail is read, while a key is held down."""
LONGEST = 0.4
"""Seconds after which a detail is read although the key is still held down."""
STAYED = 0.4
"""Seconds on a message after which what changed since the last one of its kind is looked for."""
FOLLOWING = 0.5
"""Seconds between two details while the list follows, so that the panes do not flicker."""


class Follows(Protocol):
    """The list, as far as it matters here."""

    @property
    def following(self) -> bool:
        """True while the newest message is selected."""
        ...


@dataclass(frozen=True)
class DetailListener:
    """The listener that a `DetailSource` calls."""

    detail: Callable[[MessageDetail | None, str], None]
    """The selected message's detail; None and the reason if there is none to show."""
    settled: Callable[[], None]
    """No other message was selected since the last detail, for as long as the panes rest."""
    trouble: Callable[[SegtapError], None]
    changed: Callable[[int, Mapping[str, str]], None]
    """A message has values that changed since the last of its kind: their paths, with a few words."""


class DetailSource:
    """The way from the selection to the panes. `viewer` returns the engine's viewer of the moment."""

    def __init__(self, viewer: Callable[[], Viewer], view: Follows, listener: DetailListener) -> None:
        self._viewer = viewer
        self._view = view
        self._listener = listener
        self._wanted: int | None = None
        self._wants = 0
        self._wanting = asyncio.Event()
        self._hurry = asyncio.Event()
        self._details = DetailCache()
        self.destination = ShownDestination(viewer)
        self._before = Before(viewer)
        self._marking: asyncio.Task[None] | None = None
        self.route = ""
        """The one of several routes to Mixpanel whose verdict is shown; "": each message's first."""
        self.resting = False
        """True while the list follows and the panes keep what they show, so that they can be read."""

    def want(self, id: int | None) -> None:
        """Ask for the detail of the message that is selected now."""
        self._wanted = id
        self._wants += 1
        self._wanting.set()
        if not self._view.following:
            self.hurry()

    def hurry(self) -> None:
        """Read the detail now, because somebody stopped to read it."""
        self._hurry.set()

    def hear(self, frame: FeedBatch) -> None:
        """Drop the details that a frame of the feed makes old, and read the selected one again."""
        if self._wanted in self._details.hear(frame):
            self.want(self._wanted)

    async def turn_destination(self) -> Through | None:
        """Show the selected message through the next destination, and return it; None: the configured one."""
        through = await self.destination.turn()
        self.want(self._wanted)
        self.hurry()
        return through

    def clear(self) -> None:
        """Drop all details."""
        self._details.clear()

    def read_again(self) -> None:
        """Drop all details and read the selected one again."""
        self.clear()
        self.want(self._wanted)

    async def run(self) -> None:
        """Read details until cancelled."""
        try:
            await self._read_on()
        finally:
            if self._marking is not None:
                self._marking.cancel()

    async def _read_on(self) -> None:
        while True:
            if not self._wanting.is_set():
                self._listener.settled()
            await self._wanting.wait()
            self._wanting.clear()
            if self._marking is not None:
                self._marking.cancel()
                self._marking = None
            wanted = self._wanted
            if wanted is None:
                self._listener.detail(None, "")
                continue
            self._hurry.clear()
            try:
                await self._read(wanted)
            except EngineError:
                pass  # the feed reports a lost engine
            except SegtapError as error:
                self._listener.trouble(error)
            await self._rest()

    async def _read(self, id: int) -> None:
        detail = self._details.get(id)
        if detail is None:
            self._details.begin()
            try:
                detail = await self._viewer().detail(id, self.route)
            except InputError as error:  # cleared, or rotated out of the journal; the list still has its line
                if self._wanted in (None, id):
                    self._listener.detail(None, str(error))
                return
            if not self._details.keep(id, detail) and self._wanted == id:
                self.want(id)
        through = self.destination.through
        detail = await self.destination.shown(detail)
        if through != self.destination.through:  # it was turned meanwhile
            self.want(self._wanted)
        elif self._wanted is None or self._wanted == id or self._view.following:
            self._listener.detail(detail, "")
            if not self._view.following:
                self._marking = asyncio.create_task(self._mark_changes(detail))

    async def _mark_changes(self, detail: MessageDetail) -> None:
        """Find what changed since the last message of this kind, once somebody stays on the message."""
        await asyncio.sleep(STAYED)
        try:
            changes = await self._before.changes(detail)
        except SegtapError:
            return  # the feed reports a lost engine; a message that is gone has nothing to be compared with
        self._listener.changed(detail.summary.id, changes)

    async def _rest(self) -> None:
        """Keep the panes as they are: for a while if the list follows, else until the cursor rests."""
        if not self._view.following:
            await self._until_cursor_rests()
            return
        self.resting = True
        try:
            await asyncio.wait_for(self._hurry.wait(), FOLLOWING)
        except TimeoutError:
            return
        finally:
            self.resting = False

    async def _until_cursor_rests(self) -> None:
        """Return soon after a single key; while a key is held down, between `RESTED` and `LONGEST`.

        Filling five panes costs many times what moving the cursor does, and nobody reads them meanwhile.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST
        while loop.time() < end:
            seen = self._wants
            await asyncio.sleep(RESTED)
            if seen == self._wants:
                return
