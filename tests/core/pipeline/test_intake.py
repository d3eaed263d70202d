"""Reading messages out of a receipt: what is filled in, objected to, and never lost."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from ingesting import NOW, to_json

from segtap.core.index.labels import describe, source_label
from segtap.core.messages import JsonObject, Marks, Message, Receipt, message_number
from segtap.core.objections import change, rejection
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.sources.segment.objections import NO_EVENT, NO_ID, NO_TYPE, PUBLIC_ADDRESS

RECEIVED = "2026-11-24T22:02:43.873Z"
TRACK = {"type": "track", "event": "E", "userId": "u", "messageId": "m-1"}


def receipt(body: Any = b"", path: str = "/v1/batch", **more: Any) -> Receipt:
    defaults: dict[str, Any] = {"uid": "7f", "received_at": NOW, "method": "POST", "peer": "127.0.0.1"}
    data = body if isinstance(body, bytes) else to_json(body)
    return Receipt(**{**defaults, "path": path, "body": data, **more})


def one(body: Any, path: str = "/v1/track", **more: Any) -> Message:
    (message,) = parse_receipt(receipt(body, path, **more))
    return message


def in_batch(*items: Any, **more: Any) -> list[Message]:
    return parse_receipt(receipt({"batch": list(items), **more}))


# -- what is filled in -------------------------------------------------------------------------------------


def test_a_missing_message_id_is_derived_from_the_receipt_and_so_the_same_each_time() -> None:
    body = {"batch": [{"type": "track", "event": "A"}, {"type": "track", "event": "B", "messageId": None}]}
    first, again = parse_receipt(receipt(body)), parse_receipt(receipt(body))
    ids = [message.message_id for message in first]
    assert ids == [message.message_id for message in again]
    assert len(set(ids)) == 2
    assert all(uuid.UUID(id).version == 5 for id in ids)
    assert all("$.messageId" in message.filled for message in first)
    other = parse_receipt(receipt(body, uid="80"))
    assert not {message.message_id for message in other} & set(ids)


def test_numbers_are_the_receipts_with_the_place_in_it() -> None:
    messages = parse_receipt(receipt({"batch": [TRACK, TRACK, TRACK]}, seq=9))
    assert [message.id for message in messages] == [message_number(9, place) for place in range(3)]


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/v1/track", "track"),
        ("/v1/t", "track"),
        ("/v1/i", "identify"),
        ("/v1/p", "page"),
        ("/v1/s", "screen"),
        ("/v1/g", "group"),
        ("/v1/a", "alias"),
        ("/v1/identify/", "identify"),
        ("/proxy/t", "track"),
        ("//v1//screen", "screen"),
    ],
)
def test_the_path_names_the_type_where_the_body_does_not(path: str, type: str) -> None:
    message = one({"userId": "u"}, path)
    assert (message.type, message.document["type"]) == (type, type)
    assert "$.type" in message.filled
    assert one({"type": "alias", "userId": "u"}, path).type == "alias"


def test_a_type_that_segment_does_not_know_gives_way_to_the_path_and_is_told() -> None:
    message = one({"type": "Track", "event": "E", "userId": "u"}, "/v1/track")
    assert message.document["type"] == "track"
    assert message.objections == (change('type "Track" is none of its calls: read as track by its path'),)


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "expected"),
    [
        # sent half a second after the call: half a second before it came
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.500Z", "2026-11-24T22:02:43.373Z"),
        # a phone whose clock is two years behind
        ("2024-01-01T00:00:00+05:30", "2023-12-31T18:30:10Z", "2026-11-24T22:02:33.873Z"),
        # microseconds, as Python's SDK writes them; without an offset it is UTC
        ("2026-01-01T00:00:00.000", "2026-01-01T00:00:01.000999+00:00", "2026-11-24T22:02:42.873Z"),
        # a historic import keeps its distance
        ("2015-02-03T04:05:06Z", "2026-11-24T22:02:43.873Z", "2015-02-03T04:05:06.000Z"),
    ],
)
def test_timestamp_is_corrected_by_sent_at(timestamp: str, sent_at: str, expected: str) -> None:
    single = one({**TRACK, "timestamp": timestamp, "sentAt": sent_at})
    (batched,) = in_batch({**TRACK, "timestamp": timestamp}, sentAt=sent_at)
    for message in (single, batched):
        assert message.document["timestamp"] == expected
        assert message.document["originalTimestamp"] == timestamp
        assert message.document["sentAt"] == sent_at
        assert message.document["receivedAt"] == RECEIVED
        assert {"$.receivedAt", "$.originalTimestamp"} <= set(message.filled)


@pytest.mark.parametrize("sent_at", [None, "yesterday", 17, "", [], "2026-13-45T99:00:00Z"])
def test_without_a_readable_sent_at_the_timestamp_stays(sent_at: Any) -> None:
    message = one({**TRACK, "timestamp": "2026-01-01T00:00:00+01:00", "sentAt": sent_at})
    assert message.document["timestamp"] == "2026-01-01T00:00:00+01:00"
    assert "$.timestamp" not in message.filled


def test_without_a_timestamp_it_is_the_moment_of_receipt() -> None:
    message = one({**TRACK, "sentAt": "2026-01-01T00:00:00Z"})
    assert message.document["timestamp"] == RECEIVED
    assert "originalTimestamp" not in message.document


@pytest.mark.parametrize("timestamp", ["soon", 1_700_000_000_000, {"$date": 1}])
def test_a_timestamp_that_is_none_stays_and_is_told(timestamp: Any) -> None:
    message = one({**TRACK, "timestamp": timestamp, "sentAt": "2026-01-01T00:00:00Z"})
    assert message.document["timestamp"] == timestamp
    assert any("is not ISO 8601" in one.words for one in message.objections)


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
def test_times_at_the_ends_of_the_calendar_do_no_harm(timestamp: str) -> None:
    message = one({**TRACK, "timestamp": timestamp, "sentAt": "2026-11-25T00:00:00Z"})
    assert message.document["originalTimestamp"] == timestamp


def test_what_a_batch_states_once_holds_for_its_items_and_the_items_own_keys_win() -> None:
    plain, own = in_batch(
        TRACK,
        {**TRACK, "context": {"locale": "de", "app": None}, "integrations": {"Mixpanel": False}},
        context={"locale": "en", "timezone": "UTC"},
        integrations={"All": True, "Mixpanel": True},
    )
    assert plain.document["context"] == {"locale": "en", "timezone": "UTC"}
    assert own.document["context"] == {"locale": "de", "timezone": "UTC", "app": None}
    assert own.document["integrations"] == {"All": True, "Mixpanel": False}
    assert {"$.context.timezone", "$.integrations.All"} <= set(own.filled)
    assert "$.context.locale" not in own.filled


def test_objects_of_a_batchs_context_are_merged_at_every_depth() -> None:
    """Segment's page on the batch call gives a device as its example, in two parts."""
    shared = {
        "device": {"type": "phone", "name": "Apple iPhone 6", "screen": {"width": 1, "sizes": [1, 2]}},
        "app": {"name": "Shop"},
        "traits": {"odd key": 1},
    }
    item = {
        "device": {"id": "d-1", "name": None, "screen": {"height": 2, "sizes": [3]}},
        "app": None,
        "traits": {},
    }
    first, second = in_batch(
        {**TRACK, "context": item}, {**TRACK, "context": {"device": "none"}}, context=shared
    )
    assert first.document["context"] == {
        "device": {
            "type": "phone",
            "name": None,
            "id": "d-1",
            "screen": {"width": 1, "height": 2, "sizes": [3]},
        },
        "app": None,
        "traits": {"odd key": 1},
    }
    added = {"$.context.device.type", "$.context.device.screen.width", "$.context.traits['odd key']"}
    assert {path for path in first.filled if path.startswith("$.context")} == added
    assert second.document["context"] == {"device": "none", "app": shared["app"], "traits": shared["traits"]}


