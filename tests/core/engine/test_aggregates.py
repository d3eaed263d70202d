"""Gathering the newest messages when somebody asks: right, kept up, shared, bounded, and in small slices."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import every_real_message
from engines import engine_settings, isolate, listed, post, running_engine, track
from fake_viewer import AT, summary
from fault_log import no_faults
from memory_journal import MemoryJournal

from segtap.core.aggregates.model import Overview
from segtap.core.api.client import Client
from segtap.core.engine import aggregates
from segtap.core.engine.active import ActiveSettings
from segtap.core.engine.aggregates import Overviews
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import JournalError
from segtap.core.identities.model import SHORT_MEMBERS
from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import Message, Receipt, message_number, seq_of
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import Settings
from segtap.core.stores.base import Entry
from segtap.core.stores.memory import STEP
from segtap.core.verdict import Verdict


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as both:
        yield both


async def whole(client: Client) -> Overview:
    """The overview, once all there is was read."""
    while (overview := await client.overview()).covered.behind:
        pass
    return overview


def at(receipt: int, position: int) -> int:
    """The id of a message in the receipt that was appended as the first, second, …"""
    return message_number(receipt * STEP, position)


class Kept:
    """A journal in memory with messages that need no indexer, and what gathers them."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.journal = MemoryJournal()
        self.settings = settings or Settings()
        self.inspected = 0
        reading = ActiveSettings(self.settings)

        def inspect(message: Message) -> Verdict:
            self.inspected += 1
            return reading.judge(message)

        self.reader = ReceiptReader(parse_receipt, inspect, no_faults(), adjust=reading.adjust)
        self.overviews = self.another(reading)

    def another(self, reading: ActiveSettings | None = None) -> Overviews:
        reading = reading or ActiveSettings(self.settings)
        return Overviews(self.journal, self.reader, reading, lambda: self.settings)

    async def take(self, *batches: list[dict[str, Any]]) -> None:
        for batch in batches:
            number = self.journal.memory.last // STEP + 1
            receipt = Receipt(
                uid=f"uid-{number}",
                received_at=AT + number * 300,
                method="POST",
                path="/v1/batch",
                body=msgspec.json.encode({"batch": batch}),
            )
            seq = await self.journal.receipts.append(receipt)
            entries = [
                Entry(
                    summary(
                        1,
                        message["type"],
                        message.get("event", message["type"]),
                        id=message_number(seq, position),
                        received_at=receipt.received_at,
                    ),
                    False,
                )
                for position, message in enumerate(batch)
            ]
            await self.journal.index.add(entries, seq)


async def test_the_counts_are_those_of_every_detail(running: tuple[Engine, Client]) -> None:
    """Real messages, a message twice (which only the stream shows) and a refused request."""
    engine, client = running
    messages = [*every_real_message(), track("order 991"), track("m-1"), track("m-1")]
    await post(engine.url, *messages)
    await post(engine.url, *({"type": "track"} for _ in range(1)))
    lines = await listed(client, len(messages) + 1)
    rules, errors = Counter[str](), 0
    for line in lines:
        detail = await client.detail(line.id)
        rules.update({finding.rule for finding in detail.verdict.findings})
        errors += line.errors > 0
    overview = await whole(client)
    assert {one.rule: one.messages for one in overview.rules} == dict(rules)
    assert rules["second-receipt"]
    assert overview.errors == errors
    assert overview.covered.messages + overview.covered.refused == len(lines)
    assert (overview.covered.first, overview.covered.last) == (lines[0].id, lines[-1].id)
    newest = next(one for one in overview.rules if one.rule == "second-receipt").newest[0]
    assert "second-receipt" in {one.rule for one in (await client.detail(newest)).verdict.findings}


async def test_nothing_is_done_before_somebody_asks(running: tuple[Engine, Client]) -> None:
    engine, client = running
    await post(engine.url, track("m-1"))
    await listed(client, 1)
    await client.overview()
    assert engine.parts.overviews._gathered is None
    assert engine.parts.overviews._task is None


async def test_users_and_groups_come_of_the_same_messages(running: tuple[Engine, Client]) -> None:
    engine, client = running
    anonymous = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
    await post(
        engine.url,
        track("m-1", userId="ben/../x?y=1"),
        {
            "type": "identify",
            "userId": "ada",
            "anonymousId": anonymous,
            "messageId": "m-2",
            "traits": {"plan": "pro"},
        },
        {"type": "group", "userId": "ada", "groupId": "acme", "messageId": "m-3", "traits": {"plan": "pro"}},
    )
    await listed(client, 3)
    users = await client.users()
    assert users.total == 2
    assert {member.id for member in users.clusters[0].members} == {"ada", anonymous}
    assert [one.last for one in users.clusters] == [message_number(1, 1), message_number(1, 0)]
    assert [one.distinct_id for one in (await client.users("BEN")).clusters] == ["ben/../x?y=1"]
    assert (await client.users(limit=1)).total == 2
    assert len((await client.users(limit=1)).clusters) == 1
    cluster = await client.user("ben/../x?y=1")
    assert cluster is not None
    assert cluster.distinct_id == "ben/../x?y=1"
    assert await client.user(anonymous) == users.clusters[0]
    assert await client.user("nobody") is None
    groups = await client.groups()
    assert groups.in_use
    assert groups.group_calls == 1
    assert groups.known is None
    assert [one.key for one in groups.keys]


