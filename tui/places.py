"""Where keys work: which tables of keys hold in each place, the innermost first.

A place is a part of the screen that can have the focus. A key means what the first table that has it says;
`HIDES` lists where that is meant. Everything else in which two commands of a place have the same key is a
clash: among the defaults a test finds it, among those of segtap.toml `keymap.read_keymap` does.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Box = Literal["", "line", "text"]
"""Whether a place is a box of one line, or one of many, in which characters are typed."""


class Place(NamedTuple):
    """The owners of the keys of a place, the innermost first, and the box that it is."""

    owners: tuple[str, ...]
    box: Box = ""


_MAIN = ("screen", "app")
_PANE = ("pane", *_MAIN)
_PASTED = ("pane", "pasted", "app")

PLACES: dict[str, Place] = {
    "the list": Place(("list", *_MAIN)),
    "the Segment pane": Place(("json", "segment", *_PANE)),
    "the Mixpanel pane": Place(("json", "mixpanel", *_PANE)),
    "the Wire pane": Place(("mixpanel", *_PANE)),  # its decoded body is as the Mixpanel pane
    "the Warnings pane": Place(("warnings", *_PANE)),
    "the Delivery pane": Place(("delivery", *_PANE)),
    "the empty screen": Place(_MAIN),
    "the filter": Place(("filter", *_MAIN), "line"),
    "the search of a pane": Place(("search", *_PANE), "line"),
    "the summary": Place(("ranked", "summary", "app")),
    "the bars over time": Place(("bars", "summary", "app")),
    "the users": Place(("ranked", "users", "app")),
    "the filter of users": Place(("users-filter", "users", "app"), "line"),
    "a user's story": Place(("ranked", "user-story", "app")),
    "an event's story": Place(("ranked", "event-story", "app")),
    "the bars of an event": Place(("bars", "event-story", "app")),
    "the groups": Place(("ranked", "groups", "app")),
    "the columns": Place(("columns", "app")),
    "a comparison": Place(("compared", "compare", "app")),
    "a long value": Place(("value", "app")),
    "the editor": Place(("edit", "app"), "text"),
    "what the editor's text becomes": Place(("json", "mixpanel", "pane", "edit", "app")),
    "the search of that": Place(("search", "pane", "edit", "app"), "line"),
    "a question": Place(("answer", "confirm", "dialog", "app")),
    "a choice": Place(("answer", "choose", "dialog", "app")),
    "the help": Place(("help", "app"), "line"),
    "a story": Place(("story", "app")),
    "the decoder": Place(("decode", "app"), "text"),
    "what the decoder found": Place(("json", "decode", "app")),
    "the Segment pane of what was decoded": Place(("json", "segment", *_PASTED)),
    "the Mixpanel pane of what was decoded": Place(("json", "mixpanel", *_PASTED)),
    "the Warnings pane of what was decoded": Place(("warnings", *_PASTED)),
    "the search of a pane of what was decoded": Place(("search", *_PASTED), "line"),
    "a name": Place(("name", "app"), "line"),
}

LINE_KEYS = frozenset(
    """
    left right shift+left shift+right ctrl+left ctrl+right ctrl+shift+left ctrl+shift+right
    home end shift+home shift+end backspace ctrl+backspace alt+backspace super+backspace
    delete shift+delete alt+delete ctrl+insert shift+insert
    ctrl+a ctrl+shift+a ctrl+c ctrl+d ctrl+e ctrl+f ctrl+k ctrl+u ctrl+v ctrl+w ctrl+x super+c super+v super+x
    """.split()  # noqa: SIM905 (a list of these would have 40 lines)
)
"""Keys that a box of one line needs, beside all that type a character."""
TEXT_KEYS = LINE_KEYS | frozenset(
    """
    up down shift+up shift+down pageup pagedown enter tab ctrl+y ctrl+z super+y super+z f6 f7 ctrl+shift+k
    """.split()  # noqa: SIM905
)
"""Keys that a box of many lines needs."""

HIDES: dict[str, tuple[str, ...]] = {
    # Only while a search is open, which hides them for as long.
    "pane.next-hit": ("list.next-error",),
    "pane.previous-hit": ("list.previous-error",),
    "pane.end-search": ("pane.back", "pasted.back", "edit.back"),
    # A pane has its own; the list's are one key away.
    "pane.search": ("filter.open",),
    "json.last": ("list.follow",),
    "json.fold": ("held.open",),
    "json.toggle": ("pane.open",),
    "warnings.jump": ("pane.open",),
    "segment.stage": ("request.next", "pasted.next-request"),
    "segment.stage-before": ("request.previous", "pasted.previous-request"),
    "mixpanel.next": ("request.next", "pasted.next-request"),
    "mixpanel.previous": ("request.previous", "pasted.previous-request"),
    "warnings.other-copy": ("request.next", "pasted.next-request"),
    "delivery.replay": ("request.next",),
    "delivery.original": ("request.previous",),
    # A box has its own ways out.
    "filter.keep": ("pane.open",),
    "filter.drop": ("pane.back",),
    "filter.complete": ("pane.next",),
    "search.keep": ("pane.open",),
    "search.drop": ("pane.end-search", "pane.back", "pasted.back", "edit.back"),
    "users.drop": ("users.back",),
    # The bars lie side by side.
    "bars.later": ("summary.next", "event-story.next", "event-story.list"),
    "bars.earlier": ("summary.previous", "event-story.previous"),
    # On a screen over the messages, q closes that screen.
    **dict.fromkeys(
        (
            "summary.back",
            "users.back",
            "user-story.back",
            "event-story.back",
            "groups.back",
            "columns.leave",
            "compare.back",
            "value.back",
            "question.no",
            "choice.cancel",
            "story.back",
            "pasted.back",
        ),
        ("app.quit",),
    ),
}
"""What may hide what: the inner command's id, and those of the outer ones."""
AT_TIMES = frozenset({"pane.next-hit", "pane.previous-hit", "pane.end-search"})
"""Commands that hide others only while a search is open."""
