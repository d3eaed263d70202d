"""A certificate that is replaced while the engine runs."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from engines import engine_settings, isolate, running_engine

from segtap.core.engine.process import serve
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
