"""Reads a condition of a destination filter: text in Segment's query language (FQL) to a tree of nodes.

Source: Segment's page on FQL, and its published lexer fql-ts where the page says nothing (a backslash is no
escape within a text). `!` binds closest, then `and`, then `or`. Spaces are free.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from ..errors import FilterNotFql, FilterNotUnderstood
from ..messages import Json
from ..text import shorten
from .fql_functions import FUNCTIONS

MAX_DEPTH = 100
"""Brackets, negations and calls within one another; compiling and judging follow them with recursion."""


SHOWN = 160
"""Characters of a condition that a fault shows."""


class Constant(msgspec.Struct, frozen=True):
    """A text, number, boolean or null."""

    value: Json


class FieldPath(msgspec.Struct, frozen=True):
    """The value at a path of the message, a key for each step."""

    keys: tuple[str, ...]


class Items(msgspec.Struct, frozen=True):
    """A list: `["a", event]`."""

    items: tuple[Operand, ...]


class Call(msgspec.Struct, frozen=True):
    """A function with its arguments: `length(userId)`."""

    name: str
    arguments: tuple[Operand, ...]


class Comparison(msgspec.Struct, frozen=True):
    """A comparison `left operator right`; `operator` is one of `= != < <= > >=`."""

    operator: str
    left: Operand
    right: Operand


class Membership(msgspec.Struct, frozen=True):
    """A membership `left in right`."""

    left: Operand
    right: Items | FieldPath


class Negation(msgspec.Struct, frozen=True):
    """A negation `!inner`."""

    inner: Node


class Every(msgspec.Struct, frozen=True):
    """Parts joined by `and`."""

    parts: tuple[Node, ...]


class Some(msgspec.Struct, frozen=True):
    """Parts joined by `or`."""

    parts: tuple[Node, ...]


Operand: TypeAlias = Constant | FieldPath | Items | Call
Node: TypeAlias = Operand | Comparison | Membership | Negation | Every | Some


def parse(text: str) -> Node:
    """Return the tree of a condition.

    Raises FilterNotFql for what is not FQL, FilterNotUnderstood for FQL that segtap cannot follow.
    """
    parser = _Parser(text)
    node = parser.either(0)
    parser.end()
    if parser.unknown:
        raise FilterNotUnderstood(
            f"The condition {shorten(text, SHOWN)!r} cannot be followed: there is no function"
            f" {parser.unknown}() known to segtap; there are {', '.join(FUNCTIONS)}."
        )
    return node


class _Token(msgspec.Struct, frozen=True):
    """A token: `kind` is text, number, path, sign or end. `keys` are a path's; `plain` is true if none
    is escaped.
    """

    kind: str
    written: str
    keys: tuple[str, ...] = ()
    plain: bool = False

    @property
    def word(self) -> str:
        """A path of one unescaped step, which may be a word of the language; else ""."""
        return self.keys[0] if self.plain and len(self.keys) == 1 else ""


_STEP = r"(?:[A-Za-z0-9_-]|\\.)+"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.\\-]))
    | (?P<path>(?=[A-Za-z_\\]){_STEP}(?:\s*\.\s*{_STEP})*)
    | (?P<sign>!=|<=|>=|[=<>!()\[\],])""",
    re.VERBOSE | re.DOTALL,
)
_COMPARE = ("=", "!=", "<", "<=", ">", ">=")
_WORDS = ("and", "or", "in", "null", "true", "false")
_CONSTANTS: dict[str, Json] = {"null": None, "true": True, "false": False}


