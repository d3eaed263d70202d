"""What each store must promise, whatever keeps it: the same tests run against SQLite and memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from journal_values import AT, a_receipt, an_attempt, an_entry, recount, revision
from msgspec.structs import replace
from nats_servers import new_stream
from queries import holding

from segtap.core import stores
from segtap.core.delivery import DeliveryCounts, DeliveryState, Outcome
from segtap.core.errors import JournalFull
from segtap.core.messages import Marks, Receipt, message_number
from segtap.core.query import Names
from segtap.core.settings import JournalSettings
from segtap.core.stores import MEMORY, START, Counts, Entry, Stores
from segtap.core.stores.base import Condition, Found, Judged, Snapshot, just_before
from segtap.core.stores.sqlite import totals
from segtap.core.stores.sqlite.schema import connect_reader
from segtap.core.stores.sqlite.stores import SqliteStores
from segtap.core.stores.tallies import StepOf, Tallies
from segtap.core.verdict import Finding

KINDS = ("sqlite", "memory", "nats")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return place_of(request.param, request, tmp_path)


def place_of(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The path of a journal of each kind; for NATS a stream that no other test has."""
    if kind == "nats":
        request.getfixturevalue("monkeypatch").setenv("XDG_STATE_HOME", str(tmp_path))
        return f"{request.getfixturevalue('nats_url')}/{new_stream()}"
    return MEMORY if kind == "memory" else str(tmp_path / "journal.db")


@pytest.fixture
async def kept(place: str) -> AsyncIterator[Stores]:
    opened = await stores.open(place)
    yield opened
    await opened.close()


async def receive(kept: Stores, *about: dict[str, object]) -> list[int]:
    """Append a receipt of one message for each, index it, and return the messages' ids."""
    ids: list[int] = []
    for each in about:
        seq = await kept.receipts.append(a_receipt())
        entry = an_entry(seq, **each)  # type: ignore[arg-type]
        await kept.index.add([entry], seq)
        ids.append(entry.summary.id)
    return ids


async def listed(kept: Stores, **where: object) -> list[int]:
    return [line.id for line in (await kept.index.page(**where)).summaries]  # type: ignore[arg-type]


# --- the log ---------------------------------------------------------------------------------------


async def test_receipts_are_read_back_in_the_order_of_their_positions(kept: Stores) -> None:
    given = [a_receipt(f"r{number}", body=os.urandom(300)) for number in range(20)]
    positions = await asyncio.gather(*map(kept.receipts.append, given))
    assert positions == sorted(set(positions))
    assert positions[0] > START
    read = await kept.receipts.read()
    assert [(one.seq, one.uid, one.body) for one in read] == [
        (seq, one.uid, one.body) for seq, one in zip(positions, given, strict=True)
    ]
    assert [one.seq for one in await kept.receipts.read(positions[4], 3)] == positions[5:8]
    assert [one.seq for one in await kept.receipts.read(just_before(positions[4]), 1)] == positions[4:5]
    assert await kept.receipts.read(positions[-1]) == []
    assert await kept.receipts.get(positions[7]) == read[7]
    assert await kept.receipts.get(positions[-1] + 1) is None


