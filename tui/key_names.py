"""Names of keys: as people write them in segtap.toml, as Textual knows them, and as the screen shows them."""

from __future__ import annotations

import unicodedata

MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
"""In the order in which Textual writes them."""
SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
"""Keys that are no character, by Textual's name."""
ALSO = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+left_square_bracket": "escape",
}
"""Other names, and keys of which a terminal sends what another one sends."""
UNBOUND = "unbound"
"""Stands for no key: Textual's keymap would read an empty text as the default. No terminal sends it."""
_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def character_key(character: str) -> str:
    """Return Textual's name of the key that types a character."""
    if character.isalnum():
        return character
    if character == " ":
        return "space"
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


_CHARACTERS = {character_key(chr(code)): chr(code) for code in range(33, 127)}


def typed(key: str) -> str:
    """Return the character that a key types, "" for a key that types none."""
    return key if len(key) == 1 else " " if key == "space" else _CHARACTERS.get(key, "")


def read_keys(text: str) -> list[str]:
    """Return Textual's names of the keys in a text as `ctrl+r` or `?,f1`; [] for an empty one.

    Raises ValueError, with the part that is not a key.
    """
    if text == ",":
        return ["comma"]
    return [_read(part.strip()) for part in text.split(",")] if text.strip() else []


def _read(name: str) -> str:
    if len(name) == 1:
        if not name.isprintable():
            raise ValueError(name)
        return character_key(name)
    *before, last = name.split("+")
    if name.endswith("++"):
        before, last = name[:-2].split("+"), "+"
    modifiers = sorted(modifier.strip().lower() for modifier in before)
    last = last.strip()
    last = last if len(last) == 1 else last.lower()
    if not last or set(modifiers) - set(MODIFIERS):
        raise ValueError(name)
    last = ALSO.get(last, character_key(last) if len(last) == 1 else last)
    if last not in SHOWN and not typed(last):
        raise ValueError(name)
    if modifiers == ["shift"] and typed(last) and last != "space":
        if not last.isalpha():
            raise ValueError(name)
        return last.upper()
    if modifiers and last.isalpha() and len(last) == 1:
        last = last.lower()
    key = "+".join((*modifiers, last))
    return ALSO.get(key, key)


def shown_key(key: str) -> str:
    """Return how the screen writes a key that Textual names so: `↑`, `^p`, `Shift+Tab`."""
    *modifiers, last = key.split("+")
    name = SHOWN.get(last, typed(last) or last)
    if modifiers == ["ctrl"] and len(name) == 1:
        return f"^{name}"
    return "+".join((*(modifier.capitalize() for modifier in modifiers), name))
