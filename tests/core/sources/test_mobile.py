"""What Segment's mobile SDKs send is accepted, comes out whole, and is mapped as Segment maps it.

The fixtures are written by hand in the shapes that the SDKs' public sources produce; each names the files.
`context` is shared by all messages of a fixture, but for what a message has of its own.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from ingesting import NOW, Sink, ask, ingest_app

from segtap.core.checks.stream import StreamChecker, digest
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.index.labels import source_label
from segtap.core.messages import JsonObject, Marks, Message, Receipt
from segtap.core.pipeline import CompiledSettings, compiled, run
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import Destination

DATA = Path(__file__).parents[2] / "data" / "mobile"
SDKS = {"swift": "ios", "kotlin": "android", "react-native": "ios", "flutter": "android"}
"""Each SDK, and what its messages are labelled with."""
ALIAS = next(one for one in optional_subscriptions() if one.name == "Alias Calls")
ACTIONS = compiled(
    Destination(settings={"projectToken": "t" * 32}, subscriptions=(*preset_subscriptions(), ALIAS))
)
"""Mixpanel (Actions) as a workspace with aliases sets it up."""
CLASSIC = compiled(
    Destination(
        kind="classic-cloud",
        settings={"token": "t" * 32, "people": True, "groupIdentifierTraits": ["id"]},
    )
)
ADDED = {"receivedAt", "originalTimestamp", "timestamp", "sentAt"}


def fixture(name: str) -> dict[str, Any]:
    return json.loads((DATA / f"{name}.json").read_text())


def sent_messages(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages as they stand in the request's body."""
    context = given["context"]
    return [{**one, "context": {**context, **one.get("context", {})}} for one in given["batch"]]


async def posted(given: dict[str, Any], **changes: Any) -> Receipt:
    """Post a fixture as its SDK does, and return the receipt."""
    batch = {
        "batch": sent_messages(given),
        "sentAt": given["sentAt"],
        "writeKey": given["writeKey"],
        **changes,
    }
    text = json.dumps(batch).encode()
    sink = Sink()
    body = gzip.compress(text) if given["gzip"] else text
    answer = await ask(ingest_app(sink), "POST", given["path"], body, list(given["headers"].items()))
    assert (answer.status, answer.json) == (200, {"success": True})
    (receipt,) = sink.receipts
    return receipt


async def received(name: str) -> list[Message]:
    return parse_receipt(await posted(fixture(name)))


async def named(name: str, event: str) -> Message:
    (found,) = [one for one in await received(name) if one.document.get("event") == event]
    return found


def properties_of(message: Message, settings: CompiledSettings) -> JsonObject:
    (operation,) = run(message, settings).translation.operations
    (record,) = operation.request.records()
    properties = record["properties"]
    assert isinstance(properties, dict)
    return properties


@pytest.mark.parametrize("name", SDKS)
async def test_each_message_comes_out_whole(name: str) -> None:
    given = fixture(name)
    messages, originals = await received(name), sent_messages(given)
    assert len(messages) == len(originals)
    assert {one.type for one in messages} == {"track", "identify", "screen", "group", "alias"}
    for message, original in zip(messages, originals, strict=True):
        assert (message.type, message.message_id) == (original["type"], original["messageId"])
        assert message.write_key == given["writeKey"]
        assert message.objections == ()
        assert message.marks == Marks.NONE
        assert source_label(message.document) == SDKS[name]
        assert message.document["originalTimestamp"] == original["timestamp"]
        kept = {key: value for key, value in original.items() if key not in ADDED}
        assert {key: message.document.get(key) for key in kept} == kept
        assert set(message.document) <= set(original) | ADDED


@pytest.mark.parametrize("name", SDKS)
@pytest.mark.parametrize("settings", [ACTIONS, CLASSIC], ids=["actions", "classic-cloud"])
async def test_a_correct_setup_gets_neither_errors_nor_warnings(
    name: str, settings: CompiledSettings
) -> None:
    stream = StreamChecker(settings.checks, settings.destination)
    for message in await received(name):
        verdict = run(message, settings)
        found = [*verdict.findings, *stream.observe(digest(message, verdict.translation, NOW))]
        assert [one for one in found if one.severity != "info"] == []


