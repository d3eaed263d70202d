"""The engine as a process: started, found, stopped, orphaned, killed under load, and out of disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import (
    API_SECRET,
    PATIENCE,
    TOKEN,
    engine_settings,
    isolate,
    listed,
    post,
    running_engine,
    track,
    until,
)
from mixpanel_faults import HANG

from segtap.core.api.client import Client
from segtap.core.engine import forwarder_switch
from segtap.core.errors import EngineError, JournalLocked, PortTaken, SettingsError
from segtap.core.serve.launch import EngineReady, LaunchOrder, find_engine, start_engine
from segtap.core.serve.notes import folder
from segtap.core.settings import Settings
from segtap.core.stand_in.server import MixpanelServer

pytestmark = pytest.mark.terminal

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and processes")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, sets limits of another process")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@linux
async def test_it_takes_more_clients_than_systems_allow_at_first(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        engine = await start_engine(engine_settings(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    async with engine, contextlib.AsyncExitStack() as stack:
        port = int(engine.url.rpartition(":")[2])
        for _ in range(few + 50):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
        await post(engine.url, track("m-1"))


async def test_the_child_takes_messages_and_stops_cleanly(tmp_path: Path) -> None:
    async with await start_engine(engine_settings(tmp_path)) as engine:
        assert find_engine(engine.url) == (engine.url, engine.token)
        async with Client(engine.url, engine.token) as client:
            assert (await client.state()).pid == engine.pid != os.getpid()
            await post(engine.url, track("m-1"))
            await listed(client, 1)
    assert await engine.wait() == 0
    assert list(folder().iterdir()) == []
    with pytest.raises(EngineError, match="Start one with"):
        find_engine(engine.url)


@linux
async def test_no_secret_is_in_the_process_list_or_the_environment(tmp_path: Path) -> None:
    async with await start_engine(engine_settings(tmp_path)) as engine:
        for name in ("cmdline", "environ"):
            shown = Path(f"/proc/{engine.pid}/{name}").read_bytes().decode()
            for secret in (TOKEN, API_SECRET, engine.token):
                assert secret not in shown
        assert engine.token not in repr(engine)


async def test_what_hinders_the_child_is_raised_here(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, _):
        with pytest.raises(JournalLocked, match=engine.url):
            await start_engine(settings)
        port = int(engine.url.rsplit(":", 1)[1])
        with pytest.raises(PortTaken) as taken:
            await start_engine(engine_settings(tmp_path / "other", port=port))
        assert taken.value.next_port > port
    with pytest.raises(SettingsError, match="--tls-cert and --tls-key"):
        await start_engine(engine_settings(tmp_path, tls_cert="x"))


async def test_a_child_without_an_order_ends(tmp_path: Path) -> None:
    for stdin in (
        b"",
        b"nonsense\n",
        b'{"settings": {"origin": "\xe9"}}\n',
        b'{"settings": {"ingest": {"port": "x"}}}\n',
    ):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "segtap.core.engine.process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, log = await child.communicate(stdin)
        assert (child.returncode, out) == (2, b"")
        assert json.loads(log.splitlines()[0])["level"] == "error"


async def test_a_folder_with_modules_of_the_same_names_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("msgspec.py", "segtap.py", "uvicorn.py", "queue.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module')")
    monkeypatch.chdir(tmp_path)
    async with await start_engine(engine_settings(tmp_path)) as engine:
        assert engine.url


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_cleanly(tmp_path: Path, number: int) -> None:
    engine = await start_engine(engine_settings(tmp_path))
    async with Client(engine.url, engine.token) as client:
        await post(engine.url, track("m-1"))
        frames = client.feed()
        await anext(frames)
        os.kill(engine.pid, number)
        assert await asyncio.wait_for(engine.wait(), PATIENCE) == 0
        assert [line async for frame in frames for line in frame.added] in ([], [(await kept(tmp_path))[0]])
    assert engine.log_tail() == ""
    await engine.aclose()
    assert [line.message_id for line in await kept(tmp_path)] == ["m-1"]


async def kept(tmp_path: Path) -> list[Any]:
    async with running_engine(engine_settings(tmp_path)) as (_, client):
        return list(await listed(client, 1))


async def test_a_stop_keeps_what_mixpanel_has_not_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder_switch, "STOP_GRACE", 0.05)
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        mixpanel.script(HANG)
        async with running_engine(settings, forwarding=True) as (engine, _):
            await post(engine.url, track("m-0000001"))
            while not mixpanel.requests:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async with running_engine(settings) as (_, client):
            await client.set_forwarding(True)
            await until(client, lambda state: state.deliveries.sent == 1)
        # It went out twice under one insert id: Mixpanel shows it once.
        assert len(mixpanel.deduped()) == 1


PARENT = """
import asyncio, os, sys
import msgspec
from segtap.core.serve.launch import LaunchOrder, start_engine

