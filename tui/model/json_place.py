"""Where the value at a path stands in JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ...core.messages import Json
from .json_path import resolve

_BLANK = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()


def place_of(text: str, path: str) -> tuple[int, int] | None:
    """Return start and end of the value at `path` (`$.properties.id`) in the text of a message.

    The quotes of a string are outside. Returns None for a path that the text lacks, and for text that is not
    JSON.
    """
    try:
        at = _after_blanks(text, 0)
        document, end = _read(text, at)
        keys = resolve(document, "$", path)
        if keys is None:
            return None
        for key in keys:
            at, end = next(
                (start, end) for name, start, end in _children(text, at, text[at] == "{") if name == key
            )
    except (json.JSONDecodeError, RecursionError):
        return None
    return (at + 1, end - 1) if text[at] == '"' else (at, end)


def _children(text: str, at: int, names: bool) -> Iterator[tuple[str | int, int, int]]:
    """Yield key or index, start and end of each value of the object or list that starts there."""
    at = _after_blanks(text, at + 1)
    index = 0
    while text[at] not in "]}":
        key: Json = index
        if names:
            key, end = _read(text, at)
            at = _after_blanks(text, end)
        _, end = _read(text, at)
        yield str(key) if names else index, at, end
        index += 1
        at = _after_blanks(text, end)


def _read(text: str, at: int) -> tuple[Json, int]:
    return _DECODER.raw_decode(text, at)


def _after_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
