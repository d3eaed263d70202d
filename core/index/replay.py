"""The requests of a replay, and which message is a replay of which."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator, Sequence

from ..api.models import Summary
from ..messages import Message, Receipt, position_of, seq_of
from ..pipeline.batches import body_of, spelled
from ..stores.base import Readable

MAX_MESSAGES = 100
MAX_BYTES = 400_000
"""A request of a replay holds at most so many messages and bytes (one larger message goes alone), so that
reading it is no longer than for a client's own batch, and Segment's limit of 500 KB a batch is kept."""


def replay_receipts(messages: Sequence[Message], *, wanted: bool) -> Iterator[Receipt]:
    """Yield requests that hold the messages again, in order, as Segment handed them on, made one by one.

    messageId and timestamp stay, and with them what Mixpanel dedupes by. The spelling stays as well, so that
    the rules on it find the same again. `wanted` says whether forwarding is on now. Messages of different
    write keys come in different requests.
    """
    for key, ids, texts in _chunks(messages):
        yield Receipt(
            uid=uuid.uuid4().hex,
            received_at=time.time_ns() // 1_000_000,
            method="POST",
            path="/v1/batch",
            headers=_headers(key),
            body=body_of(texts),
            wanted=wanted,
            origin="replay",
            source_kind="segment",
            replay_of=tuple(ids),
        )


async def original_of(stores: Readable, receipt: Receipt, id: int) -> Summary | None:
    """Return the message that this one, of `receipt`, is a replay of; None if it is not in the journal."""
    source = _source(receipt, id)
    return await stores.index.summary(source) if source else None


async def replays_of(stores: Readable, summary: Summary) -> tuple[Summary, ...]:
    """Return the newest replays of a message, oldest first.

    A replay from a file names no message of the journal: it belongs to each earlier one with its messageId.
    """
    found: list[Summary] = []
    for line in await stores.index.replays(summary.message_id, after=summary.id):
        receipt = await stores.receipts.get(seq_of(line.id))
        if receipt is not None and _source(receipt, line.id) in (0, summary.id):
            found.append(line)
    return tuple(found)


def _source(receipt: Receipt, id: int) -> int:
    position = position_of(id)
    return receipt.replay_of[position] if position < len(receipt.replay_of) else 0


def _headers(write_key: str) -> tuple[tuple[str, str], ...]:
    plain = (("content-type", "application/json"), ("user-agent", "segtap replay"))
    if not write_key:
        return plain
    return (*plain, ("authorization", "Basic " + base64.b64encode(f"{write_key}:".encode()).decode()))


def _chunks(messages: Sequence[Message]) -> Iterator[tuple[str, list[int], list[bytes]]]:
    """Yield write key, ids and texts of the messages for each request."""
    key, ids, chunk, size = "", list[int](), list[bytes](), 0
    for message in messages:
        text = spelled(message)
        full = len(chunk) == MAX_MESSAGES or size + len(text) > MAX_BYTES
        if chunk and (full or message.write_key != key):
            yield key, ids, chunk
            ids, chunk, size = [], [], 0
        key = message.write_key
        ids.append(message.id)
        chunk.append(text)
        size += len(text)
    if chunk:
        yield key, ids, chunk
