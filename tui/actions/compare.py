"""Compare a message with another one, with its other copy, and with what Mixpanel gets of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.api.models import MessageDetail
from ...core.errors import InputError
from ...core.text import clean
from ..model.before import WAIT, filter_before, message_before
from .context import Context

if TYPE_CHECKING:
    from ..model.compared import SideBySide


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
    before = await message_before(on.viewer, detail.summary.id, filter_before(detail), WAIT)
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
