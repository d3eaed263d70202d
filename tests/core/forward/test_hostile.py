"""Hostile answers over a real socket: what becomes of each record, and that forwarding goes on or halts."""

from __future__ import annotations

import asyncio
import gzip
import socket
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import pytest
from forwarding import AsGiven, Backlog, FakeClock, engage, given, make_forwarder, running, until
from mixpanel_faults import (
    BAD_GATEWAY,
    DRIP,
    DROP_AFTER,
    DROP_BEFORE,
    FLOOD,
    FORBIDDEN,
    GARBAGE,
    HALF,
    HANG,
    PORTAL,
    REDIRECT,
    RESET,
    TOO_MANY,
    UNAVAILABLE,
)

from segtap.core.delivery import DeliveryState
from segtap.core.forward.client import HttpxTransport
from segtap.core.forward.clock import LONGEST_ASKED
from segtap.core.stand_in.faults import TOO_LARGE, UNAUTHORIZED, Fault, import_error
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import OutgoingRequest

SENT, REFUSED, WAITING = DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.WAITING
UNCERTAIN = DeliveryState.UNCERTAIN

GOES_ON = 6
"""Requests that show that forwarding goes on while each is answered in the hostile way."""
SHORT, LONG = 0.25, 30.0
"""Seconds after which an answer is given up: short where that is what happens."""


@dataclass(frozen=True)
class Case:
    """An answer to every request for a while; then what Mixpanel answers.

    `meanwhile` is the state of what may be sent twice, `adding` that of a `$add`, `at_last` both of them once
    Mixpanel is itself again (and forwarding resumed, if it `halts`). `says` is in the fault meanwhile.
    """

    name: str
    fault: Fault
    says: str
    meanwhile: DeliveryState = WAITING
    adding: DeliveryState = UNCERTAIN
    at_last: tuple[DeliveryState, DeliveryState] = (SENT, UNCERTAIN)
    halts: bool = False


def again(name: str, fault: Fault, says: str) -> Case:
    """Mixpanel may have taken the records, or not: sent again, but for what adds."""
    return Case(name, fault, says)


def not_taken(name: str, fault: Fault, says: str) -> Case:
    """Mixpanel says that it did not take them: all are sent again."""
    return Case(name, fault, says, WAITING, WAITING, (SENT, SENT))


def halted(name: str, fault: Fault, says: str) -> Case:
    """It is not Mixpanel that answers, or not to these credentials: nothing is sent until somebody looks."""
    return Case(name, fault, says, WAITING, WAITING, (SENT, SENT), halts=True)


def refused(name: str, fault: Fault) -> Case:
    """Each record is refused, for good."""
    return Case(name, fault, "", REFUSED, REFUSED, (REFUSED, REFUSED))


def packed(*, times: int, status: int = 200) -> Fault:
    body = b'{"code": 200, "num_records_imported": 2, "status": "OK"}' + bytes(20_000_000)
    for _ in range(times):
        body = gzip.compress(body)
    return Fault(status, body, (("content-encoding", ", ".join(["gzip"] * times)),))


def odd(*failed: Any) -> Fault:
    return import_error(400, "some data points in the request failed validation", failed_records=list(failed))


def limited(retry_after: str, *more: tuple[str, str]) -> Fault:
    return Fault(429, TOO_MANY.body, (("retry-after", retry_after), *more))


DATE = ("date", formatdate(1_795_557_600, usegmt=True))
LATER = formatdate(1_795_557_600 + 90, usegmt=True)