def _keys(path: str) -> tuple[str, ...]:
    """Return the steps of a path as written, without their backslashes."""
    steps = re.findall(_STEP, path, re.DOTALL)
    return tuple(re.sub(r"\\(.)", r"\1", step, flags=re.DOTALL) for step in steps)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._lexed()
        self._at = 0
        self.unknown = ""
        """The first function that segtap does not know."""

    def _lexed(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while at < len(self._text):
            found = _TOKEN.match(self._text, at)
            if found is None:
                raise self._unlexed(at)
            at = found.end()
            kind = found.lastgroup or ""
            if kind == "path":
                tokens.append(_Token(kind, found[0], _keys(found[0]), "\\" not in found[0]))
            elif kind != "space":
                tokens.append(_Token(kind, found[0]))
        return [*tokens, _Token("end", "")]

    def _unlexed(self, at: int) -> FilterNotFql:
        character = self._text[at]
        if character in "\"'":
            return self._fault(f"unterminated string {self._text[at : at + 20]!r}")
        if character == ".":
            return self._fault("a name is missing beside a dot")
        if character in "+-" or character.isdigit():
            return self._fault(f"{self._text[at : at + 20].split()[0]!r} is not a number")
        if character == "\\":
            return self._fault("nothing follows the last \\")
        if character in "&|":
            return self._fault(
                f"invalid character {character!r}; FQL writes {'and' if character == '&' else 'or'}"
            )
        return self._fault(f"invalid character {character!r}; in a name it is written \\{character}")

    def _fault(self, words: str) -> FilterNotFql:
        return FilterNotFql(
            f"The condition {shorten(self._text, SHOWN)!r} is not FQL: {words}. Write it like:"
            ' type = "track" and !contains(event, "Order")'
        )

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _skip(self, written: str) -> bool:
        """Step over a sign or a word of the language if it comes next."""
        token = self._peek()
        if token.written != written or token.kind not in ("sign", "path"):
            return False
        self._next()
        return True

    def _need(self, sign: str) -> None:
        if not self._skip(sign):
            raise self._fault(f"{sign} is missing before {self._shown()}")

    def _shown(self) -> str:
        token = self._peek()
        return "the end" if token.kind == "end" else repr(shorten(token.written, 40))

    def _deeper(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise FilterNotUnderstood(
                f"The condition {shorten(self._text, SHOWN)!r} cannot be followed: it is nested more than"
                f" {MAX_DEPTH} deep."
            )
        return depth + 1

    def end(self) -> None:
        """Raise FilterNotFql unless everything was read."""
        token = self._peek()
        if token.kind != "end":
            lower = token.word.lower()
            hint = f"; FQL writes {lower}" if lower in _WORDS and lower != token.word else ""
            raise self._fault(f"{self._shown()} is not expected there{hint}")

    def either(self, depth: int) -> Node:
        """Return parts joined by `or`."""
        parts = [self._all(depth)]
        while self._skip("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _all(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._skip("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Node:
        if self._skip("!"):
            return Negation(self._one(self._deeper(depth)))
        if self._skip("("):
            inner = self.either(self._deeper(depth))
            self._need(")")
            return inner
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Node:
        left = self._operand(depth)
        operator = self._peek()
        if operator.kind == "sign" and operator.written in _COMPARE:
            self._next()
            return Comparison(operator.written, left, self._operand(depth))
        if self._skip("in"):
            if isinstance(left, Items):
                raise self._fault("a list cannot be in a list")
            return Membership(left, self._list_or_path(depth))
        return left

    def _list_or_path(self, depth: int) -> Items | FieldPath:
        before = self._at
        right = self._operand(depth)
        if isinstance(right, Items | FieldPath):
            return right
        self._at = before
        raise self._fault(f'a list, such as ["a", "b"], or a path is missing before {self._shown()}')

    def _operand(self, depth: int) -> Operand:
        token = self._peek()
        if token.kind == "text":
            return Constant(self._next().written[1:-1])
        if token.kind == "number":
            written = self._next().written
            return Constant(float(written) if "." in written else _whole(written))
        if token.kind == "path" and token.word not in ("and", "or", "in"):
            self._next()
            if token.word in _CONSTANTS:
                return Constant(_CONSTANTS[token.word])
            if token.word and self._peek().written == "(":
                return self._call(token.word, self._deeper(depth))
            return FieldPath(token.keys)
        if self._skip("["):
            return Items(self._operands("]", self._deeper(depth)))
        raise self._fault(f"a name or value is missing before {self._shown()}")

    def _operands(self, end: str, depth: int) -> tuple[Operand, ...]:
        """Return what stands between brackets, with commas; may be nothing."""
        if self._skip(end):
            return ()
        found = [self._operand(depth)]
        while self._skip(","):
            found.append(self._operand(depth))
        self._need(end)
        return tuple(found)

    def _call(self, name: str, depth: int) -> Operand:
        self._need("(")
        arguments = self._operands(")", depth)
        if name not in FUNCTIONS:
            self.unknown = self.unknown or name
        elif len(arguments) != (count := FUNCTIONS[name].count):
            raise self._fault(f"{name}() takes {count} value{'s' if count > 1 else ''}, not {len(arguments)}")
        return Call(name, arguments)


def _whole(digits: str) -> int | float:
    """Return a whole number; one of many digits as the double that it is to Segment."""
    return int(digits) if len(digits) < 16 else float(digits)
