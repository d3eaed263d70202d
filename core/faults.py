"""What is wrong with an engine: each part reports its fault to one object, which header and healthz show."""

from __future__ import annotations

from collections.abc import Callable


def _ignore() -> None:
    """Do nothing."""


class Faults:
    """The faults of an engine at this moment, one for each part that has one.

    `changed` is called after every change. Parts are named for the code; only the texts are shown.
    """

    def __init__(self, changed: Callable[[], None] = _ignore) -> None:
        self._texts: dict[str, str] = {}
        self._changed = changed

    def report(self, part: str, text: str) -> None:
        """Set the fault of a part; "" clears it."""
        if self._texts.get(part, "") == text:
            return
        if text:
            self._texts[part] = text
        else:
            self._texts.pop(part, None)
        self._changed()

    def clear(self, part: str) -> None:
        """Clear the fault of a part, if it has one."""
        self.report(part, "")

    def __str__(self) -> str:
        return " · ".join(dict.fromkeys(self._texts.values()))
