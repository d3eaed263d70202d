"""What systemd is told, through a socket as systemd's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import engine_settings, isolate

from segtap.core.engine.lifecycle import Engine
from segtap.core.engine.process import serve
from segtap.core.serve.systemd import keep_alive, notify, unit, watchdog_interval

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The end of the socket that systemd reads."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(10)
        yield bound


def test_words_go_to_the_socket(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": str(manager.getsockname())}
    assert notify("READY=1", "STATUS=Listening", environ=environ)
    assert manager.recv(100) == b"READY=1\nSTATUS=Listening"


def test_a_name_in_the_abstract_namespace() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        name = f"segtap-test-{os.getpid()}"
        bound.bind(f"\0{name}")
        assert notify("STOPPING=1", environ={"NOTIFY_SOCKET": f"@{name}"})
        assert bound.recv(100) == b"STOPPING=1"


def test_without_systemd_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert not notify("READY=1", environ={})
    assert not caplog.records
    assert not notify("READY=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})
    assert "Cannot report READY=1 to systemd" in caplog.text


async def test_a_systemd_that_has_gone_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    times = 0

    async def lives() -> None:
        nonlocal times
        times += 1
        if times > 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_alive(lives, 0.002)
    assert caplog.text.count("Cannot report WATCHDOG=1 to systemd") == 1


def test_the_watchdog_is_for_the_process_that_it_names() -> None:
    pid = str(os.getpid())
    assert watchdog_interval({"WATCHDOG_USEC": "60000000"}) == 60
    assert watchdog_interval({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": pid}) == 0.5
    assert watchdog_interval({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": f"{pid}0"}) == 0
    assert watchdog_interval({}) == watchdog_interval({"WATCHDOG_USEC": "soon"}) == 0


async def test_an_engine_that_does_not_answer_is_not_alive(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(manager.getsockname()))
    manager.setblocking(False)
    loop, hangs = asyncio.get_running_loop(), asyncio.Event()

    async def lives() -> None:
        if hangs.is_set():
            await asyncio.Event().wait()

    telling = asyncio.create_task(keep_alive(lives, 0.02))
    for _ in range(3):
        assert await loop.sock_recv(manager, 100) == b"WATCHDOG=1"
    hangs.set()
    await asyncio.sleep(0.1)  # five times the interval
    told = 0
    with contextlib.suppress(BlockingIOError):
        while manager.recv(100):
            told += 1
    assert told <= 1
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)


async def test_a_service_says_when_it_is_ready_lives_and_stops(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("NOTIFY_SOCKET", str(manager.getsockname()))
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    manager.setblocking(False)
    loop, stop, urls = asyncio.get_running_loop(), asyncio.Event(), list[str]()

    def ready(engine: Engine) -> None:
        urls.append(engine.url)

    serving = asyncio.create_task(serve(engine_settings(tmp_path), ready=ready, stop=stop))
    assert await loop.sock_recv(manager, 200) == f"READY=1\nSTATUS=Listening on {urls[0]}".encode()
    assert await loop.sock_recv(manager, 200) == b"WATCHDOG=1"
    stop.set()
    assert await loop.sock_recv(manager, 200) == b"STOPPING=1"
    await serving


def test_the_unit_is_one_that_systemd_reads(tmp_path: Path) -> None:
    text = unit("/bin/true")
    assert "ExecStart=/bin/true forward --config " in text
    assert "{command}" not in text
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed")
    file = tmp_path / "segtap.service"
    file.write_text(text + "\n")
    done = subprocess.run([verify, "verify", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_steps_at_the_head_of_the_unit_make_what_it_starts_with(tmp_path: Path) -> None:
    """Both files, the secret for root alone and the settings for the user that the unit invents."""
    steps = [line.removeprefix("#   ") for line in unit("/bin/true").splitlines() if line.startswith("#   ")]
    script = "\n".join(steps).replace("/etc/segtap", str(tmp_path / "etc" / "segtap"))
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("systemctl", ""), ("segtap", f'exec {sys.executable} -m segtap.tui "$@"\n')):
        (programs / name).write_text(f"#!/bin/sh\n{text}")
        (programs / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        ["sh", "-ec", script], env=environ, check=True, stdin=subprocess.DEVNULL, capture_output=True
    )
    made = tmp_path / "etc" / "segtap"
    assert (made / "MIXPANEL_TOKEN").read_text() == "the project token\n"
    assert "[destination]" in (made / "segtap.toml").read_text()
    modes = {file.name: file.stat().st_mode & 0o777 for file in made.iterdir()}
    assert modes == {"MIXPANEL_TOKEN": 0o600, "segtap.toml": 0o644}


def test_the_signal_of_a_reload_is_handled() -> None:
    assert f"ExecReload=/bin/kill -{signal.SIGHUP.name.removeprefix('SIG')} $MAINPID" in unit("/bin/true")
