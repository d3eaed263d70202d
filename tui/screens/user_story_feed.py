"""Reads the story of one user: the part of their timeline that the screen holds, and what has come since."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from functools import partial

from textual import on
from textual.worker import Worker

from ...core.api.models import Coverage, MessageDetail, Summary
from ...core.errors import SegtapError
from ...core.stories.model import UserStory
from ...core.text import clean
from ..model.timeline import STRETCH, Timeline
from ..render.detail import READING
from ..widgets.ranked_list import Key
from ..widgets.timeline_list import TimelineList
from .live_screen import MESSAGES_READ, Following, Source

WAIT = 700
"""Milliseconds that the engine searches before the rows found so far are shown."""


class UserStoryFeed(Following):
    """Fills the timeline of a user from the engine."""

    def __init__(self, source: Source, id: str, message: int = 0, at: Key = ()) -> None:
        """Prepare the screen for the user with this id; opened on a message, it begins there."""
        super().__init__(source, at)
        self.id_asked = id
        self.message = message
        self.timeline = Timeline()
        self.list = TimelineList(id="timeline")
        self.list.nothing = READING
        self._covered: Coverage | None = None
        self._begun = False
        self._details: dict[int, MessageDetail | None] = {}
        self._reading_on: Worker[None] | None = None
        self._turn = asyncio.Lock()
        """Held while messages are read: two readers at one end would add the same ones twice."""

    @abstractmethod
    def _show(self, *, to_end: bool = False) -> None:
        """Show the messages that are held; with `to_end` the cursor goes to the last row."""

    @property
    def covered(self) -> Coverage | None:
        return self._covered

    @property
    def whole(self) -> bool:
        """True if nothing is being read: neither the joins, nor messages for the rows in sight."""
        return self._begun and super().whole and not self.timeline.searched

    async def ask(self) -> None:
        async with self._turn:
            await self._look_again()

    async def _look_again(self) -> None:
        timeline = self.timeline
        if not self._begun:
            await self._begin()
            return
        if not timeline.newer:
            story = await self._story(after=timeline.after)
            before, self._covered = self._covered, story.covered
            if before is not None and story.covered.messages < before.messages:
                await self._begin_at(None)  # the journal was cleared
                return
            if story.cluster is not None and story.cluster.ids != timeline.ids:
                await self._begin_at(None if not timeline.moments else timeline.moments[-1].line.id + 1)
                return
            if story.moments or story.cluster != timeline.cluster:
                at_end = self.list.cursor >= len(self.list.rows) - 1
                timeline.add_newer(story)
                self._show(to_end=at_end)
            else:
                timeline.after = max(timeline.after, story.reached)
        await self._follow_deliveries()
        self.draw_lines()

    async def _story(self, before: int | None = None, after: int | None = None) -> UserStory:
        return await self.source.viewer.user_story(
            self.id_asked, before=before, after=after, limit=STRETCH, wait=WAIT
        )

    async def _begin(self) -> None:
        message, key = self.message, ("message", str(self.message))
        if len(self.at) > 1 and self.at[1].isdecimal():
            message, key = int(self.at[1]), self.at
        await self._begin_at(message + 1 if message else None)
        self._begun, self.at = True, ()
        if message:
            self.list.select(key)
            await self._more(older=False)
        self._show()

    async def _begin_at(self, before: int | None) -> None:
        """Read the messages before an id, or the newest ones, until there are some or none are left."""
        timeline = self.timeline
        story = await self._story(before)
        timeline.begin(story, before=before)
        self._covered = story.covered
        self._show(to_end=True)
        while timeline.searched and len(timeline.moments) < STRETCH and not self.stopped:
            story = await self._story(timeline.before)
            timeline.add_older(story)
            self._show(to_end=not self._moved)
        timeline.searched = 0
        self._show(to_end=not self._moved)

    @property
    def _moved(self) -> bool:
        """True if the reader has left the last row."""
        return self.list.cursor < len(self.list.rows) - 1

    async def _more(self, *, older: bool) -> None:
        """Read the next messages at one end, until there are some or none are left."""
        timeline, before = self.timeline, len(self.timeline.moments)
        while (timeline.older if older else timeline.newer) and not self.stopped:
            if older:
                timeline.add_older(await self._story(before=timeline.before))
            else:
                timeline.add_newer(await self._story(after=timeline.after))
            self._show()
            if len(timeline.moments) != before or not timeline.searched:
                break
        timeline.searched = 0
        self.draw_lines()

    async def _to_end(self, *, first: bool) -> None:
        """Read the oldest or the newest messages, if the list does not hold them."""
        timeline = self.timeline
        if first and timeline.older:
            timeline.begin_oldest(await self._story(after=0))
            self._show()
            self.list.move_to(0)
        elif not first and timeline.newer:
            timeline.begin(await self._story())
            timeline.searched = 0
            self._show(to_end=True)

    async def _guarded(self, *, older: bool | None = None, first: bool | None = None) -> None:
        try:
            async with self._turn:
                if first is not None:
                    await self._to_end(first=first)
                elif older is not None:
                    await self._more(older=older)
        except SegtapError as error:
            self.lost = clean(str(error))
            self.draw_lost()

    async def _follow_deliveries(self) -> None:
        """Read the lines again whose delivery may have changed."""
        lines: list[Summary] = []
        for id in self.timeline.moving(MESSAGES_READ):
            page = await self.source.viewer.page(after=id - 1, limit=1)
            lines += [line for line in page.summaries if line.id == id]
        if self.timeline.put(lines):
            for line in lines:
                self._details.pop(line.id, None)
            self._show()

    def stop(self) -> bool:
        """Stop searching; returns False if that is not under way."""
        if not self.timeline.searched or self.stopped:
            return super().stop()
        self.stopped = True
        self.draw_lines()
        return True

    def _read_on(self, *, older: bool) -> None:
        self.stopped = False
        work = partial(self._guarded, older=older)
        self._reading_on = self.run_worker(work, group="stretch", exclusive=True)

    @on(TimelineList.End)
    def _end(self, event: TimelineList.End) -> None:
        self.stopped = False
        work = partial(self._guarded, first=event.first)
        self._reading_on = self.run_worker(work, group="stretch", exclusive=True)
