"""`segtap ps` and `segtap stop`: only engines that answer are listed, and only the right process is ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from command_line import segtap
from engines import engine_settings
from processes import running
from terminals import in_terminal

from segtap.core.engine.lifecycle import Engine
from segtap.core.serve.launch import start_engine
from segtap.core.serve.notes import EngineNote, folder, write_note

SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]

pytestmark = [
    pytest.mark.usefixtures("own_folders"),
    pytest.mark.skipif(os.name != "posix", reason="Windows cannot ask a process to end"),
]


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SEGTAP, *arguments], input="", capture_output=True, timeout=60, check=False, text=True
    )


@contextlib.contextmanager
def forwarding(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with running([*SEGTAP, "forward", "--port", "0", "--host", "127.0.0.1", *options]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if (said := json.loads(line))["message"] == "listening":
                yield said["urls"][0], process
                return
        raise AssertionError(process.stderr.read() if process.stderr else "")


async def test_engines_that_answer_are_listed_without_their_tokens(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path / "child")
    async with (
        await start_engine(settings) as child,
        Engine(engine_settings(tmp_path, ephemeral=True)) as own,
    ):
        (note,) = [path for path in folder().iterdir() if path.name.startswith(f"{child.pid}-")]
        dead = msgspec.json.decode(note.read_bytes(), type=EngineNote)
        dead = msgspec.structs.replace(dead, pid=999_999_999, url="http://127.0.0.1:1", urls=())
        stale = write_note(dead)
        # The number of a process that ended may be given to another one.
        other = write_note(msgspec.structs.replace(dead, pid=os.getppid(), url=child.url, token=child.token))
        done = await asyncio.to_thread(segtap, "ps", "--format", "json")
        table = await asyncio.to_thread(started, "ps")
        other.unlink()
    rows: dict[str, Any] = {row["url"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == {child.url, own.url}
    assert rows[child.url]["pid"] == child.pid
    assert (rows[child.url]["kind"], rows[own.url]["kind"]) == ("engine", "embedded")
    assert rows[child.url]["journal"] == settings.journal.path
    assert rows[own.url]["journal"] == ""
    assert {row["forwarding"] for row in rows.values()} == {"off"}
    assert "http://127.0.0.1:1 is not listed: process 999999999 ended" in done.stderr
    assert f"process {child.pid} listens there, not {os.getppid()}" in done.stderr
    assert not stale.exists()
    heading, *lines = table.stdout.splitlines()
    assert heading.split() == ["URL", "PID", "KIND", "FORWARDING", "VERSION", "SINCE", "JOURNAL"]
    assert sorted(line.split()[0] for line in lines) == sorted(rows)
    for one in (done, table):
        assert one.returncode == 0
        assert not [token for token in (child.token, own.token) if token in one.stdout + one.stderr]


async def test_an_engine_in_another_program_is_not_ended(tmp_path: Path) -> None:
    async with Engine(engine_settings(tmp_path)) as own:
        done = await asyncio.to_thread(segtap, "stop", own.url)
    assert done.returncode == 2
    assert f"is part of process {os.getpid()}" in done.stderr


def test_one_of_several_has_to_be_named_and_ends_cleanly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_TOKEN", "a1b2c3d4e5f60718293a4b5c6d7e8ff9")
    assert segtap("stop").returncode == 2
    with (
        forwarding("--dry-run", "--ephemeral") as (url, process),
        # Nobody listens on port 9: what it received waits.
        forwarding("--ephemeral", "--mixpanel-url", "http://127.0.0.1:9") as (waiting, losing),
    ):
        message = {"type": "track", "event": "Signed Up", "userId": "u-1"}
        assert httpx.post(f"{waiting}/v1/track", json=message).status_code == 200
        kinds = {
            row["url"]: row for row in map(json.loads, segtap("ps", "--format", "json").stdout.splitlines())
        }
        assert (kinds[url]["kind"], kinds[url]["forwarding"]) == ("forward", "dry run")
        done = segtap("stop")
        assert done.returncode == 2
        assert url in done.stderr
        assert waiting in done.stderr
        done = segtap("stop", "http://127.0.0.1:1")
        assert done.returncode == 2
        assert url in done.stderr

        done = segtap("stop", waiting)
        assert done.returncode == 2
        assert "1 message not forwarded yet" in done.stderr
        assert losing.poll() is None
        with running([*SEGTAP, "tail", "--url", waiting]) as tail, ThreadPoolExecutor(1) as pool:
            assert tail.stdout is not None
            line = pool.submit(tail.stdout.readline)
            while not line.done():  # it prints what comes once it listens
                assert httpx.post(f"{waiting}/v1/track", json=message).status_code == 200
                wait([line], timeout=0.1)
            done = started("stop", "--yes", waiting)
            assert tail.communicate(timeout=30)[1].splitlines()[-1] == "The engine has stopped."
            assert tail.returncode == 0
        assert done.returncode == 0, done.stderr
        assert losing.wait(5) == 0

        # A dry run forwards nothing: nothing of it is lost.
        assert httpx.post(f"{url}/v1/track", json=message).status_code == 200
        done = started("stop")
        assert (done.returncode, done.stdout) == (0, "")
        assert f"Stopped: {url} (forward, process {process.pid})" in done.stderr
        assert process.wait(5) == 0
        assert process.stdout is not None
        assert json.loads(process.stdout.read().splitlines()[-1])["message"] == "stopped"
    done = segtap("ps")
    assert (done.returncode, done.stdout) == (0, "")
    assert "No segtap is running" in done.stderr


async def test_a_process_that_is_not_the_engine_is_left_alone(tmp_path: Path) -> None:
    with running([sys.executable, "-c", "import signal; signal.pause()"]) as bystander:
        async with Engine(engine_settings(tmp_path)) as own:
            (path,) = folder().iterdir()
            note = msgspec.json.decode(path.read_bytes(), type=EngineNote)
            write_note(msgspec.structs.replace(note, pid=bystander.pid, kind="engine"))
            path.unlink()
            done = await asyncio.to_thread(segtap, "stop", own.url)
        assert done.returncode == 2
        assert f"not {bystander.pid}" in done.stderr
        assert bystander.poll() is None
        bystander.send_signal(signal.SIGKILL)


@pytest.mark.terminal
def test_a_screen_closes_with_its_engine(tmp_path: Path) -> None:
    with in_terminal("--demo", "--port", "0", folder=tmp_path, size=(100, 30)) as terminal:
        terminal.wait_for("127.0.0.1:")
        (row,) = map(json.loads, segtap("ps", "--format", "json").stdout.splitlines())
        assert row["kind"] == "screen"
        with ThreadPoolExecutor() as pool:  # a terminal that nobody reads would hold the screen up
            stopping = pool.submit(segtap, "stop", row["url"])
            terminal.wait_for_end()
            done = stopping.result()
        assert done.returncode == 0, done.stderr
        assert b"\x1b[?1049l" in terminal.raw
