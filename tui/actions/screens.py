"""Open the screens about many messages, and go to what the reader chose there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from ...core import id_in
from ...core.api.models import MessageDetail
from ..render.detail import FilterBy
from . import held
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


async def user_story(on: Context, at: Row = ()) -> None:
    """Show the timeline of the user of the selected message; `at` is the user's id, and a row of it."""
    from ..screens.user_story import UserStoryScreen

    if at:
        screen = UserStoryScreen(on, at[0], at=at[1:])
    else:
        detail = await _selected(on)
        if detail is None:
            return
        id = id_of(detail)
        if not id:
            on.notify("The message names no user: neither a userId nor an anonymousId.", severity="warning")
            return
        screen = UserStoryScreen(on, id, detail.summary.id)
    await _leave_for(on, await on.whole_app.push_screen_wait(screen), "user_story")


async def event_story(on: Context, at: Row = ()) -> None:
    """Show the properties of the selected message's event over time; `at` is type, name, and a row of it."""
    from ..screens.event_story import EventStoryScreen

    if at:
        screen = EventStoryScreen(on, at[0], at[1], at=at[2:])
    else:
        summary = on.summary
        if summary is None or summary.refused:
            what = "no message yet" if summary is None else "no event in a refused request"
            on.notify(f"There is {what}.", severity="warning")
            return
        screen = EventStoryScreen(on, message=summary.id)
    await _leave_for(on, await on.whole_app.push_screen_wait(screen), "event_story")


async def _selected(on: Context) -> MessageDetail | None:
    """Return the selected message's detail, read if the panes do not have it yet; None for none."""
    summary = on.summary
    if summary is None or summary.refused:
        what = "no message yet" if summary is None else "no message in a refused request"
        on.notify(f"There is {what}.", severity="warning")
        return None
    detail = on.detail
    if detail is None or detail.summary.id != summary.id:
        detail = await on.viewer.detail(summary.id)
    return detail


class _Named(msgspec.Struct):
    """The ids of a message."""

    userId: object = None
    anonymousId: object = None


def id_of(detail: MessageDetail) -> str:
    """Return the id that Mixpanel gets, else the message's userId or anonymousId; "" if it has none."""
    if id := id_in(detail.verdict.translation):
        return id
    try:
        named = msgspec.json.decode(detail.document, type=_Named)
    except (msgspec.DecodeError, RecursionError):
        return ""
    for id in (named.userId, named.anonymousId):
        if isinstance(id, str | int) and not isinstance(id, bool) and id != "":
            return str(id)
    return ""


REOPEN: dict[str, Callable[[Context, Row], Awaitable[None]]] = {
    "summary": summary,
    "users": users,
    "groups": groups,
    "user_story": user_story,
    "event_story": event_story,
    "held": held.back,
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
        on.filter_by(chosen.filter, chosen.screen or action, chosen.row)
    elif chosen is not None:
        await on.go_to(chosen.messages, chosen.pane)
