"""One line of the message list, as segments of text: which columns, which marks, which colours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ...core import messages
from ...core.api.models import Summary
from ...core.delivery import DeliveryState
from ...core.settings import SourceColor
from ...core.text import clean
from ..model.sources import SourceNames
from .columns import fit
from .glyphs import LETTERS, MIXPANEL_DIRECT, UNKNOWN_TYPE, Glyphs
from .list_columns import CALL, RIGHT, TIME_S, Clock, Columns, Name
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
DELIVERY_COLOR = {
    state: "$dim" if style == "dim" else f"$mark-{style}" for state, style in DELIVERY_STYLE.items()
}
"""The same as the theme's variables, for texts with markup of their own."""
SENT_WORDS: dict[DeliveryState, str] = {
    DeliveryState.OFF: "–",
    DeliveryState.WAITING: "wait",
    DeliveryState.SENT: "200",
    DeliveryState.UNCERTAIN: "?",
    DeliveryState.STUCK: "stuck",
    DeliveryState.FAULT: "fault",
    DeliveryState.HELD: "held",
    DeliveryState.NONE: "–",
}
"""What stands in the column *sent*; a refused message has Mixpanel's status there."""
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
    "marked",
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


SOURCE_STYLE: dict[SourceColor, str] = {
    "red": "refused",
    "orange": "group",
    "yellow": "mixpanel-direct",
    "green": "page",
    "cyan": "screen",
    "blue": "track",
    "purple": "identify",
    "pink": "alias",
}
"""The component that has the color of a source: so each theme has its own cyan."""


class LinePainter:
    """Paints summaries as lines. `style` gives the style of a component's name, `sources` name sources."""

    def __init__(self, marks: Glyphs, style: Callable[[str], Style]) -> None:
        self.marks = marks
        self.sources = SourceNames()
        self._style = style

    def paint(self, summary: Summary, at: Columns, state: int, time: str, mark: bool | None = None) -> Strip:
        """Draw a line; `state` is 0 plain, 1 selected, 2 selected in the list that has the focus.

        `time` is what stands in the column of times. `mark` says whether the message is marked; None while
        nothing is, then there is no column for it.
        """
        style = self._style
        base = style("text")
        if state:
            base = base + style("cursor" if state == 2 else "cursor-away")
        kind = (
            "refused" if summary.refused else summary.type if summary.type in LETTERS else "mixpanel-direct"
        )
        colour = base + style(kind)
        parts: list[Segment] = [Segment(self.marks.cursor if state else " ", colour)]
        if mark is not None:
            parts.append(Segment(f"{self.marks.marked} " if mark else "  ", base + style("marked")))
        for place, (name, width) in enumerate(at.parts):
            if place:
                parts.append(Segment(" ", base))
            if name == "event":
                parts.extend(self._event(summary, width, colour, base))
            elif name == "time":
                parts.append(Segment(fit(self.plain(time), width), base + style("time")))
            elif name == "warn":
                parts.extend(self._warn(summary, width, base))
            elif name == "sent":
                parts.append(self._sent(summary, width, base))
            elif name == "source":
                parts.append(self._source(summary, width, base))
            else:
                parts.append(self._quiet(summary, name, width, base))
        total = at.total if mark is None else at.total + MARK
        return Strip(parts).adjust_cell_length(total, base).simplify()

    def plain(self, text: str) -> str:
        """Return the text as the terminal can show it."""
        return plain(text) if self.marks.ascii else text

    def _letter(self, summary: Summary) -> str:
        if summary.refused:
            return self.marks.refused
        return LETTERS.get(summary.type) or (MIXPANEL_DIRECT if summary.type else UNKNOWN_TYPE)

    def _fit(self, text: str, width: int) -> str:
        return fit(self.plain(clean(text[: width * 8])), width, self.marks.ellipsis)

    def _source(self, summary: Summary, width: int, base: Style) -> Segment:
        """Draw the source, one that has a name in its color."""
        color, word = self.sources.color(summary), self.sources.word(summary)
        if color is None or summary.marks & FADED:
            return self._text(summary, word, width, base)
        return Segment(self._fit(word, width), base + self._style(SOURCE_STYLE[color]))

    def _quiet(self, summary: Summary, name: Name, width: int, base: Style) -> Segment:
        """Draw the user, mode or id."""
        text = {"user": summary.user, "mode": summary.mode, "id": summary.message_id}.get(name, "")
        return self._text(summary, text, width, base, quiet=name == "mode" and text == "cloud")

    def _text(self, summary: Summary, text: str, width: int, base: Style, *, quiet: bool = False) -> Segment:
        """Draw a text, a `quiet` one as one that is missing."""
        quiet = quiet or not text or bool(summary.marks & FADED)
        return Segment(
            self._fit(text or self.marks.none, width), base + self._style("dim") if quiet else base
        )

    def _event(self, summary: Summary, width: int, colour: Style, base: Style) -> list[Segment]:
        """Draw the call's letter and the event's name, with the message's tags if there is room."""
        letter = Segment(self._letter(summary) + " ", colour + Style(bold=True))
        width = max(width - CALL, 1)
        faded = bool(summary.marks & FADED)
        style = colour if summary.refused else base + self._style("dim") if faded else base
        tags = [(text, tag) for mark, text, tag in TAGS if summary.marks & mark]
        name = summary.name or ("" if summary.refused else self.marks.none)
        room = width - sum(len(text) + 2 for text, _ in tags)
        if not tags or room < 12:
            return [letter, Segment(self._fit(name, width), style)]
        parts = [letter, Segment(self._fit(name, room), style)]
        parts.extend(Segment("  " + text, base + self._style(tag)) for text, tag in tags)
        return parts

    def _warn(self, summary: Summary, width: int, base: Style) -> list[Segment]:
        """Draw `✖2 ▲1`; where both do not fit, the errors alone."""
        counts = [
            (f"{mark}{count}", base + self._style(style))
            for mark, count, style in (
                (self.marks.error, summary.errors, "error"),
                (self.marks.warning, summary.warnings, "warning"),
            )
            if count
        ]
        if sum(len(text) for text, _ in counts) + len(counts) - 1 > width:
            counts = counts[:1]
        used = sum(len(text) for text, _ in counts) + max(len(counts) - 1, 0)
        if used > width:
            text, style = counts[0]
            return [Segment(f"{text[:1]}{'9' * (width - 2)}+"[:width], style)]
        parts = [Segment(" " * (width - used), base)]
        for place, (text, style) in enumerate(counts):
            parts.append(Segment(f" {text}" if place else text, style))
        return parts

    def _sent(self, summary: Summary, width: int, base: Style) -> Segment:
        """Draw Mixpanel's status, or what became of the message in place of one."""
        style = base + self._style(DELIVERY_STYLE[summary.delivery])
        if summary.refused:
            return Segment(" " * width, base)
        if width < SENT_LEAST:
            return Segment(self.marks.delivery[summary.delivery].rjust(width), style)
        return Segment(self.plain(sent_word(summary, self.marks)).rjust(width)[:width], style)


