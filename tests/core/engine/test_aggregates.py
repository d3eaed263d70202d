"""Users and groups of the whole journal: gathered as messages come, kept, and gathered again if need be."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from check_helpers import every_real_message
from engines import engine_settings, isolate, listed, post, running_engine, track

from segtap.core.aggregates.model import Groups, Overview
from segtap.core.api.client import Client
from segtap.core.api.models import Coverage, Summary
from segtap.core.engine import aggregates, gathering
from segtap.core.engine.lifecycle import Engine
from segtap.core.identities.model import SHORT_MEMBERS, Users
from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import Message, Receipt, message_number
from segtap.core.settings import RuleSetting
from segtap.core.verdict import Translation


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


def story(start: int, count: int) -> list[dict[str, Any]]:
    """Messages of a few users in groups, some of whose devices are joined to them."""
    made: list[dict[str, Any]] = []
    for number in range(start, start + count):
        user, device = f"user-{number % 7}", str(uuid.UUID(int=number % 11, version=4))
        one: dict[str, Any] = {"userId": user, "anonymousId": device, "messageId": f"m-{number}"}
        match number % 4:
            case 0:
                made.append({**one, "type": "identify", "traits": {"plan": "pro"}})
            case 1:
                company = f"company-{number % 3}"
                made.append({**one, "type": "group", "groupId": company, "traits": {"plan": "pro"}})
            case _:
                made.append({**one, "type": "track", "event": f"Event {number % 5}", "properties": {}})
    return made


async def known(client: Client) -> tuple[Users, Groups]:
    """The users and groups once all messages are gathered."""
    users = await client.users()
    while users.covered.behind:
        users = await client.users()
    return users, await client.groups()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions of the receipts that are read to gather what is in them."""
    positions: list[int] = []
    load = ReceiptReader.load_from

    async def counting(self: ReceiptReader, receipt: Receipt, lines: Mapping[int, Summary]) -> list[Message]:
        positions.append(receipt.seq)
        return await load(self, receipt, lines)

    monkeypatch.setattr(ReceiptReader, "load_from", counting)
    return positions


async def test_a_start_reads_only_what_came_after_what_was_kept(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        for start in range(0, 200, 20):
            await post(engine.url, *story(start, 20))
        await engine.indexed()
        before = await known(client)
        assert before[0].total == 7
        assert before[0].covered.messages == 200
        assert before[1].group_calls == 50
    with monkeypatch.context() as crashing:
        async with running_engine(settings) as (engine, client):
            assert await known(client) == before
            await post(engine.url, *story(200, 20))
            await engine.indexed()
            crashing.setattr(engine.parts.gathering, "keep", nothing)
    assert read == []
    async with running_engine(settings) as (engine, client):
        users, groups = await known(client)
        assert (users.covered.messages, groups.group_calls) == (220, 55)
        assert read == [11]
    async with running_engine(settings) as (engine, client):
        assert await known(client) == (users, groups)
        assert read == [11]


def change(path: Path, statement: str) -> None:
    """Change the file of a journal while no engine has it."""
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()


async def nothing() -> None:
    """Keep nothing, as if the process had died."""


async def test_the_whole_journal_is_read_where_nothing_is_kept(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, with the progress in each answer; messages that come meanwhile are in it once."""
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        for start in range(0, 120, 10):
            await post(engine.url, *story(start, 10))
        await engine.indexed()
        before = await known(client)
    change(tmp_path / "journal.db", "DELETE FROM meta WHERE key = 'snapshot'")
    translated = ReceiptReader.translated

    async def slowly(self: ReceiptReader, message: Message) -> Translation:
        await asyncio.sleep(0.001)
        return await translated(self, message)

    with monkeypatch.context() as slow:
        slow.setattr(gathering, "RECEIPTS", 2)
        slow.setattr(aggregates, "WAIT", 0.0)
        slow.setattr(ReceiptReader, "translated", slowly)
        async with running_engine(settings) as (engine, client):
            parts = [(await client.users()).covered]
            await post(engine.url, *story(120, 10))
            while parts[-1].behind:
                await asyncio.sleep(0.01)
                parts.append((await client.users()).covered)
            assert len({part.messages for part in parts}) > 3
            assert all(part.messages + part.behind >= 120 for part in parts)
            users, groups = await known(client)
    assert users.covered.messages == 130
    assert len(read) == len(set(read)) >= 12
    other = tmp_path / "other"
    other.mkdir()
    async with running_engine(engine_settings(other)) as (engine, client):
        for start in range(0, 130, 10):
            await post(engine.url, *story(start, 10))
        await engine.indexed()
        at_once = await known(client)
    assert before[0].total == users.total
    timeless = [msgspec.structs.replace(one, covered=Coverage()) for one in (users, groups)]
    assert [msgspec.structs.replace(one, covered=Coverage()) for one in at_once] == timeless


async def test_what_other_settings_made_or_cannot_be_read_is_not_used(
    tmp_path: Path, read: list[int]
) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        await post(engine.url, *story(0, 40))
        await engine.indexed()
    async with running_engine(msgspec.structs.replace(settings, identity="simplified")) as (_, client):
        users, _ = await known(client)
        assert (users.mode, users.covered.messages, len(read)) == ("simplified", 40, 1)
    quiet = msgspec.structs.replace(
        settings, identity="simplified", rules=(RuleSetting(id="*", severity="off"),)
    )
    async with running_engine(quiet) as (_, client):
        assert (await known(client))[0] == users
        assert len(read) == 1, "rules make no other users"
    change(tmp_path / "journal.db", "UPDATE snapshots SET data = x'00'")
    async with running_engine(quiet) as (_, client):
        assert (await known(client))[0] == users
        assert len(read) == 2
