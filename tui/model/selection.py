"""Which message of the window is selected, and whether the list follows the newest one."""

from __future__ import annotations

from ...core.api.models import Summary
from .window import Window


class Selection:
    """The selected row of a window, follow and pause, and how many messages were not seen yet.

    While it follows, the newest message is selected. Paused, only the reader moves the selection, and
    `unseen` counts what came below.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.following = True
        self.at = 0
        """The selected row."""
        self.id: int | None = None
        """The selected message."""
        self._seen = 0
        self._skipped = 0
        self._for_pane = self._by_key = False
        """Why it is paused: a pane was opened while it followed, or the reader pressed the key."""

    @property
    def summary(self) -> Summary | None:
        """The selected message's line."""
        rows = self.window.rows
        return rows[self.at] if self.id is not None and self.at < len(rows) else None

    @property
    def last(self) -> int:
        """The newest row that is held, 0 when none is."""
        return max(len(self.window) - 1, 0)

    @property
    def unseen(self) -> int:
        """The number of messages that came below what was in sight, since it paused."""
        if self.following:
            return 0
        return max(len(self.window) - 1 - self._seen, 0) + self._skipped

    @property
    def resumes(self) -> bool:
        """True if leaving a pane should follow again: the reader neither paused by key nor moved away."""
        at_end = len(self.window) > 0 and self.at == len(self.window) - 1 and not self.window.more_below
        return not self.following and not self._by_key and (self._for_pane or at_end)

    def follow(self) -> None:
        """Follow the newest from now on."""
        self.following = True
        self._for_pane = self._by_key = False

    def pause(self, *, for_pane: bool = False, by_key: bool = False) -> bool:
        """Stop following, `for_pane` until the reader leaves it, `by_key` until the key is pressed again.

        Returns False if it was paused before.
        """
        self._for_pane = for_pane and (self.following or self._for_pane)
        self._by_key = by_key or self._by_key
        if not self.following:
            return False
        self.following = False
        self._seen = self.last
        return True

    def select(self, at: int) -> bool:
        """Select a row; none if there is no such row. Returns True if another message is selected now."""
        rows = self.window.rows
        if not 0 <= at < len(rows):
            had, self.id, self.at = self.id is not None, None, 0
            return had
        self.at = at
        if rows[at].id == self.id:
            return False
        self.id = rows[at].id
        return True

    def shift(self, by: int) -> None:
        """Stay on the same message after `by` rows were added above it, or removed if negative."""
        self.at += by
        self._seen += by

    def saw(self, at: int, *, reset: bool = False) -> None:
        """Note the lowest row that was in sight; with `reset` forget that lower ones were."""
        if reset or at > self._seen:
            self._seen = at

    def skip(self, count: int) -> None:
        """Count messages that came but are not held, because the window ends above them."""
        self._skipped += count

    def caught_up(self) -> None:
        """Note that the window reaches to the newest message again."""
        self._skipped = 0

    def elsewhere(self, unseen: int) -> None:
        """Note that the window holds other messages, all older than the `unseen` that came meanwhile."""
        self._seen, self._skipped = self.last, unseen

    def went_on(self, *, more: bool) -> None:
        """Note that newer messages were added below; if there are no more, the last of them are unseen."""
        unseen = 0 if more else self._skipped
        self._seen, self._skipped = self.last - unseen, self._skipped - unseen
