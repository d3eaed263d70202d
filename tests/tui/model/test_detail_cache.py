"""Details that are kept, and let go when the feed tells that they are old."""

from __future__ import annotations

import msgspec
from fake_viewer import detail_of, summary

from segtap.core.api.models import Change, FeedBatch, MessageDetail
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Marks
from segtap.tui.model.detail_cache import DetailCache

ORIGINAL = summary(1)
REPLAY = summary(5, marks=int(Marks.REPLAY), message_id="message-1")
OTHER = summary(9)


def moved(*ids: int) -> FeedBatch:
    return FeedBatch(changed=tuple(Change(id, DeliveryState.SENT) for id in ids))


def details() -> dict[int, MessageDetail]:
    found = {line.id: detail_of(line) for line in (ORIGINAL, REPLAY, OTHER)}
    found[ORIGINAL.id] = msgspec.structs.replace(found[ORIGINAL.id], replays=(REPLAY,))
    found[REPLAY.id] = msgspec.structs.replace(found[REPLAY.id], replay_of=ORIGINAL)
    return found


def filled() -> DetailCache:
    cache = DetailCache()
    for id, detail in details().items():
        cache.begin()
        assert cache.keep(id, detail)
    return cache


def test_news_of_a_message_makes_its_detail_and_those_of_its_replays_old() -> None:
    for id in (ORIGINAL.id, REPLAY.id):
        cache = filled()
        assert cache.hear(moved(id)) == {ORIGINAL.id, REPLAY.id}
        assert cache.get(ORIGINAL.id) is cache.get(REPLAY.id) is None
        assert cache.get(OTHER.id) is not None
    cache = filled()
    assert cache.hear(moved(77)) == set()
    assert cache.hear(FeedBatch(added=(summary(10),))) == set()
    again = summary(11, marks=int(Marks.REPLAY), message_id="message-9")
    assert cache.hear(FeedBatch(added=(again,))) == {OTHER.id}, "it has a replay now"


def test_a_detail_that_was_old_before_it_came_is_not_kept() -> None:
    for news in (moved(ORIGINAL.id), moved(REPLAY.id), FeedBatch(added=(REPLAY,))):
        cache = DetailCache()
        cache.begin()
        cache.hear(news)
        assert not cache.keep(ORIGINAL.id, details()[ORIGINAL.id])
        assert cache.get(ORIGINAL.id) is None
        cache.begin()
        assert cache.keep(ORIGINAL.id, details()[ORIGINAL.id]), "asked for after the news"
    cache = DetailCache()
    cache.begin()
    cache.clear()
    assert not cache.keep(OTHER.id, details()[OTHER.id])


def test_only_the_newest_are_kept() -> None:
    cache = DetailCache(2)
    for id, detail in details().items():
        cache.begin()
        assert cache.keep(id, detail)
    assert cache.get(ORIGINAL.id) is None
    assert cache.get(OTHER.id) is not None
