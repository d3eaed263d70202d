"""`segtap arrived`: what Mixpanel's raw export has of the journal's events, or what it answers instead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from engines import engine_settings, isolate, post, track, until
from standins import StandIn, http, stand_in

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
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
async def export(tmp_path: Path) -> AsyncIterator[StandIn]:
    """A stand-in of the raw export, and a journal of events that were sent, but for one that was refused."""
    async with MixpanelServer() as mixpanel:
        settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
        async with Engine(settings, forwarding=True) as engine, Client(engine.url, engine.token) as client:
            await post(engine.url, *(track(id, timestamp=AT) for id in IDS))
            await until(client, lambda state: state.deliveries.sent == 4 and state.deliveries.refused == 1)
    async with stand_in() as made:
        yield made


def event(id: str, **more: Any) -> bytes:
    properties = {"$insert_id": id, "distinct_id": "user-7", "time": 1_795_554_000, **more}
    return json.dumps({"event": "Signed Up", "properties": properties}).encode() + b"\n"


async def run(export: StandIn, *arguments: str) -> int:
    def call() -> int:
        options = ("--journal", "journal.db", "--project-id", "7", "--mixpanel-url", export.url)
        with pytest.raises(SystemExit) as ended:
            main(["arrived", *arguments, *options])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return await asyncio.to_thread(call)


async def test_each_event_is_told_apart(export: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    has = (event("once"), event("twice"), event("twice"), event("doubled"), event("doubled", distinct_id="u"))
    export.answer = http(200, b"".join(has) + event("another"))
    assert await run(export, "--format", "json") == 1
    out, err = capsys.readouterr()
    found = {one["insert_id"]: one for one in map(json.loads, out.splitlines())}
    assert {id: (one["state"], one["copies"], one["counted"]) for id, one in found.items()} == {
        "once": ("there", 1, 1),
        "twice": ("twice", 2, 1),
        "doubled": ("twice", 2, 2),
        "gone": ("not there yet", 0, 0),
        "ref_used": ("never sent", 0, 0),
    }
    (asked,) = export.requests
    path, _, query = asked.line.split(" ")[1].partition("?")
    assert path == "/api/2.0/export"
    assert parse_qs(query) == {
        "project_id": ["7"],
        "from_date": ["2026-11-23"],
        "to_date": ["2026-11-25"],
        "event": ['["Signed Up"]'],
    }
    assert (asked.header("authorization") or "").startswith("Basic ")
    assert SECRET not in out + err


async def test_one_event_that_is_there_is_good(export: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    export.answer = http(200, event("once"))
    assert await run(export, "id:once") == 0
    assert capsys.readouterr().out == "1 event at Mixpanel\n"
    assert await run(export, "id:once", "id:gone") == 1
    assert capsys.readouterr().out.splitlines() == [
        "1 event at Mixpanel",
        "1 event sent, and not in Mixpanel's export yet: that takes some minutes",
        "  gone  Signed Up",
    ]


async def test_what_else_it_may_answer_is_said(export: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    for status, body, words in (
        (429, b"{}", "answers 60 requests an hour"),
        (401, f"no {SECRET}".encode(), "Mixpanel answers 401: no ••••."),
        (500, b"oh", "Mixpanel's raw export answers 500: oh."),
        (200, b"<html>", "a line that is not JSON"),
    ):
        export.answer = http(status, body)
        assert await run(export) == 2
        err = capsys.readouterr().err
        assert words in err
        assert SECRET not in err
    export.mode = "close"
    assert await run(export) == 2
    assert "cannot be asked" in capsys.readouterr().err


async def test_without_an_account_or_messages_nobody_is_asked(
    export: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await run(export, "id:nothing") == 0
    assert "No message that matches" in capsys.readouterr().err
    monkeypatch.delenv("MIXPANEL_SERVICE_ACCOUNT")
    assert await run(export) == 2
    assert "needs a service account" in capsys.readouterr().err
    assert export.requests == []
