"""Deliveries through the API of an engine: listed, sent again, dropped, and found after a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, listed, track
from mixpanel_faults import DROP_AFTER
from subscriptions import VISITS, events

from segtap.core.api.client import Client
from segtap.core.api.deliveries import DeliveryRow
from segtap.core.delivery import Delivery, DeliveryState, Outcome
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import FilterFault
from segtap.core.forward.ledger import ON_ITS_WAY
from segtap.core.settings import Settings
from segtap.core.stand_in.server import MixpanelServer

EVENTS = events('type = "track" and event != "Visited"')
AT = {"timestamp": "2026-11-24T21:00:00Z"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    isolate(tmp_path, monkeypatch.setenv)
    return msgspec.structs.replace(engine_settings(tmp_path), subscriptions=(VISITS, EVENTS))


def to(settings: Settings, mixpanel: MixpanelServer) -> Settings:
    destination = msgspec.structs.replace(settings.destination, mixpanel_url=mixpanel.url)
    return msgspec.structs.replace(settings, destination=destination)


async def post(engine: Engine, *messages: object) -> None:
    async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
        answer = await http.post("/v1/batch", json={"batch": messages, "writeKey": "wk"})
    assert answer.status_code == 200


async def rows(client: Client, filter: str = "") -> list[DeliveryRow]:
    return [msgspec.json.decode(line, type=DeliveryRow) async for line in client.deliveries(filter)]


async def reached(client: Client, delivery: DeliveryState, count: int) -> None:
    """Wait until so many messages are in that state."""
    async with asyncio.timeout(20):
        while getattr((await client.state()).deliveries, delivery) < count:  # noqa: ASYNC110 – of the client
            await asyncio.sleep(0.02)


async def test_deliveries_are_listed_sent_again_and_dropped(settings: Settings) -> None:
    async with (
        MixpanelServer() as mixpanel,
        Engine(to(settings, mixpanel), forwarding=True) as engine,
        Client(engine.url, engine.token) as client,
    ):
        mixpanel.script(DROP_AFTER, DROP_AFTER, path="/engage")
        await post(engine, track("m-1", "Visited"), track("m_2", **AT), track("m-3", **AT))
        await reached(client, DeliveryState.UNCERTAIN, 1)
        await reached(client, DeliveryState.REFUSED, 1)
        await reached(client, DeliveryState.SENT, 1)
        uncertain, refused = await rows(client)
        assert (uncertain.message_id, uncertain.outcome, uncertain.endpoint) == (
            "m-1",
            "uncertain",
            "/engage",
        )
        assert (refused.message_id, refused.outcome, refused.status, refused.index) == (
            "m_2", "refused", 400, 0
        )  # fmt: skip
        assert refused.of == 2
        assert refused.words.startswith("'$insert_id' is invalid")
        assert (refused.request, refused.attempts, refused.type) == (1, 1, "track")
        assert [row.outcome for row in await rows(client, "delivery:sent")] == ["sent"]

        answer = await client.retry([uncertain.id, refused.id, 7])
        assert answer.changed == (uncertain.id, refused.id)
        assert [one.why for one in answer.unchanged] == ["the journal has no such message"]
        await reached(client, DeliveryState.UNCERTAIN, 1)
        await reached(client, DeliveryState.REFUSED, 1)
        assert list(mixpanel.profiles.values()) == [{"visits": 2}]

        answer = await client.drop([uncertain.id, refused.id])
        assert answer.changed == (uncertain.id,)
        assert [row.message_id for row in await rows(client)] == ["m_2"]
        (dropped,) = await rows(client, "delivery:off")
        assert (dropped.outcome, dropped.words) == ("dropped", "dropped: you decided so")
        with pytest.raises(FilterFault):
            await rows(client, "delivery:nonsense")
    assert len([one for one in mixpanel.requests if one.path == "/engage"]) == 2


async def test_while_forwarding_is_off_a_retry_waits(settings: Settings) -> None:
    async with (
        MixpanelServer() as mixpanel,
        Engine(to(settings, mixpanel), forwarding=True) as engine,
        Client(engine.url, engine.token) as client,
    ):
        await post(engine, track("m_1", **AT))
        await reached(client, DeliveryState.REFUSED, 1)
        await client.set_forwarding(False)
        (row,) = await rows(client)
        await client.retry([row.id])
        assert (await client.state()).deliveries.waiting == 1
        assert len(mixpanel.requests) == 1
        await client.set_forwarding(True)
        await reached(client, DeliveryState.REFUSED, 1)
        assert len(mixpanel.requests) == 2


async def test_what_was_on_its_way_in_a_crash_is_uncertain_while_forwarding_is_off(
    settings: Settings,
) -> None:
    async with Engine(settings) as engine, Client(engine.url, engine.token) as client:
        await post(engine, track("m-1", "Visited"), track("m-2", "Visited"))
        await listed(client, 2)
        first, second = (line.id for line in (await client.page()).summaries)
        # As an engine leaves it that is killed between sending the first and its answer.
        mark = Delivery(first, 0, 1_795_557_600_000, "/engage", Outcome.UNCERTAIN, words=ON_ITS_WAY)
        states = [(first, DeliveryState.WAITING), (second, DeliveryState.WAITING)]
        await engine.parts.stores.outbox.record([mark], states)
    async with Engine(settings) as engine, Client(engine.url, engine.token) as client:
        await reached(client, DeliveryState.UNCERTAIN, 1)
        state = await client.state()
        assert (state.forwarding, state.deliveries.waiting) == (False, 1)
        assert [line.id for line in (await client.page(filter="delivery:uncertain")).summaries] == [first]
