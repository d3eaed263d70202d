"""The live feed: frames are few, viewers may be slow, and nobody waits for them."""

from __future__ import annotations

import asyncio
import contextlib

from segtap.core.api.feed import MAX_ADDED, MAX_CHANGED, Feed
from segtap.core.api.models import Change, EngineState, FeedBatch, Summary
from segtap.core.delivery import DeliveryState


def line(id: int) -> Summary:
    return Summary(id, id, "track", f"event {id}", "u", "web", 0, 0, 0, DeliveryState.OFF, f"m-{id}")


async def state() -> EngineState:
    return EngineState(version="0", pid=1, started_at=0, urls=())


async def test_the_first_frame_holds_the_state_and_no_messages() -> None:
    feed = Feed(state)
    feed.publish([line(1)])
    async with contextlib.aclosing(feed.watch()) as frames:
        assert await anext(frames) == FeedBatch(state=await state())


async def test_what_comes_at_once_is_one_frame_in_order() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        for id in range(1, 101):
            feed.publish([line(id)])
        feed.change([(1, DeliveryState.WAITING), (1, DeliveryState.SENT), (2, DeliveryState.REFUSED)])
        frame = await anext(frames)
    assert [summary.id for summary in frame.added] == list(range(1, 101))
    assert frame.changed == (Change(1, DeliveryState.SENT), Change(2, DeliveryState.REFUSED))
    assert frame.missed == 0
    assert frame.state == await state()


async def test_a_refusal_comes_with_its_status() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        feed.change([(1, DeliveryState.REFUSED), (2, DeliveryState.SENT)], {1: 413})
        frame = await anext(frames)
        assert frame.changed == (Change(1, DeliveryState.REFUSED, 413), Change(2, DeliveryState.SENT))
        feed.change([(1, DeliveryState.WAITING)])
        assert (await anext(frames)).changed == (Change(1, DeliveryState.WAITING),)


async def test_a_status_is_that_of_the_state_which_stands_at_the_end() -> None:
    """A viewer that was slow gets one change: a refusal that was tried again is none any more."""
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        feed.change([(1, DeliveryState.REFUSED), (2, DeliveryState.REFUSED)], {1: 413, 2: 400})
        feed.change([(1, DeliveryState.WAITING), (2, DeliveryState.REFUSED)])
        frame = await anext(frames)
    assert frame.changed == (Change(1, DeliveryState.WAITING), Change(2, DeliveryState.REFUSED, 400))


async def test_frames_are_at_most_twenty_a_second() -> None:
    feed = Feed(state)
    seen = 0
    frames = 0

    async def write() -> None:
        for id in range(1, 401):
            feed.publish([line(id)])
            await asyncio.sleep(0.001)

    writing = asyncio.create_task(write())
    began = asyncio.get_running_loop().time()
    async with contextlib.aclosing(feed.watch()) as watching:
        await anext(watching)
        await asyncio.sleep(0)
        async for frame in watching:
            frames += 1
            seen += len(frame.added)
            if frame.added[-1].id == 400:
                break
    await writing
    took = asyncio.get_running_loop().time() - began
    assert seen in (399, 400)
    assert frames <= took * 20 + 2


async def test_a_viewer_that_does_not_read_keeps_the_newest_and_a_count_of_the_rest() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        for id in range(1, MAX_ADDED + 501, 7):
            feed.publish([line(n) for n in range(id, min(id + 7, MAX_ADDED + 501))])
        frame = await anext(frames)
        assert len(frame.added) == MAX_ADDED
        assert frame.added[-1].id == MAX_ADDED + 500
        assert frame.missed == 500

        feed.publish([line(9_999_999)])
        after = await anext(frames)
        assert (len(after.added), after.missed) == (1, 0)


async def test_more_at_once_than_a_viewer_holds_is_counted_right() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        feed.publish([line(n) for n in range(3 * MAX_ADDED)])
        frame = await anext(frames)
        assert len(frame.added) + frame.missed == 3 * MAX_ADDED


async def test_a_viewer_that_lost_changes_is_outdated_and_missed_no_message() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        feed.change([(id, DeliveryState.SENT) for id in range(MAX_CHANGED + 3)])
        frame = await anext(frames)
        assert (len(frame.changed), frame.missed, frame.outdated) == (MAX_CHANGED, 0, True)
        feed.change([(1, DeliveryState.SENT)])
        assert not (await anext(frames)).outdated


async def test_clearing_voids_what_was_published_before() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        feed.publish([line(1)])
        feed.clear()
        feed.publish([line(2)])
        frame = await anext(frames)
        assert frame.cleared
        assert [summary.id for summary in frame.added] == [2]


async def test_closing_ends_every_viewer_and_a_viewer_that_left_costs_nothing() -> None:
    feed = Feed(state)
    first, second = feed.watch(), feed.watch()
    await anext(first)
    await anext(second)
    assert feed.viewers == 2
    await first.aclose()
    assert feed.viewers == 1
    feed.close()
    assert [frame async for frame in second] == []
    assert feed.viewers == 0


async def test_a_new_state_alone_makes_a_frame() -> None:
    feed = Feed(state)
    async with contextlib.aclosing(feed.watch()) as frames:
        await anext(frames)
        feed.touch()
        assert await anext(frames) == FeedBatch(state=await state())
