"""The other copy of an action, as the Warnings pane shows it: where it is, and which fields differ."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.style import Style

from ...core.api.models import CopyRow, OtherCopy
from ...core.messages import RAW_TYPE, Json
from ...core.text import clean, shown
from . import clock

MOST = 200
"""Characters of a value."""


def other_copy(copy: OtherCopy, meta: dict[str, Any]) -> Content:
    """Describe the other copy; `meta` is what a click on its time leads to."""
    line = copy.summary
    way = "by Mixpanel's SDK in the page" if line.type == RAW_TYPE else "through Segment"
    when = clock.local(line.received_at, clock.now())
    head = Content.assemble(
        ("The same action came ", "$foreground"),
        (f"{way}: ", "bold $foreground"),
        Content.styled(when, "$accent underline").stylize(Style.from_meta(meta)),
        ("  ] goes there", "$dim"),
    )
    if not copy.rows:
        return head
    lines = [head, Content.styled(f"  {'field':<28} {'cloud':<28} device", "$dim")]
    lines += [_row(row) for row in copy.rows]
    if copy.cut:
        lines.append(Content.styled(f"  and {copy.cut:,} more fields", "$dim"))
    return Content("\n").join(lines)


def _row(row: CopyRow) -> Content:
    cloud = "–" if row.state == "device" else _value(row.cloud)
    device = "–" if row.state == "cloud" else _value(row.device)
    style = "$mark-warning" if row.state == "differs" else "$foreground"
    return Content.assemble((f"  {clean(row.path):<28} ", "$dim"), (f"{cloud:<28} ", style), (device, style))


def _value(value: Json) -> str:
    return clean(shown(value, MOST))
