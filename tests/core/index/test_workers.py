"""Worker processes: they judge as the engine does, in its order, and nothing is lost if one of them fails."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from indexing import NO_WORKER, NOW, SETTINGS, batch, numbered, running, until
from odd_lines import LINES, track
from worker_target import count_steps

from segtap.core.delivery import DeliveryState
from segtap.core.index import indexer, worker_process, workers
from segtap.core.index.wire import Answer
from segtap.core.messages import Marks
from segtap.core.settings import RuleSetting
from segtap.core.verdict import FAULT_RULE

TARGET = Path(__file__).parents[2] / "worker_target.py"

pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are used from the first message on."""
    monkeypatch.setattr(indexer, "BACKLOG", 0)


def target(folder: Path, *how: str) -> tuple[str, ...]:
    return (sys.executable, str(TARGET), str(folder / "counts.json"), *how)


async def test_workers_judge_as_the_engine_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odd messages, copies within a batch and later, replays, refused requests: each row is the same."""
    copy, other = LINES["plain"], LINES["plain"].replace(b"m-1", b"m-2")
    refused = LINES["userId is missing"].replace(b"m-1", b"m-3")
    receipts = [
        *(batch(line.replace(b"m-1", b"odd-%d" % n), at=NOW + n) for n, line in enumerate(LINES.values())),
        batch(copy, copy, other, at=NOW + 1_000),
        batch(refused, refused, copy, at=NOW + 2_000),
        batch(refused.replace(b"}", b',"userId":"u-1"}'), at=NOW + 2_500, wanted=False),
        batch(copy, at=NOW + 3_000, origin="replay"),
        batch(copy, at=NOW + 4_000, refused="not JSON", status=400),
        batch(*(track(b"{}").replace(b"m-1", b"b-%d" % n) for n in range(40)), at=NOW + 6_000),
    ]
    zipped = gzip.compress(receipts[-1].body)
    headers = (("content-encoding", "gzip"),)
    receipts.append(msgspec.structs.replace(receipts[-1], body=zipped, headers=headers, uid="zip"))
    with monkeypatch.context() as counting:
        steps = count_steps(counting.setattr)
        async with running(receipts, most=0) as here:
            await here.indexer.idle()
    async with running(receipts, command=target(tmp_path)) as there:
        await there.indexer.idle()
    assert there.entries == here.entries
    assert there.published == here.published
    assert there.offered == here.offered
    assert there.faults.said.count("") == len(there.faults.said)
    messages = len([line for line in here.published if not line.refused])
    assert (here.judged_here, there.judged_here) == (messages, 0)
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts == dict(steps), "as often as in the engine"
    assert 100 < counts["check"] <= messages
    assert any(entry.findings for entry in here.entries), "rules on the stream have found something"


async def test_copies_are_found_in_the_order_of_receipt() -> None:
    """Several pieces of work are with the workers at a time; none knows of the others' messages."""
    receipts = [receipt for _ in range(2) for receipt in numbered(150)]
    async with running(receipts, most=2) as run:
        await run.indexer.idle()
        assert run.judged_here == 0
    assert run.ids == [f"n-{number}" for _ in range(2) for number in range(150)]
    marks = [bool(line.marks & Marks.SECOND_RECEIPT) for line in run.published]
    assert marks == [False] * 150 + [True] * 150


async def test_a_worker_that_is_killed_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "WRITE_MESSAGES", 1)  # the first line is published before all are judged
    async with running(numbered(400)) as run:

        def kill() -> None:
            run.each = lambda: None
            os.kill(run.workers.pids[0], signal.SIGKILL)

        run.each = kill
        await run.indexer.idle()
        assert run.ids == [f"n-{number}" for number in range(400)]
        assert 0 < run.judged_here < 400
        said = "A worker process ended (signal 9). The engine judges messages itself, more slowly."
        assert said in str(run.faults)
        assert run.workers.pids == []


@pytest.mark.parametrize(
    ("how", "said"),
    [("exits", "A worker process ended (exit code 3)"), ("raises", "ZeroDivisionError: poison")],
)
async def test_a_message_that_a_worker_fails_on_stops_nobody(tmp_path: Path, how: str, said: str) -> None:
    async with running(numbered(100), command=target(tmp_path, "n-70", how)) as run:
        await run.indexer.idle()
        assert run.ids == [f"n-{number}" for number in range(100)]
        assert said in str(run.faults)
        failed = [line.message_id for line in run.published if line.delivery == "failed by segtap"]
        errors = [entry.summary.message_id for entry in run.entries if "segtap-fault" in entry.judged.rules]
        assert errors == (["n-70"] if how == "raises" else [])
        assert failed in ([], errors)


