"""Edit a message and send it through segtap: on the screen, or in the editor of the user's choice."""

from __future__ import annotations

import uuid

from ...core.api.models import EngineState, MessageDetail, Summary
from ...core.delivery import DeliveryState
from ..keymap import first
from ..model.edited_text import NO_EDITOR, editable_text, edited_in, editor, why_not_editable
from ..model.json_place import place_of
from .context import Answer, Context, choose
from .elsewhere import ask_for_url
from .elsewhere import show as show_answer
from .forwarding import project_of
from .many_send import released_to
from .replay import shown_name
from .validate import sent
from .validate import show as show_validated


async def edit(on: Context) -> None:
    """Edit the selected message on the screen."""
    found = await _editable(on)
    if found is not None:
        detail, text = found
        await _edit(on, detail, text, text)


async def edit_outside(on: Context) -> None:
    """Edit the selected message in the editor that VISUAL or EDITOR names, then on the screen."""
    found = await _editable(on)
    if found is None:
        return
    detail, text = found
    after = await _outside(on, text)
    if after is not None:
        await _edit(on, detail, text, after)


async def _editable(on: Context) -> tuple[MessageDetail, str] | None:
    """Return the selected message and its text, or None and say why it cannot be edited."""
    summary = on.summary
    why = ""
    if summary is None:
        why = "There is no message to edit yet."
    elif summary.refused:
        why = "A refused request holds no message, so there is nothing to edit."
        why += f" {first('decode.open')} decodes what you paste."
    if summary is None or why:
        on.notify(why, severity="warning")
        return None
    detail = await on.viewer.detail(summary.id)
    if why := why_not_editable(detail):
        on.notify(why, severity="warning")
        return None
    return detail, editable_text(detail)


def faulty_value(detail: MessageDetail, text: str) -> tuple[int, int] | None:
    """Return where the value of the first error stands in the text of the message, None without one."""
    for finding in detail.verdict.findings:
        if finding.severity == "error":
            source = detail.explanation.source_at(finding.path)
            found = place_of(text, finding.path) or (place_of(text, source.source) if source else None)
            if found is not None:
                return found
    return None


async def _edit(on: Context, detail: MessageDetail, text: str, start: str) -> None:
    from ..screens.edit import EditScreen

    summary = detail.summary
    name = f"{summary.type} {summary.name}".strip()
    while True:
        screen = EditScreen(
            on.viewer, detail, name, text, state=on.state, start=start, select=faulty_value(detail, start)
        )
        edited = await on.whole_app.push_screen_wait(screen)
        if edited is None:
            return
        start = edited.text
        if edited.outside:
            start = await _outside(on, start) or start
        elif await _send(on, summary, start):
            return


async def _send(on: Context, summary: Summary, text: str) -> bool:
    """Ask how to send the text and send it. Returns False if it is to be edited further."""
    state = on.state
    held = summary.delivery is DeliveryState.HELD
    way = await choose(on, send_question(state, held=held), send_answers(state, held=held))
    if way == "url":
        return await _send_elsewhere(on, summary, text)
    if way not in ("new", "same", "validate"):
        return False
    id = await on.viewer.send_edited(_encoded(text), summary.id, "" if way == "same" else str(uuid.uuid4()))
    if way == "validate" and state is not None:
        show_validated(on, state, shown_name(summary), await sent(on, id))
        await on.go_to([id], "delivery")
        return True
    if held:
        goes = f"The held one is dropped. {released_to(on, done=True)}"
    elif state is not None and state.forwarding:
        goes = f"It goes to {project_of(state)}."
    else:
        goes = "Forwarding is off, so Mixpanel gets nothing."
    on.notify(f"Sent the edited “{shown_name(summary)}” through segtap. {goes}")
    return True


async def _send_elsewhere(on: Context, summary: Summary, text: str) -> bool:
    """Send the text to another server. Returns False if it is to be edited further."""
    url = await ask_for_url(on, "the edited message")
    way = await choose(on, ELSEWHERE_QUESTION, MESSAGE_IDS) if url else ""
    if way not in ("new", "same"):
        return False
    message_id = str(uuid.uuid4()) if way == "new" else ""
    answer = await on.viewer.edited_to(url, _encoded(text), summary.id, message_id)
    show_answer(on, shown_name(summary), url, answer)
    return answer.taken


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


MESSAGE_IDS = (
    ("back", "Edit further", "e"),
    ("new", "New messageId", "n"),
    ("same", "messageId as in the text", "s"),
)
"""The answers to the question with which messageId an edited message is sent."""
ELSEWHERE_QUESTION = (
    "Send the edited message with which messageId?\n"
    "Segment drops a message if one with its messageId came within 24 hours."
)


def send_answers(state: EngineState | None, *, held: bool = False) -> list[Answer]:
    """Return the answers to `send_question`: Mixpanel gets it once only if forwarding does not send it."""
    once: list[Answer] = [("validate", "New messageId, and to Mixpanel once", "v")]
    possible = state is not None and state.can_forward and not state.forwarding and not held
    return [*MESSAGE_IDS, *(once if possible else ()), ("url", "To another URL …", "u")]


def send_question(state: EngineState | None, *, held: bool = False) -> str:
    """Return the question before an edited message is sent: what each messageId does.

    `held`: the message that was edited is held.
    """
    if held and state is not None:
        goes = f"on to {project_of(state)}" if state.forwarding else "on to Mixpanel once forwarding is on"
        return (
            f"Send the edited message through segtap, and {goes}? The held one is dropped.\n"
            "Mixpanel has not got that one, so the messageId may stay. Segment would drop a second one."
        )
    if state is not None and state.forwarding:
        asked = f"Send the edited message through segtap, and on to {project_of(state)}?"
    else:
        asked = "Send the edited message through segtap? Forwarding is off, so Mixpanel gets nothing of it"
        if state and state.can_forward:
            asked += f", unless {first('message.validate')} sends it once to {project_of(state)}"
        asked += "."
    return (
        f"{asked}\n"
        "With a new messageId it is another message: Mixpanel counts its event beside the first one.\n"
        "With the same messageId Segment drops it if the first came within 24 hours; segtap sends it, as a"
        " replay. Mixpanel keeps one of two events with the same name, time, distinct_id and $insert_id."
        " Profile updates are applied again in both cases."
    )


async def _outside(on: Context, text: str) -> str | None:
    """Return the text as the user's editor left it; None, and say why, if there is nothing new."""
    command = editor()
    if not command:
        on.notify(f"{NO_EDITOR}, and start segtap again.", severity="warning")
        return None
    with on.whole_app.suspend():
        code, after = edited_in(command, text)
    if code != 0:
        on.notify(f"The editor {command[0]} ended with {code}; the text stays as it was.", severity="warning")
        return None
    if after.rstrip("\n") == text.rstrip("\n"):
        on.notify("The text was not changed.")
        return None
    return after.rstrip("\n")
