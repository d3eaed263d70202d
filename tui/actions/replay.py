"""Replay a message: send it through segtap again."""

from __future__ import annotations

from ...core.text import clean, counted, shorten
from .context import Context, ask
from .forwarding import project_of


async def replay(on: Context) -> None:
    """Send the selected message through segtap again."""
    state, summary = on.state, on.summary
    if state is None or summary is None:
        on.notify("There is no message to replay yet.", severity="warning")
        return
    if summary.refused:
        on.notify(
            "It is damaged, so there is nothing to replay."
            if summary.damaged
            else "A refused request holds no message, so there is nothing to replay.",
            severity="warning",
        )
        return
    if state.forwarding and not await ask(
        on, f"Send 1 message again to {project_of(state)}?", yes="Send again", no="Do not send"
    ):
        return
    count = await on.viewer.replay([summary.id])
    name = shorten(clean(summary.name or summary.type), 40)
    what = f"Replayed “{name}”" if count == 1 else f"Replayed {counted(count, 'message')}"
    if state.forwarding:
        on.notify(f"{what}: it goes to {project_of(state)}.")
    else:
        on.notify(f"{what}. Forwarding is off, so Mixpanel gets nothing.")
