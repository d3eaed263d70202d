"""The columns of the message list: which there is room for, and how a text is fitted into one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

TIME_MS = 12
TIME_S = 8
COUNT = 4


@dataclass(frozen=True)
class Columns:
    """Widths in cells; 0 leaves a column out. One blank stands between columns."""

    total: int
    time: int
    name: int
    user: int
    source: int
    count: int


@lru_cache(maxsize=64)
def columns(total: int) -> Columns:
    """The columns for a line of that many cells.

    The mark of the selected line, the letter, the name, the warning and delivery marks always stay. As
    the line gets shorter, the source goes first, then the user, then the milliseconds, then the time.
    """
    time = TIME_MS if total >= 56 else TIME_S if total >= 36 else 0
    count = COUNT if total >= 26 else 2 if total >= 8 else 0
    source = min(16, total // 8) if total >= 66 else 0
    user = min(28, total // 4) if total >= 46 else 0
    used = 1 + 1 + 1  # the mark, the letter and a blank behind it
    used += sum(width + 1 for width in (time, user, source, count) if width)
    used += 3 if total >= 5 else 0  # the delivery mark between two blanks
    return Columns(total, time, max(total - used, 1), user, source, count)


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in exactly `width` cells: padded, or cut with an ellipsis. Wide characters count as two."""
    if width <= 0:
        return ""
    if len(text) > width * 4:
        text = text[: width * 4]  # a megabyte-long name must not be measured whole
        if cell_len(text) <= width:
            return set_cell_size(text, width)
    length = cell_len(text)
    if length == width:
        return text
    if length < width:
        return text + " " * (width - length)
    if width == 1:
        return ellipsis
    return set_cell_size(text, width - 1) + ellipsis
