"""The settings file changes under a running engine: messages are read by it at once; a wrong one is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from engines import engine_settings, isolate, listed, newest, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.config import load
from segtap.core.engine import settings_watch
from segtap.core.engine.lifecycle import Engine
from segtap.core.engine.settings_change import with_reading_of
from segtap.core.faults import Faults
from segtap.core.messages import JsonObject
from segtap.core.settings import Settings
from segtap.core.stand_in.server import MixpanelServer

OWN = """
[[subscriptions]]
name = "Own"
trigger = 'type = "track"'
action = "trackEvent"
[subscriptions.mapping]
"""
WEB = OWN + 'event = { "@template" = "Web {{event}}" }\ninsert_id = { "@path" = "$.messageId" }\n'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setattr(settings_watch, "INTERVAL", 0.02)
    for name in ("MIXPANEL_TOKEN", "MIXPANEL_SECRET", "SEGTAP_REGION"):
        monkeypatch.delenv(name, raising=False)


def settings_of(folder: Path, file: Path, url: str = "http://127.0.0.1:9") -> Settings:
    own = engine_settings(folder)
    flags: dict[str, JsonObject] = {"destination": {"mixpanel_url": url}}
    return msgspec.structs.replace(
        with_reading_of(own, load(flags, file=file, environ={})), file=str(file), flags=flags
    )


@asynccontextmanager
async def engine_on(file: Path, folder: Path, **more: str) -> AsyncIterator[tuple[Engine, Client]]:
    async with running_engine(settings_of(folder, file, **more)) as (engine, client):
        yield engine, client


async def reread(client: Client, file: Path, text: str) -> None:
    """Write the file, and wait until the viewers are told."""
    frames = client.feed()
    await anext(frames)
    file.write_text(text)
    while not (await anext(frames)).reread:
        pass
    await frames.aclose()  # pyright: ignore


def event_of(detail: object) -> object:
    return detail.verdict.translation.operations[0].request.body[0]["event"]  # pyright: ignore


async def test_what_is_shown_is_translated_again_when_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[destination]\ntoken = 't'\n")
    async with engine_on(file, tmp_path) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        assert event_of(await newest(client)) == "Signed Up"
        await reread(client, file, f"[destination]\ntoken = 't2'\nregion = 'eu'\n{WEB}")
        detail = await newest(client)
        assert event_of(detail) == "Web Signed Up"
        assert "api-eu" in detail.verdict.translation.operations[0].request.url
        state = await client.state()
        assert (state.region, state.fault) == ("eu", "")
        file.unlink()
        await until(client, lambda state: state.region == "us")
        assert event_of(await newest(client)) == "Signed Up"


@pytest.mark.parametrize(
    "more",
    ["[destination]\nstrict = false\n", '[[routes]]\nname = "kept"\nkind = "archive"\nurl = "kept"\n'],
)
async def test_routes_are_those_of_the_start_and_a_change_is_said(tmp_path: Path, more: str) -> None:
    """Further routes to Mixpanel have what `[destination]` says, and so wait with it."""
    file = tmp_path / "segtap.toml"
    names = {"main": "t1", "second": "t2"}
    routes = "".join(
        f'[[routes]]\nname = "{name}"\nkind = "mixpanel"\ntoken = "{token}"\n'
        for name, token in names.items()
    )
    file.write_text(routes)
    settings = settings_of(tmp_path, file)
    async with running_engine(
        msgspec.structs.replace(settings, routes=load(settings.flags, file=file, environ={}).routes)
    ) as (
        _,
        client,
    ):
        await reread(client, file, more + routes)
        assert "[[routes]] of the settings file changed: they are used once" in (await client.state()).fault
        await reread(client, file, routes)
        assert "[[routes]]" not in (await client.state()).fault


async def test_marks_of_the_list_follow(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(WEB)
    async with engine_on(file, tmp_path) as (engine, client):
        await post(engine.url, track("m-1"), {"type": "alias", "userId": "u", "messageId": "m-2"})
        before = await listed(client, 2)
        await reread(client, file, OWN + 'event = ""\n')
        after = (await client.page(limit=10)).summaries
        assert before[0].errors == 0
        assert after[0].errors == 1, "the destination rejects an event without a name"
        assert after[0] == msgspec.structs.replace(before[0], errors=1, warnings=after[0].warnings)


async def test_a_file_that_cannot_be_used_changes_nothing_and_is_said(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(WEB)
    async with engine_on(file, tmp_path) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        file.write_text("[[subscriptions]]\n")
        state = await until(client, lambda state: bool(state.fault))
        assert "subscription 1 has no trigger" in state.fault
        assert event_of(await newest(client)) == "Web Signed Up"
        file.write_text("[[subscriptions]]\nname='A'\ntrigger='nothing'\naction='alias'\nmapping={}\n")
        await until(client, lambda state: state.fault.startswith("subscription 1 (A): The trigger"))
        file.write_text("")
        await until(client, lambda state: not state.fault)


async def test_where_it_is_sent_stays_while_forwarding_is_on(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[destination]\ntoken = 'first'\n")
    async with MixpanelServer() as mixpanel, engine_on(file, tmp_path, url=mixpanel.url) as (engine, client):
        await client.set_forwarding(True)
        await reread(client, file, f"[destination]\ntoken = 'second'\n{WEB}")
        state = await client.state()
        assert "changed while forwarding is on" in state.fault
        assert engine.settings.destination.token == "first"
        await post(engine.url, track("m-1-000000000"))
        await until(client, lambda state: state.deliveries.sent + state.deliveries.refused == 1)
        assert event_of(await newest(client)) == "Web Signed Up"
        await client.set_forwarding(False)
        await until(client, lambda state: not state.fault)
        assert engine.settings.destination.token == "second"


async def test_the_command_line_still_wins(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[destination]\nregion = 'us'\n")
    settings = load({"destination": {"region": "in"}}, environ={}, file=file)
    seen: list[Settings] = []

    async def changed(new: Settings) -> None:
        seen.append(new)

    watch = settings_watch.SettingsWatch(settings, changed, Faults())
    await watch.look()
    assert seen == []
    file.write_text("[destination]\nregion = 'eu'\nsource_name = 'Web'\n")
    await watch.look()
    await watch.look()
    (new,) = seen
    assert (new.destination.region, new.destination.source_name) == ("in", "Web")


async def test_without_a_file_nothing_is_looked_at() -> None:
    async def changed(new: Settings) -> None:
        raise AssertionError

    watch = settings_watch.SettingsWatch(Settings(), changed, Faults())
    await watch.run()  # at once; watching, it would never return
