"""A message is read, translated and checked once, whoever asks for it afterwards."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, post, running_engine, track, until
from worker_target import count_steps

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import RuleSetting
from segtap.core.stand_in.server import MixpanelServer

BAD = {"anonymousId": "not-a-uuid"}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Counter[str]:
    """How often each step of the road was taken."""
    isolate(tmp_path, monkeypatch.setenv)
    return count_steps(monkeypatch.setattr)


async def test_a_message_that_is_received_listed_and_forwarded_is_judged_once(
    tmp_path: Path, calls: Counter[str]
) -> None:
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1", **BAD))
            await until(client, lambda state: state.deliveries.sent == 1)
            assert dict(calls) == {"inflate": 1, "_read_items": 1, "check": 1, "walk": 1}
            (line,) = (await client.page()).summaries
            detail = await client.detail(line.id)
            assert detail.verdict.findings
            assert calls["check"] == 1, "its verdict is kept"


async def test_summing_up_reads_nothing_again(tmp_path: Path, calls: Counter[str]) -> None:
    """Neither in the engine that received the messages nor in the next one, which only warms the rules up."""
    messages = [
        track("m-1", **BAD),
        track("m-2", event="Other"),
        {"type": "group", "userId": "ada", "groupId": "acme", "messageId": "m-3", "traits": {"plan": "pro"}},
        {"type": "identify", "userId": "ada", "messageId": "m-4", "traits": {"plan": "pro"}},
    ]
    settings = engine_settings(tmp_path)

    async def sum_up(client: Client) -> tuple[object, ...]:
        overview = await client.overview()
        assert overview.covered.messages == 4
        some = await client.overview("event:Other")
        assert some.covered.messages == 1
        users, groups = await client.users(), await client.groups()
        assert (users.total, users.covered.messages, groups.group_calls) == (2, 4, 1)
        return overview, some, users, groups

    async with running_engine(settings) as (engine, client):
        await post(engine.url, *messages)
        await engine.indexed()
        before = dict(calls)
        answers = await sum_up(client)
        assert dict(calls) == before
    async with running_engine(settings) as (engine, client):
        await engine.warmed()
        before = dict(calls)
        assert await sum_up(client) == answers
        assert dict(calls) == before


async def test_a_kept_verdict_is_the_one_that_was_made(tmp_path: Path, calls: Counter[str]) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("m-1", **BAD), track("m-2", properties={"total": None}))
        await engine.indexed()
        before = [await client.detail(line.id) for line in (await client.page()).summaries]
    calls.clear()
    async with running_engine(settings) as (engine, client):
        after = [await client.detail(line.id) for line in (await client.page()).summaries]
    assert calls["check"] == 0
    assert [one.verdict for one in after] == [one.verdict for one in before]


async def test_what_other_settings_made_is_judged_again(tmp_path: Path, calls: Counter[str]) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        await post(engine.url, *(track(f"m-{number}", **BAD) for number in range(120)))
        await engine.indexed()
        noted = [line.errors + line.warnings for line in (await client.page()).summaries]
    assert any(noted)
    calls.clear()
    quiet = msgspec.structs.replace(settings, rules=(RuleSetting(id="*", severity="off"),))
    async with running_engine(quiet) as (engine, client):
        await engine.rejudged()
        lines = (await client.page()).summaries
        assert [line.errors + line.warnings for line in lines] == [0] * 120
        assert calls["check"] == 120
        assert (await client.state()).stale == 0


async def test_health_tells_how_far_messages_are(tmp_path: Path, calls: Counter[str]) -> None:
    async with Engine(engine_settings(tmp_path)) as engine:
        await post(engine.url, *(track(f"m-{number}") for number in range(7)))
        await engine.indexed()
        async with httpx.AsyncClient(trust_env=False) as http:
            health = (await http.get(f"{engine.url}/_segtap/healthz")).json()
    assert {name: health[name] for name in ("received", "listed", "judged")} == {
        "received": 7,
        "listed": 7,
        "judged": 7,
    }


async def test_a_message_that_segment_would_refuse_does_not_count_as_seen(
    tmp_path: Path, calls: Counter[str]
) -> None:
    refused: dict[str, Any] = {"type": "track", "userId": "u", "messageId": "m-1"}
    for together in (True, False):
        folder = tmp_path / str(together)
        folder.mkdir()
        async with running_engine(engine_settings(folder)) as (engine, client):
            sent = [refused, track("m-1"), track("m-1")]
            for messages in [sent] if together else [[one] for one in sent]:
                await post(engine.url, *messages)
                await engine.indexed()
            marks = [
                (await client.detail(line.id)).verdict.findings for line in (await client.page()).summaries
            ]
        rules = [[finding.rule for finding in findings] for findings in marks]
        assert "segment-would-reject" in rules[0]
        assert "second-receipt" not in rules[1]
        assert "second-receipt" in rules[2]


async def test_a_compressed_body_is_inflated_once(tmp_path: Path, calls: Counter[str]) -> None:
    body = gzip.compress(json.dumps({"batch": [track("m-1"), track("m-2")]}).encode())
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"content-encoding": "gzip", "content-type": "application/json"}
            await http.post(f"{engine.url}/v1/batch", content=body, headers=headers)
        await engine.indexed()
        assert len((await client.page()).summaries) == 2
    assert calls["inflate"] == 0, "ingest has inflated it to look at it"
