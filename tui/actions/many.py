"""What can be done with all marked messages, or without marks with all that the list shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...core.api.models import EngineState
from ...core.commands import bulk, chosen
from ...core.commands.bulk import NOW, ORIGINAL, Pace, read_pace
from ...core.errors import InputError
from ...core.text import clean
from ..model.hidden import MOST
from . import many_files, many_send, marks
from .context import Answer, Context, ask, ask_for, choose
from .forwarding import project_of
from .many_run import These, counted_messages, run, these_of

NOTHING = "nothing"


@dataclass(frozen=True)
class Doing:
    """One thing that can be done with many messages: its letter in the menu, its words, and the action."""

    id: str
    key: str
    words: str
    act: Callable[[Context, These], Awaitable[None]]


async def many(on: Context) -> None:
    """Offer what can be done with the marked messages, or without marks with all that are shown."""
    these = await these_of(on)
    if these is None:
        return
    answers: list[Answer] = [(NOTHING, "nothing, go back", "n")]
    if these.count:
        answers += [(one.id, one.words, one.key) for one in DOING]
    if len(on.many.hidden):
        answers.append(("show", f"show {counted_messages(len(on.many.hidden))} hidden before", "s"))
    if on.many.undo.last:
        answers.append(("undo", f"undo: {on.many.undo.last}", "u"))
    question = f"What to do with {these.what}?" if these.count else "No message is marked or shown."
    way = await choose(on, question, answers)
    if way == "undo":
        marks.undo(on)
    elif way == "show":
        marks.show_hidden(on)
    elif way in BY_ID:
        await BY_ID[way].act(on, these)


async def do(on: Context, id: str) -> None:
    """Do one of these things at once, for the command palette."""
    these = await these_of(on)
    if these is not None and these.count:
        await BY_ID[id].act(on, these)
    elif these is not None:
        on.notify("No message is marked or shown.", severity="warning")


async def replay(on: Context, these: These, pace: Pace = NOW) -> None:
    """Send the messages through segtap again, after one question."""
    state = on.state
    if state is None or not await ask(
        on, replay_question(state, these, pace), yes="Replay them", no="Do not replay"
    ):
        return
    await run(on, these, "Replaying", "replayed", lambda lines, now: bulk.replay(on.viewer, lines, now, pace))


def replay_question(state: EngineState, these: These, pace: Pace) -> str:
    """Ask whether to replay: how many, how fast, and what Mixpanel gets."""
    how = {0.0: "", 1.0: " at their original pace"}.get(
        pace.factor, f" {pace.factor:g} times as fast as they came"
    )
    if state.forwarding:
        return f"Send {these.what} again{how}, and on to {project_of(state)}?"
    return f"Replay {these.what} through segtap{how}? Forwarding is off, so Mixpanel gets nothing of it."


async def replay_original(on: Context, these: These) -> None:
    """Send the messages again with the time between them that they had."""
    await replay(on, these, ORIGINAL)


async def replay_faster(on: Context, these: These) -> None:
    """Ask how much faster, and send the messages again at that pace."""
    text = await ask_for(on, "Replay faster", "How many times as fast as they came?", "10", "10")
    if text is None:
        return
    try:
        pace = read_pace(text)
    except InputError as error:
        on.notify(clean(str(error)), severity="warning")
        return
    await replay(on, these, pace)


async def hide(on: Context, these: These) -> None:
    """Take the messages out of the list."""
    if these.count > MOST:
        on.notify(marks.TOO_MANY, severity="warning")
        return
    marks.hide(on, [line.id async for lines in chosen.walk(on.viewer, these.chosen) for line in lines])


DOING = (
    Doing("replay", "r", "replay now", replay),
    Doing("replay_original", "o", "replay at their original pace", replay_original),
    Doing("replay_faster", "x", "replay N times as fast", replay_faster),
    Doing("to_mixpanel", "m", "send to Mixpanel now", many_send.to_mixpanel),
    Doing("unsent", "f", "forward what was left unsent", many_send.unsent),
    Doing("retry", "g", "send again what was not accepted", many_send.retry),
    Doing("release", "l", "release what is held", many_send.release),
    Doing("drop", "d", "drop what is still to be sent", many_send.drop),
    Doing("to_url", "a", "send to another URL", many_send.to_url),
    Doing("export", "e", "export to a file", many_files.export),
    Doing("record", "t", "record as a scenario", many_files.record),
    Doing("copy", "c", "copy as JSON lines", many_files.copy_lines),
    Doing("hide", "h", "hide from the list", hide),
)
"""The menu of `b`, in order."""
BY_ID = {one.id: one for one in DOING}
