"""`segtap deliveries`: listed, sent again, edited and dropped, with an engine and on a journal's file."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result
from engines import engine_settings, isolate, track
from journal_values import a_receipt
from mixpanel_faults import DROP_AFTER
from subscriptions import VISITS, events

from segtap.core import stores
from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import Settings
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.cli import cli

EVENTS = events('type = "track" and event != "Visited"')
AT = {"timestamp": "2026-11-24T21:00:00Z"}


def segtap(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["deliveries", *arguments], standalone_mode=False)


def listed(*arguments: str) -> list[tuple[str, str]]:
    """The messageId and the outcome of each request that is listed."""
    result = segtap("list", "--format", "json", *arguments)
    assert result.exception is None, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return [(row["message_id"], row["outcome"]) for row in rows]


async def fill(
    settings: Settings, mixpanel: MixpanelServer, done: Callable[[Engine], Any] | None = None
) -> None:
    """Receive an increment without an answer, an event that is refused and one that is accepted."""
    async with Engine(settings, forwarding=True) as engine, Client(engine.url, engine.token) as client:
        mixpanel.script(DROP_AFTER, path="/engage")
        messages = [track("m-1", "Visited"), track("m_2", **AT), track("m-3", **AT)]
        async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
            await http.post("/v1/batch", json={"batch": messages, "writeKey": "wk"})
        async with asyncio.timeout(20):
            while True:
                counts = (await client.state()).deliveries
                if (counts.uncertain, counts.refused, counts.sent) == (1, 1, 1):
                    break
                await asyncio.sleep(0.02)
        if done is not None:
            await asyncio.to_thread(done, engine)


def settings_of(tmp_path: Path, mixpanel: MixpanelServer) -> Settings:
    settings = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
    return msgspec.structs.replace(settings, subscriptions=(VISITS, EVENTS))


def with_engine(tmp_path: Path, work: Callable[[str, MixpanelServer], None]) -> None:
    """Run commands in a thread while the engine runs."""

    async def run() -> None:
        async with MixpanelServer() as mixpanel:
            await fill(settings_of(tmp_path, mixpanel), mixpanel, lambda engine: work(engine.url, mixpanel))

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)


def sees(*wanted: tuple[str, str], url: str) -> None:
    """Wait until these are listed."""
    waiting = threading.Event()
    for _ in range(400):
        if listed("--url", url) == list(wanted):
            return
        waiting.wait(0.02)
    assert listed("--url", url) == list(wanted)


def test_with_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/m_2/m-2b/" "$1"\n')
    editor.chmod(0o700)

    def work(url: str, mixpanel: MixpanelServer) -> None:
        assert listed("--url", url) == [("m-1", "uncertain"), ("m_2", "refused")]
        assert listed("--url", url, "--filter", "delivery:sent") == [("m-3", "sent")]
        assert listed("--url", url, "m_2") == [("m_2", "refused")]
        table = segtap("list", "--url", url).stdout.splitlines()
        assert table[0].split()[:3] == ["ID", "RECEIVED", "TYPE"]
        assert "'$insert_id' is invalid" in table[2]

        said = segtap("retry", "--url", url, "m-1")
        assert said.stderr == (
            "1 message of these may count twice, if Mixpanel has it already.\n1 message to be sent again.\n"
        )
        sees(("m_2", "refused"), url=url)
        assert list(mixpanel.profiles.values()) == [{"visits": 2}]

        said = segtap("retry", "--url", url, "m-3")
        assert said.return_value == 1 or said.exit_code == 1
        assert "is left as it is: Mixpanel has accepted it." in said.stderr

        monkeypatch.setenv("VISUAL", str(editor))
        said = segtap("edit", "--url", url, "m_2")
        assert said.stderr == "1 edited message sent.\n"
        for _ in range(400):
            if any(event["properties"]["$insert_id"] == "m-2b" for event in mixpanel.events):
                break
            threading.Event().wait(0.02)
        assert ("m-2b", "sent") in listed("--url", url, "--filter", "delivery:sent")

        said = segtap("drop", "--url", url, "--filter", "type:track", "--yes")
        assert said.stderr == "0 messages dropped.\n"

    with_engine(tmp_path, work)


def test_on_a_journal_without_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> Settings:
        async with MixpanelServer() as mixpanel:
            settings = settings_of(tmp_path, mixpanel)
            await fill(settings, mixpanel)
            return settings

    path = asyncio.run(run()).journal.path
    at: Sequence[str] = ("--journal", path)
    assert listed(*at) == [("m-1", "uncertain"), ("m_2", "refused")]
    said = segtap("drop", *at, "m-1")
    assert isinstance(said.exception, Exception)
    assert "--yes drops without a question" in str(said.exception)
    assert segtap("drop", *at, "--filter", "delivery:uncertain", "--yes").stderr == "1 message dropped.\n"
    assert listed(*at) == [("m_2", "refused")]
    said = segtap("retry", *at, "--filter", "event:*", "--format", "json")
    assert [json.loads(line)["changed"] for line in said.stdout.splitlines()] == [True]
    assert said.stderr.endswith("or segtap forward).\n")
    assert listed(*at) == [("m_2", "waiting")]
    assert segtap("retry", *at, "m-1").stderr.startswith("1 message to be sent again.")
    assert listed(*at) == [("m-1", "waiting"), ("m_2", "waiting")]
    assert "No editor is set" in str(segtap("edit", *at, "m-1").exception)
    monkeypatch.setenv("EDITOR", "true")
    assert "start one with segtap" in str(segtap("edit", *at, "m-1").exception)


def test_what_is_owed_to_a_route_that_was_taken_out_is_dropped(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")

    async def owe() -> None:
        kept = await stores.open(path)
        for routes in (("mirror",), ("files",), ("files:refused",)):
            await kept.receipts.append(msgspec.structs.replace(a_receipt(), routes=routes))
        await kept.close()

    asyncio.run(owe())
    at: Sequence[str] = ("--journal", path)
    assert "--yes drops without a question" in str(segtap("drop", *at, "--route", "mirror").exception)
    assert segtap("drop", *at, "--route", "mirror", "--yes").stderr == "1 request dropped.\n"
    said = segtap("drop", *at, "--route", "files", "--yes", "--format", "json")
    assert json.loads(said.stdout) == {"route": "files", "requests": 2}
    assert "Nothing is owed to a route mirror" in str(
        segtap("drop", *at, "--route", "mirror", "--yes").exception
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("retry",), "Name messages by their IDS"),
        (("drop", "--yes"), "Name messages by their IDS"),
        (("drop", "m-1", "--filter", "sent:yes"), "not both"),
        (("list", "--filter", "delivery:nonsense"), "nonsense"),
        (("retry", "m-1", "--journal", "missing.db"), "missing.db"),
    ],
)
def test_wrong_use_says_what_to_do(arguments: tuple[str, ...], words: str) -> None:
    said = segtap(*arguments)
    assert words in str(said.exception)
