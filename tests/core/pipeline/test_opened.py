"""Files of messages become requests that were received when the file says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segtap.core.messages import Message
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.pipeline.opened import BEGIN, Opened, Place, opened
from segtap.core.sources.bounds import DEFAULT_BOUNDS

NOW = 1_795_557_600_000
AT = "2026-11-24T21:57:09.140Z"
ARCHIVED: dict[str, Any] = {
    "type": "track",
    "event": "Ended",
    "userId": "u-1",
    "messageId": "m-1",
    "originalTimestamp": "2026-11-24T20:00:00.000Z",
    "timestamp": "2026-11-24T21:57:07.000Z",
    "sentAt": "2026-11-24T20:00:02.140Z",
    "receivedAt": AT,
    "context": {"direct": True, "library": {"name": "x"}},
}
EVENT = {"event": "Seen", "properties": {"time": 1_795_000_000, "distinct_id": "d", "$insert_id": "i"}}


def steps(text: str, skip: Place = BEGIN) -> list[Opened]:
    return list(opened([text.encode()], now=NOW, skip=skip))


def messages(text: str, skip: Place = BEGIN) -> list[Message]:
    return [
        message
        for step in steps(text, skip)
        if step.receipt is not None
        for message in parse_receipt(step.receipt)
    ]


def faults(text: str) -> list[tuple[int, str]]:
    return [fault for step in steps(text) for fault in step.faults]


def test_a_message_of_an_archive_stays_as_segment_made_it() -> None:
    (message,) = messages(json.dumps(ARCHIVED))
    assert message.document == ARCHIVED
    assert message.received_at == 1_795_557_429_140
    assert message.marks == 0
    assert not message.objections
    assert not message.wanted


def test_messages_received_together_are_one_request() -> None:
    lines = [{**ARCHIVED, "messageId": f"m-{n}", "receivedAt": AT if n < 3 else None} for n in range(5)]
    found = steps("\n".join(map(json.dumps, lines)))
    assert [(step.messages, step.upto) for step in found] == [(3, (3, 0)), (2, (5, 0))]
    assert [step.receipt.received_at for step in found if step.receipt] == [
        1_795_557_429_140,
        1_795_557_427_000,
    ]
    assert len(steps("\n".join([json.dumps(ARCHIVED)] * 250))) == 3


def test_without_a_time_it_is_received_now() -> None:
    (message,) = messages('{"type": "track", "event": "Ended", "userId": "u"}')
    assert message.received_at == NOW
    (message,) = messages('{"type": "track", "event": "Ended", "userId": "u", "receivedAt": "0000-00-00"}')
    assert message.received_at == NOW


def test_a_broken_line_is_named_and_costs_nothing_else() -> None:
    text = "\n".join([json.dumps(ARCHIVED), "", '{"type": "track', json.dumps(ARCHIVED), "[1]", "what", "{}"])
    assert len(messages(text)) == 2
    assert [line for line, _ in faults(text)] == [3, 5, 6, 7]
    assert dict(faults(text))[7] == "it is neither a message of Segment's nor a record of Mixpanel's"


def test_a_list_over_several_lines_is_read() -> None:
    text = json.dumps([ARCHIVED, {"what": 1}, {**ARCHIVED, "messageId": "m-2"}], indent=2)
    assert [message.message_id for message in messages(text)] == ["m-1", "m-2"]
    assert [text.split("\n")[line - 1].strip() for line, _ in faults(text)] == ["{"]


def test_mixpanels_events_are_records_of_its_own() -> None:
    (message,) = messages(json.dumps(EVENT))
    assert (message.source_kind, message.document, message.endpoint) == ("mixpanel", EVENT, "/import")
    assert message.received_at == 1_795_000_000_000
    later = {**EVENT, "properties": {**EVENT["properties"], "mp_processing_time_ms": 1_795_000_002_500}}
    assert messages(json.dumps(later))[0].received_at == 1_795_000_002_500


def test_device_traffic_of_an_export_stays_at_its_endpoint() -> None:
    profile = {"$token": "t", "$distinct_id": "d", "$set": {"plan": "pro"}}
    found = messages("\n".join(json.dumps({"endpoint": "/engage", "record": profile}) for _ in range(2)))
    assert [(one.endpoint, one.document) for one in found] == [("/engage", profile)] * 2
    assert messages(json.dumps(profile))[0].endpoint == "/engage"


def test_records_of_debuggers_scenarios_and_envelopes_give_their_message() -> None:
    wrapped = {"id": 7, "payload": {"raw": json.dumps(ARCHIVED)}}
    envelope = {"now": AT, "settings": {"projectToken": "t"}, "message": ARCHIVED}
    step = {"at_ms": 5, "message": ARCHIVED, "expect": []}
    for line in (wrapped, envelope, step):
        assert [message.message_id for message in messages(json.dumps(line))] == ["m-1"]


def test_a_message_too_large_to_be_read_is_kept() -> None:
    large = {**ARCHIVED, "properties": {str(n): n for n in range(DEFAULT_BOUNDS.nodes)}}
    (message,) = messages(json.dumps(large))
    assert message.unread
    assert message.message_id == "m-1"
    assert message.received_at == 1_795_557_429_140


@pytest.mark.parametrize("stop", range(8))
def test_what_was_read_before_is_not_read_again(stop: int) -> None:
    batch = {
        "batch": [
            {**ARCHIVED, "messageId": f"b-{n}", "receivedAt": f"2026-11-24T21:57:0{n}Z"} for n in range(4)
        ]
    }
    text = "\n".join([json.dumps(ARCHIVED), "broken", json.dumps(batch), json.dumps(EVENT)])
    whole = steps(text)
    assert len(whole) == 6
    before = whole[:stop]
    skip = next((step.upto for step in reversed(before) if step.receipt is not None), BEGIN)
    found = [message.message_id for step in before if step.receipt for message in parse_receipt(step.receipt)]
    found += [message.message_id for message in messages(text, skip)]
    assert found == ["m-1", "b-0", "b-1", "b-2", "b-3", messages(json.dumps(EVENT))[0].message_id]


def entry(url: str, body: str = "", **request: Any) -> dict[str, Any]:
    return {
        "startedDateTime": AT,
        "request": {
            "method": "POST" if body else "GET",
            "url": url,
            "headers": [
                {"name": "Authorization", "value": "Basic d2s6"},
                {"name": "Content-Length", "value": "9"},
                {"name": "Cookie", "value": "secret=1"},
                {"name": "X-Masked", "value": "••••"},
            ],
            **({"postData": {"mimeType": "application/json", "text": body}} if body else {}),
            **request,
        },
    }


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=1)


def test_entries_of_a_har_file_are_requests_as_they_were() -> None:
    call = json.dumps({"event": "Ended", "userId": "u", "messageId": "m-1"})
    form = "data=" + json.dumps([EVENT])
    text = har(
        entry("https://api.segment.io/v1/t", call),
        entry("https://example.com/page.html"),
        entry("https://example.com/api", '{"q": 1}'),
        entry("https://api-js.mixpanel.com/track/?verbose=1", form),
        entry("https://api.segment.io/v1/batch", "{"),
        {"request": {}},
    )
    found = steps(text)
    assert [step.passed_over for step in found] == [0, 1, 1, 0, 0, 0]
    assert [step.messages for step in found] == [1, 0, 0, 1, 0, 0]
    first, device, refused = (step.receipt for step in found if step.receipt is not None)
    assert first.headers == (("authorization", "Basic d2s6"),)
    (message,) = parse_receipt(first)
    assert (message.type, message.write_key, message.received_at) == ("track", "wk", 1_795_557_429_140)
    assert parse_receipt(device)[0].document == EVENT
    assert refused.refused
    assert refused.status == 400
    assert [fault.why for step in found for fault in step.faults] == [
        "the entry has no request with method and url"
    ]
