"""An attempt to send something, as lines: when, where to, how it ended, and in whose words."""

from __future__ import annotations

from textual.content import Content

from ...core.delivery import Delivery, Handover
from ...core.text import ago, clean
from . import clock


def attempt_lines(
    one: Delivery | Handover, to: str, outcome: tuple[str, str], *, what: str = "", place: str = "", now: int
) -> list[Content]:
    """Return the lines of an attempt, or of a decision about the message. `outcome` is a word and its style.

    `what` was sent and `place` in it stand in the last line, before and behind how long ago it was.
    """
    word, style = outcome
    again = f"  attempt {one.attempt}" if one.attempt > 1 else ""
    took = f"  {one.took:,} ms" if one.took else ""
    lines = [
        Content.assemble(
            (clock.local(one.at, now), "$dim"),
            (f"  {to}" if to else "", "bold $foreground"),
            (f"  {word}", f"bold {style}"),
        )
    ]
    if one.words:
        lines.append(Content.styled(f"  “{clean(one.words)}”", style))
    lines.append(Content.styled(f"  {what}{ago(one.at, now)}{place}{again}{took}", "$dim"))
    return lines
