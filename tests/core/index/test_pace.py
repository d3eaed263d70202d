"""How the indexer shares the event loop with those who wait for an answer."""

from __future__ import annotations

import asyncio
import time

from segtap.core.index.pace import Pace


def used_up(pace: Pace) -> None:
    """Work for a slice, however slow the machine is."""
    pace.begin()
    while not pace.spent:
        time.sleep(Pace.SLICE)


async def turns_while(pace: Pace) -> int:
    """How many turns of the loop others get while the indexer rests."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    await pace.breathe()
    task.cancel()
    return turns


async def test_within_a_slice_nobody_gets_a_turn() -> None:
    pace = Pace()
    pace.begin()
    pace.SLICE = pace.SLICE_BUSY = 3600.0
    assert await turns_while(pace) == 0


async def test_after_a_slice_the_loop_gets_one_turn() -> None:
    pace = Pace()
    used_up(pace)
    assert await turns_while(pace) == 1
    assert not pace.receiving


async def test_it_rests_while_a_sender_waits_for_the_disk() -> None:
    asked = iter([True, True, False])
    pace = Pace(lambda: next(asked))
    pace.PATIENCE = 3600.0
    used_up(pace)
    assert await turns_while(pace) > 1
    assert next(asked, None) is None, "it asked until nobody waited"


async def test_it_does_not_rest_for_ever() -> None:
    pace = Pace(lambda: True)
    used_up(pace)
    before = time.perf_counter()
    await pace.breathe()
    assert time.perf_counter() - before >= Pace.PATIENCE
    assert pace.receiving
