"""List what `[[hold]]` keeps back, and release, edit or drop it: one message, or many."""

from __future__ import annotations

from ...core.api.models import Summary
from ...core.delivery import DeliveryState
from ...core.text import clean
from ..keymap import first
from . import many_send
from .context import Answer, Context, choose
from .edit import edit
from .many_run import These, counted_messages, these_of
from .many_send import HELD
from .replay import shown_name

NONE = "Nothing is held. [[hold]] in segtap.toml keeps messages back before they are forwarded, by filter."
ALONE = "What follows of the same users does not wait for it, and what you release goes last."


async def held(on: Context) -> None:
    """List what is held; in that list, offer what can be done with it."""
    state = on.state
    if state is None:
        return
    if HELD in (on.search or on.dimming):
        await _offer(on)
    elif state.deliveries.held:
        on.filter_by(HELD, "held")
        on.notify(f"{first('held.open')} asks what to do with what is held, {first('pane.back')} goes back.")
    else:
        on.notify(NONE)


async def back(on: Context, row: tuple[str, ...]) -> None:
    """Do nothing: Esc has restored the filter that was in force before what is held was listed."""


async def _offer(on: Context) -> None:
    these = await these_of(on)
    if these is None:
        return
    summary = on.summary
    one = summary if summary is not None and summary.delivery is DeliveryState.HELD else None
    if one is None and not these.count:
        on.notify(NONE)
        return
    way = await choose(on, _question(on, one), _answers(one, these))
    match way:
        case "release" if one is not None:
            await _decide_one(on, one, "release")
        case "drop" if one is not None:
            await _decide_one(on, one, "drop")
        case "edit":
            await edit(on)
        case "release_all":
            await many_send.release(on, these)
        case "drop_all":
            await many_send.drop(on, these, held=True)
        case _:
            return
    on.reload()  # what is not held any more leaves the list


def _question(on: Context, one: Summary | None) -> str:
    """Say how many are held, which one is selected, and what releasing does."""
    state = on.state
    count = state.deliveries.held if state is not None else 0
    verb = "is" if count == 1 else "are"
    name = f" The selected one is “{shown_name(one)}” of {clean(one.user) or 'nobody'}." if one else ""
    return f"{counted_messages(count)} {verb} held.{name}\n\n{many_send.released_to(on)}\n\n{ALONE}"


def _answers(one: Summary | None, these: These) -> list[Answer]:
    own: list[Answer] = [
        ("release", "release this one", "o"),
        ("edit", "edit it, and forward it in its place", "e"),
        ("drop", "drop this one", "x"),
    ]
    many: list[Answer] = [
        ("release_all", f"release {these.what}", "r"),
        ("drop_all", f"drop {these.what}", "d"),
    ]
    return [("nothing", "nothing, go back", "n"), *(own if one else ()), *(many if these.count else ())]


async def _decide_one(on: Context, one: Summary, decision: many_send.OfHeld) -> None:
    decided = await on.viewer.decide(decision, [one.id])
    name = shown_name(one)
    if decided.unchanged:
        on.notify(f"“{name}” is left as it is: {clean(decided.unchanged[0].why)}.", severity="warning")
    elif decision == "drop":
        on.notify(f"“{name}” is dropped: Mixpanel does not get it.")
    else:
        on.notify(f"“{name}” is released. {many_send.released_to(on, done=True)}")
