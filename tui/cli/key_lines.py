"""The keys of the screen as lines and as JSON, for `segtap help keys`."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.messages import Json, JsonObject
from ..keymap import Keymap, commands
from ..render.plain import plain

HOW = (
    "Other keys go into [keys] of segtap.toml, by the command's id, several with commas between and none as"
    ' "":',
    "",
    "  [keys]",
    '  "message.replay" = "ctrl+r"',
    "",
    "A key is a character (x, ?, comma for the comma), or up, enter, escape, space, tab, pageup, f1 …, with",
    "ctrl+, alt+ or shift+ before it. A key that already does something in the same place keeps doing that.",
)


def key_lines(keymap: Keymap, *, ascii_only: bool) -> Iterator[str]:
    """Yield the commands by group: their keys, their ids, and what they do."""
    group = ""
    for id, key in commands().items():
        if key.group != group:
            if group:
                yield ""
            group = key.group
            yield group
        before = f"  (by default {key.label})" if id in keymap.changed else ""
        line = f"  {keymap.label(key):<14} {id:<26} {key.text}{before}"
        yield plain(line) if ascii_only else line
    yield ""
    yield from (plain(line) if ascii_only else line for line in HOW)


def key_objects(keymap: Keymap) -> Iterator[JsonObject]:
    """Yield an object for each command."""
    for id, key in commands().items():
        yield {
            "id": id,
            "keys": list[Json](keymap.keys(key)),
            "default": list[Json](key.keys.split(",")),
            "group": key.group,
            "does": key.text,
        }