async def test_asking_again_and_again_gives_what_asking_once_gives() -> None:
    draw, kept = random.Random(5), Kept()
    messages = every_real_message()
    for _ in range(12):
        await kept.take(*([draw.choice(messages) for _ in range(draw.randint(1, 9))] for _ in range(5)))
        await kept.overviews.groups()
    once = kept.another()
    while (await once.groups()).covered.behind:  # an answer does not wait until all is read
        pass
    assert await kept.overviews.groups() == await once.groups()


async def test_each_message_is_read_once_however_many_ask() -> None:
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(200)))
    told = await asyncio.gather(*(kept.overviews.groups() for _ in range(8)), kept.overviews.groups())
    assert {answer.covered.messages for answer in told} == {200}
    assert kept.inspected == 200
    await kept.take([track("m-new")])
    assert (await kept.overviews.groups()).covered.messages == 201
    assert kept.inspected == 201


async def test_who_asks_while_it_is_read_gets_what_came_before_the_asking() -> None:
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(300)))
    first = asyncio.create_task(kept.overviews.groups())
    await asyncio.sleep(0)
    await kept.take([track("late", event="Late")])
    second = await kept.overviews.groups()
    assert second.covered.behind or second.covered.messages == 301
    await first


async def test_a_slow_reading_is_answered_in_part_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregates, "WAIT", 0.02)
    kept = Kept()
    await kept.take(*([track(f"m-{number}-{each}") for each in range(50)] for number in range(40)))
    parts = [await kept.overviews.groups()]
    while parts[-1].covered.behind:
        parts.append(await kept.overviews.groups())
    assert len(parts) > 1
    for part in parts:
        assert part.covered.messages + part.covered.behind in (part.covered.messages, 2_000)
    assert parts[-1].covered.messages == 2_000
    assert kept.inspected == 2_000


async def test_it_is_bounded_and_says_what_it_covers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregates, "MOST_MESSAGES", 100)
    monkeypatch.setattr(aggregates, "PAGE", 30)
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(100)))
    assert not (await kept.overviews.groups()).covered.older
    assert not (await kept.overviews.groups()).covered.older
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(140)))
    covered = (await kept.overviews.groups()).covered
    assert (covered.messages, covered.older, covered.first) == (100, True, at(41, 0))
    for _ in range(10):
        await kept.take(*([track(f"n-{number}")] for number in range(17)))
        covered = (await kept.overviews.groups()).covered
        assert covered.older
        assert 100 <= covered.messages <= 200
        assert covered.last == message_number(kept.journal.memory.last, 0)
        assert covered.messages == (seq_of(covered.last) - seq_of(covered.first)) // STEP + 1
    await kept.take(*([track(f"o-{number}")] for number in range(500)))
    covered = (await kept.overviews.groups()).covered
    assert (covered.messages, covered.older) == (100, True)


async def test_while_it_is_begun_anew_the_old_numbers_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregates, "MOST_MESSAGES", 400)
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(400)))
    assert (await kept.overviews.groups()).covered.messages == 400
    await kept.take(*([track(f"n-{number}")] for number in range(900)))
    monkeypatch.setattr(aggregates, "WAIT", 0.0)
    covered = (await kept.overviews.groups()).covered
    while covered.messages != 400 or covered.last != at(1300, 0):
        assert covered.last == at(400, 0)
        covered = (await kept.overviews.groups()).covered
        await asyncio.sleep(0.001)
    assert covered.first == at(901, 0)


async def test_what_is_read_again_for_a_replacement_is_not_still_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aggregates, "MOST_MESSAGES", 400)
    kept = Kept()
    for count in (400, 300):
        await kept.take(*([track("again")] for _ in range(count)))
        await kept.overviews.groups()
    await kept.take(*([track("new")] for _ in range(101)))
    monkeypatch.setattr(aggregates, "WAIT", 0.0)
    parts = [(await kept.overviews.groups()).covered]
    while parts[-1].messages != 400:
        await asyncio.sleep(0.001)
        parts.append((await kept.overviews.groups()).covered)
    assert {part.messages for part in parts} == {700, 400}
    assert 0 < max(part.behind for part in parts) <= 101


