"""A journal with many messages, made without an engine: what is measured is reading it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec.structs import replace

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Receipt, message_number
from segtap.core.query import Names
from segtap.core.stores.base import Entry, Judged
from segtap.core.stores.sqlite.rows import pack_receipt
from segtap.core.stores.sqlite.store import Store
from segtap.core.verdict import Severity

AT = 1_790_000_000_000
TOGETHER = 1_000
"""Messages in a receipt."""


def write_journal(
    path: Path, messages: int, errors: Collection[int], revision: str = "1", words: str = ""
) -> None:
    """Write so many messages, a multiple of 1,000; those numbered in `errors` have one.

    `revision` is that of the settings they were judged by. An engine with others judges them again. The
    searched text of each is the event's name, and `words` behind it.
    """
    store = Store(path)
    for start in range(0, messages, TOGETHER):
        lines = [_line(start + place, start + place in errors) for place in range(TOGETHER)]
        body = b'{"batch":[%s]}' % b",".join(
            b'{"type":"track","event":"%s","userId":"%s","messageId":"%s"}'
            % (line.name.encode(), line.user.encode(), line.message_id.encode())
            for line in lines
        )
        receipt = Receipt(
            uid=f"u-{start}", received_at=AT + start, method="POST", path="/v1/batch", body=body
        )
        (seq,) = store.append([pack_receipt(receipt)])
        store.index([_entry(line, seq, place, revision, words) for place, line in enumerate(lines)], seq)
    store.checkpoint("TRUNCATE")
    store.close()


def _line(number: int, bad: bool) -> Summary:
    id = f"m_{number}" if bad else f"m-{number}"
    return Summary(
        *(0, AT + number, "track", f"Event {number % 60}", f"user-{number % TOGETHER}", "web"),
        *(int(bad), 0, 0, DeliveryState.OFF, id),
    )


def _entry(line: Summary, seq: int, place: int, revision: str, words: str) -> Entry:
    line = replace(line, id=message_number(seq, place))
    rules: dict[str, Severity] = {"insert-id-charset": "error"} if line.errors else {}
    judged = Judged(errors=line.errors, rules=rules, sent=True, revision=revision)
    return Entry(
        line, False, f"{line.name.lower()} {words}".rstrip(), names=Names(event=line.name), judged=judged
    )
