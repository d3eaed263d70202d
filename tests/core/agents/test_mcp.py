"""`segtap mcp` as an agent's program uses it: the SDK's own client, over stdio, on an engine that runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import segment.analytics as segment
from command_line import segtap, use_own_folders
from engines import API_SECRET, engine_settings, listed, post, running_engine, track
from mcp import Client, StdioServerParameters, stdio_client
from msgspec.structs import replace

from segtap.core import Client as EngineClient
from segtap.core.agents.server import server_of
from segtap.core.agents.session import Session
from segtap.core.agents.tools import TOOLS
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import Settings

COMMAND = [sys.executable, "-m", "segtap.tui", "mcp"]
READING = [tool.name for tool in TOOLS if not tool.changes]
CHANGING = ["replay", "set_forwarding"]
WRONG = {"type": "track", "event": "Order Completed", "userId": "undefined", "messageId": "m-wrong"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    use_own_folders(tmp_path, monkeypatch)
    return engine_settings(tmp_path)


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[tuple[Engine, EngineClient]]:
    async with running_engine(settings) as running:
        yield running


def over_stdio(folder: Path, *options: str) -> Client:
    """The SDK's client of the command, which runs in a process of its own."""
    start = StdioServerParameters(
        command=COMMAND[0],
        args=[*COMMAND[1:], *options],
        env={"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")},
        cwd=str(folder),
    )
    return Client(stdio_client(start))


@contextlib.asynccontextmanager
async def in_memory(
    settings: Settings, *, changes: bool = False, fixed: bool = False
) -> AsyncIterator[Client]:
    """The SDK's client of a server within this process."""
    session = Session(settings, fixed=fixed)
    try:
        async with Client(server_of(session, changes=changes)) as agent:
            yield agent
    finally:
        await session.close()


