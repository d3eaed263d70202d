"""The stories of a user and of an event, asked of an engine: whole journal, newest first, bit by bit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import engine_settings, isolate, listed, post, running_engine, track

from segtap.core.api.client import Client
from segtap.core.engine import leased, stories
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import InputError
from segtap.core.stores.sqlite import progress
from segtap.core.stories.model import EventStory, UserStory

DEVICE, OTHER = "82165c5e-1df2-4b8c-8b1d-0c9a4e5f7a10", "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(engine_settings(tmp_path)) as both:
        yield both


def page(id: str, who: str = DEVICE, **more: Any) -> dict[str, Any]:
    path = {"properties": {"path": "/pricing"}}
    return {"type": "page", "name": "Pricing", "anonymousId": who, "messageId": id, **path, **more}


def identify(id: str, user: str = "user-7", who: str = DEVICE) -> dict[str, Any]:
    return {
        "type": "identify",
        "userId": user,
        "anonymousId": who,
        "messageId": id,
        "traits": {"plan": "pro"},
    }


def ids(story: UserStory) -> list[str]:
    return [one.line.message_id for one in story.moments]


async def whole_event(client: Client, *key: str, **more: Any) -> EventStory:
    while (found := await client.event_story(*key, **more)).covered.behind:
        pass
    return found


async def test_a_user_has_the_messages_before_and_after_the_call_that_joined_their_ids(
    running: tuple[Engine, Client],
) -> None:
    engine, client = running
    await post(engine.url, page("m-1"), page("m-2", OTHER), identify("m-3"), identify("m-4"))
    await post(engine.url, track("m-5", properties={"order_id": "order_991"}), track("m-6", userId="User-7"))
    await post(engine.url, identify("m-7", who=OTHER), page("m-8", OTHER, userId="user-9"))
    await listed(client, 8)
    for id in ("user-7", DEVICE, OTHER):
        story = await client.user_story(id)
        assert ids(story) == ["m-1", "m-2", "m-3", "m-4", "m-5", "m-7"]
        assert story.cluster is not None
        assert story.cluster.distinct_id == "user-7"
        assert not story.more
        assert not story.covered.behind
    joins = {one.line.message_id: one.joins for one in story.moments if one.joins}
    assert {id: (one.kind, one.user, one.anonymous) for id, (one,) in joins.items()} == {
        "m-3": ("identify", "user-7", DEVICE),
        "m-7": ("identify", "user-7", OTHER),
    }
    first, *_, last = story.moments
    assert (first.id, first.known, first.about) == (DEVICE, False, "/pricing")
    assert (last.id, last.known, last.about) == ("user-7", True, "pro")
    assert story.moments[4].about == "order_991"
    assert any(rule for one in story.moments for rule in one.rules)
    assert ids(await client.user_story("user-9")) == ["m-8"]


async def test_in_a_simplified_project_an_event_with_both_ids_joins_them(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(engine_settings(tmp_path), identity="simplified")
    async with running_engine(settings) as (engine, client):
        await post(engine.url, page("m-1"), track("m-2", anonymousId=DEVICE), page("m-3"))
        await post(engine.url, track("m-4", userId="user-9", anonymousId=DEVICE), track("m-5", userId=DEVICE))
        await listed(client, 5)
        joined = await client.user_story("user-7")
        assert ids(joined) == ["m-1", "m-2", "m-3"]
        assert [one.kind for moment in joined.moments for one in moment.joins] == ["event"]
        assert joined.moments[1].joins[0].anonymous == f"$device:{DEVICE}"
        assert ids(await client.user_story(f"$device:{DEVICE}")) == ids(joined)
        assert ids(await client.user_story(DEVICE)) == ["m-5"], "a user with the id of a device"
        assert ids(await client.user_story("user-9")) == ["m-4"]


async def test_it_is_read_in_stretches_from_the_newest_on(running: tuple[Engine, Client]) -> None:
    engine, client = running
    for start in range(0, 40, 4):
        await post(
            engine.url,
            *(track(f"m-{at}", userId="busy" if at % 2 else f"user-{at}") for at in range(start, start + 4)),
        )
    lines = await listed(client, 40)
    story = await client.user_story("busy", limit=6)
    assert ids(story) == [f"m-{at}" for at in range(29, 41, 2)]
    assert story.more
    assert story.reached == lines[-1].id
    found = ids(story)
    while story.more:
        story = await client.user_story("busy", before=story.moments[0].line.id, limit=6)
        found = ids(story) + found
    assert found == [f"m-{at}" for at in range(1, 40, 2)]
    newer = await client.user_story("busy", after=lines[0].id, limit=3)
    assert (ids(newer), newer.more) == (["m-1", "m-3", "m-5"], True)
    assert newer.reached == newer.moments[-1].line.id
    rest = await client.user_story("busy", after=lines[-1].id)
    assert (ids(rest), rest.more, rest.reached) == ([], False, lines[-1].id)


async def test_a_search_whose_time_is_up_goes_on_where_it_was(
    running: tuple[Engine, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_TOGETHER", 5)
    engine, client = running
    await post(engine.url, track("m-rare", userId="rare"))
    for start in range(30):
        await post(engine.url, track(f"m-{start}"))
    await listed(client, 31)
    story = await client.user_story("rare", wait=0)
    asked = 1
    while not story.moments:
        assert story.more
        assert 0 < story.searched < 31
        story = await client.user_story("rare", before=story.searched_to, wait=0)
        asked += 1
    assert ids(story) == ["m-rare"]
    assert asked > 1


async def test_a_user_that_is_not_there(running: tuple[Engine, Client]) -> None:
    engine, client = running
    await post(engine.url, track("m-1"))
    await listed(client, 1)
    for id in ("nobody", "", "\x00", "x" * 1_000, "%"):
        story = await client.user_story(id)
        assert (story.cluster, story.moments) == (None, ())


async def test_ids_longer_than_the_index_keeps_stay_apart(running: tuple[Engine, Client]) -> None:
    engine, client = running
    same = "x" * 200
    await post(engine.url, track("m-1", userId=f"{same}a"), track("m-2", userId=f"{same}b"))
    await listed(client, 2)
    assert ids(await client.user_story(f"{same}a")) == ["m-1"]
    assert ids(await client.user_story(f"{same}b")) == ["m-2"]


async def test_an_event_has_its_properties_and_what_changed(running: tuple[Engine, Client]) -> None:
    engine, client = running
    totals: list[Any] = [10, 12.5, "13", None, 14]
    await post(
        engine.url,
        *(track(f"m-{at}", "Order Completed", properties={"total": one}) for at, one in enumerate(totals)),
        track("m-5", "order completed", properties={"total": "another event"}),
        track("m-6", "Order Completed"),
    )
    lines = {line.message_id: line.id for line in await listed(client, 7)}
    story = await whole_event(client, "track", "Order Completed")
    assert (story.holder, story.total, story.covered.messages) == ("properties", 1, 6)
    assert [(one.type, one.name, one.messages) for one in story.overview.events] == [
        ("track", "Order Completed", 6)
    ]
    (total,) = story.properties
    assert (total.path, total.messages) == (("total",), 5)
    assert [(one.type, one.messages) for one in total.types] == [("number", 3), ("string", 1), ("null", 1)]
    assert [(one.message, one.before, one.after) for one in total.changes] == [
        (lines["m-4"], "string", "number"),
        (lines["m-2"], "number", "string"),
    ]
    assert sum(story.slots) == 6
    assert await whole_event(client, message=lines["m-3"]) == story
    await post(engine.url, track("m-7", "Order Completed", properties={"total": True, "new": 1}))
    await listed(client, 8)
    story = await whole_event(client, "track", "Order Completed")
    assert {one.path[0]: one.messages for one in story.properties} == {"total": 6, "new": 1}
    assert story.properties[0].changes[0].after == "boolean"
    await client.clear()
    story = await whole_event(client, "track", "Order Completed")
    assert (story.total, story.covered.messages) == (0, 0)


async def test_events_with_odd_names_and_calls_without_one(running: tuple[Engine, Client]) -> None:
    engine, client = running
    names = ["Line\nbreak", "n" * 150, "\x1b[31mred", "注文 🛒"]
    await post(
        engine.url,
        *(track(f"m-{at}", name, properties={"x": at}) for at, name in enumerate(names)),
        identify("m-4"),
        page("m-5"),
        page("m-6", name="Checkout"),
    )
    for line in await listed(client, 7):
        story = await whole_event(client, message=line.id)
        assert story.covered.messages == 1, line
        assert story.total == 1
        assert story.holder == ("traits" if line.type == "identify" else "properties")


async def test_a_message_without_an_event(running: tuple[Engine, Client]) -> None:
    engine, client = running
    await post(engine.url, {"type": "track"})
    lines = await listed(client, 1)
    with pytest.raises(InputError):
        await client.event_story(message=lines[0].id + 100)


async def test_reading_goes_on_only_while_somebody_asks(
    running: tuple[Engine, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, client = running
    for start in range(0, 300, 50):
        await post(engine.url, *(track(f"m-{start + at}", properties={"x": at}) for at in range(50)))
    await listed(client, 300)
    monkeypatch.setattr(leased, "WAIT", 0.0)
    monkeypatch.setattr(leased, "LEASE", 0.0)
    monkeypatch.setattr(stories, "LINES", 50)
    monkeypatch.setattr(stories, "FIRST_LINES", 50)
    story = await client.event_story("track", "Signed Up")
    assert story.covered.behind
    await asyncio.sleep(0)
    before = story.covered.messages
    monkeypatch.setattr(leased, "LEASE", 60.0)
    monkeypatch.setattr(leased, "WAIT", 1.0)
    story = await whole_event(client, "track", "Signed Up")
    assert before < story.covered.messages == 300
