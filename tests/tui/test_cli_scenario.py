"""`segtap record` and `segtap replay --expect`: regression tests of tracking, through the real command."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
from command_line import segtap
from engines import TOKEN, engine_settings, listed, post, running_engine, track

from segtap.core.api.client import Client
from segtap.core.commands.scenario import compare_scenario
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import Settings, SourceSettings

pytestmark = pytest.mark.usefixtures("own_folders")

ANONYMOUS = "8d1f2c1e-5d8e-4a53-9d3b-0d3d6f8a7b11"
ORDER = track("order-1", "Order Completed", anonymousId=ANONYMOUS, properties={"revenue": 59.8})
STOPPED = track("m-2", "Unwanted", integrations={"All": False})
REFUSED = {"type": "track", "event": "Without a user", "messageId": "m-3"}
SETTINGS = """
[destination]
source_name = "Web"
[[transformations]]
name = "Rename orders"
if = "event = 'Order Completed'"
newEventName = "Purchase Done"
"""
SAME = SETTINGS.partition("[[")[0]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine with a batch, a copy, and a record of Mixpanel's own SDK."""
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await fill(engine, client)
        yield engine


async def fill(engine: Engine, client: Client) -> None:
    await post(engine.url, ORDER, STOPPED, REFUSED)
    await post(engine.url, ORDER)
    record = {"event": "Seen", "properties": {"token": TOKEN, "$insert_id": "i-123456", "distinct_id": "u"}}
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.post(f"{engine.url}/track", json=[record])
    await listed(client, 5)


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def run(*arguments: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(segtap, *arguments)
    return done.returncode, done.stdout, done.stderr


async def test_a_scenario_of_a_live_engine_is_compared_without_one(engine: Engine, tmp_path: Path) -> None:
    Path("segtap.toml").write_text(SAME)
    status, stdout, stderr = await run("record", "one", "--url", engine.url)
    assert (status, stdout) == (0, "")
    assert stderr == "5 messages recorded in one.jsonl. To compare: segtap replay one.jsonl --expect\n"
    order, stopped, refused, copy, record = lines_of(tmp_path / "one.jsonl")
    assert order["message"]["messageId"] == copy["message"]["messageId"] == "{id:1}"
    assert order["expect"][0]["body"][0]["properties"]["$insert_id"] == "{id:1}"
    assert [one["expect"] for one in (stopped, refused, copy)] == [[], [], []]
    assert record["expect"][0]["body"] == record["message"]["record"]
    assert record["message"]["record"]["properties"]["token"] == "{token}"
    text = (tmp_path / "one.jsonl").read_text()
    assert [secret for secret in (TOKEN, ANONYMOUS, "order-1", "i-123456") if secret in text] == []
    assert await run("replay", "one.jsonl", "--expect") == (0, "", "5 messages: all as recorded.\n")


async def test_a_changed_mapping_is_shown_and_accepted(engine: Engine, tmp_path: Path) -> None:
    Path("segtap.toml").write_text(SAME)
    await run("record", "one", "--url", engine.url)
    path = tmp_path / "one.jsonl"
    before = path.read_bytes().splitlines()
    Path("segtap.toml").write_text(SETTINGS)
    status, stdout, stderr = await run("replay", "one.jsonl", "--expect")
    assert (status, stderr) == (1, "5 messages: 1 changed, 4 as recorded.\n")
    assert stdout.splitlines()[0].startswith("line 1: track Order Completed, +0.")
    assert "requests[0].body[0].event" in stdout
    assert '    - "Order Completed"\n    + "Purchase Done"\n' in stdout
    assert path.read_bytes().splitlines() == before
    status, stdout, stderr = await run("replay", "one.jsonl", "--expect", "--format", "github")
    assert (status, stderr) == (1, "5 messages: 1 changed, 4 as recorded.\n")
    renamed = [line for line in stdout.splitlines() if "body[0].event " in line]
    assert [line.partition("::track")[0] for line in renamed] == [
        "::error file=one.jsonl,line=1,title=scenario"
    ]
    assert 'requests[0].body[0].event was "Order Completed", and is "Purchase Done"' in renamed[0]
    status, stdout, _ = await run("replay", "one.jsonl", "--expect", "--format", "junit")
    suite = ElementTree.fromstring(stdout.split("\n", 1)[1])
    assert (suite.attrib["name"], suite.attrib["tests"], suite.attrib["failures"]) == (
        "segtap replay --expect",
        "5",
        "1",
    )
    assert suite[0][0].find("failure").attrib["type"] == "scenario"
    assert [len(case) for case in suite[0]][1:] == [0, 0, 0, 0]
    status, stdout, stderr = await run("replay", "one.jsonl", "--expect", "--update")
    assert (status, stderr) == (0, "5 messages: 1 updated in one.jsonl, 4 as recorded.\n")
    after = path.read_bytes().splitlines()
    assert after[1:] == before[1:]
    assert b"Purchase Done" in after[0]
    assert b"Purchase Done" not in before[0]
    assert await run("replay", "one.jsonl", "--expect") == (0, "", "5 messages: all as recorded.\n")


async def test_a_journal_without_an_engine_and_a_filter(tmp_path: Path) -> None:
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        await fill(engine, client)
    status, stdout, stderr = await run(
        "record", "-", "--journal", "journal.db", "--filter", "Order", "--count", "1"
    )
    (line,) = stdout.splitlines()
    assert (status, json.loads(line)["message"]["event"]) == (0, "Order Completed")
    assert "Those of this folder differ" in stderr
    assert (await run("record", "no", "--journal", "journal.db", "--filter", "Nothing"))[0] == 1
    assert not Path("no.jsonl").exists()


@pytest.mark.parametrize("blocked", [None, ("Order Completed",)])
async def test_settings_of_sources_that_a_scenario_leaves_out_are_named(
    tmp_path: Path, blocked: tuple[str, ...] | None
) -> None:
    source = SourceSettings(name="web", write_keys=("wk",), color="cyan", blocked_events=blocked)
    settings = msgspec.structs.replace(engine_settings(tmp_path), sources=(source,))
    async with running_engine(settings) as (engine, client):
        await fill(engine, client)
        status, _, stderr = await run("record", "-", "--url", engine.url)
    assert (status, "[[sources]] have settings of their own" in stderr) == (0, blocked is not None)


async def test_a_file_that_is_there_is_kept_without_force(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text("mine\n")
    status, _, stderr = await run("record", "one.jsonl", "--url", engine.url)
    assert (status, path.read_text()) == (2, "mine\n")
    assert "--force" in stderr
    assert (await run("record", "one", "--url", engine.url, "--force"))[0] == 0
    assert len(lines_of(path)) == 5
    assert [one.name for one in tmp_path.iterdir() if "jsonl" in one.name] == ["one.jsonl"]
    status, _, stderr = await run("record", "missing/one", "--url", engine.url)
    assert (status, "cannot be written" in stderr) == (2, True)


async def test_a_scenario_is_sent_with_new_ids_and_the_times_of_now(engine: Engine, tmp_path: Path) -> None:
    await run("record", "one", "--url", engine.url)
    status, _, stderr = await run("replay", "one.jsonl", "--url", engine.url, "--pace", "now")
    assert (status, stderr.splitlines()[-1]) == (0, "5 messages replayed.")
    async with Client(engine.url, engine.token) as client:
        again = (await listed(client, 10))[5:]
        details = [await client.detail(line.id) for line in again]
    ids = [line.message_id for line in again]
    assert (len(set(ids)), ids[0] == ids[3]) == (4, True)
    assert not {"order-1", "{id:1}"} & set(ids)
    assert b"{" + b"anonymous" not in b"".join(detail.original for detail in details)
    assert TOKEN.encode() in details[-1].original


def test_what_is_no_scenario_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    good = '{"at_ms":0,"message":{"type":"track","event":"E","userId":"u"},"expect":[]}\n'
    for bad, words in (
        ('{"type":"track","event":"E","userId":"u"}\n', "not a line of a scenario"),
        ("\x00\xff nonsense\n", "not a line of a scenario"),
        ('{"at_ms":"0","message":{},"expect":[]}\n', "at_ms has to be a number"),
        ('{"at_ms":0,"message":{"timestamp":"{-99999999999999ms}"},"expect":[]}\n', "not in any calendar"),
    ):
        path = tmp_path / "some.jsonl"
        path.write_text(f"{good}\n{bad}", encoding="latin-1")
        before = path.read_bytes()
        for option in ("--expect", "--update"):
            done = segtap("replay", "some.jsonl", option)
            assert (done.returncode, "Line 3: " in done.stderr, words in done.stderr) == (2, True, True)
        assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["some.jsonl"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--expect",),
        ("missing.jsonl", "--expect"),
        ("-", "--update"),
        ("some.jsonl", "--expect", "--url", "http://127.0.0.1:1"),
        ("--filter", "a", "--expect"),
        ("some.jsonl", "--format", "json"),
        ("some.jsonl", "--expect", "--pace", "2x"),
        ("empty.jsonl", "--expect"),
    ],
)
def test_wrong_use_ends_with_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text('{"type":"track"}\n')
    (tmp_path / "empty.jsonl").write_text("\n\n")
    done = segtap("replay", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_a_request_that_is_lost_says_why(tmp_path: Path) -> None:
    line = {"at_ms": 0, "message": REFUSED, "expect": [{"method": "POST"}]}
    done = segtap("replay", "-", "--expect", given=json.dumps(line))
    assert done.returncode == 1
    assert "no request is made any more: Segment would reject this" in done.stdout
    shown = segtap("replay", "-", "--expect", "--format", "json", given=json.dumps(line))
    first, summary = map(json.loads, shown.stdout.splitlines())
    assert first["differences"] == [{"path": "requests[0]", "state": "removed", "was": {"method": "POST"}}]
    assert summary == {"summary": {"messages": 1, "changed": 1, "updated": False}}


def test_long_texts_show_where_they_differ(tmp_path: Path) -> None:
    message = {"type": "track", "event": "E" * 200 + "new", "userId": "u"}
    line = {"at_ms": 0, "message": message, "expect": []}
    Path("one.jsonl").write_text(json.dumps(line))
    segtap("replay", "one.jsonl", "--update")
    line = lines_of(Path("one.jsonl"))[0]
    line["expect"][0]["body"][0]["event"] = "E" * 200 + "old"
    done = segtap("replay", "-", "--expect", given=json.dumps(line))
    assert done.returncode == 1
    assert 'Eold"\n' in done.stdout
    assert 'Enew"\n' in done.stdout


def test_other_commands_read_a_scenario(tmp_path: Path) -> None:
    line = {"at_ms": 0, "message": {**ORDER, "messageId": "{id:1}", "timestamp": "{+0ms}"}, "expect": []}
    (made,) = segtap("translate", "-", given=json.dumps(line)).stdout.splitlines()
    request = json.loads(made)["requests"][0]
    assert request["body"][0]["properties"]["time"] == 1_767_225_600_000
    assert segtap("check", "-", given=json.dumps(line)).returncode == 0


def test_a_large_file_is_compared_in_flat_memory() -> None:
    def lines(count: int) -> Any:
        for number in range(1, count + 1):
            yield (
                b'{"at_ms":%d,"message":{"type":"track","event":"E %d","userId":"u","messageId":"{id:%d}"},'
                b'"expect":[]}\n' % (number, number, number)
            )

    def peak(count: int) -> int:
        tracemalloc.start()
        changed = sum(bool(one.differences) for one in compare_scenario(lines(count), Settings()))  # pyright: ignore[reportAttributeAccessIssue]
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert changed == count
        return most

    peak(50)
    assert peak(1_000) - peak(300) < 300_000
