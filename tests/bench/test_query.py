"""What a property filter costs, as a ratio to decoding the messages: measured in one run, side by side."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
from measured import fastest

from segtap.core.messages import JsonObject
from segtap.core.query import Tally, parse
from segtap.core.query.partial import reader_of

LIMIT = 0.8
RARE_LIMIT = 0.3
"""Measured 0.15 to 0.21: a scan of the bytes gains more from some processors than from others."""
ROUNDS = 40
MOST_BYTES = 1_000_000
MESSAGE: JsonObject = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-7",
    "properties": {
        **{f"p{n}": f"value {n}" for n in range(15)},
        "total": 149.5,
        "products": [{"sku": "a1"}] * 3,
    },
    "context": {
        "library": {"name": "analytics.js"},
        "userAgent": "Mozilla/5.0 " * 8,
        "page": {"path": "/abc"},
    },
}
BODY = json.dumps({"batch": [MESSAGE] * 100}).encode()


class Plain:
    """A candidate of which a filter asks the document alone."""

    __slots__ = ("_document",)

    def __init__(self, document: JsonObject) -> None:
        self._document = document

    def document(self) -> JsonObject:
        return self._document


def test_a_property_filter_costs_less_than_decoding(record_property: Callable[[str, object], None]) -> None:
    query, tally, decoder = parse("properties.total>1000"), Tally(), msgspec.json.Decoder()
    reader = reader_of(query, MOST_BYTES)
    assert reader is not None

    def filtered() -> None:
        for document in reader.documents(BODY) or ():
            assert not query.matches(Plain(document), tally)  # type: ignore[arg-type]

    filtering, decoding = fastest(filtered, lambda: decoder.decode(BODY), rounds=ROUNDS)
    ratio = filtering / decoding
    record_property("property_filter_to_decoding", ratio)
    print(f"filter {filtering * 1e4:.2f} µs, decode {decoding * 1e4:.2f} µs a message: ratio {ratio:.2f}")
    assert ratio <= LIMIT


def test_a_filter_on_a_rare_key_costs_next_to_nothing(record_property: Callable[[str, object], None]) -> None:
    reader, decoder = reader_of(parse("properties.rare>1000"), MOST_BYTES), msgspec.json.Decoder()
    assert reader is not None
    assert not reader.may_match(BODY)
    looking, decoding = fastest(lambda: reader.may_match(BODY), lambda: decoder.decode(BODY), rounds=ROUNDS)
    record_property("rare_key_to_decoding", looking / decoding)
    assert looking / decoding <= RARE_LIMIT
