"""Listening: one port on every host, who holds a port, exposure, TLS."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from engines import engine_settings, isolate, listed, running_engine, track
from ingesting import Sink, ingest_app

from segtap.core.errors import EngineError, PortTaken, SettingsError
from segtap.core.serve import ports, server
from segtap.core.serve.launch import find_engine
from segtap.core.serve.server import WebServer, listen
from segtap.core.settings import IngestSettings


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


@needs_ipv6
def test_port_0_is_the_same_port_on_every_host() -> None:
    listener = listen(IngestSettings(port=0))
    assert listener.urls == (f"http://127.0.0.1:{listener.port}", f"http://[::1]:{listener.port}")
    assert {bound.getsockname()[1] for bound in listener.sockets} == {listener.port}
    assert not listener.exposed
    assert listener.phone_urls == ()
    listener.close()


def test_an_answer_in_two_parts_does_not_wait_for_the_client_between_them() -> None:
    listener = listen(IngestSettings(port=0))
    # By this asyncio decides whether to turn Nagle's algorithm off.
    assert {bound.proto for bound in listener.sockets} == {socket.IPPROTO_TCP}
    listener.close()


async def test_a_stop_takes_no_longer_than_what_is_under_way() -> None:
    sink = Sink()
    listener = listen(IngestSettings(host=("127.0.0.1",), port=0))
    app = ingest_app(sink)
    web = WebServer(app, listener, IngestSettings(), app.keep_malformed)
    await web.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    body = b'{"type": "track", "event": "E", "userId": "u"}'
    writer.write(b"POST /v1/t HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:-1])
    await until_connected(web, requests=1)
    stopping = asyncio.create_task(web.stop())
    await asyncio.sleep(0)
    writer.write(body[-1:])
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    await stopping
    assert len(sink.taken) == 1
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", listener.port)
    writer.close()
    await writer.wait_closed()


async def test_what_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "STOP_GRACE", 0.05)
    sink = Sink()
    listener = listen(IngestSettings(host=("127.0.0.1",), port=0))
    app = ingest_app(sink)
    web = WebServer(app, listener, IngestSettings(), app.keep_malformed)
    await web.start()
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"POST /v1/t HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
    await until_connected(web, requests=1)
    await asyncio.wait_for(web.stop(), 5)
    assert sink.taken == []
    writer.close()
    await writer.wait_closed()


async def until_connected(web: WebServer, *, requests: int) -> None:
    """Wait until so many requests have begun."""
    tasks = web._server.server_state.tasks  # pyright: ignore[reportPrivateUsage]
    while len(tasks) < requests:  # noqa: ASYNC110 – nobody tells
        await asyncio.sleep(0.001)


def test_an_address_that_the_machine_lacks_is_skipped_only_when_it_is_ipv6_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = server._bind  # pyright: ignore

    def bind(host: str, port: int) -> socket.socket:
        if host == "::1":
            raise OSError(99, "Cannot assign requested address")
        return real(host, port)

    monkeypatch.setattr(server, "_bind", bind)
    listener = listen(IngestSettings(port=0))
    assert listener.hosts == ("127.0.0.1",)
    listener.close()
    with pytest.raises(EngineError, match="::1 is not an address of this machine"):
        listen(IngestSettings(port=0, host=("::1",)))
    with pytest.raises(EngineError, match=r"203\.0\.113\.9 is not an address of this machine"):
        listen(IngestSettings(port=0, host=("127.0.0.1", "203.0.113.9")))


def test_a_host_that_is_no_address_is_named() -> None:
    with pytest.raises(EngineError, match=r"no\.such\.host\.invalid"):
        listen(IngestSettings(port=0, host=("no.such.host.invalid",)))
    with pytest.raises(SettingsError, match="host is empty"):
        listen(IngestSettings(port=0, host=()))
    with pytest.raises(SettingsError, match="is empty, as of a variable that is not set"):
        listen(IngestSettings(port=0, host=("127.0.0.1", "")))


@pytest.mark.parametrize("taken_host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_a_taken_port_names_its_owner_and_the_next_free_one(taken_host: str) -> None:
    with socket.socket(ports.family_of(taken_host)) as other:
        other.bind((taken_host, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken) as taken:
            listen(IngestSettings(port=port))
    error = taken.value
    assert error.port == port
    assert error.next_port > port
    assert f"--port {error.next_port}" in str(error)
    if sys.platform == "linux":
        assert f"(pid {os.getpid()})" in error.owner
        assert error.owner in str(error)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_owner_in_another_process_is_seen() -> None:
    code = """import socket, sys
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
sys.stdin.read()"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        found = ports.owner_of(port)
        child.communicate(b"")
    assert found is not None
    assert found[0] == child.pid
    assert "python" in found[1]
    assert ports.owner_of(port) is None


@pytest.mark.parametrize(
    ("host", "exposed"),
    [
        ("127.0.0.1", False), ("127.0.0.53", False), ("::1", False), ("localhost", False),
        ("0.0.0.0", True), ("::", True), ("192.168.1.5", True), ("fd00::1", True), ("::ffff:10.0.0.1", True),
    ],
)  # fmt: skip
def test_what_counts_as_exposed(host: str, exposed: bool) -> None:
    assert ports.is_exposed(host) is exposed


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False), ("", False), ("localhost", False), ("evil.example", False),
    ],
)  # fmt: skip
def test_what_counts_as_loopback(address: str, loopback: bool) -> None:
    assert ports.is_loopback(address) is loopback


def test_a_wildcard_is_reached_by_loopback_here_and_by_its_address_elsewhere() -> None:
    listener = listen(IngestSettings(port=0, host=("0.0.0.0",)))
    assert listener.exposed
    assert listener.urls == (f"http://127.0.0.1:{listener.port}",)
    assert all("127.0.0.1" not in url and "[" not in url for url in listener.phone_urls)
    listener.close()


def test_half_of_a_certificate_is_refused() -> None:
    with pytest.raises(SettingsError, match="--tls-cert and --tls-key"):
        listen(IngestSettings(port=0, tls_cert="cert.pem"))


async def test_a_certificate_that_cannot_be_read_leaves_the_port_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    missing = str(tmp_path / "no.pem")
    with pytest.raises(SettingsError, match="TLS certificate or key"):
        async with running_engine(engine_settings(tmp_path, tls_cert=missing, tls_key=missing)):
            pass


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_over_tls_messages_come_in_and_the_client_reaches_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subject = ["-subj", "/CN=segtap.test", "-addext", "subjectAltName=DNS:localhost"]
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        cert,
    ]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    async with running_engine(engine_settings(tmp_path, tls_cert=cert, tls_key=key)) as (engine, client):
        assert engine.url.startswith("https://127.0.0.1:")
        assert find_engine(engine.url) == (engine.url, engine.token)
        trusting = ssl.create_default_context(cafile=cert)
        async with httpx.AsyncClient(trust_env=False, verify=trusting) as http:
            url = engine.url.replace("127.0.0.1", "localhost")
            assert (await http.post(f"{url}/v1/track", json=track("m-1"))).status_code == 200
        (line,) = await listed(client, 1)
        assert line.message_id == "m-1"
