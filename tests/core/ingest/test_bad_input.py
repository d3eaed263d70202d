"""Bad input: each kind gets its answer, is seen with its reason, and disturbs nothing else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import random
import tracemalloc
import zlib
from typing import Any

import pytest
from examples import examples
from hypothesis import event, example, given
from hypothesis import strategies as st
from ingesting import NOW, Sink, ask, ingest_app, post, to_json

from segtap.core.errors import RequestRefused
from segtap.core.index.labels import describe, source_label
from segtap.core.messages import Marks, Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.sources.decode import NotJson, inflate, read_json
from segtap.core.sources.segment.routes import route_of
from segtap.core.sources.segment.validate import check_body

TRACK = {"type": "track", "event": "E", "userId": "u"}
GOOD = to_json(TRACK)


def nested(depth: int) -> bytes:
    return b'{"type":"track","p":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def nested_in_batch(depth: int) -> bytes:
    inner = b'{"a":' * (depth - 2) + b"1" + b"}" * (depth - 2)
    return b'{"batch":[' + b'{"type":"track"},' * 200 + inner + b"]}"


REFUSED: list[tuple[str, bytes, tuple[str, str], str]] = [
    ("nothing", b"", ("", ""), "no JSON object"),
    ("spaces", b"  \r\n ", ("", ""), "no JSON object"),
    ("no JSON", b"hello", ("", ""), "no JSON object"),
    ("form", b"data=eyJldmVudCI6IngifQ%3D%3D", ("", ""), "no JSON object"),
    ("cut short", b'{"batch":[{"type":"track","event":"E"', ("", ""), "no JSON object"),
    ("cut in an escape", b'{"batch":[{"type":"track","event":"\\u00', ("", ""), "no JSON object"),
    ("two values", GOOD + GOOD, ("", ""), "no JSON object"),
    ("trailing comma", b'{"batch":[{"type":"track"},]}', ("", ""), "no JSON object"),
    ("single quotes", b"{'batch':[]}", ("", ""), "no JSON object"),
    ("control characters", b'{"batch":[{"event":"\x1b[31m"}]}', ("", ""), "no JSON object"),
    ("NaN and a fault", b'{"batch":[{"a":NaN},]}', ("", ""), "no JSON object"),
    ("a list", b"[" + GOOD + b"]", ("", ""), "no JSON object"),
    ("a string", b'"track"', ("", ""), "no JSON object"),
    ("null", b"null", ("", ""), "no JSON object"),
    ("batch is a string", b'{"batch":"x"}', ("", ""), "batch is no list"),
    ("batch is an object", b'{"batch":{"type":"track"}}', ("", ""), "batch is no list"),
    ("no batch", b'{"sentAt":"x"}', ("", ""), "there is no batch"),
    ("10,000 deep", nested(10_000), ("", ""), "nested too deep"),
    ("10,000 deep with NaN", nested(10_000).replace(b"[]", b"[NaN]"), ("", ""), "nested too deep"),
    ("513 deep", nested(513), ("", ""), "nested deeper than 512"),
    ("513 deep in a batch", nested_in_batch(513), ("", ""), "nested deeper than 512"),
    (
        "deep beside the batch",
        b'{"batch":[],"x":' + b"[" * 512 + b"]" * 512 + b"}",
        ("", ""),
        "nested deeper",
    ),
    ("no gzip", b"\x1f\x8b\x08\x00" + b"rubbish" * 9, ("content-encoding", "gzip"), "not gzip as it claims"),
    ("gzip cut short", gzip.compress(GOOD)[:-12], ("content-encoding", "gzip"), "gzip body ends too early"),
    ("zlib cut short", zlib.compress(GOOD)[:-3], ("content-encoding", "deflate"), "zlib body ends too early"),
    ("gzipped rubbish", gzip.compress(b"hello"), ("content-encoding", "gzip"), "no JSON object"),
    ("brotli", b"\x0b\x02\x80{}\x03", ("content-encoding", "br"), 'Content-Encoding "br" is not read'),
    ("400,000 empty gzip members", gzip.compress(b"") * 400_000, ("", ""), "more than 1,000 members"),
    ("gzip bomb", gzip.compress(b"[" * 33 * 2**20), ("", ""), "inflates to more than 32 MB"),
    ("9 MB", b" " * (9 * 2**20), ("", ""), "the body is 9 MB, at most 8 MB are taken"),
    ("a byte over", b" " * (8 * 2**20 + 1), ("", ""), "8,388,609 bytes, at most 8,388,608 are taken"),
    (
        "a million numbers",
        b'{"batch":[' + b"1," * 1_000_000 + b"1]}",
        ("", ""),
        "has more than 100,000",
    ),
    (
        "too many messages",
        b'{"batch":[' + b"{}," * 100_000 + b"{}]}",
        ("", ""),
        "has more than 100,000",
    ),
]


@pytest.mark.parametrize(
    ("body", "header", "reason"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
async def test_refused_with_400_and_seen(body: bytes, header: tuple[str, str], reason: str) -> None:
    sink = Sink()
    app = ingest_app(sink)
    answer = await post(app, "/v1/batch", body, [header] if header[0] else [])
    assert answer.status == 400
    assert answer.json["success"] is False
    assert reason in str(answer.json["message"])
    (receipt,) = sink.refused
    assert receipt.refused == answer.json["message"]
    assert receipt.status == 400
    assert receipt.body == body[: 64 * 1024]
    assert parse_receipt(receipt) == []
    assert (await post(app, "/v1/batch", {"batch": [TRACK]})).status == 200


TAKEN: list[tuple[str, bytes, Any]] = [
    ("empty batch", b'{"batch":[]}', []),
    ("wrong types", b'{"batch":[{"type":"track","event":7,"userId":[],"context":3}]}', [("track", 7)]),
    ("no type", b'{"batch":[{"event":"E"}]}', [("", "E")]),
    ("items that are none", b'{"batch":[1,"x",null,[]]}', [("", None)] * 4),
    ("lone surrogate", b'{"batch":[{"type":"track","event":"a\\ud83d!"}]}', [("track", "a\ufffd!")]),
    (
        "low surrogate",
        b'{"batch":[{"type":"track","event":"\\ude00\\ud83d"}]}',
        [("track", "\ufffd\ufffd")],
    ),
    ("escaped pair", b'{"batch":[{"type":"track","event":"\\ud83d\\ude00"}]}', [("track", "😀")]),
    ("CESU-8", b'{"batch":[{"type":"track","event":"\xed\xa0\xbd\xed\xb8\x80"}]}', [("track", "😀")]),
    ("half CESU-8", b'{"batch":[{"type":"track","event":"x\xed\xa0\xbdy"}]}', [("track", "x\ufffdy")]),
    ("no UTF-8", b'{"batch":[{"type":"track","event":"Caf\xe9"}]}', [("track", "Caf\ufffd")]),
    ("byte order mark", b'\xef\xbb\xbf{"batch":[{"type":"track","event":"E"}]}', [("track", "E")]),
    ("Infinity", b'{"batch":[{"type":"track","event":-Infinity}]}', [("track", None)]),
    ("1e999", b'{"batch":[{"type":"track","event":1e999}]}', [("track", None)]),
    ("2**80", b'{"batch":[{"type":"track","event":1208925819614629174706176}]}', [("track", 2**80)]),
    ("5,000 digits", b'{"batch":[{"type":"track","event":' + b"9" * 5000 + b"}]}", [("track", None)]),
    ("a key twice", b'{"batch":[{"type":"page","type":"track","event":1,"event":"E"}]}', [("track", "E")]),
    ("long name", b'{"batch":[{"type":"track","event":"' + b"n" * 10**6 + b'"}]}', [("track", "n" * 10**6)]),
    ("longer name", b'{"batch":[{"type":"track","event":"' + b"n" * 2**20 + b'"}]}', [("track", None)]),
    ("ANSI escape", b'{"batch":[{"type":"track","event":"\\u001b[2J\\u0000"}]}', [("track", "\x1b[2J\0")]),
    ("512 deep", nested(512), [("track", None)]),
    ("512 deep in a batch", nested_in_batch(512), [("track", None)] * 200 + [("", None)]),
    ("commas galore", to_json({"batch": [{**TRACK, "x": ["a,[", [1, 2]] * 120_000}]}), [("track", "E")]),
    ("brackets in text", to_json({"batch": [{**TRACK, "x": '"[{\\' * 600}]}), [("track", "E")]),
    ("many lists", to_json({"batch": [{**TRACK, "x": [[{"a": [1]}]] * 900}]}), [("track", "E")]),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in TAKEN], ids=[c[0] for c in TAKEN])
async def test_odd_but_taken(body: bytes, expected: list[tuple[str, object]]) -> None:
    sink = Sink()
    answer = await post(ingest_app(sink), "/v1/batch", body)
    assert (answer.status, answer.body) == (200, b'{"success": true}')
    messages = parse_receipt(sink.taken[0])
    assert [(message.type, message.document.get("event")) for message in messages] == expected
    for message in messages:
        json.dumps(message.document, ensure_ascii=False).encode()  # no lone surrogate is left
        assert message.original in body


async def test_what_was_repaired_is_told_with_its_place() -> None:
    body = (
        b'{"type":"track","userId":"u","event":"a\\ud800","p":{"q":[1,1e999]},"\\udc00":1,'
        b'"t":"\xed\xa0\xbd\xed\xb8\x80"}'
    )
    (message,) = parse_receipt(receipt(body, "/v1/t"))
    assert {one.text for one in message.objections} == {
        "CESU-8, not UTF-8: surrogate pairs are read as the characters they mean",
        "half a surrogate pair at $ is not text: it reads as U+FFFD",
        "half a surrogate pair at $.event is not text: it reads as U+FFFD",
        "the number at $.p.q[1] is beyond a double: it reads as null",
    }
    assert not message.marks & Marks.WOULD_REJECT
    assert message.document["t"] == "😀"


async def test_repairs_are_counted_beyond_the_first_five() -> None:
    (message,) = parse_receipt(receipt(to_json({**TRACK, "v": [float("nan")] * 9}), "/v1/t"))
    assert len(message.objections) == 6
    assert message.objections[-1].text == "and 4 more places like these"


@pytest.mark.parametrize("encoding", ["", "gzip", "identity", "br", "nonsense, gzip"])
@pytest.mark.parametrize(
    "pack", [gzip.compress, zlib.compress, lambda body: body], ids=["gzip", "zlib", "plain"]
)
async def test_encodings_are_sniffed_and_headers_not_trusted(encoding: str, pack: Any) -> None:
    sink = Sink()
    headers = [("content-type", "image/png"), ("content-encoding", encoding)]
    answer = await post(ingest_app(sink), "/v1/batch", pack(to_json({"batch": [TRACK]})), headers)
    assert answer.status == 200
    assert parse_receipt(sink.taken[0])[0].document["event"] == "E"


async def test_deflate_without_a_frame_and_gzip_in_several_members() -> None:
    raw = zlib.compressobj(wbits=-15)
    bare = raw.compress(GOOD) + raw.flush()
    members = gzip.compress(GOOD[:10]) + gzip.compress(GOOD[10:])
    small = zlib.compressobj(wbits=9)
    narrow = small.compress(GOOD) + small.flush()
    for body, encoding in ((bare, "deflate"), (members, "gzip"), (narrow, "deflate")):
        sink = Sink()
        answer = await post(ingest_app(sink), "/v1/t", body, [("content-encoding", encoding)])
        assert answer.status == 200
        assert parse_receipt(sink.taken[0])[0].document["event"] == "E"


async def test_a_bomb_is_stopped_while_it_inflates() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 2**20) + b"\0" * 200 * 2**20)
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(RequestRefused, match="inflates to more than 1 MB"):
            inflate(bomb, limit=2**20)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_member_ends_within_any_piece() -> None:
    noise = random.Random(7).randbytes(200_000)
    body = b"".join(gzip.compress(noise[at : at + 1_300]) for at in range(0, len(noise), 1_300))
    assert inflate(body, limit=len(noise)) == noise
    with pytest.raises(RequestRefused, match="ends too early"):
        inflate(body[:-3], limit=len(noise))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (".".join(["a"] * 20_000) + "=1", "nested too deep"),
        (".".join(["a"] * 600) + "=1", "nested deeper than 512"),
        ("data=" + base64.urlsafe_b64encode(nested(600)).decode(), "nested deeper than 512"),
        ("data=" + base64.urlsafe_b64encode(gzip.compress(b"[" * 40 * 2**20)).decode(), "more than 32 MB"),
    ],
    ids=["20,000 dots", "600 dots", "600 deep", "bomb"],
)
async def test_pixels_have_the_caps_of_bodies(query: str, reason: str) -> None:
    sink = Sink()
    answer = await ask(ingest_app(sink), "GET", f"/v1/pixel/track?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    (receipt,) = sink.refused
    assert reason in str(receipt.refused)


async def test_an_escaped_type_is_a_type() -> None:
    sink = Sink()
    answer = await post(ingest_app(sink), "/own/path", b'{"type":"tr\\u0061ck","event":"E"}')
    assert answer.status == 200
    assert parse_receipt(sink.taken[0])[0].type == "track"


async def test_a_client_that_hangs_up_is_seen_and_not_answered() -> None:
    sink = Sink()
    answer = await ask(
        ingest_app(sink), "POST", "/v1/batch", b'{"batch":[', [("content-length", "99")], cut=True
    )
    assert answer.status == 0
    (receipt,) = sink.refused
    assert receipt.refused == "the client hung up after 10 of 99 bytes; nobody was answered"
    assert receipt.body == b'{"batch":['


async def test_a_slow_client_gets_408_and_is_seen() -> None:
    sink = Sink()
    app = ingest_app(sink, body_timeout=0.05)
    sent: list[Any] = []
    waits = asyncio.Event()

    async def receive() -> Any:
        if not waits.is_set():
            waits.set()
            return {"type": "http.request", "body": b'{"batch":', "more_body": True}
        await asyncio.Event().wait()

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "POST", "path": "/v1/b", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert sink.refused[0].refused == "the body was not complete after 0.05 s (9 bytes came)"
    assert (await post(app, "/v1/batch", {"batch": [TRACK]})).status == 200


async def test_being_cancelled_is_not_mistaken_for_a_slow_client() -> None:
    sink = Sink()
    app = ingest_app(sink)

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(event: Any) -> None:
        raise AssertionError(event)

    scope = {"type": "http", "method": "POST", "path": "/v1/b", "query_string": b"", "headers": []}
    task = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sink.receipts == []


# -- properties --------------------------------------------------------------------------------------------


def receipt(body: bytes, path: str) -> Receipt:
    return Receipt(uid="0a", received_at=NOW, method="POST", path=path, body=body)


PATHS = st.sampled_from(["/v1/batch", "/v1/track", "/", "/v1/m", "/custom"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["type", "event", "messageId", "timestamp", "sentAt", "context", "integrations", "writeKey", "userId"]
TIMES = st.sampled_from(["2026-11-24T22:02:43Z", "0001-01-01", "9999-12-31T23:59:59.999-14:00", "2026-W01-1"])
ITEM = st.dictionaries(st.sampled_from(KEYS), JSON | st.sampled_from(["track", "page"]) | TIMES, max_size=7)
BODY = st.fixed_dictionaries(
    {"batch": st.lists(ITEM | JSON, max_size=4)},
    optional={"sentAt": JSON | TIMES, "context": JSON, "integrations": JSON, "writeKey": JSON},
)
TEXTS = (BODY | ITEM | JSON).flatmap(
    lambda value: st.sampled_from(
        [
            json.dumps(value).encode(),
            json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"),
            json.dumps(value, indent=1, ensure_ascii=False).encode("latin-1", "replace"),
        ]
    )
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    text = bytearray(draw(TEXTS))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(text) - 1)))
        text[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(text)


@examples(400)
@given(body=TEXTS | damaged() | st.binary(max_size=40), path=PATHS)
@example(body=b'{"batch":[{"type":"track"}],"\xff":NaN}', path="/v1/batch")
@example(body=b'{"batch":[{"":1e400}]}', path="/v1/batch")
@example(body=b'{"type":"\\udfff"}', path="/v1/track")
def test_what_the_first_look_lets_in_is_read_without_fail_and_always_the_same(body: bytes, path: str) -> None:
    try:
        if not check_body(body, route_of(path), 512):
            return
    except RequestRefused as error:
        event("refused")
        if error.status not in (400, 404) or not str(error):
            raise
        return
    messages = parse_receipt(receipt(body, path))
    assert messages == parse_receipt(receipt(body, path))
    for position, message in enumerate(messages):
        assert message.position == position
        assert message.message_id
        to_json(message.document)
        json.dumps(message.document, allow_nan=False)
        assert message.original in body
        describe(message)
        source_label(message.document)
        unread = [one for one in message.objections if "expecting" in one.words or "expected" in one.words]
        assert not unread, "the first look let in what the full reading cannot read"


@examples(300)
@given(value=JSON)
def test_good_json_is_read_as_it_is(value: Any) -> None:
    text = json.dumps(value).encode()
    got, repairs = read_json(text)
    if not repairs:
        assert got == json.loads(text)


@examples(300)
@given(data=st.binary(max_size=60), encoding=st.sampled_from(["", "gzip", "deflate", "br"]))
def test_inflating_and_reading_any_bytes_gives_a_value_or_a_reason(data: bytes, encoding: str) -> None:
    with contextlib.suppress(RequestRefused, NotJson):
        read_json(inflate(data, encoding, 10_000))


@examples(200)
@given(depth=st.integers(1, 40), limit=st.integers(3, 40), noise=st.integers(0, 60))
def test_depth_is_measured_exactly(depth: int, limit: int, noise: int) -> None:
    inner = (
        b"[" * (depth // 2)
        + b'{"a":' * (depth - depth // 2 - 1)
        + b'"[[[{"'
        + b"}" * (depth - depth // 2 - 1)
    )
    text = (
        b'{"type":"track","x":[' + b"[],{}," * noise + b'"\\"]]]"],"p":' + inner + b"]" * (depth // 2) + b"}"
    )
    deep = max(depth, 2 + (noise > 0))
    try:
        check_body(text, route_of("/v1/t"), limit)
        refused = False
    except RequestRefused:
        refused = True
    assert refused is (deep > limit)


def test_where_json_breaks_off_is_said_in_a_sentence() -> None:
    with pytest.raises(NotJson, match=r"^unterminated string starting at byte 10$"):
        read_json(b'{"event": "Order')
