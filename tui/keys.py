"""All keys on one page: bindings, the key bar, the help screen and the command palette are made of it.

Every key is a named command: `id` is its name in `[keys]` of segtap.toml, `action` what Textual runs, `owner`
who runs it. Ids are unique, also among the tables of `pane_keys` and `dialog_keys`.
This module is over 350 lines because the table of all keys stands in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from textual.binding import Binding, BindingType

Owner = Literal["list", "screen", "app", "filter", "pane"]
Place = Literal["list", "pane", "filter", "search", "empty"]
"""Which part has the focus: the list, a pane, the box of the filter or of a search, or the empty screen."""
ANYWHERE: tuple[Place, ...] = ("list", "pane", "empty")
READING: tuple[Place, ...] = ("list", "pane")


@dataclass(frozen=True)
class Key:
    """One command and the keys that run it.

    `keys` are Textual's names, comma separated; `label` is how they are written for a person. `bar` is the
    rank in the key bar (1 stays longest on a narrow terminal, 0 is never there), `short` its word there,
    `places` where it is of use.
    `palette` says whether the command palette offers it. With `priority` it runs before the next key is
    looked at, so that what is typed right behind it goes where it leads.
    """

    id: str
    keys: str
    label: str
    action: str
    text: str
    group: str
    owner: Owner = "screen"
    short: str = ""
    bar: int = 0
    places: tuple[Place, ...] = READING
    palette: bool = True
    priority: bool = False

    def binding(self) -> Binding:
        """Return the binding for Textual; its id lets a keymap put it on other keys."""
        from textual.binding import Binding

        return Binding(self.keys, self.action, self.text, show=False, id=self.id, priority=self.priority)


KEYS: tuple[Key, ...] = (
    # Reading the list
    Key("list.up", "up,k", "↑ k", "move(-1)", "Up one message", "List", "list", palette=False),
    Key("list.down", "down,j", "↓ j", "move(1)", "Down one message", "List", "list", palette=False),
    Key("list.page-up", "pageup", "PgUp", "move_page(-1)", "Up one page", "List", "list", palette=False),
    Key("list.page-down", "pagedown", "PgDn", "move_page(1)", "Down one page", "List", "list", palette=False),
    Key("list.first", "home,g", "Home g", "first", "Go to the oldest message", "List", "list"),
    Key("list.follow", "end,G", "End G", "follow", "Go to the newest message and follow", "List"),
    Key(
        "list.pause",
        "space",
        "Space",
        "pause",
        "Pause, or follow again",
        "List",
        short="pause",
        bar=3,
        places=("list",),
    ),
    Key(
        "list.next",
        "J",
        "J",
        "next(1)",
        "Next message, from any pane",
        "List",
        short="next",
        bar=3,
        places=("pane",),
        palette=False,
    ),
    Key(
        "list.previous",
        "K",
        "K",
        "next(-1)",
        "Previous message, from any pane",
        "List",
        short="previous",
        bar=4,
        places=("pane",),
        palette=False,
    ),
    Key(
        "list.next-error",
        "n",
        "n",
        "act('next_error')",
        "Next message with an error",
        "List",
        short="next error",
        bar=4,
    ),
    Key("list.previous-error", "N", "N", "act('previous_error')", "Previous message with an error", "List"),
    Key(
        "list.next-warning",
        "right_curly_bracket",
        "}",
        "act('next_warning')",
        "Next message with a warning",
        "List",
    ),
    Key(
        "list.previous-warning",
        "left_curly_bracket",
        "{",
        "act('previous_warning')",
        "Previous message with a warning",
        "List",
    ),
    Key(
        "filter.open",
        "slash",
        "/",
        "filter",
        "Filter the messages",
        "List",
        short="filter",
        bar=2,
        places=("list",),
        priority=True,
    ),
    Key("filter.toggle", "full_stop", ".", "toggle_filter", "Filter off and on again", "List"),
    Key("filter.dim", "H", "H", "toggle_dim", "Hide or dim what does not match", "List"),
    Key("list.clock", "T", "T", "turn_clock", "Times: local, UTC, since the last", "List"),
    Key("list.columns", "vertical_line", "|", "choose_columns", "Choose the columns", "List"),
    Key("list.clear", "D", "D", "act('clear')", "Clear the journal", "List"),
    # Many messages
    Key(
        "marks.turn",
        "m",
        "m",
        "screen.act('mark')",
        "Mark the message, or unmark it",
        "Many messages",
        "list",
        short="mark",
        bar=7,
        places=("list",),
    ),
    Key("marks.all", "M", "M", "screen.act('mark_all')", "Mark all that are shown", "Many messages", "list"),
    Key(
        "marks.invert",
        "asterisk",
        "*",
        "screen.act('invert_marks')",
        "Invert the marks of all shown",
        "Many messages",
        "list",
    ),
    Key("many.menu", "b", "b", "act('many')", "Do something with all marked", "Many messages"),
    Key("held.open", "h", "h", "act('held')", "What is held: list, release, drop", "Many messages"),
    # Panes
    Key(
        "pane.open",
        "enter",
        "Enter",
        "open_pane",
        "Open the message in a pane",
        "Panes",
        short="open",
        bar=1,
        places=("list",),
        palette=False,
    ),
    Key("pane.segment", "1", "1", "pane('segment')", "Segment pane", "Panes", short="panes", bar=2),
    Key("pane.mixpanel", "2", "2", "pane('mixpanel')", "Mixpanel pane", "Panes"),
    Key("pane.wire", "3", "3", "pane('wire')", "Wire pane", "Panes"),
    Key("pane.warnings", "4", "4", "pane('warnings')", "Warnings pane", "Panes"),
    Key("pane.delivery", "5", "5", "pane('delivery')", "Delivery pane", "Panes"),
    Key(
        "pane.back",
        "escape",
        "Esc",
        "back",
        "Back; then clear filter, marks",
        "Panes",
        short="list",
        bar=1,
        places=("pane",),
        palette=False,
        priority=True,
    ),
    Key(
        "request.next",
        "right_square_bracket",
        "]",
        "turn_request(1)",
        "Next request of the message",
        "Panes",
        short="next request",
        bar=3,
    ),
    Key(
        "request.previous",
        "left_square_bracket",
        "[",
        "turn_request(-1)",
        "Request before",
        "Panes",
    ),
    Key("pane.zoom", "z", "z", "zoom", "One part alone, or all of them", "Panes", short="zoom", bar=7),
    Key("pane.wrap", "w", "w", "wrap", "Wrap long texts, or cut them", "Panes"),
    Key("pane.smaller", "less_than_sign", "<", "resize(-4)", "Make this part smaller", "Panes"),
    Key("pane.larger", "greater_than_sign", ">", "resize(4)", "Make this part larger", "Panes"),
    Key("pane.next", "tab", "Tab", "app.focus_next", "Next pane", "Panes", palette=False),
    Key(
        "pane.previous",
        "shift+tab",
        "Shift+Tab",
        "app.focus_previous",
        "Previous pane",
        "Panes",
        palette=False,
    ),
    Key(
        "pane.search",
        "slash",
        "/",
        "search",
        "Search the pane",
        "Panes",
        "pane",
        short="search",
        bar=2,
        places=("pane",),
        palette=False,
        priority=True,
    ),
    Key("pane.next-hit", "n", "n", "turn_hit(1)", "Next hit of the search", "Panes", "pane", palette=False),
    Key(
        "pane.previous-hit",
        "N",
        "N",
        "turn_hit(-1)",
        "Previous hit of the search",
        "Panes",
        "pane",
        palette=False,
    ),
    Key(
        "pane.end-search",
        "escape",
        "Esc",
        "end_search",
        "End the search",
        "Panes",
        "pane",
        palette=False,
        priority=True,
    ),
    Key(
        "pane.jump",
        "apostrophe",
        "'",
        "search(True)",
        "Jump to a key by its letters",
        "Panes",
        "pane",
        palette=False,
    ),
    Key("pane.copy", "c", "c", "act('copy')", "Copy the pane", "Panes", short="copy", bar=6),
    # One message
    Key("message.replay", "r", "r", "act('replay')", "Replay the message", "Message", short="replay", bar=4),
    Key(
        "message.edit",
        "e",
        "e",
        "act('edit')",
        "Edit the message and send it",
        "Message",
        short="edit",
        bar=5,
    ),
    Key(
        "message.validate",
        "v",
        "v",
        "act('validate')",
        "Validate: send it to Mixpanel now",
        "Message",
        short="validate",
        bar=15,
    ),
    Key("message.edit-outside", "E", "E", "act('edit_outside')", "Edit it in $EDITOR", "Message"),
    Key(
        "message.copy-as",
        "C",
        "C",
        "act('copy_menu')",
        "Copy the message as curl, JSON, …",
        "Message",
        short="copy as",
        bar=10,
    ),
    Key(
        "decode.open",
        "x",
        "x",
        "act('decode')",
        "Decode pasted text",
        "Message",
        short="decode",
        bar=8,
        places=ANYWHERE,
    ),
    Key("message.compare", "equals_sign", "=", "act('compare')", "Compare the message", "Message"),
    Key("message.user-story", "U", "U", "act('user_story')", "Story of the user", "Message"),
    Key("message.event-story", "I", "I", "act('event_story')", "Story of the event", "Message"),
    Key("message.destinations", "d", "d", "act('destinations')", "Show another destination", "Message"),
    Key(
        "message.routes",
        "F",
        "F",
        "act('routes')",
        "Show another route to Mixpanel",
        "Message",
        short="route",
        bar=6,
    ),
    # All messages
    Key(
        "summary.open",
        "s",
        "s",
        "act('summary')",
        "Summary: rules, events, over time",
        "All messages",
        short="summary",
        bar=5,
    ),
    Key(
        "users.open",
        "u",
        "u",
        "act('users')",
        "Users: what becomes of each",
        "All messages",
        short="users",
        bar=13,
    ),
    Key(
        "groups.open",
        "p",
        "p",
        "act('groups')",
        "Group Analytics, key by key",
        "All messages",
        short="groups",
        bar=14,
    ),
    # Mixpanel
    Key(
        "forwarding.toggle",
        "f",
        "f",
        "act('forwarding')",
        "Forwarding on or off",
        "Mixpanel",
        short="forwarding",
        bar=4,
        places=ANYWHERE,
    ),
    Key("mixpanel.open", "o", "o", "act('open_mixpanel')", "Open Mixpanel in the browser", "Mixpanel"),
    # segtap
    Key("engine.retry", "R", "R", "retry", "Reconnect to the engine", "segtap"),
    Key(
        "app.theme",
        "t",
        "t",
        "change_theme",
        "Change the theme",
        "segtap",
        "app",
        short="theme",
        bar=11,
        places=ANYWHERE,
    ),
    Key(
        "app.help",
        "question_mark",
        "?",
        "help",
        "All keys",
        "segtap",
        "app",
        short="help",
        bar=1,
        places=ANYWHERE,
    ),
    Key(
        "app.palette",
        "ctrl+p",
        "^p",
        "command_palette",
        "All commands",
        "segtap",
        "app",
        short="commands",
        bar=9,
        places=ANYWHERE,
        palette=False,
    ),
    Key("app.quit", "q,ctrl+c", "q", "quit", "Quit", "segtap", "app", short="quit", bar=12, places=ANYWHERE),
    # In the filter's box
    Key(
        "filter.keep",
        "enter",
        "Enter",
        "keep",
        "Keep the filter, or the suggestion",
        "Filter",
        "filter",
        short="keep",
        bar=2,
        places=("filter",),
        palette=False,
        priority=True,
    ),
    Key(
        "filter.drop",
        "escape",
        "Esc",
        "drop",
        "Clear the filter",
        "Filter",
        "filter",
        short="clear",
        bar=1,
        places=("filter",),
        palette=False,
        priority=True,
    ),
    Key(
        "filter.complete",
        "tab",
        "Tab",
        "complete",
        "Complete what is typed",
        "Filter",
        "filter",
        short="complete",
        bar=3,
        places=("filter",),
        palette=False,
    ),
    Key(
        "filter.save",
        "f2",
        "F2",
        "save",
        "Save the filter under a name",
        "Filter",
        "filter",
        short="save",
        bar=6,
        places=("filter",),
        palette=False,
    ),
    Key(
        "filter.older",
        "up",
        "↑",
        "recall(-1)",
        "An earlier filter, or suggestion",
        "Filter",
        "filter",
        short="earlier",
        bar=4,
        places=("filter",),
        palette=False,
    ),
    Key(
        "filter.newer",
        "down",
        "↓",
        "recall(1)",
        "A later filter, or suggestion",
        "Filter",
        "filter",
        short="later",
        bar=5,
        places=("filter",),
        palette=False,
    ),
)


def bindings(owner: Owner) -> list[BindingType]:
    """Return the bindings of a widget, the screen or the app."""
    return [key.binding() for key in KEYS if key.owner == owner]


def groups() -> dict[str, list[Key]]:
    """Return all keys by group, in order, for the help screen."""
    found: dict[str, list[Key]] = {}
    for key in KEYS:
        found.setdefault(key.group, []).append(key)
    return found
