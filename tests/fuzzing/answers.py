"""Any bytes in place of Mixpanel's answer: each record ends sent, refused or uncertain, and adds once."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

from forwarding import AsGiven, Backlog, FakeClock, engage, given, make_forwarder, running
from mixpanel_faults import BAD_GATEWAY, FLOOD, GARBAGE, PORTAL, REDIRECT, TOO_MANY, UNAVAILABLE, ZERO

from segtap.core.delivery import DeliveryState
from segtap.core.forward.client import HttpxTransport
from segtap.core.stand_in.faults import TOO_LARGE, UNAUTHORIZED, Fault, import_error
from segtap.core.stand_in.http_text import answer_bytes
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import OutgoingRequest

from .mutations import mutate
from .target import ANSWERED_WITHIN, Misbehaved, memory

SETTLED = {DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.UNCERTAIN}
HEADERS = (
    *(
        b"Content-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\n",
        b"\r\n\r\n",
    ),
    *(
        b"Retry-After: 1e9\r\n",
        b"Retry-After: -1\r\n",
        b"Location: \xff\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ),
    *(b"Content-Encoding: br, gzip\r\n", b"Connection: close\r\n", b'"failed_records":[', b'"index":0,'),
    *(b'"error":', b'"num_records_imported":', b'"status":0', b"1", b"0", b"null", b"Upgrade: x\r\n"),
)
FAULTS = (
    *(BAD_GATEWAY, GARBAGE, PORTAL, REDIRECT, TOO_LARGE, TOO_MANY, UNAUTHORIZED, UNAVAILABLE, ZERO, FLOOD),
    import_error(400, "some failed", failed_records=[{"index": 1, "$insert_id": "i-2", "message": "m"}]),
    Fault(200, {"code": 200, "num_records_imported": 2, "status": "OK"}),
    Fault(200, {"error": None, "status": 1}),
    Fault(200, {"error": "some data points in the request failed validation", "status": 0}),
    Fault(200, "1"),
)
MOST_MEMORY = 1 << 30
TAKES_IN = b"#takes\n"
"""The first line of an input whose requests are taken in, whatever is answered."""


class Answers:
    """A forwarder whose first requests are answered with an input, all later ones as Mixpanel answers."""

    every = 50

    def __init__(self) -> None:
        self._seeds = [fault.raw or answer_bytes(fault.status, fault.body, fault.headers) for fault in FAULTS]

    def make(self, chance: Random) -> bytes:
        """Return an answer that Mixpanel or another server may give, changed somewhere."""
        data = mutate(chance.choice(self._seeds), chance, self._seeds, HEADERS)
        return TAKES_IN + data if chance.random() < 0.5 else data

    async def attempt(self, data: bytes) -> None:
        """Forward two events, what sets and what adds."""
        takes, raw = data.startswith(TAKES_IN), data.removeprefix(TAKES_IN)
        backlog, clock = Backlog(), FakeClock()
        await backlog.add(
            given(_event(1)), given(_event(2)), given(engage("u-1", set={"plan": "pro"})),
            given(engage("u-2", add={"visits": 1})), given(engage("u-3", add={"visits": 1})),
        )  # fmt: skip
        transport = HttpxTransport(total=0.5)
        async with MixpanelServer() as mixpanel:
            # Nothing at all in place of an answer is a connection that is closed.
            fault = Fault(raw=raw, ingest=takes) if raw else Fault(drop="after" if takes else "before")
            mixpanel.script(*[fault] * 3)
            forwarder = make_forwarder(
                backlog, mixpanel.url, translator=AsGiven(), transport=transport, clock=clock
            )
            try:
                async with asyncio.timeout(ANSWERED_WITHIN), running(forwarder) as task:
                    for _ in range(8):
                        await forwarder.wait_idle()
                        if not forwarder.halted:
                            break
                        forwarder.resume()
                        forwarder.wake()
                    if task.done():
                        raise Misbehaved(f"the forwarder has ended: {task.exception()!r}")
            except TimeoutError:
                raise Misbehaved(f"not settled within {ANSWERED_WITHIN:g} s: {forwarder.fault}") from None
            finally:
                await transport.close()
        _check(mixpanel, await backlog.states(), honest=not takes or not _SAYS_NO.search(raw))

    async def settle(self) -> None:
        """Look at the memory."""
        if memory() > MOST_MEMORY:
            raise Misbehaved(f"{memory() // 2**20} MB of memory")


_SAYS_NO = re.compile(rb"HTTP/\d\.\d [34]|\b0\b")
"""Answers of which some say that nothing was taken in: a 429, a `0`."""


def _check(mixpanel: MixpanelServer, states: list[DeliveryState], *, honest: bool) -> None:
    if not set(states) <= SETTLED:
        raise Misbehaved(f"left {states}")
    for user in ("u-2", "u-3"):
        visits = mixpanel.profiles.get(user, {}).get("visits", 0)
        if visits > 1 and honest:
            raise Misbehaved(f"$add counted {visits} times; the states are {states}")
    shown = {event["properties"]["$insert_id"] for event in mixpanel.events}
    for number, state in enumerate(states[:2], start=1):
        if state is DeliveryState.SENT and f"i-{number}" not in shown and not _said_so(mixpanel):
            raise Misbehaved(f"event {number} counts as sent, and never came")


def _said_so(mixpanel: MixpanelServer) -> bool:
    """Return whether an input may have been Mixpanel's own words for "accepted", of what it did not keep."""
    return any(request.status == 0 for request in mixpanel.requests)


def _event(n: int) -> OutgoingRequest:
    properties = {"time": 1_700_000_000, "distinct_id": "u", "$insert_id": f"i-{n}"}
    return OutgoingRequest(
        "POST", "https://api.mixpanel.com/import?strict=1", "application/json", "Basic dG9rZW46",
        body=[{"event": "e", "properties": properties}],
    )  # fmt: skip


@contextlib.asynccontextmanager
async def answers(folder: Path) -> AsyncIterator[Answers]:
    """Make the target; it keeps nothing in the folder."""
    yield Answers()
