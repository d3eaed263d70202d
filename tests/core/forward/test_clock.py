"""How long the forwarder waits."""

from __future__ import annotations

from random import Random

import pytest

from segtap.core.forward.clock import wait_before_retry


def test_waits_double_from_2_to_60_seconds_with_1_to_5_of_jitter() -> None:
    rng = Random(1)
    for attempt, bare in enumerate([2, 4, 8, 16, 32, 60, 60, 60], start=1):
        waits = [wait_before_retry(attempt, rng) for _ in range(200)]
        assert bare + 1 <= min(waits) < bare + 1.5
        assert bare + 4.5 < max(waits) <= bare + 5


@pytest.mark.parametrize(("asked", "least"), [(0.5, 2), (30.0, 30), (86_400.0, 3600)])
def test_what_the_server_asks_is_the_least_up_to_an_hour(asked: float, least: float) -> None:
    assert least + 1 <= wait_before_retry(1, Random(1), asked) <= least + 5


def test_a_very_long_outage_overflows_nothing() -> None:
    assert wait_before_retry(1_000_000, Random(1)) <= 65
