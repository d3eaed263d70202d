"""An engine with `[[sources]]`: each message by its source's settings, in list, panes and at Mixpanel."""

from __future__ import annotations

from pathlib import Path

import msgspec
from engines import engine_settings, listed, post, running_engine, track, until

from segtap.core.api.client import Client
from segtap.core.config import load
from segtap.core.engine.active import ActiveSettings
from segtap.core.engine.settings_watch import SettingsWatch
from segtap.core.faults import Faults
from segtap.core.settings import Settings, SourceSettings, Subscription
from segtap.core.stand_in.server import MixpanelServer

WEB = SourceSettings(
    name="web",
    write_keys=("wk_web", "wk_staging"),
    color="cyan",
    source_name="Site",
    blocked_events=("Debug",),
)
PHONE = SourceSettings(name="phone", write_keys=("wk_ios",), color="pink", source_name="Phone")


def settings(folder: Path, *sources: SourceSettings, url: str = "http://127.0.0.1:9") -> Settings:
    return msgspec.structs.replace(engine_settings(folder, mixpanel_url=url), sources=sources)


async def names(client: Client, count: int) -> list[object]:
    """Return the segment_source_name of each message, "" for one that is not sent."""
    lines = await listed(client, count)
    details = [await client.detail(line.id) for line in lines]
    return [
        one.verdict.translation.operations[0].request.body[0]["properties"]["segment_source_name"]  # pyright: ignore
        if one.verdict.translation.operations
        else ""
        for one in details
    ]


async def send(url: str, *keys: str, event: str = "Opened", begin: int = 0) -> None:
    for number, key in enumerate(keys, start=begin):
        await post(url, track(f"m-{number}-000000", event), write_key=key)


async def test_what_is_shown_and_sent_follows_the_source(tmp_path: Path) -> None:
    keys = ("wk_web", "wk_ios", "wk_other", "wk_staging")
    async with MixpanelServer() as mixpanel:
        on = settings(tmp_path, WEB, PHONE, url=mixpanel.url)
        async with running_engine(on, forwarding=True) as (engine, client):
            await send(engine.url, *keys)
            assert await names(client, 4) == ["Site", "Phone", "Web", "Site"]
            await until(client, lambda state: state.deliveries.sent == 4)
            sent = {
                record["properties"]["$insert_id"]: record["properties"]["segment_source_name"]
                for record in mixpanel.events
            }
            assert list(sent.values()) == ["Site", "Phone", "Web", "Site"]


async def test_a_change_judges_the_messages_of_the_source_again(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path)) as (engine, client):
        await send(engine.url, "wk_web", "wk_ios", event="Debug")
        assert await names(client, 2) == ["Web", "Web"]
        await engine.parts.change.apply(settings(tmp_path, WEB, PHONE))
        assert await names(client, 2) == ["", "Phone"]


async def test_owed_messages_are_sent_by_their_source_after_a_restart(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path, WEB, PHONE), forwarding=True) as (engine, client):
        await send(engine.url, "wk_web", "wk_ios")
        await listed(client, 2)
    async with MixpanelServer() as mixpanel:
        on = settings(tmp_path, WEB, PHONE, url=mixpanel.url)
        async with running_engine(on, forwarding=True) as (_, client):
            await until(client, lambda state: state.deliveries.sent == 2)
        assert [one["properties"]["segment_source_name"] for one in mixpanel.events] == ["Site", "Phone"]


async def test_a_file_that_a_source_names_is_watched(tmp_path: Path) -> None:
    file, own = tmp_path / "segtap.toml", tmp_path / "web.toml"
    rule = "[[subscriptions]]\nname = 'Own'\ntrigger = 'type = \"track\"'\naction = 'trackEvent'\n"
    own.write_text(rule + "[subscriptions.mapping]\nevent = 'One'\n")
    file.write_text("[[sources]]\nname = 'web'\nwrite_keys = ['k']\nsubscriptions = 'web.toml'\n")
    read: list[object] = []

    async def changed(new: Settings) -> None:
        read.append(dict((new.sources[0].subscriptions or ())[0].mapping)["event"])

    watch = SettingsWatch(load(file=file, environ={}), changed, Faults())
    await watch.look()
    assert read == []
    own.write_text(rule + "[subscriptions.mapping]\nevent = 'Another'\n")
    await watch.look()
    assert read == ["Another"]


def test_faults_of_a_source_begin_with_its_name_unless_all_have_them(tmp_path: Path) -> None:
    never = Subscription(subscribe="nonsense", partner_action="trackEvent", mapping={}, name="One")
    other = msgspec.structs.replace(never, name="Two")
    own = (msgspec.structs.replace(WEB, subscriptions=(never, other)), PHONE)
    given = msgspec.structs.replace(settings(tmp_path, *own), subscriptions=(never,))
    one, two = ActiveSettings(given).faults
    assert not one.startswith("the source")
    assert two == f"the source web: {one.replace('One', 'Two').replace('subscription 1', 'subscription 2')}"
