"""Go to the next or previous message with an error or a warning, anywhere in the journal."""

from __future__ import annotations

from typing import Literal

from ..keymap import first
from .context import Context

Wanted = Literal["error", "warning"]
COMMANDS: dict[tuple[Wanted, bool], str] = {
    ("error", True): "list.next-error",
    ("error", False): "list.previous-error",
    ("warning", True): "list.next-warning",
    ("warning", False): "list.previous-warning",
}
"""The command that searches for it, forward if True."""


async def next_error(on: Context) -> None:
    """Go to the next message with an error."""
    await _go(on, "error", forward=True)


async def previous_error(on: Context) -> None:
    """Go to the previous message with an error."""
    await _go(on, "error", forward=False)


async def next_warning(on: Context) -> None:
    """Go to the next message with a warning."""
    await _go(on, "warning", forward=True)


async def previous_warning(on: Context) -> None:
    """Go to the previous message with a warning."""
    await _go(on, "warning", forward=False)


async def error_button(on: Context) -> None:
    """Go to the newest error while the list follows the newest message, else to the next one."""
    await _go(on, "error", forward=not on.following)


async def warning_button(on: Context) -> None:
    """Go to the newest warning while the list follows the newest message, else to the next one."""
    await _go(on, "warning", forward=not on.following)


async def _go(on: Context, wanted: Wanted, *, forward: bool) -> None:
    """Select the closest such message before or after the selected one, within the filter of the list."""
    from ..model.narrowing import both

    async with on.seeking:  # a key that is pressed twice goes two messages on
        summary = on.summary
        if summary is None:
            on.notify("There is no message yet.", severity="warning")
            return
        match = wanted == "error" and on.dimming
        filter = on.dimming if match else both(on.search, f"warn:{wanted}")
        page = await on.many.hidden.page(
            on.viewer,
            after=summary.id if forward else None,
            before=None if forward else summary.id,
            limit=1,
            filter=filter,
        )
        if page.summaries and await on.select([page.summaries[0].id]):
            return
    where = "after" if forward else "before"
    among = " that matches the filter" if on.search else ""
    other = first(COMMANDS[wanted, not forward])
    what = "message with an error" if wanted == "error" else "message with a warning"
    if match:
        what, among = "message that matches the filter", ""
    on.notify(f"No {what}{among} {where} this one. {other} searches the other way.")
