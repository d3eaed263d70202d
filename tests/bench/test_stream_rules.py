"""What the rules on the stream hold in memory for ids by the million, and what they cost a message."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from check_helpers import DESTINATION, NOW, TRANSLATOR, every_real_message
from measured import fastest

from segtap.core.checks import CheckSettings
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.verdict import Translation

COUNT = 500_000
MEMORY = 100 * 1024 * 1024
"""Half of what a million may take: the tables double, and are as full with half as many."""
LONGEST = 50.0
"""Milliseconds of one message, a full collection of garbage included; growing one large table takes more."""
RATIO = 3.4
"""Times the cost of `json.loads` and `json.dumps` of the message; measured 2.8 to 3.0. The digest packs what
a worker sends, so that the engine unpacks only what a rule asks for: that is counted here."""

_STATM = "/proc/self/statm"


def resident() -> int:
    """Bytes of this process in memory."""
    with open(_STATM) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure() -> None:
    """So many messages, each of another user; prints what that took."""
    checker = StreamChecker(CheckSettings(), DESTINATION)
    nothing = Translation()
    gc.collect()
    before = resident()
    began, longest = time.perf_counter(), 0.0
    for number in range(COUNT):
        document = {
            "type": "track",
            "event": "Order Completed",
            "userId": f"user-{number:012}",
            "properties": {"total": number},
        }
        message = Loose(document=document, type="track", message_id=f"6d5dc550-92e6-4f3d-8356-{number:012x}")
        start = time.thread_time()  # what others do on the machine meanwhile does not count
        checker.observe(digest(message, nothing, NOW + number))
        longest = max(longest, time.thread_time() - start)
    each = (time.perf_counter() - began) / COUNT * 1e6
    gc.collect()
    grown = resident() - before
    kept = [len(checker._users.ids), len(checker._repeats.ids)]  # pyright: ignore[reportPrivateUsage]
    print(grown, each, longest * 1000, sum(kept), checker.forgotten.users + checker.forgotten.message_ids)


@pytest.mark.timeout(300)
@pytest.mark.skipif(not os.path.exists(_STATM), reason="tells a process's memory by /proc")
def test_half_a_million_distinct_ids_fit_in_half_the_memory(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    run = subprocess.run(  # a process of its own: nothing else is in its memory
        [sys.executable, __file__], capture_output=True, text=True, check=True, env=_environment()
    )
    grown, each, longest, kept, forgotten = (float(word) for word in run.stdout.split())
    record_property("bytes", grown)
    with capsys.disabled():
        print(
            f"\n{COUNT:,} users and messageIds: {grown / 2**20:.0f} MB, {each:.1f} µs a message, the slowest"
            f" {longest:.1f} ms; {kept:,.0f} kept, {forgotten:,.0f} forgotten"
        )
    assert grown < MEMORY
    assert longest < LONGEST
    assert (kept, forgotten) == (2 * COUNT, 0)


def test_the_stream_costs_at_most_a_few_times_the_json(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    messages = every_real_message() * 200
    translations = [TRANSLATOR.translate(message, now=NOW) for message in messages]
    loose = [
        Loose(document=message, type=message["type"], message_id=f"m-{number}")
        for number, message in enumerate(messages)
    ]

    texts = [json.dumps(message) for message in messages]

    def read_and_write() -> None:
        for text in texts:
            json.dumps(json.loads(text))

    def stream() -> None:
        checker = StreamChecker(CheckSettings(), DESTINATION)
        for number, (message, translation) in enumerate(zip(loose, translations, strict=True)):
            checker.observe(digest(message, translation, NOW + 60_000 * number))

    streaming, baseline = fastest(stream, read_and_write, rounds=25)
    ratio = streaming / baseline
    record_property("stream_to_json", ratio)
    with capsys.disabled():
        print(f"\nstream {streaming / len(messages) * 1e6:.1f} µs a message, {ratio:.2f} of json's")
    assert ratio <= RATIO


def _environment() -> dict[str, str]:
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])}


if __name__ == "__main__":
    measure()
