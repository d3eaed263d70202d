"""`segtap arrived`: what Mixpanel's raw export has of the journal's events, or what it answers instead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from engines import engine_settings, isolate, post, track, until

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.cli import main

SECRET = "5ecret-0f-the-acc0unt"
AT = "2026-11-24T21:00:00Z"
IDS = ("once", "twice", "doubled", "gone", "ref_used")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("MIXPANEL_SERVICE_ACCOUNT", f"segtap.1a2b3c:{SECRET}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def mixpanel(tmp_path: Path) -> AsyncIterator[MixpanelServer]:
    """A Mixpanel, and a journal of events that were sent to it, but for one that was refused."""
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with Engine(settings, forwarding=True) as engine, Client(engine.url, engine.token) as client:
            await post(engine.url, *(track(id, timestamp=AT) for id in IDS))
            await until(client, lambda state: state.deliveries.sent == 4 and state.deliveries.refused == 1)
        mixpanel.requests.clear()
        yield mixpanel


async def add(mixpanel: MixpanelServer, id: str, **changed: Any) -> None:
    """Send another copy of an event."""
    (event,) = [one for one in mixpanel.events if one["properties"]["$insert_id"] == id]
    event = {**event, "properties": event["properties"] | changed}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{mixpanel.url}/import?strict=1", json=[event], auth=("secret", ""))
    assert answer.is_success
    mixpanel.requests.clear()


def lose(mixpanel: MixpanelServer, id: str) -> None:
    """Let the Mixpanel have no event with an insert id."""
    at = next(at for at, copy in enumerate(mixpanel.copies) if copy.insert_id == id)
    del mixpanel.copies[at], mixpanel.events[at]


async def run(mixpanel: MixpanelServer, *arguments: str) -> int:
    def call() -> int:
        options = ("--journal", "journal.db", "--project-id", "7", "--mixpanel-url", mixpanel.url)
        with pytest.raises(SystemExit) as ended:
            main(["arrived", *arguments, *options])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return await asyncio.to_thread(call)


async def test_each_event_is_told_apart(mixpanel: MixpanelServer, capsys: pytest.CaptureFixture[str]) -> None:
    await add(mixpanel, "twice")
    await add(mixpanel, "doubled", distinct_id="u")
    lose(mixpanel, "gone")
    assert await run(mixpanel, "--format", "json") == 1
    out, err = capsys.readouterr()
    found = {one["insert_id"]: one for one in map(json.loads, out.splitlines())}
    assert {id: (one["state"], one["copies"], one["counted"]) for id, one in found.items()} == {
        "once": ("there", 1, 1),
        "twice": ("twice", 2, 1),
        "doubled": ("twice", 2, 2),
        "gone": ("not there yet", 0, 0),
        "ref_used": ("never sent", 0, 0),
    }
    (asked,) = mixpanel.requests
    assert (asked.method, asked.path, asked.status) == ("GET", "/api/2.0/export", 200)
    assert asked.query == {
        "project_id": "7",
        "from_date": "2026-11-23",
        "to_date": "2026-11-25",
        "event": '["Signed Up"]',
    }
    assert asked.headers["authorization"].startswith("Basic ")
    assert SECRET not in out + err


async def test_one_event_that_is_there_is_good(
    mixpanel: MixpanelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(mixpanel, "gone")
    assert await run(mixpanel, "id:once") == 0
    assert capsys.readouterr().out == "1 event at Mixpanel\n"
    assert await run(mixpanel, "id:once", "id:gone") == 1
    assert capsys.readouterr().out.splitlines() == [
        "1 event at Mixpanel",
        "1 event sent, and not in Mixpanel's export yet: that takes some minutes",
        "  gone  Signed Up",
    ]


async def test_an_id_that_no_message_has_is_named(
    mixpanel: MixpanelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(mixpanel, "once", "id:twice", "onec", "--format", "json") == 1
    assert capsys.readouterr().err == "onec: no message that matches becomes an event with an $insert_id.\n"
    assert await run(mixpanel, "once", "id:twice") == 0


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
async def test_a_projects_time_zone_hides_no_event(mixpanel: MixpanelServer, zone: str) -> None:
    mixpanel.zone = ZoneInfo(zone)
    assert await run(mixpanel, "id:once") == 0


async def test_what_else_it_may_answer_is_said(
    mixpanel: MixpanelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for fault, words in (
        (Fault(429, {}), "answers 60 requests an hour"),
        (Fault(401, f"no {SECRET}"), "Mixpanel answers 401: no ••••."),
        (Fault(500, "oh"), "Mixpanel's raw export answers 500: oh."),
        (Fault(200, "<html>"), "a line that is not JSON"),
        (Fault(drop="before"), "cannot be asked"),
    ):
        mixpanel.script(fault)
        assert await run(mixpanel) == 2
        err = capsys.readouterr().err
        assert words in err
        assert SECRET not in err


async def test_without_an_account_or_messages_nobody_is_asked(
    mixpanel: MixpanelServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await run(mixpanel, "id:nothing") == 1
    assert "No message that matches" in capsys.readouterr().err
    monkeypatch.delenv("MIXPANEL_SERVICE_ACCOUNT")
    assert await run(mixpanel) == 2
    assert "needs a service account" in capsys.readouterr().err
    assert mixpanel.requests == []
