"""What it costs to send a journal's backlog to Mixpanel, against a script that posts the same records.

Both post to the same stand-in, in a process of its own. The figures are CPU time of all threads together.
With a worker it is that of the process that has more of it: the drain is as fast where each has a core. The
script holds the records in memory, and lets httpx write the JSON; segtap reads the messages from the journal,
translates them, and writes what became of each.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from measured import cpu_of, message

from segtap.core import stores
from segtap.core.engine.active import ActiveSettings
from segtap.core.faults import Faults
from segtap.core.forward.forwarder import Forwarder
from segtap.core.index.owed import OwedRecords
from segtap.core.index.receipts import ReceiptReader
from segtap.core.index.summaries import entry_of, judged_of, summarize
from segtap.core.index.workers import Workers
from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import DestinationSettings, JournalSettings, Secret, Settings
from segtap.core.stores.base import Entry, Stores
from segtap.core.verdict import Verdict

MESSAGES = 20_000
BATCH = 100
SCRIPT_BATCH = 2_000
ROUNDS = 3
SERVER = Path(__file__).parents[1] / "counting_server.py"
NOW = 1_795_557_600_000
TOKEN = "0123456789abcdef0123456789abcdef"


async def owing(path: Path, active: ActiveSettings) -> Stores:
    """Return a journal that owes the messages to Mixpanel, as an engine leaves it behind."""
    opened = await stores.open(JournalSettings(path=str(path)))
    verdict: Verdict | None = None
    for start in range(0, MESSAGES, BATCH):
        body = json.dumps({"batch": [message(start + n) for n in range(BATCH)]}).encode()
        receipt = Receipt(
            uid=f"r-{start}", received_at=NOW, method="POST", path="/v1/batch", body=body, wanted=True
        )
        receipt = msgspec.structs.replace(receipt, seq=await opened.receipts.append(receipt))
        entries: list[Entry] = []
        for read in parse_receipt(receipt):
            # The forwarder reads no verdict: one will do for all.
            verdict = verdict or active.judge(read)
            judged = judged_of(verdict, read.marks, verdict, active.revision)
            entries.append(entry_of(summarize(read, verdict, receipt), read, receipt, judged))
        await opened.index.add(entries, receipt.seq)
    return opened


async def drained(opened: Stores, active: ActiveSettings, most: int) -> tuple[float, float]:
    """Return the seconds of CPU that sending the backlog takes: in this process, and in a worker."""
    faults = Faults(lambda: None)
    reader = ReceiptReader(parse_receipt, active.judge, faults, keeper=active)
    workers = Workers(lambda: (active.settings, active.revision), lambda uid: None, faults, most=most)
    owed = OwedRecords(
        opened.receipts, workers, lambda: active.settings, busy=lambda: False, plain=lambda: True
    )
    forwarder = Forwarder(
        opened,
        lambda stretch: reader.loading(opened, stretch),
        active,
        settings=active.settings.destination,
        elsewhere=owed.given,
    )
    if most:
        workers.need()
        while not workers.pids:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)
    (pid,) = workers.pids or [0]
    gc.collect()
    gc.freeze()
    began, before = time.process_time(), cpu_of(pid) if pid else 0.0
    running = asyncio.create_task(forwarder.run())
    await forwarder.wait_idle()
    here, there = time.process_time() - began, (cpu_of(pid) if pid else 0.0) - before
    gc.unfreeze()
    await forwarder.stop()
    await running
    await workers.close()
    assert str(faults) == ""
    assert (await opened.index.counts()).deliveries.sent == MESSAGES
    return here, there


def posted(url: str, authorization: str, records: list[Any]) -> float:
    """Return the seconds of CPU that a script takes to post the records."""
    gc.collect()
    began = time.process_time()
    with httpx.Client(headers={"authorization": authorization}) as client:
        for start in range(0, len(records), SCRIPT_BATCH):
            answer = client.post(url, json=records[start : start + SCRIPT_BATCH])
            assert answer.json()["num_records_imported"] == SCRIPT_BATCH
    return time.process_time() - began


@pytest.mark.parametrize(("most", "at_least"), [(0, 0.15), (1, 0.26)], ids=["by itself", "with a worker"])
async def test_a_backlog_drains_against_a_plain_script(tmp_path: Path, most: int, at_least: float) -> None:
    server = await asyncio.create_subprocess_exec(sys.executable, str(SERVER), stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(await server.stdout.readline())}"
        destination = DestinationSettings(token=TOKEN, api_secret=Secret(TOKEN[::-1]), mixpanel_url=url)
        active = ActiveSettings(Settings(destination=destination))
        requests = [
            active.compiled.translator.translate(message(number), now=NOW).operations[0].request
            for number in range(MESSAGES)
        ]
        records = [request.body[0] for request in requests if isinstance(request.body, list)]
        drain = script = float("inf")
        for round_ in range(ROUNDS):
            opened = await owing(tmp_path / f"{round_}.db", active)
            drain = min(drain, max(await drained(opened, active, most)))
            await opened.close()
            script = min(script, posted(f"{url}/import", requests[0].authorization or "", records))
    finally:
        server.terminate()
        await server.wait()
    print(
        f"\ndrain with {most} workers: {drain / MESSAGES * 1e6:.1f} µs of CPU a message and process, "
        f"script {script / MESSAGES * 1e6:.1f} µs, ratio {script / drain:.2f}"
    )
    assert script / drain >= at_least
