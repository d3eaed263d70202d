"""The log must never hold the engine: neither a reader that has stopped nor one that has gone away."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from segtap.core.engine import log
from segtap.core.engine.log import BackgroundHandler
from segtap.core.masks import Masks


@pytest.fixture
def pipe() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """The end to read from, and the stream to write to."""
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:
        yield reading, stream


def record(number: int) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "segtap.core.x", "msg": f"line {number} {'x' * 200}", "n": number})


def lines(data: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in data.splitlines()]


def test_lines_are_written_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as stream:
        handler = BackgroundHandler(stream)
        for number in range(1_000):
            handler.handle(record(number))
        handler.close()
    assert [line["n"] for line in lines(path.read_bytes())] == list(range(1_000))


def test_a_stream_in_memory_gets_the_lines() -> None:
    stream = io.StringIO()
    handler = BackgroundHandler(stream)
    handler.handle(record(1))
    handler.close()
    assert lines(stream.getvalue().encode())[0]["n"] == 1


def test_a_reader_that_has_stopped_holds_nobody(pipe: tuple[int, io.TextIOWrapper]) -> None:
    reading, stream = pipe
    handler = BackgroundHandler(stream, most=100)
    for number in range(5_000):  # a pipe takes 64 KiB, some 250 of these
        handler.handle(record(number))
    # The reader reads again: it gets what was kept, and how much was not.
    seen: list[int] = []
    dropped = 0
    with open(reading, encoding="utf-8", closefd=False) as source:
        while len(seen) + dropped < 5_000:
            line = json.loads(source.readline())
            if "n" in line:
                seen.append(line["n"])
            dropped += line.get("dropped", 0)
    assert dropped > 1_000
    assert seen == sorted(seen)
    assert seen[0] == 0
    handler.close()
    os.close(reading)


def test_a_reader_that_has_gone_is_not_written_to_again(
    pipe: tuple[int, io.TextIOWrapper], capsys: pytest.CaptureFixture[str]
) -> None:
    reading, stream = pipe
    os.close(reading)
    handler = BackgroundHandler(stream)
    for number in range(100):
        handler.handle(record(number))
    handler.close()
    assert capsys.readouterr().err == ""


def test_closing_does_not_wait_for_a_reader_that_has_stopped(
    pipe: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, stream = pipe
    monkeypatch.setattr(BackgroundHandler, "END_WAIT", 0.05)
    handler = BackgroundHandler(stream, most=10)
    for number in range(1_000):
        handler.handle(record(number))
    handler.close()
    os.close(reading)


@pytest.mark.parametrize(
    "words",
    [
        "no secret",
        "it said fedcba9876543210 and went",
        'it said "fedcba9876543210" and \\ went',
        "fedcba98/43210\n",
        '{"key": "fedcba98\\/43210"}',
        "Basic ZmVkY2JhOTg3NjU0MzIxMDo=",
    ],
)
def test_lines_are_masked_as_their_values_are(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = Masks(["fedcba9876543210", "fedcba98/43210"])
    monkeypatch.setattr(log, "_masks", [masks])
    one = logging.makeLogRecord({"name": "segtap.core.x", "msg": "line", "words": words})
    line = json.loads(log.JsonLines().format(one))
    assert line["words"] == masks.text(words)
    assert (masks.text(words) == words) is (words == "no secret")
