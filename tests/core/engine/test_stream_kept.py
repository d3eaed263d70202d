"""Findings of the rules on the stream, from the indexer through the journal to the detail, over restarts."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from engines import engine_settings, post, running_engine
from fault_log import FaultLog
from journal_values import as_version_1, look
from memory_journal import MemoryJournal

from segtap.core import stores
from segtap.core.api.models import MessageDetail
from segtap.core.checks.stream import Digest, StreamChecker, StreamLimits, digest
from segtap.core.engine.active import ActiveSettings
from segtap.core.index.indexer import Indexer
from segtap.core.index.receipts import Observe, ReceiptReader
from segtap.core.messages import JsonObject, Message, Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import JournalSettings, Settings
from segtap.core.verdict import FAULT_RULE, Finding, Translation, Verdict

FOUND = Finding("shared-device", "error", "$.anonymousId", "two users", "call reset()")


def track(user: str, number: int, **more: object) -> JsonObject:
    return {
        "type": "track",
        "event": f"Step {number}",
        "userId": user,
        "messageId": f"00000000-0000-4000-8000-{number:012}",
        "timestamp": "2026-11-24T22:00:00Z",
        "context": {"ip": "203.0.113.7"},
        **more,
    }  # pyright: ignore


def stream_rules(detail: MessageDetail) -> list[str]:
    rules = [finding.rule for finding in detail.verdict.findings]
    return [rule for rule in rules if rule in ("shared-device", "no-profile")]


async def test_a_finding_is_shown_with_its_message_and_after_a_restart(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        login = track("u-1", 1, anonymousId="5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3", type="identify")
        await post(engine.url, login)
        await post(engine.url, track("u-2", 2, anonymousId="5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"))
        await engine.indexed()
        first, second = (await client.page()).summaries
        assert (first.errors, second.errors) == (0, 1)
        assert stream_rules(await client.detail(first.id)) == []
        shown = await client.detail(second.id)
        assert stream_rules(shown) == ["shared-device"]
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        assert (await client.detail(second.id)).verdict == shown.verdict
        assert (await client.page()).summaries[1].errors == 1


async def test_after_a_restart_the_rules_know_what_came_before(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        for number in range(2):
            await post(engine.url, track("u-1", number))
        await engine.indexed()
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await engine.warmed()
        await post(engine.url, track("u-1", 2))
        await engine.indexed()
        newest = (await client.page()).summaries[-1]
        assert stream_rules(await client.detail(newest.id)) == ["no-profile"]


async def test_clearing_the_journal_forgets_what_the_rules_saw(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        for number in range(2):
            await post(engine.url, track("u-1", number))
        await engine.indexed()
        await client.clear()
        await post(engine.url, track("u-1", 2))
        await engine.indexed()
        (newest,) = (await client.page()).summaries
        assert stream_rules(await client.detail(newest.id)) == []


def receipt(*documents: JsonObject) -> Receipt:
    return Receipt(
        uid="r",
        received_at=1,
        method="POST",
        path="/v1/batch",
        body=json.dumps({"batch": documents}).encode(),
    )


async def indexed_with(observe: Observe, journal: MemoryJournal, *, mend: str = "") -> list[str]:
    """Index the journal; returns the faults reported. `mend`: repair the journal at the first fault."""
    reported = asyncio.Event()
    log = FaultLog(lambda text: reported.set())
    reader = ReceiptReader(parse_receipt, lambda message: Verdict(Translation()), log, observe=observe)
    indexer = Indexer(
        journal,
        reader,
        publish=lambda lines: None,
        offer=lambda summary, made: None,
        owed=lambda: None,
        faults=log,
    )
    task = asyncio.create_task(indexer.run())
    if mend:
        await reported.wait()
        journal.failing = ""
    await indexer.idle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return log.said


async def test_work_that_is_done_again_is_seen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.core.index.indexer.RETRY_FIRST", 0.01)
    journal = MemoryJournal()
    await journal.receipts.append(receipt(track("u-1", 1), track("u-1", 2)))
    journal.failing = "the disk is full"
    seen: list[int] = []

    def observe(given: Digest) -> tuple[Finding, ...]:
        seen.append(given.said.id)
        return (FOUND,)

    await indexed_with(observe, journal, mend="now")
    assert len(seen) == len(set(seen)) == 2
    assert [entry.findings for entry in journal.entries.values()] == [(FOUND,), (FOUND,)]
    assert [entry.summary.errors for entry in journal.entries.values()] == [1, 1]


async def test_a_message_on_which_the_rules_fail_is_kept() -> None:
    journal = MemoryJournal()
    await journal.receipts.append(receipt(track("u-1", 1)))

    def observe(given: Digest) -> tuple[Finding, ...]:
        raise ZeroDivisionError("oh")

    faults = await indexed_with(observe, journal)
    (entry,) = journal.entries.values()
    assert [finding.rule for finding in entry.findings] == [FAULT_RULE]
    assert "ZeroDivisionError: oh" in faults[0]


async def test_a_journal_of_the_first_version_goes_on(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("u-1", 1))
        await engine.indexed()
        (old,) = (await client.page()).summaries
        path = (await client.state()).journal
    as_version_1(path)
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("u-1", 2))
        await engine.indexed()
        await engine.refilled()  # the first version kept no write keys
        assert (await client.page()).summaries[0] == old
        assert (await client.detail(old.id)).document
    assert look(path, "PRAGMA user_version")[0][0] > 1


async def test_damaged_findings_are_said(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("u-1", 1))
        await engine.indexed()
        (line,) = (await client.page()).summaries
        path = (await client.state()).journal
    db = sqlite3.connect(path)
    db.execute("UPDATE messages SET findings = x'ff'")
    db.commit()
    db.close()
    journal = await stores.open(JournalSettings(path=path))
    (finding,) = (await journal.index.findings([line.id]))[line.id]
    assert (finding.rule, finding.severity) == (FAULT_RULE, "error")
    assert "is damaged in the journal" in finding.message
    await journal.close()


def test_what_had_to_be_forgotten_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("segtap.core.engine.active.LOOK_AT_MEMORY", 100)
    reading = ActiveSettings(Settings())
    reading.stream = StreamChecker(limits=StreamLimits(ids=256 * 4))
    for number in range(4_000):
        document = track(f"u-{number}", number)
        message = Message(
            id=number,
            type="track",
            message_id=f"m-{number}",
            received_at=number,
            document=document,
            original=b"",
        )
        reading.observe(digest(message, Translation(), number))
    (said,) = [record.getMessage() for record in caplog.records if record.name == "segtap.core.engine.active"]
    assert said.startswith("the rules on the stream have forgotten, the oldest first: ")
