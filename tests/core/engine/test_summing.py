"""The summary of a journal: of all its messages at once, of those that match a filter bit by bit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track
from fake_viewer import AT, summary, tallies_of_lines
from fault_log import no_faults

from segtap.core.aggregates.counts import overview_of
from segtap.core.aggregates.model import Overview
from segtap.core.api.client import Client
from segtap.core.delivery import DeliveryState
from segtap.core.engine import leased, summing
from segtap.core.engine.lifecycle import Engine
from segtap.core.engine.summing import Summing
from segtap.core.errors import FilterFault
from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import Receipt, message_number
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.query import Names
from segtap.core.sources.bounds import Bounds
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.stores.base import Entry, Judged, Revision
from segtap.core.stores.memory import MemoryStores
from segtap.core.verdict import Translation, Verdict


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as both:
        yield both


class Kept:
    """A journal in memory whose lines need no indexer, and what sums them up."""

    def __init__(self) -> None:
        self.stores = MemoryStores()
        self.waiting = 0
        self.numbers = 0
        nothing = Verdict(Translation())
        reader = ReceiptReader(parse_receipt, lambda message: nothing, no_faults())
        self.summing = Summing(self.stores, reader, Bounds, lambda: self.waiting)

    async def take(self, count: int, *, sent: bool | None = True, **line: Any) -> list[int]:
        """Add lines, each of a request of its own, and return their ids."""
        ids: list[int] = []
        for _ in range(count):
            self.numbers += 1
            at = AT + self.numbers * 300
            body = msgspec.json.encode({"batch": [track(f"m-{self.numbers}")]})
            receipt = Receipt(
                uid=f"uid-{self.numbers}", received_at=at, method="POST", path="/v1/batch", body=body
            )
            seq = await self.stores.receipts.append(receipt)
            one = summary(self.numbers, id=message_number(seq, 0), received_at=at, **line)
            judged = Judged(errors=one.errors, warnings=one.warnings, sent=sent)
            await self.stores.index.add([Entry(one, False, names=Names(event=one.name), judged=judged)], seq)
            ids.append(one.id)
        return ids

    async def whole(self, filter: str = "") -> Overview:
        while (overview := await self.summing.overview(filter)).covered.behind:
            pass
        return overview


async def test_it_covers_the_whole_journal_whatever_came() -> None:
    kept = Kept()
    assert await kept.summing.overview() == Overview()
    first = await kept.take(300, name="Old")
    await kept.take(200, name="New", errors=1)
    overview = await kept.summing.overview()
    assert (overview.covered.messages, overview.covered.first, overview.covered.behind) == (500, first[0], 0)
    assert not overview.covered.older
    assert [(one.name, one.messages, one.errors) for one in overview.events] == [
        ("New", 200, 200),
        ("Old", 300, 0),
    ]


async def test_what_is_not_indexed_or_not_judged_is_still_to_be_read() -> None:
    kept = Kept()
    await kept.take(30)
    (unjudged,) = await kept.take(1, sent=None)
    kept.waiting = 9
    covered = (await kept.summing.overview()).covered
    assert (covered.messages, covered.behind) == (30, 10)
    await kept.stores.index.revise([Revision(unjudged, Judged(sent=True))])
    kept.waiting = 0
    covered = (await kept.summing.overview()).covered
    assert (covered.messages, covered.behind) == (31, 0)


async def test_with_a_filter_only_what_matches_is_counted() -> None:
    kept = Kept()
    for name in ("A", "B", "A"):
        await kept.take(40, name=name)
    overview = await kept.whole("event:A type:track")
    assert [(one.name, one.messages) for one in overview.events] == [("A", 80)]
    assert overview.covered.messages == 80
    again = overview_of(
        tallies_of_lines(
            *(
                (entry.summary, Verdict(Translation()))
                for entry in kept.stores.memory.lines()
                if entry.summary.name == "A"
            )
        )
    )
    assert overview.slots == again.slots
    assert overview.events[0].newest == again.events[0].newest
    with pytest.raises(FilterFault):
        await kept.summing.overview("typ:track")


async def test_a_filter_is_counted_bit_by_bit_and_only_while_somebody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leased, "WAIT", 0.0)
    monkeypatch.setattr(summing, "LINES", 50)
    monkeypatch.setattr(leased, "LEASE", -1.0)
    kept = Kept()
    ids = await kept.take(1_000, name="A")
    parts = list[Overview]()
    while not parts or parts[-1].covered.behind:
        parts.append(await kept.summing.overview("event:A"))
        await asyncio.sleep(0.001)
    covered = [part.covered for part in parts]
    assert len(covered) >= 20, "each asking counts one stretch, for nobody waits for more"
    assert {one.messages + one.behind for one in covered} == {1_000}
    assert {one.last for one in covered if one.messages} == {ids[-1]}, "the newest are counted first"
    assert parts[-1].events[0].messages == 1_000


async def test_what_comes_later_is_added_without_counting_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    await kept.take(100, name="A")
    await kept.whole("event:A")
    stretch, looked = kept.stores.index.stretch, 0

    async def counting(*args: Any, **more: Any) -> Any:
        nonlocal looked
        found = await stretch(*args, **more)
        looked += found.looked
        return found

    monkeypatch.setattr(kept.stores.index, "stretch", counting)
    await kept.take(7, name="A")
    assert (await kept.whole("event:A")).covered.messages == 107
    assert looked == 7


async def test_lines_that_changed_are_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "PAUSE", 0)
    kept = Kept()
    ids = await kept.take(10, name="A", delivery=DeliveryState.WAITING)
    assert (await kept.whole("delivery:waiting")).covered.messages == 10
    await kept.stores.outbox.record([], [(id, DeliveryState.SENT) for id in ids[:4]])
    assert (await kept.whole("delivery:waiting")).covered.messages == 6
    assert (await kept.whole("delivery:sent")).events[0].delivery == {DeliveryState.SENT: 4}


async def test_a_stop_ends_the_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leased, "WAIT", 0.0)
    monkeypatch.setattr(summing, "LINES", 1)
    kept = Kept()
    await kept.take(500, name="A")
    assert (await kept.summing.overview("event:A")).covered.behind
    await kept.summing.close()
    assert "segtap-summary" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_filters_that_nobody_asks_for_are_let_go() -> None:
    kept = Kept()
    await kept.take(5, name="A")
    for number in range(9):
        await kept.whole(f"event:A{number}")
    assert len(kept.summing._matching) == summing.MOST_FILTERS


async def test_an_engine_counts_what_its_details_say(running: tuple[Engine, Client]) -> None:
    """A message twice (which only the stream shows), one with an error and a refused request."""
    engine, client = running
    await post(engine.url, track("order 991"), track("m-1"), track("m-1"), {"type": "track"})
    lines = await listed(client, 4)
    details = [await client.detail(line.id) for line in lines]
    for filter in ("", "event:*"):
        while (overview := await client.overview(filter)).covered.behind:
            pass
        matching = [one for one in details if not filter or one.summary.name == "Signed Up"]
        expected = overview_of(tallies_of_lines(*((one.summary, one.verdict) for one in matching)))
        assert {(one.rule, one.messages) for one in overview.rules} == {
            (one.rule, one.messages) for one in expected.rules
        }
        assert overview.errors == expected.errors
        assert overview.covered.messages == expected.covered.messages
    with pytest.raises(FilterFault):
        await client.overview("typ:track")


async def test_deliveries_are_those_of_now(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"), track("m-2"))
            while True:
                overview = await client.overview()
                if overview.events and overview.events[0].delivery == {DeliveryState.SENT: 2}:
                    break
                await asyncio.sleep(0.01)
            assert overview.covered.messages == 2


async def test_messages_are_counted_by_source(running: tuple[Engine, Client]) -> None:
    engine, client = running
    await post(engine.url, track("m-1"), track("m-2", "Order"), write_key="web")
    await post(engine.url, track("m-3", "Order"), write_key="ios")
    await listed(client, 3)
    for filter, found in (
        ("", [("web", 2), ("ios", 1)]),
        ("event:order", [("ios", 1), ("web", 1)]),
        ("key:ios", [("ios", 1)]),
        ("event:nothing", []),
    ):
        overview = await client.overview(filter)
        assert [(one.source, one.messages) for one in overview.sources] == found, filter
