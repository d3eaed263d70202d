"""Parses triggers, which are texts in Segment's query language (FQL), into conditions and groups.

Source: destination-subscriptions. Its reading is lenient and kept so: an unknown name such as `groupId` is
skipped together with its comparison, `!` counts only before contains() and match(), and the last `and` or
`or` of a level holds for the whole level.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

import msgspec

from ..errors import MappingError
from .fql_lexer import Token, lex
from .javascript import format_number, to_number

PLACES: dict[str, Literal["root", "inside"]] = {
    "type": "root",
    "event": "root",
    "name": "root",
    "userId": "root",
    "context": "inside",
    "properties": "inside",
    "traits": "inside",
}
"""The names that a trigger may compare: the message's own, or paths inside them."""

FUNCTIONS = ("contains", "match")
_FUNCTION_ROOTS = ("event", "name", "userId")
_FUNCTION_PLACES = ("properties", "traits", "context")
_PATH = re.compile(r"[^\[.\]]+")


class Condition(msgspec.Struct, frozen=True):
    """A condition on a field: `place` is the message's key, `path` what follows it; `expected` a text,
    number, boolean or None.
    """

    place: str
    path: tuple[str, ...]
    operator: str
    expected: str | float | bool | None = None


class Group(msgspec.Struct, frozen=True):
    """Conditions of which all (`and`) or one (`or`) must hold."""

    operator: str
    children: tuple[Condition | Group | None, ...]


class _Broken(Exception):
    """The trigger ends where something is needed."""


def parse_trigger(text: str) -> Condition | Group:
    """Parse a trigger.

    Raises MappingError for a text that Segment cannot read; there, it never matches.
    """
    tokens: list[Token] = []
    try:
        tokens = _joined(lex(text))
        node = _parse(tokens.copy())
    except (_Broken, ValueError) as fault:
        why = _NESTED if _is_nested(tokens) else fault
        raise MappingError(
            f"The trigger {text!r} cannot be read: {why}. Write it like: "
            'type = "track" and event = "Order Completed"'
        ) from None
    if node is None:
        raise MappingError(
            f"The trigger {text!r} has no condition that Segment knows: it may compare "
            f"{', '.join(PLACES)}, contains() and match()."
        )
    return node


_NESTED = "Segment reads no brackets within brackets: write one level, or a subscription for each case"


def _is_nested(tokens: list[Token]) -> bool:
    """Return True if a group of conditions contains another; brackets of functions are not groups."""
    depth = deepest = 0
    before = ""
    for token in tokens:
        if token.type == "parenleft":
            depth += before not in FUNCTIONS
            deepest = max(deepest, depth)
        elif token.type == "parenright":
            depth -= 1
        before = token.value
    return deepest > 1


def passed_over(text: str) -> tuple[str, ...]:
    """Return the names in a trigger that Segment's parser skips together with what they are compared to.

    Empty for a text that it cannot read at all.
    """
    try:
        tokens = _joined(lex(text))
    except ValueError:
        return ()
    found: dict[str, None] = {}
    called = False
    for token, following in pairwise(tokens):
        if token.type == "ident":
            known = _speaks_of(token.value) if called else token.value.partition(".")[0] in PLACES
            compared = following.type == "operator" and following.value != "!"
            if (called or compared) and not known:
                found[token.value] = None
        called = (token.type == "parenleft" and called) or token.value in FUNCTIONS
    return tuple(found)


def _speaks_of(name: str) -> bool:
    """Return True for what contains() and match() may examine."""
    return name in _FUNCTION_ROOTS or name.startswith(_FUNCTION_PLACES)


def _joined(tokens: list[Token]) -> list[Token]:
    """Join names separated by dots to one dotted name."""
    joined: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if (
            joined
            and joined[-1].type == "ident"
            and token.type == "dot"
            and following is not None
            and following.type == "ident"
        ):
            joined[-1] = Token("ident", f"{joined[-1].value}.{following.value}")
            index += 2
        else:
            joined.append(token)
            index += 1
    return joined


def _take(tokens: list[Token], what: str) -> Token:
    if not tokens:
        raise _Broken(f"{what} is missing")
    return tokens.pop(0)


def _parse(tokens: list[Token]) -> Condition | Group | None:
    nodes: list[Condition | Group | None] = []
    operator = "and"
    while tokens:
        token = tokens.pop(0)
        if token.type == "eos":
            break
        if token.type == "ident":
            place = token.value.partition(".")[0]
            if place in PLACES:
                sign = _take(tokens, "the operator after " + token.value)
                nodes.append(_comparison(token, place, sign, _take(tokens, "the value after " + token.value)))
            if token.value in FUNCTIONS:
                nodes.extend(_function(token.value, tokens, negate=False))
        elif token.type == "operator" and token.value == "!":
            if not tokens:
                raise _Broken("what ! stands for is missing")
            if tokens[0].type == "ident" and tokens[0].value in FUNCTIONS:
                nodes.extend(_function(tokens.pop(0).value, tokens, negate=True))
        elif token.type == "parenleft":
            inner: list[Token] = []
            while (following := _take(tokens, "the closing )")).type != "parenright":
                inner.append(following)
            nodes.append(_parse([*inner, Token("eos", "eos")]))
        elif token.type == "conditional":
            operator = token.value
    if len(nodes) > 1:
        return Group(operator, tuple(nodes))
    return nodes[0] if nodes else None


def _value(token: Token) -> str | float | bool:
    if token.type == "string":
        return re.sub(r'"\Z', "", re.sub(r'\A"', "", token.value))
    if token.type == "number":
        return to_number(token.value)
    if token.type == "ident" and token.value in ("true", "false"):
        return token.value == "true"
    return token.value


def value_text(value: str | float | bool) -> str:
    """Return the text that a value is compared as."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else format_number(value)


def _inside(name: str, place: str) -> tuple[str, ...]:
    path = name.removeprefix(place + ".")
    return tuple(_PATH.findall(path))


def _comparison(name: Token, place: str, sign: Token, value: Token) -> Condition:
    path = _inside(name.value, place) if PLACES[place] == "inside" else ()
    special = {"null": {"=": "not_exists", "!=": "exists"}}
    if place not in ("type", "event"):
        if place != "name":
            special["true"], special["false"] = {"=": "is_true"}, {"=": "is_false"}
        operator = special.get(value.value, {}).get(sign.value)
        if operator:
            return Condition(place, path, operator)
    if PLACES[place] == "root":
        return Condition(place, path, sign.value, value_text(_value(value)))
    if value.type == "number":
        numeric = {"=": "number_equals", "!=": "number_not_equals"}.get(sign.value, sign.value)
        return Condition(place, path, numeric, _value(value))
    return Condition(place, path, sign.value, _value(value))


def _function(function: str, tokens: list[Token], *, negate: bool) -> list[Condition]:
    tokens[:1] = []
    name = _take(tokens, f"the first argument of {function}()")
    tokens[:1] = []
    value = _take(tokens, f"the second argument of {function}()")
    tokens[:1] = []
    text = value_text(_value(value))
    if function == "contains":
        operator = "contains"
    elif value.value.endswith('*"'):
        operator, text = "starts_with", text[:-1]
    else:
        operator, text = "ends_with", text[1:]
    if negate:
        operator = "not_" + operator
    if name.value in _FUNCTION_ROOTS:
        return [Condition(name.value, (), operator, text)]
    for place in _FUNCTION_PLACES:
        if name.value.startswith(place):
            return [Condition(place, _inside(name.value, place), operator, text)]
    return []
