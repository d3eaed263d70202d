"""The line above the panes that says which message they show."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ...core.api.models import MessageDetail, Summary
from ...core.text import clean, shorten
from ..model.sources import SourceNames
from ..render import clock
from ..render.glyphs import call_letter
from ..render.message import DELIVERY_COLOR, SOURCE_STYLE, sent_word
from ..render.plain import marks_of, worded

NAME_SHOWN = 48
REASON_SHOWN = 90


class Caption(Widget):
    """One line about the message of all panes: call, user, time, warnings and what Mixpanel answered.

    While `holding`, another message is selected in the list, and the caption says so.
    """

    DEFAULT_CSS = """
    Caption { height: 1; width: 1fr; padding: 0 1; background: $panel; color: $foreground; }
    """

    detail: reactive[MessageDetail | None] = reactive(None)
    holding: reactive[bool] = reactive(False)
    sources: reactive[SourceNames] = reactive(SourceNames())
    """Names and colors of sources."""
    lacks: reactive[str] = reactive("")
    """Why there is no message to show, "" if none needs to be given."""

    def render(self) -> Content:
        """Return the line."""
        if self.detail is None:
            return worded(self, Content.styled(shorten(clean(self.lacks), REASON_SHOWN), "$dim"))
        summary = self.detail.summary
        left, right = worded(self, self._named(summary)), worded(self, self._marks(summary))
        room = self.size.width - cell_len(left.plain) - cell_len(right.plain)
        return Content.assemble(left, " " * room, right) if room > 0 else left

    def _named(self, summary: Summary) -> Content:
        letter = "refused" if summary.refused else call_letter(summary.type)[1]
        style = "$dim" if letter == "dim" else f"bold ${letter}"
        call, _, rest = identity(summary).partition(" ")
        at = clock.local(summary.received_at, clock.now())
        parts = [(call, style), (f" {rest}" if rest else "", "bold $foreground")]
        if (color := self.sources.color(summary)) is not None:
            parts += [(" · ", "$dim"), (self.sources.word(summary), f"${SOURCE_STYLE[color]}")]
        parts.append((f" · {at}", "$dim"))
        if self.holding:
            parts.insert(0, ("holding ", "bold $mark-waiting"))
        return Content.assemble(*parts)

    def _marks(self, summary: Summary) -> Content:
        marks = marks_of(self)
        parts: list[tuple[str, str]] = []
        if summary.errors:
            parts.append((f"{marks.error}{summary.errors} ", "bold $mark-error"))
        if summary.warnings:
            parts.append((f"{marks.warning}{summary.warnings} ", "$mark-warning"))
        if not summary.refused:
            parts += [(" sent ", "$dim"), (sent_word(summary, marks), DELIVERY_COLOR[summary.delivery])]
        return Content.assemble(*parts)


def identity(summary: Summary) -> str:
    """Name a message in one line: `track Order Completed · user-77`."""
    name = shorten(clean(summary.name), NAME_SHOWN)
    if summary.refused:
        return f"{'damaged' if summary.damaged else 'refused'} request · {name}"
    call = f"{summary.type} {name}" if name and name != summary.type else summary.type or name
    return f"{call} · {shorten(clean(summary.user), 32)}" if summary.user else call
