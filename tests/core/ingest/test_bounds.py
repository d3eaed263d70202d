"""What one message may cost: counted on its text, and nothing is made of one that costs more."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import NOW, Sink, ingest_app, post

from segtap.core.messages import Marks, Message, Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.sources.bounds import MESSAGES_TOGETHER, Bounds, count_nodes, exceeds, over
from segtap.core.sources.decode import read_json

SMALL = Bounds(message=1_000, nodes=100, decoded=20_000)
HEAD = b'"type":"track","event":"Paid","userId":"u-1","messageId":"m-1"'


def track(x: bytes, more: bytes = b"") -> bytes:
    return b"{" + HEAD + more + b',"properties":{"x":' + x + b"}}"


def receipt(body: bytes, path: str = "/v1/track") -> Receipt:
    return Receipt(uid="r", received_at=NOW, method="POST", path=path, body=body, seq=1)


def batch(*items: bytes, beside: bytes = b"") -> Receipt:
    return receipt(b'{"batch":[' + b",".join(items) + b"]" + beside + b"}", "/v1/batch")


def only(message: Message) -> str:
    """The one objection to a message that was not read."""
    assert message.unread
    assert message.marks & Marks.WOULD_REJECT
    (words,) = (one.text for one in message.objections)
    return words


def nodes(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(nodes, value.values()))
    return 1 + sum(map(nodes, value)) if isinstance(value, list) else 1


texts = st.text(st.sampled_from('a"\\[]{},: \n\u20ac'), max_size=6)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=30,
)


@given(documents, st.sampled_from([None, 1]), st.integers(1, 40))
def test_values_are_counted_without_being_read(value: Any, indent: int | None, most: int) -> None:
    text = json.dumps(value, indent=indent).encode()
    assert count_nodes(text) == nodes(value)
    assert exceeds(text, most) == (nodes(value) > most)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (track(b'"' + b"a" * 905 + b'"'), ""),
        (track(b"[" + b"1," * 92 + b"1]"), ""),
        (track(b'"' + b",[{" * 200 + b'"'), ""),
        (
            track(b'"' + b"a" * 1_000 + b'"'),
            "1.1 KB, its limit is 32 KB; segtap reads messages up to 1000 B ([ingest] max_message)",
        ),
        (
            track(b"[" + b"1," * 93 + b"1]"),
            "273 B with over 100 values, its limit is 32 KB; "
            "segtap reads messages of no more values ([ingest] max_nodes)",
        ),
    ],
    ids=["bytes within", "values within", "signs in a string", "bytes over", "values over"],
)
def test_a_message_over_a_limit_names_limit_and_setting(text: bytes, why: str) -> None:
    assert over(text, SMALL) == why
    (message,) = parse_receipt(receipt(text), bounds=SMALL)
    assert message.unread == bool(why)
    if why:
        assert only(message) == f"Segment would reject this: {why}"
        assert message.original == text


def test_one_that_is_not_read_has_its_name_and_ids() -> None:
    (message,) = parse_receipt(receipt(track(b"[" + b"{}," * 200 + b"{}]")), bounds=SMALL)
    assert (message.type, message.message_id) == ("track", "m-1")
    assert message.document == {
        "type": "track",
        "event": "Paid",
        "userId": "u-1",
        "messageId": "m-1",
        "receivedAt": "2026-11-24T22:02:43.873Z",
    }


def test_a_long_name_is_not_read_either() -> None:
    item = b'{"type":"track","event":"' + b"n" * 2_000 + b'"}'
    (message,) = parse_receipt(receipt(item), bounds=SMALL)
    assert message.unread
    assert "event" not in message.document
    assert message.message_id  # given, as to every message without one


def test_a_message_without_a_type_gets_the_one_of_its_path() -> None:
    (message,) = parse_receipt(receipt(b'{"event":"E","x":[' + b"1," * 200 + b"1]}"), bounds=SMALL)
    assert message.unread
    assert message.type == "track"


def test_the_others_of_its_batch_are_fine() -> None:
    large = track(b"[" + b"{}," * 200 + b"{}]")
    first, second, third = parse_receipt(batch(track(b"1"), large, track(b"2")), bounds=SMALL)
    assert [message.unread for message in (first, second, third)] == [False, True, False]
    assert (first.document["properties"], third.document["properties"]) == ({"x": 1}, {"x": 2})
    assert not first.objections


def test_reading_one_position_gives_the_same_as_reading_all() -> None:
    given = batch(track(b"1"), track(b"[" + b"{}," * 200 + b"{}]"), track(b"2"))
    every = parse_receipt(given, bounds=SMALL)
    assert [parse_receipt(given, {at}, SMALL)[0] for at in range(3)] == every


def test_what_a_batch_states_for_all_counts_for_each() -> None:
    beside = b',"context":{"x":[' + b"1," * 60 + b"1]}"
    small, large = parse_receipt(
        batch(track(b"1"), track(b"[" + b"1," * 40 + b"1]"), beside=beside), bounds=SMALL
    )
    assert not small.unread
    assert only(large).endswith("([ingest] max_nodes)")


def test_what_a_batch_states_is_not_multiplied_without_end() -> None:
    beside = b',"context":{"x":"' + b"a" * 500 + b'"}'
    messages = parse_receipt(batch(*[b"{" + HEAD + b"}"] * 50, beside=beside), bounds=SMALL)
    assert only(messages[0]) == (
        "Segment would reject this: context and integrations of its batch come to 24.8 KB in 50 messages; "
        "segtap reads up to 19.5 KB ([ingest] max_decoded)"
    )
    assert all(message.unread for message in messages)


def test_messages_of_a_request_are_read_until_they_are_too_many_together() -> None:
    item = track(b"[" + b"1," * 80 + b"1]")  # 87 values
    bounds = Bounds(message=1_000, nodes=100, decoded=10**6)
    messages = parse_receipt(batch(*[item] * 30), bounds=bounds)
    read = [message.unread for message in messages].index(True)
    assert read == MESSAGES_TOGETHER * 100 // 87
    assert all(message.unread for message in messages[read:])
    assert only(messages[-1]) == (
        "Segment would reject this: its batch holds over 2,000 values; "
        "segtap reads no more of one request (20 times [ingest] max_nodes)"
    )


MILLION = 1_000_000
BOMBS: dict[str, bytes] = {
    "empty objects": track(b"[" + b"{}," * MILLION + b"{}]"),
    "empty lists": track(b"[" + b"[]," * MILLION + b"[]]"),
    "nested lists": track(b"[" + (b"[" * 400 + b"]" * 400 + b",") * 4_000 + b"1]"),
    "numbers": track(b"[" + b"1," * MILLION + b"1]"),
    "one string": track(b'"' + b"a" * 3 * MILLION + b'"'),
    "keys": track(b"{" + b",".join(b'"%d":1' % n for n in range(MILLION // 3)) + b"}"),
    "keys of the message": b"{" + HEAD + b"".join(b',"%d":1' % n for n in range(MILLION // 3)) + b"}",
    "with NaN": track(b"[" + b"{}," * MILLION + b"NaN]"),
    "of NaN": track(b"[" + b"NaN," * (MILLION // 2) + b"NaN]"),
    "of half surrogates": track(b'"' + rb"\ud800" * (MILLION // 2) + b'"'),
    "with a byte order mark": b"\xef\xbb\xbf" + track(b"[" + b"{}," * MILLION + b"{}]"),
    "not UTF-8": track(b'["\xff",' + b"{}," * MILLION + b"{}]"),
    "in the write key": track(b"1", b',"writeKey":[' + b"{}," * MILLION + b"{}]"),
    "in the context of a batch": b'{"batch":[{' + HEAD + b'}],"context":{"x":[' + b"{}," * MILLION + b"{}]}}",
    "in the write key of a batch": b'{"batch":[{' + HEAD + b'}],"writeKey":[' + b"{}," * MILLION + b"{}]}",
    "beside a batch": b'{"batch":[{' + HEAD + b'}],"x":[' + b"{}," * MILLION + b"{}]}",
    "keys beside a batch": b'{"batch":[{' + HEAD + b"}]"
    + b"".join(b',"%d":1' % n for n in range(MILLION // 3))
    + b"}",
    "in many messages": b'{"batch":['
    + b",".join([track(b"[" + b"{}," * 48_000 + b"{}]")] * 50)
    + b"]}",
}  # fmt: skip


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
async def test_a_bomb_costs_little_more_than_its_text(body: bytes) -> None:
    """Answering it and reading it: 3 MB of `{},{},…` take 100 MB as Python objects."""
    sink = Sink()
    app = ingest_app(sink)
    packed = gzip.compress(body)
    path = "/v1/batch" if body.startswith(b'{"batch"') else "/v1/track"
    tracemalloc.start()
    try:
        answer = await post(app, path, packed, [("content-encoding", "gzip")])
        messages = parse_receipt(sink.taken[0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.body) == (200, b'{"success": true}')
    assert messages[0].type == "track"
    # What is read at all: 20 times 50,000 values of one request.
    assert peak < 40 * MILLION + (90 * MILLION if len(messages) > 1 else 0)


def test_places_of_repairs_below_a_long_key_take_no_memory() -> None:
    """48,000 places with a name of 500 KB each would be 24 GB."""
    text = track(b'{"' + b"k" * 500_000 + b'":[' + b"NaN," * 48_000 + b"NaN]}")
    tracemalloc.start()
    try:
        _, repairs = read_json(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(repairs) == 48_001
    assert repairs[0].path.startswith("$.properties.x.kkk")
    assert max(len(repair.path) for repair in repairs) < 300
    assert peak < 40 * MILLION
