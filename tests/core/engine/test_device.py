"""What Mixpanel's own SDKs send, through a running engine: listed, found, forwarded, exported."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import httpx
import pytest
from engines import TOKEN, engine_settings, listed, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.commands.replay import line_of, read_lines, replay_lines
from segtap.core.delivery import DeliveryState
from segtap.core.messages import JsonObject, Marks
from segtap.core.stand_in.server import MixpanelServer

OTHER = "ab12cd34ef56ab12cd34ef56ab12cd34"


def event(
    name: str, insert_id: str, *, token: str = TOKEN, user: str = "user-7", **more: Any
) -> dict[str, Any]:
    return {
        "event": name,
        "properties": {
            "mp_lib": "Segment: web",
            "distinct_id": user,
            "$device_id": "d-1",
            "$insert_id": insert_id,
            "time": 1795557763.5,
            **more,
            "token": token,
        },
    }


PROFILE = {"$set": {"plan": "pro"}, "$token": TOKEN, "$distinct_id": "user-7"}
GROUP = {"$set": {"name": "Acme"}, "$token": TOKEN, "$group_key": "company", "$group_id": "acme"}


async def send(url: str, target: str, value: Any, *, text: str = "") -> bytes:
    """Send records as mixpanel-browser does to a host of one's own: base64 in a form."""
    data = base64.b64encode((text or json.dumps(value)).encode()).decode()
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{url}{target}",
            content=f"data={quote(data, safe='')}",
            headers={"content-type": "application/x-www-form-urlencoded", "user-agent": "Mozilla/5.0 x"},
        )
    return answer.content


async def found(client: Client, filter: str) -> list[str]:
    return [line.name for line in (await client.page(filter=filter)).summaries]


async def test_records_are_listed_and_found(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, track("m-1"))
        assert await send(
            engine.url, "/track/?verbose=1&ip=1", [event("Seen", "i-1"), event("Bought", "i-2")]
        )
        await send(engine.url, "/engage/?verbose=1", [PROFILE])
        await send(engine.url, "/groups/", GROUP)
        lines = await listed(client, 5)
        assert [(line.type, line.name, line.user, line.source) for line in lines[1:]] == [
            ("raw", "Seen", "user-7", "web"),
            ("raw", "Bought", "user-7", "web"),
            ("raw", "$set", "user-7", "web"),
            ("raw", "$set", "", "web"),
        ]
        assert {line.delivery for line in lines} == {DeliveryState.OFF}
        device = ["Seen", "Bought", "$set", "$set"]
        assert await found(client, "type:raw") == device
        assert await found(client, "origin:device") == device
        assert await found(client, "event:Seen") == ["Seen"]
        assert await found(client, "event:$set") == ["$set", "$set"]
        assert await found(client, "user:user-7 type:raw") == device[:3]
        assert await found(client, "group:acme") == ["$set"]
        assert await found(client, f"key:{TOKEN}") == device
        assert await found(client, "mp.$insert_id=i-2") == ["Bought"]
        assert await found(client, "mp.event=Seen") == ["Seen"]
        assert await found(client, "mp.$set.plan=pro") == ["$set"]
        assert await found(client, "properties.$insert_id=i-1") == ["Seen"]
        assert await found(client, "type:track") == ["Signed Up"]
        summary = await client.overview()
        assert {(one.type, one.name, one.messages) for one in summary.events} >= {
            ("raw", "Seen", 1),
            ("raw", "$set", 2),
        }


async def test_the_detail_shows_the_record_its_request_and_what_was_received(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        long = event("Seen", "i-1", note="x" * 300)
        await send(engine.url, "/track/?ip=1", [long])
        (line,) = await listed(client, 1)
        detail = await client.detail(line.id)
        assert detail.source_kind == "mixpanel"
        assert json.loads(detail.document) == json.loads(detail.original) == long
        assert detail.receipt.body.startswith(b"data=W3si")
        (operation,) = detail.verdict.translation.operations
        assert operation.request.url == "https://api.mixpanel.com/track?ip=1"
        assert operation.request.body == long
        assert [one.path for one in detail.verdict.findings if one.rule == "string-truncated"] == [
            "requests[0].body.properties.note"
        ]


async def test_a_second_receipt_is_marked_by_mixpanels_own_key(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await send(engine.url, "/track/", [event("Seen", "i-1")])
        await send(engine.url, "/track/", [event("Seen", "i-1"), event("Bought", "i-1")])
        await send(engine.url, "/track/", [event("Seen", "i-1", user="user-8")])
        await post(engine.url, track("i-1"))
        lines = await listed(client, 5)
        second = [bool(line.marks & Marks.SECOND_RECEIPT) for line in lines]
        assert second == [False, True, False, False, False]
        assert await found(client, "is:second") == ["Seen"]
        detail = await client.detail(lines[1].id)
        assert "Mixpanel would drop this copy" in detail.verdict.findings[0].message


async def test_records_are_forwarded_byte_for_byte_to_the_endpoint_that_they_came_for(tmp_path: Path) -> None:
    odd = f'[{{"properties": {{"token":"{TOKEN}","$insert_id":"i-9","n":1.5e1,"s":"\\u00e9"}}, "event":"O"}}]'
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url), forwarding=True) as (
            engine,
            client,
        ),
    ):
        await send(engine.url, "/track/?verbose=1&ip=1", None, text=odd)
        await send(engine.url, "/engage/", PROFILE)
        await send(engine.url, "/groups/", GROUP)
        await send(engine.url, "/track/", [event("Elsewhere", "i-2", token=OTHER)])
        await send(engine.url, "/track/", [event("Seen", "i-1")])
        await send(engine.url, "/track/", [event("Seen", "i-1")])
        await until(client, lambda state: state.deliveries.sent == 4)
        lines = await listed(client, 6)
        assert [line.delivery.value for line in lines] == ["sent", "sent", "sent", "off", "sent", "none"]
        sent = {request.path: request for request in mixpanel.requests}
        assert set(sent) == {"/track", "/engage", "/groups"}
        texts = [unquote_plus(request.text.decode()) for request in mixpanel.requests]
        (exactly,) = [
            request
            for request, text in zip(mixpanel.requests, texts, strict=True)
            if f"data={odd[1:-1]}" in text
        ]
        assert exactly.query["ip"] == "1"
        assert not any(request.holds("Elsewhere") for request in mixpanel.requests)
        elsewhere = (await client.detail(lines[3].id)).verdict.translation
        assert elsewhere.not_sent is not None
        assert elsewhere.not_sent.reason == "another project (ab12…)"
        assert (await client.state()).deliveries.total == 6


