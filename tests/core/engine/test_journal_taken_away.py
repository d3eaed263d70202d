"""The journal's files are taken away under a running engine: healthz says so, and no message is lost."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from engines import PATIENCE, engine_settings, isolate, track

from segtap.core.commands.export import export_lines
from segtap.core.serve.launch import RunningEngine, find_engine, start_engine
from segtap.core.settings import JournalSettings
from segtap.core.stores import default_path

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be removed there"),
]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


class Client:
    """Sends messages one by one and remembers which were acknowledged."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, trust_env=False)
        self._sent = 0
        self.acknowledged: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(self, count: int) -> list[int]:
        """The statuses of so many more messages."""
        statuses: list[int] = []
        for _ in range(count):
            self._sent += 1
            id = f"m-{self._sent}"
            answer = await self._http.post("/v1/track", json=track(id))
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                self.acknowledged.append(id)
        return statuses

    async def fault(self) -> str:
        """What healthz says is wrong, once it does."""
        async with asyncio.timeout(PATIENCE):
            while not (fault := (await self._http.get("/_segtap/healthz")).json()["fault"]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return str(fault)


async def killed(engine: RunningEngine) -> None:
    os.kill(engine.pid, signal.SIGKILL)
    await engine.wait()


async def exported(path: Path) -> list[Any]:
    settings = JournalSettings(path=str(path))
    return [json.loads(line)["messageId"] async for line in export_lines(journal=settings)]


@pytest.mark.parametrize("sends_on", [True, False])
async def test_a_removed_log_is_put_back(tmp_path: Path, sends_on: bool) -> None:
    path = tmp_path / "journal.db"
    async with await start_engine(engine_settings(tmp_path)) as engine, Client(engine.url) as client:
        await client.send(30)
        path.with_name("journal.db-wal").unlink()
        if sends_on:
            assert await client.send(1) == [200]
        assert "journal.db-wal was removed" in await client.fault()
        assert await client.send(30 if sends_on else 0) == [200] * (30 if sends_on else 0)
        await killed(engine)
    assert await exported(path) == client.acknowledged


async def test_a_removed_state_folder_is_made_again_with_journal_and_note(tmp_path: Path) -> None:
    settings = engine_settings(default_path().parent)
    async with await start_engine(settings) as engine, Client(engine.url) as client:
        await client.send(30)
        # Taken away in one step: the engine puts its files back while a folder is emptied file by file.
        gone = default_path().parent.rename(tmp_path / "gone")
        shutil.rmtree(gone)
        assert "journal.db was removed" in await client.fault()
        assert find_engine(engine.url) == (engine.url, engine.token)
        assert await client.send(30) == [200] * 30
        await killed(engine)
    assert await exported(default_path()) == client.acknowledged


async def test_a_replaced_file_ends_the_receiving_and_says_where_everything_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    async with await start_engine(engine_settings(tmp_path)) as engine, Client(engine.url) as client:
        await client.send(30)
        (tmp_path / "new").write_bytes(b"other")
        (tmp_path / "new").replace(path)
        fault = await client.fault()
        assert "was replaced by another file" in fault
        assert await client.send(3) == [503] * 3
        await killed(engine)
    (saved,) = tmp_path.glob("journal.db.saved-*[0-9]")
    assert str(saved) in fault
    assert path.read_bytes() == b"other"
    assert await exported(saved) == client.acknowledged
