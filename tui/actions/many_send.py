"""Send many messages out of segtap, to Mixpanel or to another server, after one question."""

from __future__ import annotations

from functools import partial
from typing import Literal

from ...core.api.models import EngineState
from ...core.commands import bulk
from ...core.delivery import Decision
from ...core.text import clean
from ..keymap import first
from ..render.routes import sends_along
from .context import Context, ask
from .elsewhere import ask_for_url
from .forwarding import credentials_shown, project_of
from .many_run import These, counted, counted_messages, run

UNSENT = "delivery:off"
"""What was received while forwarding was off, of which Mixpanel would get something."""
HELD = "delivery:held"
OfHeld = Literal["release", "drop"]
"""What is decided about a held message."""
LEFT = 250
"""Milliseconds to look for replays."""


async def to_mixpanel(on: Context, these: These) -> None:
    """Send the messages to Mixpanel now, whether forwarding is on or off."""
    state = on.state
    if state is None or not _can_send(on, state):
        return
    question = f"Send {these.what} to {project_of(state)} now?"
    again = (
        "Mixpanel may have some of them. Events keep their $insert_id, so that Mixpanel keeps one of both;"
        " updates of profiles are applied again."
    )
    if await ask(on, _question(state, question, again), yes="Send them", no="Do not send"):
        await _send(on, these)


async def unsent(on: Context, these: These) -> None:
    """Send those of the messages to Mixpanel that were received while forwarding was off."""
    state = on.state
    if state is None or not _can_send(on, state):
        return
    number = await counted(on, these.chosen, UNSENT)
    if number is None:
        return
    if not number:
        on.notify(f"Of {these.what}, none was left unsent while forwarding was off.")
        return
    question = (
        f"Send {counted_messages(number)} to {project_of(state)}: those of {these.what} that were left"
        " unsent while forwarding was off?"
    )
    again = ""
    if (await on.viewer.page(limit=1, filter="origin:replay", wait=LEFT)).summaries:
        again = "Those that were replayed since may be there: updates of profiles are applied again."
    if await ask(on, _question(state, question, again), yes="Send them", no="Do not send"):
        await _send(on, These(these.chosen, number, these.what), UNSENT)


async def _send(on: Context, these: These, only: str = "") -> None:
    done = "sent to Mixpanel" if on.state is None or not on.state.dry_run else "noted, nothing sent (dry run)"
    await run(on, these, "Sending", done, partial(bulk.to_mixpanel, on.viewer), only)


def _can_send(on: Context, state: EngineState) -> bool:
    """Return True if the engine can send to Mixpanel; otherwise say why not."""
    if not state.can_forward:
        why = state.cannot_forward_why or "This engine cannot send to Mixpanel."
        on.notify(why, title="Nothing was sent to Mixpanel", severity="warning", timeout=10)
    return state.can_forward


def _question(state: EngineState, question: str, again: str) -> str:
    """Return the question with all that matters for the answer."""
    on_off = "on" if state.forwarding else "off"
    parts = [question, f"Forwarding is {on_off} and stays {on_off}.", again]
    if state.dry_run:
        parts.append("This is a dry run: nothing leaves this machine.")
    parts.append(credentials_shown(state))
    return "\n\n".join(filter(None, parts))


async def retry(on: Context, these: These) -> None:
    """Have forwarding send again what Mixpanel has not accepted of the messages."""
    state = on.state
    if state is None:
        return
    route = on.details.route
    to = sends_along(state, route)
    question = f"Of {these.what}, send again to {to} what it refused, or what is stuck or uncertain?"
    again = (
        "Events keep their $insert_id, so that Mixpanel keeps one of two. Profile updates that are uncertain"
        " may be applied twice."
    )
    later = "" if state.forwarding else "Forwarding is off: they wait until you turn it on."
    if await ask(on, "\n\n".join(filter(None, (question, again, later))), yes="Send again", no="Do not send"):
        await _decide(on, these, "retry", "to be sent again", route=route)


async def release(on: Context, these: These) -> None:
    """Forward those of the messages that are held."""
    question = f"Of {these.what}, release what is held?"
    if await ask(on, f"{question}\n\n{released_to(on)}", yes="Release it", no="Keep it held"):
        await _decide(on, these, "release", "released", HELD)


def released_to(on: Context, *, done: bool = False) -> str:
    """Say where what is released goes; `done`: it is released."""
    state = on.state
    if state is None:
        return ""
    if not state.forwarding:
        it = "It" if done else "Forwarding is off: what is released"
        return f"{it} waits until {first('forwarding.toggle')} turns forwarding on."
    it = "It" if done else "What is released"
    dry = " This is a dry run: nothing leaves this machine." if state.dry_run else ""
    return f"{it} goes to {project_of(state)}.{dry}"


async def drop(on: Context, these: These, *, held: bool = False) -> None:
    """Keep the messages from being sent any more; `held`: only those that are held.

    A message is held for all of its routes; else it is about the one of several routes that is shown.
    """
    what = "what is held" if held else "what waits, or is held, stuck or uncertain"
    route = "" if held else on.details.route
    alone = f" along the route {route} alone" if route else ""
    question = (
        f"Of {these.what}, drop {what}{alone}? It is not sent any more. The messages stay in the journal, and"
        " can be sent again."
    )
    if await ask(on, question, yes="Drop it", no="Keep it"):
        await _decide(on, these, "drop", "dropped", HELD if held else "", route=route)


async def _decide(
    on: Context, these: These, decision: Decision, done: str, only: str = "", route: str = ""
) -> None:
    doing = {"retry": "Sending again", "drop": "Dropping", "release": "Releasing"}[decision]
    await run(
        on,
        these,
        doing,
        done,
        lambda lines, progress: bulk.decide(on.viewer, lines, progress, decision, route),
        only,
    )


async def to_url(on: Context, these: These) -> None:
    """Ask for the URL of another server, and send the messages there as SDKs would."""
    url = await ask_for_url(on, these.what, always=True)
    if url:
        await run(
            on,
            these,
            "Sending",
            f"sent to {clean(url)}",
            lambda lines, progress: bulk.to_url(on.viewer, lines, progress, url),
        )
