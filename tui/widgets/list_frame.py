"""What the frame of the list says: above how many there are, below where the reader is."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style

from ..render.glyphs import to_ascii
from .message_list import MessageList

FOLLOW = Style.from_meta({"@click": "screen.follow"})
"""A click on the words does what End does."""
ROOM = 40
"""Cells from which on the foot also says which key follows."""


def list_title(view: MessageList, total: int, text: str, *, searching: bool) -> Content:
    """Return `Messages – 1,204`, or with a filter `Messages – order – 212 of 1,204`; … while it searches."""
    marks, window = view.marks, view.window
    title = Content("Messages")
    if not text:
        return Content.assemble(title, f" {marks.none} {total:,}") if total else title
    count = f"{len(window):,}"
    if searching:
        count += marks.ellipsis
    elif window.more_above or window.more_below:
        count += "+"
    shown = to_ascii(text) if marks.ascii else text
    dash = f" {marks.none} "
    return Content.assemble(title, dash, (shown, "bold $accent"), f"{dash}{count} of {total:,}")


def list_place(view: MessageList) -> Content:
    """Return that the list is paused, and how many messages came below; empty while it follows."""
    if view.following or not len(view.window):
        return Content("")
    how = "  (End follows)" if view.size.width >= ROOM else ""
    if view.selection.unseen:
        text = f" {view.selection.unseen:,} new {view.marks.down}{how} "
        place = Content.styled(text, "bold $background on $mark-waiting")
    else:
        place = Content.styled(f" paused{how} ", "$mark-waiting")
    return place.stylize(FOLLOW)
