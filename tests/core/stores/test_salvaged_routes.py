"""Salvage of what is owed to mirrors and archives: nothing of it is lost with a page."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from damage import PAGE, pages_of
from journal_values import AT, a_receipt, an_attempt, an_entry, look

from segtap.core import stores
from segtap.core.commands.salvage import Report, salvage
from segtap.core.delivery import DeliveryState, Handover, Outcome, RouteCounts, RouteStanding
from segtap.core.messages import message_number
from segtap.core.settings import JournalSettings, Settings

REQUESTS = 200


async def make(path: Path) -> None:
    """Owe each request to a mirror, every other one to an archive; the mirror has had the first hundred."""
    kept = await stores.open(str(path))
    for number in range(REQUESTS):
        routes = ("mirror", "files") if number % 2 else ("mirror",)
        await kept.receipts.append(msgspec.structs.replace(a_receipt(), routes=routes))
    debts = (await kept.requests.owed("mirror"))[:100]
    handovers = [Handover("mirror", one.receipt, AT, Outcome.SENT, 200, "ok") for one in debts]
    handovers[0] = msgspec.structs.replace(handovers[0], outcome=Outcome.REFUSED, status=400)
    await kept.requests.record(handovers, [one.number for one in debts])
    await kept.close()


def salvaged(old: Path, new: Path) -> Report:
    return salvage(Settings(journal=JournalSettings(path=str(old))), str(new), lambda _: None)


async def counts(path: Path) -> dict[str, RouteCounts]:
    kept = await stores.open(str(path))
    try:
        return dict(await kept.requests.counts())
    finally:
        await kept.close()


async def test_of_a_sound_journal_all_of_it_is_copied(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    await make(old)
    report = salvaged(old, new)
    assert report.copied.whole
    assert report.copied.owed_requests == 200
    for query in ("SELECT route, seq FROM owed_requests ORDER BY seq, route", "SELECT * FROM handovers"):
        assert look(new, query) == look(old, query)
    assert await counts(new) == await counts(old)
    assert (await counts(new))["mirror"] == RouteCounts(waiting=100, sent=99, refused=1)


@pytest.mark.parametrize(
    ("table", "mirror"),
    [("owed_requests", 100), ("handovers", 100), (("owed_requests", "handovers"), 200)],
)
async def test_what_cannot_be_read_is_owed(tmp_path: Path, table: str | tuple[str, ...], mirror: int) -> None:
    """Without the debts, all is owed that the mirror has not had; without either, all that it ever was."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    await make(old)
    content = bytearray(old.read_bytes())
    for name in (table,) if isinstance(table, str) else table:
        for page in pages_of(old, name):
            content[(page - 1) * PAGE : page * PAGE] = b"\xff" * PAGE
    old.write_bytes(content)
    assert not salvaged(old, new).copied.whole
    found = await counts(new)
    assert (found["mirror"].waiting, found["files"].waiting) == (mirror, 100)


async def test_a_journal_without_routes_gets_no_tables_for_them(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    kept = await stores.open(str(old))
    await kept.receipts.append(a_receipt())
    await kept.close()
    assert salvaged(old, new).copied.whole
    assert look(new, "SELECT name FROM sqlite_schema WHERE name LIKE '%handover%'") == []


async def test_a_refused_record_is_still_owed_to_an_archive(tmp_path: Path) -> None:
    """Its receipt names no route: it was received before there was an archive, or after one was taken out."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    kept = await stores.open(str(old))
    seq = await kept.receipts.append(a_receipt())
    entry = an_entry(seq)
    await kept.index.add([entry], seq)
    kept.requests.owe_refusals_to(["files:refused"])
    await kept.outbox.record([an_attempt(entry.summary.id, outcome=Outcome.REFUSED)], [])
    await kept.close()
    assert salvaged(old, new).copied.owed_requests == 1
    assert (await counts(new))["files:refused"].waiting == 1


async def make_along_routes(path: Path) -> None:
    """Owe messages to two projects, the first of which has had half of them; one was owed before."""
    kept = await stores.open(str(path))
    sent, waiting = DeliveryState.SENT, DeliveryState.WAITING
    seq = await kept.receipts.append(a_receipt())
    await kept.index.add([an_entry(seq)], seq)
    await kept.outbox.record([an_attempt(message_number(seq, 0), Outcome.RETRY)], [])
    standings = (RouteStanding("us", waiting), RouteStanding("eu", waiting))
    ids: list[int] = []
    for _ in range(100):
        seq = await kept.receipts.append(a_receipt())
        await kept.index.add([msgspec.structs.replace(an_entry(seq), standings=standings)], seq)
        ids.append(message_number(seq, 0))
    us = kept.outbox.along("us", rest=True, summed=lambda lines, states, sums: None)
    await us.record([an_attempt(id, Outcome.SENT) for id in ids[:50]], [(id, sent) for id in ids[:50]])
    await kept.close()


async def owed_along(path: Path, route: str, *, rest: bool = False) -> int:
    kept = await stores.open(str(path))
    try:
        outbox = kept.outbox.along(route, rest=rest, summed=lambda lines, states, sums: None)
        return len(await outbox.owed())
    finally:
        await kept.close()


async def test_what_is_owed_along_several_routes_to_mixpanel_is_copied(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    await make_along_routes(old)
    assert salvaged(old, new).copied.whole
    for query in (
        "SELECT * FROM routed ORDER BY id, place",
        "SELECT * FROM deliveries ORDER BY number",
        "SELECT id, delivery, owed FROM messages ORDER BY id",
        "SELECT * FROM routed_totals WHERE messages ORDER BY route, delivery",
    ):
        assert look(new, query) == look(old, query)
    assert (await owed_along(new, "us", rest=True), await owed_along(new, "eu")) == (51, 100)


async def test_where_the_routes_cannot_be_read_nothing_goes_to_another_project(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    await make_along_routes(old)
    content = bytearray(old.read_bytes())
    for page in pages_of(old, "routed"):
        content[(page - 1) * PAGE : page * PAGE] = b"\xff" * PAGE
    old.write_bytes(content)
    assert salvaged(old, new).copied.doubted == 101
    assert (await owed_along(new, "us", rest=True), await owed_along(new, "eu")) == (0, 0)
