"""The examples of core/api/README.md, run as they stand there."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from engines import engine_settings, isolate, post, running_engine, track

from segtap.core import errors
from segtap.core.engine.lifecycle import Engine

PAGE = (Path(__file__).parents[3] / "core" / "api" / "README.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """The block of the page that holds the word."""
    (found,) = (one for one in re.findall(rf"```{language}\n(.+?)```", PAGE, re.S) if word in one)
    return found


@pytest.fixture
async def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    isolate(tmp_path, monkeypatch.setenv)
    async with running_engine(engine_settings(tmp_path)) as (engine, _):
        wrong = {**track("m-1", "Order Completed"), "userId": "undefined"}
        await post(engine.url, wrong, {"type": "identify", "userId": "user-7", "messageId": "m-2"})
        await engine.indexed()
        yield engine


async def run(code: str) -> str:
    """What an example prints, run in a thread as a script would."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        await asyncio.to_thread(exec, compile(code, "README.md", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


async def test_a_script_reads_what_is_wrong(engine: Engine) -> None:
    printed = await run(block("python", "client.detail"))
    assert printed.startswith("2 messages received, forwarding is off\n")
    assert "\nOrder Completed: placeholder-user-id at $.userId: leave userId out until" in printed


async def test_asyncio_watches(engine: Engine) -> None:
    watching = asyncio.create_task(run(block("python", "async def watch")))
    number = 3
    while not watching.done():
        await post(engine.url, track(f"m-{number}"))
        number += 1
        await asyncio.wait({watching}, timeout=0.2)
    assert re.fullmatch(r"track Signed Up \d errors\n", await watching)


async def test_lines_are_read(engine: Engine) -> None:
    assert await run(block("python", "client.export")) == "['user-7']\n"


async def test_errors_say_what_to_do(engine: Engine) -> None:
    printed = await run(block("python", "except Unmet"))
    assert "evnt" in printed
    assert "Did you mean" in printed or "event" in printed
    for name in re.findall(r"^\| `(\w+)`", PAGE, re.M):
        assert name == "Unmet" or issubclass(getattr(errors, name), errors.SegtapError)


async def test_curl_reads_the_description(engine: Engine, tmp_path: Path) -> None:
    script = block("sh", "openapi.json").replace("http://127.0.0.1:8765", engine.url)
    done = await asyncio.to_thread(
        subprocess.run, ["bash", "-euc", script], cwd=tmp_path, capture_output=True, check=True
    )
    assert json.loads((tmp_path / "openapi.json").read_bytes())["openapi"] == "3.1.0"
    assert [one[3] for one in json.loads(done.stdout)["summaries"]] == ["Order Completed"]
