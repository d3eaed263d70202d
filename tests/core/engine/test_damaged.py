"""Parts of the journal are damaged: they are named where they are, and everything else goes on."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from damage import flip
from engines import engine_settings, isolate, listed, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.commands.export import export_lines
from segtap.core.delivery import DeliveryState
from segtap.core.doctor.source import newest_messages
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import InputError, JournalError, SegtapError
from segtap.core.messages import Marks, Receipt, seq_of
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import FAULT_RULE

WORST = [
    ("data", b"\x00\x01"),
    ("data", b""),
    ("data", "text"),
    ("data", 7),
    ("received_at", "never"),
    ("received_at", 1 << 62),
]
"""Values for columns of a request, as damage may leave them."""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


def change(folder: Path, statement: str, *values: object) -> None:
    """Change the journal's file behind segtap's back."""
    db = sqlite3.connect(folder / "journal.db")
    db.execute(statement, values)
    db.commit()
    db.close()


@contextlib.asynccontextmanager
async def engine_on(folder: Path, **more: str) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(folder, **more)) as (engine, client):
        yield engine, client


async def six_messages(folder: Path, *, forwarding: bool = False) -> None:
    settings = engine_settings(folder)
    async with running_engine(settings, forwarding=forwarding) as (engine, client):
        for number in range(6):
            await post(engine.url, track(f"m-{number}", f"Event {number}", groupId="g"))
        await listed(client, 6)


async def ask_everything(client: Client) -> None:
    """Every question of the control API; each must be answered, with a sentence at the worst."""
    page = await client.page(limit=1_000)
    for line in page.summaries:
        with contextlib.suppress(InputError):
            await client.detail(line.id)
    await client.page(filter="event")
    await client.overview()
    await client.users()
    await client.user("user-7")
    await client.groups()
    await exported(client)
    await client.state()


async def exported(client: Client) -> list[str]:
    """The messageIds of what the engine exports; "" where the damage hit the name itself."""
    lines = [line async for piece in client.export() for line in piece.splitlines()]
    return [json.loads(line).get("messageId", "") for line in lines]


@pytest.mark.parametrize(("column", "value"), WORST)
async def test_a_damaged_request_is_a_row_that_says_so_and_the_rest_goes_on(
    tmp_path: Path, column: str, value: object
) -> None:
    await six_messages(tmp_path)
    change(tmp_path, f"UPDATE receipts SET {column} = ? WHERE seq = 3", value)
    async with engine_on(tmp_path) as (engine, client):
        await engine.warmed()
        await ask_everything(client)
        if column == "received_at":
            return  # the request itself has its time, too
        state = await until(client, lambda state: "damaged" in state.fault.lower())
        assert "1 request" in state.fault
        assert (state.received, state.deliveries.off) == (6, 6)
        lines = (await client.page()).summaries
        marked = [line for line in lines if line.damaged]
        assert [seq_of(line.id) for line in marked] == [3]
        assert (marked[0].name, marked[0].errors) == ("Event 2", 1)
        detail = await client.detail(marked[0].id)
        assert "request 3 is damaged" in (detail.receipt.refused or "")
        (finding,) = detail.verdict.findings
        assert finding.rule == FAULT_RULE
        assert "salvage" in finding.fix
        assert await exported(client) == ["m-0", "m-1", "m-3", "m-4", "m-5"]
        with pytest.raises(InputError, match="None of these can be replayed"):
            await client.replay([marked[0].id])
        assert await client.replay([line.id for line in lines]) == 5
        overview = await client.overview()
        assert [rule.rule for rule in overview.rules if rule.rule == FAULT_RULE] == [FAULT_RULE]
        await post(engine.url, track("m-new"))
        await until(client, lambda state: state.received == 12)


async def test_one_that_is_not_in_the_list_yet_gets_one_row(tmp_path: Path) -> None:
    await six_messages(tmp_path)
    change(tmp_path, "DELETE FROM messages WHERE id >= ?", 3 << 20)
    change(tmp_path, "UPDATE meta SET value = 2 WHERE key = 'indexed'")
    change(tmp_path, "UPDATE receipts SET data = x'00' WHERE seq = 4")
    async with engine_on(tmp_path) as (engine, client):
        await engine.indexed()
        lines = (await client.page()).summaries
        assert [(seq_of(line.id), line.damaged) for line in lines] == [(seq, seq == 4) for seq in range(1, 7)]
        assert "request 4 is damaged" in lines[3].name
        assert lines[3].refused
        await ask_everything(client)


async def test_what_is_owed_is_sent_and_the_damaged_one_is_a_fault(tmp_path: Path) -> None:
    await six_messages(tmp_path, forwarding=True)
    change(tmp_path, "UPDATE receipts SET data = x'00' WHERE seq = 3")
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (_, client):
            state = await until(
                client, lambda state: state.deliveries.sent == 5 and not state.deliveries.waiting
            )
        assert state.deliveries.fault == 1
        names = [event["event"] for event in mixpanel.events]
        assert names == ["Event 0", "Event 1", "Event 3", "Event 4", "Event 5"]
    async with engine_on(tmp_path) as (_, client):
        (line,) = [line for line in (await client.page()).summaries if line.damaged]
        assert line.delivery is DeliveryState.FAULT


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("delivery", "wating"),
        ("delivery", b"\xff\xfe"),
        ("name", b"\xff\xfe"),
        ("user", b"\x07"),
        ("marks", "x"),
        ("errors", -5),
        ("warnings", "many"),
        ("received_at", "x"),
        ("message_id", b"\x01"),
        ("findings", "x"),
        ("findings", 3),
        ("kind", 77),
        ("judged", "x"),
    ],
)
async def test_a_damaged_line_of_the_list_is_one_that_says_so(
    tmp_path: Path, column: str, value: object
) -> None:
    await six_messages(tmp_path)
    change(tmp_path, f"UPDATE messages SET {column} = ? WHERE id = ?", value, 3 << 20)
    async with engine_on(tmp_path) as (engine, client):
        await engine.warmed()
        await ask_everything(client)
        lines = (await client.page()).summaries
        assert [line.id >> 20 for line in lines] == [1, 2, 3, 4, 5, 6]
        if column not in ("findings", "judged"):
            assert [line.damaged for line in lines] == [False, False, True, False, False, False]
            assert "is damaged" in lines[2].name
        await post(engine.url, track("m-new"))
        await until(client, lambda state: state.received >= 6)


@pytest.mark.parametrize("change_of", ["data = x'00'", "data = 'x'", "ids = x'c1'", "last = 'x'"])
async def test_where_searched_texts_are_damaged_messages_are_read(tmp_path: Path, change_of: str) -> None:
    await six_messages(tmp_path)
    change(tmp_path, f"UPDATE texts SET {change_of}")
    async with engine_on(tmp_path) as (_, client):
        lines = (await client.page(filter='"event 2"')).summaries
        assert [line.id >> 20 for line in lines] == [3]


async def test_a_text_that_is_not_utf8_stands_with_marks(tmp_path: Path) -> None:
    await six_messages(tmp_path)
    change(tmp_path, "UPDATE messages SET name = CAST(x'4f6bff' AS TEXT) WHERE id = ?", 3 << 20)
    async with engine_on(tmp_path) as (_, client):
        assert (await client.page()).summaries[2].name == "Ok\ufffd"
        await ask_everything(client)


@pytest.mark.parametrize(
    ("column", "value"),
    [("outcome", "snet"), ("outcome", b"\x03"), ("status", "x"), ("words", b"\xff"), ("at", "x")],
)
async def test_a_damaged_attempt_counts_as_uncertain_and_is_not_made_again(
    tmp_path: Path, column: str, value: object
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"))
            await until(client, lambda state: state.deliveries.sent == 1)
        change(tmp_path, f"UPDATE deliveries SET {column} = ?", value)
        change(tmp_path, "UPDATE messages SET delivery = 'waiting', owed = 1")
        async with running_engine(settings, forwarding=True) as (_, client):
            await until(client, lambda state: state.deliveries.uncertain == 1)
            (line,) = (await client.page()).summaries
            (attempt,) = (await client.detail(line.id)).deliveries
            assert "damaged" in attempt.words
        assert len(mixpanel.events) == 1


async def test_commands_that_read_the_file_leave_it_out_and_say_so(tmp_path: Path) -> None:
    await six_messages(tmp_path)
    change(tmp_path, "UPDATE receipts SET data = x'00' WHERE seq = 3")
    settings = engine_settings(tmp_path)
    damaged: list[Receipt] = []
    lines = [line async for line in export_lines(journal=settings.journal, damaged=damaged.append)]
    assert len(lines) == 5
    assert ["request 3 is damaged" in (receipt.refused or "") for receipt in damaged] == [True]
    found = await newest_messages(settings, limit=10)
    assert [bool(detail.document) for detail in found.details] == [True, True, False, True, True, True]
    assert found.details[2].summary.marks & Marks.DAMAGED


@pytest.mark.parametrize("seed", range(12))
async def test_an_engine_on_a_damaged_file_answers_with_sentences(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    await six_messages(tmp_path)
    async with engine_on(tmp_path) as (engine, client):
        await post(
            engine.url, *(track(f"n-{n}", properties={"x": chance.randbytes(900).hex()}) for n in range(60))
        )
        await engine.indexed()
    path = tmp_path / "journal.db"
    path.write_bytes(flip(path.read_bytes(), chance.choice([3, 20, 100, 500]), chance))
    try:
        async with engine_on(tmp_path) as (engine, client):
            questions = (
                lambda: client.page(limit=1_000),
                lambda: client.page(filter="x"),
                client.overview,
                client.users,
                client.groups,
                client.state,
                lambda: client.replay([1 << 20]),
                *(lambda id=id: client.detail(id << 20) for id in range(1, 8)),
            )
            for question in questions:
                with contextlib.suppress(SegtapError):  # anything else is a fault
                    await question()
            with contextlib.suppress(SegtapError):
                await exported(client)
            answer = await post(engine.url, track("m-new"))
            assert answer.status_code in (200, 503)
    except JournalError as error:
        said = str(error)
    else:
        return
    assert f"segtap journal salvage --journal {path}" in said
