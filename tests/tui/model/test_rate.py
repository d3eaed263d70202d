"""Messages a second, and the bars drawn of them."""

from __future__ import annotations

from segtap.tui.model.rate import SECONDS, Rate
from segtap.tui.render.glyphs import ASCII, UNICODE


def test_the_rate_is_that_of_the_last_full_seconds() -> None:
    rate = Rate()
    for second in range(10):
        rate.add(12, 100.0 + second)
    assert rate.per_second(109.9) == 12
    assert rate.per_second(111.0) == 8
    assert rate.per_second(200.0) == 0


def test_a_trickle_is_not_nothing() -> None:
    rate = Rate()
    rate.add(1, 5.0)
    assert rate.per_second(6.0) == 1


def test_bars_show_the_last_seconds_each_as_one() -> None:
    rate = Rate()
    for second, count in enumerate((0, 8, 4, 1)):
        rate.add(count, float(second))
    assert rate.bars(4, 4.0, UNICODE.spark) == "▁█▅▂"
    assert rate.bars(4, 4.0, ASCII.spark) == "_#=."
    assert rate.bars(4, 4.0 + SECONDS, UNICODE.spark) == "▁▁▁▁"
