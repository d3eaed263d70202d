"""What outboxes have in common whose journal no other engine uses."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from .base import OnRecorded, Rest


class UnsharedOutbox:
    """The part of an `Outbox` that concerns other engines, where there are none."""

    def sending(self, rest: Rest) -> AbstractAsyncContextManager[None]:
        """Return a context that does nothing: no other engine sends what is owed."""
        return nullcontext()

    def follow(self, on_recorded: OnRecorded) -> None:
        """Do nothing: no other engine records anything."""
