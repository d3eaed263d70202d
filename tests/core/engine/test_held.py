"""`[[hold]]`: what matches waits before it is forwarded, until it is released, edited or dropped."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import engine_settings, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.delivery import DeliveryCounts, DeliveryState, Outcome
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import Hold, Settings
from segtap.core.stand_in.server import MixpanelServer

AT = {"timestamp": "2026-11-24T21:00:00Z"}
HOLD = (Hold(filter="properties.total>100 or mp.$set.plan=pro"), Hold(filter="rule:event-name"))


def settings_of(folder: Path, mixpanel: MixpanelServer, **more: Any) -> Settings:
    settings = engine_settings(folder, mixpanel_url=mixpanel.url, **more)
    return msgspec.structs.replace(settings, hold=HOLD)


async def held(client: Client, filter: str = "delivery:held") -> list[str]:
    """The messageIds of what is held."""
    return [line.message_id for line in (await client.page(filter=filter)).summaries]


async def id_of(client: Client, message_id: str) -> int:
    """The number of the newest message with that messageId."""
    return (await client.page(filter=f"id:{message_id}")).summaries[-1].id


async def counted(client: Client, **wanted: int) -> DeliveryCounts:
    """Wait until that many messages are in these states."""
    state = await until(
        client, lambda state: all(getattr(state.deliveries, name) == n for name, n in wanted.items())
    )
    return state.deliveries


async def test_what_matches_waits_and_all_else_is_sent(tmp_path: Path) -> None:
    identify = {"type": "identify", "userId": "user-7", "messageId": "m-3", "traits": {"plan": "pro"}}
    async with (
        MixpanelServer() as mixpanel,
        running_engine(settings_of(tmp_path, mixpanel), forwarding=True) as (engine, client),
    ):
        await post(
            engine.url,
            track("m-1", properties={"total": 50}, **AT),
            track("m-2", properties={"total": 500}, **AT),
            identify,
            track("m-4", "  odd  ", **AT),
            track("m-5", **AT),
        )
        await counted(client, held=3, sent=2)
        assert await held(client) == ["m-2", "m-3", "m-4"]
        # What follows of the same user does not wait for a held identify.
        assert [event["properties"]["$insert_id"] for event in mixpanel.events] == ["m-1", "m-5"]
        assert not mixpanel.profiles
        assert 'segtap_journal_messages{delivery="held"} 3' in await engine.parts.outside.metrics()

        number = await id_of(client, "m-2")
        changed = await client.release([number, await id_of(client, "m-1"), 7])
        assert changed.changed == (number,)
        assert [one.why for one in changed.unchanged] == ["it is not held", "the journal has no such message"]
        await counted(client, held=2, sent=3)
        assert mixpanel.events[-1]["properties"]["$insert_id"] == "m-2"
        story = (await client.detail(number)).deliveries
        assert [(one.outcome, one.words) for one in story][:1] == [
            (Outcome.RETRY, "released: you decided so")
        ]
        assert [one.attempt for one in story if one.outcome is Outcome.SENT] == [1]

        number = await id_of(client, "m-3")
        assert (await client.retry([number])).unchanged[0].why.startswith("it is held")
        assert (await client.drop([number])).changed == (number,)
        await counted(client, held=1, off=1)
        # What was dropped can be sent after all.
        assert (await client.retry([number])).changed == (number,)
        await counted(client, held=1, sent=4)
        assert list(mixpanel.profiles.values()) == [{"plan": "pro"}]


async def test_an_edited_message_takes_the_place_of_a_held_one(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(settings_of(tmp_path, mixpanel), forwarding=True) as (engine, client),
    ):
        await post(engine.url, track("m-1", properties={"total": 500}, **AT))
        await counted(client, held=1)
        await client.set_forwarding(False)
        number = await id_of(client, "m-1")
        text = msgspec.json.encode(track("m-1", properties={"total": 700}, **AT))
        await client.send_edited(text, number)
        # It still matches the filter, and is not held again: the user has seen it.
        await counted(client, held=0, off=1, waiting=1)
        await client.set_forwarding(True)
        await counted(client, sent=1)
        assert [event["properties"]["total"] for event in mixpanel.events] == [700]


async def test_off_comes_before_held_and_a_start_without_hold_keeps_what_is_held(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel)
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track("m-1", properties={"total": 500}, **AT))
            await counted(client, off=1, held=0)
            await client.set_forwarding(True)
            await post(engine.url, track("m-2", properties={"total": 500}, **AT))
            await counted(client, off=1, held=1)
        plain = msgspec.structs.replace(settings, hold=())
        async with running_engine(plain, forwarding=True) as (engine, client):
            await post(engine.url, track("m-3", properties={"total": 500}, **AT))
            await counted(client, off=1, held=1, sent=1)
            await client.release([await id_of(client, "m-2")])
            await counted(client, off=1, held=0, sent=2)
        assert sorted(key[-1] for key in mixpanel.deduped()) == ["m-2", "m-3"]
        assert len(mixpanel.events) == 2


async def test_a_dry_run_holds_and_releases(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(settings_of(tmp_path, mixpanel, dry_run=True), forwarding=True) as (engine, client),
    ):
        await post(engine.url, track("m-1", properties={"total": 500}, **AT), track("m-2", **AT))
        await counted(client, held=1, waiting=1)
        await client.release([await id_of(client, "m-1")])
        await counted(client, held=0, waiting=2)
        assert not mixpanel.requests


async def test_other_filters_concern_what_is_received_from_then_on(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel)
        async with Engine(settings, forwarding=True) as engine, Client(engine.url, engine.token) as client:
            await post(engine.url, track("m-1", properties={"total": 500}, **AT), track("m-2", **AT))
            await counted(client, held=1, sent=1)
            await engine.parts.change.apply(msgspec.structs.replace(settings, hold=(Hold(filter="id:m-4"),)))
            await post(
                engine.url, track("m-3", properties={"total": 500}, **AT), track("m-4", **AT), track("m-2")
            )
            await counted(client, held=2, sent=2, none=1)
            assert await held(client) == ["m-1", "m-4"]


@pytest.mark.parametrize("count", [700])
async def test_many_at_once_while_workers_judge(tmp_path: Path, count: int) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(settings_of(tmp_path, mixpanel), forwarding=True) as (engine, client),
    ):
        some = [track(f"m-{n}", properties={"total": 500 if n % 2 else 5}, **AT) for n in range(count)]
        await asyncio.gather(*(post(engine.url, *some[at : at + 100]) for at in range(0, count, 100)))
        await counted(client, held=count // 2, sent=count // 2)
        lines: list[int] = []
        page = await client.page(filter="delivery:held", limit=1_000)
        lines = [line.id for line in page.summaries]
        assert {line.delivery for line in page.summaries} == {DeliveryState.HELD}
        assert len((await client.release(lines)).changed) == count // 2
        await counted(client, held=0, sent=count)
        assert len(mixpanel.events) == len(mixpanel.deduped()) == count
