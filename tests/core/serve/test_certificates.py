"""A certificate that is replaced while the engine runs."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engines import engine_settings, isolate, listed, running_engine

from segtap.core.engine.process import serve
from segtap.core.errors import SettingsError
from segtap.core.serve import certificates

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def make(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this name, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    files = ("-keyout", str(key), "-out", str(cert), "-subj", f"/CN={name}")
    subprocess.run(["openssl", "req", "-x509", *curve, "-nodes", *files], check=True, capture_output=True)
    return cert, key


def shown(url: str) -> bytes:
    """The certificate that the server at the URL shows."""
    host, port = url.removeprefix("https://").rsplit(":", 1)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain) as connection:
        return connection.getpeercert(binary_form=True) or b""


def der(cert: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(cert.read_text())


async def test_a_new_certificate_is_shown_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setattr(certificates, "INTERVAL", 0.02)
    (cert, key), (other, other_key) = make(tmp_path, "one"), make(tmp_path, "two")
    before, after = der(cert), der(other)
    settings = engine_settings(tmp_path, tls_cert=str(cert), tls_key=str(key))
    async with running_engine(settings) as (engine, client):
        assert await asyncio.to_thread(shown, engine.url) == before
        shutil.copy(other, cert)  # without its key yet
        async with asyncio.timeout(10):
            async for frame in client.feed():
                if frame.state is not None and "The previous one stays in use" in frame.state.fault:
                    break
        assert await asyncio.to_thread(shown, engine.url) == before
        shutil.copy(other_key, key)
        async with asyncio.timeout(10):
            async for frame in client.feed():
                if frame.state is not None and not frame.state.fault:
                    break
        assert await asyncio.to_thread(shown, engine.url) == after


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="POSIX signals")
async def test_a_signal_reads_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setattr(certificates, "INTERVAL", 1e6)
    (cert, key), (other, other_key) = make(tmp_path, "one"), make(tmp_path, "two")
    after = der(other)
    settings = engine_settings(tmp_path, tls_cert=str(cert), tls_key=str(key))
    stop, urls = asyncio.Event(), asyncio.Queue[str]()
    serving = asyncio.create_task(serve(settings, ready=lambda e: urls.put_nowait(e.url), stop=stop))
    url = await urls.get()
    shutil.copy(other, cert)
    shutil.copy(other_key, key)
    signal.raise_signal(signal.SIGUSR1)
    async with asyncio.timeout(10):
        while await asyncio.to_thread(shown, url) != after:
            pass
    stop.set()
    await serving


@pytest.mark.skipif(sys.platform != "linux", reason="a session of its own has no terminal")
def test_a_service_takes_a_hangup_for_a_reload() -> None:
    code = (
        "import asyncio, signal\n"
        "from segtap.core.engine.process import _signals\n"
        "async def main():\n"
        "    stop, again = asyncio.Event(), asyncio.Event()\n"
        "    with _signals(stop, again):\n"
        "        signal.raise_signal(signal.SIGHUP)\n"
        "        await again.wait()\n"
        "        print(stop.is_set())\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def spoiled(folder: Path, how: str) -> tuple[Path, Path]:
    """A certificate and a key that cannot be used."""
    (cert, key), (_, other_key) = make(folder, "one"), make(folder, "two")
    match how:
        case "no certificate":
            cert.unlink()
        case "rubbish":
            cert.write_text("rubbish")
        case "swapped":
            cert, key = key, cert
        case "damaged":
            cert.write_text(cert.read_text().replace("M", "?"))
        case "another key":
            key = other_key
        case _:
            locked = folder / "locked.pem"
            command = ["openssl", "pkey", "-in", str(key), "-aes128", "-passout", "pass:abc", "-out"]
            subprocess.run([*command, str(locked)], check=True, capture_output=True)
            key = locked
    return cert, key


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("no certificate", "one.pem cannot be read: No such file or directory"),
        ("rubbish", "there is no certificate in PEM in .*one.pem"),
        ("swapped", "there is no certificate in PEM in .*one-key.pem"),
        ("damaged", "one.pem or .*one-key.pem is damaged"),
        ("another key", "the key in .*two-key.pem is not that of the certificate in .*one.pem"),
        ("passphrase", "the key in .*locked.pem has a passphrase"),
    ],
)
def test_files_that_cannot_be_used_are_named_and_nothing_is_asked(
    tmp_path: Path, how: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert, key = spoiled(tmp_path, how)
    assert re.search(words, certificates.loaded(context, str(cert), str(key)))
    assert capfd.readouterr() == ("", "")


async def test_a_key_with_a_passphrase_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    cert, key = spoiled(tmp_path, "passphrase")
    with pytest.raises(SettingsError, match="has a passphrase"):
        async with running_engine(engine_settings(tmp_path, tls_cert=str(cert), tls_key=str(key))):
            pass
    assert "pass phrase" not in capfd.readouterr().err


async def test_a_client_that_never_agrees_on_tls_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    cert, key = make(tmp_path, "one")
    settings = engine_settings(tmp_path, tls_cert=str(cert), tls_key=str(key), head_timeout=0.2)
    async with running_engine(settings) as (engine, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(engine.url.rsplit(":", 1)[1]))
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_was_turned_away_takes_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS a client that does not say goodbye keeps its connection for half a minute."""
    isolate(tmp_path, monkeypatch.setenv)
    cert, key = make(tmp_path, "one")
    settings = engine_settings(tmp_path, tls_cert=str(cert), tls_key=str(key), max_connections=1)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def ask(port: int) -> tuple[ssl.SSLSocket, bytes]:
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection = context.wrap_socket(plain)
        connection.sendall(b"GET /_segtap/livez HTTP/1.1\r\nHost: a\r\n\r\n")
        return connection, connection.recv(12)

    async with running_engine(settings) as (engine, _):
        port = int(engine.url.rsplit(":", 1)[1])
        first, answer = await asyncio.to_thread(ask, port)
        assert answer == b"HTTP/1.1 200"
        away, answer = await asyncio.to_thread(ask, port)
        assert answer == b"HTTP/1.1 503"
        first.close()
        async with asyncio.timeout(10):
            while answer != b"HTTP/1.1 200":
                again, answer = await asyncio.to_thread(ask, port)
                again.close()
        away.close()


def plain(port: int, _: Path) -> None:
    """Speak http to a port that wants TLS."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /v1/track HTTP/1.1\r\nHost: a\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert connection.recv(100) == b""


def distrusting(port: int, other: Path) -> None:
    """Trust another certificate than the server's."""
    context = ssl.create_default_context(cafile=str(other))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(connection, server_hostname="one")


@pytest.mark.parametrize(
    ("client_of", "words"),
    [
        (plain, "a client spoke plain http to this TLS"),
        (distrusting, "a client does not accept the TLS certificate: it does not know who issued it"),
    ],
)
async def test_a_client_that_does_not_get_to_tls_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client_of: Callable[[int, Path], None], words: str
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    (cert, key), (other, _) = make(tmp_path, "one"), make(tmp_path, "two")
    settings = engine_settings(tmp_path, tls_cert=str(cert), tls_key=str(key))
    async with running_engine(settings) as (engine, client):
        port = int(engine.url.rsplit(":", 1)[1])
        await asyncio.to_thread(client_of, port, other)
        (line,) = await listed(client, 1)
        assert line.refused
        assert words in line.name
        # What only connects and goes, as probes do, is nothing to tell of.
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        await asyncio.to_thread(shown, engine.url)
        assert (await client.state()).refused == 1
