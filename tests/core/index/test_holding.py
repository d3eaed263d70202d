"""`[[hold]]` on messages that a worker has judged: what a filter asks for is read, and not judged again."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection
from typing import Any

import pytest
from fault_log import no_faults
from journal_values import an_entry

from segtap.core.checks.stream import Whole
from segtap.core.index import documents
from segtap.core.index.holding import Holding
from segtap.core.index.prepared import JudgedMessage
from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import JsonObject, Message, Receipt, message_number
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import Hold
from segtap.core.verdict import Translation, Verdict

NOW = 1_795_557_763_873


class Prepared:
    """As far as a source is asked for it."""

    class said:
        id = 1


class Worked:
    """The source of a message that a worker has judged."""

    def __init__(self, document: JsonObject) -> None:
        self._document = document

    def whole(self, id: int) -> Whole:
        raise AssertionError("it is judged again")

    def document(self, id: int) -> JsonObject:
        return self._document

    def made(self) -> Translation:
        return Translation()


@pytest.mark.parametrize(
    ("filter", "held"),
    [("properties.plan=pro", True), ("properties.plan=free", False), ("mp.plan=pro", False), ("u-1", True)],
)
def test_a_filter_on_what_is_in_a_message_judges_nothing_again(filter: str, held: bool) -> None:
    holding = Holding(lambda: (Hold(filter=filter),))
    prepared: Any = Prepared()
    one = JudgedMessage(prepared, Worked({"type": "track", "properties": {"plan": "pro"}}))
    assert holding.holds(an_entry(1), one) is held


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "compressed"])
@pytest.mark.parametrize("small", [1 << 20, 0], ids=["small", "large"])
def test_messages_of_a_receipt_are_read_once_and_those_of_a_large_one_by_themselves(
    packed: bool, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SMALL", small)
    monkeypatch.setattr(documents, "SMALL_COMPRESSED", small)
    body = json.dumps({"batch": [{"type": "track", "event": "E", "n": n} for n in range(5)]}).encode()
    receipt = Receipt(
        uid="uid-1",
        received_at=NOW,
        method="POST",
        path="/v1/batch",
        headers=(("content-encoding", "gzip"),) if packed else (),
        body=gzip.compress(body) if packed else body,
        seq=7,
    )
    asked: list[object] = []

    def parse(each: Receipt, only: Collection[int] | None = None, /) -> list[Message]:
        asked.append(only)
        return parse_receipt(each, only)

    reader = ReceiptReader(parse, lambda message: Verdict(Translation()), no_faults())
    found = [reader.document(receipt, message_number(7, position)) for position in range(5)]
    assert found == [message.document for message in parse_receipt(receipt)]
    assert asked == ([None] if small else [{position} for position in range(5)])
