"""`segtap replay FILE`: the messages of a file, into a running engine or any endpoint of Segment's kind."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence

from ..answers import ACCEPT_PLAIN, read_body
from ..api.client import Client
from ..errors import EngineError, InputError
from ..index.replay import MAX_BYTES, MAX_MESSAGES
from ..json_text import json_bytes
from ..messages import Message
from ..pipeline.lines import Unreadable, given_messages
from ..serve.notes import find_engine, running, same_place
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..sources.decode import BOM
from ..text import clean, shorten

ANSWER_CAP = 64 * 1024
"""Bytes read of an endpoint's answer."""


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
    batches.
    Raises InputError naming the line without a message, or with one beyond `bounds`, and EngineError where
    no endpoint accepts them.
    """
    messages = list(read_lines(lines, bounds))
    if url and not any(same_place(url, known) for note in running() for known in note.urls):
        return await _post(messages, url, write_key)
    async with Client(*find_engine(url)) as client:
        for chunk in _chunks([message.original.removeprefix(BOM) for message in messages]):
            await client.replay_texts(chunk)
    return len(messages)


def read_lines(lines: Iterable[bytes], bounds: Bounds = DEFAULT_BOUNDS) -> Iterator[Message]:
    """Read the messages of a file. Raises InputError, which names the line that does not hold one."""
    for given in given_messages(lines, destination=Destination(), bounds=bounds):
        if isinstance(given, Unreadable):
            raise InputError(f"Line {given.line}: {given.error}.")
        if given.message.unread:
            raise InputError(f"Line {given.line}: {given.message.objections[0].text}.")
        yield given.message


def _chunks(texts: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    length = 0
    for text in texts:
        if chunk and (len(chunk) == MAX_MESSAGES or length + len(text) > MAX_BYTES):
            yield chunk
            chunk, length = [], 0
        chunk.append(text)
        length += len(text)
    if chunk:
        yield chunk


async def _post(messages: Sequence[Message], url: str, write_key: str) -> int:
    """Send batches to an endpoint. What is not JSON in a message is left out: one spoils its whole batch."""
    import httpx

    key = base64.b64encode(f"{write_key}:".encode()).decode()
    headers = {"authorization": f"Basic {key}", "content-type": "application/json", **ACCEPT_PLAIN}
    sent = 0
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:
            for chunk in _chunks(json_bytes(message.document) for message in messages):
                body = b'{"batch":[' + b",".join(chunk) + b'],"writeKey":' + json_bytes(write_key) + b"}"
                async with http.stream("POST", "/v1/batch", content=body) as answer:
                    said = await read_body(answer, ANSWER_CAP)
                if answer.status_code != 200:
                    words = said.unreadable or shorten(clean(said.data.decode("utf-8", "replace")), 200)
                    raise EngineError(f"{url} answered {answer.status_code} after {sent:,} messages: {words}")
                sent += len(chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EngineError(f"{url} cannot be reached: {error}. {sent:,} messages were sent.") from error
    return sent
