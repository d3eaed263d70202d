"""The way to Mixpanel: one HTTP request out, one `Answer` back, over httpx and HTTP/1.1.

Redirects are not followed, TLS is verified, an answer is read up to a cap (`core.answers`), and no exception
or log line holds a header, a body or a query.
"""

from __future__ import annotations

import asyncio
import logging
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Protocol

import msgspec

from ..answers import ACCEPT_PLAIN, Body, read_body
from .outcomes import Answer, one_line
from .wire import WireForm

logger = logging.getLogger(__name__)

ANSWER_CAP = 1024 * 1024
"""Bytes read of an answer, packed or unpacked: 2000 failed records are some 400 KB."""


class Transport(Protocol):
    """Sends one request; tests put a mock in."""

    async def send(self, form: WireForm) -> Answer:
        """Return the answer, or an `Answer` of status 0 that says why there is none. Raises nothing of its
        own.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class HttpxTransport:
    """`Transport` over httpx. Times are seconds; `total` bounds a whole exchange.

    The environment's proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE`) are used.
    """

    def __init__(
        self,
        *,
        connections: int = 16,
        connect: float = 10.0,
        read: float = 30.0,
        total: float = 90.0,
    ) -> None:
        import httpx  # half the start-up time of everything else together: only when something is sent

        _hush()
        self._total = total
        self._httpx = httpx
        self._client = httpx.AsyncClient(
            http1=True,
            http2=False,
            follow_redirects=False,
            timeout=httpx.Timeout(read, connect=connect),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={
                "user-agent": f"segtap/{version('segtap')}",
                "accept": "application/json",
                **ACCEPT_PLAIN,
            },
        )

    async def send(self, form: WireForm) -> Answer:
        """Send it and read the answer; see `Transport.send`."""
        httpx = self._httpx
        answer = Answer()
        try:
            async with asyncio.timeout(self._total):
                async with self._client.stream(
                    form.method, form.url, headers=list(form.headers), content=form.body or None
                ) as response:
                    answer = Answer(
                        status=response.status_code,
                        retry_after=retry_after(
                            response.headers.get("retry-after"), response.headers.get("date")
                        ),
                        location=response.headers.get("location", ""),
                        broken=True,
                    )
                    return _whole(answer, await read_body(response, ANSWER_CAP))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            return Answer(sent=False, words=_why("no connection", error))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            return Answer(sent=False, words=_why("the request cannot be sent", error))
        except TimeoutError:
            what = "the answer did not end" if answer.status else "sent, but no answer"
            words = f"{what} within {self._total:g} s"
        except Exception as error:
            # Whatever a server does to the HTTP library (it raises more than its documentation says), that is
            # this one request's failure. Mixpanel may have the records.
            if not isinstance(error, httpx.TransportError):
                logger.exception("reading an answer failed")
            words = _why("sent, but no answer", error)
        return msgspec.structs.replace(answer, words=words)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _whole(answer: Answer, body: Body) -> Answer:
    words = body.unreadable or ("the answer broke off" if body.broken else "")
    return msgspec.structs.replace(answer, body=body.data, cut=body.cut, broken=body.broken, words=words)


def retry_after(value: str | None, date: str | None) -> float | None:
    """Return seconds out of a Retry-After header: a number, or a date as against the answer's own `Date`."""
    if value is None:
        return None
    try:
        return max(0.0, float(value)) if float(value) < float("inf") else None
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(date or "")
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _why(what: str, error: Exception) -> str:
    """Return httpx's words, which name host and errno at most, never headers or bodies; some have none."""
    return one_line(f"{what}: {error or type(error).__name__}")


class _Hushed(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_HUSHED = _Hushed()


def _hush() -> None:
    """Silence the log of httpx: it has whole URLs, whose query may hold the classic destination's api_key."""
    logging.getLogger("httpx").addFilter(_HUSHED)