def test_options_of_a_destination_are_merged_as_well() -> None:
    (options, off) = in_batch(
        {**TRACK, "integrations": {"Mixpanel": {"a": 1}}},
        {**TRACK, "integrations": {"Mixpanel": False}},
        integrations={"Mixpanel": {"b": 2}},
    )
    assert options.document["integrations"] == {"Mixpanel": {"a": 1, "b": 2}}
    assert off.document["integrations"] == {"Mixpanel": False}


def test_a_context_nested_to_the_limit_is_merged() -> None:
    deep = {"a": 1}
    other: dict[str, Any] = {"b": 2}
    for _ in range(500):
        deep, other = {"x": deep}, {"x": other}
    (message,) = in_batch({**TRACK, "context": deep}, context=other)
    inner: Any = message.document["context"]
    for _ in range(500):
        inner = inner["x"]
    assert inner == {"a": 1, "b": 2}


# -- context.ip --------------------------------------------------------------------------------------------

BROWSER = (("origin", "https://shop.example"),)


@pytest.mark.parametrize(
    ("headers", "context", "peer", "expected"),
    [
        (BROWSER, None, "8.8.8.8", "8.8.8.8"),
        (BROWSER, {"locale": "de"}, "2001:4860:4860::8888", "2001:4860:4860::8888"),
        (BROWSER, None, "::ffff:8.8.4.4", "8.8.4.4"),
        (BROWSER, {"ip": "203.0.113.7"}, "8.8.8.8", "203.0.113.7"),
        ((), {"direct": True}, "8.8.8.8", "8.8.8.8"),
        ((), None, "8.8.8.8", None),
        ((), {"direct": False}, "8.8.8.8", None),
        (BROWSER, None, "127.0.0.1", None),
        (BROWSER, None, "192.168.1.20", None),
        (BROWSER, None, "::1", None),
        (BROWSER, None, "fe80::1%eth0", None),
        (BROWSER, None, "", None),
        ((*BROWSER, ("x-forwarded-for", "9.9.9.9, 10.0.0.1")), None, "127.0.0.1", "9.9.9.9"),
        ((*BROWSER, ("x-forwarded-for", "10.0.0.2")), None, "127.0.0.1", None),
    ],
)
def test_context_ip_is_filled_in_for_clients_only_and_never_with_a_local_address(
    headers: Any, context: Any, peer: str, expected: str | None
) -> None:
    message = one({**TRACK, "context": context}, headers=headers, peer=peer)
    got = message.document["context"]
    assert (got.get("ip") if isinstance(got, dict) else None) == expected
    was_filled = expected is not None and expected != "203.0.113.7"
    assert ("$.context.ip" in message.filled) is was_filled
    local = bool(headers) and expected is None
    assert (PUBLIC_ADDRESS in message.objections) is local
    assert not message.marks


