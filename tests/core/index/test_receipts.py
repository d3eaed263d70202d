"""Reading kept receipts again: parts of a large one cost what they hold, and large ones hold up nobody."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Collection

import pytest
from fault_log import no_faults
from memory_journal import MemoryJournal

from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import Message, Receipt, message_number
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.verdict import Translation, Verdict

NOW = 1_795_557_763_873
MANY = 30_000


def receipt(body: bytes, *, seq: int = 7) -> Receipt:
    return Receipt(
        uid="uid-1", received_at=NOW, method="POST", path="/v1/batch", headers=(), body=body, seq=seq
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[{"type":"track","event":"A"},1,{"type":"page","v":NaN},{"event":"B"}],"writeKey":"k"}',
        b'{"batch":[{"type":"track","event":"NaN"},{"type":"page"},{"type":"page"},{}],"context":{"a":1}}',
        b'{"batch":[{"type":"track","v":-Infinity},{"type":"page"},{"v":NaN},{}],"sentAt":"2020-01-01"}',
    ],
)
@pytest.mark.parametrize("only", [{0}, {1}, {3, 2}, {0, 1, 2, 3}, {9}, set[int]()])
def test_some_messages_of_a_receipt_are_what_they_are_among_all(body: bytes, only: set[int]) -> None:
    all_of_them = parse_receipt(receipt(body))
    some = [message for position, message in enumerate(all_of_them) if position in only]
    assert parse_receipt(receipt(body), only) == some


async def test_a_large_batch_is_read_in_parts_beside_the_loop_and_costs_little_more() -> None:
    batch = [{"type": "track", "event": "E", "userId": "u", "messageId": f"m-{n}"} for n in range(MANY)]
    for body in (json.dumps({"batch": batch}).encode(), gzip.compress(json.dumps({"batch": batch}).encode())):
        journal = MemoryJournal()
        seq = await journal.receipts.append(receipt(body, seq=0))
        threads: set[int] = set()

        def parse(
            each: Receipt, only: Collection[int] | None = None, /, threads: set[int] = threads
        ) -> list[Message]:
            threads.add(threading.get_ident())
            return parse_receipt(each, only)

        reader = ReceiptReader(parse, lambda message: Verdict(Translation()), no_faults())
        before = time.process_time()
        whole = parse_receipt(receipt(body))
        took = time.process_time() - before
        before = time.process_time()
        for start in range(0, 2_000, 200):
            ids = [message_number(seq, position) for position in range(start, start + 200)]
            found = await reader.documents(journal, ids)
            assert [message.document for message in found] == [
                message.document for message in whole[start : start + 200]
            ]
        assert time.process_time() - before < 10 * took
        assert threading.get_ident() not in threads


async def test_only_the_positions_asked_for_are_read() -> None:
    asked: list[Collection[int] | None] = []

    def parse(each: Receipt, only: Collection[int] | None = None) -> list[Message]:
        asked.append(only)
        return parse_receipt(each, only)

    journal = MemoryJournal()
    seq = await journal.receipts.append(
        receipt(b'{"batch":[{"type":"track"},{"type":"page"},{"type":"alias"}]}', seq=0)
    )
    reader = ReceiptReader(parse, lambda message: Verdict(Translation()), no_faults())
    ids = [message_number(seq, 2), message_number(seq, 0)]
    assert [message.type for message in await reader.documents(journal, ids)] == ["track", "alias"]
    assert asked == [{0, 2}]


async def test_a_large_message_is_inspected_beside_the_loop_and_a_small_one_on_it() -> None:
    threads: list[int] = []

    def inspect(message: Message) -> Verdict:
        threads.append(threading.get_ident())
        return Verdict(Translation())

    reader = ReceiptReader(parse_receipt, inspect, no_faults())
    for text in ("x", "x" * 300_000):
        body = json.dumps({"batch": [{"type": "track", "event": "E", "userId": text}]}).encode()
        (message,) = reader.messages(receipt(body))
        await reader.inspected(message)
    assert threads[0] == threading.get_ident()
    assert threads[1] != threading.get_ident()
