"""Open the screens about many messages, and go to what the reader chose there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ..render.detail import FilterBy
from .context import Context

if TYPE_CHECKING:
    from ..screens.live_screen import Chosen, SwitchTo

Row = tuple[str, ...]
"""The key of a row of such a screen."""


async def summary(on: Context, at: Row = ()) -> None:
    """Sum up the messages by rule, by event and over time."""
    from ..screens.summary import SummaryScreen

    await _leave_for(on, await on.whole_app.push_screen_wait(SummaryScreen(on, at)), "summary")


async def users(on: Context, at: Row = ()) -> None:
    """Show what Mixpanel makes of each user, the selected message's first."""
    from ..screens.users import UsersScreen

    await _leave_for(on, await on.whole_app.push_screen_wait(UsersScreen(on, on.detail, at)), "users")


async def groups(on: Context, at: Row = ()) -> None:
    """Show the four parts of Group Analytics."""
    from ..screens.groups import GroupsScreen

    await _leave_for(on, await on.whole_app.push_screen_wait(GroupsScreen(on, at)), "groups")


REOPEN: dict[str, Callable[[Context, Row], Awaitable[None]]] = {
    "summary": summary,
    "users": users,
    "groups": groups,
}
"""The screens that a filter of the list may come from, by action; each opens at a row."""


async def decode(on: Context) -> None:
    """Open the box that decodes pasted text."""
    from ..screens.decode import DecodeBox

    on.whole_app.push_screen(DecodeBox(viewer=on.viewer))


async def _leave_for(on: Context, chosen: Chosen | FilterBy | SwitchTo | None, action: str) -> None:
    from ..screens.live_screen import SwitchTo

    if isinstance(chosen, SwitchTo):
        await on.run_named(chosen.action)
    elif isinstance(chosen, FilterBy):
        on.filter_by(chosen.filter, action, chosen.row)
    elif chosen is not None:
        await on.go_to(chosen.messages, chosen.pane)
