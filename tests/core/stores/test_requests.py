"""Whole requests that are owed to routes: the same promises for every store."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from journal_values import AT, a_receipt, an_attempt, an_entry
from msgspec.structs import replace

from segtap.core import stores
from segtap.core.delivery import DeliveryState, Handover, Outcome, RouteCounts
from segtap.core.errors import JournalFull
from segtap.core.settings import JournalSettings
from segtap.core.stores import MEMORY, Stores
from segtap.core.stores.memory import MemoryStores

KINDS = ("sqlite", "memory")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return MEMORY if request.param == "memory" else str(tmp_path / "journal.db")


@pytest.fixture
async def kept(place: str) -> AsyncIterator[Stores]:
    opened = await stores.open(place)
    yield opened
    await opened.close()


async def append(kept: Stores, *routes: str, body: bytes = b"{}") -> int:
    return await kept.receipts.append(replace(a_receipt(body=body), routes=routes))


async def owed(kept: Stores, route: str, after: int = 0) -> list[int]:
    return [one.receipt for one in await kept.requests.owed(route, after)]


def handed(route: str, receipt: int, outcome: Outcome = Outcome.SENT, words: str = "") -> Handover:
    return Handover(route, receipt, AT, outcome, 200 if outcome is Outcome.SENT else 400, words)


async def test_a_receipt_is_owed_to_its_routes_until_that_is_settled(kept: Stores) -> None:
    await append(kept)
    first = await append(kept, "mirror", "archive")
    second = await append(kept, "mirror")
    assert (await owed(kept, "mirror"), await owed(kept, "archive")) == ([first, second], [first])
    receipt = await kept.receipts.get(first)
    assert receipt is not None
    assert receipt.routes == ("mirror", "archive")

    debts = await kept.requests.owed("mirror")
    assert debts[0].number < debts[1].number
    assert await owed(kept, "mirror", debts[0].number) == [second]
    await kept.requests.record([handed("mirror", second)], [debts[1].number])
    assert await owed(kept, "mirror") == [first]
    assert await owed(kept, "archive") == [first]
    assert await kept.requests.handovers(second) == [handed("mirror", second)]
    assert await kept.requests.handovers(first) == []
    assert await kept.requests.counts() == {
        "mirror": RouteCounts(waiting=1, sent=1),
        "archive": RouteCounts(waiting=1),
    }


async def test_an_outcome_that_is_not_the_last_leaves_the_debt(kept: Stores) -> None:
    seq = await append(kept, "mirror")
    stuck = handed("mirror", seq, Outcome.STUCK, "broken \ud800")
    await kept.requests.record([stuck])
    assert await owed(kept, "mirror") == [seq]
    assert (await kept.requests.counts())["mirror"] == RouteCounts(waiting=1)
    (found,) = await kept.requests.handovers(seq)
    assert found.outcome is Outcome.STUCK


async def test_what_is_owed_to_a_route_can_be_dropped(kept: Stores) -> None:
    for _ in range(3):
        await append(kept, "mirror", "archive")
    assert await kept.requests.drop("mirror") == 3
    assert await kept.requests.drop("nobody") == 0
    assert await owed(kept, "mirror") == []
    assert len(await owed(kept, "archive")) == 3
    assert (await kept.requests.counts())["mirror"] == RouteCounts(dropped=3)


async def test_no_debt_gets_the_number_of_another(kept: Stores) -> None:
    await append(kept, "mirror")
    (before,) = await kept.requests.owed("mirror")
    await kept.requests.record([], [before.number])
    await append(kept, "mirror")
    (after,) = await kept.requests.owed("mirror")
    assert after.number > before.number
    await kept.clear()
    assert await owed(kept, "mirror") == []
    assert await kept.requests.counts() == {}
    await append(kept, "mirror")
    (last,) = await kept.requests.owed("mirror")
    assert last.number > after.number


async def test_a_refused_record_owes_its_receipt(kept: Stores) -> None:
    kept.requests.owe_refusals_to(["archive-refused"])
    seq = await append(kept)
    entries = [an_entry(seq, position) for position in range(2)]
    await kept.index.add(entries, seq)
    ids = [entry.summary.id for entry in entries]
    attempts = [an_attempt(id, outcome=Outcome.REFUSED) for id in ids]
    await kept.outbox.record(attempts, [(id, DeliveryState.REFUSED) for id in ids])
    assert await owed(kept, "archive-refused") == [seq]
    await kept.outbox.record([an_attempt(ids[0], outcome=Outcome.SENT)], [(ids[0], DeliveryState.SENT)])
    assert await owed(kept, "archive-refused") == [seq]


async def fill(kept: Stores) -> None:
    for _ in range(40):
        await kept.index.add([], await append(kept, "mirror", body=os.urandom(60_000)))


async def test_room_is_not_made_at_the_cost_of_a_route(tmp_path: Path) -> None:
    big = b"x" * 60_000
    for opened in (
        await stores.open(JournalSettings(path=str(tmp_path / "full.db"), max_bytes=700_000)),
        MemoryStores(700_000),
    ):
        first = await append(opened, "mirror", body=big)
        await opened.index.add([], first)
        with pytest.raises(JournalFull):
            await fill(opened)
        assert await opened.receipts.get(first) is not None
        debts = await opened.requests.owed("mirror")
        await opened.requests.record(
            [handed("mirror", one.receipt) for one in debts], [one.number for one in debts]
        )
        await append(opened, body=os.urandom(60_000))
        assert await opened.receipts.get(first) is None
        assert await opened.requests.handovers(first) == []
        assert (await opened.requests.counts())["mirror"].sent == len(debts)
        await opened.close()


async def test_debts_survive_a_restart_and_can_be_looked_at_from_outside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    opened = await stores.open(str(path))
    seq = await append(opened, "mirror")
    await opened.requests.record([handed("mirror", seq, Outcome.STUCK)])
    looked = stores.ReadOnlyStores(JournalSettings(path=str(path)))
    assert await looked.requests.handovers(seq) == [handed("mirror", seq, Outcome.STUCK)]
    assert (await looked.requests.counts())["mirror"].waiting == 1
    await looked.close()
    await opened.close()
    again = await stores.open(str(path))
    assert await owed(again, "mirror") == [seq]
    await again.close()


async def test_a_file_without_routes_has_no_tables_for_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    opened = await stores.open(str(path))
    await append(opened)
    assert await opened.requests.counts() == {}
    assert await owed(opened, "mirror") == []
    await opened.close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    assert not {name for name in names if "request" in name or "route" in name or "handover" in name}
