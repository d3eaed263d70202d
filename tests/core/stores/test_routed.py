"""How messages stand on each of several routes to Mixpanel: the same promises of a file and of memory."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from journal_values import a_receipt, an_attempt, an_entry
from msgspec.structs import replace

from segtap.core import stores
from segtap.core.delivery import Delivery, DeliveryCounts, DeliveryState, Outcome, RouteStanding, summed
from segtap.core.messages import seq_of
from segtap.core.settings import JournalSettings
from segtap.core.stores import MEMORY, ReadOnlyStores, Stores
from segtap.core.stores.base import Judged, Outbox, Revision

WAITING, SENT, REFUSED = DeliveryState.WAITING, DeliveryState.SENT, DeliveryState.REFUSED
NONE, OFF, HELD, UNCERTAIN = (
    DeliveryState.NONE,
    DeliveryState.OFF,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
)


@pytest.fixture(params=("sqlite", "memory"))
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    opened = await stores.open(MEMORY if request.param == "memory" else str(tmp_path / "journal.db"))
    yield opened
    await opened.close()


class Sums:
    """Keeps what the store says of messages over all of their routes."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, DeliveryState, bool]] = []

    def __call__(
        self,
        lines: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        sums: Sequence[tuple[int, DeliveryState, bool]],
    ) -> None:
        self.seen += sums


def along(kept: Stores, route: str, *, rest: bool = False, sums: Sums | None = None) -> Outbox:
    return kept.outbox.along(route, rest=rest, summed=sums or Sums())


async def receive(kept: Stores, **states: DeliveryState) -> int:
    """Store a message that goes along these routes, and return its id."""
    seq = await kept.receipts.append(a_receipt())
    standings = tuple(RouteStanding(route, state, 1, 2) for route, state in states.items())
    entry = an_entry(seq, state=summed(states.values()) if states else WAITING)
    await kept.index.add([replace(entry, standings=standings)], seq)
    return entry.summary.id


async def state_of(kept: Stores, id: int) -> DeliveryState:
    line = await kept.index.summary(id)
    assert line is not None
    return line.delivery


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ((SENT, WAITING), WAITING),
        ((REFUSED, SENT), REFUSED),
        ((UNCERTAIN, WAITING, SENT), UNCERTAIN),
        ((OFF, SENT), OFF),
        ((NONE, SENT), SENT),
        ((NONE, NONE), NONE),
        ((DeliveryState.FAULT, SENT), DeliveryState.FAULT),
    ],
)
def test_the_first_word_of_the_routes_is_the_messages(
    states: tuple[DeliveryState, ...], word: DeliveryState
) -> None:
    assert summed(states) is word


async def test_each_route_has_its_own_debts(kept: Stores) -> None:
    both = await receive(kept, us=WAITING, eu=WAITING)
    one = await receive(kept, eu=WAITING)
    held = await receive(kept, us=HELD, eu=HELD)
    us, eu, other = along(kept, "us"), along(kept, "eu"), along(kept, "other")
    assert [owed.id for owed in await us.owed()] == [both]
    assert [owed.id for owed in await eu.owed()] == [both, one]
    assert [owed.id for owed in await eu.owed(after=both)] == [one]
    assert await other.owed() == []
    counts = await kept.index.standing_counts()
    assert counts == {"us": DeliveryCounts(waiting=1, held=1), "eu": DeliveryCounts(waiting=2, held=1)}
    assert await kept.index.standings([one, held, 7]) == {
        one: (RouteStanding("eu", WAITING, 1, 2),),
        held: (RouteStanding("us", HELD, 1, 2), RouteStanding("eu", HELD, 1, 2)),
    }


async def test_the_line_has_the_sum_of_the_routes(kept: Stores) -> None:
    id = await receive(kept, us=WAITING, eu=WAITING)
    sums = Sums()
    us, eu = along(kept, "us", sums=sums), along(kept, "eu", sums=sums)
    await us.record([an_attempt(id, Outcome.SENT)], [(id, SENT)])
    assert await state_of(kept, id) is WAITING
    assert [owed.id for owed in await us.owed()] == []
    assert [owed.id for owed in await kept.outbox.owed()] == [id]
    await eu.record([an_attempt(id, Outcome.RETRY)], [])
    await eu.record([an_attempt(id, Outcome.REFUSED)], [(id, REFUSED)])
    assert await state_of(kept, id) is REFUSED
    assert await kept.outbox.owed() == []
    assert sums.seen == [(id, WAITING, False), (id, WAITING, False), (id, REFUSED, True)]
    counts = await kept.index.counts()
    assert (counts.deliveries.refused, counts.deliveries.total) == (1, 1)
    assert (await kept.index.standing_counts())["us"] == DeliveryCounts(sent=1)
    assert [one.outcome for one in await us.deliveries(id)] == [Outcome.SENT]
    assert [one.outcome for one in (await eu.deliveries_of([id]))[id]] == [Outcome.RETRY, Outcome.REFUSED]
    assert [one.route for one in await kept.outbox.deliveries(id)] == ["us", "eu", "eu"]


