"""Partial reading gives what filters would see of the whole message, or says that it cannot."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.query import parse
from segtap.core.query.partial import reader_of

MOST_BYTES = 100_000
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", 'c"', "é"]), inner, max_size=3),
    ),
    max_leaves=6,
)
MESSAGES = st.fixed_dictionaries(
    {"type": st.just("track")},
    optional=dict.fromkeys(("event", "userId", "properties", "traits", "context", "integrations"), VALUES),
)
BODIES = st.one_of(
    MESSAGES,
    st.fixed_dictionaries(
        {"batch": st.lists(MESSAGES, max_size=3)}, optional={"context": VALUES, "sentAt": st.text(max_size=2)}
    ),
)
PATHS = (
    "properties.a",
    "properties.b.a",
    'properties."c\\""',
    "properties.é",
    "traits",
    "userId",
    "context.a.b",
    "event",
)


class Plain:
    """A candidate of which a filter asks the document alone."""

    def __init__(self, document: object) -> None:
        self._document = document

    def document(self) -> object:
        return self._document


@given(
    body=BODIES,
    ascii_only=st.booleans(),
    paths=st.lists(st.sampled_from(PATHS), min_size=1, max_size=3),
    word=st.sampled_from([" ", " or ", " -"]),
    end=st.sampled_from(["?", "=1", "!=1", ">0", '>""', "~a"]),
)
def test_a_filter_sees_the_same(
    body: object, ascii_only: bool, paths: list[str], word: str, end: str
) -> None:
    query = parse(word.join(f"{path}{end}" for path in paths))
    data = json.dumps(body, ensure_ascii=ascii_only).encode()
    whole = parse_receipt(Receipt(uid="u", received_at=0, method="POST", path="/v1/batch", body=data))
    matched = [query.matches(Plain(message.document)) for message in whole]  # type: ignore[arg-type]
    reader = reader_of(query, MOST_BYTES)
    assert reader is not None
    assert reader.may_match(data) or not any(matched)
    documents = reader.documents(data)
    if documents is not None:
        assert [query.matches(Plain(document)) for document in documents] == matched  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "word", "type:track", "messageId=a", "timestamp?", "context.ip?", "mp.a?"]
)
def test_filters_that_need_the_whole_message_have_no_reader(text: str) -> None:
    assert reader_of(parse(text), MOST_BYTES) is None


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("context.a?", b'{"batch": [{}], "context": {"a": 1}}'),
        ("properties.a?", b'{"batch": [{}, 5]}'),
        ("properties.a?", b'{"batch": [{"properties": {"a": NaN}}]}'),
        ("properties.a?", b'{"batch": {}}'),
        ("properties.a?", b"\xff"),
        ("properties.a?", b'{"x": "' + b"y" * MOST_BYTES + b'"}'),
        ("properties.a?", b'{"properties": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"),
    ],
    ids=["context", "not an object", "NaN", "batch", "not UTF-8", "long", "deep"],
)
def test_bodies_that_have_to_be_read_as_a_whole(text: str, body: bytes) -> None:
    reader = reader_of(parse(text), MOST_BYTES)
    assert reader is not None
    assert reader.documents(body) is None


def test_only_what_is_asked_for_is_read() -> None:
    reader = reader_of(parse("properties.a>1 (userId? or properties.b.c=2)"), MOST_BYTES)
    assert reader is not None
    body = (
        b'{"batch": [{"userId": "u", "event": "e", "properties": {"a": 1, "b": {"c": 2, "d": 3}, "e": 5}}]}'
    )
    assert reader.documents(body) == [{"userId": "u", "properties": {"a": 1, "b": {"c": 2, "d": 3}}}]
    assert not reader.may_match(b'{"batch": [{"properties": {"b": {"c": 2}}}]}')
    assert reader.may_match(b'{"batch": [{"properties": {"\\u0061": 1}}]}')
