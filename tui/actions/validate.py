"""Validate a message at Mixpanel: send this one, with forwarding off as well, and show the answer."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from textual.notifications import SeverityLevel

from ... import core
from ...core.api.models import EngineState, MessageDetail
from ...core.delivery import OWED_STATES, DeliveryState, Outcome, Validated
from ...core.messages import Marks
from ...core.text import clean, counted
from ..keymap import first
from ..render.routes import sends_along
from .context import Context, ask
from .forwarding import credentials_shown
from .replay import shown_name

SLOW = 1.0
"""Seconds after which the screen says that the answer is awaited."""
CREDENTIALS = frozenset((401, 403))
TITLES: dict[Outcome, tuple[str, SeverityLevel]] = {
    Outcome.SENT: ("Mixpanel accepted it", "information"),
    Outcome.REFUSED: ("Mixpanel refused it", "error"),
    Outcome.UNCERTAIN: ("It cannot be known whether Mixpanel has it", "warning"),
    Outcome.RETRY: ("No verdict from Mixpanel", "warning"),
    Outcome.DRY_RUN: ("DRY RUN: nothing leaves this machine", "information"),
}
"""The title of a notification by what came of the message, and its severity."""
NOTHING = "Nothing was sent to Mixpanel"


async def validate(on: Context) -> None:
    """Send the selected message to Mixpanel once, after asking, and show the answer."""
    state, summary = on.state, on.summary
    if state is None or summary is None:
        on.notify("There is no message to validate yet.", title=NOTHING, severity="warning")
        return
    detail = await on.viewer.detail(summary.id, on.details.route)
    why = why_not(state, detail)
    if why:
        on.notify(clean(why), title=NOTHING, severity="warning", timeout=10)
        return
    if not await ask(on, validate_question(state, detail), yes="Send it", no="Do not send"):
        return
    result = await sent(on, summary.id, detail.route)
    show(on, state, shown_name(summary), result, detail.route)
    if result.outcome is not None and on.summary is not None and on.summary.id == summary.id:
        await on.go_to([summary.id], "delivery")


async def sent(on: Context, id: int, route: str = "") -> Validated:
    """Send a message, along a route if one is named, and say so while Mixpanel takes long to answer."""
    sending = asyncio.create_task(on.viewer.validate([id], route))
    try:
        done, _ = await asyncio.wait({sending}, timeout=SLOW)
        if not done:
            on.notify("Sent. Mixpanel has not answered yet: segtap waits up to 30 s.")
        return (await sending)[0]
    finally:
        sending.cancel()


def why_not(state: EngineState, detail: MessageDetail) -> str:
    """Return why a message cannot be validated, as a sentence; "" if it can."""
    summary, translation = detail.summary, detail.verdict.translation
    if summary.refused:
        what = "It is damaged" if summary.damaged else "A refused request holds no message"
        return f"{what}, so there is nothing to send."
    if detail.unread:
        return "The message is too large to be read, so it is not sent."
    if translation.operations and translation.not_sent is not None:
        return f"segtap never sends it: {translation.not_sent.reason}."
    if why := core.why_nothing(translation, summary.type, summary.marks, detail.source_kind):
        replays = f" {first('message.replay')} replays it as a new message."
        advice = replays if summary.marks & Marks.SECOND_RECEIPT else ""
        return f"{why[:1].upper()}{why[1:]}.{advice}"
    if not state.can_forward:
        return state.cannot_forward_why or "This engine cannot send to Mixpanel."
    if summary.delivery in OWED_STATES and state.forwarding and not state.halted:
        return "It waits for forwarding, which is on and sends it by itself."
    return ""


def validate_question(state: EngineState, detail: MessageDetail) -> str:
    """Ask whether to send a message: where, in which requests, and what another copy of it does there."""
    requests = [operation.request for operation in detail.verdict.translation.operations]
    endpoints = ", ".join(dict.fromkeys(urlsplit(request.url).path for request in requests))
    on_off = "on" if state.forwarding else "off"
    parts = [
        f"Send this one message to {sends_along(state, detail.route)} now?",
        f"{counted(len(requests), 'request')} ({endpoints}). Forwarding is {on_off} and stays {on_off}.",
        _again(detail),
    ]
    if not state.strict and "/import" in endpoints:
        parts.append("strict is off in the settings: /import then accepts an event without validating it.")
    if state.dry_run:
        parts.append("This is a dry run: nothing leaves this machine.")
    if detail.summary.marks & Marks.TEED:
        parts.append(
            "It is a copy: Segment receives the original, and Mixpanel may get it from there as well."
        )
    if state.credentials:
        parts.append("\n".join(("Credentials:", *(f"- {clean(line)}" for line in state.credentials))))
    return "\n\n".join(filter(None, parts))


def _again(detail: MessageDetail) -> str:
    """Return what sending the message again does, if Mixpanel may have it or something in it adds up."""
    counted_again = ", ".join(core.counts_again(detail.verdict.translation))
    others = [*detail.replays, *([detail.replay_of] if detail.replay_of else [])]
    states = {line.delivery for line in (detail.summary, *others)}
    if not states & {DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.UNCERTAIN}:
        return f"Each time that it is sent, it counts once more: {counted_again}." if counted_again else ""
    words = (
        "Mixpanel may have it from before. An event keeps its $insert_id, so that Mixpanel keeps one of both;"
        " what sets values of a profile or group sets them again."
    )
    return f"{words} It counts a second time: {counted_again}." if counted_again else words


def show(on: Context, state: EngineState, name: str, result: Validated, route: str = "") -> None:
    """Show Mixpanel's answer to a message that was sent along a route."""
    if result.outcome is None:
        on.notify(f"“{name}”: {clean(result.words)}.", title=NOTHING, severity="warning", timeout=10)
        return
    title, severity = TITLES[result.outcome]
    parts = [f"“{name}”: {clean(result.words).rstrip('.')}."]
    if result.outcome is Outcome.SENT and not state.along(route).mixpanel_url:
        parts.append(f"Reports show it after about a minute: {first('mixpanel.open')} opens Mixpanel.")
    if result.outcome is Outcome.RETRY:
        wait = f"Mixpanel asks to wait {result.retry_after:g} s. " if result.retry_after else ""
        parts.append(f"{wait}The message stays as it was; {first('message.validate')} sends it again.")
    if any(line.status in CREDENTIALS for line in result.deliveries):
        parts.append(f"\n{credentials_shown(state)}")
    on.notify(" ".join(parts), title=title, severity=severity, timeout=8 if result.accepted else 15)
