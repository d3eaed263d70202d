"""What differs in a message of a scenario, as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.json_text import to_json
from ...core.text import clean, shorten

if TYPE_CHECKING:
    from ...core.commands.scenario import ComparedStep
    from ...core.scenarios.differences import Difference

WIDTH = 160
"""Characters of a value."""
BEFORE = 20
"""Characters before the first difference of two long values."""


def scenario_lines(one: ComparedStep) -> list[str]:
    """Return what differs in a message, a value on a line; nothing if all is as recorded."""
    if not one.differences:
        return []
    lines = [f"line {one.line}: {one.name}, {one.at_ms / 1000:+.1f} s"]
    if one.expected and not one.made:
        lines.append(f"  no request is made any more: {one.why}")
    for difference in one.differences:
        lines += _lines(difference)
    return lines


def _lines(difference: Difference) -> list[str]:
    was, now = to_json(difference.was), to_json(difference.now)
    same = 0
    if difference.state == "changed" and len(was) > WIDTH and len(now) > WIDTH:
        same = max(_same_at_first(was, now) - BEFORE, 0)
    lines = [f"  {difference.path}"]
    if difference.state != "added":
        lines.append(f"    - {_cut(was, same)}")
    if difference.state != "removed":
        lines.append(f"    + {_cut(now, same)}")
    return lines


def _cut(text: str, same: int) -> str:
    """Return a value's JSON without what is the same before the first difference."""
    return shorten(clean(f"…{text[same:]}" if same else text), WIDTH)


def _same_at_first(one: str, other: str) -> int:
    """Return how many characters are the same at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
