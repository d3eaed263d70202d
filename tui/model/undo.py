"""What the reader can take back: changes of the marks, and hidden messages."""

from __future__ import annotations

from collections.abc import Callable

MOST = 8
"""Changes that are remembered."""


class Undo:
    """The last changes, each with what it was and how it is taken back."""

    def __init__(self) -> None:
        self._changes: list[tuple[str, Callable[[], object]]] = []

    @property
    def last(self) -> str:
        """What would be taken back, "" for nothing."""
        return self._changes[-1][0] if self._changes else ""

    def add(self, what: str, back: Callable[[], object]) -> None:
        """Remember a change."""
        self._changes.append((what, back))
        del self._changes[:-MOST]

    def back(self) -> str:
        """Take the last change back and return what it was, "" if there is none."""
        if not self._changes:
            return ""
        what, back = self._changes.pop()
        back()
        return what

    def clear(self) -> None:
        """Forget all changes."""
        self._changes.clear()
