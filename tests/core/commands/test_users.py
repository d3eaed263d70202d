"""`segtap users` of lines, of an engine and of a journal: the same users."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from check_helpers import DESTINATION
from engines import engine_settings, isolate, post, running_engine

from segtap.core import stores
from segtap.core.commands.check import check_lines
from segtap.core.commands.users import UsersOf, users_kept
from segtap.core.engine.build import now
from segtap.core.identities.model import UserRow
from segtap.core.index.receipts import ReceiptReader
from segtap.core.json_text import json_bytes
from segtap.core.messages import JsonObject, Message, Receipt
from segtap.core.pipeline import compiled
from segtap.core.settings import JournalSettings, Settings
from segtap.core.verdict import Translation

DEVICE = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
NOW = 1_795_557_600_000


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


def message(type: str, number: int, **fields: object) -> JsonObject:
    timestamp = "2026-11-24T22:00:00Z"
    return {"type": type, "messageId": f"m-{number}", "timestamp": timestamp, **fields}  # pyright: ignore


STORY = (
    message("page", 1, name="Home", anonymousId=DEVICE),
    message("identify", 2, userId="ann", anonymousId=DEVICE, traits={"plan": "pro"}),
    message("track", 3, event="Order Placed", userId="bob", anonymousId=DEVICE),
)
ORIGINAL = [UserRow([DEVICE, "ann"], 1, True), UserRow(["bob"], 1, False)]
SIMPLIFIED = [UserRow([f"$device:{DEVICE}", "bob"], 2, False), UserRow(["ann"], 0, True)]


async def test_an_engine_and_then_its_journal(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(
        engine_settings(tmp_path), journal=JournalSettings(path=str(tmp_path / "journal.db"))
    )
    async with running_engine(settings) as (engine, _):
        await post(engine.url, *STORY)
        await engine.indexed()
        rows, origin = await users_kept(settings, url=engine.url, clock=lambda: NOW)
        assert list(rows) == ORIGINAL
        assert engine.url in origin
        other = msgspec.structs.replace(settings, identity="simplified")
        rows, _ = await users_kept(other, url=engine.url, clock=lambda: NOW, own=True)
        assert list(rows) == SIMPLIFIED
        await engine.parts.change.apply(other)
        rows, _ = await users_kept(settings, url=engine.url, clock=lambda: NOW)
        assert list(rows) == SIMPLIFIED, "an engine reads by its own settings, from the first message on"
    rows, origin = await users_kept(settings, url="", clock=lambda: NOW)
    assert list(rows) == SIMPLIFIED, "so does who reads its journal afterwards"
    rows, _ = await users_kept(settings, url="", clock=lambda: NOW, own=True)
    assert list(rows) == ORIGINAL
    assert origin == str(tmp_path / "journal.db")
    async with running_engine(settings) as (engine, client):
        users = await client.users()
        assert [one.distinct_id for one in users.clusters] == ["bob", "ann"]
        assert users.covered.messages == 3


async def test_a_journal_is_read_from_where_its_engine_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = msgspec.structs.replace(
        engine_settings(tmp_path), journal=JournalSettings(path=str(tmp_path / "journal.db"))
    )
    async with running_engine(settings) as (engine, _):
        await post(engine.url, *STORY)
        await engine.indexed()
    kept = await stores.open(settings.journal)
    new = [STORY[2], message("track", 4, event="Order Placed", userId="bob"), {"type": "track"}]
    for number in range(2):  # the second time all of it is a copy
        body = json_bytes({"batch": new})
        await kept.receipts.append(
            Receipt(uid=f"new {number}", received_at=now(), method="POST", path="/v1/batch", body=body)
        )
    await kept.close()
    read: list[str] = []
    translated = ReceiptReader.translated

    async def counted(reader: ReceiptReader, message: Message) -> Translation:
        read.append(message.message_id)
        return await translated(reader, message)

    monkeypatch.setattr(ReceiptReader, "translated", counted)
    rows, _ = await users_kept(settings, url="", clock=lambda: NOW)
    assert list(rows) == [ORIGINAL[0], UserRow(["bob"], 2, False)]
    assert (len(read), set(read) & {"m-1", "m-2"}) == (6, set())
    read.clear()
    other = msgspec.structs.replace(settings, identity="simplified")
    rows, _ = await users_kept(other, url="", clock=lambda: NOW, own=True)
    assert list(rows) == [UserRow(SIMPLIFIED[0].ids, 3, False), SIMPLIFIED[1]]
    assert len(read) == 9, "other settings read all messages"


def test_a_second_receipt_adds_nothing() -> None:
    first = message("track", 1, event="Good", userId="ann", receivedAt="2026-11-24T10:00:00Z")
    again = [{**first, "receivedAt": f"2026-11-{day}T09:00:00Z"} for day in (25, 26)]
    lines = [json.dumps(one) for one in (first, *again)]
    users = UsersOf(Settings(), lambda: NOW)
    users.take(lines)
    assert list(users.rows()) == [UserRow(["ann"], 2, False)]
    assert (users.messages, users.copies) == (3, 1)


def test_a_check_does_not_count_a_second_receipt() -> None:
    visit = message("page", 1, anonymousId=DEVICE, name="Home")
    login = message("identify", 2, userId="ann", anonymousId=DEVICE, traits={"plan": "pro"})
    lines = [json.dumps(one) for one in (visit, visit, login)]
    *_, last = check_lines(lines, compiled(DESTINATION), clock=lambda: NOW)
    (joined,) = (one for one in last.findings if one.rule == "anonymous-to-known")
    assert joined.message == f'1 event of "{DEVICE}" becomes an event of user "ann"'


def test_what_is_refused_adds_nothing() -> None:
    users = UsersOf(Settings(), lambda: NOW)
    users.take(
        [
            json.dumps(message("track", 1, event="No id")),
            json.dumps(message("track", 2, event="Nobody", userId="null")),
            json.dumps(message("track", 3, event="Both", userId="n/a", anonymousId=DEVICE)),
            json.dumps({"batch": [message("track", 4, event="Good", userId="ann"), 7]}),
            "[1]",
            "",
            json.dumps(message("track", 5, event="Off", userId="ann", integrations={"All": False})),
        ]
    )
    assert list(users.rows()) == [UserRow(["ann"], 1, False)]
    assert (users.messages, users.refused) == (5, 1)
    assert [number for number, _ in users.unreadable] == [4, 5]
