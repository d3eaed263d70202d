"""Marks the panes while they show another message than the selected one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

GRACE = 0.1
"""Seconds that a detail may take before the panes say that they show another message."""


class SelectionView(Protocol):
    """The list, as far as it matters here."""

    @property
    def following(self) -> bool:
        """True while the newest message is selected."""
        ...

    @property
    def selected(self) -> int | None:
        """The selected message's id."""
        ...


class Timer(Protocol):
    """A timer that runs once."""

    def stop(self) -> None:
        """Cancel it."""
        ...


class StalePanes:
    """Compares the selected message with the one that the panes show, whenever one of them changes.

    While the list follows, "holding" stays until the panes have rested on the selected message, so that it
    does not flicker. After a key it appears only if the detail takes longer than `GRACE`.
    """

    def __init__(
        self,
        view: SelectionView,
        hold: Callable[[bool], None],
        resting: Callable[[], bool],
        after: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._view = view
        self._hold = hold
        self._resting = resting
        self._after = after
        self._shown: int | None = None
        self._holding = False
        self._timer: Timer | None = None

    def highlighted(self) -> None:
        """Show another message."""
        if not self._apart:
            return
        if self._holding or (self._view.following and self._resting()):
            self._say(True)
        elif self._timer is None:
            self._timer = self._after(GRACE, self._late)

    def shown(self, id: int | None) -> None:
        """Note which message the panes show, if any."""
        self._shown = id
        if self._apart:
            self._say(self._view.following or self._holding)
        elif not self._view.following:
            self._say(False)

    def settled(self) -> None:
        """Note that no other message was selected while the panes rested."""
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
        self._hold(holding)
