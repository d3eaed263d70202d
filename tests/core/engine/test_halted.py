"""Forwarding that a fault has halted: what is known of it, trying again, and settings read on request."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from engines import isolate, listed, post, running_engine, track, until
from mixpanel_faults import REDIRECT

from segtap.core.api.client import Client
from segtap.core.config import load
from segtap.core.engine import settings_watch
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import SettingsError
from segtap.core.messages import JsonObject
from segtap.core.settings import JournalSettings
from segtap.core.stand_in.faults import UNAUTHORIZED
from segtap.core.stand_in.server import MixpanelServer

WRONG = "0000111122223333444455556666ffff"
RIGHT = "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
SECRET = "fedcba9876543210fedcba9876543210"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    # Only what a test asks for is read.
    monkeypatch.setattr(settings_watch, "INTERVAL", 3600.0)
    for name in ("MIXPANEL_TOKEN", "MIXPANEL_SECRET"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def halted(folder: Path, text: str, url: str = "") -> AsyncIterator[tuple[Engine, Client, Path]]:
    """An engine with that settings file and two messages owed, which has halted."""
    file = folder / "segtap.toml"
    file.write_text(text)
    flags: dict[str, JsonObject] = {"ingest": {"port": 0}}
    if url:
        flags["destination"] = {"mixpanel_url": url}
    settings = msgspec.structs.replace(
        load(flags, file=file), journal=JournalSettings(path=str(folder / "journal.db"))
    )
    async with running_engine(settings, forwarding=True) as (engine, client):
        await post(engine.url, track("m-1-00000000000"))
        await until(client, lambda state: state.halted)
        await post(engine.url, track("m-2-00000000000"))
        await listed(client, 2)
        yield engine, client, file


def destination(**values: str) -> str:
    return "[destination]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())


async def test_on_means_try_again(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(UNAUTHORIZED)
        async with halted(tmp_path, destination(token=RIGHT), mixpanel.url) as (_, client, _file):
            state = await client.state()
            assert state.halted_why.startswith("Mixpanel refuses the credentials: 401")
            assert state.halted_why in state.fault
            assert state.deliveries.waiting == 2
            state = await client.set_forwarding(True)
            assert (state.forwarding, state.halted, state.halted_why) == (True, False, "")
            await until(client, lambda state: state.deliveries.sent == 2)
        assert len(mixpanel.requests) >= 2


async def test_it_says_what_was_used_and_where_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    async with MixpanelServer(secrets=frozenset({"other"})) as mixpanel:
        text = destination(token=WRONG, api_secret_env="SHOP_SECRET")
        async with halted(tmp_path, text, mixpanel.url) as (_, client, file):
            state = await client.state()
            assert state.credentials == (
                f"the project token 0000…ff, from {file}",
                "on /import the API secret, from the variable SHOP_SECRET (read once, when segtap started)",
            )
            shown = msgspec.json.encode(state).decode()
            assert SECRET not in shown
            assert WRONG not in shown


async def test_other_settings_are_used_once_they_are_read_and_tried_only_when_told(tmp_path: Path) -> None:
    async with MixpanelServer(secrets=frozenset({RIGHT})) as mixpanel:
        async with halted(tmp_path, destination(token=WRONG), mixpanel.url) as (engine, client, file):
            state = await client.set_forwarding(reread=True)
            assert (state.halted, state.changed_since_halt) == (True, False)
            file.write_text(destination(token=RIGHT))
            state = await client.set_forwarding(reread=True)
            assert (state.halted, state.forwarding, state.deliveries.waiting) == (True, True, 2)
            assert state.project == "a1b2…f9"
            assert state.changed_since_halt
            assert engine.switch.project.startswith("project a1b2…f9"), "an engine in its place resumes this"
            assert not mixpanel.events
            await client.set_forwarding(True)
            await until(client, lambda state: state.deliveries.sent == 2)
        assert {event["properties"]["$insert_id"] for event in mixpanel.events} == {
            "m-1-00000000000",
            "m-2-00000000000",
        }


async def test_reading_and_trying_again_can_be_one_request(tmp_path: Path) -> None:
    async with (
        MixpanelServer(secrets=frozenset({RIGHT})) as mixpanel,
        halted(tmp_path, destination(token=WRONG), mixpanel.url) as (_, client, file),
    ):
        file.write_text(destination(token=RIGHT))
        await client.set_forwarding(True, reread=True)
        await until(client, lambda state: state.deliveries.sent == 2)


async def test_another_address_is_used_too(tmp_path: Path) -> None:
    async with MixpanelServer() as portal, MixpanelServer() as mixpanel:
        portal.script(*[REDIRECT] * 10)
        text = destination(token=RIGHT, mixpanel_url=portal.url)
        async with halted(tmp_path, text) as (_, client, file):
            assert "Mixpanel never redirects" in (await client.state()).halted_why
            file.write_text(destination(token=RIGHT, mixpanel_url="ftp://x"))
            with pytest.raises(SettingsError, match="must start with http"):
                await client.set_forwarding(reread=True)
            assert (await client.state()).mixpanel_url == portal.url
            file.write_text(destination(token=RIGHT, mixpanel_url=mixpanel.url))
            await client.set_forwarding(True, reread=True)
            await until(client, lambda state: state.deliveries.sent == 2)
        assert len(mixpanel.events) == 2


async def test_a_file_that_cannot_be_used_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with (
        MixpanelServer(secrets=frozenset({RIGHT})) as mixpanel,
        halted(tmp_path, destination(token=WRONG), mixpanel.url) as (_, client, file),
    ):
        file.write_text("[destination\n")
        with pytest.raises(SettingsError, match="is not TOML"):
            await client.set_forwarding(True, reread=True)
        state = await client.state()
        assert (state.halted, state.changed_since_halt) == (True, False)
        assert "is not TOML" in state.fault


async def test_a_token_that_is_gone_leaves_the_one_in_use(tmp_path: Path) -> None:
    """Nothing must be sent with the stand-in for a missing token."""
    async with MixpanelServer(secrets=frozenset({RIGHT})) as mixpanel:
        async with halted(tmp_path, destination(token=WRONG), mixpanel.url) as (engine, client, file):
            file.write_text("")
            state = await client.set_forwarding(True, reread=True)
            assert engine.settings.destination.token == WRONG
            assert "changed while forwarding is on" in state.fault
            await until(client, lambda state: state.halted)
        assert not mixpanel.events


async def test_while_it_sends_where_it_sends_stays(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(destination(token=RIGHT))
    async with MixpanelServer() as mixpanel:
        settings = load({"ingest": {"port": 0}, "destination": {"mixpanel_url": mixpanel.url}}, file=file)
        async with running_engine(settings, forwarding=True) as (engine, client):
            file.write_text(destination(token=WRONG))
            state = await client.set_forwarding(reread=True)
            assert engine.settings.destination.token == RIGHT
            assert "changed while forwarding is on" in state.fault


async def test_the_log_of_a_halt_names_the_ways_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with MixpanelServer(secrets=frozenset({RIGHT})) as mixpanel:
        with caplog.at_level(logging.ERROR, "segtap.core"):
            async with halted(tmp_path, destination(token=WRONG), mixpanel.url) as (engine, _, file):
                url = engine.url
        (record,) = (record for record in caplog.records if "has halted" in record.message)
    assert "401 Invalid credentials" in record.message
    told = vars(record)
    assert told["credentials"] == f"the project token 0000…ff, from {file}"
    assert f"segtap attach {url}" in told["next"]
    assert "kill -USR1" in told["next"]
    assert "at the start only" in told["next"]
