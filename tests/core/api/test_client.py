"""The clients of a running engine, with asyncio and without."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from engines import engine_settings, isolate, post, running_engine, track

from segtap.core import AccessRefused, Client, EngineError, FilterFault, InputError, SyncClient, Unmet
from segtap.core.engine.lifecycle import Engine

MANY = 1_001
"""More lines than the client without asyncio fetches at once."""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        await post(engine.url, *(track(f"m-{number}") for number in range(MANY)))
        await engine.indexed()
        yield engine


async def test_what_is_for_other_programs_is_in_the_client_too(engine: Engine) -> None:
    async with Client.find(engine.url) as client:
        assert (await client.healthz()).received == MANY
        assert (await client.livez()).status == "ok"
        assert (await client.readyz()).status == "ok"
        assert "segtap_build_info" in await client.metrics()
        assert (await client.openapi())["openapi"] == "3.1.0"
        assert (await client.messages("messageId=m-7")).count == 1
        with pytest.raises(Unmet):
            await client.wait("event:nothing", within=0)


async def test_an_engine_that_is_not_ready_says_so(engine: Engine) -> None:
    async with Client.find() as client:
        engine.parts.outside.stopping = True
        assert (await client.readyz()).status == "stopping"


def asked(url: str) -> None:
    """What a script does, in a thread that runs no loop."""
    with SyncClient.find(url) as client:
        assert repr(client) == f"SyncClient({url!r})"
        page = client.page(filter="messageId=m-7", limit=5)
        assert [summary.message_id for summary in page.summaries] == ["m-7"]
        assert client.detail(page.summaries[0].id).verdict.translation.operations
        lines: Iterator[bytes] = client.export()
        assert [json.loads(line)["messageId"] for line in lines] == [f"m-{number}" for number in range(MANY)]
        frame = next(client.feed())
        assert frame.state is not None
        assert frame.state.received == MANY
        assert client.wait("messageId=m-7").count == 1
        assert client.set_forwarding(reread=True).forwarding is False
        with pytest.raises(FilterFault, match="nosuch"):
            client.page(filter="nosuch:1")
        with pytest.raises(InputError):
            client.detail(1)
        with pytest.raises(Unmet) as unmet:
            client.expect("event:nothing", within=0)
        assert unmet.value.matches.count == 0
    client.close()
    for ask in (client.state, lambda: next(client.export())):
        with pytest.raises(EngineError, match="was closed"):
            ask()


def stopped_early(url: str) -> None:
    """What scripts do that need the first lines only, in a thread that runs no loop."""
    with SyncClient.find(url) as client:
        for _ in client.export():
            break
        rest = client.export()
        next(rest)
    del rest

    async def first() -> bytes:
        async with Client.find(url) as client:
            async for line in client.export():
                return line
        raise AssertionError("no line")

    assert b"m-0" in asyncio.run(first())


async def test_a_script_may_stop_in_the_middle_of_the_lines(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(stopped_early, engine.url)
    # What cannot be closed is reported by the loop, after the script's own output.
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_scripts_without_asyncio_have_the_same(engine: Engine) -> None:
    await asyncio.to_thread(asked, engine.url)
    assert not [thread for thread in threading.enumerate() if thread.name == "segtap client"]


async def test_closing_ends_what_another_thread_waits_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def wait(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(engine.queries.expecting, "wait", wait)
    client = SyncClient.find()
    waiting = asyncio.create_task(asyncio.to_thread(client.wait, "event:nothing", within=60))
    async with asyncio.timeout(10):
        await begun.wait()
    await asyncio.to_thread(client.close)
    with pytest.raises(EngineError, match="was closed"):
        await waiting


async def test_the_clients_find_only_what_runs(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"Running: {engine.url}"):
        Client.find("http://127.0.0.1:9")
    with pytest.raises(EngineError, match="No segtap runs on other"):
        SyncClient.find(journal="other.db")
    assert Client.find(journal=str(tmp_path / "journal.db")).url == engine.url


async def test_a_wrong_token_has_an_error_of_its_own(engine: Engine) -> None:
    async with Client(engine.url, "other") as client:
        with pytest.raises(AccessRefused, match=r"read it with Client\.find"):
            await client.messages()
