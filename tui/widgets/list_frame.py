"""What the frame of the list says: above how many there are, below where the reader is."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.style import Style

from ...core.text import clean, shorten
from ..keymap import first
from ..render.detail import worded
from ..render.glyphs import to_ascii
from .message_list import MessageList

FOLLOW = Style.from_meta({"@click": "screen.follow"})
"""A click on the words does what End does."""
ROOM = 40
"""Cells from which on the foot also says which key follows."""


FOR_PROGRESS = 72
"""Cells from which the title says of how many messages a long search has looked at how many."""
LONGEST = 24
"""Cells of the filter beside that."""


@dataclass(frozen=True)
class Progress:
    """The state of a long search: how many messages it looked at, and whether the reader stopped it.

    `seeking` says which matches are searched for beside those in the list.
    """

    searched: int
    stopped: bool
    seeking: str = ""


def list_title(
    view: MessageList, total: int, text: str, *, searching: bool, progress: Progress | None = None
) -> Content:
    """Return `Messages – 1,204`, or with a filter `Messages – order – 212 of 1,204`; … while it searches.

    A long search: `Messages – order – 12 found, searched 240,000 of 1,000,000, Esc stops`.
    """
    marks, window = view.marks, view.window
    title = Content("Messages")
    if not text:
        return Content.assemble(title, f" {marks.none} {total:,}") if total else title
    count = f"{len(window):,}"
    if progress is not None:
        found = progress_words(progress, total, short=view.size.width < FOR_PROGRESS)
        return Content.assemble(
            title,
            f" {marks.none} ",
            (worded(shorten(clean(text), LONGEST), marks), "bold $accent"),
            f" {marks.none} {progress.seeking or f'{count} found'}, ",
            (found, "$mark-waiting"),
        )
    if searching:
        count += marks.ellipsis
    elif window.more_above or window.more_below:
        count += "+"
    shown = to_ascii(text) if marks.ascii else text
    dash = f" {marks.none} "
    return Content.assemble(title, dash, (shown, "bold $accent"), f"{dash}{count} of {total:,}")


def dimmed_title(view: MessageList, total: int, text: str) -> Content:
    """Return `Messages – 1,204 – order stands out`, for a filter that dims what does not match."""
    marks = view.marks
    dash = f" {marks.none} "
    shown = worded(shorten(clean(text), LONGEST), marks)
    return Content.assemble(
        Content("Messages"), f"{dash}{total:,}{dash}", (shown, "bold $accent"), " stands out"
    )


def progress_words(progress: Progress, total: int, *, short: bool = False) -> str:
    """Return `searched 240,000 of 1,000,000, Esc stops`, or `stopped at 240,000 of 1,000,000`."""
    searched = min(progress.searched, total)
    at = f"{searched * 100 // max(total, 1)}%" if short else f"{searched:,} of {total:,}"
    return f"stopped at {at}" if progress.stopped else f"searched {at}, {first('pane.back')} stops"


def list_place(view: MessageList) -> Content:
    """Return that the list is paused, and how many messages came below; empty while it follows."""
    if view.following or not len(view.window):
        return Content("")
    how = f"  ({first('list.follow')} follows)" if view.size.width >= ROOM else ""
    if view.selection.unseen:
        text = f" {view.selection.unseen:,} new {view.marks.down}{how} "
        place = Content.styled(text, "bold $background on $mark-waiting")
    else:
        place = Content.styled(f" paused{how} ", "$mark-waiting")
    return place.stylize(FOLLOW)
