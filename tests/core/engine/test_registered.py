"""Super properties at one message: read from the journal, for the person and page of the message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import engine_settings, listed, post, running_engine, track

from segtap.core.api.models import SuperProperties
from segtap.core.engine import registered as subject
from segtap.core.errors import InputError
from segtap.core.settings import ClassicSettings, DeviceModeSettings, Settings

PAGE = {"page": {"url": "https://www.shop.example/", "referrer": ""}}


def settings(folder: Path, **classic: Any) -> Settings:
    return msgspec.structs.replace(
        engine_settings(folder),
        device_mode=DeviceModeSettings(enabled=True),
        classic=ClassicSettings(**classic),
    )


def call(id: str, who: str = "anon-1", **more: Any) -> dict[str, Any]:
    return track(id, anonymousId=who, context=PAGE, timestamp="2026-11-24T22:00:00Z", **more)


def of(found: SuperProperties) -> dict[str, Any]:
    return {one.name: one.value for one in found.registered}


async def test_earlier_messages_of_the_same_browser_count(tmp_path: Path) -> None:
    async with running_engine(settings(tmp_path, super_properties=("plan",))) as (engine, client):
        identify = {**call("m-2"), "type": "identify", "traits": {"tags": ["a"]}}
        await post(engine.url, call("m-1", properties={"plan": "free"}), identify)
        await post(engine.url, call("m-3", "other", properties={"plan": "team"}))
        await post(engine.url, call("m-1", properties={"plan": "copy"}))
        await post(engine.url, track("m-4", anonymousId="anon-1", properties={"plan": "server"}))
        await post(engine.url, call("m-5", properties={"plan": "pro"}))
        lines = await listed(client, 6)
        found = [await client.super_properties(line.id) for line in lines]
        assert [of(one).get("plan") for one in found] == ["free", "free", "team", None, None, "pro"]
        assert found[3].why == subject.COPY
        assert "context.page.url" in found[4].why
        last = found[-1]
        assert (last.host, last.messages, last.sent, last.cut) == ("www.shop.example", 3, 1, False)
        assert last.identified
        causes = {one.name: (one.call, one.at, one.id) for one in last.registered}
        time = 1_795_557_600_000
        assert causes["plan"] == ("track Signed Up", time, lines[5].id)
        assert causes["tags"] == ("identify", time, lines[1].id)
        assert causes["mp_lib"] == ("page load", None, 0)
        with pytest.raises(InputError):
            await client.super_properties(lines[-1].id + (1 << 20))


async def test_older_messages_are_left_out_beyond_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "EARLIER_READ", 2)
    async with running_engine(settings(tmp_path, super_properties=("n",))) as (engine, client):
        await post(engine.url, *(call(f"m-{n}", properties={"n": n}) for n in range(5)))
        lines = await listed(client, 5)
        found = await client.super_properties(lines[-1].id)
        assert (found.messages, found.cut, of(found)["n"]) == (3, True, 4)


async def test_without_device_mode_it_says_how_to_turn_it_on(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, call("m-1"))
        (line,) = await listed(client, 1)
        found = await client.super_properties(line.id)
        assert found == SuperProperties(why=subject.NOT_CONFIGURED)


async def test_the_page_is_simulated_under_any_settings_if_asked_for(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await post(engine.url, call("m-1", properties={"plan": "free"}))
        (line,) = await listed(client, 1)
        assert (await client.super_properties(line.id)).why == subject.NOT_CONFIGURED
        found = await client.super_properties(line.id, anyway=True)
        assert not found.why
        (record,) = found.records
        assert found.sent == 1
        assert record.endpoint.startswith("/track")
        properties: Any = record.data["properties"]
        assert properties["plan"] == "free"
