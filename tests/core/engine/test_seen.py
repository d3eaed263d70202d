"""The values that fields of filters have: each count is the number of messages that the filter finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engines import engine_settings, listed, post, running_engine, track

from segtap.core.aggregates.model import ValueCount
from segtap.core.api.client import Client
from segtap.core.query import quoted

MESSAGES = [
    track("m0", "Order Completed", properties={"total": 10}),
    track("m1", "order completed", userId="user-8"),
    track("m2", "Signed Up!", userId="user-8"),
    {"type": "identify", "userId": "user-7", "messageId": "m3", "traits": {"plan": "pro"}},
    {"type": "page", "name": "Home", "anonymousId": "a1", "messageId": "m4"},
    {"type": "group", "groupId": "acme", "userId": "user-7", "messageId": "m5", "traits": {"name": "Acme"}},
    track("m0", "Order Completed"),
]
COUNTED = ("type", "event", "key", "source", "library", "origin", "rule", "sent", "delivery", "warn", "is")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        for message in MESSAGES:
            await post(engine.url, message)
        await listed(client, len(MESSAGES))
        yield client


async def pairs(client: Client, field: str, text: str = "") -> list[tuple[str, int | None]]:
    return [(one.text, one.count) for one in (await client.values(field, text)).values]


async def test_every_count_is_what_the_filter_finds(client: Client) -> None:
    for field in COUNTED:
        counted = [one for one in (await client.values(field)).values if one.count is not None]
        assert counted or field == "library", field
        for one in counted:
            page = await client.page(filter=f"{field}:{quoted(one.text)}")
            assert len(page.summaries) == one.count, (field, one)


async def test_spellings_in_another_case_are_one_value(client: Client) -> None:
    assert await pairs(client, "event") == [("Order Completed", 3), ("Home", 1), ("Signed Up!", 1)]


async def test_values_that_begin_with_the_text_come_first(client: Client) -> None:
    assert await pairs(client, "event", "o") == [("Order Completed", 3), ("Home", 1)]
    assert await pairs(client, "event", "ORDER C") == [("Order Completed", 3)]
    assert await pairs(client, "delivery", "re") == [("refused", 0)]


async def test_users_and_groups(client: Client) -> None:
    assert dict(await pairs(client, "user", "USER")) == {"user-7": 1, "user-8": 2}
    assert set(dict(await pairs(client, "user"))) == {"user-7", "user-8", "a1"}
    assert (await client.values("group")).values == (ValueCount("acme"),)


async def test_fields_without_values(client: Client) -> None:
    for field in ("since", "id", "nothing", ""):
        assert await pairs(client, field) == []
