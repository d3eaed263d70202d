"""What Mixpanel's own SDKs are answered: each clears its queue and logs nothing."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest
from ingesting import Answer, Headers, Sink, ask, ingest_app

from segtap.core.codec import decode
from segtap.core.errors import JournalError
from segtap.core.messages import Message
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.sources.segment.pixel import GIF

EVENT = {"event": "Seen", "properties": {"token": "tok", "distinct_id": "u-1", "$insert_id": "i-1"}}
PROFILE = {"$set": {"plan": "pro"}, "$token": "tok", "$distinct_id": "u-1"}
GROUP = {"$set": {"name": "Acme"}, "$token": "tok", "$group_key": "company", "$group_id": "acme"}
FORM: Headers = [("content-type", "application/x-www-form-urlencoded")]
BEACON: Headers = [("content-type", "text/plain;charset=UTF-8"), ("origin", "https://shop.example")]
VERBOSE = b'{"status":1,"error":null}'


def b64(value: Any, *, url_safe: bool = False) -> str:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return encode(json.dumps(value).encode()).decode()


def form(value: Any) -> bytes:
    return b"data=" + quote(b64(value), safe="").encode()


def form_json(value: Any, more: str = "") -> bytes:
    return b"data=" + quote(json.dumps(value)).encode() + more.encode()


async def sent(
    target: str, body: bytes = b"", headers: Headers = FORM, method: str = "POST"
) -> tuple[Answer, list[Message], Sink]:
    """The answer to a request, and the messages in what was stored of it."""
    sink = Sink()
    answer = await ask(ingest_app(sink), method, target, body, headers)
    return answer, [one for receipt in sink.taken for one in parse_receipt(receipt)], sink


@pytest.mark.parametrize(
    ("record", "endpoint"), [(EVENT, "/track"), (PROFILE, "/engage"), (GROUP, "/groups")]
)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["", "/mp", "/a/b"])
async def test_batches_and_single_records_at_any_prefix(
    record: Any, endpoint: str, slash: str, prefix: str
) -> None:
    target = f"{prefix}{endpoint}{slash}"
    for query, whole, expected in (
        ("?verbose=1&ip=1&_=1", [record, record], VERBOSE),
        ("?ip=1&_=1", record, b"1"),
        ("?verbose=0", record, b"1"),
    ):
        for body in (form(whole), form_json(whole)):
            answer, messages, _ = await sent(target + query, body)
            assert (answer.status, answer.body) == (200, expected)
            assert [one.document for one in messages] == (whole if isinstance(whole, list) else [whole])
            assert {one.endpoint.partition("?")[0] for one in messages} == {endpoint}


async def test_single_verbose_and_verbose_in_the_body() -> None:
    answer, _, _ = await sent("/track/?verbose=1", form(EVENT))
    assert answer.json == {"status": 1, "error": None}
    # mixpanel-python sends it in the form, to /import as well.
    for target in ("/track", "/import"):
        answer, messages, _ = await sent(target, form_json(EVENT, "&verbose=1&ip=0"))
        assert answer.json["status"] == 1
        assert messages[0].endpoint == f"{target}?ip=0"


@pytest.mark.parametrize("url_safe", [False, True])
async def test_get_and_pixel(url_safe: bool) -> None:
    record = {**EVENT, "properties": {**EVENT["properties"], "note": "ü ✓ >>>???"}}  # type: ignore[dict-item]
    data = quote(b64(record, url_safe=url_safe), safe="")
    answer, messages, _ = await sent(f"/track/?data={data}&ip=1&_=2", headers=[], method="GET")
    assert (answer.body, messages[0].document) == (b"1", record)
    answer, messages, _ = await sent(f"/track/?data={data}&img=1", headers=[], method="GET")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, GIF, "image/gif")
    assert messages[0].document == record


@pytest.mark.parametrize("path", ["/p/", "/e/", "/gr/", "/mp/track", "/own/collect"])
async def test_custom_routes_are_told_from_segments_by_their_body(path: str) -> None:
    answer, messages, _ = await sent(f"{path}?verbose=1", form([PROFILE]))
    assert answer.body == VERBOSE
    assert (messages[0].source_kind, messages[0].document) == ("mixpanel", PROFILE)
    data = quote(b64(EVENT), safe="")
    answer, messages, _ = await sent(f"{path}?data={data}", headers=[], method="GET")
    assert (answer.body, messages[0].document) == (b"1", EVENT)


async def test_segments_calls_stay_segments() -> None:
    call = {"event": "Seen", "userId": "u-1", "properties": {"token": "tok", "distinct_id": "u-1"}}
    for body in (call, {"event": "Seen", "properties": {"token": "a word"}}):
        for path in ("/v1/track", "/mp/track"):
            _, messages, _ = await sent(path, json.dumps(body).encode(), [])
            assert [one.source_kind for one in messages] == ["segment"]
    segment = quote(b64({"event": "Seen", "userId": "u-1", "properties": {}}), safe="")
    answer, messages, _ = await sent(f"/v1/pixel/track?data={segment}", headers=[], method="GET")
    assert (answer.body, messages[0].source_kind, messages[0].type) == (GIF, "segment", "track")


async def test_a_beacon_and_its_cors_headers() -> None:
    answer, messages, _ = await sent("/track/?verbose=1&ip=1", form([EVENT]), BEACON)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert messages[0].document == EVENT


async def test_a_preflight_names_the_asked_headers() -> None:
    answer, _, _ = await sent(
        "/record/?replay_id=r",
        headers=[
            ("origin", "https://shop.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
        ],
        method="OPTIONS",
    )
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_recordings_flags_and_settings_are_answered_and_never_kept() -> None:
    recorded = "/record/?replay_id=r&seq=0&mp_lib=web&replay_start_time=1"
    answer, _, sink = await sent(
        recorded, gzip.compress(b"{}"), [("content-type", "application/octet-stream")]
    )
    assert (answer.status, answer.json, sink.receipts) == (200, {"code": 200, "status": "OK"}, [])
    answer, _, sink = await sent("/flags/?context=%7B%7D&token=tok", headers=[], method="GET")
    assert (answer.json, sink.receipts) == ({"flags": {}}, [])
    for path in ("/settings/", "/mp/settings/"):
        answer, _, sink = await sent(f"{path}?sdk_config=1&mp_lib=web", headers=[], method="GET")
        assert (answer.json, sink.receipts) == ({}, [])


async def test_import_with_json_and_ndjson() -> None:
    two = [EVENT, {**EVENT, "event": "Other"}]
    lines = b"\n".join(json.dumps(one).encode() for one in two) + b"\n"
    for body in (json.dumps(two).encode(), lines, gzip.compress(lines)):
        answer, messages, _ = await sent("/import?strict=1", body, [("content-encoding", "gzip")])
        assert answer.json == {"code": 200, "num_records_imported": 2, "status": "OK"}
        assert [one.document for one in messages] == two
        assert {one.endpoint for one in messages} == {"/import?strict=1"}


@pytest.mark.parametrize("body", [b"data=%25%25%25", b"data=e30%3D", form([1, 2]), b"data=%7B%22a"])
async def test_a_bad_body_is_answered_as_the_sdk_reads_it_and_is_visible(body: bytes) -> None:
    answer, messages, sink = await sent("/track/?verbose=1", body)
    assert (answer.status, answer.json["status"]) == (200, 0)
    (refused,) = sink.refused
    assert answer.json["error"] == refused.refused
    assert (refused.source_kind, messages) == ("mixpanel", [])
    answer, _, _ = await sent("/track/", body)
    assert (answer.status, answer.body) == (200, b"0")


async def test_bad_json_to_import() -> None:
    answer, _, sink = await sent("/import", b'[{"event": "x"', [])
    assert (answer.status, answer.json["status"]) == (400, "Bad Request")
    assert len(sink.refused) == 1


async def test_caps_hold_and_a_batch_that_is_too_large_comes_again_in_parts() -> None:
    sink = Sink()
    app = ingest_app(sink, max_wire=1000, max_decoded=3000, max_depth=20)
    large = form([{**EVENT, "note": "x" * 2000}])
    answer = await ask(app, "POST", "/track/?verbose=1", large, FORM)
    assert (answer.status, answer.json["status"]) == (413, 0)
    packed = gzip.compress(json.dumps([{**EVENT, "note": "x" * 4000}]).encode())
    answer = await ask(app, "POST", "/engage/", packed, [])
    assert (answer.status, answer.body) == (413, b"0")
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    answer = await ask(app, "POST", "/track/", form({**EVENT, "deep": deep}), FORM)
    assert (answer.status, answer.body) == (200, b"0")
    assert len(sink.refused) == 3
    crowd = b"data=%5B" + b"1," * 200_000 + b"1%5D"
    answer = await ask(ingest_app(sink), "POST", "/track/?verbose=1", crowd, FORM)
    assert "more than 100,000 records" in answer.json["error"]


async def test_a_journal_that_cannot_be_written_keeps_the_sdks_batch() -> None:
    sink = Sink()
    sink.fails.append(JournalError("the disk is full"))
    answer = await ask(ingest_app(sink), "POST", "/track/?verbose=1", form([EVENT]), FORM)
    assert answer.status == 503


async def test_an_empty_list_is_answered_and_not_kept() -> None:
    answer, _, sink = await sent("/track/?verbose=1", form([]))
    assert (answer.body, sink.receipts) == (VERBOSE, [])


@pytest.mark.parametrize(
    "body", [b"", b"  \r\n", b"{}", b'{"a": 1}', b"hello", b"verbose=1&ip=0", b"\x1f\x8bcut"]
)
@pytest.mark.parametrize("path", ["/track", "/engage/", "/mp/groups"])
async def test_a_request_without_records_is_refused_as_the_sdk_reads_it(path: str, body: bytes) -> None:
    for target in (f"{path}?verbose=1&ip=1", f"{path}?ip=1&_=2"):
        answer, messages, sink = await sent(target, body)
        verbose = b"verbose=1" in target.encode() + body
        if verbose:
            assert (answer.status, answer.json["status"]) == (200, 0)
        else:
            assert (answer.status, answer.body) == (200, b"0")
        (refused,) = sink.refused
        assert (refused.source_kind, messages) == ("mixpanel", [])
        if verbose:
            assert answer.json["error"] == refused.refused
        if body[:2] == b"\x1f\x8b":
            assert "gzip body" in str(refused.refused)
        else:
            assert "no records" in str(refused.refused) or "records are no JSON" in str(refused.refused)


async def test_a_path_that_segment_has_too_is_theirs_by_its_query() -> None:
    for target, body in (
        ("/mp/track?ip=1", b""),
        ("/mp/track?verbose=1", b"hello"),
        ("/mp/track", b"ip=0&a="),
    ):
        answer, _, sink = await sent(target, body)
        assert answer.body == b"0" or answer.json["status"] == 0
        assert [one.source_kind for one in sink.refused] == ["mixpanel"]


async def test_an_import_without_records_is_refused_as_its_documentation_says() -> None:
    for body in (b"", b"{}"):
        answer, _, sink = await sent("/import?strict=1", body, [])
        assert (answer.status, answer.json["code"], answer.json["status"]) == (400, 400, "Bad Request")
        assert answer.json["error"] == sink.refused[0].refused
    answer, _, _ = await sent("/import", b"data=", FORM)
    assert (answer.status, answer.body) == (200, b"0")


@pytest.mark.parametrize("query", ["ip=1&_=2", "verbose=1", "data=", "data=%25"])
async def test_a_get_without_records_is_refused_as_the_sdk_reads_it(query: str) -> None:
    for path in ("/track", "/mp/engage/"):
        answer, _, sink = await sent(f"{path}?{query}", headers=[], method="GET")
        assert answer.status == 200
        assert answer.body == b"0" or answer.json["status"] == 0
        assert [one.source_kind for one in sink.refused] == ["mixpanel"]


@pytest.mark.parametrize(
    "query", [f"data={quote(b64(EVENT), safe='')}", "data=%25", "ip=1", "img=1&data=%25"]
)
async def test_a_head_of_a_link_leaves_nothing(query: str) -> None:
    answer, _, sink = await sent(f"/track/?{query}", headers=[], method="HEAD")
    assert (answer.status, sink.receipts) == (200, [])


async def test_what_names_a_segment_message_is_refused_as_segment_does() -> None:
    for target, body in (
        ("/track", b'{"userId": "u-1", "name": "no call"}'),
        ("/v1/track?ip=1", b'{"batch": 1, "type": '),
        ("/v1/batch", b"verbose=1&data=e30%3D"),
        ("/v1/track", b""),
    ):
        answer, _, sink = await sent(target, body, [])
        assert answer.json["success"] is False
        assert [one.source_kind for one in sink.refused] == ["segment"]


@pytest.mark.parametrize("count", [70, 300_000])
async def test_data_is_found_behind_any_number_of_fields(count: int) -> None:
    before = b"".join(b"f%d=x&" % number for number in range(count))
    answer, messages, _ = await sent("/track/", before + form(EVENT) + b"&verbose=1&last=1")
    assert (answer.body, [one.document for one in messages]) == (VERBOSE, [EVENT])
    if count < 1000:
        target = f"/track/?{before.decode()}data={quote(b64(EVENT), safe='')}"
        answer, messages, _ = await sent(target, headers=[], method="GET")
        assert (answer.body, [one.document for one in messages]) == (b"1", [EVENT])


@pytest.mark.parametrize(
    ("method", "target", "flags"),
    [
        ("POST", "/flags", {}),
        ("POST", "/flags/?token=tok", {}),
        ("POST", "/mp/flags/", {}),
        ("GET", "/flags", {}),
        ("GET", "/flags/definitions?token=tok&mp_lib=node", []),
        ("POST", "/flags/f-1/first-time-events?mp_lib=web", {}),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"context":{"distinct_id":"u-1"}}', b"hello"])
async def test_flags_are_answered_however_they_are_asked_for(
    method: str, target: str, flags: Any, body: bytes
) -> None:
    answer, _, sink = await sent(target, b"" if method == "GET" else body, [], method)
    assert (answer.status, answer.json, sink.receipts) == (200, {"flags": flags}, [])


async def test_messages_that_a_proxy_posts_to_a_path_called_flags_are_kept() -> None:
    call = {"type": "track", "event": "Seen", "userId": "u-1"}
    _, messages, _ = await sent("/flags", json.dumps(call).encode(), [])
    assert [one.type for one in messages] == ["track"]
    answer, _, _ = await sent("/flags/v1/track", b"hello", [])
    assert answer.status == 400


MARK = b"\xef\xbb\xbf"
TEXT = json.dumps(EVENT).encode()


def field(data: bytes) -> bytes:
    return b"data=" + quote(data, safe="").encode()


@pytest.mark.parametrize(
    ("target", "body", "noted"),
    [
        ("/track", MARK + TEXT, True),
        ("/import", b" " + MARK + b" [" + TEXT + b"]", True),
        ("/import", MARK + TEXT + b"\n" + MARK + TEXT, True),
        ("/import", gzip.compress(MARK + TEXT, mtime=0), True),
        ("/own/collect", MARK + TEXT, True),
        ("/track/", MARK + field(base64.b64encode(TEXT)), False),
        ("/track/", field(MARK + TEXT), True),
        ("/track/", field(MARK + base64.b64encode(TEXT)), False),
        ("/track/", field(base64.b64encode(MARK + b"[" + TEXT + b"]")), True),
        ("/track/", field(base64.b64encode(gzip.compress(MARK + TEXT, mtime=0))), True),
    ],
)
async def test_a_byte_order_mark_is_left_out_wherever_it_stands(
    target: str, body: bytes, noted: bool
) -> None:
    answer, messages, _ = await sent(target, body, [("content-encoding", "gzip")])
    assert (answer.status, answer.body[:1] in (b"1", b"{")) == (200, True)
    assert [one.document for one in messages] == [EVENT] * len(messages)
    assert {one.original for one in messages} == {TEXT}
    notes = [one.text for message in messages for one in message.objections]
    assert bool(notes) is noted
    assert all("byte order mark" in note for note in notes)
    pasted = decode(body)
    records = pasted.value if isinstance(pasted.value, list) else [pasted.value]
    assert records == [EVENT] * len(messages)