async def call(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    """The answer of a tool, which is the same as structure and as text."""
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refused(client: Client, name: str, **arguments: Any) -> str:
    """The text of a tool's error."""
    result = await client.call_tool(name, arguments)
    assert result.is_error
    return result.content[0].text


def send(url: str, user: str) -> None:
    """What the agent's code does, with Segment's own SDK."""
    sdk = segment.Client("wk", host=url, sync_mode=True)
    sdk.track(user, "Order Completed", {"order_id": "o-1", "total": 12})


async def test_an_agent_sees_its_mistake_corrects_it_and_sees_that_it_is_right(
    engine: tuple[Engine, EngineClient], tmp_path: Path
) -> None:
    url = engine[0].url
    async with over_stdio(tmp_path) as agent:
        assert [tool.name for tool in (await agent.list_tools()).tools] == READING
        assert (await call(agent, "state"))["send_to"] == url
        await asyncio.to_thread(send, url, "undefined")
        (wrong,) = (await call(agent, "wait_for", filter='event:"Order Completed"'))["messages"]
        (mistake,) = [one for one in wrong["findings"] if one["severity"] == "error"]
        assert (mistake["rule"], mistake["path"]) == ("placeholder-user-id", "$.userId")
        assert "leave userId out" in mistake["fix"]
        assert (await call(agent, "explain", rule=mistake["rule"]))["why"]
        await asyncio.to_thread(send, url, "user-7")
        right = await call(agent, "wait_for", filter='event:"Order Completed"')
        assert right["met"]
        assert [one["user"] for one in right["messages"]] == ["user-7"]
        assert not [one for one in right["messages"][0]["findings"] if one["severity"] == "error"]
        assert right["messages"][0]["requests"] == ["POST https://api.mixpanel.com/import?strict=1"]
        for name in CHANGING:
            assert "segtap mcp --allow-changes" in await refused(agent, name, ids=[1])


async def test_each_tool_answers(engine: tuple[Engine, EngineClient], settings: Settings) -> None:
    running, viewer = engine
    await post(running.url, track("m-1"), WRONG, {"type": "identify", "userId": "user-7", "messageId": "m-2"})
    *_, last = await listed(viewer, 3)
    async with in_memory(settings, changes=True) as agent:
        assert [tool.name for tool in (await agent.list_tools()).tools] == [*READING, *CHANGING]
        state = await call(agent, "state")
        assert (state["received"], state["forwarding"], state["deliveries"]) == (
            3,
            False,
            {"none": 1, "off": 2},
        )
        found = await call(agent, "list_messages", filter="type:track", limit=1)
        assert [line["messageId"] for line in found["messages"]] == ["m-wrong"]
        assert found["more"]
        earlier = await call(agent, "list_messages", before=found["messages"][0]["id"])
        assert [line["messageId"] for line in earlier["messages"]] == ["m-1"]
        whole = await call(agent, "message", id="m-wrong")
        assert whole == await call(agent, "message", id=whole["id"])
        assert whole == await call(agent, "message", id=str(whole["id"]))
        assert whole["message"]["userId"] == "undefined"
        assert whole["requests"][0]["authorization"] == "Basic ••••"
        assert whole["findings"][0]["rule"] == "placeholder-user-id"
        (made,) = (await call(agent, "translate", message=WRONG))["messages"]
        assert made["requests"][0]["body"][0]["event"] == "Order Completed"
        checked = await call(agent, "check", message=json.dumps(WRONG))
        assert checked["settings"] == f"the engine at {running.url}"
        assert checked["messages"][0]["findings"][0]["rule"] == "placeholder-user-id"
        user = await call(agent, "user", id="user-7")
        assert (user["distinct_id"], len(user["recent"])) == ("user-7", 2)
        assert (await call(agent, "user", id="nobody"))["found"] is False
        assert await call(agent, "replay", ids=[last.id]) == {"replayed": 1}
        assert "the journal" in await refused(agent, "replay", ids=[1])
        assert (await call(agent, "set_forwarding", on=True))["forwarding"] is True
        assert (await call(agent, "set_forwarding", on=False))["forwarding"] is False


async def test_a_wait_returns_a_message_once_and_says_what_almost_matched(
    engine: tuple[Engine, EngineClient], settings: Settings
) -> None:
    running, viewer = engine
    await post(running.url, track("before"))
    (before,) = await listed(viewer, 1)
    await asyncio.sleep(0.002)  # the session starts a millisecond later
    async with in_memory(settings) as agent:
        asked = call(agent, "wait_for", filter="type:track properties.total=12", count=2)
        first = asyncio.create_task(asked)
        await post(running.url, track("m-1", properties={"total": 12}))
        other = track("m-3", properties={"total": "12"})
        await post(running.url, track("m-2", properties={"total": 12}), other)
        assert [one["messageId"] for one in (await first)["messages"]] == ["m-1", "m-2"]
        again = await call(agent, "wait_for", filter="properties.total=12", timeout=0.2)
        assert (again["met"], again["messages"]) == (False, [])
        assert {"messageId": "m-3", "failed": 'properties.total=12: has total "12" (text)'} in again["near"]
        every = await call(agent, "wait_for", filter="type:track", count=2, after=before.id)
        assert [one["messageId"] for one in every["messages"]] == ["m-1", "m-2"]
        none = await call(agent, "wait_for", filter="id:before", timeout=0)
        assert none["met"] is False
        await post(running.url, track("m-4"))
        await listed(viewer, 5)
        assert (await call(agent, "wait_for", filter="id:m-4", timeout=0))["met"]
        waiting = asyncio.create_task(refused(agent, "wait_for", filter="event:nothing", timeout=60))
        while not running.parts.feed.viewers:  # noqa: ASYNC110 – nothing announces it
            await asyncio.sleep(0.005)
        await running.stop()
        assert "Start " in await waiting


async def test_faults_name_the_place_and_large_values_their_size(
    engine: tuple[Engine, EngineClient], settings: Settings
) -> None:
    running, viewer = engine
    large = {"text": "\x1b[31mred\u202e" + "x" * 50_000, "list": list(range(5_000)), "secret": API_SECRET}
    await post(running.url, track("m-1", properties=large))
    await listed(viewer, 1)
    async with in_memory(settings) as agent:
        for name, more in (("list_messages", {}), ("wait_for", {"timeout": 0})):
            said = await refused(agent, name, filter="evnt:x", **more)
            assert "Try: event:x\nevnt:x\n^^^^^" in said
        whole = await call(agent, "message", id="m-1")
        text = json.dumps(whole, ensure_ascii=False)
        assert len(text) < 24_000
        assert API_SECRET not in text
        assert not set("\x1b\u202e") & set(text)
        assert whole["message"]["properties"]["text"].startswith("␛[31mred⟨U+202E⟩x")
        assert "characters)" in whole["message"]["properties"]["text"]
        assert whole["message"]["properties"]["list"][-1].endswith("more")
        assert "KB in full" in whole["message_cut"]
        assert "unknown field `idx`" in await refused(agent, "message", idx=1)
        assert "more than 50" in await refused(agent, "check", message=[WRONG] * 51)
        (made,) = (await call(agent, "translate", message=WRONG | {"userId": API_SECRET}))["messages"]
        assert API_SECRET not in json.dumps(made)


async def test_messages_are_judged_by_settings_that_were_named(
    engine: tuple[Engine, EngineClient], settings: Settings
) -> None:
    other = replace(
        settings, destination=replace(settings.destination, kind="classic-cloud"), origin="other.toml"
    )
    for fixed, whose, path in (
        (True, "other.toml", "/track"),
        (False, f"the engine at {engine[0].url}", "/import?strict=1"),
    ):
        async with in_memory(other, fixed=fixed) as agent:
            made = await call(agent, "translate", message=WRONG)
            assert made["settings"] == whose
            assert made["messages"][0]["requests"][0]["url"].endswith(path)


async def test_without_an_engine_messages_are_still_judged(settings: Settings) -> None:
    async with in_memory(settings, changes=True) as agent:
        assert (await call(agent, "check", message=[WRONG, WRONG]))["messages"][1]["findings"]
        assert (await call(agent, "translate", message=WRONG))["settings"] == "defaults"
        assert (await call(agent, "explain", rule="number-as-text"))["fix"]
        assert "no rule" in await refused(agent, "explain", rule="nosuch")
        unread = await call(agent, "check", message="hello")
        assert unread["messages"] == [{"error": "not JSON: expecting value at byte 0"}]
        for name, arguments in (
            ("state", {}),
            ("list_messages", {}),
            ("message", {"id": 1}),
            ("user", {"id": "u"}),
            ("wait_for", {"filter": ""}),
            ("replay", {"ids": [1]}),
            ("set_forwarding", {"on": True}),
        ):
            assert "Start one, and leave it running: segtap tail" in await refused(agent, name, **arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to one process there")
def test_an_interrupt_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of the SDK waits for stdin, which would otherwise go on."""
    use_own_folders(tmp_path, monkeypatch)
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == -signal.SIGINT


def test_stdout_carries_the_protocol_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_folders(tmp_path, monkeypatch)
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "state", "arguments": {}}},
    ]
    given = "nonsense\n" + "".join(json.dumps(line) + "\n" for line in lines)
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(given)
        process.stdin.flush()
        said: list[Any] = []
        while not any(one.get("id") == 2 for one in said):
            said.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()
        assert process.wait(10) == 0
    assert all(one["jsonrpc"] == "2.0" for one in said)


def test_without_the_package_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_folders(tmp_path, monkeypatch)
    monkeypatch.setitem(sys.modules, "mcp.server.stdio", None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the test's own process keeps its handler
    done = segtap("mcp")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'segtap[mcp]'" in done.stderr


def test_the_page_for_agents_names_every_tool() -> None:
    page = segtap("help", "agents").stdout
    for tool in TOOLS:
        assert f"- `{tool.name}`: {tool.text}" in page
    assert page.count("\n**") == 3  # the recipes
