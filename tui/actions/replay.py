"""Replay a message: send it through segtap again."""

from __future__ import annotations

from ... import core
from ...core.api.models import Summary
from ...core.messages import Marks
from ...core.text import clean, counted, shorten
from .context import Context, ask
from .forwarding import project_of


async def replay(on: Context) -> None:
    """Send the selected message through segtap again."""
    state, summary = on.state, replayable(on)
    if state is None or summary is None:
        return
    why = await _why_not_sent(on, summary) if state.forwarding else ""
    if (
        state.forwarding
        and not why
        and not await ask(
            on, f"Send 1 message again to {project_of(state)}?", yes="Send again", no="Do not send"
        )
    ):
        return
    count = await on.viewer.replay([summary.id])
    what = f"Replayed “{shown_name(summary)}”" if count == 1 else f"Replayed {counted(count, 'message')}"
    if why:
        on.notify(f"{what}. Mixpanel gets nothing of it: {clean(why)}.")
    elif state.forwarding:
        on.notify(f"{what}: it goes to {project_of(state)}.")
    else:
        on.notify(f"{what}. Forwarding is off, so Mixpanel gets nothing.")


def shown_name(summary: Summary) -> str:
    """Return the name of a message for a sentence."""
    return shorten(clean(summary.name or summary.type), 40)


def replayable(on: Context) -> Summary | None:
    """Return the selected message's line, or None and say why it cannot be replayed."""
    summary = on.summary
    if summary is None or on.state is None:
        on.notify("There is no message to replay yet.", severity="warning")
        return None
    if summary.refused:
        what = "It is damaged" if summary.damaged else "A refused request holds no message"
        on.notify(f"{what}, so there is nothing to replay.", severity="warning")
        return None
    return summary


async def _why_not_sent(on: Context, summary: Summary) -> str:
    """Return why forwarding sends nothing of a replay of this message, "" if it sends it."""
    if summary.marks & Marks.SECOND_RECEIPT:
        return ""  # its replay is a message of its own
    detail = await on.viewer.detail(summary.id)
    translation = detail.verdict.translation
    if translation.not_sent is not None:
        return translation.not_sent.reason
    return core.why_nothing(translation, summary.type, summary.marks, detail.source_kind)
