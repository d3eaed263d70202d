"""`segtap plan diff` and `segtap plan export`: files, journals, exit statuses."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from command_line import run
from engines import engine_settings, listed, post, track

from segtap.core.api.client import Client
from segtap.core.engine.lifecycle import Engine

pytestmark = pytest.mark.usefixtures("own_folders")


async def test_a_plan_a_file_and_a_journal_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    messages = [
        track("m-1", "Ordered", properties={"total": 1}),
        track("m-2", "Ordered", properties={"total": 2}),
    ]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, messages)))
    async with Engine(engine_settings(tmp_path)) as engine, Client(engine.url, engine.token) as client:
        await post(engine.url, messages[0], track("m-3", "Left"))
        await listed(client, 2)
    assert await asyncio.to_thread(run, "plan", "infer", "a.jsonl", "-o", "plan.json") == 0
    assert await asyncio.to_thread(run, "plan", "diff", "plan.json", "a.jsonl") == 0
    capsys.readouterr()
    assert await asyncio.to_thread(run, "plan", "diff", "plan.json", "journal.db") == 1
    assert capsys.readouterr().out.splitlines() == ["track Left", "  + the whole event  0 properties"]
    assert await asyncio.to_thread(run, "plan", "diff", "journal.db", "a.jsonl", "--format", "json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "rule": "track Left",
        "property": "",
        "what": "removed",
        "one": "0 properties",
        "other": "",
    }
    assert "1 difference from journal.db to a.jsonl." in err


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="a shell's <(command) is a file below /dev/fd")
def test_pipes_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.dumps(track("m-1", "Ordered", properties={"total": 1})).encode()
    Path("a.jsonl").write_bytes(data)
    ours, theirs = os.pipe()
    os.write(theirs, data)
    os.close(theirs)
    assert run("plan", "diff", "a.jsonl", f"/dev/fd/{ours}") == 0
    os.close(ours)
    assert "0 differences" in capsys.readouterr().err


def test_what_is_neither_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.txt").write_text("what")
    Path("empty").touch()
    for case in (("a.txt", "a.txt"), ("empty", "empty"), ("missing", "a.txt")):
        assert run("plan", "diff", *case) == 2
    assert run("plan", "export", "a.txt", "--lexicon") == 2
    assert capsys.readouterr().out == ""


def test_lexicon_is_written_into_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.jsonl").write_text(json.dumps(track("m-1", "Ordered", properties={"total": 1})))
    assert run("plan", "infer", "a.jsonl", "-o", "plan.json") == 0
    assert run("plan", "export", "plan.json", "--lexicon", "-o", "lexicon.json") == 0
    entries = json.loads(Path("lexicon.json").read_text())["entries"]
    assert [(one["entityType"], one["name"]) for one in entries] == [("event", "Ordered")]
    assert run("plan", "export", "plan.json", "--lexicon", "-o", "lexicon.json") == 2
    assert run("plan", "export", "plan.json") == 2
    assert "lexicon" in capsys.readouterr().err