# -- marks and objections ----------------------------------------------------------------------------------


def test_items_that_are_no_messages_stay_visible_where_they_came() -> None:
    messages = in_batch(TRACK, 7, None, {"event": "no type"}, {"type": "purchase", "event": "E"}, [TRACK])
    assert [message.type for message in messages] == ["track", "", "", "", "", ""]
    assert [bool(message.marks & Marks.WOULD_REJECT) for message in messages] == [False] + [True] * 5
    assert messages[1].objections == (rejection("it is not a JSON object"),)
    assert messages[3].objections == (NO_TYPE,)
    assert messages[4].objections == (rejection('type "purchase" is none of its calls'),)
    assert messages[1].original == b"7"
    assert messages[4].document["type"] == "purchase"
    assert len({message.message_id for message in messages}) == 6


GROUP = {"type": "group", "groupId": "acme", "traits": {"plan": "pro"}}
ALIAS = {"type": "alias", "previousId": "old"}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, False),
        ({"userId": None, "anonymousId": None}, False),
        ({"userId": "", "anonymousId": ""}, False),
        ({"userId": "", "anonymousId": "a"}, True),
        ({"userId": "u"}, True),
        ({"userId": None, "anonymousId": "a"}, True),
        ({"userId": 7}, True),
        ({"userId": 0}, True),
        ({"userId": 1.5}, True),
        # Segment says nothing of such a text; the rules on ids do.
        ({"userId": " "}, True),
        ({"userId": {"id": "u"}}, False),
        ({"userId": ["u"], "anonymousId": ""}, False),
        ({"userId": False}, False),
        ({"userId": True, "anonymousId": "a"}, True),
        ({"user_id": "u", "properties": {"userId": "u"}, "context": {"traits": {"userId": "u"}}}, False),
    ],
)
@pytest.mark.parametrize("origin", ["sdk", "pixel", "tee", "replay"])
def test_a_call_without_an_identifier_would_be_rejected(given: JsonObject, taken: bool, origin: Any) -> None:
    calls = ({"type": "track", "event": "E"}, {"type": "identify", "traits": {}}, {"type": "page"})
    for call in (*calls, {"type": "screen"}, GROUP, ALIAS):
        single = one({**call, **given}, f"/v1/{call['type']}", origin=origin)
        before, batched, after = in_batch(TRACK, {**call, **given}, TRACK, origin=origin)
        for message in (single, batched):
            assert bool(message.marks & Marks.WOULD_REJECT) is not taken
            assert any(one.words.startswith(NO_ID.words) for one in message.objections) is not taken
        assert not (before.marks | after.marks) & Marks.WOULD_REJECT


