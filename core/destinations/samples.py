"""Which messages a deterministic sample lets through: it follows from the value at its path. Pure.

Source: `sample_event` of Segment's published code (tsub): the first 64 bits of the MD5 of the value's JSON
are a number from 0 to 1, and a sample takes those below its percent. Today's build of it lets every message
through: a package that it uses has changed its functions since, and its MD5 gives hexadecimal digits in place
of bytes. Its comments demand the result of Segment's servers, which is what this computes.
"""

from __future__ import annotations

import hashlib
import math

from ..mapping.javascript import stringify
from ..messages import JsonObject
from .map_properties import read


def share_of(document: JsonObject, path: str) -> float:
    """Return the number from 0 to 1 that stands for the value at the path, the same for the same value."""
    text = stringify(read(document, path))
    # JavaScript's undefined is hashed as the word.
    data = (text if isinstance(text, str) else "undefined").encode("utf-8", "surrogatepass")
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    return math.ldexp(int.from_bytes(digest[:8], "big"), -64)
