"""Insert functions for tests: the code in a file, and the room that runs it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from segtap.core.functions import InsertFunctions, Limits
from segtap.core.outcomes import FunctionOutcome
from segtap.core.settings import InsertFunction

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed, and insert functions run in it"
)

IMPATIENT = Limits(seconds=0.4, memory=96 * 1024 * 1024)
"""For code that is meant to hang, or to use too much."""
NORMAL = Limits()
PASS = "async function onTrack(event) { return event }"


def function(folder: Path, code: str, **settings: Any) -> InsertFunction:
    """A function with this code, in a file of the folder."""
    file = folder / "fn.js"
    file.write_text(code, encoding="utf-8")
    return InsertFunction(file=str(file), **settings)


@contextmanager
def running(*functions: InsertFunction, **options: Any) -> Iterator[InsertFunctions]:
    """The functions, their processes ended with the block."""
    room = InsertFunctions(functions, **options)
    try:
        yield room
    finally:
        room.close()


def outcomes(
    folder: Path,
    code: str,
    *documents: dict[str, Any],
    limits: Limits = NORMAL,
    **settings: Any,
) -> list[FunctionOutcome]:
    """What this code makes of the documents."""
    with running(function(folder, code, **settings), limits=limits) as room:
        return room.run(0, documents)


def track(event: str = "A", **properties: Any) -> dict[str, Any]:
    """A track call."""
    return {"type": "track", "event": event, "userId": "u1", "messageId": "m1", "properties": properties}