def test_what_stands_in_place_of_an_identifier_is_named() -> None:
    message = one({"type": "page", "userId": {"id": "u"}}, "/v1/page")
    assert message.objections == (rejection(f"{NO_ID.words} (userId {{1 key}} is not an id)"),)


@pytest.mark.parametrize(
    ("event", "taken"), [(..., False), (None, False), ("", False), ("E", True), (5, True)]
)
def test_a_track_call_without_a_name_would_be_rejected(event: Any, taken: bool) -> None:
    document = {"type": "track", "userId": "u"} | ({} if event is ... else {"event": event})
    message = one(document)
    assert message.objections == (() if taken else (NO_EVENT,))
    assert bool(message.marks & Marks.WOULD_REJECT) is not taken
    assert not one({"type": "page", "userId": "u"}, "/v1/page").objections


@pytest.mark.parametrize(("size", "objected"), [(32 * 1024, False), (32 * 1024 + 1, True)])
def test_an_event_of_32_kb_passes_and_one_byte_more_does_not(size: int, objected: bool) -> None:
    empty = len(to_json({**TRACK, "x": ""}))
    message = one({**TRACK, "x": "y" * (size - empty)})
    assert len(message.original) == size
    assert bool(message.objections) is objected
    assert message.marks == (Marks.WOULD_REJECT if objected else Marks.NONE)


def test_40_kb_are_told_as_segment_counts() -> None:
    message = one({**TRACK, "x": "y" * 41_000})
    assert [one.text for one in message.objections] == [
        "Segment would reject this: 40.1 KB, its limit is 32 KB"
    ]


def test_more_than_2500_messages_are_all_marked() -> None:
    messages = in_batch(*[TRACK] * 2501)
    assert len(messages) == 2501
    many = rejection("its batch has 2,501 messages, the limit is 2,500")
    assert all(many in message.objections for message in messages)
    assert not in_batch(*[TRACK] * 2500)[0].objections


def test_one_nan_spoils_the_batch_and_each_message_says_so() -> None:
    body = (
        b'{"batch":[{"type":"track","event":"A","userId":"u"},'
        b'{"type":"track","event":"B","userId":"u","v":-Infinity}],"writeKey":"k"}'
    )
    first, second = parse_receipt(receipt(body))
    assert first.objections == (rejection("message 2 of its batch is no JSON, which spoils them all"),)
    assert second.document["v"] is None
    assert "Infinity at $.v" in second.objections[0].words
    assert second.original == b'{"type":"track","event":"B","userId":"u","v":-Infinity}'
    assert first.write_key == second.write_key == "k"


def test_teed_and_replayed_messages_are_marked() -> None:
    assert one(TRACK, origin="tee").marks == Marks.TEED
    assert one(TRACK, origin="replay").marks == Marks.REPLAY


def test_a_replay_leaves_the_message_as_it_was_but_for_the_receipt() -> None:
    first = one(
        {**TRACK, "timestamp": "2020-01-01T00:00:00Z", "sentAt": "2020-01-01T00:00:05Z", "x": "y" * 40_000},
        headers=BROWSER,
        peer="8.8.8.8",
    )
    (again,) = parse_receipt(
        receipt(
            {"batch": [first.document], "sentAt": "1999-01-01T00:00:00Z"},
            origin="replay",
            received_at=NOW + 1,
        )
    )
    assert again.document == {**first.document, "receivedAt": "2026-11-24T22:02:43.874Z"}
    assert again.filled == ("$.receivedAt",)
    assert again.message_id == first.message_id
    assert again.marks == Marks.REPLAY


