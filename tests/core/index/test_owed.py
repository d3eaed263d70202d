"""Records of what is owed, made by worker processes: the same as the engine makes, and none is lost."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncIterator

import msgspec
import pytest
from indexing import NOW, SETTINGS, Running, batch, numbered, running, until
from odd_lines import LINES

from segtap.core.delivery import DeliveryState, Owed
from segtap.core.forward.clock import SystemClock
from segtap.core.forward.made import Made
from segtap.core.forward.source import Source
from segtap.core.index import owed
from segtap.core.index.owed import OwedRecords
from segtap.core.settings import Secret

pytestmark = pytest.mark.xdist_group("workers")

RECEIPTS = [
    *(batch(line.replace(b"m-1", b"odd-%d" % n), at=NOW + n) for n, line in enumerate(LINES.values())),
    batch(LINES["plain"], LINES["plain"], LINES["plain"].replace(b"m-1", b"m-2"), at=NOW + 1_000),
    batch(LINES["plain"], at=NOW + 4_000, refused="not JSON", status=400),
    *numbered(30),
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers get some work, however little there is."""
    monkeypatch.setattr(owed, "BACKLOG", 1)


@contextlib.asynccontextmanager
async def owing() -> AsyncIterator[tuple[Running, OwedRecords, list[Owed]]]:
    """An index of messages that are owed, with a worker that has nothing to do."""
    async with running(RECEIPTS) as run:
        await run.indexer.idle()
        await run.up()
        records = OwedRecords(
            run.journal.receipts,
            run.workers,
            lambda: run.active.settings,
            busy=lambda: run.indexer.behind,
            plain=lambda: True,
        )
        yield run, records, await run.journal.outbox.owed()


async def made_here(run: Running, messages: list[Owed]) -> dict[int, Made]:
    """What the engine makes of them by itself."""
    source = Source(
        run.journal.index,
        run.journal.outbox,
        lambda stretch: run.reader.loading(run.journal, stretch),
        run.active,
        SystemClock(),
        dry_run=False,
    )
    return await source._read(messages)


async def test_a_worker_makes_the_records_that_the_engine_makes() -> None:
    async with owing() as (run, records, messages):
        here = await made_here(run, messages)
        async with records.given(messages) as given:
            there = await given.made()
        assert len(messages) - len(messages) // owed.OWN_SHARE == len(given.ids) > 40
        assert given.ids == there.keys()
        assert there == {id: made for id, made in here.items() if id in there}
        assert all(isinstance(made, list) for made in there.values())
        assert run.workers.free(run) is not None, "it has nothing left to do"
        run.active.use(msgspec.structs.replace(SETTINGS, subscriptions=()))
        async with records.given(messages) as given:
            assert set((await given.made()).values()) == {DeliveryState.NONE}


async def test_what_a_worker_has_not_made_is_left_to_the_engine() -> None:
    """A worker that is killed, and one that made records by settings that are no longer in force."""
    async with owing() as (run, records, messages):
        (pid,) = run.workers.pids
        os.kill(pid, signal.SIGSTOP)
        async with records.given(messages) as given:
            os.kill(pid, signal.SIGKILL)
            assert await given.made() == {}
        assert "A worker process ended (signal 9)" in str(run.faults)
        source = Source(
            run.journal.index,
            run.journal.outbox,
            lambda stretch: run.reader.loading(run.journal, stretch),
            run.active,
            SystemClock(),
            dry_run=False,
            elsewhere=records.given,
        )
        assert await source._read(messages) == await made_here(run, messages)


async def test_other_credentials_are_used_at_once() -> None:
    """They do not change what verdicts are made by, but a worker has to get them."""
    async with owing() as (run, records, messages):
        for secret in ("first", "second"):
            destination = msgspec.structs.replace(SETTINGS.destination, api_secret=Secret(secret))
            run.active.use(msgspec.structs.replace(SETTINGS, destination=destination))
            here = await made_here(run, messages)
            async with records.given(messages) as given:
                there = await given.made()
            assert there == {id: here[id] for id in given.ids}
        async with records.given(messages) as given:
            run.active.use(SETTINGS)
            assert await given.made() == {}


async def test_a_worker_whose_answers_nobody_waits_for_ends() -> None:
    async with owing() as (run, records, messages):
        (pid,) = run.workers.pids
        async with records.given(messages):
            assert run.workers.free(run) is None
        assert run.workers.pids == []
        await until(lambda: not run.workers._ending)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
