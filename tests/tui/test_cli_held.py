"""`segtap held`: listed, released and dropped, with an engine and on a journal's file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from engines import engine_settings, isolate, post, track, until

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.errors import EngineError
from segtap.core.settings import Hold, Settings
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.cli import cli

AT = {"timestamp": "2026-11-24T21:00:00Z"}


def segtap(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["held", *arguments], standalone_mode=False)


def listed(*arguments: str) -> list[str]:
    result = segtap("list", "--format", "json", *arguments)
    assert result.exception is None, result.output
    return [json.loads(line)["message_id"] for line in result.stdout.splitlines()]


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.chdir(tmp_path)


def settings_of(folder: Path, mixpanel: MixpanelServer) -> Settings:
    settings = engine_settings(folder, mixpanel_url=mixpanel.url)
    return msgspec.structs.replace(settings, hold=(Hold(filter="event:Refund*"),))


async def fill(settings: Settings, work: Callable[[Engine], Any] | None = None) -> None:
    """Hold three messages and forward one."""
    async with Engine(settings, forwarding=True) as engine, Client(engine.url, engine.token) as client:
        some = [track(f"m-{n}", "Refunded", **AT) for n in range(3)]
        await post(engine.url, *some, track("m-3", **AT))
        await until(client, lambda state: (state.deliveries.held, state.deliveries.sent) == (3, 1))
        if work is not None:
            await asyncio.to_thread(work, engine)
            await until(client, lambda state: (state.deliveries.off, state.deliveries.sent) == (2, 3))


def test_with_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/Refunded/Returned/" "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))

    def work(engine: Engine) -> None:
        at: Sequence[str] = ("--url", engine.url)
        assert listed(*at) == ["m-0", "m-1", "m-2"]
        assert listed(*at, "m-1", "m-3") == ["m-1"]
        assert listed(*at, "--filter", "id:m-2 or id:m-3") == ["m-2"]
        table = segtap("list", *at).stdout.splitlines()
        assert len(table) == 4
        assert "held" in table[1]
        assert segtap("list", *at, "m-3").stderr == "Nothing of that is held.\n"
        said = segtap("release", *at, "m-0", "m-3")
        assert said.stderr.endswith("is left as it is: it is not held.\n1 message released.\n")
        assert said.return_value == 1 or said.exit_code == 1
        assert "--yes drops without a question" in str(segtap("drop", *at, "m-1").exception)
        edited = CliRunner().invoke(cli, ["deliveries", "edit", *at, "m-2"], standalone_mode=False)
        assert edited.stderr == "1 edited message sent.\n"
        assert listed(*at) == ["m-1"]
        assert segtap("drop", *at, "m-1", "--yes").stderr == "1 message dropped.\n"
        assert segtap("release", *at, "--filter", "type:track").stderr == "0 messages released.\n"
        assert listed(*at) == []
        assert segtap("list", *at).stderr == "Nothing is held.\n"

    async def run() -> None:
        async with MixpanelServer() as mixpanel:
            await fill(settings_of(tmp_path, mixpanel), work)
            names = {event["properties"]["$insert_id"]: event["event"] for event in mixpanel.events}
            assert names == {"m-0": "Refunded", "m-2": "Returned", "m-3": "Signed Up"}

    asyncio.run(run())


def test_on_a_journal_without_an_engine(tmp_path: Path) -> None:
    async def run() -> Settings:
        async with MixpanelServer() as mixpanel:
            settings = settings_of(tmp_path, mixpanel)
            await fill(settings)
            return settings

    at: Sequence[str] = ("--journal", asyncio.run(run()).journal.path)
    assert listed(*at) == ["m-0", "m-1", "m-2"]
    said = segtap("release", *at, "--filter", "id:m-0", "--format", "json")
    assert [json.loads(line)["changed"] for line in said.stdout.splitlines()] == [True]
    assert "Forwarding is off: they wait" in said.stderr
    assert segtap("drop", *at, "--yes", "--filter", "").exception is not None
    assert segtap("drop", *at, "--yes", "--filter", "event:*").stderr == "2 messages dropped.\n"
    assert listed(*at) == []


@pytest.mark.parametrize("group", ["held", "deliveries"])
def test_a_list_that_cannot_be_read_writes_no_head_of_a_table(group: str) -> None:
    wrong = CliRunner().invoke(cli, [group, "list", "--url", "http://127.0.0.1:9"], standalone_mode=False)
    assert isinstance(wrong.exception, EngineError)
    assert wrong.stdout == ""
