"""Turn forwarding on or off, and continue after it halted."""

from __future__ import annotations

from ...core.api.models import EngineState
from ...core.text import clean, counted
from ..keymap import first
from ..render.routes import sends_to
from .context import Context, ask, choose

HALTED_ANSWERS = (
    ("leave", "Leave it halted", "n"),
    ("again", "Try again", "t"),
    ("settings", "Read the settings again", "s"),
    ("off", "Turn forwarding off", "o"),
)
"""The answers to `halted_question`."""
VARIABLES = "Variables of the environment are read at the start only: to change one, start segtap again."


async def forwarding(on: Context) -> None:
    """Turn forwarding on, after saying what that means, or off."""
    state = on.state
    if state is None:
        return
    if state.halted:
        await _halted(on, state)
        return
    if state.forwarding:
        await _turn_off(on, state)
        return
    if not state.can_forward:
        why = state.cannot_forward_why or "This engine cannot forward."
        on.notify(why, title="Forwarding stays off", severity="warning", timeout=10)
        return
    if await ask(on, forwarding_question(state), yes="Turn forwarding on", no="Keep it off"):
        await on.viewer.set_forwarding(True)
        on.notify(
            f"From now on messages go to {project_of(state)}. {first('forwarding.toggle')} turns it off.",
            title="DRY RUN: nothing leaves this machine" if state.dry_run else "FORWARDING ON",
        )
    elif state.interrupted:
        await on.viewer.set_forwarding(False)  # answered: the line that asked goes


async def _turn_off(on: Context, state: EngineState) -> None:
    after = await on.viewer.set_forwarding(False)
    owed = counted(after.deliveries.to_send, "message")
    waits = (
        f" {owed} received meanwhile did not: {first('forwarding.toggle')} sends them, too."
        if after.deliveries.to_send
        else ""
    )
    on.notify(f"Forwarding is off. {counted(state.sent_since_on, 'message')} went to Mixpanel.{waits}")


async def _halted(on: Context, state: EngineState) -> None:
    """Ask how to continue after a fault that needs the user."""
    match await choose(on, halted_question(state), HALTED_ANSWERS):
        case "again":
            await _try_again(on, state)
        case "settings":
            now = await on.viewer.set_forwarding(reread=True)
            if not now.halted:
                on.notify("Forwarding goes on already.")
            elif await ask(on, again_question(now), yes="Try again", no="Leave it halted"):
                await _try_again(on, now)
        case "off":
            await _turn_off(on, state)
        case _:
            pass  # left as it is


async def _try_again(on: Context, state: EngineState) -> None:
    await on.viewer.set_forwarding(True)
    on.notify(f"Trying again: {_what_waits(state)} goes to {project_of(state)}.")


def forwarding_question(state: EngineState) -> str:
    """Ask whether to turn forwarding on, with everything that it would send."""
    parts = [f"Send every message received from now on to {project_of(state)}?"]
    if state.interrupted:
        parts.insert(0, clean(state.interrupted))
    owed, off, held = state.deliveries.to_send, state.deliveries.off, state.deliveries.held
    if owed:
        noun, goes = ("message", "goes") if owed == 1 else ("messages", "go")
        parts.append(
            f"First {goes} {owed:,} {noun} from before, received while forwarding was on and "
            "not sent by then."
        )
    if held:
        parts.append(
            f"{counted(held, 'message')} {'stays' if held == 1 else 'stay'} held until you release it."
        )
    if state.dry_run:
        parts.append("This is a dry run: nothing leaves this machine.")
    if off:
        stay = "stays" if off == 1 else "stay"
        before = f"{counted(off, 'message')} received before {stay} unsent"
        parts.append(f"{before}; a replay sends what is for this project.")
    if state.teed:
        came = "message was a copy" if state.teed == 1 else "messages were copies"
        parts.append(
            f"{state.teed:,} {came}: Segment receives the originals. If it sends them to this project, "
            "too, Mixpanel counts each twice."
        )
    return "\n\n".join(parts)


def project_of(state: EngineState) -> str:
    """Name the destination of forwarding, for a sentence."""
    return sends_to(state)


def halted_question(state: EngineState) -> str:
    """Ask how to continue after forwarding halted: with the reason, project, credentials and what waits."""
    owed = state.deliveries.to_send
    parts = [
        f"Forwarding has halted. {clean(state.halted_why)}",
        f"It sends to {project_of(state)}.",
        credentials_shown(state),
        f"{counted(owed, 'message')} {'waits' if owed == 1 else 'wait'}. How to go on?",
    ]
    return "\n\n".join(filter(None, parts))


def again_question(state: EngineState) -> str:
    """Ask whether to try again with the settings just read: whether they changed, and where it would send."""
    where = project_of(state)
    changed = "The settings name the same project and credentials as when it halted."
    if state.changed_since_halt:
        changed = "The settings changed since it halted."
    parts = [changed, f"Try again: send {_what_waits(state)} to {where}?", credentials_shown(state)]
    return "\n\n".join(filter(None, parts))


def credentials_shown(state: EngineState) -> str:
    """List the credentials of requests, and where each was configured."""
    if not state.credentials:
        return ""
    lines = ["Credentials:", *(f"- {clean(line)}" for line in state.credentials)]
    if any("variable" in line for line in state.credentials):
        lines.append(VARIABLES)
    return "\n".join(lines)


def _what_waits(state: EngineState) -> str:
    owed = state.deliveries.to_send
    return f"what waits ({counted(owed, 'message')})" if owed else "what comes"
