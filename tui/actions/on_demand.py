"""Answers on demand: have SDKs get 429, 503 or no answer at all, to see what they do."""

from __future__ import annotations

from ...core.text import clean
from .context import Context, ask_for

ABOUT = (
    "What SDKs get in place of the usual answer: 429 retry-after=2 x5, 503 delay=2s, reset, lost (accepted,"
    " but not answered); key=WRITE_KEY and path=/v1/batch limit it. Several with ; between them. Empty: the"
    " usual answers."
)


async def answers(on: Context) -> None:
    """Ask which answers SDKs get, and put them in force."""
    state = on.state
    if state is None:
        return
    now = f"\nNow: {'; '.join(map(clean, state.answers))}." if state.answers else ""
    text = await ask_for(on, "Answers on demand", ABOUT + now, "", "429 x3", "puts them in force")
    if text is None:
        return
    after = await on.viewer.set_answers([one.strip() for one in text.split(";") if one.strip()])
    if after.answers:
        on.notify(f"SDKs get: {'; '.join(map(clean, after.answers))}.")
    else:
        on.notify("SDKs get the usual answers.")
