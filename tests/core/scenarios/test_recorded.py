"""Messages as a scenario records them: the same traffic with other ids at another time is the same."""

from __future__ import annotations

import json
from typing import Any

from segtap.core.pipeline.scenario import Recorder, Scenario, scenario_settings
from segtap.core.scenarios.lines import Step, read_step
from segtap.core.settings import DestinationSettings, Secret, Settings
from segtap.core.sources.segment.times import iso

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
SETTINGS = Settings(destination=DestinationSettings(token=TOKEN, api_secret=Secret("s3cr3t-api-secret")))


def traffic(at: int, tag: str) -> list[dict[str, Any]]:
    """Messages as an export has them, received at a time, with ids of their own."""
    anonymous = f"8d1f2c1e-5d8e-4a53-9d3b-0d3d6f8a{tag}"
    first = {
        "type": "track",
        "event": "Signed Up",
        "userId": "user-1",
        "anonymousId": anonymous,
        "messageId": f"ajs-next-{at}-{tag}",
        "writeKey": "wk-secret",
        "properties": {"at": iso(at + 40), "ms": at + 5000, "s": at // 1000, "since": "2020-01-01T00:00:00Z"},
        "context": {"page": {"url": f"https://shop.test/?aid={anonymous}"}, "note": "{id:1}"},
        "timestamp": iso(at),
        "originalTimestamp": iso(at - 7),
        "sentAt": iso(at + 3),
        "receivedAt": iso(at + 12),
    }
    short = {
        "type": "identify",
        "anonymousId": tag,
        "messageId": tag[:2],
        "userId": tag,
        "traits": {"plan": "pro"},
    }
    later = {**first, "messageId": f"other-{tag}", "timestamp": iso(at + 1204), "receivedAt": iso(at + 2011)}
    record = {
        "event": "Seen",
        "properties": {
            "token": TOKEN,
            "time": (at + 2500) / 1000,
            "distinct_id": f"$device:{anonymous}",
            "$device_id": anonymous,
            "$insert_id": f"9k2x{tag}q7",
        },
    }
    other = {"event": "Seen", "properties": {"token": "f" * 28 + tag, "time": (at + 2600) / 1000}}
    return [
        first,
        {**short, "timestamp": iso(at + 100), "receivedAt": iso(at + 112)},
        later,
        first,
        {"endpoint": "/track", "record": record},
        {"endpoint": "/track", "record": other},
        {},
    ]


def recorded(messages: list[dict[str, Any]], settings: Settings = SETTINGS) -> list[bytes]:
    return list(Recorder(settings).lines(json.dumps(one).encode() for one in messages))


def steps(lines: list[bytes]) -> list[Step]:
    return [step for line in lines if (step := read_step(line)) is not None]


def test_the_same_traffic_gives_the_same_lines() -> None:
    one, other = recorded(traffic(1_795_000_000_000, "7b11")), recorded(traffic(1_800_000_321_000, "0c2f"))
    assert one == other
    assert len(one) == 7


def test_ids_times_and_tokens_are_placeholders() -> None:
    lines = recorded(traffic(1_795_000_000_000, "7b11"))
    first, short, later, copy, record, other, empty = steps(lines)
    assert first.message == {
        "type": "track",
        "event": "Signed Up",
        "userId": "user-1",
        "anonymousId": "{anonymous:1}",
        "messageId": "{id:1}",
        "writeKey": "{write_key}",
        "properties": {
            "at": "{+0ms}",
            "ms": "{+5000ms as ms}",
            "s": "{+0ms as s}",
            "since": "2020-01-01T00:00:00Z",
        },
        "context": {"page": {"url": "https://shop.test/?aid={anonymous:1}"}, "note": "{{id:1}"},
        "timestamp": "{+0ms}",
        "originalTimestamp": "{+0ms}",
        "sentAt": "{+0ms}",
    }
    assert (first.at_ms, later.at_ms, record.at_ms) == (0, 2000, 2500)
    assert (short.message["userId"], short.message["messageId"]) == ("{anonymous:2}", "{id:2}")
    assert later.message["timestamp"] == "{+1200ms}"
    assert copy.message == first.message
    assert record.message["record"] == {
        "event": "Seen",
        "properties": {
            "token": "{token}",
            "time": "{+2500ms as s}",
            "distinct_id": "$device:{anonymous:1}",
            "$device_id": "{anonymous:1}",
            "$insert_id": "{id:4}",
        },
    }
    assert other.message["record"] == {
        "event": "Seen",
        "properties": {"token": "{token:1}", "time": "{+2600ms as s}"},
    }
    assert empty.message == {}
    text = b"".join(lines)
    for secret in (TOKEN, "s3cr3t-api-secret", "wk-secret", "7b11"):
        assert secret.encode() not in text


def test_the_requests_have_the_same_placeholders() -> None:
    first, _, _, copy, record, other, empty = steps(recorded(traffic(1_795_000_000_000, "7b11")))
    (request,) = first.expect
    assert isinstance(request, dict)
    (event,) = request["body"]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportOptionalIterable, reportAssignmentType]
    properties = event["properties"]  # pyright: ignore[reportUnknownVariableType]
    assert properties["$insert_id"] == "{id:1}"
    assert properties["time"] == "{+0ms as ms}"
    assert properties["$device_id"] == "{anonymous:1}"
    assert request["authorization"] == "Basic ••••"
    assert "data" not in request
    assert copy.expect == other.expect == empty.expect == []
    assert [one["body"] for one in record.expect] == [record.message["record"]]  # pyright: ignore


def test_what_is_recorded_is_what_comes_of_it() -> None:
    for kind in ("actions", "classic-cloud"):
        settings = Settings(destination=DestinationSettings(kind=kind, token=TOKEN))
        lines = recorded(traffic(1_795_000_000_000, "7b11"), settings)
        without = Settings(destination=DestinationSettings(kind=kind))
        scenario = Scenario(scenario_settings(without))
        for step in steps(lines):
            assert scenario.became(step).requests == step.expect


def test_a_message_beyond_the_bounds_is_left_out_and_counted() -> None:
    recorder = Recorder(SETTINGS)
    deep = "[" * 600 + "]" * 600
    lines = list(
        recorder.lines([f'{{"type":"track","properties":{{"a":{deep}}}}}'.encode(), b'{"type":"track"}'])
    )
    assert (len(lines), recorder.left_out) == (1, 1)


def test_ids_that_are_words_are_replaced_in_their_own_fields_alone() -> None:
    message = {
        "type": "track",
        "event": "anonymous visit",
        "anonymousId": "anonymous",
        "messageId": "message",
        "properties": {"who": "anonymous", "what": "message"},
    }
    (step,) = steps(recorded([message]))
    assert step.message == {**message, "anonymousId": "{anonymous:1}", "messageId": "{id:1}"}


def test_odd_text_is_kept() -> None:
    message = {
        "type": "track",
        "event": "\ud800 \x9b \u202e \u2028",
        "userId": "u",
        "properties": {"": "\x00{"},
    }
    (line,) = recorded([message])
    (step,) = steps([line])
    assert step.message["event"] == "\ufffd \x9b \u202e \u2028"
    assert line.count(b"\n") == 1
