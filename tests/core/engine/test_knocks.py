"""Preflights and settings fetches without an event reach viewers, and go with the next message."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from engines import engine_settings, isolate, post, running_engine, track, until


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


async def knock(url: str) -> None:
    page = {"Origin": "http://localhost:3000"}
    asks = {
        **page,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{url}/v1/projects/WRITE-KEY-1/settings", headers=page)).status_code == 200
        assert (await http.options(f"{url}/v1/t", headers=asks)).status_code == 204


async def test_they_are_told_without_another_request_and_forgotten_with_a_message(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        assert (await client.state()).knocks == ()
        await knock(engine.url)
        state = await until(client, lambda state: len(state.knocks) == 2)
        assert {(one.kind, one.count, one.origin) for one in state.knocks} == {
            ("preflight", 1, "http://localhost:3000"),
            ("settings", 1, "http://localhost:3000"),
        }
        assert all(state.started_at <= one.last for one in state.knocks)
        assert (state.received, state.refused) == (0, 0)
        await post(engine.url, track("m-1"))
        state = await until(client, lambda state: state.received == 1)
        assert state.knocks == ()


async def test_clearing_the_journal_forgets_them(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await knock(engine.url)
        await until(client, lambda state: len(state.knocks) == 2)
        await client.clear()
        assert (await client.state()).knocks == ()
