"""Lays out the lines of two documents so that rows that belong together stand level. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Lines: TypeAlias = "list[tuple[int, int]]"
"""For each line the row that is on it and which of the row's lines it is; row -1 is a blank line."""
BLANK = (-1, 0)


def own_lines(heights: Sequence[int]) -> Lines | None:
    """Return the lines of a document by itself; None where each row has one line."""
    if not any(height > 1 for height in heights):
        return None
    return [(row, part) for row, height in enumerate(heights) for part in range(height)]


def level(
    left: Sequence[int], right: Sequence[int], pairs: Mapping[int, int], lead: tuple[int, int] = (0, 0)
) -> tuple[Lines, Lines]:
    """Return the lines of both sides, given the height of each row.

    `pairs` leads from rows of the right side to rows of the left one. Of pairs that cross each other the ones
    further up are level. Between two pairs the rows of both sides stand beside each other without a relation.
    `lead` is how many blank lines each side begins with.
    """
    lines: tuple[Lines, Lines] = ([BLANK] * lead[0], [BLANK] * lead[1])
    at, beside = 0, 0
    for row, partner in (*_rising(pairs), (len(right), len(left))):
        _add(lines[0], left, range(at, partner))
        _add(lines[1], right, range(beside, row))
        if row == len(right):
            break
        _pad(lines, lead)
        _add(lines[0], left, (partner,))
        _add(lines[1], right, (row,))
        _pad(lines, lead)
        at, beside = partner + 1, row + 1
    return lines


def _rising(pairs: Mapping[int, int]) -> Iterable[tuple[int, int]]:
    last = -1
    for row in sorted(pairs):
        if pairs[row] > last:
            last = pairs[row]
            yield row, last


def _add(lines: Lines, heights: Sequence[int], rows: Iterable[int]) -> None:
    lines.extend((row, part) for row in rows for part in range(heights[row]))


def _pad(lines: tuple[Lines, Lines], lead: tuple[int, int]) -> None:
    """Make both sides end on the same line of the screen."""
    one, other = len(lines[0]) - lead[0], len(lines[1]) - lead[1]
    lines[0].extend([BLANK] * max(other - one, 0))
    lines[1].extend([BLANK] * max(one - other, 0))