async def test_a_message_that_a_worker_hangs_on_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is killed; another one judges what it had, and each message behind it."""
    monkeypatch.setattr(worker_process, "PATIENCE", 1.0)
    batched = batch(*(track(b"{}").replace(b"m-1", b"b-%d" % n) for n in range(5)), at=NOW + 50)
    receipts = [*numbered(40), batched, *numbered(100, 40)]
    async with running(receipts, command=target(tmp_path, "b-2", "hangs")) as run:
        (pid,) = run.workers.pids
        await run.indexer.idle()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert (len(run.ids), run.judged_here) == (145, 0)
        failed = {one.summary.message_id: one for one in run.entries if FAULT_RULE in one.judged.rules}
        assert list(failed) == ["b-2"]
        entry = failed["b-2"]
        assert entry.summary.delivery is DeliveryState.FAULT
        words = f"segtap gave up on message {entry.summary.id}: the process that judges it was killed"
        assert words in str(run.faults)
        detail = await run.reader.detail(run.journal, entry.summary.id)
        assert (len(run.ids), run.judged_here) == (145, 0), "opening it does not judge it again"
        (finding,) = [one for one in detail.verdict.findings if one.rule == FAULT_RULE]
        assert words in finding.message
        assert "regular expression" in finding.fix
        assert detail.verdict.translation.operations == ()


async def test_a_request_that_a_worker_hangs_on_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it hangs before it knows the messages, all of the request fails, and no other."""
    monkeypatch.setattr(worker_process, "PATIENCE", 1.0)
    async with running(numbered(30), command=target(tmp_path, "n-7", "hangs reading")) as run:
        await run.indexer.idle()
        assert run.judged_here == 0
        assert [bool(line.refused) for line in run.published] == [n == 7 for n in range(30)]
        words = "the process that reads it was killed, for it gave no sign for 1 s"
        assert re.search(rf"failed to read request \d+: {words}", str(run.faults))


async def test_an_engine_without_a_worker_that_starts_judges_by_itself() -> None:
    async with running(numbered(30), command=NO_WORKER) as run:
        await run.indexer.idle()
        await until(lambda: "exit code 7" in str(run.faults))
        await until(lambda: not run.workers._starting)  # the task that failed ends just after its report
        assert run.judged_here == 30
        run.workers.need()
        assert not run.workers._starting, "not before the pause is over"


async def test_verdicts_are_made_by_the_settings_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings change while workers have messages: what they made by the old ones is not used."""
    monkeypatch.setattr(indexer, "WRITE_MESSAGES", 1)
    quiet = msgspec.structs.replace(SETTINGS, rules=(RuleSetting(id="*", severity="off"),))
    async with running(numbered(400)) as run:
        before, changed_after = run.active.revision, 0

        def change() -> None:
            nonlocal changed_after
            run.each, changed_after = lambda: None, len(run.published)
            run.active.use(quiet)

        run.each = change
        await run.indexer.idle()
        revisions = [entry.judged.revision for entry in run.entries]
        assert revisions == [before] * changed_after + [run.active.revision] * (400 - changed_after)
        assert 0 < changed_after < 400
        assert 0 < run.judged_here < 400 - changed_after, "the worker judges by the new settings, too"
        noted = [entry.judged.notes + entry.judged.warnings for entry in run.entries]
        assert sum(noted[changed_after:]) == 0 < sum(noted[:changed_after])


async def test_what_is_collected_is_judged_again_when_the_settings_change() -> None:
    """They change between two pieces of work that are to be written together."""
    quiet = msgspec.structs.replace(SETTINGS, rules=(RuleSetting(id="*", severity="off"),))
    async with running(numbered(400)) as run:
        answer, asked = run.workers.answer, 0

        async def changing(*given: Any) -> Answer | None:
            nonlocal asked
            asked += 1
            if asked == 2:
                run.active.use(quiet)
            return await answer(*given)

        run.workers.answer = changing
        await run.indexer.idle()
        assert asked > 2
        assert run.ids == [f"n-{number}" for number in range(400)]
        assert {entry.judged.revision for entry in run.entries} == {run.active.revision}
        assert sum(entry.judged.notes + entry.judged.warnings for entry in run.entries) == 0


async def test_clearing_drops_what_workers_have() -> None:
    async with running(numbered(300)) as run:
        async with run.indexer.pause():
            await run.journal.clear()
            run.indexer.forget()
        await run.journal.receipts.append(numbered(1, 500)[0])
        await run.indexer.idle()
        assert run.ids[-1] == "n-500"
        assert [entry.summary.message_id for entry in run.entries] == ["n-500"]
        assert not str(run.faults)


async def test_workers_end_once_they_have_had_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE", 0.01)
    monkeypatch.setenv("SEGTAP_SECRET", "hunter2-in-the-environment")
    async with running(numbered(3)) as run:
        (pid,) = run.workers.pids
        if sys.platform == "linux":
            for name in ("environ", "cmdline"):
                text = Path(f"/proc/{pid}/{name}").read_bytes()
                assert b"hunter2" not in text
                assert SETTINGS.destination.token.encode() not in text
        await run.indexer.idle()
        await until(lambda: not run.workers.pids and not run.workers._ending)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert not str(run.faults)


async def test_workers_that_are_busy_end_with_the_engine(tmp_path: Path) -> None:
    async with running(numbered(3), command=target(tmp_path, "n-1", "hangs")) as run:
        (pid,) = run.workers.pids
        await asyncio.sleep(0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert run.ids == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_worker_ends_with_an_engine_that_is_killed(tmp_path: Path) -> None:
    """Its stdin closes, whatever it is busy with."""
    script = (
        "import asyncio\n"
        "from segtap.core.faults import Faults\n"
        "from segtap.core.settings import Settings\n"
        "from segtap.core.index.workers import Workers\n"
        "async def main():\n"
        "    one = Workers(lambda: (Settings(), '1'), lambda uid: None, Faults(), most=1)\n"
        "    one.need()\n"
        "    while not one.pids: await asyncio.sleep(0.01)\n"
        "    print(one.pids[0], flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert engine.stdout is not None
    pid = int(await engine.stdout.readline())
    engine.kill()
    await engine.wait()
    await until(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    return False
