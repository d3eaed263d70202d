"""What tests of the screen share: a fixed clock and time zone, and an app on a scripted engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from details import NOW
from fake_viewer import FakeViewer

from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp
from segtap.tui.render import clock


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def app_on() -> Callable[..., SegtapApp]:
    """Makes an app on a viewer; its clock stands still."""

    def make(viewer: FakeViewer, **options: object) -> SegtapApp:
        return SegtapApp(viewer, Settings(), **{"plain": False, "clock": lambda: 100.0, **options})

    return make


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the panes, now is `details.NOW`."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
