"""The choice of the list's columns: which are shown, in which order, and how wide each is."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from ..keymap import first
from ..pane_keys import bindings
from ..render.list_columns import ALL, Columns, Look, Name
from ..render.plain import is_plain, marks_of
from ..widgets.text_block import TextBlock

WHAT: dict[Name, str] = {
    "time": "when it came",
    "event": "always shown",
    "user": "userId or anonymousId",
    "source": "the library or the device",
    "mode": "cloud or device mode",
    "id": "the message's own id",
    "warn": "errors and warnings",
    "sent": "Mixpanel's answer",
}
NAMES: dict[Name, str] = {**{name: name for name in ALL}, "id": "messageId"}
HELP: tuple[tuple[tuple[str, ...], str], ...] = (
    (("columns.toggle",), "shows or hides"),
    (("columns.right", "columns.left"), "moves it right, left"),
    (("columns.narrow", "columns.wide"), "resizes"),
    (("columns.fit",), "as wide as what it holds"),
    (("columns.reset",), "all as at first"),
)


class ChooseColumns(ModalScreen[None]):
    """The columns, one a line, those that are shown first. Each change is drawn in the list at once."""

    DEFAULT_CSS = """
    ChooseColumns {
        align: right bottom;
        background: $background 0%;
        & > Vertical {
            width: 58;
            height: auto;
            max-height: 90%;
            margin: 1 2;
            background: $surface;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $dim;
            padding: 0 1;
        }
        &.-ascii > Vertical { border: ascii $border; }
    }
    """
    BINDINGS = bindings("columns")

    def __init__(self, look: Look, put: Callable[[Look], None], drawn: Callable[[], Columns]) -> None:
        """Show the choice; `put` shows a look in the list, `drawn` gives the columns as drawn there."""
        super().__init__()
        self.look = look
        self.rows = TextBlock()
        self._put = put
        self._drawn = drawn
        self._at: Name = look.names[0]

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Columns"
            box.border_subtitle = f"{first('columns.leave')} closes"
            yield self.rows

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self._fill()

    @property
    def order(self) -> list[Name]:
        """All columns: those shown in their order, then the others."""
        return [*self.look.names, *(name for name in ALL if name not in self.look.names)]

    def action_move(self, by: int) -> None:
        """Go to the next column, or the one before."""
        order = self.order
        self._at = order[max(0, min(order.index(self._at) + by, len(order) - 1))]
        self._fill()

    def action_show(self) -> None:
        """Show or hide the column."""
        self._change(self.look.toggled(self._at))

    def action_shift(self, by: int) -> None:
        """Move the column to the right, or to the left."""
        self._change(self.look.moved(self._at, by))

    def action_resize(self, by: int) -> None:
        """Make the column wider or narrower."""
        width = self._drawn().width(self._at)
        if width:
            self._change(self.look.with_width(self._at, width + by))

    def action_fit(self) -> None:
        """Give the column the width of what it holds."""
        self._change(self.look.with_width(self._at, 0))

    def action_reset(self) -> None:
        """Show the columns as at first."""
        self._change(Look(clock=self.look.clock))

    def action_leave(self) -> None:
        """Close the choice."""
        self.dismiss()

    def _change(self, look: Look) -> None:
        if look != self.look:
            self.look = look
            self._put(look)
            self._fill()

    def _fill(self) -> None:
        drawn, by_hand, marks = self._drawn(), dict(self.look.widths), marks_of(self)
        lines: list[Content] = []
        for name in self.order:
            shown, width = name in self.look.names, drawn.width(name)
            size = "" if not shown else f"{width}" if width else "no room"
            parts = (
                (f"{marks.cursor} " if name == self._at else "  ", "$accent"),
                (f"{marks.dot if shown else ' '} {NAMES[name]:<11}", "bold $foreground" if shown else "$dim"),
                (f"{size:>7}{'*' if name in by_hand else ' '} ", "$foreground"),
                (WHAT[name], "$dim"),
            )
            line = Content.assemble(*parts)
            lines.append(line.stylize("on $row-cursor") if name == self._at else line)
        lines.append(Content(""))
        lines += [
            Content.assemble((f"{' '.join(map(first, ids)):>7}  ", "bold $accent"), (text, "$dim"))
            for ids, text in HELP
        ]
        self.rows.put(Content("\n").join(lines))
