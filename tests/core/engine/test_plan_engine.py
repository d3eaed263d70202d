"""A tracking plan and repairs in a running engine, and both following their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import engine_settings, isolate, listed, newest, post, running_engine, track, until

from segtap.core.config import load
from segtap.core.engine import settings_watch
from segtap.core.engine.active import ActiveSettings
from segtap.core.errors import InputError
from segtap.core.settings import Settings
from segtap.core.stand_in.server import MixpanelServer


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setattr(settings_watch, "INTERVAL", 0.02)
    for name in ("MIXPANEL_TOKEN", "MIXPANEL_SECRET"):
        monkeypatch.delenv(name, raising=False)


def plan_of(*events: str) -> str:
    rules: list[dict[str, Any]] = [
        {"type": "TRACK", "key": event, "jsonSchema": {"type": "object"}, "version": 1} for event in events
    ]
    return json.dumps({"data": {"rules": rules}})


def settings_of(folder: Path, file: Path, **more: Any) -> Settings:
    own = engine_settings(folder, **more)
    read = load(file=file, environ={})
    return msgspec.structs.replace(own, plan=read.plan, repair=read.repair, file=str(file))


def rules_of(findings: Any) -> set[str]:
    return {finding.rule for finding in findings}


async def test_a_plan_judges_what_an_engine_receives_and_follows_its_file(tmp_path: Path) -> None:
    file, plan = tmp_path / "segtap.toml", tmp_path / "plan.json"
    file.write_text('plan = "plan.json"\n')
    plan.write_text(plan_of("Signed Up"))
    async with running_engine(settings_of(tmp_path, file)) as (engine, client):
        await post(engine.url, track("m-1"), track("m-2", event="Signed Down"))
        await listed(client, 2)
        assert "plan-unplanned-event" in rules_of((await newest(client)).verdict.findings)
        frames = client.feed()
        await anext(frames)
        plan.write_text(plan_of("Signed Up", "Signed Down"))
        while not (await anext(frames)).reread:
            pass
        await frames.aclose()  # pyright: ignore
        assert "plan-unplanned-event" not in rules_of((await newest(client)).verdict.findings)


async def test_a_plan_that_breaks_while_an_engine_runs_is_said_and_the_old_one_stays(tmp_path: Path) -> None:
    file, plan = tmp_path / "segtap.toml", tmp_path / "plan.json"
    file.write_text('plan = "plan.json"\n')
    plan.write_text(plan_of("Other"))
    async with running_engine(settings_of(tmp_path, file)) as (engine, client):
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        plan.write_text("{")
        state = await until(client, lambda state: "not JSON" in state.fault)
        assert str(plan) in state.fault
        assert "plan-unplanned-event" in rules_of((await newest(client)).verdict.findings)


def test_an_engine_does_not_start_on_a_plan_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nope\.json cannot be read"):
        ActiveSettings(Settings(plan=str(tmp_path / "nope.json")))


def test_rules_of_a_plan_that_check_nothing_are_a_fault(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"rules": [{"type": "TRACK", "key": "A", "jsonSchema": {"type": "strin"}}]}))
    (fault,) = ActiveSettings(Settings(plan=str(plan))).faults
    assert "the rule 'track A' is not checked" in fault


async def test_repaired_requests_are_what_mixpanel_gets_and_what_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text('repair = ["insert-id", "no-client-ip"]\n')
    async with MixpanelServer() as mixpanel:
        settings = settings_of(tmp_path, file, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("order_991"))
            await until(client, lambda state: state.deliveries.sent >= 1)
            detail = await newest(client)
    (record,) = mixpanel.events
    body: Any = detail.verdict.translation.operations[0].request.body
    properties = body[0]["properties"]
    assert properties["ip"] == record["properties"]["ip"] == 0
    assert properties["$insert_id"] == record["properties"]["$insert_id"] != "order_991"
    assert {repair.name for repair in detail.verdict.repairs} == {"insert-id", "no-client-ip"}
    source = detail.explanation.source_at(detail.verdict.repairs[0].path)
    assert source is not None
    assert source.source == 'repair insert-id, before it was "order_991"'
