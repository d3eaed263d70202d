"""Remembers from where the reader filtered the list, so that Esc leads back there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One way into the list: the screen's action, its row, and the filter and message that were left."""

    action: str
    row: tuple[str, ...]
    former: str
    """The filter before."""
    filter: str
    """The filter that the row gave."""
    selected: int | None
    """The message that was selected, None if the list followed the newest."""


class Trail:
    """The ways into the list, the last of which leads back as long as its filter is in force."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def add(self, step: Step) -> None:
        """Remember a way into the list."""
        if self._steps and self._steps[-1].filter != step.former:
            self._steps.clear()
        self._steps.append(step)

    def back(self, filter: str) -> Step | None:
        """Return the last way in, and forget it; None if another filter is in force by now."""
        if self._steps and self._steps[-1].filter == filter:
            return self._steps.pop()
        self._steps.clear()
        return None
