"""The keys of questions, stories, the help and other screens over the panes, beside `pane_keys.PANE_KEYS`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .keys import Key

if TYPE_CHECKING:
    from textual.binding import BindingType

DialogOwner = Literal["dialog", "answer", "confirm", "choose", "help", "story", "decode", "pasted", "name"]

DIALOG_KEYS: dict[DialogOwner, tuple[Key, ...]] = {
    "dialog": (
        Key("question.page-down", "pagedown", "PgDn", "scroll(1)", "Read on", "In a question"),
        Key("question.page-up", "pageup", "PgUp", "scroll(-1)", "Read back", "In a question"),
    ),
    "answer": (
        Key("question.take", "enter,space", "Enter", "give", "Give the selected answer", "In a question"),
    ),
    "confirm": (
        Key("question.yes", "y", "y", "answer(True)", "Yes", "In a question"),
        Key("question.no", "n,escape,q", "n Esc q", "answer(False)", "No", "In a question"),
        Key(
            "question.other",
            "left,right,up,down,h,l",
            "← → h l",
            "other",
            "Mark the other answer",
            "In a question",
        ),
    ),
    "choose": (
        Key("choice.cancel", "escape,q", "Esc q", "answer", "Take the first answer", "In a choice"),
        Key("choice.up", "up,left,k", "↑ k", "move(-1)", "The answer above", "In a choice"),
        Key("choice.down", "down,right,j", "↓ j", "move(1)", "The answer below", "In a choice"),
    ),
    "help": (
        Key("help.close", "escape", "Esc", "dismiss", "Close the help", "In this help"),
        Key("help.up", "up", "↑", "move(-1)", "Up one line", "In this help", priority=True),
        Key("help.down", "down", "↓", "move(1)", "Down one line", "In this help", priority=True),
        Key("help.page-up", "pageup", "PgUp", "scroll(-10)", "Up ten lines", "In this help", priority=True),
        Key(
            "help.page-down",
            "pagedown",
            "PgDn",
            "scroll(10)",
            "Down ten lines",
            "In this help",
            priority=True,
        ),
    ),
    "story": (
        Key("story.back", "escape,q,e", "Esc q e", "leave", "Back", "In a rule's story"),
        Key("story.down", "j", "j", "scroll(1)", "Down one line", "In a rule's story"),
        Key("story.up", "k", "k", "scroll(-1)", "Up one line", "In a rule's story"),
        Key("story.copy", "y", "y", "copy", "Copy the story", "In a rule's story"),
    ),
    "decode": (
        Key("decode.close", "escape", "Esc", "dismiss", "Close", "Decode"),
        Key("decode.panes", "f2", "F2", "open", "Open it in the panes", "Decode"),
    ),
    "pasted": (
        Key("pasted.back", "escape,q", "Esc q", "leave", "Back", "What was decoded"),
        Key("pasted.next", "J", "J", "turn(1)", "Next message", "What was decoded"),
        Key("pasted.previous", "K", "K", "turn(-1)", "Previous message", "What was decoded"),
        Key("pasted.copy", "c", "c", "copy", "Copy the pane", "What was decoded"),
        Key(
            "pasted.next-request",
            "right_square_bracket",
            "]",
            "turn_request(1)",
            "Next request",
            "What was decoded",
        ),
        Key(
            "pasted.previous-request",
            "left_square_bracket",
            "[",
            "turn_request(-1)",
            "Request before",
            "What was decoded",
        ),
        Key("pasted.segment", "1", "1", "pane(0)", "Segment pane", "What was decoded"),
        Key("pasted.mixpanel", "2", "2", "pane(1)", "Mixpanel pane", "What was decoded"),
        Key("pasted.wire", "3", "3", "pane(2)", "Wire pane", "What was decoded"),
        Key("pasted.warnings", "4", "4", "pane(3)", "Warnings pane", "What was decoded"),
    ),
    "name": (Key("name.cancel", "escape", "Esc", "dismiss(None)", "Keep it as it was", "Asked for a name"),),
}


def bindings(owner: DialogOwner) -> list[BindingType]:
    """Return the bindings of a screen, or of a part of one."""
    return [key.binding() for key in DIALOG_KEYS[owner]]


def groups() -> dict[str, list[Key]]:
    """Return the keys by group, for the help screen."""
    found: dict[str, list[Key]] = {}
    for keys in DIALOG_KEYS.values():
        for key in keys:
            found.setdefault(key.group, []).append(key)
    return found
