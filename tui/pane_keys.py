"""The keys of the panes, beside `keys.KEYS`: they are run by the pane that has the focus."""

from __future__ import annotations

from typing import Literal

from textual.binding import BindingType

from .keys import Key

PaneOwner = Literal["json", "segment", "mixpanel", "warnings"]

PANE_KEYS: dict[PaneOwner, tuple[Key, ...]] = {
    "json": (
        Key("json.up", "up,k", "↑ k", "move(-1)", "Up one line", "In a document"),
        Key("json.down", "down,j", "↓ j", "move(1)", "Down one line", "In a document"),
        Key("json.page-up", "pageup", "PgUp", "move_page(-1)", "Up one page", "In a document"),
        Key("json.page-down", "pagedown", "PgDn", "move_page(1)", "Down one page", "In a document"),
        Key("json.first", "home,g", "Home g", "first", "First line", "In a document"),
        Key("json.last", "end,G", "End G", "last", "Last line", "In a document"),
        Key("json.toggle", "enter", "Enter", "toggle_fold", "Fold or unfold", "In a document"),
        Key("json.fold", "left,h", "← h", "fold", "Fold, or go to what it is in", "In a document"),
        Key("json.unfold", "right,l", "→ l", "unfold", "Unfold, or go into it", "In a document"),
        Key("json.unfold-all", "plus,asterisk", "+ *", "unfold_all", "Unfold everything", "In a document"),
        Key("json.fold-all", "minus", "-", "fold_all", "Fold everything", "In a document"),
    ),
    "segment": (
        Key("segment.original", "a", "a", "toggle_original", "As it came, or filled in", "Segment pane"),
    ),
    "mixpanel": (
        Key("mixpanel.previous", "left_square_bracket", "[", "turn(-1)", "Request before", "Mixpanel pane"),
        Key("mixpanel.next", "right_square_bracket", "]", "turn(1)", "Next request", "Mixpanel pane"),
    ),
    "warnings": (
        Key("warnings.jump", "enter", "Enter", "select", "Go to the place it is about", "Warnings pane"),
    ),
}


def bindings(owner: PaneOwner) -> list[BindingType]:
    """The bindings that a pane has."""
    return [key.binding() for key in PANE_KEYS[owner]]


def groups() -> dict[str, list[Key]]:
    """The panes' keys by group, for the help screen."""
    found: dict[str, list[Key]] = {}
    for keys in PANE_KEYS.values():
        for key in keys:
            found.setdefault(key.group, []).append(key)
    return found
