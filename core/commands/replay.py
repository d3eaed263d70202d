"""`segtap replay FILE`: the messages of a file, into a running engine or any endpoint of Segment's kind.

Records of Mixpanel's own SDKs, as `segtap export` writes them, go to Mixpanel's endpoints at the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..api.client import Client
from ..errors import EngineError, InputError
from ..index.elsewhere import IMPORT, Elsewhere, batch_call, records_call
from ..index.replay import MAX_BYTES, MAX_MESSAGES
from ..json_text import json_bytes
from ..messages import Message
from ..pipeline.lines import Unreadable, given_messages
from ..serve.notes import find_engine, running, same_place
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..sources.decode import BOM
from ..sources.mixpanel.exported import record_line
from ..sources.mixpanel.records import token_of


async def replay_lines(
    lines: Iterable[bytes],
    *,
    url: str = "",
    write_key: str = "segtap-replay",
    bounds: Bounds = DEFAULT_BOUNDS,
) -> int:
    """Replay one message a line, or what `given_messages` reads; returns how many.

    At `url`, or without one at the newest engine of this user. An engine of segtap's takes them as a replay:
    they keep messageId, timestamp and spelling and are not second receipts. Any other endpoint gets plain
    batches. Records of Mixpanel's own SDKs stay as they stand in the line.
    Raises InputError naming the line without a message, or with one beyond `bounds`, and EngineError where
    no endpoint accepts them.
    """
    elsewhere = url and not any(same_place(url, known) for note in running() for known in note.urls)
    sent = [_sent(message, line=not elsewhere) for message in read_lines(lines, bounds)]
    if elsewhere:
        return await _post(sent, url, write_key)
    async with Client(*find_engine(url)) as client:
        for _, chunk in _chunks(sent):
            await client.replay_texts(chunk)
    return len(sent)


def read_lines(lines: Iterable[bytes], bounds: Bounds = DEFAULT_BOUNDS) -> Iterator[Message]:
    """Read the messages of a file. Raises InputError, which names the line that does not hold one."""
    for given in given_messages(lines, destination=Destination(), bounds=bounds):
        if isinstance(given, Unreadable):
            raise InputError(f"Line {given.line}: {given.error}.")
        if given.message.unread:
            raise InputError(f"Line {given.line}: {given.message.objections[0].text}.")
        yield given.message


class _Sent(NamedTuple):
    """One message as it is sent.

    `endpoint` is that of a record of Mixpanel's own SDKs, "" for a Segment message. `token` is the project
    that the credentials of a request to /import name.
    """

    endpoint: str
    token: str
    text: bytes


def _sent(message: Message, *, line: bool) -> _Sent:
    """Return what is sent of a message: the `line` that an engine gets, or the text for another endpoint."""
    if message.source_kind == "mixpanel":
        endpoint = message.endpoint.partition("?")[0]
        text = record_line(message) if line else message.original
        return _Sent(endpoint, token_of(message.document) if endpoint == IMPORT else "", text)
    return _Sent("", "", line_of(message) if line else json_bytes(message.document))


def _chunks(sent: Iterable[_Sent]) -> Iterator[tuple[_Sent, list[bytes]]]:
    """Yield the texts of each request, and the first message in it."""
    first: _Sent | None = None
    chunk: list[bytes] = []
    length = 0
    for one in sent:
        full = len(chunk) == MAX_MESSAGES or length + len(one.text) > MAX_BYTES
        if first is not None and (full or one[:2] != first[:2]):
            yield first, chunk
            first, chunk, length = None, [], 0
        first = first or one
        chunk.append(one.text)
        length += len(one.text)
    if first is not None:
        yield first, chunk


async def _post(messages: Sequence[_Sent], url: str, write_key: str) -> int:
    """Send batches to an endpoint. What is not JSON in a message is left out: one spoils its whole batch."""
    sent = 0
    async with Elsewhere(url) as elsewhere:
        for first, chunk in _chunks(messages):
            if first.endpoint:
                call = records_call(first.endpoint, chunk, first.token)
            else:
                call = batch_call(chunk, write_key)
            reply = await elsewhere.send(call)
            if not reply.status:
                raise EngineError(f"{url} cannot be reached: {reply.words}. {sent:,} messages were sent.")
            if not reply.taken:
                raise EngineError(f"{url} answered {reply.status} after {sent:,} messages: {reply.words}")
            sent += len(chunk)
    return sent


def line_of(message: Message) -> bytes:
    """Return what an engine gets: a record of Mixpanel's own SDKs as a line of an export, else the text."""
    return record_line(message) if message.source_kind == "mixpanel" else message.original.removeprefix(BOM)
