"""An engine that takes the place of one that died: whether it forwards on, and what it says if not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engines import PATIENCE, isolate, listed, post, track, until
from mixpanel_faults import HANG, UNAVAILABLE

from segtap.core.api.client import Client
from segtap.core.config import load
from segtap.core.delivery import DeliveryState
from segtap.core.serve.launch import RunningEngine, Switch, start_engine
from segtap.core.settings import Settings
from segtap.core.stand_in.server import MixpanelServer

pytestmark = [pytest.mark.kill, pytest.mark.skipif(os.name != "posix", reason="kill -9")]

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
OTHER = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("MIXPANEL_TOKEN", TOKEN)
    monkeypatch.delenv("MIXPANEL_SECRET", raising=False)


def settings_of(folder: Path, url: str, text: str = "") -> Settings:
    """Settings as the command reads them: a file, and flags."""
    file = folder / "segtap.toml"
    file.write_text(text)
    flags = {
        "": {},
        "ingest": {"port": 0},
        "journal": {"path": str(folder / "journal.db")},
        "destination": {"mixpanel_url": url},
    }
    return load(flags, file=file)  # pyright: ignore[reportArgumentType]


async def killed(engine: RunningEngine) -> Switch:
    """Kill it, and what it left said of its switch."""
    os.kill(engine.pid, signal.SIGKILL)
    assert await engine.wait() == -signal.SIGKILL
    last = await engine.last_switch()
    await engine.aclose()
    return last


@asynccontextmanager
async def started(
    settings: Settings, before: Switch | None = None
) -> AsyncIterator[tuple[RunningEngine, Client]]:
    """An engine as a child, and a client of it."""
    async with (
        await start_engine(settings, before=before) as engine,
        Client(engine.url, engine.token) as client,
    ):
        yield engine, client


async def test_what_was_on_is_on_again_and_what_was_owed_arrives(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel.url)
        async with started(settings) as (engine, client):
            await post(engine.url, track("m-before-000000"))
            await listed(client, 1)
            await client.set_forwarding(True)
            mixpanel.script(HANG)
            await post(engine.url, track("m-owed-00000000"))
            # Else it would be the next engine's request that gets no answer.
            async with asyncio.timeout(PATIENCE):
                while not mixpanel.requests:  # noqa: ASYNC110 – the server announces nothing
                    await asyncio.sleep(0.01)
            assert (await client.state()).deliveries.waiting == 1
            last = await killed(engine)
        assert last.on
        assert "a1b2…f9 at http" in last.project
        assert TOKEN not in repr(last)
        async with started(settings, last) as (engine, client):
            assert (await client.state()).forwarding, "at its first answer, before a request can come"
            await post(engine.url, track("m-after-0000000"))
            state = await until(
                client, lambda state: state.deliveries.sent == 2 and not state.deliveries.waiting
            )
            assert (state.deliveries.off, state.resumed, state.interrupted) == (1, True, "")
        sent = {event["properties"]["$insert_id"] for event in mixpanel.events}
        assert sent == {"m-owed-00000000", "m-after-0000000"}


async def test_what_was_off_stays_off(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel.url)
        async with started(settings) as (engine, client):
            await client.set_forwarding(True)
            await client.set_forwarding(False)
            last = await killed(engine)
        async with started(settings, last) as (_, client):
            state = await client.state()
            assert (state.forwarding, state.resumed, state.interrupted) == (False, False, "")


async def test_it_dies_again_and_again(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel.url)
        last: Switch | None = None
        for round_ in range(3):
            async with started(settings, last) as (engine, client):
                if not round_:
                    await client.set_forwarding(True)
                assert (await client.state()).forwarding
                await post(engine.url, track(f"m-{round_}-0000000000"))
                last = await killed(engine)
        async with started(settings, last) as (_, client):
            await until(client, lambda state: state.deliveries.sent == 3)
        assert len(mixpanel.deduped()) == 3


CHANGED = {
    f'[destination]\ntoken = "{OTHER}"\n': "the settings changed: they name project 0f0f…0f at",
    '[destination]\nkind = "classic-cloud"\n': "kind or credentials under [destination] changed",
    '[destination]\ntoken_env = "NOT_SET"\n': "No project token is set. Put it into the environment",
}


@pytest.mark.parametrize("text", CHANGED, ids=["project", "kind", "token"])
async def test_other_settings_leave_it_off_with_a_standing_line(tmp_path: Path, text: str) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel.url)
        async with started(settings) as (engine, client):
            await client.set_forwarding(True)
            mixpanel.script(*[UNAVAILABLE] * 100)
            await post(engine.url, track("m-owed-00000000"))
            await until(client, lambda state: state.deliveries.waiting == 1)
            (tmp_path / "segtap.toml").write_text(text)
            last = await killed(engine)
        async with started(settings, last) as (engine, client):
            await post(engine.url, track("m-after-0000000"))
            owed, after = await listed(client, 2)
            state = await client.state()
            assert not state.forwarding
            assert state.interrupted.startswith("Forwarding was on, to project a1b2…f9 at http")
            assert "until the engine died. It is OFF now" in state.interrupted
            assert CHANGED[text] in state.interrupted
            assert (owed.delivery, after.delivery) == (DeliveryState.WAITING, DeliveryState.OFF)
            last = await killed(engine)
        async with started(settings, last) as (engine, client):
            assert (await client.state()).interrupted == state.interrupted, "until somebody answers"
            answered = await client.set_forwarding(False)
            assert (answered.interrupted, answered.deliveries.waiting) == ("", 1)
            last = await killed(engine)
        async with started(settings, last) as (_, client):
            assert not (await client.state()).interrupted
        assert not mixpanel.events


async def test_settings_that_do_not_say_where_it_goes_are_used_and_it_resumes(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel.url)
        async with started(settings) as (engine, client):
            await client.set_forwarding(True)
            (tmp_path / "segtap.toml").write_text('[destination]\nsource_name = "Shop"\n')
            last = await killed(engine)
        async with started(settings, last) as (engine, client):
            await post(engine.url, track("m-after-0000000"))
            await until(client, lambda state: state.deliveries.sent == 1)
        assert mixpanel.events[0]["properties"]["segment_source_name"] == "Shop"


async def test_a_file_that_cannot_be_read_is_said_and_what_was_given_holds(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, mixpanel.url)
        async with started(settings) as (engine, client):
            await client.set_forwarding(True)
            (tmp_path / "segtap.toml").write_text("[destination\n")
            last = await killed(engine)
        async with started(settings, last) as (_, client):
            state = await client.state()
            assert state.forwarding
            assert "is not TOML" in state.fault
            (tmp_path / "segtap.toml").write_text("")
            await until(client, lambda state: not state.fault)
