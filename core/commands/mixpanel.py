"""`segtap mixpanel`: a Mixpanel for tests on this machine, and what it holds."""

from __future__ import annotations

import asyncio
import errno
import zoneinfo
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from typing import Any

import httpx

from ..errors import EngineError, InputError
from ..stand_in.server import MixpanelServer
from ..text import clean

PORT = 9000
URL = f"http://127.0.0.1:{PORT}"
UTC_ZONE = "UTC"


async def serve(port: int, answers: Sequence[str], zone: str, ready: Callable[[str], None]) -> None:
    """Serve until cancelled; `ready` is called with the URL. Raises InputError for a port that is taken.

    `zone` names the time zone of the project, in which the raw export has its dates and times.
    """
    server = MixpanelServer(port=port, zone=_zone(zone))
    server.demands.use(answers)
    try:
        async with server:
            ready(server.url)
            await asyncio.Event().wait()
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is taken" if error.errno == errno.EADDRINUSE else "may not be used"
        raise InputError(f"Port {port} {why}: give another one with --port, or 0 for any free one.") from None


def _zone(name: str) -> tzinfo:
    """Return the time zone of that name. Raises InputError."""
    if name == UTC_ZONE:  # also where the system has no time zones
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"There is no time zone {clean(name)!r}. Write it as Europe/Berlin or America/Los_Angeles."
        ) from None


def held(url: str) -> list[dict[str, Any]]:
    """Return the events that the Mixpanel at a URL holds, by insert id. Raises EngineError."""
    try:
        answer = httpx.get(f"{url.rstrip('/')}/", params={"format": "json"}, timeout=10, trust_env=False)
        return answer.json()["events"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        why = clean(str(error)) or type(error).__name__
        raise EngineError(f"No segtap mixpanel answers at {clean(url)}: {why}.") from None
