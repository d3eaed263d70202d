"""The stand-in Mixpanel, seen by Mixpanel's own Python client and by hand."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx
import mixpanel as official
import pytest
from mixpanel_faults import TOO_MANY

from segtap.core.stand_in.rules import import_faults, update_profile
from segtap.core.stand_in.server import MixpanelServer

NOW = 1_795_557_600_000


def client_of(server: MixpanelServer) -> Any:
    host = server.url.removeprefix("http://")
    consumer = official.Consumer(
        events_url=f"http://{host}/track",
        people_url=f"http://{host}/engage",
        import_url=f"http://{host}/import",
        groups_url=f"http://{host}/groups",
        retry_limit=0,
    )
    return official.Mixpanel("token", consumer=consumer)


async def test_mixpanels_own_client_is_served() -> None:
    async with MixpanelServer() as server:
        client = client_of(server)
        await asyncio.to_thread(client.track, "u-1", "Signed Up", {"plan": "pro"})
        await asyncio.to_thread(client.people_set, "u-1", {"plan": "pro"})
        await asyncio.to_thread(client.people_increment, "u-1", {"visits": 2})
        await asyncio.to_thread(client.group_set, "company", "acme", {"size": 3})
        await asyncio.to_thread(client.people_append, "u-1", {"seen": "a"})
        with pytest.raises(official.MixpanelException):
            await asyncio.to_thread(client.people_set, "", {"plan": "pro"})
    assert [event["event"] for event in server.events] == ["Signed Up"]
    assert server.profiles == {"u-1": {"plan": "pro", "visits": 2, "seen": ["a"]}}
    assert server.groups == {("company", "acme"): {"size": 3}}


async def test_by_hand_it_says_where_it_is_and_what_it_holds() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "segtap.tui", "mixpanel", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().split()[-1]
        async with httpx.AsyncClient(base_url=url) as client:
            record = {"$token": "t", "$distinct_id": "u", "$set": {"a": 1}}
            answer = await client.post("/engage", data={"data": json.dumps(record)})
            assert answer.text == "1"
            held = (await client.get("/_records")).json()
            assert held["profiles"] == {"u": {"a": 1}}
            assert held["requests"][0]["records"] == [record]
            await client.post("/_faults", json=[{"status": 503, "body": "ill", "path": "/engage"}])
            assert (await client.post("/engage", data={"data": "{}"})).status_code == 503
            await client.post("/_reset")
            assert (await client.get("/_records")).json()["requests"] == []
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"time": 1_795_557_600}, None),
        ({"time": None}, "properties.time"),
        ({"time": "2026-11-24"}, "properties.time"),
        ({"time": NOW + 2 * 3_600_000}, "properties.time"),
        ({"time": 1000}, "properties.time"),
        ({"$insert_id": "a:b"}, "$insert_id"),
        ({"$insert_id": ""}, "$insert_id"),
        ({"$insert_id": "ajs-next-1700000000000-f3b53254-7e8c-4540-8de1-9cd283a40773"}, None),
        ({"distinct_id": "Undefined"}, "properties.distinct_id"),
        ({"distinct_id": ""}, None),
        ({f"p{n}": n for n in range(255)}, "properties"),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, "properties.a.b.c.d"),
        ({"list": list(range(255))}, "properties.list"),
        ({"text": "x" * 1_100_000}, ""),
    ],
)
def test_strict_import_refuses_what_the_reference_says(changes: dict[str, Any], field: str | None) -> None:
    properties = {"time": NOW, "distinct_id": "u", "$insert_id": "i-1"} | changes
    fault = import_faults({"event": "e", "properties": properties}, NOW)
    assert (fault[0] if fault else None) == field


def test_a_blank_event_name_is_refused_in_mixpanels_words() -> None:
    assert import_faults({"event": " ", "properties": {}}, NOW) == (
        "event",
        "'event' must not be missing or blank",
    )


def test_profile_operations() -> None:
    store: dict[Any, dict[str, Any]] = {}
    for operation in [
        {"$set": {"a": 1}}, {"$set_once": {"a": 2, "b": 2}}, {"$add": {"a": 2, "n": -1}},
        {"$append": {"l": 1}}, {"$union": {"l": [1, 2]}}, {"$remove": {"l": 1}}, {"$unset": ["b"]},
    ]:  # fmt: skip
        update_profile(store, "u", operation)
    assert store == {"u": {"a": 3, "n": -1, "l": [2]}}
    update_profile(store, "u", {"$delete": ""})
    assert store == {}


def test_duplicates_are_shown_once() -> None:
    server = MixpanelServer(now_ms=NOW)
    event = {"event": "e", "properties": {"time": NOW, "distinct_id": "u", "$insert_id": "i"}}
    other = {"event": "e", "properties": {"time": NOW, "distinct_id": "v", "$insert_id": "i"}}
    body = json.dumps([event, event, other]).encode()
    headers = {"authorization": "Basic dG9rZW46", "content-type": "application/json"}
    assert server.handle("POST", "/import?strict=1", headers, body).status == 200
    assert (len(server.events), len(server.deduped())) == (3, 2)
    server.script(TOO_MANY)
    assert server.handle("POST", "/import?strict=1", headers, body).status == 429
    assert server.handle("POST", "/import?strict=1", {}, body).status == 401


def test_lists_in_lists_are_judged_however_deep() -> None:
    def faults(value: Any) -> tuple[str, str] | None:
        properties = {"time": NOW, "distinct_id": "u", "$insert_id": "i-1", "p": value}
        return import_faults({"event": "E", "properties": properties}, NOW)

    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    assert faults(deep) is None
    assert "nested too deeply" in str(faults({"a": {"b": {"c": {"d": 1}}}}))
    assert "fewer than 255" in str(faults([list(range(255))]))
