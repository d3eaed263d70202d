"""The way to the servers behind the proxy: a request out as it was received, an answer back as it was given.

Nothing is added to a request or left out of it but what belongs to one connection alone (RFC 9110, 7.6.1:
`Connection`, `Transfer-Encoding` and the like) and `Host`. Bodies stay packed as they are.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator

from ..answers import unpacked
from ..ingest.cors import HeaderList
from .hosts import Upstream

CONNECT_SECONDS = 10.0
CONNECTIONS = 100
KEEP_SECONDS = 4.0
"""Seconds that an idle connection is kept: less than servers do, which would close it as it is used again."""
WHOLE_ANSWER = 256 * 1024
"""Bytes of an answer that are read before any of it is handed on; the rest of a larger one is streamed."""

_OF_ONE_CONNECTION = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OF_THE_REQUEST = frozenset({b"host", b"expect"})
_WITHOUT_BODY = (204, 304)
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Characters that no header may hold: a server's header with one is left out, its answer still handed on."""
_LENGTH = frozenset({b"content-length"})
"""Left out of an answer that never has a body: the length is that of another answer, or wrong."""


class NoAnswer(Exception):
    """The server gave no answer that can be handed on: `status` is what a proxy answers then, 502 or 504."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Passed:
    """An answer: `start` is read; `rest` gives what follows, None if that is all."""

    def __init__(
        self, status: int, headers: HeaderList, start: bytes, rest: AsyncIterator[bytes] | None
    ) -> None:
        self.status = status
        self.headers = headers
        self.start = start
        self.rest = rest

    def readable(self) -> bytes:
        """Return the body as plain bytes; empty for one that is long or packed in a way that is not read."""
        if self.rest is not None:
            return b""
        named = b",".join(value for name, value in self.headers if name == b"content-encoding").decode(
            "latin-1"
        )
        codings = [coding.strip().lower() for coding in named.split(",") if coding.strip()]
        return unpacked(self.start, codings, WHOLE_ANSWER).data if codings else self.start


class Passing:
    """Passes requests on over httpx and HTTP/1.1. `seconds` is how long a server may take for an answer.

    The environment's proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE`) are used. Redirects are handed
    back, not followed, and nothing is sent twice.
    """

    def __init__(self, seconds: float) -> None:
        import httpx  # slow to import: only when something is passed on

        # Its log has whole URLs, whose query may hold data or an API key.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._httpx = httpx
        self._seconds = seconds
        self._timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            limits=httpx.Limits(
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS,
                keepalive_expiry=KEEP_SECONDS,
            ),
        )

    async def send(
        self,
        upstream: Upstream,
        method: str,
        target: bytes,
        headers: HeaderList,
        body: bytes | AsyncIterator[bytes],
    ) -> Passed:
        """Send a request and return its answer. Raises NoAnswer, and whatever reading `body` raises.

        `target` is path and query behind the prefix, as they were received.
        """
        httpx = self._httpx
        base = httpx.URL(upstream.url)
        exact = base.raw_path.rstrip(b"/") + target
        # A request made by hand: `build_request` would add httpx's own headers and cookies.
        request = httpx.Request(
            method,
            base,
            headers=_without(headers, _OF_THE_REQUEST),
            content=body if not isinstance(body, bytes) or body or _has_length(headers) else None,
            extensions={"target": exact, "timeout": self._timeout.as_dict()},
        )
        response = None
        try:
            response = await self._client.send(request, stream=True)
            async with asyncio.timeout(self._seconds):
                chunks = response.aiter_raw()
                start = bytearray()
                whole = True
                async for chunk in chunks:
                    start += chunk
                    if len(start) > WHOLE_ANSWER:
                        whole = False
                        break
        except (httpx.TimeoutException, TimeoutError) as error:
            await _let_go(response)
            if isinstance(error, httpx.ConnectTimeout):
                raise NoAnswer(504, f"no connection within {self._timeout.connect:g} s") from error
            raise NoAnswer(504, f"nothing came within {self._seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            await _let_go(response)
            raise NoAnswer(502, str(error) or type(error).__name__) from error
        except BaseException:
            await _let_go(response)
            raise
        status = response.status_code
        if not 200 <= status < 600:
            await _let_go(response)
            raise NoAnswer(502, f"{status} is not the status of an answer")
        named = [(name.lower(), value) for name, value in response.headers.raw]
        kept = _without(named, _LENGTH if status in _WITHOUT_BODY else frozenset())
        kept = [line for line in kept if not _CONTROLS.search(line[1])]
        if whole:
            await response.aclose()
        return Passed(status, kept, bytes(start), None if whole else _rest(response, chunks))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _rest(response: object, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give what follows of an answer. Raises NoAnswer if it breaks off."""
    import httpx

    assert isinstance(response, httpx.Response)
    try:
        async for chunk in chunks:
            yield chunk
    except httpx.HTTPError as error:
        raise NoAnswer(502, str(error) or type(error).__name__) from error
    finally:
        await response.aclose()


async def _let_go(response: object) -> None:
    import httpx

    if isinstance(response, httpx.Response):
        await response.aclose()


def _has_length(headers: HeaderList) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)


def _without(headers: HeaderList, more: frozenset[bytes]) -> HeaderList:
    """Return the headers without those of one connection, also those that `Connection` names, and `more`."""
    named = {
        part.strip().lower() for name, value in headers if name == b"connection" for part in value.split(b",")
    }
    left_out = _OF_ONE_CONNECTION | named | more
    return [(name, value) for name, value in headers if name not in left_out]
