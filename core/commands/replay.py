"""`segtap replay FILE`: the messages of a file, into a running engine or any endpoint of Segment's kind.

Records of Mixpanel's own SDKs, as `segtap export` writes them, go to Mixpanel's endpoints at the same place.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence

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
from ..sources.mixpanel.exported import exported_record, record_line
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
    messages = list(read_lines(lines, bounds))
    if url and not any(same_place(url, known) for note in running() for known in note.urls):
        return await _post(messages, url, write_key)
    async with Client(*find_engine(url)) as client:
        for chunk in _chunks(map(line_of, messages)):
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
        other = bool(chunk) and _endpoint_of(text) != _endpoint_of(chunk[0])
        if chunk and (other or len(chunk) == MAX_MESSAGES or length + len(text) > MAX_BYTES):
            yield chunk
            chunk, length = [], 0
        chunk.append(text)
        length += len(text)
    if chunk:
        yield chunk


async def _post(messages: Sequence[Message], url: str, write_key: str) -> int:
    """Send batches to an endpoint. What is not JSON in a message is left out: one spoils its whole batch."""
    import httpx

    sent = 0
    try:
        async with httpx.AsyncClient(base_url=url, headers=ACCEPT_PLAIN, trust_env=False) as http:
            for chunk in _chunks(map(_posted, messages)):
                endpoint = _endpoint_of(chunk[0])
                path, body, own = _of_device(endpoint, chunk) if endpoint else _batch(chunk, write_key)
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


def _posted(message: Message) -> bytes:
    return record_line(message) if message.source_kind == "mixpanel" else json_bytes(message.document)


def _endpoint_of(text: bytes) -> str:
    """Return the endpoint of a record of Mixpanel's own SDKs, "" for a Segment message."""
    exported = exported_record(text)
    return "" if exported is None else exported.endpoint


def _batch(messages: Sequence[bytes], write_key: str) -> tuple[str, bytes, dict[str, str]]:
    body = b'{"batch":[' + b",".join(messages) + b'],"writeKey":' + json_bytes(write_key) + b"}"
    return "/v1/batch", body, {"authorization": _basic(write_key), "content-type": JSON_TYPE}


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:".encode()).decode()


def _of_device(endpoint: str, lines: Sequence[bytes]) -> tuple[str, bytes, dict[str, str]]:
    """Return path, body and headers of a request that holds records again."""
    records = [exported.text for line in lines if (exported := exported_record(line)) is not None]
    body, content_type = record_body(endpoint, records)
    headers = {"content-type": content_type}
    if endpoint != IMPORT:
        return f"{endpoint}?verbose=1", body, headers
    value, _ = read_json(records[0])
    token = token_of(value) if isinstance(value, dict) else ""
    return endpoint, body, {**headers, "authorization": _basic(token)}


def _is_taken(answer: bytes) -> bool:
    """Return True if an endpoint of Mixpanel's says that it has stored the records."""
    try:
        value, _ = read_json(answer)
    except NotJson:
        return False
    if isinstance(value, dict):
        return value.get("status") in (1, "OK")
    return value == 1
