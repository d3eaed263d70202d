"""Users and groups of the messages that match a filter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track

from segtap.core.aggregates.model import Groups
from segtap.core.api.client import Client
from segtap.core.engine import leased, narrowed
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import FilterFault
from segtap.core.identities.model import Users

ANONYMOUS = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
MESSAGES = [
    {"type": "identify", "userId": "ada", "anonymousId": ANONYMOUS, "messageId": "m-1", "traits": {"a": 1}},
    {"type": "group", "userId": "ada", "groupId": "acme", "messageId": "m-2", "traits": {"name": "Acme"}},
    track("m-3", "Order Completed", userId="ada", context={"groupId": "acme"}),
    track("m-4", "Order Completed", userId="ada"),
    track("m-5", "Signed Up", userId="ada"),
    track("m-6", "Signed Up", userId="ben"),
    track("m-7", "Signed Up", userId=None, anonymousId=ANONYMOUS),
]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, *MESSAGES)
        await listed(client, len(MESSAGES))
        yield engine, client


async def users(client: Client, filter: str, text: str = "") -> Users:
    while (found := await client.users(text, filter=filter)).covered.behind:
        pass
    return found


async def groups(client: Client, filter: str) -> Groups:
    while (found := await client.groups(filter)).covered.behind:
        pass
    return found


def names(found: Users) -> set[str]:
    return {one.distinct_id for one in found.clusters}


async def test_users_of_whom_a_message_matches(running: tuple[Engine, Client]) -> None:
    _, client = running
    found = await users(client, "event:order*")
    assert names(found) == {"ada"}
    assert found.total == 1
    assert {member.id for member in found.clusters[0].members} == {"ada", ANONYMOUS}, "joined by all messages"
    assert (found.covered.messages, found.covered.looked) == (2, len(MESSAGES))
    assert names(await users(client, "event:signed*")) == {"ada", "ben"}
    assert names(await users(client, "event:signed*", "BE")) == {"ben"}
    assert names(await users(client, f"userId!={ANONYMOUS} event:none")) == set()
    assert names(await users(client, f"user:{ANONYMOUS} type:track")) == {"ada"}, "by a visitor's id, too"


async def test_events_that_match_are_counted_for_groups(running: tuple[Engine, Client]) -> None:
    _, client = running
    everything = await client.groups()
    found = await groups(client, "event:order*")
    assert found.group_calls == everything.group_calls == 1
    assert [one.key for one in found.keys] == [one.key for one in everything.keys]
    (key,) = found.keys
    assert {one.event: (one.carrying, one.lacking) for one in key.events} == {"Order Completed": (1, 1)}
    (all_of_it,) = everything.keys
    assert {one.event for one in all_of_it.events} == {"Order Completed", "Signed Up"}
    assert {part.part: part.standing for part in key.parts}["group profile"] == "yes"


async def test_messages_that_come_are_added_and_a_cleared_journal_is_forgotten(
    running: tuple[Engine, Client],
) -> None:
    engine, client = running
    assert names(await users(client, "type:track event:signed*")) == {"ada", "ben"}
    await post(engine.url, track("m-8", "Signed Up", userId="eve"))
    await listed(client, len(MESSAGES) + 1)
    assert names(await users(client, "type:track event:signed*")) == {"ada", "ben", "eve"}
    await client.clear()
    assert names(await users(client, "type:track event:signed*")) == set()


async def test_it_says_how_far_it_is(running: tuple[Engine, Client], monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = running
    monkeypatch.setattr(narrowed, "LINES", 2)
    monkeypatch.setattr(leased, "WAIT", 0.0)
    found = await client.users(filter="type:track")
    assert found.covered.behind
    assert (await users(client, "type:track")).covered.looked == len(MESSAGES)


async def test_a_filter_that_cannot_be_read(running: tuple[Engine, Client]) -> None:
    _, client = running
    with pytest.raises(FilterFault):
        await client.users(filter="typ:x")
    with pytest.raises(FilterFault):
        await client.groups("typ:x")