async def test_an_uncertain_message_may_still_be_owed_along_a_route(kept: Stores) -> None:
    id = await receive(kept, us=WAITING, eu=WAITING)
    us, eu = along(kept, "us"), along(kept, "eu")
    await us.record([an_attempt(id, Outcome.UNCERTAIN)], [(id, UNCERTAIN)], {id})
    assert [owed.delivery for owed in await us.owed()] == [UNCERTAIN]
    await eu.record([an_attempt(id, Outcome.SENT)], [(id, SENT)])
    assert await state_of(kept, id) is UNCERTAIN
    assert [owed.id for owed in await kept.outbox.owed()] == [id]
    await us.record([an_attempt(id, Outcome.UNCERTAIN)], [(id, UNCERTAIN)])
    assert await us.owed() == await kept.outbox.owed() == []


async def test_what_was_owed_before_there_were_routes_goes_along_the_first(kept: Stores) -> None:
    before = await receive(kept)
    await kept.outbox.record([an_attempt(before, Outcome.RETRY)], [])
    first, second = along(kept, "us", rest=True), along(kept, "eu")
    assert [owed.id for owed in await first.owed()] == [before]
    assert await second.owed() == []
    later = await receive(kept, us=WAITING, eu=WAITING)
    assert [owed.id for owed in await first.owed()] == [before, later]
    assert [owed.id for owed in await second.owed()] == [later]
    assert [one.outcome for one in await first.deliveries(before)] == [Outcome.RETRY]
    await first.record([an_attempt(before, Outcome.SENT)], [(before, SENT)])
    assert await state_of(kept, before) is SENT
    assert [one.outcome for one in await first.deliveries(before)] == [Outcome.RETRY, Outcome.SENT]
    assert [owed.id for owed in await first.owed()] == [later]


async def test_marks_of_routes_are_revised_and_deliveries_stay(kept: Stores) -> None:
    id = await receive(kept, us=SENT, eu=WAITING)
    new = (RouteStanding("us", WAITING, 0, 3), RouteStanding("gone", WAITING, 9, 9))
    await kept.index.revise([Revision(id, Judged(revision="r2", sent=True), standings=new)])
    assert (await kept.index.standings([id]))[id] == (
        RouteStanding("us", SENT, 0, 3),
        RouteStanding("eu", WAITING, 1, 2),
    )


async def test_clear_forgets_the_routes(kept: Stores) -> None:
    await receive(kept, us=WAITING)
    await kept.clear()
    assert await kept.index.standing_counts() == {}
    assert await along(kept, "us", rest=True).owed() == []
    again = await receive(kept, us=WAITING)
    assert [owed.id for owed in await along(kept, "us").owed()] == [again]


async def test_rotation_keeps_what_is_owed_along_any_route(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    kept = await stores.open(JournalSettings(path=str(path), max_bytes=600_000))
    try:
        id = await receive(kept, us=WAITING, eu=WAITING)
        await along(kept, "us").record([an_attempt(id, Outcome.SENT)], [(id, SENT)])
        for number in range(30):
            seq = await kept.receipts.append(a_receipt(body=os.urandom(50_000 + number)))
            sent = (RouteStanding("us", SENT), RouteStanding("eu", SENT))
            await kept.index.add([replace(an_entry(seq, state=SENT), standings=sent)], seq)
        assert await kept.receipts.get(seq_of(id)) is not None
        left = (await kept.index.page()).summaries
        assert len(left) < 31
        assert (await kept.index.standing_counts())["us"].sent == len(left)
    finally:
        await kept.close()


async def test_a_file_with_one_route_has_nothing_of_routes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    kept = await stores.open(str(path))
    id = await receive(kept)
    await kept.outbox.record([an_attempt(id, Outcome.SENT)], [(id, SENT)])
    assert await kept.index.standings([id]) == {}
    assert [one.route for one in await kept.outbox.deliveries(id)] == [""]
    await kept.close()
    assert b"routed" not in path.read_bytes()


async def test_standings_are_read_beside_the_engine(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    kept = await stores.open(path)
    id = await receive(kept, us=WAITING)
    await along(kept, "us").record([an_attempt(id, Outcome.SENT)], [(id, SENT)])
    await kept.close()
    looked_at = ReadOnlyStores(JournalSettings(path=path))
    try:
        assert (await looked_at.index.standings([id]))[id] == (RouteStanding("us", SENT, 1, 2),)
        assert [one.route for one in await looked_at.outbox.deliveries(id)] == ["us"]
    finally:
        await looked_at.close()
