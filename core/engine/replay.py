"""Messages through the tap again: the requests that a replay appends to the journal."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator, Sequence

from ..json_text import json_bytes
from ..messages import Message, Receipt

MAX_MESSAGES = 100
MAX_BYTES = 400_000
"""A request of a replay holds at most so many messages and bytes (one larger message goes alone), so that
reading it is no longer than for a client's own batch, and Segment's limit of 500 KB a batch is kept."""


def replay_receipts(messages: Sequence[Message], *, wanted: bool) -> Iterator[Receipt]:
    """Requests that hold the messages again, in order, as Segment handed them on, made one by one.

    messageId and timestamp stay, and with them what Mixpanel dedupes by. `wanted` says whether
    forwarding is on now. Messages of different write keys come in different requests.
    """
    for key, documents in _chunks(messages):
        yield Receipt(
            uid=uuid.uuid4().hex,
            received_at=time.time_ns() // 1_000_000,
            method="POST",
            path="/v1/batch",
            headers=_headers(key),
            body=b'{"batch":[' + b",".join(documents) + b"]}",
            wanted=wanted,
            origin="replay",
            source_kind="segment",
        )


def _headers(write_key: str) -> tuple[tuple[str, str], ...]:
    plain = (("content-type", "application/json"), ("user-agent", "segtap replay"))
    if not write_key:
        return plain
    return (*plain, ("authorization", "Basic " + base64.b64encode(f"{write_key}:".encode()).decode()))


def _chunks(messages: Sequence[Message]) -> Iterator[tuple[str, list[bytes]]]:
    key, chunk, size = "", list[bytes](), 0
    for message in messages:
        document = json_bytes(message.document)
        full = len(chunk) == MAX_MESSAGES or size + len(document) > MAX_BYTES
        if chunk and (full or message.write_key != key):
            yield key, chunk
            chunk, size = [], 0
        key = message.write_key
        chunk.append(document)
        size += len(document)
    if chunk:
        yield key, chunk