async def test_a_follower_is_given_each_receipt_in_order(kept: Stores) -> None:
    seen: list[Receipt] = []
    await kept.receipts.append(a_receipt("before"))
    kept.receipts.follow(seen.extend)

    async def append(number: int) -> None:
        await kept.receipts.append(a_receipt(f"r{number}"))

    tasks = [asyncio.create_task(append(number)) for number in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await kept.receipts.append(a_receipt("last"))
    assert seen == (await kept.receipts.read())[1:]


async def test_large_receipts_come_a_few_at_a_time(kept: Stores) -> None:
    for _ in range(4):
        await kept.receipts.append(a_receipt(body=os.urandom(1_500_000)))
    assert len(await kept.receipts.read()) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_the_oldest_make_room_unless_they_are_still_needed(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path = place_of(kind, request, tmp_path)
    kept = await stores.open(JournalSettings(path=path, max_bytes=600_000))
    try:
        states = [DeliveryState.WAITING, *[DeliveryState.SENT] * 20]
        for state in states:
            seq = await kept.receipts.append(a_receipt(body=os.urandom(50_000)))
            await kept.index.add([an_entry(seq, state=state)], seq)
        left = await kept.receipts.read()
        lines = (await kept.index.page()).summaries
        assert [one.seq for one in left] == [line.id >> 20 for line in lines]
        assert len(left) < len(states)
        assert lines[0].delivery is DeliveryState.WAITING
        assert [line.delivery for line in lines[1:]] == [DeliveryState.SENT] * (len(left) - 1)
        not_indexed = [a_receipt(body=os.urandom(50_000)) for _ in states]
        with pytest.raises(JournalFull):
            await asyncio.gather(*map(kept.receipts.append, not_indexed))
        assert (await kept.outbox.owed())[0].id == lines[0].id
    finally:
        await kept.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_check_fails_as_long_as_what_was_refused_does_not_fit(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """There is room for a little, but what comes is larger."""
    kept = await stores.open(JournalSettings(path=place_of(kind, request, tmp_path), max_bytes=600_000))
    try:
        taken: list[int] = []
        with contextlib.suppress(JournalFull):
            while len(taken) < 20:
                seq = await kept.receipts.append(a_receipt(body=os.urandom(49_000)))
                await kept.index.add([an_entry(seq, state=DeliveryState.WAITING)], seq)
                taken.append(seq)
        assert len(taken) < 20
        await kept.receipts.append(a_receipt(body=b"{}"))
        await kept.receipts.check()
        with pytest.raises(JournalFull):
            await kept.receipts.append(a_receipt(body=os.urandom(49_000)))
        with pytest.raises(JournalFull):
            await kept.receipts.check()
        await kept.outbox.record([], [(message_number(seq, 0), DeliveryState.SENT) for seq in taken])
        await kept.receipts.check()
    finally:
        await kept.close()


# --- the index -------------------------------------------------------------------------------------


async def test_the_index_goes_on_from_its_position(kept: Stores) -> None:
    first, second, third = [await kept.receipts.append(a_receipt()) for _ in range(3)]
    assert kept.index.position == START
    await kept.index.add([an_entry(first), an_entry(second, 0), an_entry(second, 1)], second)
    assert kept.index.position == second
    assert [one.seq for one in await kept.receipts.read(kept.index.position)] == [third]
    assert await listed(kept) == [
        message_number(first, 0),
        message_number(second, 0),
        message_number(second, 1),
    ]
    await kept.outbox.record([], [(message_number(first, 0), DeliveryState.SENT)])
    await kept.index.add([an_entry(first)], first)  # again: it changes nothing
    assert kept.index.position == second
    line = await kept.index.summary(message_number(first, 0))
    assert line is not None
    assert line.delivery is DeliveryState.SENT
    with pytest.raises(ValueError, match="above"):
        await kept.index.add([an_entry(third)], second)
    with pytest.raises(ValueError, match="above"):
        await kept.index.add([], third + 100)


async def test_pages_are_oldest_first_and_say_whether_there_are_more(kept: Stores) -> None:
    ids = await receive(kept, *({} for _ in range(10)))
    assert await listed(kept, limit=4) == ids[6:]
    assert await listed(kept, before=ids[6], limit=4) == ids[2:6]
    assert await listed(kept, after=0, limit=4) == ids[:4]
    assert await listed(kept, after=ids[1], before=ids[8], limit=3) == ids[2:5]
    assert (await kept.index.page(limit=9)).more
    assert not (await kept.index.page(limit=10)).more
    assert not (await kept.index.page(before=ids[2], limit=4)).more
    assert (await kept.index.page(after=0, limit=4)).more


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100%", [0]),
        ("0% O", [0]),
        ("_", [1]),
        ("ÄPFEL", [2]),
        ("nul\x00b", [3]),
        ("back\\slash", [5]),
        ("zzz", []),
        ("", [0, 1, 2, 3, 4, 5]),
    ],
)
async def test_search_is_for_the_text_as_it_stands(kept: Stores, text: str, found: list[int]) -> None:
    names = ["100% off", "snake_case", "Äpfel gekauft", "nul\x00byte", "snakeXcase", "back\\slash"]
    ids = await receive(kept, *({"name": name} for name in names))
    assert await listed(kept, condition=holding(text)) == [ids[number] for number in found]


async def test_a_search_is_paged(kept: Stores) -> None:
    ids = await receive(kept, *({"name": ("a", "b")[number % 2]} for number in range(20)))
    newest = await kept.index.page(condition=holding("b u-1"), limit=4)
    assert [line.id for line in newest.summaries] == ids[13::2]
    assert newest.more
    rest = await kept.index.page(condition=holding("b u-1"), before=newest.summaries[0].id)
    assert [line.id for line in rest.summaries] == ids[1:13:2]
    assert not rest.more


async def test_replays_and_seen_are_found_by_message_id(kept: Stores) -> None:
    ids = await receive(
        kept,
        {"message_id": "m-1", "at": AT},
        *({"message_id": "m-1", "marks": Marks.REPLAY, "at": AT + 1} for _ in range(3)),
        {"message_id": "", "marks": Marks.REPLAY, "at": AT + 2},
        {"message_id": "m-2", "at": AT - 5},
    )
    assert [line.id for line in await kept.index.replays("m-1", 0)] == ids[1:4]
    assert [line.id for line in await kept.index.replays("m-1", ids[1], 1)] == ids[3:4]
    assert await kept.index.replays("", 0) == []
    assert await kept.index.seen(["m-1", "m-2", "m-3", ""], AT) == {"m-1"}
    assert await kept.index.seen(["m-2"], AT - 5) == {"m-2"}


async def test_findings_and_settings_are_kept(kept: Stores) -> None:
    found = (Finding("second-receipt", "warning", "$.messageId", "came before", ""),)
    seq = await kept.receipts.append(a_receipt())
    entry = an_entry(seq)
    await kept.index.add([type(entry)(entry.summary, True, "text", found)], seq)
    assert await kept.index.findings([entry.summary.id, 5]) == {entry.summary.id: found}
    assert await kept.index.settings() == ""
    await kept.index.keep_settings('{"identity": "simplified"}')
    await kept.clear()
    assert await kept.index.settings() == '{"identity": "simplified"}'
    assert await kept.index.findings([entry.summary.id]) == {}


async def test_totals_follow_every_change(kept: Stores) -> None:
    off, sent, refused = await receive(
        kept,
        {"state": DeliveryState.OFF, "marks": Marks.TEED},
        {},
        {"state": DeliveryState.NONE, "marks": Marks.REFUSED},
    )
    counts = Counts(
        received=2, refused=1, deliveries=DeliveryCounts(off=1, waiting=1), teed=1, errors=0, warnings=3
    )
    assert await kept.index.counts() == counts
    await kept.outbox.record([an_attempt(sent)], [(sent, DeliveryState.SENT)])
    await kept.index.revise([revision(off, 2, 1), revision(refused, 0, 0), revision(99, 1, 1)])
    assert await kept.index.counts() == Counts(
        received=2, refused=1, deliveries=DeliveryCounts(off=1, sent=1), teed=1, errors=1, warnings=1
    )
    assert [(line.errors, line.warnings) for line in (await kept.index.page()).summaries] == [
        (2, 1),
        (0, 1),
        (0, 0),
    ]
    await kept.clear()
    assert await kept.index.counts() == Counts()


async def test_totals_by_event_and_rule_follow_every_change(kept: Stores) -> None:
    """Those of the file, whose tables are kept, are those that counting line by line gives."""
    ids = await _varied(kept, random.Random(3))
    for step in (60_000, 3_600_000):

        def fixed(since: int, until: int, fine: bool, step: int = step) -> int:
            return step

        one_by_one = await kept.index.tallies(fixed, 100, 100)
        assert one_by_one.messages + one_by_one.refused == len(ids)
        assert sum(one.messages for one in one_by_one.events) == len(ids)
        assert set(one_by_one.keys) == {"wk-1", "wk-2", ""}
        assert sum(one_by_one.keys.values()) == len(ids)
        if isinstance(kept, SqliteStores):
            assert normal(_of_tables(kept, fixed)) == normal(one_by_one)


async def test_totals_by_event_and_rule_follow_what_is_deleted(kept: Stores) -> None:
    if not isinstance(kept, SqliteStores):
        pytest.skip("the totals of other stores are counted each time")
    rng = random.Random(5)
    await _varied(kept, rng)
    delete = [seq for seq in range(1, 31) if seq < 12 or rng.random() < 0.3]
    await kept._writer.run(lambda: kept._store.delete(delete))
    left = await kept.index.tallies(_by_minute, 100, 100)
    # The first and the last time are those of all that ever were there.
    of_tables = msgspec.structs.replace(_of_tables(kept, _by_minute), first=left.first, last=left.last)
    assert left.messages > 0
    assert normal(of_tables) == normal(left)
    counts = await kept.index.counts()
    assert counts == replace(recount(kept.path), judged=counts.judged)


def _by_minute(since: int, until: int, fine: bool) -> int:
    return 60_000


def _of_tables(kept: SqliteStores, step: StepOf) -> Tallies:
    """What the file's tables of totals say."""
    db = connect_reader(Path(kept.path))
    try:
        return totals._from_tables(db, step, 100, 100)
    finally:
        db.close()


async def _varied(kept: Stores, rng: random.Random) -> list[int]:
    """Thirty receipts with messages of all kinds, some of them judged again; returns the messages."""
    ids: list[int] = []
    for _ in range(30):
        seq = await kept.receipts.append(a_receipt())
        entries: list[Entry] = []
        for position in range(rng.randrange(4)):
            entry = an_entry(
                seq,
                position,
                state=rng.choice(list(DeliveryState)),
                marks=rng.choice((Marks.NONE, Marks.NONE, Marks.TEED, Marks.REFUSED)),
                name=rng.choice(("Order", "Signed Up")),
                at=AT + rng.randrange(200) * 60_000,
            )
            judged = revision(0, rng.randrange(2), entry.summary.warnings).judged
            line = replace(entry.summary, errors=judged.errors)
            names = replace(entry.names, write_key=rng.choice(("wk-1", "wk-2", "")))
            judged = replace(judged, sent=rng.random() < 0.7)
            entries.append(replace(entry, summary=line, judged=judged, names=names))
            ids.append(line.id)
        await kept.index.add(entries, seq)
    await kept.outbox.record([], [(id, rng.choice(list(DeliveryState))) for id in ids[::2]])
    await kept.index.revise([revision(id, rng.randrange(3), rng.randrange(3)) for id in ids[::3]])
    return ids


def normal(found: Tallies) -> dict[str, Any]:
    """The totals as plain values, without the order of rules and events."""
    plain = msgspec.to_builtins(
        {
            name: getattr(found, name)
            for name in ("messages", "refused", "errors", "warnings", "first", "last", "keys")
        }
    )
    plain["events"] = {
        (one.type, one.event): (
            *(one.messages, one.errors, one.warnings, one.silent, one.newest),
            {key: count for key, count in one.delivery.items() if count},
            dict(one.rules),
        )
        for one in found.events
    }
    plain["rules"] = {
        one.rule: (one.severity, one.messages, one.newest, dict(one.events)) for one in found.rules
    }
    plain["times"] = dict(found.times)
    plain["by rule"] = {rule: dict(times) for rule, times in found.rule_times.items()}
    plain["by event"] = {key: dict(times) for key, times in found.event_times.items()}
    return plain


async def test_a_condition_narrows_and_a_function_decides(kept: Stores) -> None:
    ids = await receive(kept, *({"name": f"Event {number % 3}"} for number in range(30)))
    asked: list[int] = []

    def matches(found: Found) -> bool:
        asked.append(found.entry.summary.id)
        assert found.filled
        receipt = found.receipt()
        assert receipt is not None
        return found.entry.summary.name == "Event 1" and receipt.seq % 2 == 0

    condition = Condition("name != ?", ("Event 0",), matches)
    wanted = [id for number, id in enumerate(ids) if number % 3 == 1 and (id >> 20) % 2 == 0]
    assert await listed(kept, condition=condition) == wanted
    assert await listed(kept, condition=condition, limit=2) == wanted[-2:]
    assert await listed(kept, condition=condition, after=wanted[0], limit=2) == wanted[1:3]
    assert (await kept.index.page(condition=condition, limit=2)).more
    assert not (await kept.index.page(condition=condition, limit=len(wanted))).more
    assert asked


async def test_lines_are_counted_in_stretches_from_either_end(kept: Stores) -> None:
    ids = await receive(kept, *({"name": f"Event {number % 3}"} for number in range(30)))
    matches = Condition(matches=lambda found: found.entry.summary.name == "Event 1")
    newest = await kept.index.stretch(Condition(), limit=10)
    assert [line.id for line in newest.lines] == ids[20:]
    assert (newest.looked, newest.first, newest.last) == (10, ids[20], ids[29])
    older = await kept.index.stretch(matches, before=newest.first, limit=10)
    assert [line.id for line in older.lines] == [ids[10], ids[13], ids[16], ids[19]]
    assert (older.looked, older.first, older.last) == (10, ids[10], ids[19])
    newer = await kept.index.stretch(matches, after=ids[24], limit=100)
    assert [(line.id, line.name, line.delivery) for line in newer.lines] == [
        (ids[25], "Event 1", "waiting"),
        (ids[28], "Event 1", "waiting"),
    ]
    assert newer.looked == 5
    assert not (await kept.index.stretch(matches, after=ids[29])).looked
    assert not (await kept.index.stretch(matches, before=ids[0])).looked
    await kept.index.revise([revision(ids[0], 1, 1)])
    (first,) = (await kept.index.stretch(Condition(), before=ids[1])).lines
    assert (first.errors, first.warnings, sorted(first.rules)) == (1, 1, ["a-warning", "an-error"])


async def test_changes_of_lines_are_numbered_and_new_lines_are_none(kept: Stores) -> None:
    before = kept.index.changes
    ids = await receive(kept, {}, {"state": DeliveryState.WAITING})
    assert kept.index.changes == before
    numbers = [before]
    await kept.outbox.record([an_attempt(ids[1])], [(ids[1], DeliveryState.SENT)])
    numbers.append(kept.index.changes)
    await kept.index.revise([revision(ids[0], 1, 1)])
    numbers.append(kept.index.changes)
    await kept.clear()
    numbers.append(kept.index.changes)
    assert len(set(numbers)) == 4


async def test_a_snapshot_is_kept_whole_until_the_next_one(kept: Stores) -> None:
    assert await kept.index.snapshot() is None
    for number in range(3):
        parts = [bytes([number]) * size for size in (10, 300_000, 1, 2, 200_000, 100_000)]
        await kept.index.keep_snapshot(Snapshot(number, f"revision {number}"), parts)
        assert await kept.index.snapshot() == (Snapshot(number, f"revision {number}"), parts)
    await kept.clear()
    assert await kept.index.snapshot() is None


async def test_the_newest_message_of_each_rule_and_type(kept: Stores) -> None:
    ids = await receive(kept, *({} for _ in range(4)))
    await kept.index.revise([revision(ids[0], 1, 1), revision(ids[2], 0, 1)])
    assert await kept.index.newest(["an-error", "a-warning", "another"]) == {
        ("an-error", "track"): ids[0],
        ("a-warning", "track"): ids[2],
    }


# --- the outbox ------------------------------------------------------------------------------------


async def test_owed_are_those_with_something_to_send(kept: Stores) -> None:
    ids = dict(
        zip(DeliveryState, await receive(kept, *({"state": each} for each in DeliveryState)), strict=True)
    )
    owed = [ids[DeliveryState.STUCK], ids[DeliveryState.WAITING]]
    assert [line.id for line in await kept.outbox.owed()] == owed
    assert [line.id for line in await kept.outbox.owed(limit=1)] == owed[:1]
    assert [line.id for line in await kept.outbox.owed(after=owed[0])] == owed[1:]
    uncertain = (owed[1], DeliveryState.UNCERTAIN)
    await kept.outbox.record([], [uncertain], owing=[owed[1]])
    assert [line.id for line in await kept.outbox.owed()] == owed
    await kept.outbox.record([], [uncertain])
    assert [line.id for line in await kept.outbox.owed()] == owed[:1]


async def test_attempts_are_kept_with_the_states_they_led_to(kept: Stores) -> None:
    first, second = await receive(kept, {}, {})
    tried = an_attempt(first, Outcome.RETRY, words="try again")
    await kept.outbox.record([tried, an_attempt(second)], [(second, DeliveryState.SENT)])
    settled = an_attempt(first, Outcome.REFUSED, attempt=2)
    await kept.outbox.record(
        [settled, an_attempt(77)], [(first, DeliveryState.REFUSED), (77, DeliveryState.SENT)]
    )
    assert await kept.outbox.deliveries(first) == [tried, settled]
    assert await kept.outbox.deliveries(77) == []
    assert await kept.outbox.deliveries_of([first, 77]) == {first: [tried, settled]}
    assert await kept.outbox.deliveries_of([]) == {}
    assert await kept.outbox.owed() == []
    assert (await kept.index.counts()).deliveries == DeliveryCounts(sent=1, refused=1)


# --- together --------------------------------------------------------------------------------------


async def test_clear_deletes_everything_and_positions_go_on(kept: Stores) -> None:
    (id,) = await receive(kept, {})
    await kept.outbox.record([an_attempt(id)], [])
    last = await kept.receipts.append(a_receipt("not read yet"))
    await kept.clear()
    assert await kept.receipts.read() == []
    assert await listed(kept) == []
    assert await kept.outbox.owed() == []
    assert await kept.outbox.deliveries(id) == []
    assert kept.index.position == last
    assert await kept.receipts.append(a_receipt()) > last


async def test_messages_are_counted_by_the_values_of_fields(kept: Stores) -> None:
    entries: list[Entry] = []
    for number, (event, rules, sent) in enumerate(
        [("A", {"r-1": "error", "r-2": "warning"}, True), ("A", {"r-1": "info"}, False), ("B", {}, None)]
    ):
        seq = await kept.receipts.append(a_receipt())
        names = Names(event=event, write_key=f"wk-{number % 2}", library="js", origin="pixel")
        judged = Judged(rules=rules, sent=sent, revision="1")  # type: ignore[arg-type]
        entries.append(replace(an_entry(seq), names=names, judged=judged))
    await kept.index.add(entries, seq)
    assert await kept.index.values("event") == {"A": 2, "B": 1}
    assert await kept.index.values("key") == {"wk-0": 2, "wk-1": 1}
    assert await kept.index.values("library") == {"js": 3}
    assert await kept.index.values("origin") == {"pixel": 3}
    assert await kept.index.values("type") == {"track": 3}
    assert await kept.index.values("rule") == {"r-1": 2, "r-2": 1}
    assert await kept.index.values("sent") == {"yes": 1, "no": 1}
    await kept.clear()
    assert await kept.index.values("event") == await kept.index.values("rule") == {}