async def main():
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=LaunchOrder)
    engine = await start_engine(order.settings)
    print(engine.pid, engine.url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@posix
async def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    order = LaunchOrder(settings=engine_settings(tmp_path))
    parent.stdin.write(msgspec.json.encode(order) + b"\n")
    pid, url = (await parent.stdout.readline()).decode().split()
    await post(url, track("m-1"))
    parent.kill()
    await parent.communicate()
    async with asyncio.timeout(PATIENCE):
        while is_running(int(pid)):  # noqa: ASYNC110 – another program's process tells us nothing
            await asyncio.sleep(0.02)
    # And it let go of everything on its way.
    assert [line.message_id for line in await kept(tmp_path)] == ["m-1"]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # An orphan that nobody waits for stays as a zombie where there is no init.
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


@posix
@pytest.mark.kill
@pytest.mark.parametrize("after", [1, 50, 300])
async def test_kill_9_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path, after: int) -> None:
    """Eight clients post singly and in batches, and note every 200; after so many the engine dies."""
    settings = engine_settings(tmp_path)
    engine = await start_engine(settings)
    acknowledged: set[str] = set()
    answers = 0

    async def client(number: int) -> None:
        nonlocal answers
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=PATIENCE) as http:
            for n in range(100_000):
                ids = [f"m-{number}-{n}-{i}" for i in range(1 if number % 2 else 20)]
                body = {"batch": [track(id, properties={"n": n}) for id in ids]}
                try:
                    answer = await http.post(f"{engine.url}/v1/batch", json=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200
                acknowledged.update(ids)
                answers += 1
                if answers == after:
                    os.kill(engine.pid, signal.SIGKILL)

    await asyncio.gather(*(client(number) for number in range(8)))
    await engine.aclose()
    assert answers >= after

    async with await start_engine(settings) as engine, Client(engine.url, engine.token) as viewer:
        await until(viewer, lambda state: state.received >= len(acknowledged))
        # The index is built behind the journal: export reads what is indexed, so wait for its end.
        seen: set[str] = set()
        while not acknowledged <= seen:
            seen = {json.loads(line)["messageId"] async for line in viewer.export()}
        assert acknowledged <= seen


@linux
async def test_a_full_disk_is_503_and_said_until_there_is_room_again(tmp_path: Path) -> None:
    """A limit on the size of the engine's files stands in for the disk: writes beyond it fail."""
    import resource

    async with (
        await start_engine(engine_settings(tmp_path)) as engine,
        Client(engine.url, engine.token) as client,
    ):
        assert (await post(engine.url, track("m-1"))).status_code == 200
        await listed(client, 1)
        _, hard = resource.prlimit(engine.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (4096, hard))
        refused = await post(engine.url, track("m-2"))
        assert refused.status_code == 503
        why = refused.json()["message"]
        state = await until(client, lambda state: why in state.fault)
        assert state.received == 1

        resource.prlimit(engine.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert (await post(engine.url, track("m-2"))).status_code == 200
        await until(client, lambda state: not state.fault and state.received == 2)
        assert [line.message_id for line in await listed(client, 2)] == ["m-1", "m-2"]


def test_settings_survive_the_way_to_the_child() -> None:
    order = LaunchOrder(settings=engine_settings(Path("/x")), forwarding=True)
    again = msgspec.json.decode(msgspec.json.encode(order), type=LaunchOrder)
    assert again == order
    assert again.settings.destination.api_secret.reveal() == API_SECRET
    assert API_SECRET not in repr(again)
    ready = EngineReady(url="http://127.0.0.1:1", urls=(), token="secret-token", pid=1)
    assert "secret-token" not in repr(ready)
    assert Settings() == msgspec.json.decode(msgspec.json.encode(Settings()), type=Settings)


def test_the_child_imports_no_screen() -> None:
    unwanted = ("textual", "rich", "httpx")
    code = f"import sys, segtap.core.engine.process; print(*[m for m in {unwanted} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == ""
