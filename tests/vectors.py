"""Rows of what Segment's own published code makes of messages (tests/data/vectors)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "data" / "vectors"


@cache
def vector_lines(name: str) -> tuple[str, ...]:
    """The rows of one file, as JSON text."""
    return tuple(gzip.decompress((_FOLDER / f"{name}.jsonl.gz").read_bytes()).decode().splitlines())


def vectors(name: str) -> list[dict[str, Any]]:
    """The rows of one file, parsed anew."""
    return [json.loads(line) for line in vector_lines(name)]
