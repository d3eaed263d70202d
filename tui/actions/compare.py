"""Compare a message with another one, with its other copy, and with what Mixpanel gets of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.api.models import MessageDetail
from ...core.commands.chosen import walk
from ...core.errors import InputError
from ...core.text import clean
from ..keymap import first
from ..model.before import WAIT, filter_before, message_before
from .context import Context

if TYPE_CHECKING:
    from ..model.compared import SideBySide


async def compare(on: Context) -> None:
    """Compare two marked messages; without marks the selected one with others and with its requests."""
    if on.many.marks:
        await _compare_marked(on)
        return
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


async def _compare_marked(on: Context) -> None:
    """Compare the two marked messages; with more or fewer, say what to do."""
    number = on.many.marks.count
    if number != 2:
        have = "More" if number is None else f"{number:,}"
        verb = "message is" if number == 1 else "messages are"
        on.notify(
            f"{have} {verb} marked. With two marked ({first('marks.turn')}),"
            f" {first('message.compare')} compares them; with none ({first('pane.back')} in the list),"
            " the selected one with the message before.",
            severity="warning",
        )
        return
    ids = [line.id async for lines in walk(on.viewer, on.many.marks.chosen) for line in lines]
    if len(ids) == 2:
        await compare_two(on, *ids)


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