MARK = 2
"""Cells of the column of marks, which is there while something is marked."""
SENT_LEAST = 3
"""Below these cells the column *sent* has a mark in place of a status."""


def sent_word(summary: Summary, marks: Glyphs) -> str:
    """Return `200`, `400`, `wait`, `stuck`, `held`, `fault`, `?` or `–`.

    A refusal whose status is not an error (Mixpanel says so in the body), or is not known, has a cross.
    """
    if summary.delivery is not DeliveryState.REFUSED:
        return SENT_WORDS[summary.delivery]
    return str(summary.status) if summary.status >= 400 else f"{marks.error}{summary.status or ''}"


HEADS: dict[Name, str] = {
    "event": "event",
    "user": "user",
    "source": "source",
    "mode": "mode",
    "id": "messageId",
    "warn": "warn",
    "sent": "sent",
}


def head_line(at: Columns, time_head: str, marks: Glyphs) -> str:
    """Return the heads of the columns, each over its column."""
    heads = {**HEADS, "time": time_head}
    cells: list[str] = []
    for name, width in at.parts:
        text = heads[name]
        if len(text) > width:
            text = text[:width] if width > 2 else ""
        cells.append(text.rjust(width) if name in RIGHT else fit(text, width, marks.ellipsis))
    return " " + " ".join(cells)


def clock_time(ms: int, width: int, clock: Clock = "local") -> str:
    """Format a time (milliseconds since the epoch), with milliseconds if they fit."""
    try:
        when = datetime.fromtimestamp(ms / 1000, UTC if clock == "utc" else None)
    except (OverflowError, OSError, ValueError):
        return "?"
    text = f"{when.hour:02}:{when.minute:02}:{when.second:02}"
    return text if width < len(text) + 4 else f"{text}.{ms % 1000:03d}"


def time_since(ms: int, width: int) -> str:
    """Format the time since the previous message: `+0.310`, `+1:02.310`, `+3 h 05 min`, `+2 d 04 h`."""
    sign, ms = ("-", -ms) if ms < 0 else ("+", ms)
    seconds, rest = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if seconds < 60:
        text = f"{sign}{seconds}.{rest:03}"
    elif minutes < 60:
        text = f"{sign}{minutes}:{second:02}.{rest:03}"
        text = text if len(text) <= width else f"{sign}{minutes}:{second:02}"
    elif hours < 24:
        text = f"{sign}{hours} h {minute:02} min"
        text = text if len(text) <= width else f"{sign}{hours}:{minute:02} h"
    else:
        text = f"{sign}{hours // 24} d {hours % 24:02} h"
        text = text if len(text) <= width else f"{sign}{hours // 24} d"
    return text.rjust(width)


def same_time(width: int, marks: Glyphs) -> str:
    """Return the dot that stands in place of a time that the line above has, too."""
    return marks.middot.rjust(min(TIME_S + 1, width)).ljust(width)
