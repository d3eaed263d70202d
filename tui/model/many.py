"""What a reader does with many messages at once: marks, hidden ones, and what is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...core.api.models import EngineState
from ...core.commands.bulk import Progress
from .list_source import ListSource
from .marks import Marks, Shown
from .undo import Undo


@dataclass(frozen=True)
class Job:
    """Something that is being done with many messages: what, as "Replaying", and how far it is."""

    doing: str
    progress: Progress


class Many:
    """The marks of a list and what belongs to them. `changed` is called when any of it is different."""

    def __init__(self, source: ListSource, changed: Callable[[], object]) -> None:
        self._changed = changed
        self.undo = Undo()
        self.marks = Marks(lambda: source.viewer, source.view, self.undo, changed)
        self.hidden = source.hidden
        self.job: Job | None = None
        """What is being done, None if nothing is."""

    def begin(self, job: Job) -> None:
        """Show that something is being done."""
        self.job = job
        self._changed()

    def end(self) -> None:
        """Show that it is done."""
        self.job = None
        self._changed()

    def stop(self) -> bool:
        """Stop what is being done; return False if nothing is."""
        if self.job is None:
            return False
        self.job.progress.stop()
        self._changed()
        return True

    def forget(self) -> None:
        """Forget all ids: they are those of other messages now."""
        self.undo.clear()
        self.hidden.clear()
        self.marks.forget()


def shown_in(source: ListSource, dimming: str, state: EngineState | None) -> Shown:
    """Return which messages a list shows; with `dimming`, those that match that filter stand out alone."""
    window = source.view.window
    filter = dimming or source.search
    whole = not (window.more_above or window.more_below or source.searching or source.stopped)
    hidden = source.hidden.ids
    return Shown(
        filter,
        source.newest,
        () if dimming else window.rows,
        complete=whole and not dimming,
        total=state.received - len(hidden) if state is not None and not filter else None,
        hidden=hidden,
    )
