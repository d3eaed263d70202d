"""Compare a message with another one, with its other copy, and with what Mixpanel gets of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import quoted_filter
from ...core.api.models import MessageDetail
from ...core.errors import InputError
from ...core.messages import RAW_TYPE
from ...core.text import clean
from .context import Context

if TYPE_CHECKING:
    from ..model.compared import SideBySide

WAIT = 2_000
"""Milliseconds for which the message before is searched for."""


async def compare(on: Context) -> None:
    """Compare the selected message with its other copy, the message before, and its requests."""
    detail = on.detail
    if detail is None or detail.summary.refused:
        what = "no message yet" if detail is None else "no message in a refused request"
        on.notify(f"There is {what}, so there is nothing to compare.", severity="warning")
        return
    if detail.unread:
        on.notify("The message is too large to be read, so there is nothing to compare.", severity="warning")
        return
    from ..model.compared import of_copies, of_requests

    found: list[SideBySide] = []
    if detail.copy is not None:
        there = await on.viewer.detail(detail.copy.summary.id)
        cloud, device = (there, detail) if detail.source_kind == "mixpanel" else (detail, there)
        kind = (await on.viewer.settings()).destination.kind
        found.append(of_copies(cloud, device, kind, there.summary.id))
    before = await previous(on, detail)
    if before is not None:
        found.append(_two(before, detail, "with the message before"))
    if detail.source_kind == "segment":
        found.append(of_requests(detail))
    if not found:
        on.notify("The journal has no earlier message of this event to compare with.", severity="warning")
        return
    await _show(on, detail, found)


async def compare_two(on: Context, one: int, other: int) -> None:
    """Compare two messages by their ids, the earlier one on the left."""
    left, right = [await on.viewer.detail(id) for id in sorted((one, other))]
    if any(detail.summary.refused or detail.unread for detail in (left, right)):
        raise InputError("A refused request, or a message too large to be read, cannot be compared.")
    await _show(on, right, [_two(left, right, "two messages")])


async def previous(on: Context, detail: MessageDetail) -> MessageDetail | None:
    """Return the message of the same event before this one; of the same user for an identify call."""
    page = await on.viewer.page(before=detail.summary.id, limit=1, filter=filter_before(detail), wait=WAIT)
    lines = [line for line in page.summaries if not line.refused]
    if not lines:
        return None
    found = await on.viewer.detail(lines[-1].id)
    return None if found.unread else found


def filter_before(detail: MessageDetail) -> str:
    """Return the filter for earlier messages of the same kind."""
    line = detail.summary
    terms = [f"type:{line.type}"] if line.type else []
    if line.type in ("identify", "group", "alias"):
        terms += [f"user:{quoted_filter(line.user)}"] if line.user else []
    elif line.name and "\n" not in line.name:
        # The path asks for this very name; the field event: also takes it in other letters.
        path = "name" if line.type in ("page", "screen") else "mp.event" if line.type == RAW_TYPE else "event"
        name = quoted_filter(line.name)
        terms.append(f"{path}={name}" if name.startswith('"') else f'{path}="{name}"')
    return " ".join(terms)


def _two(left: MessageDetail, right: MessageDetail, name: str) -> SideBySide:
    from ..model.compared import of_messages
    from ..render import clock
    from ..widgets.caption import identity

    now = clock.now()
    captions = [
        f"{clock.local(one.summary.received_at, now)} {identity(one.summary)}" for one in (left, right)
    ]
    return of_messages(name, left, right, (captions[0], captions[1]))


async def _show(on: Context, detail: MessageDetail, found: list[SideBySide]) -> None:
    from ..screens.compare import Compare
    from ..widgets.caption import identity

    chosen = await on.whole_app.push_screen_wait(Compare(clean(identity(detail.summary)), found))
    if chosen:
        await on.go_to([chosen])
