"""The messages that the reader marked. A mark of all that match is kept as a filter, not as a list of ids."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from ...core.api.models import Summary
from ...core.api.viewer import Viewer
from ...core.chosen import Chosen, Single, Step, holds
from ...core.commands.chosen import count
from ...core.errors import SegtapError
from .list_view import MessageView
from .matching import Matchings
from .undo import Undo


@dataclass(frozen=True)
class Shown:
    """All messages that the list shows: those up to an id that match its filter.

    `held` are those that the list holds, and `complete` says that these are all. `total` is how many there
    are, None if they have to be counted. `hidden` are left out.
    """

    filter: str
    upto: int
    held: Sequence[Summary] = ()
    complete: bool = False
    total: int | None = None
    hidden: Collection[int] = ()

    @property
    def chosen(self) -> Chosen:
        """The choice of all of them."""
        if self.complete:
            return Chosen.of(self.held)
        return Chosen(
            (Step("mark", self.filter, self.upto),), dict.fromkeys(self.hidden, Single(False, 1, 0))
        )


class Marks:
    """The marked messages, by their ids in the journal: they stay marked whatever the list shows.

    `viewer` returns the engine; `changed` is called when other messages are marked, or they are counted.
    """

    def __init__(
        self, viewer: Callable[[], Viewer], view: MessageView, undo: Undo, changed: Callable[[], object]
    ) -> None:
        self.count: int | None = 0
        """How many messages are marked, None while they are counted."""
        self.counted = 0
        """How many were counted so far."""
        self._viewer = viewer
        self._undo = undo
        self._changed = changed
        self._steps: tuple[Step, ...] = ()
        self._single: dict[int, Single] = {}
        self._matchings = Matchings(viewer, view, changed)
        self._uncounted = asyncio.Event()
        self._counting: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        """Return True if something is marked, or may be."""
        return self.count != 0

    @property
    def chosen(self) -> Chosen:
        """The marked messages, as they are now."""
        return Chosen(self._steps, dict(self._single))

    def has(self, line: Summary) -> bool:
        """Return True if the message is marked, as far as that is known."""
        if line.refused:
            return False
        if self._steps:
            return bool(holds(self._steps, self._single, line.id, self._matchings.matches))
        one = self._single.get(line.id)
        return one is not None and one.on

    def toggle(self, line: Summary) -> None:
        """Mark a message, or take its mark away."""
        by = self._turn(line)
        if self._uncounted.is_set() or (self._counting is not None and not self._counting.done()):
            self._recount(None if self.count is None else self.count + by)
            return
        if self.count is not None:
            self.count += by
        self._changed()

    def _turn(self, line: Summary) -> int:
        """Turn one mark; return by how much that changes the number of marks."""
        on = not self.has(line)
        if on or self._steps:
            self._single[line.id] = Single(on, len(self._steps), line.received_at)
        else:
            self._single.pop(line.id, None)
        return 1 if on else -1

    def mark(self, shown: Shown) -> None:
        """Mark all messages that are shown."""
        self._remember("marked all shown")
        if shown.complete:
            level = len(self._steps)
            for line in shown.held:
                if not line.refused:
                    self._single[line.id] = Single(True, level, line.received_at)
        else:
            if not shown.filter:
                self._steps, self._single = (), {}  # it is all of them
            self._step(Step("mark", shown.filter, shown.upto), shown)
        self._recount(shown.total)

    def invert(self, shown: Shown) -> None:
        """Mark those of the messages shown that are not marked, and take the marks of the others away."""
        self._remember("inverted the marks")
        step = Step("invert", shown.filter, shown.upto)
        if shown.complete:
            for line in shown.held:
                if not line.refused:
                    self._turn(line)
        elif (
            self._steps
            and self._steps[-1] == step
            and not any(one.level == len(self._steps) for one in self._single.values())
        ):
            self._steps = self._steps[:-1]
        else:
            self._step(step, shown)
        self._recount(None)

    def _step(self, step: Step, shown: Shown) -> None:
        self._steps = (*self._steps, step)
        off = Single(False, len(self._steps), 0)
        self._single |= dict.fromkeys(shown.hidden, off)
        if step.filter:
            self._matchings.use(step.filter, step.upto, shown.held)

    def drop(self, ids: Iterable[int]) -> Callable[[], None]:
        """Take the marks of these messages away; return what brings all marks back as they were."""
        back = self._way_back()
        for id in ids:
            if self._steps:
                self._single[id] = Single(False, len(self._steps), 0)
            else:
                self._single.pop(id, None)
        self._recount(None)
        return back

    def clear(self) -> None:
        """Take all marks away."""
        self._remember("cleared the marks")
        self._put((), {}, 0)

    def forget(self) -> None:
        """Take all marks away for good: the ids are those of other messages now."""
        self._put((), {}, 0)

    def _remember(self, what: str) -> None:
        self._undo.add(what, self._way_back())

    def _way_back(self) -> Callable[[], None]:
        return partial(self._put, self._steps, dict(self._single), self.count)

    def _put(self, steps: tuple[Step, ...], single: dict[int, Single], number: int | None) -> None:
        self._steps, self._single = steps, single
        self._matchings.keep([step.filter for step in steps])
        for step in steps:
            if step.filter:
                self._matchings.use(step.filter, step.upto)
        self._recount(number)

    def _recount(self, known: int | None) -> None:
        """Count the marks again; `known` is their number until that is done, if it is known."""
        if self._counting is not None:
            self._counting.cancel()
        self.counted = 0
        if self._steps:
            self.count = known
            self._uncounted.set()
        else:
            self.count = sum(one.on for one in self._single.values())
            self._uncounted.clear()
        self._changed()

    def look(self) -> None:
        """Find out which of the messages that the list holds by now are marked, and how many are."""
        if self.count is None and (self._counting is None or self._counting.done()):
            self._uncounted.set()  # the engine was lost meanwhile
        self._matchings.look()

    async def run(self) -> None:
        """Find out what is marked, and how many, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._matchings.run())
            group.create_task(self._count_on())

    async def _count_on(self) -> None:
        while True:
            await self._uncounted.wait()
            self._uncounted.clear()
            self._counting = task = asyncio.create_task(self._count())
            try:
                await asyncio.wait({task})
            finally:
                task.cancel()

    async def _count(self) -> None:
        chosen = self.chosen
        with contextlib.suppress(SegtapError):  # the header says that the engine is lost
            self.count = await count(self._viewer(), chosen, so_far=self._found)
            self._changed()

    def _found(self, number: int) -> bool:
        self.counted = number
        self._changed()
        return True
