"""Mark messages, hide them from the list, and undo that."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.api.models import Page
from ...core.text import counted
from ..keymap import first
from ..model.hidden import MOST
from .context import Context

TOO_MANY = f"At most {MOST:,} messages can be hidden; a filter hides more."


def _undone_by() -> str:
    """Say how what was done is undone: `u` is the menu's own letter."""
    return f"{first('many.menu')}, then u undoes that."


def mark(on: Context) -> None:
    """Mark the selected message, or take its mark away, and go to the one below."""
    line = on.summary
    if line is None:
        on.notify("There is no message to mark yet.", severity="warning")
        return
    on.list.pause()  # the message below is that of the list as it is now
    if line.refused:
        on.notify("A refused request holds no message, so it cannot be marked.", severity="warning")
    else:
        on.many.marks.toggle(line)
    if on.list.selection.at < len(on.list.window) - 1:
        on.list.action_move(1)


def mark_here(on: Context) -> None:
    """Mark the selected message, or take its mark away; the selection stays."""
    if on.summary is not None and not on.summary.refused:
        on.list.pause()
        on.many.marks.toggle(on.summary)


def mark_all(on: Context) -> None:
    """Mark all messages that the list shows, those beyond what it holds as well."""
    shown = on.shown()
    if not shown.held and not shown.filter:
        on.notify("There is no message to mark yet.", severity="warning")
        return
    on.many.marks.mark(shown)


def invert_marks(on: Context) -> None:
    """Mark the messages shown that are not marked, and take the marks of the others away."""
    shown = on.shown()
    if not shown.held and not shown.filter:
        on.notify("There is no message to mark yet.", severity="warning")
        return
    on.many.marks.invert(shown)


def clear_marks(on: Context) -> None:
    """Take all marks away."""
    if not on.many.marks:
        on.notify(
            f"No message is marked. {first('marks.turn')} marks the selected one,"
            f" {first('marks.all')} all that are shown."
        )
        return
    on.many.marks.clear()
    on.notify(f"Cleared the marks. {_undone_by()}")


def undo(on: Context) -> None:
    """Undo the last change of the marks, or of what is hidden."""
    what = on.many.undo.back()
    on.notify(f"Undone: {what}." if what else "There is nothing to undo.")


def hide(on: Context, ids: Sequence[int]) -> None:
    """Take messages out of the list; they stay in the journal."""
    hidden = on.many.hidden
    new = [id for id in ids if id not in hidden]
    if len(hidden) + len(new) > MOST:
        on.notify(TOO_MANY, severity="warning")
        return

    hidden.hide(new)
    marks_back = on.many.marks.drop(new)

    def back() -> None:
        hidden.show(new)
        marks_back()
        on.reload()

    on.many.undo.add(f"{counted(len(new), 'message')} hidden", back)
    _take_out(on)
    on.notify(f"{counted(len(new), 'message')} hidden from the list. {_undone_by()}")


def _take_out(on: Context) -> None:
    """Take the hidden messages out of the list; the selection goes to the message below."""
    view, hidden = on.list, on.many.hidden
    window, at = view.window, view.selection.at
    left = [row for row in window.rows if row.id not in hidden]
    if not left:
        on.reload()
        return
    keep = next((row.id for row in window.rows[at:] if row.id not in hidden), left[-1].id)
    more_below = window.more_below
    view.reset(Page(summaries=tuple(left), more=window.more_above), keep=keep)
    window.more_below = more_below


def show_hidden(on: Context) -> None:
    """List the hidden messages again."""
    count = counted(len(on.many.hidden), "message")
    on.many.hidden.clear()
    on.reload()
    on.notify(f"{count} shown again.")