@pytest.mark.parametrize(
    ("endpoint", "record"),
    [
        ("/engage/", PROFILE | {"$token": OTHER, "properties": {"token": TOKEN}}),
        ("/engage/", PROFILE | {"properties": {"token": OTHER}}),
        ("/engage/", event("Seen", "i-1") | PROFILE | {"$token": OTHER}),
        ("/track/", event("Seen", "i-1", token=OTHER) | {"$token": TOKEN}),
    ],
)
async def test_a_record_that_names_another_project_anywhere_is_not_sent(
    tmp_path: Path, endpoint: str, record: JsonObject
) -> None:
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url), forwarding=True) as (
            engine,
            client,
        ),
    ):
        await send(engine.url, endpoint, [record, event("Own", "i-2") if "track" in endpoint else PROFILE])
        await until(client, lambda state: state.deliveries.sent == 1)
        lines = await listed(client, 2)
        assert [line.delivery.value for line in lines] == ["off", "sent"]
        elsewhere = (await client.detail(lines[0].id)).verdict.translation
        assert elsewhere.not_sent is not None
        assert elsewhere.not_sent.reason == "another project (ab12…)"
        (request,) = mixpanel.requests
        assert not request.holds(OTHER)


async def test_what_is_owed_is_sent_after_a_restart(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(engine_settings(tmp_path), forwarding=True) as (engine, client):
            await send(engine.url, "/track/", [event("Seen", "i-1")])
            await listed(client, 1)
        async with running_engine(settings, forwarding=True) as (_, client):
            await until(client, lambda state: state.deliveries.sent == 1)
        assert [one["properties"]["$insert_id"] for one in mixpanel.events] == ["i-1"]


@pytest.mark.parametrize("json_lines", [False, True])
async def test_import_is_forwarded_with_the_settings_credentials(tmp_path: Path, json_lines: bool) -> None:
    old = event("Old", "i-5", time=1795557763)
    body = (json.dumps(old) + "\n" + json.dumps(event("Old", "i-6", time=1795557763))) if json_lines else ""
    async with (
        MixpanelServer() as mixpanel,
        running_engine(engine_settings(tmp_path, mixpanel_url=mixpanel.url), forwarding=True) as (
            engine,
            client,
        ),
        httpx.AsyncClient(trust_env=False) as http,
    ):
        answer = await http.post(f"{engine.url}/import?strict=1", content=body or json.dumps([old]))
        count = 2 if json_lines else 1
        assert answer.json() == {"code": 200, "num_records_imported": count, "status": "OK"}
        await until(client, lambda state: state.deliveries.sent == count)
        assert {request.path for request in mixpanel.requests} == {"/import"}
        assert len(mixpanel.events) == count


async def test_export_and_replay(tmp_path: Path) -> None:
    text = f'{{"event":"Seen","properties":{{"n":1.50,"token":"{TOKEN}","$insert_id":"i-1"}}}}'
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await send(engine.url, "/track/?ip=1", None, text=f"[{text}]")
        await send(engine.url, "/engage/", PROFILE)
        await post(engine.url, track("m-1"))
        await listed(client, 3)
        lines = [line async for line in client.export("origin:device")]
        exported = b"".join(lines).splitlines()
        assert exported[0] == f'{{"endpoint":"/track","record":{text}}}'.encode()
        assert json.loads(exported[1]) == {"endpoint": "/engage", "record": PROFILE}
        assert await client.replay_texts([line_of(one) for one in read_lines(exported)]) == 2
        again = (await listed(client, 5))[3:]
        assert [(line.type, line.name, line.marks) for line in again] == [
            ("raw", "Seen", Marks.REPLAY),
            ("raw", "$set", Marks.REPLAY),
        ]
        assert (await client.detail(again[0].id)).original == text.encode()
        assert await client.replay([again[0].id]) == 1
        (last,) = (await listed(client, 6))[5:]
        assert (await client.detail(last.id)).original == text.encode()


async def test_replay_to_another_endpoint_posts_to_mixpanels_paths(tmp_path: Path) -> None:
    lines = [
        json.dumps({"endpoint": "/track", "record": event("Seen", "i-1")}).encode(),
        json.dumps({"endpoint": "/engage", "record": PROFILE}).encode(),
    ]
    async with MixpanelServer() as mixpanel:
        assert await replay_lines(lines, url=mixpanel.url) == 2
        assert [request.path for request in mixpanel.requests] == ["/track", "/engage"]
        assert mixpanel.events[0]["properties"]["$insert_id"] == "i-1"
