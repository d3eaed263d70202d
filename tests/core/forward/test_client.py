"""The way to Mixpanel: each way of not getting an answer, and no secret in any of them."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from forwarding import BASIC, SECRET, engage
from mixpanel_server import DROP_AFTER, DROP_BEFORE, HANG, REDIRECT, Fault, MixpanelServer

from segtap.core.forward.client import ANSWER_CAP, HttpxTransport, retry_after
from segtap.core.forward.outcomes import Answer
from segtap.core.forward.wire import wire_form
from segtap.core.inspection import OutgoingRequest

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
    assert "accept-encoding" in received.headers


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
    ],
)
def test_retry_after(value: str | None, date: str | None, seconds: float | None) -> None:
    assert retry_after(value, date) == seconds
