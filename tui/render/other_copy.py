"""The other copy of an action, as the Warnings pane shows it: where it is, and which fields differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from textual.content import Content
from textual.style import Style

from ...core.api.models import CopyRow, OtherCopy
from ...core.messages import RAW_TYPE, Json
from ...core.text import clean, shown
from ..keymap import first
from . import clock

MOST = 200
"""Characters of a value."""
HEAD = ("field", "cloud", "device")
INDENT = "  "


def other_copy(copy: OtherCopy, meta: dict[str, Any], width: int = 0) -> Content:
    """Describe the other copy; `meta` is what a click on its time leads to.

    The values stand in columns, or one below the other where `width` has no room for that; 0 has.
    """
    line = copy.summary
    way = "by Mixpanel's SDK in the page" if line.type == RAW_TYPE else "through Segment"
    when = clock.local(line.received_at, clock.now())
    lines = [
        Content.assemble(
            ("The same action came ", "$foreground"),
            (f"{way}: ", "bold $foreground"),
            Content.styled(when, "$accent underline").stylize(Style.from_meta(meta)),
            (
                f"  {first('warnings.other-copy')} goes there, {first('message.compare')} compares",
                "$dim",
            ),
        )
    ]
    if copy.rows:
        rows = [_cells(row) for row in copy.rows]
        columns = [max(map(cell_len, column)) for column in zip(HEAD, *rows, strict=True)]
        fits = not width or sum(columns) + len(INDENT) + 2 <= width
        lines += _table(copy.rows, rows, columns) if fits else _stacked(copy.rows, rows)
    if copy.cut:
        lines.append(Content.styled(f"{INDENT}and {copy.cut:,} more fields", "$dim"))
    return Content("\n").join(lines)


def _cells(row: CopyRow) -> tuple[str, str, str]:
    cloud = "–" if row.state == "device" else _value(row.cloud)
    device = "–" if row.state == "cloud" else _value(row.device)
    return clean(row.path), cloud, device


def _style(row: CopyRow) -> str:
    return "$mark-warning" if row.state == "differs" else "$foreground"


def _table(
    rows: Iterable[CopyRow], cells: Iterable[tuple[str, str, str]], columns: Sequence[int]
) -> Iterator[Content]:
    """Yield a line for each field, below a head."""
    path, cloud, _ = columns
    yield Content.styled(f"{INDENT}{HEAD[0]:<{path}} {HEAD[1]:<{cloud}} {HEAD[2]}", "$dim")
    for row, (name, here, there) in zip(rows, cells, strict=True):
        yield Content.assemble(
            (f"{INDENT}{_padded(name, path)} ", "$dim"),
            (f"{_padded(here, cloud)} ", _style(row)),
            (there, _style(row)),
        )


def _stacked(rows: Iterable[CopyRow], cells: Iterable[tuple[str, str, str]]) -> Iterator[Content]:
    """Yield three lines for each field: its name, and both values."""
    for row, (name, here, there) in zip(rows, cells, strict=True):
        yield Content.styled(f"{INDENT}{name}", "$dim")
        for mode, value in ((HEAD[1], here), (HEAD[2], there)):
            yield Content.assemble((f"{INDENT * 2}{mode:<7}", "$dim"), (value, _style(row)))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _value(value: Json) -> str:
    return clean(shown(value, MOST))