def test_refused_requests_and_other_kinds_hold_no_messages() -> None:
    assert parse_receipt(receipt({"batch": [TRACK]}, refused="too late", status=408)) == []
    assert parse_receipt(receipt({"batch": []})) == []
    (message,) = parse_receipt(receipt({"batch": [TRACK]}, source_kind="mixpanel"))
    assert (message.type, message.document, message.marks) == ("raw", {}, Marks.WOULD_REJECT)


def test_a_receipt_that_should_not_be_there_gives_a_message_that_says_why() -> None:
    message = one(b"\x1f\x8bnot gzip")
    assert message.marks == Marks.WOULD_REJECT
    assert message.objections[0].text.startswith("Segment would reject this: the body is not gzip")


def test_wanted_and_marks_come_from_the_receipt() -> None:
    assert one(TRACK, wanted=True).wanted
    assert not one(TRACK).wanted


@pytest.mark.parametrize(("length", "noted"), [(99, False), (100, True), (101, True), (5_000, True)])
def test_a_message_id_is_noted_from_100_characters_on(length: int, noted: bool) -> None:
    message = one({**TRACK, "messageId": "x" * length})
    words = (
        f"messageId has {length:,} characters: Segment documents fewer than 100, "
        "and does not say what it does with others"
    )
    assert message.objections == ((change(words),) if noted else ())
    assert not message.marks


def test_a_message_id_that_is_not_text_is_kept_as_text() -> None:
    assert one({**TRACK, "messageId": 12}).message_id == "12"


# -- write key ---------------------------------------------------------------------------------------------

BASIC = ("authorization", "Basic " + base64.b64encode(b"basic:").decode())
BARE = ("authorization", "basic " + base64.b64encode(b"bare").decode().rstrip("="))


@pytest.mark.parametrize(
    ("body", "headers", "query", "expected"),
    [
        ({"batch": [{**TRACK, "writeKey": "item"}], "writeKey": "body"}, [BASIC], "writeKey=query", "body"),
        ({"batch": [{**TRACK, "writeKey": "item"}]}, [BASIC], "writeKey=query", "basic"),
        ({"batch": [{**TRACK, "writeKey": "item"}]}, [], "writeKey=query", "item"),
        ({"batch": [TRACK]}, [], "a=1&writeKey=que%72y", "query"),
        ({"batch": [TRACK]}, [BARE], "", "bare"),
        ({"batch": [TRACK]}, [("authorization", "Bearer abc")], "", ""),
        ({"batch": [TRACK]}, [("authorization", "Basic %%%")], "", ""),
        ({"batch": [1], "writeKey": 5}, [], "", ""),
        ({**TRACK, "writeKey": "single"}, [], "", "single"),
    ],
)
def test_the_write_key_is_found_wherever_the_sdk_puts_it(
    body: Any, headers: list[tuple[str, str]], query: str, expected: str
) -> None:
    (message,) = parse_receipt(receipt(body, headers=tuple(headers), query=query))
    assert message.write_key == expected


# -- pixel -------------------------------------------------------------------------------------------------


def in_base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def pixel(query: str, path: str = "/v1/pixel/track") -> list[Message]:
    return parse_receipt(receipt(b"", path, method="GET", query=query, origin="pixel"))


def test_the_pixels_data_may_be_any_base64() -> None:
    document = {"event": "Öl? >> ~~~", "userId": "ü", "writeKey": "k", "properties": {"n": 1}}
    text = json.dumps(document, ensure_ascii=False).encode()
    standard = base64.b64encode(text).decode()
    assert "+" in standard or "/" in standard
    forms = [
        base64.urlsafe_b64encode(text).decode(),
        base64.urlsafe_b64encode(text).decode().rstrip("="),
        standard,  # an unescaped + arrives as a space
        standard.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
    ]
    for form in forms:
        (message,) = pixel(f"data={form}")
        assert {key: message.document[key] for key in document} == document
        assert message.original == text


