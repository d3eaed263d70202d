"""Both copies of an action through a running engine: found, linked, compared, and their modes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from engines import TOKEN, engine_settings, listed, post, running_engine

from segtap.core.api.client import Client
from segtap.core.engine.copies import filter_of
from segtap.core.pairs import cloud_actions
from segtap.core.query import parse

PAGE = "https://shop.example/cart"
SECOND = 1_795_557_763


def call(number: int, **fields: Any) -> dict[str, Any]:
    """A call of analytics.js, `number` seconds after the first."""
    return {
        "type": "track",
        "event": "Paid",
        "messageId": f"6d5dc550-92e6-4f3d-8356-{number:012}",
        "anonymousId": "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3",
        "timestamp": f"2026-11-24T22:02:{43 + number}.120Z",
        "context": {"page": {"url": PAGE}, "library": {"name": "analytics.js", "version": "next-1.84.3"}},
        **fields,
    }


def record(event: str, number: int, **more: Any) -> dict[str, Any]:
    """The same action as Mixpanel's SDK sends it."""
    properties = {
        "mp_lib": "Segment: web",
        "$current_url": f"{PAGE}#top",
        "distinct_id": "$device:0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77",
        "$insert_id": f"o7v9msf3cyyx1tq{number}",
        "time": SECOND + number + 0.125,
        "token": TOKEN,
    }
    return {"event": event, "properties": properties | more}


async def send(url: str, target: str, value: Any) -> None:
    data = base64.b64encode(json.dumps(value).encode()).decode()
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.post(
            f"{url}{target}?verbose=1",
            content=f"data={quote(data, safe='')}",
            headers={"content-type": "application/x-www-form-urlencoded", "user-agent": "Mozilla/5.0 x"},
        )


async def rules(client: Client, id: int) -> list[str]:
    return [one.rule for one in (await client.detail(id)).verdict.findings]


