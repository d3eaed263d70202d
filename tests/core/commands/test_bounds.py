"""Every command that reads messages keeps to the bounds of one, and says which and where to change them."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segtap.core.codec import decode
from segtap.core.commands.check import check_lines
from segtap.core.commands.replay import replay_lines
from segtap.core.commands.translate import translate_lines
from segtap.core.compare.lines import compare_lines
from segtap.core.config import load
from segtap.core.errors import InputError
from segtap.core.pipeline import compiled
from segtap.core.pipeline.lines import documents
from segtap.core.pipeline.reading import read_message
from segtap.core.settings import Destination
from segtap.core.sources.bounds import Bounds, bounds_of

NOW = 1_795_557_600_000
SMALL = Bounds(message=100_000, nodes=100)
FINE = json.dumps({"type": "track", "event": "Fine", "userId": "u-1", "messageId": "m-2"})
BOMB = json.dumps(
    {"type": "track", "event": "Bomb", "userId": "u-1", "messageId": "m-1", "properties": {"x": [{}] * 200}}
)
WHY = (
    f"Segment would reject this: {len(BOMB)} B with over 100 values, its limit is 32 KB; "
    "segtap reads messages of no more values ([ingest] max_nodes)"
)
ACTIONS, CLASSIC = Destination(settings={"projectToken": "t"}), Destination("classic-cloud", {"token": "t"})


def translated(*lines: str) -> list[Any]:
    made = translate_lines(lines, compiled(ACTIONS), clock=lambda: NOW, bounds=SMALL)
    return [json.loads(line.text) for line in made]


def test_translate() -> None:
    bad, good = translated(BOMB, FINE)
    assert bad["error"].startswith(WHY)
    assert good["messageId"] == "m-2"


def test_check_names_the_message() -> None:
    bad, good = check_lines([BOMB, FINE], compiled(ACTIONS), clock=lambda: NOW, bounds=SMALL)
    (finding,) = bad.findings
    assert (finding.rule, bad.message_id, bad.name) == ("segment-would-reject", "m-1", "track Bomb")
    assert finding.message.startswith(WHY)
    assert good.message_id == "m-2"
    assert not any(one.rule == "segment-would-reject" for one in good.findings)


def test_check_takes_a_batch_of_any_size_apart() -> None:
    batch = f'{{"batch":[{FINE},{BOMB},{FINE}]}}'
    checked = list(check_lines([batch], compiled(ACTIONS), clock=lambda: NOW, bounds=SMALL))
    assert [one.message_id for one in checked] == ["m-2", "m-1", "m-2"]
    assert [any(found.rule == "segment-would-reject" for found in one.findings) for one in checked] == [
        False,
        True,
        False,
    ]


def test_compare() -> None:
    bad, good = compare_lines([BOMB, FINE], ACTIONS, CLASSIC, clock=lambda: NOW, bounds=SMALL)
    assert (bad.comparison, bad.error[: len(WHY)]) == (None, WHY)
    assert good.comparison is not None


async def test_replay_names_the_line() -> None:
    with pytest.raises(InputError, match=re.escape(f"Line 2: {WHY}")):
        await replay_lines([FINE.encode(), BOMB.encode()], url="http://127.0.0.1:9", bounds=SMALL)


def test_plan() -> None:
    faults: list[str] = []
    batch = f'{{"batch":[{FINE},{BOMB}]}}'
    read = list(documents([BOMB, batch, FINE], faults, SMALL))
    assert [one["messageId"] for one in read] == ["m-2", "m-2"]
    assert [fault[: len(WHY) + 8] for fault in faults] == [f"line 1: {WHY}", f"line 2: {WHY}"]


def test_the_settings_file_and_the_environment_set_both(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[ingest]\nmax_message = 5000\nmax_nodes = 70\n")
    given = bounds_of(load(file=file, environ={}).ingest)
    assert (given.message, given.nodes) == (5000, 70)
    given = bounds_of(
        load(file=file, environ={"SEGTAP_MAX_NODES": "80", "SEGTAP_INGEST_MAX_MESSAGE": "9"}).ingest
    )
    assert (given.message, given.nodes) == (9, 80)


def unreadable(read: Callable[[], Any], match: str) -> None:
    """Fails unless that is refused, and at little more memory than the text takes."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=match):
            read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


MANY = "[" + "{}," * 1_500_000 + "{}]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MANY, r"over 1,000,000 JSON values"),
        (f'{{"type":"track","properties":{{"x":{MANY}}}}}', r"over 1,000,000 JSON values"),
        ('{"x":[' + "1," * 60_000 + "1]}", "one record in it holds over 50,000"),
        ('{"batch":[{"a":1},{"x":[' + "1," * 60_000 + "1]}]}", "one record in it holds over 50,000"),
        ('[{"a":1},{"x":[' + "1," * 60_000 + "1]}]", "one record in it holds over 50,000"),
    ],
    ids=["list", "message", "one record", "in a batch", "in a list"],
)
def test_decode(text: str, words: str) -> None:
    unreadable(lambda: decode(text), words)


def test_decode_shows_a_large_batch_of_ordinary_records() -> None:
    events = [{"event": "E", "properties": {"n": n, "plan": "pro"}} for n in range(20_000)]
    assert decode(json.dumps(events)).kind == "mixpanel events"


def test_a_line_is_refused_before_anything_is_made_of_it() -> None:
    for text, setting in (
        (f'{{"x":{MANY}}}', "max_message"),
        ('{"x":' + MANY[:900_001] + "{}]}", "max_nodes"),
    ):
        message = read_message(text.encode())
        assert message.unread
        assert setting in message.objections[0].words
