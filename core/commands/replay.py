"""`segtap replay FILE`: the messages of a file, into a running engine or any endpoint of Segment's kind.

Records of Mixpanel's own SDKs, as `segtap export` writes them, go to Mixpanel's endpoints at the same place.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..answers import ACCEPT_PLAIN, read_body
from ..api.client import Client
from ..errors import EngineError, InputError
from ..forward.wire import JSON_TYPE
from ..index.replay import MAX_BYTES, MAX_MESSAGES, record_body
from ..json_text import json_bytes
from ..messages import Message
from ..pipeline.lines import Unreadable, given_messages
from ..serve.notes import find_engine, running, same_place
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..sources.decode import BOM, NotJson, read_json
from ..sources.mixpanel.exported import record_line
from ..sources.mixpanel.records import token_of
from ..text import clean, shorten

IMPORT = "/import"
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
    import httpx

    sent = 0
    try:
        async with httpx.AsyncClient(base_url=url, headers=ACCEPT_PLAIN, trust_env=False) as http:
            for first, chunk in _chunks(messages):
                endpoint = first.endpoint
                path, body, own = _of_device(first, chunk) if endpoint else _batch(chunk, write_key)
                async with http.stream("POST", path, content=body, headers=own) as answer:
                    said = await read_body(answer, ANSWER_CAP)
                if answer.status_code != 200 or (endpoint and not _is_taken(said.data)):
                    words = said.unreadable or shorten(clean(said.data.decode("utf-8", "replace")), 200)
                    raise EngineError(f"{url} answered {answer.status_code} after {sent:,} messages: {words}")
                sent += len(chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EngineError(f"{url} cannot be reached: {error}. {sent:,} messages were sent.") from error
    return sent


def line_of(message: Message) -> bytes:
    """Return what an engine gets: a record of Mixpanel's own SDKs as a line of an export, else the text."""
    return record_line(message) if message.source_kind == "mixpanel" else message.original.removeprefix(BOM)


def _batch(messages: Sequence[bytes], write_key: str) -> tuple[str, bytes, dict[str, str]]:
    body = b'{"batch":[' + b",".join(messages) + b'],"writeKey":' + json_bytes(write_key) + b"}"
    return "/v1/batch", body, {"authorization": _basic(write_key), "content-type": JSON_TYPE}


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:".encode()).decode()


def _of_device(first: _Sent, records: Sequence[bytes]) -> tuple[str, bytes, dict[str, str]]:
    """Return path, body and headers of a request that holds records again."""
    body, content_type = record_body(first.endpoint, records)
    headers = {"content-type": content_type}
    if first.endpoint != IMPORT:
        return f"{first.endpoint}?verbose=1", body, headers
    return first.endpoint, body, {**headers, "authorization": _basic(first.token)}


def _is_taken(answer: bytes) -> bool:
    """Return True if an endpoint of Mixpanel's says that it has stored the records."""
    try:
        value, _ = read_json(answer)
    except NotJson:
        return False
    if isinstance(value, dict):
        return value.get("status") in (1, "OK")
    return value == 1
