"""The requests of a replay, and which message is a replay of which."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator, Sequence

import msgspec

from ..api.models import Summary
from ..forward.wire import FORM_TYPE, JSON_TYPE, form_quote
from ..messages import Message, Receipt, position_of, seq_of
from ..pipeline.batches import body_of, spelled
from ..stores.base import Readable

MAX_MESSAGES = 100
MAX_BYTES = 400_000
"""A request of a replay holds at most so many messages and bytes (one larger message goes alone), so that
reading it is no longer than for a client's own batch, and Segment's limit of 500 KB a batch is kept."""
MAX_RECORDS = 50
"""The same for records of Mixpanel's own SDKs: as many as mixpanel-browser sends."""


def replay_receipts(messages: Sequence[Message], *, wanted: bool) -> Iterator[Receipt]:
    """Yield requests that hold the messages again, in order, as Segment handed them on, made one by one.

    messageId and timestamp stay, and with them what Mixpanel dedupes by. The spelling stays as well, so that
    the rules on it find the same again. `wanted` says whether forwarding is on now. Messages of different
    write keys come in different requests.
    """
    yield from _of_device([one for one in messages if one.source_kind == "mixpanel"], wanted=wanted)
    for key, ids, texts in _chunks([one for one in messages if one.source_kind == "segment"]):
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


def with_message_id(message: Message, id: str) -> Message:
    """Return the message with another messageId; how the rest of it is spelled stays."""
    return msgspec.structs.replace(
        message,
        message_id=id,
        document={**message.document, "messageId": id},
        filled=(*message.filled, "$.messageId"),
    )


def _of_device(messages: Sequence[Message], *, wanted: bool) -> Iterator[Receipt]:
    """Yield requests that hold records of Mixpanel's own SDKs again, each as it was sent."""
    for (endpoint, key), ids, records in _record_chunks(messages):
        path, _, query = endpoint.partition("?")
        body, content_type = record_body(path, records)
        yield Receipt(
            uid=uuid.uuid4().hex,
            received_at=time.time_ns() // 1_000_000,
            method="POST",
            path=path,
            query=query,
            headers=_headers(key if path == "/import" else "", content_type),
            body=body,
            wanted=wanted,
            origin="replay",
            source_kind="mixpanel",
            replay_of=tuple(ids),
        )


def record_body(endpoint: str, records: Sequence[bytes]) -> tuple[bytes, str]:
    """Return the body that takes records to one of Mixpanel's endpoints, and its content type."""
    text = b"[" + b",".join(records) + b"]"
    if endpoint == "/import":
        return text, JSON_TYPE
    return b"data=" + form_quote(text).encode("ascii"), FORM_TYPE


def _record_chunks(
    messages: Sequence[Message],
) -> Iterator[tuple[tuple[str, str], list[int], list[bytes]]]:
    """Yield endpoint and project, ids and records of the messages for each request."""
    to, ids, chunk, size = ("", ""), list[int](), list[bytes](), 0
    for message in messages:
        full = len(chunk) == MAX_RECORDS or size + len(message.original) > MAX_BYTES
        if chunk and (full or (message.endpoint, message.write_key) != to):
            yield to, ids, chunk
            ids, chunk, size = [], [], 0
        to = message.endpoint, message.write_key
        ids.append(message.id)
        chunk.append(message.original)
        size += len(message.original)
    if chunk:
        yield to, ids, chunk


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


def _headers(write_key: str, content_type: str = JSON_TYPE) -> tuple[tuple[str, str], ...]:
    plain = (("content-type", content_type), ("user-agent", "segtap replay"))
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
