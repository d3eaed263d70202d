"""The terms of the language, and how they combine: what a filter is once it is read.

Each class of terms holds its own line of the help. `str` of a term is a filter that reads as the same term.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

import msgspec

from .wildcards import Wildcard, escaped

Scalar: TypeAlias = bool | int | float | str
Operator = Literal["=", "!=", "<", "<=", ">", ">="]

ROOTS = (
    "properties",
    "traits",
    "context",
    "integrations",
    "userId",
    "anonymousId",
    "groupId",
    "previousId",
    "messageId",
    "timestamp",
    "event",
    "name",
    "category",
    "mp",
)
"""What a path begins with."""
MIXPANEL = "mp"
"""The root of paths into the records that Mixpanel gets."""
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
"""A JSON number."""
KEYWORDS = frozenset(("and", "or", "not", "AND", "OR", "NOT"))
_BARE = re.compile(r"[^\W_][\w./@+-]*")
"""Words and values that need no quotes."""
_BARE_TIME = re.compile(r"[\w:.+-]+", re.ASCII)
_BARE_STEP = re.compile(r"[\w$-]+")


class Path(msgspec.Struct, frozen=True):
    """The way to a value of the message, or of a record for Mixpanel: a root and keys."""

    steps: tuple[str, ...]

    @property
    def root(self) -> str:
        """What it begins with, one of ROOTS."""
        return self.steps[0]

    def __str__(self) -> str:
        return ".".join(step if _BARE_STEP.fullmatch(step) else f'"{escaped(step)}"' for step in self.steps)


class Word(msgspec.Struct, frozen=True):
    """A text that is searched for everywhere in the message."""

    FORM: ClassVar = 'word, "quoted text"'
    MEANS: ClassVar = (
        "contained in the event's or page's name, in an id, or in any value of the message; any case; "
        "* stands for any characters, \\* for a star"
    )
    EXAMPLE: ClassVar = '"order comp*"'

    text: Wildcard

    def __str__(self) -> str:
        return _written(self.text)


class FieldTerm(msgspec.Struct, frozen=True):
    """A field of the table that has one of the values.

    `keys` are the write keys of the sources that the values of `source` name: see `by_source`.
    """

    FORM: ClassVar = "field:value"
    MEANS: ClassVar = (
        "a field of the table below; any case, whole value, * as in words, several values with commas"
    )
    EXAMPLE: ClassVar = "type:track,page"

    field: str
    values: tuple[Wildcard, ...]
    keys: tuple[Wildcard, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}:{','.join(map(_written, self.values))}"


class TimeTerm(msgspec.Struct, frozen=True):
    """A term on the time, `since` or `until`. `at` is the time in milliseconds since the epoch,
    `written` how it was given.
    """

    field: str
    written: str
    at: int

    def __str__(self) -> str:
        bare = _BARE_TIME.fullmatch(self.written)
        return f"{self.field}:{self.written}" if bare else f'{self.field}:"{escaped(self.written)}"'


class Present(msgspec.Struct, frozen=True):
    """A key that is there."""

    FORM: ClassVar = "path?"
    MEANS: ClassVar = "the key is there, also with null"
    EXAMPLE: ClassVar = "properties.coupon?"

    path: Path

    def __str__(self) -> str:
        return f"{self.path}?"


class Comparison(msgspec.Struct, frozen=True):
    """The value at a path, compared with another."""

    FORM: ClassVar = "path=v path!=v path>v path>=v path<v path<=v"
    MEANS: ClassVar = (
        "the value at the path: 100 is a number, true and false are booleans, all else and all in quotes is "
        'text ("100", 02134); values of different types are not equal; a list matches if one of its '
        "elements does; a missing or null value never matches"
    )
    EXAMPLE: ClassVar = "properties.total>100"

    path: Path
    operator: Operator
    value: Scalar

    def __str__(self) -> str:
        return f"{self.path}{self.operator}{_value(self.value)}"


class Search(msgspec.Struct, frozen=True):
    """A regular expression, searched for in the text at a path."""

    FORM: ClassVar = "path~regex"
    MEANS: ClassVar = "a regular expression in Python's syntax, searched for in a text; case counts"
    EXAMPLE: ClassVar = "context.library.name~^analytics"

    path: Path
    regex: str

    def __str__(self) -> str:
        written = re.sub(
            r'\\.|"', lambda found: '\\"' if found[0] == '"' else found[0], self.regex, flags=re.S
        )
        return f'{self.path}~"{written}"'


class Not(msgspec.Struct, frozen=True):
    """What does not match."""

    FORM: ClassVar = "not a, -a"
    MEANS: ClassVar = "a does not match; not binds closest, then and, then or"
    EXAMPLE: ClassVar = "-properties.coupon?"

    inner: Node

    def __str__(self) -> str:
        return f"not {_inside(self.inner, (Every, Some))}"


class Every(msgspec.Struct, frozen=True):
    """All of the parts match."""

    FORM: ClassVar = "a b, a and b"
    MEANS: ClassVar = "both match"
    EXAMPLE: ClassVar = "type:track warn:error"

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(_inside(part, (Every, Some)) for part in self.parts)


class Some(msgspec.Struct, frozen=True):
    """A term that matches if at least one of its parts does."""

    FORM: ClassVar = "a or b, (a or b) c"
    MEANS: ClassVar = "at least one matches; parentheses group"
    EXAMPLE: ClassVar = "type:page or type:screen"

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(_inside(part, (Some,)) for part in self.parts)


Term: TypeAlias = Word | FieldTerm | TimeTerm | Present | Comparison | Search
Node: TypeAlias = Term | Not | Every | Some

HELP: tuple[type[Word | FieldTerm | Present | Comparison | Search | Not | Every | Some], ...] = (
    Word,
    FieldTerm,
    Present,
    Comparison,
    Search,
    Every,
    Some,
    Not,
)
"""The forms, in the order of the help."""


def fields_of(node: Node) -> Iterator[str]:
    """Yield the names of the fields in a filter."""
    match node:
        case Not(inner):
            yield from fields_of(inner)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from fields_of(part)
        case FieldTerm(field) | TimeTerm(field):
            yield field
        case _:
            pass


def fields_in(node: Node) -> Iterator[FieldTerm]:
    """Yield the terms of a filter that ask for values of a field."""
    match node:
        case Not(inner):
            yield from fields_in(inner)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from fields_in(part)
        case FieldTerm():
            yield node
        case _:
            pass


def spelled(value: Scalar) -> str:
    """Return a value as the language writes it without quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def written(text: str) -> str:
    """Return a text as the value of a field, in quotes where it needs them."""
    return _written(Wildcard((text,)))


def _written(text: Wildcard) -> str:
    literal = text.literal
    bare = literal is not None and _BARE.fullmatch(literal) and literal not in KEYWORDS
    return literal if bare and literal is not None else f'"{text}"'


def _value(value: Scalar) -> str:
    if not isinstance(value, str):
        return spelled(value)
    bare = _BARE.fullmatch(value) and not NUMBER.fullmatch(value) and value not in ("true", "false")
    return value if bare else f'"{escaped(value)}"'


def _inside(node: Node, grouped: tuple[type, ...]) -> str:
    return f"({node})" if isinstance(node, grouped) else str(node)