@pytest.mark.parametrize("name", SDKS)
async def test_device_app_and_network_stand_in_mixpanels_properties(name: str) -> None:
    context = fixture(name)["context"]
    loaf = await named(name, "Loaf Added")
    properties = properties_of(loaf, ACTIONS)
    expected = {
        "distinct_id": "user-7",
        "$user_id": "user-7",
        "$device_id": loaf.document["anonymousId"],
        "$insert_id": loaf.message_id,
        "$manufacturer": context["device"]["manufacturer"],
        "$model": context["device"]["model"],
        "$device": context["device"]["name"],
        "$device_name": context["device"]["name"],
        "$device_type": context["device"]["type"],
        "$os": context["os"]["name"],
        "$os_version": context["os"]["version"],
        "$app_name": "Bakery",
        "$app_version_string": "2.4.0",
        "$app_build_number": "240",
        "$app_namespace": "com.example.bakery",
        "$screen_width": context["screen"]["width"],
        "$screen_height": context["screen"]["height"],
        "$wifi_enabled": context["network"]["wifi"],
        "$cellular_enabled": context["network"]["cellular"],
        "$locale": "de-DE",
        "timezone": "Europe/Berlin",
        "mp_lib": f"Segment Actions: {context['library']['name']}",
        "$lib_version": context["library"]["version"],
        "sku": "rye",
        "price": 4.5,
        "organic": True,
    }
    assert {key: properties.get(key) for key in expected} == expected
    # context.device.id has no field of its own in Segment's mapping.
    assert "$device_id" in properties
    assert "device_id" not in properties


@pytest.mark.parametrize("name", SDKS)
async def test_lifecycle_events_and_screens_keep_their_names(name: str) -> None:
    names = [
        record["event"]
        for message in await received(name)
        if message.type in ("track", "screen")
        for operation in run(message, ACTIONS).translation.operations
        for record in operation.request.records()
    ]
    assert names[:2] == ["Application Installed", "Application Opened"]
    assert "Viewed Menu" in names
    assert "Application Backgrounded" in names
    opened = properties_of(await named(name, "Application Opened"), ACTIONS)
    assert (opened["from_background"], opened["version"], opened["build"]) == (False, "2.4.0", "240")


@pytest.mark.parametrize("name", SDKS)
async def test_what_the_device_sends_itself_stops_before_the_classic_destination_alone(name: str) -> None:
    for event, why in (
        ("Loaf Sold", "integrations.Mixpanel is false, as mobile SDKs set it when they send to Mixpanel"),
        ("Loaf Burnt", "_metadata.bundled names Mixpanel: the device sends it itself"),
    ):
        message = await named(name, event)
        stopped = run(message, CLASSIC).translation.not_sent
        assert stopped is not None
        assert (stopped.stage, stopped.reason.startswith(why)) == ("integrations", True)
        # In the integrations object the two are different destinations.
        assert run(message, ACTIONS).translation.not_sent is None


@pytest.mark.parametrize("name", SDKS)
async def test_the_settings_answer_keeps_the_sdk_here(name: str) -> None:
    key = fixture(name)["writeKey"]
    for host in ("192.168.1.5:8765", "events.eu1.segmentapis.com"):
        answer = await ask(
            ingest_app(Sink()), "GET", f"/v1/projects/{key}/settings", headers=[("host", host)]
        )
        settings: dict[str, Any] = json.loads(answer.body)
        assert answer.status == 200
        assert settings["integrations"].keys() == {"Segment.io"}, "no device-mode destination runs in the app"
        assert settings["integrations"]["Segment.io"]["apiHost"] == f"{host}/v1"
        assert settings["metrics"]["sampleRate"] == 0


@pytest.mark.parametrize("host", ["api.segment.io", "events.eu1.segmentapis.com", "tracking.example.com"])
async def test_the_host_that_an_sdk_believes_to_speak_to_does_not_matter(host: str) -> None:
    given = fixture("swift")
    given["headers"]["Host"] = host
    assert len(parse_receipt(await posted(given))) == len(given["batch"])


async def test_a_bearer_token_is_no_write_key() -> None:
    given = fixture("kotlin")
    given["headers"]["Authorization"] = "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"
    given["path"] = "/v1/batch"
    assert {one.write_key for one in parse_receipt(await posted(given))} == {"KOTLINKEY"}
    assert {one.write_key for one in parse_receipt(await posted(given, writeKey=None))} == {""}


@pytest.mark.parametrize(
    ("library", "headers"),
    [
        ("analytics.swift", [("content-type", "application/json; charset=utf-8")]),
        ("analytics.kotlin", [("content-type", "text/plain")]),
    ],
)
async def test_the_sdks_own_metrics_are_acknowledged_and_not_listed(
    library: str, headers: list[tuple[str, str]]
) -> None:
    tags = {"message": "added", "plugin": "Before-Context", "library": library, "os": "Android-15"}
    metric = {"type": "Counter", "metric": "analytics_mobile.integration.invoke", "value": 3, "tags": tags}
    sink = Sink()
    for body in ({"series": [metric]}, {"series": [{**metric, "log": {"trace": "x", "timestamp": "2026"}}]}):
        answer = await ask(ingest_app(sink), "POST", "/v1/m", json.dumps(body).encode(), headers)
        assert (answer.status, answer.json) == (200, {"success": True})
    assert sink.receipts == []
