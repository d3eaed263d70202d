"""Clear the journal."""

from __future__ import annotations

from ...core.text import counted
from .context import Context, ask


async def clear(on: Context) -> None:
    """Delete all messages of the journal, after asking."""
    state = on.state
    if state is None:
        return
    count = counted(state.received, "message")
    question = f"Forget all {count} in this journal, for good?"
    if state.deliveries.owed:
        question += (
            f"\n\n{counted(state.deliveries.owed, 'message')} still owed to Mixpanel will never be sent."
        )
    if await ask(on, question, yes="Forget them", no="Keep them"):
        await on.viewer.clear()
        on.notify(f"The journal is empty: {count} forgotten.")
