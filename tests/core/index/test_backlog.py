"""Messages that the index has are judged again by workers as by the engine itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import msgspec
import pytest
from indexing import NO_WORKER, NOW, SETTINGS, Running, batch, numbered, running, until
from odd_lines import LINES, track

from segtap.core.api.feed import Feed
from segtap.core.engine import rejudge
from segtap.core.engine.rejudge import Rejudging
from segtap.core.engine.supervisor import Supervisor
from segtap.core.index import indexer, refill, workers
from segtap.core.index.backlog import Backlog
from segtap.core.messages import Receipt
from segtap.core.settings import RuleSetting
from segtap.core.stores import Entry

pytestmark = pytest.mark.xdist_group("workers")

RULES = (
    RuleSetting(id="spec-property-missing", severity="error"),
    RuleSetting(id="second-receipt", severity="off"),
)
OTHER = msgspec.structs.replace(SETTINGS, rules=RULES)
COPY, OTHER_COPY = LINES["plain"], LINES["plain"].replace(b"m-1", b"m-2")


def receipts() -> list[Receipt]:
    """Odd messages, copies, a replay, a refused request, and many plain ones."""
    odd = [batch(line.replace(b"m-1", b"o-%d" % n), at=NOW + n) for n, line in enumerate(LINES.values())]
    return [
        *odd,
        batch(COPY, COPY, OTHER_COPY, at=NOW + 1_000),
        batch(COPY, at=NOW + 3_000, origin="replay"),
        batch(COPY, at=NOW + 4_000, refused="not JSON", status=400),
        batch(*(track(b"{}").replace(b"m-1", b"b-%d" % n) for n in range(70)), at=NOW + 6_000),
        *numbered(100, 7_000),
    ]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are used for any number of messages that wait for being judged again."""
    monkeypatch.setattr(rejudge, "BACKLOG", 0)
    monkeypatch.setattr(refill, "BACKLOG", 0)
    monkeypatch.setattr(rejudge, "STRETCH", 20)
    monkeypatch.setattr(indexer, "BACKLOG", 1 << 30)


async def judged_again(run: Running, *, each: Callable[[], None] = lambda: None) -> list[int]:
    """Judge everything again by `OTHER`. Return how many messages were left at each step."""
    left: list[int] = []

    def touched() -> None:
        left.append(rejudging.left)
        each()

    feed = Feed(run.journal.index.counts)  # type: ignore[arg-type]
    feed.touch = touched  # type: ignore[method-assign]
    backlog = Backlog(run.reader, run.workers, lambda: run.indexer.behind)
    rejudging = Rejudging(run.journal, run.reader, backlog, Supervisor(run.faults), feed)
    run.active.use(OTHER)
    run.judged_here = 0
    rejudging.start()
    await rejudging.done()
    return left


async def rows(*, most: int) -> tuple[list[Entry], int, list[int]]:
    """What the index holds after all is judged again, and how many messages this process has judged."""
    async with running(receipts(), most=most) as run:
        await run.indexer.idle()
        left = await judged_again(run)
        assert not str(run.faults)
        return run.entries, run.judged_here, left


async def test_stale_verdicts_are_made_by_workers_as_by_the_engine() -> None:
    here, all_here, _ = await rows(most=0)
    there, some_here, left = await rows(most=2)
    assert there == here
    assert {entry.judged.revision for entry in there if not entry.summary.refused} == {
        here[0].judged.revision
    }
    assert some_here < 40 < all_here, "the first stretch alone, and copies, whose verdicts need no rules"
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


async def test_what_a_killed_worker_had_is_judged_here() -> None:
    async with running(receipts(), most=1) as run:
        await run.indexer.idle()
        pids = list(run.workers.pids)

        def kill() -> None:
            if pids:
                os.kill(pids.pop(), signal.SIGKILL)

        await judged_again(run, each=kill)
        revisions = {one.judged.revision for one in run.entries if not one.summary.refused}
        assert revisions == {run.active.revision}
        assert "signal 9" in str(run.faults)
        assert run.judged_here > 100


async def test_without_workers_that_start_all_is_judged_here() -> None:
    async with running(receipts(), most=1, command=NO_WORKER) as run:
        await run.indexer.idle()
        await judged_again(run)
        revisions = {one.judged.revision for one in run.entries if not one.summary.refused}
        assert revisions == {run.active.revision}
        await until(lambda: "exit code 7" in str(run.faults))


async def test_workers_are_left_to_new_messages() -> None:
    """While the indexer has a backlog, nothing else is given to workers."""
    async with running(receipts(), most=1) as run:
        await run.indexer.idle()
        backlog = Backlog(run.reader, run.workers, lambda: True)

        async def pieces():  # type: ignore[no-untyped-def]
            yield "all", await run.journal.receipts.read()

        run.judged_here = 0
        async for name, judged in backlog.judged(pieces(), many=True):
            assert (name, len(judged)) == ("all", len(receipts()))
        assert run.judged_here > 200


async def test_a_worker_whose_answers_nobody_reads_is_stopped() -> None:
    async with running(numbered(200), most=1) as run:
        await run.indexer.idle()
        (pid,) = run.workers.pids
        backlog = Backlog(run.reader, run.workers, lambda: False)

        async def pieces():  # type: ignore[no-untyped-def]
            yield 0, await run.journal.receipts.read(limit=64)
            yield 1, await run.journal.receipts.read(64, limit=64)

        found = backlog.judged(pieces(), many=True)
        await anext(found)
        await found.aclose()
        assert pid not in run.workers.pids
        await run.up()
        assert workers.AHEAD > 1
        assert run.workers.free(run.indexer) is not None
