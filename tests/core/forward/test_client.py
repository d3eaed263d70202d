"""The way to Mixpanel: each way of not getting an answer, and no secret in any of them."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import socket
import ssl
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import pytest
from forwarding import BASIC, SECRET, engage
from mixpanel_faults import DRIP, DROP_AFTER, DROP_BEFORE, FLOOD, GARBAGE, HANG, REDIRECT, RESET

from segtap.core.forward.client import ANSWER_CAP, HttpxTransport, retry_after
from segtap.core.forward.outcomes import Answer
from segtap.core.forward.wire import wire_form
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import OutgoingRequest

IMPORT = OutgoingRequest(
    "POST",
    "https://api.mixpanel.com/import?strict=1",
    "application/json",
    BASIC,
    body=[{"event": "e", "properties": {"time": 1_700_000_000, "$insert_id": "i"}}],
)


async def send(url: str, request: OutgoingRequest = IMPORT, *, total: float = 10.0) -> Answer:
    transport = HttpxTransport(total=total)
    try:
        return await transport.send(wire_form(request, mixpanel_url=url))
    finally:
        await transport.close()


async def test_an_answer_comes_whole() -> None:
    async with MixpanelServer() as mixpanel:
        answer = await send(mixpanel.url)
    assert answer.status == 200
    assert answer.body == b'{"code": 200, "num_records_imported": 1, "status": "OK"}'
    (received,) = mixpanel.requests
    assert received.gzipped
    assert received.records == IMPORT.body
    assert received.headers["authorization"] == BASIC
    assert received.headers["user-agent"].startswith("segtap/")
    assert received.headers["accept-encoding"] == "identity"


async def test_engage_is_never_gzipped() -> None:
    async with MixpanelServer() as mixpanel:
        answer = await send(mixpanel.url, engage("u", set={"a": 1}))
    assert answer.body == b'{"error": null, "status": 1}'
    assert "content-encoding" not in mixpanel.requests[0].headers
    assert mixpanel.profiles == {"u": {"a": 1}}


async def test_no_connection_means_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = await send(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (answer.status, answer.sent) == (0, False)
    assert answer.words.startswith("no connection")


@pytest.mark.parametrize("fault", [DROP_BEFORE, DROP_AFTER])
async def test_a_connection_that_drops_may_have_delivered(fault: Fault) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        answer = await send(mixpanel.url)
    assert (answer.status, answer.sent) == (0, True)
    assert answer.words.startswith("sent, but no answer")


async def test_an_answer_that_never_comes_is_given_up() -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(HANG)
        answer = await send(mixpanel.url, total=0.2)
    assert (answer.status, answer.sent) == (0, True)
    assert answer.words == "sent, but no answer within 0.2 s"


async def test_redirects_are_not_followed() -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(REDIRECT)
        answer = await send(mixpanel.url)
    assert (answer.status, answer.location) == (302, "http://login.example.net/")
    assert len(mixpanel.requests) == 1


async def test_an_endless_answer_is_cut() -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(Fault(500, "x" * (ANSWER_CAP + 100_000)))
        answer = await send(mixpanel.url)
    assert answer.status == 500
    assert len(answer.body) == ANSWER_CAP
    assert answer.cut


BOMB = gzip.compress(gzip.compress(bytes(50_000_000)))
"""A few hundred bytes that become 50 MB when they are unpacked twice."""
OK = {"code": 200, "num_records_imported": 1, "status": "OK"}


def packed(body: bytes, coding: str) -> Fault:
    return Fault(200, body, (("content-encoding", coding),))


async def test_a_packed_answer_that_was_not_asked_for_is_unpacked() -> None:
    plain = json.dumps(OK).encode()
    async with MixpanelServer() as mixpanel:
        mixpanel.script(
            packed(gzip.compress(plain), "gzip"),
            packed(gzip.compress(gzip.compress(plain)), "gzip, gzip"),
            packed(zlib.compress(plain), "deflate"),
            packed(plain, "identity"),
        )
        for _ in range(4):
            assert await send(mixpanel.url) == Answer(status=200, body=plain)


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        ("gzip, gzip", BOMB, "inflates to more than 1 MB"),
        ("gzip", gzip.compress(bytes(5_000_000)), "inflates to more than 1 MB"),
        ("gzip, gzip, gzip", BOMB, "packed 3 times"),
        ("br", b"\x0b\x02\x80", "encoded as 'br'"),
        ("gzip", gzip.compress(b"1" * 100)[:-9], "ends too early"),
        ("gzip", gzip.compress(b"1" * 100)[:12] + b"\xff" * 20, "cannot be unpacked"),
    ],
    ids=["twice", "large", "thrice", "brotli", "cut short", "damaged"],
)
async def test_a_packed_answer_is_never_unpacked_beyond_the_bound(coding: str, body: bytes, why: str) -> None:
    tracemalloc.start()
    try:
        async with MixpanelServer() as mixpanel:
            mixpanel.script(packed(body, coding))
            answer = await send(mixpanel.url)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.body) == (200, b"")
    assert why in answer.words
    assert peak < 20_000_000


async def test_an_answer_gzipped_twice_under_one_name_is_unpacked_once() -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(packed(BOMB, "gzip"))
        answer = await send(mixpanel.url)
    assert answer.body[:2] == b"\x1f\x8b"
    assert len(answer.body) < ANSWER_CAP


async def test_an_answer_that_breaks_off_keeps_its_status() -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(Fault(401, {"error": "Invalid credentials"}, breaks="half"))
        answer = await send(mixpanel.url)
    assert (answer.status, answer.broken, answer.words) == (401, True, "the answer broke off")
    assert answer.body.startswith(b'{"error"')


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RESET, "sent, but no answer"),
        (GARBAGE, "sent, but no answer"),
        (Fault(raw=b"HTTP/1.1 abc\r\n\r\n"), "sent, but no answer"),
        (Fault(raw=b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), "sent, but no answer"),
        (Fault(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000), "sent, but no answer"),
        (FLOOD, "sent, but no answer within 0.3 s"),
        (DRIP, "sent, but no answer within 0.3 s"),
    ],
)
async def test_what_is_not_http_is_no_answer(fault: Fault, words: str) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(fault)
        answer = await send(mixpanel.url, total=0.3)
    assert (answer.status, answer.sent) == (0, True)
    assert answer.words.startswith(words)


async def test_a_body_that_never_ends_is_given_up_with_its_status() -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(Fault(502, "x" * 1000, breaks="drip body"))
        answer = await send(mixpanel.url, total=0.3)
    assert (answer.status, answer.broken) == (502, True)
    assert answer.words == "the answer did not end within 0.3 s"


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("no openssl to make a certificate with")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


async def test_a_certificate_that_cannot_be_verified_is_no_connection(
    own_certificate: ssl.SSLContext,
) -> None:
    async with MixpanelServer(tls=own_certificate) as mixpanel:
        answer = await send(mixpanel.url)
    assert (answer.status, answer.sent) == (0, False)
    assert "certificate verify failed" in answer.words
    assert mixpanel.requests == []


async def test_no_log_line_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    classic = OutgoingRequest(
        "POST", "https://api.mixpanel.com/import", query={"api_key": SECRET}, data="e30=", body={}
    )
    with caplog.at_level(logging.DEBUG):
        async with MixpanelServer() as mixpanel:
            await send(mixpanel.url, classic)
            await send(mixpanel.url, IMPORT)
    assert SECRET in mixpanel.requests[0].query["api_key"]
    assert SECRET not in caplog.text
    assert BASIC.split()[1] not in caplog.text


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        (None, None, None),
        ("30", None, 30.0),
        ("0.5", None, 0.5),
        ("-3", None, 0.0),
        ("inf", None, None),
        ("nan", None, None),
        ("soon", None, None),
        ("Tue, 24 Nov 2026 22:00:30 GMT", "Tue, 24 Nov 2026 22:00:00 GMT", 30.0),
        ("Tue, 24 Nov 2026 21:00:00 GMT", "Tue, 24 Nov 2026 22:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 22:00:30 GMT", None, None),
        ("Tue, 24 Nov 2026 22:00:30 +99999999999999", "Tue, 24 Nov 2026 22:00:00 GMT", None),
        ("", None, None),
        ("1e400", None, None),
    ],
)
def test_retry_after(value: str | None, date: str | None, seconds: float | None) -> None:
    assert retry_after(value, date) == seconds
