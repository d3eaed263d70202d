"""`segtap expect` through the real command, on an engine that runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from command_line import segtap, use_own_folders
from engines import engine_settings, post, track

from segtap.core.engine.lifecycle import Engine
from segtap.core.settings import Secret

FILTER = 'event:"Order Completed" properties.total=12'


@pytest.fixture
async def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    use_own_folders(tmp_path, monkeypatch)
    monkeypatch.setenv("TT", "token-of-the-tests")
    settings = engine_settings(tmp_path, test_token_env="TT", test_token=Secret("token-of-the-tests"))
    async with Engine(settings) as engine:
        for number, total in enumerate((12, 12, "12"), 1):
            order = track(f"order-{number}", "Order Completed", properties={"total": total})
            await post(engine.url, order)
        await engine.indexed()
        yield engine


async def run(*arguments: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(segtap, "expect", *arguments)
    return done.returncode, done.stdout, done.stderr


async def test_expect(engine: Engine) -> None:
    short = ("--within", "50ms")
    assert await run(FILTER) == (0, "2 messages match\n", "")
    assert await run(FILTER, "--count", "2", "--exact", *short) == (0, "2 messages match\n", "")
    said = (1, '2 of 3: the third has total "12" (text)\n', "")
    assert await run(FILTER, "--count", "3", *short) == said
    assert await run(FILTER, "--count", "3", "--within", "0", "--url", engine.url) == said
    assert await run(FILTER, "--count", "3", "--test-token-env", "TT", "--url", engine.url, *short) == said
    status, stdout, _ = await run("event:Order*", "--none", *short)
    assert (status, stdout[:33]) == (1, "3 messages match, none expected: ")
    assert await run("event:Nothing", "--none", *short) == (0, "0 messages match\n", "")
    assert (await run("event:Nothing", *short))[:2] == (1, "0 of 1: no other message comes near\n")


async def test_the_token_may_stand_in_a_file(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("token-of-the-tests\n")
    monkeypatch.setenv("MOUNTED_FILE", str(tmp_path / "token"))
    asked = ("event:Order*", "--url", engine.url, "--test-token-env", "MOUNTED")
    assert await run(*asked) == (0, "3 messages match\n", "")


async def test_a_misspelled_event_is_named(engine: Engine) -> None:
    status, stdout, stderr = await run('event:"Order Complete"', "--within", "0s")
    assert (status, stdout) == (1, '0 of 1: the first has event "Order Completed"\n')
    assert stderr.splitlines() == [
        f'order-{number}: event:"Order Complete": has event "Order Completed"' for number in (2, 3)
    ]


async def test_json(engine: Engine) -> None:
    status, stdout, _ = await run(FILTER, "--count", "3", "--within", "0s", "--format", "json")
    answer: dict[str, Any] = json.loads(stdout)
    assert (status, answer["met"], len(answer["messages"])) == (1, False, 2)
    failed = 'properties.total=12: has total "12" (text)'
    assert answer["near"] == [{"messageId": "order-3", "failed": failed}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument 'FILTER'"),
        (("typ:track",), "type:"),
        (("type:track", "--within", "soon"), "'soon' is not a time; write 10s, 500ms or 2m."),
        (("type:track", "--within", "1000m"), "10m is the longest."),
        (("type:track", "--count", "0"), "--count"),
        (("type:track", "--none", "--count", "2"), "--none goes with neither --count nor --exact"),
        (("type:track", "--url", "http://127.0.0.1:9"), "No segtap"),
        (("type:track", "--test-token-env", "TT"), "--test-token-env needs the --url"),
        (("type:track", "--test-token-env", "NO", "--url", "x"), "NO, which is not set"),
    ],
)
def test_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    use_own_folders(tmp_path, monkeypatch)
    done = segtap("expect", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
