"""What the screen takes of memory in a long journal, beside the same screen on a short one.

With `SEGTAP_BENCH_MESSAGES=1000000` in the environment the long one has a million messages.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from big_journal import write_journal
from engines import engine_settings, isolate
from terminals import Terminal, in_terminal

from segtap.core.index.revision import revision_of

MESSAGES = int(os.environ.get("SEGTAP_BENCH_MESSAGES", "100000"))
FEW = 1_000
PAGES = 700
"""Pages up, one after the other: more than the list holds."""
MOST = 1.5
"""Times the memory on the short journal; measured 1.15 with a million messages."""
HOME, END, PAGE_UP = "\x1b[H", "\x1b[F", "\x1b[5~"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def megabytes(terminal: Terminal) -> float:
    """What the screen's process holds in memory; its engine is another one."""
    held = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{terminal.process.pid}/status").read_text())
    assert held is not None
    return int(held[1]) / 1024


def measured(folder: Path, messages: int) -> dict[str, float]:
    """The memory after each step of a walk through the journal."""
    folder.mkdir()
    revision = revision_of(engine_settings(folder))
    write_journal(folder / "journal.db", messages, range(0, messages, messages // 20), revision)
    found: dict[str, float] = {}
    options = ("--port", "0", "--journal", str(folder / "journal.db"))
    with in_terminal(*options, folder=folder, size=(160, 45)) as terminal:
        terminal.wait_for(f"{messages:,} shown")
        for step, keys in (
            ("start", ""),
            ("Home", HOME),
            ("End", END),
            ("N", "N" * 5),
            ("PgUp", PAGE_UP * PAGES),
            ("filter", '/event:"Event 1*"\r'),
            ("marks", "M/is:marked\r"),
        ):
            terminal.type(keys)
            terminal.settle()
            found[step] = megabytes(terminal)
    return found


@pytest.mark.timeout(600)
def test_a_long_journal_takes_little_of_the_screens_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    few, many = (measured(tmp_path / str(count), count) for count in (FEW, MESSAGES))
    with capsys.disabled():
        for count, steps in ((FEW, few), (MESSAGES, many)):
            held = ", ".join(f"{step} {mebibytes:.0f}" for step, mebibytes in steps.items())
            print(f"\n{count:,} messages, MiB: {held}")
    assert max(many.values()) < MOST * few["start"]
