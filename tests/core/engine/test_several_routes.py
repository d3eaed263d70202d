"""An engine with several routes to Mixpanel: each with its project, translation, verdict and deliveries."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, post, running_engine, track, until
from subscriptions import events

from segtap.core.api.client import Client
from segtap.core.api.models import EngineState, RouteState
from segtap.core.commands.stats import routes_of
from segtap.core.delivery import DeliveryState, Outcome, RouteStanding
from segtap.core.engine.relays import refuse_routes
from segtap.core.errors import ForwardingRefused, InputError
from segtap.core.serve.launch import start_engine
from segtap.core.serve.server import Listener
from segtap.core.settings import DestinationSettings, Hold, RouteSettings, Secret, Settings
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer

US_TOKEN, EU_TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
EU_SECRET = "an-api-secret-of-the-eu-project"
SENT, WAITING, NONE = DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.NONE
UNAVAILABLE = Fault(503, "upstream connect error or disconnect/reset before headers")
FORBIDDEN = Fault(403, {"error": "Forbidden", "status": "error"})


def routes(
    eu: str, *, keys: tuple[str, ...] = ("web", "both"), filter: str = ""
) -> tuple[RouteSettings, ...]:
    """The first project gets messages by their write key, the second, a classic one, by a filter."""
    classic = DestinationSettings(
        kind="classic-cloud", token=EU_TOKEN, api_secret=Secret(EU_SECRET), region="eu", mixpanel_url=eu
    )
    return (
        RouteSettings(name="us", write_keys=keys),
        RouteSettings(name="eu", filter=filter or "key:app,both", to=classic),
    )


def settings_for(folder: Path, us: str, eu: str, **more: Any) -> Settings:
    given = {key: more.pop(key) for key in ("keys", "filter") if key in more}
    settings = engine_settings(folder, mixpanel_url=us, token=US_TOKEN, **more)
    return msgspec.structs.replace(settings, routes=routes(eu, **given), subscriptions=(events(),))


def along(state: EngineState, name: str) -> RouteState:
    return next(one for one in state.routes if one.name == name)


def metrics_by_route(text: str) -> dict[str, dict[str, float]]:
    """Return the numbers of each route to Mixpanel; the oldest that is owed has some age just if some is."""
    found: dict[str, dict[str, float]] = {}
    for name, route, value in re.findall(
        r'^segtap_route_(\w+){route="(\w+)",kind="mixpanel"} (\S+)$', text, re.M
    ):
        if not name.endswith("_created"):
            found.setdefault(route, {})[name.removesuffix("_total")] = float(value)
    for numbers in found.values():
        assert (numbers.pop("oldest_owed_seconds") > 0) is (numbers["backlog"] > 0)
    return found


def ids(mixpanel: MixpanelServer) -> list[str]:
    return sorted(event["properties"]["$insert_id"] for event in mixpanel.events)


async def ids_listed(client: Client) -> dict[str, int]:
    return {line.message_id: line.id for line in (await client.page(limit=1_000)).summaries}


async def test_each_message_goes_along_the_routes_that_take_it(tmp_path: Path) -> None:
    async with MixpanelServer() as us, MixpanelServer() as eu:
        settings = settings_for(tmp_path, us.url, eu.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"), write_key="web")
            await post(engine.url, track("m-2"), write_key="app")
            await post(engine.url, track("m-3"), write_key="both")
            await post(engine.url, track("m-4"), write_key="other")
            state = await until(client, lambda state: state.deliveries.sent == 3)
            assert (state.received, state.deliveries.off) == (4, 1)
            assert (along(state, "us").sent, along(state, "eu").sent) == (2, 2)
            numbers = await ids_listed(client)
            detail = await client.detail(numbers["m-3"])
            assert detail.route == "us"
            assert [(one.route, one.delivery) for one in detail.standings] == [("us", SENT), ("eu", SENT)]
            # An event of the classic destination has no insert id: it is written down before it is sent.
            assert sorted((one.route, one.outcome) for one in detail.deliveries) == [
                ("eu", Outcome.SENT),
                ("eu", Outcome.UNCERTAIN),
                ("us", Outcome.SENT),
            ]
            assert detail.verdict.translation.operations[0].subscription == "Events"
            assert (await client.detail(numbers["m-2"])).route == "eu"
            assert (await client.detail(numbers["m-4"])).standings == ()
        assert ids(us) == ["m-1", "m-3"]
        assert len(eu.events) == 2
        assert {event["properties"]["token"] for event in eu.events} == {EU_TOKEN}


async def test_the_verdict_along_each_route_is_that_of_its_destination(tmp_path: Path) -> None:
    async with running_engine(settings_for(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")) as (
        engine,
        client,
    ):
        await post(engine.url, track("m-1"), write_key="both")
        await until(client, lambda state: state.received == 1)
        (id,) = (await ids_listed(client)).values()
        first, other = await client.detail(id, "us"), await client.detail(id, "eu")
        assert first.verdict.translation.operations[0].action == "trackEvent"
        assert "/import" in first.verdict.translation.operations[0].request.url
        assert other.route == "eu"
        assert "/import" not in other.verdict.translation.operations[0].request.url
        assert EU_SECRET not in msgspec.json.encode(other).decode()
        assert other.summary.delivery is DeliveryState.OFF
        with pytest.raises(InputError, match="no route to Mixpanel that is named nowhere"):
            await client.detail(id, "nowhere")


@pytest.mark.parametrize("fault", [UNAVAILABLE, FORBIDDEN], ids=["down", "halted"])
async def test_a_project_that_is_down_does_not_hold_up_another(tmp_path: Path, fault: Fault) -> None:
    async with MixpanelServer() as us, MixpanelServer() as eu:
        settings = settings_for(tmp_path, us.url, eu.url, filter="type:track", keys=())
        us.script(*[fault] * 50)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, *(track(f"m-{n}") for n in range(20)))
            state = await until(
                client, lambda state: along(state, "eu").sent == 20 and bool(along(state, "us").fault)
            )
            assert (along(state, "us").waiting, along(state, "us").sent) == (20, 0)
            assert state.deliveries.waiting == 20
            assert state.halted is (fault is FORBIDDEN)
            assert "us: " in state.fault
            await post(engine.url, track("later"))
            state = await until(client, lambda state: along(state, "eu").sent == 21)
            numbers = metrics_by_route(await engine.parts.outside.metrics())
            assert numbers["us"] == {"sent": 0, "refused": 0, "uncertain": 0, "backlog": 21}
            assert numbers["eu"] == {"sent": 21, "refused": 0, "uncertain": 0, "backlog": 0}
            first, other = routes_of(state)
            assert (first.name, first.sent, first.owed, bool(first.fault)) == ("us", 0, 21, True)
            assert (other.name, other.sent, other.owed, other.fault) == ("eu", 21, 0, "")
        assert len(eu.events) == 21


async def test_what_is_held_is_released_along_all_of_its_routes(tmp_path: Path) -> None:
    async with MixpanelServer() as us, MixpanelServer() as eu:
        settings = settings_for(tmp_path, us.url, eu.url, filter="type:track", keys=())
        settings = msgspec.structs.replace(settings, hold=(Hold(filter='event:"Refunded"'),))
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1", "Refunded"))
            state = await until(client, lambda state: state.deliveries.held == 1)
            (id,) = (await ids_listed(client)).values()
            decided = await client.decide("release", [id])
            assert decided.changed == (id,)
            state = await until(client, lambda state: state.deliveries.sent == 1)
            assert (along(state, "us").sent, along(state, "eu").sent) == (1, 1)


async def test_a_decision_may_be_about_one_route(tmp_path: Path) -> None:
    async with MixpanelServer() as eu:
        settings = settings_for(tmp_path, "http://127.0.0.1:9", eu.url, filter="type:track", keys=())
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"))
            await until(client, lambda state: along(state, "eu").sent == 1)
            (id,) = (await ids_listed(client)).values()
            nowhere = await client.decide("drop", [id], "eu")
            assert (nowhere.changed, nowhere.unchanged[0].why) == ((), "Mixpanel has accepted it")
            rows = [json.loads(line) async for line in client.deliveries("id:m-1")]
            assert [(row["route"], row["delivery"], row["outcome"]) for row in rows] == [
                ("us", "waiting", "waiting"),
                ("eu", "sent", "sent"),
            ]
            assert (await client.decide("drop", [id], "us")).changed == (id,)
            state = await until(client, lambda state: along(state, "us").waiting == 0)
            assert (state.deliveries.off, along(state, "eu").sent) == (1, 1)
            standings = (await client.detail(id)).standings
            assert standings == (
                RouteStanding("us", DeliveryState.OFF, standings[0].errors, standings[0].warnings),
                RouteStanding("eu", SENT, standings[1].errors, standings[1].warnings),
            )


async def test_from_one_route_to_several_and_back(tmp_path: Path) -> None:
    """What was owed before goes along the first; what was owed along another stays owed to it."""
    async with MixpanelServer() as us, MixpanelServer() as eu:
        one = engine_settings(tmp_path, mixpanel_url="http://127.0.0.1:9", token=US_TOKEN)
        one = msgspec.structs.replace(one, subscriptions=(events(),))
        async with running_engine(one, forwarding=True) as (engine, client):
            await post(engine.url, track("before"))
            await until(client, lambda state: state.deliveries.waiting == 1)
        down = settings_for(tmp_path, us.url, "http://127.0.0.1:9", filter="type:track", keys=())
        async with running_engine(down, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"))
            await until(client, lambda state: along(state, "us").sent == 2)
            assert ids(us) == ["before", "m-1"]
        back = msgspec.structs.replace(down, routes=(down.routes[0],))
        async with running_engine(back, forwarding=True) as (engine, client):
            await post(engine.url, track("m-2"))
            state = await until(client, lambda state: state.deliveries.sent == 2)
            assert state.deliveries.waiting == 1
            assert "Still owed to the route eu, which is no longer in [[routes]]: 1 message" in state.fault
            assert ids(us) == ["before", "m-1", "m-2"]
            assert await client.drop_route("eu") == 1
            state = await until(client, lambda state: state.deliveries.waiting == 0)
            assert "Still owed" not in state.fault
        assert eu.events == []


async def test_a_filter_of_the_only_route_is_obeyed(tmp_path: Path) -> None:
    async with MixpanelServer() as us:
        settings = engine_settings(tmp_path, mixpanel_url=us.url, token=US_TOKEN)
        only = RouteSettings(name="us", filter='event:"Signed Up"')
        settings = msgspec.structs.replace(settings, routes=(only,), subscriptions=(events(),))
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1", "Signed Up"), track("m-2", "Order"))
            state = await until(client, lambda state: state.received == 2 and state.deliveries.sent == 1)
            assert (state.deliveries.off, along(state, "us").sent, state.deliveries.to_send) == (1, 1, 0)
            await client.replay([(await ids_listed(client))["m-2"]])
            await until(client, lambda state: state.received == 3 and state.deliveries.off == 2)
        assert ids(us) == ["m-1"]
        without = msgspec.structs.replace(settings, routes=())
        async with running_engine(without, forwarding=True) as (engine, client):
            await post(engine.url, track("m-3", "Order"))
            await until(client, lambda state: state.deliveries.sent == 2)
        assert ids(us) == ["m-1", "m-3"]
    with pytest.raises(ForwardingRefused, match="filter of the route us cannot be used with a journal in"):
        refuse_routes(settings, Listener([], (), 0, False), shared=True)


async def test_a_message_is_validated_along_its_route(tmp_path: Path) -> None:
    async with MixpanelServer() as us, MixpanelServer() as eu:
        settings = settings_for(tmp_path, us.url, eu.url, filter="type:track", keys=())
        async with running_engine(settings) as (engine, client):
            await post(engine.url, track("m-1"))
            await until(client, lambda state: state.received == 1)
            (id,) = (await ids_listed(client)).values()
            (first,) = await client.validate([id])
            assert first.accepted
            assert (len(us.events), len(eu.events)) == (1, 0)
            (second,) = await client.validate([id], "eu")
            assert second.accepted
            assert (len(us.events), len(eu.events)) == (1, 1)


async def test_a_record_of_an_sdk_goes_to_the_project_of_its_token(tmp_path: Path) -> None:
    async with MixpanelServer() as us, MixpanelServer() as eu:
        settings = settings_for(tmp_path, us.url, eu.url, filter="type:raw")
        async with running_engine(settings, forwarding=True) as (engine, client):
            async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
                for token, insert_id in ((US_TOKEN, "r-1"), (EU_TOKEN, "r-2"), ("0" * 32, "r-3")):
                    record = {
                        "event": "E",
                        "properties": {"token": token, "$insert_id": insert_id, "distinct_id": "u"},
                    }
                    await http.post("/track", data={"data": json.dumps([record])})
            state = await until(client, lambda state: state.deliveries.sent == 2)
            assert state.deliveries.off == 1
        assert (ids(us), ids(eu)) == (["r-1"], ["r-2"])


@pytest.mark.kill
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_killed_again_and_again_each_project_gets_all_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    chance, number, acknowledged = random.Random(11), 0, list[str]()
    async with MixpanelServer() as us, MixpanelServer() as eu:
        settings = engine_settings(tmp_path, mixpanel_url=us.url, token=US_TOKEN)
        other = DestinationSettings(token=EU_TOKEN, region="eu", mixpanel_url=eu.url)
        second = RouteSettings(name="eu", filter="type:track", to=other, subscriptions=(events(),))
        settings = msgspec.structs.replace(
            settings, routes=(RouteSettings(name="us"), second), subscriptions=(events(),)
        )
        for _ in range(5):
            eu.script(*[UNAVAILABLE] * chance.randrange(3))
            engine = await start_engine(settings, forwarding=True)
            until_killed = len(acknowledged) + chance.randrange(20, 60)
            while len(acknowledged) < until_killed:
                number += 1
                await post(engine.url, track(f"m-{number}"))
                acknowledged.append(f"m-{number}")
            os.kill(engine.pid, signal.SIGKILL)
            await engine.aclose()
        eu.heal()
        async with (
            await start_engine(settings, forwarding=True) as engine,
            Client(engine.url, engine.token) as client,
        ):
            state = await until(client, lambda state: state.deliveries.sent == len(acknowledged))
            assert (state.received, state.deliveries.to_send) == (len(acknowledged), 0)
            assert [one.sent for one in state.routes] == [len(acknowledged)] * 2
        for mixpanel in (us, eu):
            assert {event["properties"]["$insert_id"] for event in mixpanel.events} == set(acknowledged)
            assert len(mixpanel.deduped()) == len(acknowledged)


async def test_a_single_route_has_the_counts_of_the_messages(tmp_path: Path) -> None:
    async with MixpanelServer() as us:
        settings = engine_settings(tmp_path, mixpanel_url=us.url, token=US_TOKEN)
        settings = msgspec.structs.replace(
            settings, routes=(RouteSettings(name="us"),), subscriptions=(events(),)
        )
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"), track("m-2"))
            state = await until(client, lambda state: state.deliveries.sent == 2)
            (route,) = state.routes
            assert (route.sent, route.waiting, route.mixpanel_url) == (2, 0, us.url)
            assert [(one.name, one.sent, one.owed) for one in routes_of(state)] == [("us", 2, 0)]