@pytest.mark.bench
async def test_the_loop_is_never_held_for_long() -> None:
    """Another task gets its turn between a few messages: no stretch is more than a small part of the work.

    Measured in the thread's own time and without the collector, whose pauses are those of the whole process.
    """
    kept = Kept()
    messages = every_real_message()
    await kept.take(*([messages[number % len(messages)] for number in range(25)] for _ in range(80)))
    stretches: list[float] = []
    last = time.thread_time()

    async def turn() -> None:
        nonlocal last
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            stretches.append(now - last)
            last = now

    gc.collect()
    gc.disable()
    try:
        task = asyncio.create_task(turn())
        groups = await kept.overviews.groups()
        while groups.covered.behind:
            groups = await kept.overviews.groups()
        task.cancel()
    finally:
        gc.enable()
    assert groups.covered.messages == 2_000
    assert len(stretches) > 2_000 / 100
    assert max(stretches) < sum(stretches) / 8


async def test_clearing_begins_anew(running: tuple[Engine, Client]) -> None:
    engine, client = running
    await post(engine.url, track("m-1"), track("m-2", event="Other"))
    await listed(client, 2)
    assert len((await client.overview()).events) == 2
    await client.clear()
    assert await client.overview() == Overview()
    assert (await client.users()).total == 0
    await post(engine.url, track("m-3"))
    await listed(client, 1)
    assert [one.name for one in (await client.overview()).events] == ["Signed Up"]


async def test_clearing_while_it_is_read_leaves_nothing_behind(running: tuple[Engine, Client]) -> None:
    engine, client = running
    for number in range(20):
        await post(engine.url, *(track(f"m-{number}-{each}") for each in range(50)))
    await listed(client, 1_000)
    asked = asyncio.create_task(client.overview())
    await asyncio.sleep(0.01)
    await client.clear()
    await asked
    assert await whole(client) == Overview()


async def test_other_settings_begin_anew(running: tuple[Engine, Client]) -> None:
    engine, client = running
    await post(engine.url, track("order 991"))
    await listed(client, 1)
    assert [one.rule for one in (await client.overview()).rules if one.severity == "error"] == [
        "insert-id-charset"
    ]
    assert (await client.users()).mode == "original"
    changed = msgspec.structs.replace(engine.settings, repair=("insert-id",), identity="simplified")
    await engine.parts.change.apply(changed)
    assert not [one for one in (await client.overview()).rules if one.severity == "error"]
    assert (await client.users()).mode == "simplified"


async def test_a_journal_that_fails_is_told_and_the_next_asking_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(300)))
    receipts, calls = kept.journal.receipts.read, 0

    async def failing(after: int = 0, limit: int = 256) -> list[Receipt]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise JournalError("the disk is gone")
        return await receipts(after, limit)

    monkeypatch.setattr(kept.journal.receipts, "read", failing)
    with pytest.raises(JournalError, match="the disk is gone"):
        await kept.overviews.groups()
    assert (await kept.overviews.groups()).covered.messages == 300
    assert kept.inspected == 300


async def test_messages_that_made_room_meanwhile_are_left_out() -> None:
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(10)))
    for number in (1, 2, 5, 10):
        del kept.journal.receipt_rows[number * STEP]
    covered = (await kept.overviews.groups()).covered
    assert (covered.messages, covered.behind) == (6, 0)


async def test_a_stop_ends_the_reading() -> None:
    kept = Kept()
    await kept.take(*([track(f"m-{number}")] for number in range(2_000)))
    asked = asyncio.create_task(kept.overviews.groups())
    await asyncio.sleep(0.01)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await kept.overviews.close()
    assert "segtap-overview" not in {task.get_name() for task in asyncio.all_tasks()}
    assert kept.inspected < 2_000


async def test_a_user_of_thousands_of_devices_is_told_in_short(tmp_path: Path) -> None:
    """It is asked for each second while the screen of users is open."""
    async with running_engine(msgspec.structs.replace(engine_settings(tmp_path), identity="simplified")) as (
        engine,
        client,
    ):
        await post(
            engine.url,
            *(track(f"m-{at}", userId="ada", anonymousId=f"device-{at}") for at in range(300)),
        )
        await listed(client, 300)
        (cluster,) = (await client.users()).clusters
        assert len(cluster.members) == SHORT_MEMBERS
        assert cluster.ids == 301
        (found,) = (await client.users("device-299")).clusters
        assert "$device:device-299" in [member.id for member in found.members]
        one = await client.user("device-298")
        assert one is not None
        assert "$device:device-298" in [member.id for member in one.members]
        assert len(one.members) == SHORT_MEMBERS
