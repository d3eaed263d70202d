"""The keys in force: the tables' own, and what `[keys]` of segtap.toml puts in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from . import dialog_keys, keys, pane_keys
from .key_names import UNBOUND, read_keys, shown_key, typed
from .keys import Key
from .places import AT_TIMES, HIDES, LINE_KEYS, PLACES, TEXT_KEYS, Place


@dataclass(frozen=True)
class Keymap:
    """Commands on other keys than their own, by id, and what cannot be done of what was asked for."""

    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    problems: tuple[str, ...] = ()

    def keys(self, key: Key) -> tuple[str, ...]:
        """Return the keys that run a command, by Textual's names."""
        return self.changed.get(key.id, tuple(key.keys.split(",")))

    def label(self, key: Key) -> str:
        """Return how the keys of a command are written, `–` if it has none."""
        if key.id not in self.changed:
            return key.label
        return " ".join(map(shown_key, self.changed[key.id])) or "–"

    def first(self, id: str) -> str:
        """Return the first of the keys that run a command, for a sentence or a line of keys."""
        return self.label(commands()[id]).partition(" ")[0]

    def for_textual(self) -> dict[str, str]:
        """Return the keymap for `App.set_keymap`.

        Once one command has changed it names all of them, as Textual drops every binding of the keys that it
        takes from a command.
        """
        if not self.changed:
            return {}
        return {id: ",".join(self.keys(key)) or UNBOUND for id, key in commands().items()}


DEFAULT = Keymap()
_in_force = DEFAULT


def put_in_force(keymap: Keymap) -> None:
    """Let `label`, `first` and `in_force` give these keys: there is one screen in a process."""
    global _in_force
    _in_force = keymap


def in_force() -> Keymap:
    """Return the keys that the screen has."""
    return _in_force


def label(key: Key) -> str:
    """Return how the keys of a command are written now."""
    return _in_force.label(key)


def first(id: str) -> str:
    """Return the first of the keys that run a command now, for a sentence or a line of keys."""
    return _in_force.first(id)


@cache
def commands() -> dict[str, Key]:
    """Return every command by its id, in the order of the help."""
    tables = (keys.groups(), pane_keys.groups(), dialog_keys.groups())
    return {key.id: key for table in tables for group in table.values() for key in group}


def descriptions() -> dict[str, str]:
    """Return what each command does and its own keys, by id, for the JSON Schema."""
    return {id: f"{key.group}: {key.text}. By default {key.label}" for id, key in commands().items()}


@cache
def owned(owner: str) -> tuple[Key, ...]:
    """Return the commands of an owner."""
    for table in (pane_keys.PANE_KEYS, dialog_keys.DIALOG_KEYS):
        for name, own in table.items():
            if name == owner:
                return own
    return tuple(key for key in keys.KEYS if key.owner == owner)


def hidden(place: str, *, searching: bool = False) -> frozenset[str]:
    """Return the commands that others hide in a place; those that only a search hides if it is open."""
    return frozenset(
        outer.id
        for _, inner, outer in _doubles(PLACES[place], _in_force)
        if searching or inner.id not in AT_TIMES
    )


def read_keymap(wanted: Mapping[str, str]) -> Keymap:
    """Return the keymap of `[keys]`, without what cannot be: an unknown id or key, or a key that clashes.

    Such a command stays on its own keys, and `problems` says why.
    """
    changed: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for id, text in wanted.items():
        if id not in commands():
            problems.append(f'"{id}": no command has this id. {_nearest(id)}')
            continue
        try:
            changed[id] = tuple(dict.fromkeys(read_keys(text)))
        except ValueError as error:
            problems.append(f'"{id}" = "{text}": "{error}" is not a key. Write it as ctrl+r, f5, x or ?.')
    for id in list(changed):
        if why := _needed_by_a_box(commands()[id], changed[id]):
            del changed[id]
            problems.append(why)
    while clash := _clash(Keymap(changed)):
        place, inner, outer, name = clash
        for one, other in ((inner, outer), (outer, inner)):
            if changed.pop(one.id, None) is not None:
                problems.append(
                    f'"{one.id}": in {place} {shown_key(name)} is also "{other.text}" ({other.id}). It stays'
                    f" on {one.label}."
                )
    return Keymap(changed, tuple(problems))


def clashes(keymap: Keymap) -> Iterator[tuple[str, Key, Key, str]]:
    """Give each place where two commands have one key though `HIDES` does not say so: both, and the key."""
    for name, place in PLACES.items():
        for key, inner, outer in _doubles(place, keymap):
            if outer.id not in HIDES.get(inner.id, ()):
                yield name, inner, outer, key


def _clash(keymap: Keymap) -> tuple[str, Key, Key, str] | None:
    return next(
        (one for one in clashes(keymap) if one[1].id in keymap.changed or one[2].id in keymap.changed), None
    )


def _doubles(place: Place, keymap: Keymap) -> Iterator[tuple[str, Key, Key]]:
    """Give each key that two commands of a place have, with the inner and the outer one."""
    seen: dict[str, Key] = {}
    for number, owner in enumerate(place.owners):
        for command in owned(owner):
            for key in keymap.keys(command):
                if number and place.box and typed(key):
                    continue  # the box reads it
                if key in seen:
                    yield key, seen[key], command
                else:
                    seen[key] = command


def _needed_by_a_box(command: Key, wanted: tuple[str, ...]) -> str:
    """Say which key cannot be, as it would no longer do in a box what it does in every box; else ""."""
    for name, place in PLACES.items():
        boxed = place.box and command in owned(place.owners[0])
        if place.box and command.priority and not typed(command.keys):
            boxed = boxed or any(command in owned(owner) for owner in place.owners)
        if not boxed:
            continue
        needed = TEXT_KEYS if place.box == "text" else LINE_KEYS
        for key in wanted:
            if typed(key) or (key in needed and key not in command.keys.split(",")):
                return (
                    f'"{command.id}": {name} needs {shown_key(key)} for itself. It stays on {command.label}.'
                )
    return ""


def _nearest(id: str) -> str:
    import difflib  # no frame needs it

    near = difflib.get_close_matches(id, commands(), 1, 0.6)
    return f"Did you mean {near[0]}?" if near else "segtap help keys lists them."