CASES = [
    again("reset", RESET, "sent, but no answer"),
    again("closed before", DROP_BEFORE, "sent, but no answer"),
    again("lost answer", DROP_AFTER, "sent, but no answer"),
    again("half a 200", HALF, "the answer broke off"),
    again("half a 200, taken", Fault(200, HALF.body, ingest=True, breaks="half"), "the answer broke off"),
    again("half a 400", Fault(400, odd().body, breaks="half"), "some data points"),
    again("half a 502", Fault(502, "<html>Bad Gateway</html>", breaks="half"), "502"),
    halted("half a 401", Fault(401, UNAUTHORIZED.body, breaks="half"), "credentials"),
    again("hang", HANG, f"no answer within {SHORT} s"),
    again("drip", DRIP, f"no answer within {SHORT} s"),
    again("dripping body", Fault(200, "x" * 1000, breaks="drip body"), f"did not end within {SHORT} s"),
    again("garbage", GARBAGE, "sent, but no answer"),
    again("garbage as headers", Fault(raw=b"HTTP/1.1 200 OK\r\n\xff\xfe\r\n\r\n"), "sent, but no answer"),
    again("odd length", Fault(raw=b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"), "sent, but no answer"),
    again("endless head", Fault(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000), "sent, but no answer"),
    again("502 not UTF-8", Fault(502, b"<h1>Passerelle erron\xe9e</h1>"), "502 Passerelle erron\ufffde"),
    again("502 JSON not UTF-8", Fault(502, b'{"error": "erron\xe9"}'), "502 erron\ufffd"),
    again("200 not UTF-8", Fault(200, b'{"state": "\xe9"}'), "without Mixpanel's words"),
    refused("400 JSON not UTF-8", Fault(400, b'{"code": 400, "error": "refus\xe9", "status": "Bad"}')),
    halted("400 not UTF-8", Fault(400, b"<h1>refus\xe9</h1>"), "answer is not Mixpanel's"),
    halted("401 not UTF-8", Fault(401, b'{"error": "\xe9"}'), "credentials"),
    again("gzip once, too large", packed(times=1), "cannot be unpacked"),
    again("gzip twice", packed(times=2), "cannot be unpacked"),
    again("gzip twice, 502", packed(times=2, status=502), "502"),
    halted("gzip twice, 401", packed(times=2, status=401), "credentials"),
    again("gzip in name only", Fault(200, b"\x1f\x8bnot gzip", (("content-encoding", "gzip"),)), "unpacked"),
    again("brotli", Fault(200, b"\x0b\x02\x80", (("content-encoding", "br"),)), "encoded as 'br'"),
    again("very long", Fault(200, "x" * 3_000_000), "without Mixpanel's words"),
    again("1xx flood", FLOOD, f"no answer within {SHORT} s"),
    again("204", Fault(204, b""), "204 without Mixpanel's words"),
    again("200 empty", Fault(200, b""), "without Mixpanel's words"),
    again("200 of a login page", PORTAL, "login page"),
    again("200 that is null", Fault(200, b"null"), "without Mixpanel's words"),
    halted("302", REDIRECT, "302 Found to http://login.example.net/"),
    halted("301 without a place", Fault(301, ""), "never redirects"),
    halted("308", Fault(308, "", (("location", "/\xe9\x80"),)), "never redirects"),
    again("101", Fault(raw=b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"), "sent, but no answer"),
    refused("400, index beyond", odd({"index": 7, "message": "m"})),
    refused("400, index below", odd({"index": -1, "message": "m"})),
    refused("400, index true", odd({"index": True, "message": "m"})),
    refused("400, index as text", odd({"index": "0", "message": "m"})),
    refused("400, index with a fraction", odd({"index": 0.5, "message": "m"})),
    refused("400, index huge", odd({"index": 10**30, "message": "m"})),
    refused("400, no index", odd({"message": "m"}, {})),
    refused("400, a list of nothing", odd()),
    refused("400, a list of texts", odd("m", None, 5, [])),
    refused("400, no list", import_error(400, "failed", failed_records={"0": "m"})),
    halted("400 of another server", Fault(400, "<h1>HTTP request sent to HTTPS port</h1>"), "answer is not"),
    halted("401", UNAUTHORIZED, "Mixpanel refuses the credentials: 401 Invalid credentials"),
    halted("403", FORBIDDEN, "Mixpanel refuses the credentials: 403 Forbidden"),
    halted("404", Fault(404, "<h1>Not here</h1>"), "404 Not here"),
    halted("405", Fault(405, ""), "405"),
    refused("413", TOO_LARGE),
    refused("414", Fault(414, "")),
    again("408", Fault(408, ""), "408"),
    not_taken("429", TOO_MANY, "429 Project exceeded rate limits"),
    not_taken("429 in seconds", limited("120"), "429"),
    not_taken("429 with a fraction", limited("0.5"), "429"),
    not_taken("429 until a date", limited(LATER, DATE), "429"),
    not_taken("429 until the past", limited(formatdate(0, usegmt=True), DATE), "429"),
    not_taken("429 negative", limited("-5"), "429"),
    not_taken("429 absurd", limited("99999999999999999999"), "429"),
    not_taken("429 in words", limited("in a while"), "429"),
    not_taken("429 not ASCII", limited("\u0661\u0662\xe9"), "429"),
    not_taken("429 until an impossible date", limited("Tue, 24 Nov 2026 22:00:00 +9999999999", DATE), "429"),
    again("500", import_error(500, "Internal Server Error"), "500"),
    again("502", BAD_GATEWAY, "502 502 Bad Gateway"),
    again("503", UNAVAILABLE, "503 upstream connect error"),
    again("503 for hours", Fault(503, "", (("retry-after", "86400"),)), "503"),
    again("504", Fault(504, ""), "504"),
    again("599", Fault(599, ""), "599"),
    halted("999", Fault(999, ""), "999"),
]


def event(n: int) -> OutgoingRequest:
    body: Any = [
        {"event": "e", "properties": {"time": 1_700_000_000, "distinct_id": "u", "$insert_id": f"i-{n}"}}
    ]
    return OutgoingRequest(
        "POST", "https://api.mixpanel.com/import?strict=1", "application/json", "Basic dG9rZW46", body=body
    )


async def owed() -> Backlog:
    """Two events, a profile update, both of which may be sent twice, and one that adds."""
    backlog = Backlog()
    await backlog.add(given(event(1)), given(event(2)), given(engage("u-1", set={"plan": "pro"})))
    await backlog.add(given(engage("u-2", add={"visits": 1})))
    return backlog


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_answer(case: Case) -> None:
    backlog, clock = await owed(), FakeClock()
    transport = HttpxTransport(total=SHORT if f"{SHORT}" in case.says else LONG)
    async with MixpanelServer() as mixpanel:
        mixpanel.poison("", case.fault)
        forwarder = make_forwarder(
            backlog, mixpanel.url, translator=AsGiven(), transport=transport, clock=clock
        )
        async with running(forwarder) as task:
            if case.meanwhile is REFUSED or case.halts:
                await asyncio.wait_for(forwarder.wait_idle(), 10)
            else:
                await until(lambda: len(mixpanel.requests) >= GOES_ON or task.done())
            assert forwarder.running
            assert forwarder.halted is case.halts
            assert await backlog.states() == [case.meanwhile] * 3 + [case.adding]
            assert case.says in forwarder.fault
            assert forwarder.fault.isprintable()
            # Mixpanel is told once that somebody should look, and is then left alone.
            assert not case.halts or len(mixpanel.requests) <= 3

            mixpanel.heal()
            if case.halts:
                forwarder.resume()
                forwarder.wake()
            await asyncio.wait_for(forwarder.wait_idle(), 10)
            assert not forwarder.halted
            assert forwarder.fault == ""
        repeatable, adding = case.at_last
        assert await backlog.states() == [repeatable] * 3 + [adding]
        await transport.close()

    shown = sorted(event["properties"]["$insert_id"] for event in mixpanel.deduped().values())
    assert shown == (["i-1", "i-2"] if repeatable is SENT else [])
    visits = mixpanel.profiles.get("u-2", {}).get("visits", 0)
    assert visits == 1 if adding is SENT else visits <= 1
    # What adds is sent again only after an answer which says that it was not taken.
    sent = [request for request in mixpanel.requests if request.holds("$add")]
    assert len(sent) == 1 or adding is not UNCERTAIN
    assert max(clock.slept, default=0) <= LONGEST_ASKED + 5


async def test_no_connection_at_all() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    backlog, clock = await owed(), FakeClock()
    forwarder = make_forwarder(backlog, f"http://127.0.0.1:{port}", translator=AsGiven(), clock=clock)
    async with running(forwarder):
        await until(lambda: len(clock.slept) > 10)
        assert "no connection" in forwarder.fault
        assert not forwarder.halted
        assert await backlog.states() == [WAITING] * 4
        async with MixpanelServer(port=port) as mixpanel:
            await asyncio.wait_for(forwarder.wait_idle(), 10)
    assert await backlog.states() == [SENT] * 4
    assert mixpanel.profiles == {"u-1": {"plan": "pro"}, "u-2": {"visits": 1}}
    assert len(mixpanel.events) == 2


@pytest.mark.parametrize(
    ("fault", "least"),
    [
        (limited("120"), 120),
        (limited("99999999999999999999"), LONGEST_ASKED),
        (limited(LATER, DATE), 90),
        (limited("0.5"), 2),
        (limited("-5"), 2),
        (limited("in a while"), 2),
        (Fault(503, "", (("retry-after", "120"),)), 120),
    ],
)
async def test_what_is_asked_for_is_waited(fault: Fault, least: float) -> None:
    backlog, clock = Backlog(), FakeClock()
    await backlog.add(given(event(1)))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        forwarder = make_forwarder(backlog, mixpanel.url, translator=AsGiven(), clock=clock)
        async with running(forwarder):
            await asyncio.wait_for(forwarder.wait_idle(), 10)
    assert least <= clock.slept[0] <= least + 5
    assert await backlog.states() == [SENT]
