"""What a test expects of a message: as a filter for the engine, and compared with a message. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from ..errors import InputError
from ..messages import Json, JsonObject
from ..query.parser import parse
from ..query.terms import Comparison, Node, Path, Present
from ..text import shown

_NAMED = {"track": "event", "page": "name", "screen": "name"}


class Conditions:
    """The parts of one expectation. `tree` is what a message has to hold, `filter` what asks for it."""

    def __init__(
        self,
        event: str | None,
        type: str | None,
        user: str | None,
        properties: Mapping[str, Json] | None,
        traits: Mapping[str, Json] | None,
        context: Mapping[str, Json] | None,
        filter: str,
    ) -> None:
        __tracebackhide__ = True
        tree: JsonObject = {}
        if event is not None:
            type = type or "track"
            if type not in _NAMED:
                raise InputError(f"{type} calls have no event; leave it out, or give type='track'.")
            tree[_NAMED[type]] = event
        if type is not None:
            tree = {"type": type, **tree}
        if user is not None:
            tree["userId"] = user
        for name, part in (("properties", properties), ("traits", traits), ("context", context)):
            if part is not None:
                tree[name] = dict(part)
        self.tree = tree
        terms = [f"type:{type}"] if type is not None else []
        terms += [
            str(term) for name, value in tree.items() if name != "type" for term in _terms((name,), value)
        ]
        self.filter = " ".join([*terms, *in_parentheses(filter)])

    def holds(self, message: JsonObject | None) -> bool:
        """Return True if a message holds all that is expected, lists and null included."""
        return message is not None and not any(_differences((), self.tree, message))


def in_parentheses(filter: str) -> list[str]:
    """Return a filter as a part of another, none if it is empty.

    Raises FilterFault, which names the place in the filter as it was given.
    """
    if not filter.strip():
        return []
    parse(filter)
    return [f"({filter})"]


def differences(tree: JsonObject, message: JsonObject | None) -> list[str]:
    """Return two lines for each value that a message does not have: what it has, and what was expected."""
    lines: list[str] = []
    for path, wanted, found in _differences((), tree, message or {}):
        lines.append(f"  - {'.'.join(path)}: {_told(wanted)}")
        lines.append(f"  + {'.'.join(path)}: {_told(found)}" if found is not _NONE else "  + (missing)")
    return lines


_NONE = cast(Json, object())


def _terms(path: tuple[str, ...], value: Json) -> Iterator[Node]:
    """Yield the terms that a message with this value matches; some other messages may match them, too."""
    if isinstance(value, dict):
        if not value:
            yield Present(Path(path))
        for name, inner in value.items():
            yield from _terms((*path, name), inner)
    elif isinstance(value, str | bool | int | float) and value == value:
        yield Comparison(Path(path), "=", value)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str | bool | int | float):
                yield Comparison(Path(path), "=", item)
        if not value:
            yield Present(Path(path))
    else:
        yield Present(Path(path))


def _differences(
    path: tuple[str, ...], wanted: Json, found: Json
) -> Iterator[tuple[tuple[str, ...], Json, Json]]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, inner in wanted.items():
            yield from _differences((*path, name), inner, found.get(name, _NONE))
    elif not _same(wanted, found):
        yield path, wanted, found


def _same(wanted: Json, found: Json) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_same, wanted, found))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(_same(wanted[name], found[name]) for name in wanted)
    return wanted == found


def _told(value: Json) -> str:
    if isinstance(value, list | dict):
        from ..json_text import to_json
        from ..text import shorten

        return shorten(to_json(value), 120)
    return shown(value, 120)
