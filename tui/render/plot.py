"""A plot of shares over time with its scale, in blocks or in ASCII. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from .glyphs import Glyphs
from .summary import joined, joining

GUTTER = 5
"""Cells of the labels on the left, `100%` and the axis."""
WIDEST = 6
"""Cells of a column when there are few of them."""
BLOCKS = " ▁▂▃▄▅▆▇█"


def columns(count: int, first: int, width: int) -> tuple[int, int]:
    """Return how many slots a column joins, and how many cells it has, in so many cells.

    `first` is the number of the first slot since the epoch, see `joining`.
    """
    many = joining(first, count, width)
    bars = len(joined([0] * count, first, many)) or 1
    return many, max(1, min(WIDEST, width // bars))


def share_rows(
    parts: Sequence[int], wholes: Sequence[int], cells: int, height: int, marks: Glyphs
) -> list[str]:
    """Draw which part of each whole that is, from 0 to 100%, in `height` rows; blank where there is nothing.

    A part above 0 is never empty, and 0 of something is a line at the foot.
    """
    rows: list[str] = []
    for row in range(height - 1, -1, -1):
        drawn = "".join(
            _cell(part, whole, row, height, marks) * cells for part, whole in zip(parts, wholes, strict=True)
        )
        label = "100%" if row == height - 1 else "0%" if not row else ""
        side = "|" if marks.ascii else "│"
        rows.append(f"{label:>{GUTTER - 1}}{side}{drawn}")
    return rows


def _cell(part: int, whole: int, row: int, height: int, marks: Glyphs) -> str:
    if not whole:
        return " "
    eighths = -(-part * height * 8 // whole)
    inside = min(max(eighths - row * 8, 0), 8)
    if not inside:
        return "_" if not row else " "
    return "#" if marks.ascii else BLOCKS[inside]


def strip(counts: Sequence[int], cells: int, marks: Glyphs) -> str:
    """Draw counts over time in one row, under the columns of `share_rows`; the highest is a whole block."""
    top = max(counts, default=0)
    levels = marks.spark
    return "".join((levels[-(-count * len(levels) // top) - 1] if count else " ") * cells for count in counts)


def axis(first: str, last: str, width: int) -> str:
    """Return the line below: the time of the first and of the last column, as far as there is room."""
    words = " " * GUTTER + first
    if width - cell_len(first) >= cell_len(last) + 1:
        words += last.rjust(width - cell_len(first))
    return words
