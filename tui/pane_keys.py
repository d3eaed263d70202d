"""The keys of the panes, beside `keys.KEYS`: they are run by the pane that has the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .keys import Key

if TYPE_CHECKING:
    from textual.binding import BindingType

PaneOwner = Literal[
    "json",
    "value",
    "search",
    "segment",
    "mixpanel",
    "warnings",
    "delivery",
    "compared",
    "compare",
    "edit",
    "ranked",
    "bars",
    "summary",
    "users",
    "users-filter",
    "user-story",
    "event-story",
    "groups",
    "columns",
]


def _in_search(
    id: str, keys: str, label: str, action: str, text: str, short: str, bar: int, *, priority: bool = False
) -> Key:
    """Return a key of the box of a search; the bar of keys shows it while the box has the focus."""
    return Key(
        id,
        keys,
        label,
        action,
        text,
        "In the search",
        short=short,
        bar=bar,
        places=("search",),
        priority=priority,
    )


PANE_KEYS: dict[PaneOwner, tuple[Key, ...]] = {
    "json": (
        Key("json.up", "up,k", "↑ k", "move(-1)", "Up one line", "In a document"),
        Key("json.down", "down,j", "↓ j", "move(1)", "Down one line", "In a document"),
        Key("json.page-up", "pageup", "PgUp", "move_page(-1)", "Up one page", "In a document"),
        Key("json.page-down", "pagedown", "PgDn", "move_page(1)", "Down one page", "In a document"),
        Key("json.first", "home,g", "Home g", "first", "First line", "In a document"),
        Key("json.last", "end,G", "End G", "last", "Last line", "In a document"),
        Key(
            "json.toggle",
            "enter",
            "Enter",
            "toggle_fold",
            "Fold, unfold, open a text",
            "In a document",
        ),
        Key("json.fold", "left,h", "← h", "fold", "Fold, or go to its container", "In a document"),
        Key("json.unfold", "right,l", "→ l", "unfold", "Unfold, or go into it", "In a document"),
        Key("json.unfold-all", "plus", "+", "unfold_all", "Unfold everything", "In a document"),
        Key("json.fold-level", "comma", ", 1…9", "fold_level", "Fold to a level", "In a document"),
        Key("json.copy-value", "y", "y", "copy_value", "Copy the value", "In a document"),
        Key("json.copy-path", "Y", "Y", "copy_path", "Copy the path of the value", "In a document"),
        Key("json.fold-all", "minus", "-", "fold_all", "Fold everything", "In a document"),
    ),
    "value": (
        Key("value.copy", "y,c", "y c", "copy", "Copy it", "A long value"),
        Key("value.back", "escape,enter,q", "Esc Enter q", "leave", "Back to its row", "A long value"),
    ),
    "search": (
        _in_search("search.keep", "enter", "Enter", "keep", "Go to the hit", "go there", 2, priority=True),
        _in_search("search.drop", "escape", "Esc", "drop", "End the search", "end", 1, priority=True),
        _in_search("search.next", "down", "↓", "turn(1)", "Next hit", "next", 3),
        _in_search("search.previous", "up", "↑", "turn(-1)", "Previous hit", "previous", 4),
    ),
    "segment": (
        Key("segment.original", "a", "a", "toggle_original", "As received, or filled in", "Segment pane"),
        Key("segment.stage", "right_square_bracket", "]", "turn(1)", "After the next stage", "Segment pane"),
        Key(
            "segment.stage-before",
            "left_square_bracket",
            "[",
            "turn(-1)",
            "After the stage before",
            "Segment pane",
        ),
        Key(
            "segment.super-properties",
            "P",
            "P",
            "toggle_super_properties",
            "Super properties in device mode",
            "Segment pane",
        ),
    ),
    "mixpanel": (
        Key("mixpanel.previous", "left_square_bracket", "[", "turn(-1)", "Request before", "Mixpanel pane"),
        Key("mixpanel.next", "right_square_bracket", "]", "turn(1)", "Next request", "Mixpanel pane"),
    ),
    "warnings": (
        Key("warnings.jump", "enter", "Enter", "select", "Go to the place in question", "Warnings pane"),
        Key("warnings.copy-value", "y", "y", "copy_value", "Copy the warning", "Warnings pane"),
        Key("warnings.copy-path", "Y", "Y", "copy_path", "Copy its path", "Warnings pane"),
        Key("warnings.other-copy", "right_square_bracket", "]", "copy_of", "The other copy", "Warnings pane"),
    ),
    "delivery": (
        Key(
            "delivery.original",
            "left_square_bracket",
            "[",
            "turn(-1)",
            "What it replays",
            "Delivery pane",
        ),
        Key("delivery.replay", "right_square_bracket", "]", "turn(1)", "Newest replay", "Delivery pane"),
    ),
    "compared": (
        Key("compare.up", "up,k", "↑ k", "move(-1)", "Up one line", "In a comparison"),
        Key("compare.down", "down,j", "↓ j", "move(1)", "Down one line", "In a comparison"),
        Key("compare.page-up", "pageup", "PgUp", "move_page(-1)", "Up one page", "In a comparison"),
        Key("compare.page-down", "pagedown", "PgDn", "move_page(1)", "Down one page", "In a comparison"),
        Key("compare.first", "home,g", "Home g", "first", "First line", "In a comparison"),
        Key("compare.last", "end,G", "End G", "last", "Last line", "In a comparison"),
    ),
    "compare": (
        Key("compare.next", "equals_sign,tab", "= Tab", "turn(1)", "Next comparison", "In a comparison"),
        Key("compare.previous", "shift+tab", "Shift+Tab", "turn(-1)", "The one before", "In a comparison"),
        Key("compare.every", "a", "a", "every", "What is the same, too", "In a comparison"),
        Key("compare.copy", "y,c", "y c", "copy", "Copy the comparison", "In a comparison"),
        Key("compare.go", "right_square_bracket", "]", "go", "To the other message", "In a comparison"),
        Key("compare.back", "escape,q", "Esc q", "leave", "Back", "In a comparison"),
    ),
    "edit": (
        Key("edit.send", "f2", "F2", "send", "Send it", "While editing", priority=True),
        Key(
            "edit.other-side",
            "f3",
            "F3",
            "other_side",
            "What it becomes, and back",
            "While editing",
            priority=True,
        ),
        Key("edit.outside", "f4", "F4", "outside", "Go on in $EDITOR", "While editing", priority=True),
        Key("edit.back", "escape", "Esc", "leave", "Drop the changes", "While editing", priority=True),
    ),
    "ranked": (
        Key("rows.up", "up,k", "↑ k", "move(-1)", "Up one row", "In the summary"),
        Key("rows.down", "down,j", "↓ j", "move(1)", "Down one row", "In the summary"),
        Key("rows.page-up", "pageup", "PgUp", "move_page(-1)", "Up one page", "In the summary"),
        Key("rows.page-down", "pagedown", "PgDn", "move_page(1)", "Down one page", "In the summary"),
        Key("rows.first", "home,g", "Home g", "first", "First row", "In the summary"),
        Key("rows.last", "end,G", "End G", "last", "Last row", "In the summary"),
        Key("rows.open", "enter", "Enter", "choose", "List its messages, or go to it", "In the summary"),
    ),
    "bars": (
        Key("bars.earlier", "left,h", "← h", "move(-1)", "Bar before, over time", "In the summary"),
        Key("bars.later", "right,l", "→ l", "move(1)", "Next bar", "In the summary"),
        Key("bars.first", "home,g", "Home g", "first", "Oldest bar", "In the summary"),
        Key("bars.last", "end,G", "End G", "last", "Newest bar", "In the summary"),
        Key("bars.open", "enter", "Enter", "choose", "List the messages of that time", "In the summary"),
    ),
    "summary": (
        Key(
            "summary.next",
            "tab,right,l",
            "Tab → l",
            "app.focus_next",
            "Rules, events, over time",
            "In the summary",
        ),
        Key(
            "summary.previous",
            "shift+tab,left,h",
            "Shift+Tab ← h",
            "app.focus_previous",
            "The one before",
            "In the summary",
        ),
        Key("summary.event-story", "I", "I", "event_story", "Story of the event", "In the summary"),
        Key("summary.explain", "e", "e", "explain", "A rule's whole story", "In the summary"),
        Key("summary.copy", "y", "y", "copy", "Copy the summary", "In the summary"),
        Key("summary.users", "u", "u", "switch('users')", "To the users", "In the summary"),
        Key("summary.groups", "p", "p", "switch('groups')", "To Group Analytics", "In the summary"),
        Key("summary.back", "escape,s,q", "Esc s q", "leave", "Back to the list", "In the summary"),
    ),
    "users": (
        Key("users.next", "tab,right,l", "Tab → l", "to_user", "From the list to the user", "In users"),
        Key("users.story", "U", "U", "story", "Story of the user", "In users"),
        Key(
            "users.previous",
            "shift+tab,left,h",
            "Shift+Tab ← h",
            "app.focus_previous",
            "From the user to the list",
            "In users",
        ),
        Key(
            "users.filter",
            "slash",
            "/",
            "filter",
            "Filter by id",
            "In users",
            priority=True,
        ),
        Key("users.order", "r", "r", "order", "Sort by last seen", "In users"),
        Key("users.copy", "y", "y", "copy", "Copy the user", "In users"),
        Key("users.summary", "s", "s", "switch('summary')", "To the summary", "In users"),
        Key("users.groups", "p", "p", "switch('groups')", "To Group Analytics", "In users"),
        Key("users.back", "escape,u,q", "Esc u q", "leave", "Back to the list", "In users"),
    ),
    "users-filter": (
        Key(
            "users.keep", "enter", "Enter", "keep", "Keep the filter", "In the filter of users", priority=True
        ),
        Key(
            "users.drop", "escape", "Esc", "drop", "Clear the filter", "In the filter of users", priority=True
        ),
    ),
    "user-story": (
        Key(
            "user-story.next",
            "tab,right",
            "Tab →",
            "app.focus_next",
            "From the timeline to the message",
            "In a user's story",
        ),
        Key(
            "user-story.previous",
            "shift+tab,left,h",
            "Shift+Tab ← h",
            "app.focus_previous",
            "Back to the timeline",
            "In a user's story",
        ),
        Key("user-story.list", "l", "l", "narrow", "List the user's messages", "In a user's story"),
        Key("user-story.event", "I", "I", "event", "Story of the event", "In a user's story"),
        Key("user-story.copy", "y", "y", "copy", "Copy the timeline", "In a user's story"),
        Key("user-story.back", "escape,U,q", "Esc U q", "leave", "Back", "In a user's story"),
    ),
    "event-story": (
        Key(
            "event-story.next",
            "tab,right",
            "Tab →",
            "other",
            "Properties, one of them, over time",
            "In an event's story",
        ),
        Key(
            "event-story.previous",
            "shift+tab,left,h",
            "Shift+Tab ← h",
            "app.focus_previous",
            "The part before",
            "In an event's story",
        ),
        Key("event-story.list", "l", "l", "narrow", "List the event's messages", "In an event's story"),
        Key("event-story.copy", "y", "y", "copy", "Copy it as text", "In an event's story"),
        Key("event-story.back", "escape,I,q", "Esc I q", "leave", "Back", "In an event's story"),
    ),
    "columns": (
        Key("columns.up", "up,k", "↑ k", "move(-1)", "Column above", "Columns of the list"),
        Key("columns.down", "down,j", "↓ j", "move(1)", "Column below", "Columns of the list"),
        Key("columns.toggle", "space,enter", "Space", "show", "Show or hide it", "Columns of the list"),
        Key("columns.left", "K", "K", "shift(-1)", "Move it to the left", "Columns of the list"),
        Key("columns.right", "J", "J", "shift(1)", "Move it to the right", "Columns of the list"),
        Key("columns.narrow", "less_than_sign", "<", "resize(-2)", "Narrower", "Columns of the list"),
        Key("columns.wide", "greater_than_sign", ">", "resize(2)", "Wider", "Columns of the list"),
        Key("columns.fit", "0", "0", "fit", "As wide as what it holds", "Columns of the list"),
        Key("columns.reset", "d", "d", "reset", "All columns as at first", "Columns of the list"),
        Key("columns.leave", "escape,q,vertical_line", "Esc q |", "leave", "Close", "Columns of the list"),
    ),
    "groups": (
        Key("groups.next", "tab,right,l", "Tab → l", "app.focus_next", "Parts or events", "In groups"),
        Key(
            "groups.previous",
            "shift+tab,left,h",
            "Shift+Tab ← h",
            "app.focus_previous",
            "Events or parts",
            "In groups",
        ),
        Key("groups.copy", "y", "y", "copy", "Copy it all", "In groups"),
        Key("groups.summary", "s", "s", "switch('summary')", "To the summary", "In groups"),
        Key("groups.users", "u", "u", "switch('users')", "To the users", "In groups"),
        Key("groups.back", "escape,p,q", "Esc p q", "leave", "Back to the list", "In groups"),
    ),
}


def bindings(owner: PaneOwner) -> list[BindingType]:
    """Return the bindings of a pane."""
    return [key.binding() for key in PANE_KEYS[owner]]


def groups() -> dict[str, list[Key]]:
    """Return the panes' keys by group, for the help screen."""
    found: dict[str, list[Key]] = {}
    for keys in PANE_KEYS.values():
        for key in keys:
            found.setdefault(key.group, []).append(key)
    return found
