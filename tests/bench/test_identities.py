"""What the table of users holds in memory for users by the hundred thousand, and what it costs a message."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from random import Random

import pytest
from check_helpers import NOW, TRANSLATOR

from segtap.core.identities.named import named_ids
from segtap.core.identities.table import Identities
from segtap.core.messages import JsonObject

USERS = 125_000
MEMORY = 60 * 1024 * 1024
"""A quarter of what 1,000,000 messages of 500,000 users may take."""
LONGEST = 30.0
"""Milliseconds of one message: growing the table is done in small parts."""

_STATM = "/proc/self/statm"


def resident() -> int:
    """Bytes of this process in memory."""
    with open(_STATM) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure() -> None:
    """An anonymous page and an identify of each user; prints what that took."""
    draw = Random(7)
    table = Identities("original")
    gc.collect()
    before, spent, longest = resident(), 0.0, 0.0
    for number in range(USERS):
        device = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        page: JsonObject = {"type": "page", "name": "Home", "anonymousId": device}
        login: JsonObject = {
            "type": "identify",
            "userId": f"user-{number:07}",
            "anonymousId": device,
            "traits": {"plan": "pro"},
        }
        for document in (page, login):
            translation = TRANSLATOR.translate(document, now=NOW)
            start = time.thread_time()
            table.add(named_ids(translation, document), number)
            took = time.thread_time() - start
            spent, longest = spent + took, max(longest, took)
    gc.collect()
    print(resident() - before, spent / USERS / 2 * 1e6, longest * 1000, table.ids.total)


@pytest.mark.timeout(300)
@pytest.mark.skipif(not os.path.exists(_STATM), reason="tells a process's memory by /proc")
def test_users_fit_in_their_memory(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    run = subprocess.run(  # a process of its own: nothing else is in its memory
        [sys.executable, __file__], capture_output=True, text=True, check=True, env=_environment()
    )
    grown, each, longest, users = (float(word) for word in run.stdout.split())
    record_property("bytes", grown)
    with capsys.disabled():
        print(
            f"\n{USERS:,} users of two ids: {grown / 2**20:.0f} MB, {each:.1f} µs a message, the slowest"
            f" {longest:.1f} ms"
        )
    assert users == USERS
    assert grown < MEMORY
    assert longest < LONGEST


def _environment() -> dict[str, str]:
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])}


if __name__ == "__main__":
    measure()
