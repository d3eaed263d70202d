"""The words for a key that is not known: the nearest one that is, else all there are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def nearest_key(key: str, known: Sequence[str], *, cutoff: float = 0.6) -> str:
    """Return `Did you mean port?`, or `It takes host, port.` when none is near; `cutoff` as in difflib."""
    near = difflib.get_close_matches(key, known, 1, cutoff)
    return f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known)}."
