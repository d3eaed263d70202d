"""One line of the message list, as segments of text: which columns, which marks, which colours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ...core import messages
from ...core.api.models import Summary
from ...core.delivery import DeliveryState
from ...core.text import clean
from .columns import TIME_S, Columns, fit
from .glyphs import LETTERS, MIXPANEL_DIRECT, UNKNOWN_TYPE, Glyphs
from .plain import plain

DELIVERY_STYLE: dict[DeliveryState, str] = {
    DeliveryState.OFF: "dim",
    DeliveryState.WAITING: "waiting",
    DeliveryState.SENT: "ok",
    DeliveryState.REFUSED: "error",
    DeliveryState.UNCERTAIN: "warning",
    DeliveryState.STUCK: "error",
    DeliveryState.FAULT: "error",
    DeliveryState.HELD: "waiting",
    DeliveryState.NONE: "dim",
}
TAGS: tuple[tuple[messages.Marks, str, str], ...] = (
    (messages.Marks.DAMAGED, "damaged", "error"),
    (messages.Marks.WOULD_REJECT, "Segment rejects", "error"),
    (messages.Marks.SECOND_RECEIPT, "2nd receipt", "dim"),
    (messages.Marks.REPLAY, "replay", "dim"),
    (messages.Marks.TEED, "tee", "dim"),
)
FADED = messages.Marks.SECOND_RECEIPT | messages.Marks.REPLAY | messages.Marks.TEED
COMPONENTS = (
    "text",
    "time",
    "dim",
    "cursor",
    "cursor-away",
    "error",
    "warning",
    "ok",
    "waiting",
    "track",
    "identify",
    "page",
    "screen",
    "group",
    "alias",
    "mixpanel-direct",
    "refused",
)
"""The styles that a line is made of; each theme has its colours for them."""


class LinePainter:
    """Paints summaries as lines. `style` gives the style of a component's name."""

    def __init__(self, marks: Glyphs, style: Callable[[str], Style]) -> None:
        self.marks = marks
        self._style = style

    def paint(self, summary: Summary, at: Columns, state: int) -> Strip:
        """Draw a line; `state` is 0 plain, 1 selected, 2 selected in the list that has the focus."""
        marks, style = self.marks, self._style
        base = style("text")
        if state:
            base = base + style("cursor" if state == 2 else "cursor-away")
        faded = bool(summary.marks & FADED)
        kind = (
            "refused" if summary.refused else summary.type if summary.type in LETTERS else "mixpanel-direct"
        )
        letter, colour = self._letter(summary), base + style(kind)
        plain = base + style("dim") if faded else base
        name_style = colour if summary.refused else plain

        parts: list[Segment] = [Segment(marks.cursor if state else " ", colour)]
        if at.time:
            parts.append(
                Segment(fit(clock_time(summary.received_at, at.time), at.time), base + style("time"))
            )
            parts.append(Segment(" ", base))
        parts.append(Segment(letter + " ", colour + Style(bold=True)))
        parts.extend(self._titled(summary, at.name, name_style, base))
        for text, width, quiet in (
            (summary.user, at.user, False),
            (summary.source, at.source, False),
            (summary.mode, at.mode, summary.mode == "cloud"),
        ):
            if width:
                shown = plain if text and not quiet else base + style("dim")
                parts.append(Segment(" " + self._fit(text or marks.none, width), shown))
        if at.count:
            count, count_style = self._count(summary, at.count)
            parts.append(Segment(" " + count, base + style(count_style) if count_style else base))
        if at.total >= 5:
            parts.append(Segment(" ", base))
            mark = " " if summary.refused else marks.delivery[summary.delivery]
            parts.append(Segment(mark + " ", base + style(DELIVERY_STYLE[summary.delivery])))
        return Strip(parts).adjust_cell_length(at.total, base).simplify()

    def plain(self, text: str) -> str:
        """Return the text as the terminal can show it."""
        return plain(text) if self.marks.ascii else text

    def _letter(self, summary: Summary) -> str:
        if summary.refused:
            return self.marks.refused
        return LETTERS.get(summary.type) or (MIXPANEL_DIRECT if summary.type else UNKNOWN_TYPE)

    def _fit(self, text: str, width: int) -> str:
        return fit(self.plain(clean(text[: width * 8])), width, self.marks.ellipsis)

    def _titled(self, summary: Summary, width: int, style: Style, base: Style) -> list[Segment]:
        """Return the name, followed by the message's tags if there is room."""
        tags = [(text, tag) for mark, text, tag in TAGS if summary.marks & mark]
        name = summary.name or ("" if summary.refused else self.marks.none)
        room = width - sum(len(text) + 2 for text, _ in tags)
        if not tags or room < 12:
            return [Segment(self._fit(name, width), style)]
        parts = [Segment(self._fit(name, room), style)]
        parts.extend(Segment("  " + text, base + self._style(tag)) for text, tag in tags)
        return parts

    def _count(self, summary: Summary, width: int) -> tuple[str, str]:
        count, mark, style = (
            (summary.errors, self.marks.error, "error")
            if summary.errors
            else (summary.warnings, self.marks.warning, "warning")
        )
        if not count:
            return " " * width, ""
        text = f"{mark}{count}" if count < 10 ** (width - 1) else f"{mark}{'9' * (width - 2)}+"
        return text[:width].rjust(width), style


def clock_time(ms: int, width: int) -> str:
    """Format a time (milliseconds since the epoch) as local time, with milliseconds if they fit."""
    try:
        when = datetime.fromtimestamp(ms / 1000)
    except (OverflowError, OSError, ValueError):
        return "?"
    text = when.strftime("%H:%M:%S")
    return text if width <= TIME_S else f"{text}.{ms % 1000:03d}"
