"""Conditions of destination filters: the full query language (FQL), compiled once to a predicate.

Triggers are read by a lenient reader of their own (`triggers`); filters, which drop messages, are not:
what cannot be read here is refused. Source: Segment's page on FQL. `and` binds stronger than `or`.

    !(event = "Button Clicked" or event = "Button Clicked 2")
    type = "track" and match(properties.email, "*@example.com") and length(properties.products) > 0
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

from ..errors import MappingError
from ..messages import Json, JsonObject
from .fql_lexer import Token, lex
from .javascript import MISSING, Value, is_number, to_number, type_name
from .paths import walk

Read = Callable[[JsonObject], Value]
Predicate = Callable[[JsonObject], bool]


class _Unreadable(Exception):
    """What does not fit."""


def compile_filter(text: str) -> Predicate:
    """A predicate that tells whether the condition takes a message. Raises MappingError, saying why not."""
    try:
        reader = _Reader(lex(text))
        takes = reader.either()
        reader.end()
    except (_Unreadable, ValueError) as fault:
        raise MappingError(
            f"The filter {text!r} cannot be read: {fault}. Write it like: "
            'type = "track" and !contains(event, "Order")'
        ) from None
    return takes


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _skip(self, type: str, value: str | None = None) -> bool:
        token = self._peek()
        if token.type != type or (value is not None and token.value != value):
            return False
        self._next()
        return True

    def _need(self, type: str, sign: str) -> None:
        if not self._skip(type):
            raise _Unreadable(f"{sign} is missing before {self._shown()}")

    def _shown(self) -> str:
        token = self._peek()
        return "the end" if token.type == "eos" else repr(token.value)

    def end(self) -> None:
        if self._peek().type != "eos":
            raise _Unreadable(f"{self._shown()} is not expected there")

    def either(self) -> Predicate:
        parts = [self._all()]
        while self._skip("conditional", "or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda message: any(part(message) for part in parts)

    def _all(self) -> Predicate:
        parts = [self._one()]
        while self._skip("conditional", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda message: all(part(message) for part in parts)

    def _one(self) -> Predicate:
        if self._skip("operator", "!"):
            inner = self._one()
            return lambda message: not inner(message)
        if self._skip("parenleft"):
            inner = self.either()
            self._need("parenright", ")")
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        left = self._operand()
        token = self._peek()
        if token.type == "operator" and token.value in _COMPARE:
            compare = _COMPARE[self._next().value]
            right = self._operand()
            return lambda message: compare(left(message), right(message))
        if self._skip("ident", "in"):
            options = self._list()
            return lambda message: any(_equal(left(message), option(message)) for option in options)
        return lambda message: left(message) is True

    def _list(self) -> list[Read]:
        self._need("brackleft", "[")
        items = [self._operand()]
        while self._skip("comma"):
            items.append(self._operand())
        self._need("brackright", "]")
        return items

    def _operand(self) -> Read:
        token = self._next()
        constant: Json
        if token.type == "string":
            constant = token.value[1:-1]
        elif token.type == "number":
            constant = to_number(token.value)
        elif token.type == "null":
            constant = None
        elif token.type == "ident" and token.value in ("true", "false"):
            constant = token.value == "true"
        elif token.type == "ident":
            return self._call(token.value) if self._peek().type == "parenleft" else self._path(token.value)
        else:
            self._at -= token.type != "eos"
            raise _Unreadable(f"a name or value is missing before {self._shown()}")
        return lambda message: constant

    def _path(self, first: str) -> Read:
        keys = [first]
        while self._skip("dot"):
            token = self._next()
            if token.type not in ("ident", "number"):
                raise _Unreadable(f"a name is missing after {'.'.join(keys)}.")
            keys.append(token.value)
        path = tuple(keys)

        def read(message: JsonObject) -> Value:
            value = walk(message, path)
            return None if value is MISSING else value

        return read

    def _call(self, name: str) -> Read:
        if name not in _FUNCTIONS:
            raise _Unreadable(f"there is no function {name}(); there are {', '.join(_FUNCTIONS)}")
        count, function = _FUNCTIONS[name]
        self._need("parenleft", "(")
        arguments = [self._operand()]
        while self._skip("comma"):
            arguments.append(self._operand())
        self._need("parenright", ")")
        if len(arguments) != count:
            raise _Unreadable(f"{name}() takes {count} value{'s' if count > 1 else ''}")
        return lambda message: function(*(argument(message) for argument in arguments))


def _equal(one: Value, other: Value) -> bool:
    return type_name(one) == type_name(other) and one == other


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[Value, Value], bool]:
    def both_numbers(one: Value, other: Value) -> bool:
        return is_number(one) and is_number(other) and compare(cast(float, one), cast(float, other))

    return both_numbers


_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "=": _equal,
    "!=": lambda one, other: not _equal(one, other),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
}


def _contains(text: Value, part: Value) -> Value:
    return isinstance(text, str) and isinstance(part, str) and part in text


def _match(text: Value, pattern: Value) -> Value:
    """`*` stands for any characters, `?` for one; a backslash takes the next as it is."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    signs = {"*": ".*", "?": "."}
    glob = "".join(signs.get(piece) or re.escape(piece.removeprefix("\\") or piece) for piece in pieces)
    return re.fullmatch(glob, text, re.DOTALL) is not None


def _lowercase(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else None


def _length(value: Value) -> Value:
    return len(value) if isinstance(value, (str, list)) else None


_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "contains": (2, _contains),
    "match": (2, _match),
    "length": (1, _length),
    "lowercase": (1, _lowercase),
    "typeof": (1, type_name),
}
"""How many values each function takes, and what it makes of them."""
