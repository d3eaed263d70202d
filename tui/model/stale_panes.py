"""Says in the panes' titles which message they hold while the highlighted row is another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from ..widgets.message_list import MessageList
from ..widgets.pane import Pane

GRACE = 0.1
"""Seconds within which a detail may come before the panes are said to hold another message."""


class Timer(Protocol):
    """A timer that runs once."""

    def stop(self) -> None:
        """Do not run."""
        ...


class Holding:
    """Compares row and panes whenever one of them changes.

    While the list follows, "holding" stays until the panes have rested on the highlighted row: else it would
    come and go in a blink. A reader's own step says it only if the detail takes longer than `GRACE`.
    """

    def __init__(
        self,
        view: MessageList,
        panes: Iterable[Pane],
        resting: Callable[[], bool],
        after: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._view = view
        self._panes = tuple(panes)
        self._resting = resting
        self._after = after
        self._shown: int | None = None
        self._holding = False
        self._timer: Timer | None = None

    def highlighted(self) -> None:
        """Another row is highlighted."""
        if not self._apart:
            return
        if self._holding or (self._view.following and self._resting()):
            self._say(True)
        elif self._timer is None:
            self._timer = self._after(GRACE, self._late)

    def shown(self, id: int | None) -> None:
        """The panes show the message of that number, or none."""
        self._shown = id
        if self._apart:
            self._say(self._view.following or self._holding)
        elif not self._view.following:
            self._say(False)

    def settled(self) -> None:
        """No other message was selected for as long as the panes rest."""
        if not self._apart:
            self._say(False)

    @property
    def _apart(self) -> bool:
        return self._shown is not None and self._shown != self._view.selected

    def _late(self) -> None:
        self._say(self._apart)

    def _say(self, holding: bool) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._holding = holding
        for pane in self._panes:
            pane.holding = holding
