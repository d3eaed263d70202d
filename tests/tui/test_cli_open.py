"""`segtap open`: exports come back, broken lines are named, and a run goes on where one ended."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from engines import engine_settings, listed, post, track

from segtap.core.api.client import Client
from segtap.core.api.models import Summary
from segtap.core.commands.open_files import ReadFile, journal_settings, read_files
from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import Settings

pytestmark = pytest.mark.usefixtures("own_folders")

AT = "2026-11-24T21:57:0{}.000Z"


def archived(number: int) -> dict[str, Any]:
    return track(f"m-{number}", timestamp=AT.format(number % 10), receivedAt=AT.format(number % 10))


def write(name: str, count: int) -> Path:
    Path(name).write_text("".join(json.dumps(archived(number)) + "\n" for number in range(count)))
    return Path(name)


async def lines_of(journal: Path, count: int) -> tuple[Summary, ...]:
    settings = engine_settings(journal.parent)
    settings = Settings(
        destination=settings.destination, ingest=settings.ingest, journal=journal_settings(str(journal))
    )
    async with Engine(settings) as engine, Client(engine.url, engine.token) as client:
        return await listed(client, count)


async def test_messages_are_listed_as_received_then_and_never_owed(tmp_path: Path) -> None:
    write("a.jsonl", 12)
    journal = tmp_path / "opened.db"
    assert await asyncio.to_thread(run, "open", "a.jsonl", "--journal", str(journal), "--format", "json") == 0
    summaries = await lines_of(journal, 12)
    assert [line.message_id for line in summaries] == [f"m-{number}" for number in range(12)]
    assert summaries[3].received_at == 1_795_557_423_000
    assert {str(line.delivery) for line in summaries} == {"off"}
    assert {line.marks for line in summaries} == {0}


@pytest.mark.parametrize("shape", ["jsonl", "har", "segment-archive", "mixpanel"])
async def test_an_export_comes_back(shape: str, tmp_path: Path) -> None:
    async with Engine(engine_settings(tmp_path)) as engine, Client(engine.url, engine.token) as client:
        await post(engine.url, track("m-1", properties={"total": 3}), track("m-2"))
        await listed(client, 2)
        export = ("export", "--url", engine.url, "--format")
        await asyncio.to_thread(run, *export, shape, "-o", "exported")
        await asyncio.to_thread(run, *export, "jsonl", "-o", "before")
    again = tmp_path / "again.db"
    assert await asyncio.to_thread(run, "open", "exported", "--journal", str(again)) == 0
    await asyncio.to_thread(run, "export", "--journal", str(again), "--format", "jsonl", "-o", "after")
    before = [json.loads(line) for line in Path("before").read_text().splitlines()]
    after = [json.loads(line) for line in Path("after").read_text().splitlines()]
    if shape == "mixpanel":
        assert [one["record"]["properties"]["$insert_id"] for one in after] == ["m-1", "m-2"]
    else:
        assert after == before


def test_a_report_tells_what_was_read_and_what_was_not(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps(archived(1)), "{", *["what"] * 20, json.dumps(archived(2))]
    Path("a.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    assert run("open", "a.gz", "--format", "json") == 1
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert (report["file"], report["messages"], report["requests"], report["broken"]) == ("a.gz", 2, 2, 21)
    assert report["faults"][0]["line"] == 2
    assert (report["first"], report["last"]) == (1_795_557_421_000, 1_795_557_422_000)
    assert "a.gz, line 2: " in err
    assert "and 11 more lines that are not messages" in err
    assert run("open", "a.gz") == 1
    assert "a.gz: 2 messages in 2 requests; received 20" in capsys.readouterr().out


def test_files_of_other_kinds_are_named_as_a_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    table.write_text("event,userId\nSigned Up,u-1\nSigned Up,u-2\n")
    assert run("open", str(table)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{table}: none of its 3 lines is a message (line 1: not JSON")
    journal = tmp_path / "journal.db"
    journal.write_bytes(b"SQLite format 3\0" + b"\n\x01\x02" * 100)
    assert run("open", str(journal)) == 1
    assert capsys.readouterr().err == (
        f"{journal}: this is a database. To see a journal of segtap: segtap --journal {journal}\n"
    )


def test_stdin_is_a_file_and_an_empty_one_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(archived(1)).encode())))
    Path("empty").touch()
    assert run("open", "-", "empty", "--format", "json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["file"], one["messages"]) for one in found] == [("stdin", 1), ("empty", 0)]
    assert run("open", "missing") == 2


def test_a_file_that_ends_too_early_keeps_what_comes_before(capsys: pytest.CaptureFixture[str]) -> None:
    data = gzip.compress(write("a", 500).read_bytes())
    Path("a.gz").write_bytes(data[: len(data) // 2])
    assert run("open", "a.gz", "--format", "json") == 1
    out, err = capsys.readouterr()
    assert 0 < json.loads(out)["messages"] < 500
    assert "the compressed data ends too early; what was read before stays" in err


async def test_a_run_that_was_interrupted_goes_on_without_doubles(tmp_path: Path) -> None:
    path, journal = write("a.jsonl", 5_000), tmp_path / "opened.db"

    def interrupt(file: ReadFile) -> None:
        if file.messages > 1_000:
            raise KeyboardInterrupt

    with path.open("rb") as file, pytest.raises(KeyboardInterrupt):
        await read_files([("a.jsonl", file)], str(journal), progress=interrupt)
    with path.open("rb") as file:
        (second,) = await read_files([("renamed", file)], str(journal))
    assert 1_000 < second.before.values < 5_000
    assert second.before.values + second.messages == 5_000
    with path.open("a") as more:
        more.write(json.dumps(archived(5_000)) + "\n")
    with path.open("rb") as file:
        (third,) = await read_files([("a.jsonl", file)], str(journal))
    assert third.messages == 1
    with path.open("rb") as file:
        (fourth,) = await read_files([("a.jsonl", file)], str(journal))
    assert fourth.messages == 0
    await asyncio.to_thread(run, "export", "--journal", str(journal), "--output", "out")
    ids = [json.loads(line)["messageId"] for line in Path("out").read_text().splitlines()]
    assert ids == [f"m-{number}" for number in range(5_001)]


async def test_a_journal_of_an_engine_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a.jsonl", 1)
    journal = tmp_path / "journal.db"
    async with Engine(engine_settings(tmp_path)) as engine, Client(engine.url, engine.token) as client:
        await post(engine.url, track("m-1"))
        await listed(client, 1)
        assert await asyncio.to_thread(run, "open", "a.jsonl", "--journal", str(journal)) == 2
    assert await asyncio.to_thread(run, "open", "a.jsonl", "--journal", str(journal)) == 2
    assert "holds messages that an engine received" in capsys.readouterr().err
