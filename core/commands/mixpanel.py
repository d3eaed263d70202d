"""`segtap mixpanel`: a Mixpanel for tests on this machine, and what it holds."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from ..errors import EngineError, InputError
from ..stand_in.server import MixpanelServer
from ..text import clean

PORT = 9000
URL = f"http://127.0.0.1:{PORT}"


async def serve(port: int, answers: Sequence[str], ready: Callable[[str], None]) -> None:
    """Serve until cancelled; `ready` is called with the URL. Raises InputError for a port that is taken."""
    server = MixpanelServer(port=port)
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


def held(url: str) -> list[dict[str, Any]]:
    """Return the events that the Mixpanel at a URL holds, by insert id. Raises EngineError."""
    try:
        answer = httpx.get(f"{url.rstrip('/')}/", params={"format": "json"}, timeout=10, trust_env=False)
        return answer.json()["events"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        why = clean(str(error)) or type(error).__name__
        raise EngineError(f"No segtap mixpanel answers at {clean(url)}: {why}.") from None
