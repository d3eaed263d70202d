"""When the screen calls its reader: once, on what is new, until they have looked, and not every second."""

from __future__ import annotations

from fake_viewer import state

from segtap.core.api.models import EngineState
from segtap.core.delivery import DeliveryCounts
from segtap.tui.model.first_error import QUIET, FirstError


def counts(errors: int, refused: int = 0, **changes: object) -> EngineState:
    return state(errors=errors, deliveries=DeliveryCounts(refused=refused), **changes)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_the_first_error_calls_until_the_reader_has_looked() -> None:
    clock = Clock()
    heard = FirstError(clock)
    assert heard.hear(counts(7)) == "", "these were there before"
    assert heard.hear(counts(7)) == ""
    assert heard.hear(counts(8)) == "1 message with an error"
    clock.now += 1000
    assert heard.hear(counts(900)) == "", "nobody has looked yet"
    heard.looked()
    assert heard.hear(counts(900)) == "", "these are known"
    assert heard.hear(counts(903, 1)) == "Mixpanel refused 1 message"


def test_a_reader_who_looks_all_the_time_is_called_once_a_minute() -> None:
    clock = Clock()
    heard = FirstError(clock)
    calls = 0
    for second in range(180):
        clock.now = float(second)
        heard.looked()
        calls += bool(heard.hear(counts(second)))
    assert calls == 180 / QUIET


def test_a_new_engine_a_cleared_journal_and_new_settings_call_nobody() -> None:
    heard = FirstError(Clock())
    heard.hear(counts(3))
    assert heard.hear(counts(90, pid=99)) == ""
    assert heard.hear(counts(0, pid=99)) == ""
    assert heard.hear(counts(50, pid=99, stale=10)) == "", "judged again by other settings"
    assert heard.hear(counts(51, pid=99)) == "1 message with an error"
