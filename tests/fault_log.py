"""Faults of an engine for tests: every report is remembered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segtap.core.faults import Faults


class FaultLog(Faults):
    """Remembers each text that was reported, and "" for each fault that was cleared; calls `then` with it."""

    def __init__(self, then: Callable[[str], None] = lambda text: None) -> None:
        super().__init__()
        self.said: list[str] = []
        self._then = then

    def report(self, part: str, text: str) -> None:
        super().report(part, text)
        self.said.append(text)
        self._then(text)


def no_faults() -> Faults:
    """Faults that fail the test with the first report."""
    return FaultLog(pytest.fail)
