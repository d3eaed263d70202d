"""Sends messages to another server than this engine: Segment, a proxy of it, or another segtap.

A Segment message goes to the path of its type, as SDKs send it, with its write key as Basic credentials. A
record of Mixpanel's own SDKs goes to its endpoint of Mixpanel's at the same place.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

from ..answers import ACCEPT_PLAIN, read_body
from ..delivery import Posted
from ..errors import InputError
from ..forward.wire import JSON_TYPE
from ..json_text import json_bytes
from ..messages import CALL_TYPES, Message
from ..pipeline.batches import spelled
from ..server_url import checked
from ..sources.decode import NotJson, read_json
from ..sources.mixpanel.records import token_of
from ..text import clean, shorten
from .replay import record_body

if TYPE_CHECKING:
    import httpx

IMPORT = "/import"
ANSWER_CAP = 64 * 1024
"""Bytes read of an answer."""
SHOWN = 200
"""Characters of an answer that are shown."""
TIMEOUT = 30.0
"""Seconds that one request may take."""


class Call(NamedTuple):
    """One POST: where on the server, its body and its headers."""

    path: str
    body: bytes
    headers: dict[str, str]


class Reply(NamedTuple):
    """The answer to a POST: the status, 0 without an answer, the start of its text, and if it was taken."""

    status: int
    words: str
    taken: bool


class Elsewhere:
    """The server at a URL, with one connection while it is entered. Raises InputError for a wrong URL."""

    def __init__(self, url: str) -> None:
        self.url = checked(url)
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        import httpx

        try:
            self._http = httpx.AsyncClient(
                base_url=self.url, headers=ACCEPT_PLAIN, trust_env=False, timeout=TIMEOUT
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise InputError(f"{self.url!r} cannot be used as a URL: {error}.") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def post(self, message: Message) -> Posted:
        """Send one message and return the answer."""
        call = call_of(message)
        reply = await self.send(call)
        return Posted(
            id=message.id, status=reply.status, words=reply.words, path=call.path, taken=reply.taken
        )

    async def send(self, call: Call) -> Reply:
        """Send a request and read the start of its answer; a server that does not answer has status 0."""
        import httpx

        assert self._http is not None
        try:
            async with self._http.stream(
                "POST", call.path, content=call.body, headers=call.headers
            ) as answer:
                said = await read_body(answer, ANSWER_CAP)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Reply(0, clean(str(error) or type(error).__name__), False)
        text = said.unreadable or clean(said.data.decode("utf-8", "replace")).strip()
        good = 200 <= answer.status_code < 300
        taken = good and (call.path.startswith("/v1/") or _is_taken(said.data))
        return Reply(answer.status_code, shorten(text, SHOWN) or answer.reason_phrase, taken)


def call_of(message: Message) -> Call:
    """Return the request that sends one message as an SDK does."""
    if message.source_kind == "mixpanel":
        path = message.endpoint.partition("?")[0]
        return records_call(path, [message.original], token_of(message.document))
    name = message.type if message.type in CALL_TYPES else ""
    body = spelled(message)
    path = f"/v1/{name}" if name else "/v1/batch"
    return Call(path, body if name else b'{"batch":[' + body + b"]}", _headers(message.write_key))


def batch_call(messages: Sequence[bytes], write_key: str) -> Call:
    """Return the request that sends several Segment messages."""
    body = b'{"batch":[' + b",".join(messages) + b'],"writeKey":' + json_bytes(write_key) + b"}"
    return Call("/v1/batch", body, _headers(write_key))


def records_call(endpoint: str, records: Sequence[bytes], token: str) -> Call:
    """Return the request that sends records of Mixpanel's own SDKs to their endpoint.

    `token` is the project that credentials name, where the endpoint wants some.
    """
    body, content_type = record_body(endpoint, records)
    headers = {"content-type": content_type}
    if endpoint != IMPORT:
        return Call(f"{endpoint}?verbose=1", body, headers)
    return Call(endpoint, body, {**headers, "authorization": _basic(token)})


def _headers(write_key: str) -> dict[str, str]:
    plain = {"content-type": JSON_TYPE}
    return {**plain, "authorization": _basic(write_key)} if write_key else plain


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:".encode()).decode()


def _is_taken(answer: bytes) -> bool:
    """Return True if an endpoint of Mixpanel's says that it has stored the records."""
    try:
        value, _ = read_json(answer)
    except NotJson:
        return False
    if isinstance(value, dict):
        return value.get("status") in (1, "OK")
    return value == 1
