"""`segtap replay FILE`: the messages of a file, into a running engine or any endpoint of Segment's kind.

Records of Mixpanel's own SDKs, as `segtap export` writes them, go to Mixpanel's endpoints at the same place.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ..api.client import Client
from ..api.models import EngineState
from ..chosen import Chosen, Step
from ..errors import EngineError, InputError
from ..index.elsewhere import IMPORT, Elsewhere, batch_call, records_call
from ..index.replay import MAX_BYTES, MAX_MESSAGES
from ..json_text import json_bytes
from ..mapping.dates import read_time
from ..messages import Message
from ..pipeline.lines import Unreadable, given_messages
from ..scenarios.lines import is_step
from ..serve.notes import find_engine, running, same_place
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..sources.decode import BOM
from ..sources.mixpanel.exported import record_line
from ..sources.mixpanel.records import token_of
from ..text import counted
from . import bulk
from .bulk import NOW, ORIGINAL, Pace, Progress
from .chosen import Line, walk
from .replay_scenario import new_messages


async def replay_lines(
    lines: Iterable[bytes],
    *,
    url: str = "",
    write_key: str = "segtap-replay",
    bounds: Bounds = DEFAULT_BOUNDS,
    pace: Pace | None = None,
    token: str = "",
) -> int:
    """Replay one message a line, or what `given_messages` reads; returns how many.

    A scenario is replayed at its original pace, unless another is given, with new ids and the times of now;
    `token` is the project's, for an endpoint that is not an engine. Anything else comes as fast as possible.

    At a pace, messages come with the time between them that their `receivedAt`, else `timestamp`, says; one
    without either comes with the message before.

    At `url`, or without one at the newest engine of this user. An engine of segtap's takes them as a replay:
    they keep messageId, timestamp and spelling and are not second receipts. Any other endpoint gets plain
    batches. Records of Mixpanel's own SDKs stay as they stand in the line.
    Raises InputError naming the line without a message, or with one beyond `bounds`, and EngineError where
    no endpoint accepts them.
    """
    elsewhere = url and not any(same_place(url, known) for note in running() for known in note.urls)
    begun, lines = _begun(lines)
    if is_step(begun):
        pace = ORIGINAL if pace is None else pace
        token = token if elsewhere else await _token_of(url)
        now = time.time_ns() // 1_000_000
        messages = new_messages(lines, now=now, pace=pace, token=token, bounds=bounds)
    else:
        pace = NOW if pace is None else pace
        messages = list(read_lines(lines, bounds))
    sent = [_sent(message, line=not elsewhere) for message in messages]
    stretches = _due(messages, sent, pace)
    if elsewhere:
        return await _post(stretches, url, write_key)
    async with Client(*find_engine(url)) as client:
        async for some in stretches:
            for _, chunk in _chunks(some):
                await client.replay_texts(chunk)
    return len(sent)


def _begun(lines: Iterable[bytes]) -> tuple[bytes, Iterable[bytes]]:
    """Return the first line that is not blank, and all lines."""
    rest, before = iter(lines), list[bytes]()
    for line in rest:
        before.append(line)
        if line.strip():
            break
    return (before[-1] if before else b""), chain(before, rest)


async def _token_of(url: str) -> str:
    """Return the project token that an engine sends to, "" if it has none."""
    async with Client(*find_engine(url)) as client:
        return (await client.settings()).destination.token


async def replay_matching(filter: str, url: str = "", pace: Pace = NOW) -> tuple[Progress, tuple[str, ...]]:
    """Replay what matches a filter in the journal of a running engine.

    Returns how many messages, and if none matches, sentences on why. What is replayed arrives behind the
    newest message that there was, so that it is not replayed again.
    """
    async with Client(*find_engine(url)) as client:
        newest = (await client.page(limit=1)).summaries
        progress = Progress(0)
        if newest:
            which = Chosen((Step("mark", filter, newest[-1].id),))
            await bulk.replay(client, walk(client, which), progress, pace)
        if progress.tried:
            return progress, ()
        return progress, (await client.page(filter=filter, limit=1)).notes


async def validate_matching(
    filter: str, url: str, tell: Callable[[EngineState], None]
) -> tuple[Progress, tuple[str, ...]]:
    """Send what matches a filter in the journal of a running engine to Mixpanel once, forwarding on or off.

    `tell` is called with the engine's state before anything is sent. Returns how many messages, and if none
    matches, sentences on why.
    """
    async with Client(*find_engine(url)) as client:
        state = await client.state()
        newest = (await client.page(limit=1)).summaries
        progress = Progress(0)
        if newest:
            tell(state)
            which = Chosen((Step("mark", filter, newest[-1].id),))
            await bulk.to_mixpanel(client, walk(client, which), progress)
        if progress.tried:
            return progress, ()
        return progress, (await client.page(filter=filter, limit=1)).notes


async def _due(messages: Sequence[Message], sent: Sequence[_Sent], pace: Pace) -> AsyncIterator[list[_Sent]]:
    """Yield messages when they are due, those of the same time together."""
    if not pace.factor:
        yield list(sent)
        return

    async def lines() -> AsyncIterator[list[Line]]:
        at = 0
        for place, message in enumerate(messages):
            at = _time_of(message) or at
            yield [Line(place, at)]

    async for places in bulk.paced(lines(), Progress(len(sent)), pace):
        yield [sent[place] for place in places]


def _time_of(message: Message) -> int:
    """Return when a message was received, or happened (ms); 0 if neither is known."""
    for name in ("receivedAt", "timestamp"):
        value = message.document.get(name)
        if isinstance(value, str) and (at := read_time(value)) is not None:
            return at
    return 0


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


async def _post(stretches: AsyncIterator[list[_Sent]], url: str, write_key: str) -> int:
    """Send batches to an endpoint. What is not JSON in a message is left out: one spoils its whole batch."""
    sent = 0
    async with Elsewhere(url) as elsewhere:
        async for first, chunk in _requests(stretches):
            if first.endpoint:
                call = records_call(first.endpoint, chunk, first.token)
            else:
                call = batch_call(chunk, write_key)
            reply = await elsewhere.send(call)
            if not reply.status:
                raise EngineError(f"{url} cannot be reached: {reply.words}. {counted(sent, 'message')} sent.")
            if not reply.taken:
                raise EngineError(
                    f"{url} answered {reply.status} after {counted(sent, 'message')}: {reply.words}"
                )
            sent += len(chunk)
    return sent


async def _requests(stretches: AsyncIterator[list[_Sent]]) -> AsyncIterator[tuple[_Sent, list[bytes]]]:
    async for some in stretches:
        for request in _chunks(some):
            yield request


def line_of(message: Message) -> bytes:
    """Return what an engine gets: a record of Mixpanel's own SDKs as a line of an export, else the text."""
    return record_line(message) if message.source_kind == "mixpanel" else message.original.removeprefix(BOM)