async def test_both_copies_are_linked_and_compared(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        paid = call(0, properties={"total": 5, "plan": "pro"})
        cart = call(1, type="page", event=None, name="Cart")
        await post(engine.url, paid, cart)
        copies = [record("Paid", 0, total=5, plan="basic"), record("Loaded a Page", 1), record("Alone", 2)]
        await send(engine.url, "/track/", copies)
        lines = await listed(client, 5)
        assert [line.mode for line in lines] == ["cloud", "cloud", "device", "device", "device"]
        cloud, page, device, loaded, alone = (line.id for line in lines)
        for one, other in ((cloud, device), (device, cloud), (page, loaded), (loaded, page)):
            copy = (await client.detail(one)).copy
            assert copy is not None
            assert copy.summary.id == other
        assert (await client.detail(alone)).copy is None
        assert "cloud-and-device-mode" in await rules(client, device)
        assert "cloud-and-device-mode" in await rules(client, loaded)
        assert "cloud-and-device-mode" not in await rules(client, alone)
        copy = (await client.detail(device)).copy
        assert copy is not None
        rows = {row.path: (row.state, row.cloud, row.device) for row in copy.rows}
        assert rows["properties.plan"] == ("differs", "pro", "basic")
        assert rows["properties.$insert_id"][0] == "differs"
        assert rows["properties.$current_url"] == ("differs", PAGE, f"{PAGE}#top")
        assert "properties.total" not in rows


async def test_each_of_many_quick_events_has_its_own_copy(tmp_path: Path) -> None:
    many = 150
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        calls = [
            call(
                number,
                timestamp=f"2026-11-24T22:02:4{number // 50}.{number % 50 * 20:03}Z",
                properties={"n": number},
            )
            for number in range(many)
        ]
        records = [
            record("Paid", number, n=number, time=SECOND - 3 + number // 50 + number % 50 * 0.02 + 0.002)
            for number in range(many)
        ]
        await post(engine.url, *calls)
        for at in range(0, many, 50):  # as the SDK batches them
            await send(engine.url, "/track/", records[at : at + 50])
        lines = await listed(client, 2 * many)
        for number in (0, 1, 49, 75, 149):
            cloud, device = lines[number].id, lines[many + number].id
            found = [(await client.detail(one)).copy for one in (cloud, device)]
            assert [one and one.summary.id for one in found] == [device, cloud]


async def test_a_retry_is_not_taken_for_the_call(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, call(0), call(0))
        await send(engine.url, "/track/", [record("Paid", 0)])
        first, again, device = (line.id for line in await listed(client, 3))
        found = [(await client.detail(one)).copy for one in (first, again, device)]
        assert [one and one.summary.id for one in found] == [device, None, first]


async def test_other_calls_have_their_copies_as_well(tmp_path: Path) -> None:
    ids = {"$token": TOKEN, "$distinct_id": "user-1"}
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        user = {"userId": "user-1", "event": None}
        identify = call(0, type="identify", traits={"plan": "pro"}, **user)
        group = call(1, type="group", groupId="acme", traits={"seats": 4}, **user)
        alias = call(2, type="alias", userId="user-2", previousId="user-1", event=None)
        await post(engine.url, identify, group, alias)
        events = [
            record("$identify", 0, distinct_id="user-1", **{"$anon_distinct_id": "$device:0b2c"}),
            record("$create_alias", 2, distinct_id="user-1", alias="user-2"),
        ]
        await send(engine.url, "/track/", events)
        await send(engine.url, "/engage/", [ids | {"$set": {"plan": "pro", "id": "user-1", "$os": "Linux"}}])
        company = {"$token": TOKEN, "$group_key": "company", "$group_id": "acme", "$set_once": {"seats": 4}}
        await send(engine.url, "/groups/", [company])
        lines = await listed(client, 7)
        copies = [(await client.detail(line.id)).copy for line in lines]
        places = {line.id: place for place, line in enumerate(lines)}
        # The update of the profile leads to the identify call, which leads to its event.
        assert [copy and places[copy.summary.id] for copy in copies] == [3, 6, 4, 0, 2, 0, 1]


async def test_what_went_to_another_project_is_no_copy(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        theirs = record("Paid", 0, token="f" * 32)
        await send(engine.url, "/track/", [theirs])
        await post(engine.url, call(0))
        await send(engine.url, "/track/", [record("Paid", 0, **{"$insert_id": "o7v9msf3cyyx1tqz"})])
        other, cloud, device = (line.id for line in await listed(client, 3))
        found = [(await client.detail(one)).copy for one in (other, cloud, device)]
        assert [one and one.summary.id for one in found] == [None, device, cloud]


async def test_a_message_of_device_mode_has_its_copy_and_counts_once(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path, kind="classic-cloud")
    async with running_engine(settings) as (engine, client):
        await send(engine.url, "/track/", [record("Paid", 0)])
        await post(engine.url, call(0, _metadata={"bundled": ["Mixpanel"], "unbundled": []}))
        device, cloud = (line.id for line in await listed(client, 2))
        for one, other in ((cloud, device), (device, cloud)):
            detail = await client.detail(one)
            assert detail.copy is not None
            assert (detail.copy.summary.id, detail.copy.rows) == (other, ())
            assert "cloud-and-device-mode" not in await rules(client, one)


async def test_records_are_judged_by_the_destination_in_use(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path, kind="classic-cloud")
    async with running_engine(settings) as (engine, client):
        first = {"$set_once": {"$initial_referrer": "$direct"}, "$token": TOKEN, "$distinct_id": "user-1"}
        added = {"$add": {"revenue": "12.50"}, "$token": TOKEN, "$distinct_id": "user-1"}
        await send(engine.url, "/engage/", [first, added])
        identify = record("$identify", 0, distinct_id="user-2", **{"$anon_distinct_id": "user-1"})
        await send(engine.url, "/track/", [identify])
        off, text, joined = (line.id for line in await listed(client, 3))
        assert "people-off-engage" in await rules(client, off)
        assert "increment-not-a-number" in await rules(client, text)
        assert "reset-not-in-mixpanel" in await rules(client, joined)


@pytest.mark.parametrize("event", ['Say "hi"', "50% * off", "a,b", "Überweisung ✓", "-x or (y)"])
def test_any_name_can_be_looked_for(event: str) -> None:
    query = parse(filter_of(cloud_actions(call(0, event=event))))
    assert query.asks("event")


async def test_the_summary_says_which_modes_an_event_came_in(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, call(0), call(1, event="Opened"))
        alone = record("Alone", 2, mp_lib="web")
        await send(engine.url, "/track/", [record("Paid", 0), record("Seen", 3), alone])
        await listed(client, 5)
        for filter in ("", "event:*"):
            found = {(one.type, one.name): one.modes for one in (await client.overview(filter=filter)).events}
            assert found == {
                ("track", "Paid"): ("cloud", "device"),
                ("raw", "Paid"): ("cloud", "device"),
                ("track", "Opened"): ("cloud",),
                ("raw", "Seen"): ("device",),
                ("raw", "Alone"): ("?",),
            }