@pytest.mark.parametrize(
    ("wrap", "again"),
    [
        (lambda text: quote(text), "percent-encoding"),
        (lambda text: quote(in_base64(text) + "=="), "percent-encoding"),
        (lambda text: in_base64(quote(text)), "percent-encoding"),
        (lambda text: in_base64(in_base64(text)), "base64"),
        (lambda text: in_base64(json.dumps(text)), "a JSON text"),
        (lambda text: json.dumps(text), "a JSON text"),
        (lambda text: quote(json.dumps(text)), "percent-encoding and a JSON text"),
    ],
    ids=[
        "percent",
        "percent base64",
        "base64 percent",
        "base64 base64",
        "base64 text",
        "text",
        "percent text",
    ],
)
def test_a_pixel_that_is_encoded_twice_is_read_and_named(wrap: Callable[[str], str], again: str) -> None:
    text = json.dumps({"event": "Öl > 50%", "userId": "ü"}, ensure_ascii=False)
    (message,) = pixel(f"data={quote(wrap(text))}")
    assert (message.document["event"], message.document["userId"]) == ("Öl > 50%", "ü")
    assert message.marks == Marks.WOULD_REJECT
    assert message.objections[0].text == (
        f"Segment would reject this: its data is encoded twice, in {again} too: "
        "Segment takes base64 of the JSON"
    )


def test_the_pixels_dotted_fields_become_objects() -> None:
    (message,) = pixel(
        "userId=u&event=E&properties.a.b=1&properties.c=2&properties.c.d=3"
        "&context.page.url=x%20y&tee=1&event.x=7"
    )
    assert message.document["properties"] == {"a": {"b": "1"}, "c": "2", "c.d": "3"}
    assert message.document["context"] == {"page": {"url": "x y"}}
    assert message.document["event"] == "E"
    assert message.document["event.x"] == "7"
    assert "tee" not in message.document


def test_pixels_take_their_type_from_the_path() -> None:
    (message,) = pixel("groupId=g&userId=u", "/v1/pixel/group")
    assert message.type == "group"


# -- words for the list ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "name", "user"),
    [
        ({"type": "track", "event": "Order\nCompleted", "userId": 7}, "Order Completed", "7"),
        ({"type": "track", "anonymousId": "a", "userId": None}, "track", "a"),
        ({"type": "page", "name": "Home", "userId": ""}, "Home", ""),
        ({"type": "page", "properties": {"path": "/x"}}, "/x", ""),
        ({"type": "screen", "context": {"page": {"path": "/y"}}}, "/y", ""),
        ({"type": "group", "groupId": 12, "userId": "u"}, "12", "u"),
        ({"type": "alias", "previousId": "a", "userId": "b"}, "a → b", "b"),
        ({"type": "identify", "userId": "u"}, "identify", "u"),
        ({"type": "odd", "event": {"x": 1}}, "odd", ""),
        ({"type": "track", "event": "x" * 1_000_000}, "x" * 255 + "…", ""),
    ],
)
def test_names_and_users(document: JsonObject, name: str, user: str) -> None:
    (message,) = in_batch(document)
    assert describe(message) == (name, user)


@pytest.mark.parametrize(
    ("library", "system", "channel", "label"),
    [
        ("analytics.js", "", "", "web"),
        ("@segment/analytics-node", "", "", "node"),
        ("analytics-react-native", "iOS", "", "ios"),
        ("@segment/analytics-react-native", "Android", "", "android"),
        ("analytics-react-native", "", "", "react native"),
        ("analytics-kotlin", "Android", "", "android"),
        ("analytics-swift", "iOS", "", "ios"),
        ("Analytics-CSharp", "", "", ".net"),
        ("home made", "", "", "home made"),
        ("", "iPadOS", "", "ios"),
        ("", "", "server", "server"),
        ("", "", "", "http"),
    ],
)
def test_sources(library: str, system: str, channel: str, label: str) -> None:
    document: JsonObject = {
        "channel": channel,
        "context": {"library": {"name": library}, "os": {"name": system}},
    }
    assert source_label(document) == label


@pytest.mark.parametrize("context", [None, 5, [], {"library": "x", "os": 3}])
def test_odd_contexts_have_a_source_too(context: Any) -> None:
    assert source_label({"context": context}) == "http"


def test_a_librarys_own_name_is_one_line() -> None:
    assert source_label({"context": {"library": {"name": " a\r\nb\tc "}}}) == "a b c"
    assert source_label({"context": {"library": {"name": "\n"}}}) == "http"
