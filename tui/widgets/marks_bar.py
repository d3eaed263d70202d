"""The line below the list about many messages: how many are marked, or how far what is done with them is."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ...core.text import clean
from ..keymap import first
from ..model.many import Job, Many
from ..render.glyphs import Glyphs
from ..render.plain import marks_of, worded

BAR = 20
LEAST_BAR = 6
EVERY = 0.1
"""Seconds between two looks at how far it is."""
OFFERS = (
    ("many.menu", "replay, send, export, copy, hide"),
    ("message.compare", "compares two"),
    ("pane.back", "clears the marks"),
)
"""What can be done with marked messages; the last ones are left out first on a narrow terminal."""


class MarksBar(Widget):
    """One line, shown while messages are marked, or while something is done with many."""

    DEFAULT_CSS = """
    MarksBar {
        height: 1; width: 1fr; padding: 0 1; background: $panel; color: $foreground; display: none;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.many: Many | None = None

    def on_mount(self) -> None:
        self._timer = self.set_interval(EVERY, self.refresh, pause=True)

    def update(self) -> None:
        """Show how it is now."""
        many = self.many
        running = many is not None and many.job is not None
        self.display = running or (many is not None and bool(many.marks))
        if running:
            self._timer.resume()
        else:
            self._timer.pause()
        self.refresh()

    def render(self) -> Content:
        """Return the line."""
        many, marks = self.many, marks_of(self)
        if many is None:
            return Content("")
        width = max(self.size.width, 1)
        content = (
            job_line(many.job, width, marks) if many.job is not None else marked_line(many, width, marks)
        )
        return worded(self, content)


def marked_line(many: Many, width: int, marks: Glyphs) -> Content:
    """Return `◆ 12 marked · b replay, send, export, copy, hide · …`, as much as fits."""
    found = many.marks
    if found.count is not None:
        number = f"{found.count:,} marked"
    else:
        number = f"{found.counted:,}{marks.ellipsis} marked, counting"
    left = f"{marks.marked} {number}"
    rest = [f"{first(id)} {words}" for id, words in OFFERS]
    most = len(rest[0])
    while rest and len(left) + sum(len(text) + 3 for text in rest) > width:
        rest.pop(0 if len(rest) == 3 and width < len(left) + most + 3 else -1)
    parts = [(left, "bold $mark-marked")]
    parts.extend((f" {marks.middot} {text}", "$dim") for text in rest)
    return Content.assemble(*parts)


def job_line(job: Job, width: int, marks: Glyphs) -> Content:
    """Return `Replaying 1,204 of 18,860 ████░░░░ · 3 failed · Esc stops`."""
    progress = job.progress
    left = f"{job.doing} {progress.tried:,} of {progress.total:,} "
    right = f"{marks.middot} stopping" if progress.stopped else f"{marks.middot} {first('pane.back')} stops"
    failed = f"{progress.failed:,} failed " if progress.failed else ""
    if progress.waits and not progress.stopped:
        right = f"{right} {marks.middot} {clean(progress.waits)}"
    cells = max(LEAST_BAR, min(BAR, width - len(left) - len(right) - len(failed) - 4))
    part = min(progress.tried / progress.total, 1.0) if progress.total else 1.0
    full = round(part * cells)
    return Content.assemble(
        (left, "bold $foreground"),
        (marks.full * full, "$mark-ok"),
        (marks.rest * (cells - full), "$dim"),
        (f" {marks.middot} {failed}" if failed else " ", "$mark-error"),
        (right, "$dim"),
    )
