"""Reads a filter: from tokens to terms, and from them to one tree."""

from __future__ import annotations

import difflib
import time
from typing import cast

from ..catalogue import BY_ID as RULES
from ..chosen import SET
from ..errors import FilterFault
from ..verdict import FAULT_RULE
from .expressions import compiled
from .faults import fault, quoted
from .fields import BY_NAME, FIELDS, Field
from .query import Query
from .scanner import Kind, Text, Token, scan
from .terms import (
    MIXPANEL,
    NUMBER,
    ROOTS,
    Comparison,
    Every,
    FieldTerm,
    Node,
    Not,
    Operator,
    Path,
    Present,
    Scalar,
    Search,
    Some,
    TimeTerm,
    Word,
)
from .times import read_time
from .wildcards import Wildcard

MOST_DEPTH = 100
"""Parentheses and negations within one another; they are followed with recursion."""
MOST_DIGITS = 300
"""Digits of a number: longer ones no double holds."""


def parse(text: str, *, now: int | None = None) -> Query:
    """Read a filter. Raises FilterFault with the place of what cannot be read, and a suggestion.

    `now` (milliseconds since the epoch, else the clock's) is what `since:10m` counts from.
    """
    parser = _Parser(text, time.time_ns() // 1_000_000 if now is None else now)
    return Query(text, parser.whole())


class _Parser:
    def __init__(self, text: str, now: int) -> None:
        self._text = text
        self._now = now
        self._tokens = scan(text)
        self._at = 0

    def whole(self) -> Node | None:
        """Return the tree of the whole filter, None for the empty one."""
        if self._kind() == "end":
            return None
        node = self._some(0)
        if self._kind() != "end":
            raise self._fault(self._token(), "no parenthesis is open here; to search for one, quote it")
        return node

    # -- how terms combine

    def _token(self) -> Token:
        return self._tokens[self._at]

    def _kind(self) -> Kind:
        return self._tokens[self._at].kind

    def _skip(self, kind: Kind) -> bool:
        if self._kind() != kind:
            return False
        self._at += 1
        return True

    def _fault(self, token: Token, words: str, suggestion: str = "") -> FilterFault:
        return fault(self._text, token.start, token.end, words, suggestion)

    def _some(self, depth: int) -> Node:
        parts = [self._every(depth)]
        while self._skip("or"):
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._skip("and") or self._kind() not in ("or", ")", "end"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Node:
        token = self._token()
        if depth > MOST_DEPTH:
            raise self._fault(token, f"the filter is nested more than {MOST_DEPTH} deep")
        if self._skip("-") or self._skip("not"):
            return Not(self._one(depth + 1))
        if self._skip("("):
            inner = self._some(depth + 1)
            if not self._skip(")"):
                raise self._fault(token, "a parenthesis is not closed; to search for one, quote it")
            return inner
        if token.kind != "term":
            raise self._missing(token)
        self._at += 1
        return self._term(token)

    def _missing(self, token: Token) -> FilterFault:
        """Return the fault where a term is missing before this token."""
        before = self._tokens[self._at - 1] if self._at else None
        if token.kind in ("and", "or"):
            written = self._text[token.start : token.end]
            words = f"a term is missing before {written}; to search for the word, quote it"
            return self._fault(token, words, quoted(written))
        if before is None or (token.kind == "end" and before.kind == "("):
            return self._fault(before or token, "a parenthesis is not closed; to search for one, quote it")
        if before.kind in ("and", "or", "not"):
            written = self._text[before.start : before.end]
            words = f"a term is missing after {written}; to search for the word, quote it"
            return self._fault(before, words, quoted(written))
        if token.kind == ")":
            return self._fault(token, "a term is missing before the parenthesis; to search for one, quote it")
        return self._fault(before, "a term is missing after this")

    # -- terms

    def _term(self, token: Token) -> Node:
        if not token.operator:
            return Word(token.values[0].wildcard)
        if token.operator == ":":
            return self._field_term(token)
        path = self._path(token)
        if token.operator == "?":
            return Present(path)
        if token.operator == "~":
            try:
                compiled(token.regex)
            except ValueError as error:
                at = token.head_end + 1
                words = f"the regular expression cannot be read: {error}"
                raise fault(self._text, at, token.end, words) from error
            return Search(path, token.regex)
        return Comparison(path, cast(Operator, token.operator), self._value(token.values[0]))

    def _value(self, text: Text) -> Scalar:
        """Return the value with its type: only what is not quoted can be a number or boolean."""
        if text.quoted:
            return text.plain
        written = text.written
        if written in ("true", "false"):
            return written == "true"
        if not NUMBER.fullmatch(written):
            return text.plain
        whole = written.lstrip("-").isdecimal()
        number = int(written) if whole and len(written) <= MOST_DIGITS else float(written)
        if abs(number) == float("inf"):
            words = "the number is too large for JSON; as a text it is quoted"
            raise fault(self._text, text.start, text.end, words, quoted(written))
        return number

    def _path(self, token: Token) -> Path:
        head, rest = self._text[token.start : token.head_end], self._text[token.head_end : token.end]
        root, *keys = token.steps
        if root not in ROOTS:
            raise self._unknown_root(token, head, rest)
        if token.blank:
            words = "a key is missing beside a dot"
            raise fault(self._text, token.start, token.head_end, words)
        if root == MIXPANEL and not keys:
            words = "the path mp needs a key: mp.event, mp.distinct_id, mp.$set.plan"
            raise fault(self._text, token.start, token.head_end, words, f"mp.event{rest}")
        return Path(token.steps)

    def _unknown_root(self, token: Token, head: str, rest: str) -> FilterFault:
        root, *keys = token.steps
        whole = self._text[token.start : token.end]
        if not head:
            return self._nothing_before(token, rest)
        suggestion = f"properties.{whole}"
        if not keys and root.lower() in BY_NAME and token.operator in ("=", "?"):
            value = rest[1:] if token.operator == "=" else ""
            suggestion = f"{root.lower()}:{value or '*'}"
        elif near := _nearest(root, ROOTS):
            suggestion = near + whole[len(root) :]
        roots = f"{', '.join(ROOTS[:4])}, … or mp"
        words = f"a path begins with {roots}; to search for this text, quote it: {quoted(whole)}"
        return fault(self._text, token.start, token.head_end, words, suggestion)

    def _nothing_before(self, token: Token, rest: str) -> FilterFault:
        """Return the fault of an operator without a path: there may be a space before it."""
        before = self._tokens[self._at - 2] if self._at > 1 else None
        words = (
            f"a path is missing before {token.operator}; to search for this text, quote it: {quoted(rest)}"
        )
        suggestion = ""
        if before is not None and before.kind == "term" and not before.operator and before.steps:
            suggestion = self._text[before.start : before.end] + rest
        return fault(self._text, token.start, token.end, words, suggestion)

    # -- fields

    def _field_term(self, token: Token) -> Node:
        head = self._text[token.start : token.head_end]
        field = BY_NAME.get(head)
        if field is None:
            raise self._unknown_field(token, head)
        if field.kind == "time":
            return self._time(token, field)
        for value in token.values:
            self._check(value, field)
        return FieldTerm(field.name, tuple(self._field_value(value, field) for value in token.values))

    def _field_value(self, value: Text, field: Field) -> Wildcard:
        return value.wildcard if field.kind == "text" else value.wildcard.folded()

    def _unknown_field(self, token: Token, head: str) -> FilterFault:
        whole = self._text[token.start : token.end]
        values = whole[len(head) + 1 :]
        near = _nearest(head.lower(), [field.name for field in FIELDS])
        if token.steps[0] in ROOTS:
            suggestion = f"{head}={values}"
            words = "a path is followed by an operator such as =, not by a colon"
        elif not head:
            return self._nothing_before(token, whole)
        elif near:
            suggestion = f"{near}:{values}"
            words = f"there is no field {head}; to search for this text, quote it: {quoted(whole)}"
        else:
            suggestion = quoted(whole)
            words = f"there is no field {head}; to search for this text or a URL, quote it"
        return fault(self._text, token.start, token.head_end + 1, words, suggestion)

    def _check(self, value: Text, field: Field) -> None:
        """Raise FilterFault for a value that the field never has."""
        if not any(value.wildcard.parts) and value.wildcard.literal is not None:
            words = f"the field {field.name} has no empty value; messages without one are -{field.name}:*"
            raise fault(self._text, value.start, value.end, words, "*")
        known = field.fixed
        if field.kind == "rule":
            known = (*RULES, FAULT_RULE)
        if not known:
            return
        folded = value.wildcard.folded()
        if any(folded.whole(one) for one in known):
            return
        if field.name == "is" and (folded.literal or "").startswith(SET):
            return
        near = _nearest(value.plain.lower(), known)
        words = f"the field {field.name} is never {value.written}"
        if field.kind == "fixed":
            words += f"; it is one of {', '.join(known)}"
        else:
            words += "; segtap rules lists the rules"
        raise fault(self._text, value.start, value.end, words, f"{field.name}:{near}" if near else "")

    def _time(self, token: Token, field: Field) -> Node:
        value = token.values[0]
        if len(token.values) > 1:
            words = f"the field {field.name} has one time"
            raise fault(self._text, token.values[1].start, token.end, words)
        at = read_time(value.plain, self._now)
        if at is None:
            words = f"the value {value.written} is not a time; write 10m, 2h, 3d or 2026-11-29T22:00"
            raise fault(self._text, value.start, value.end, words)
        return TimeTerm(field.name, value.plain, max(-(2**62), min(at, 2**62)))


def _nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return the known word that is nearest, "" if none is near."""
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), by_lower, 1, 0.65)
    return by_lower[near[0]] if near else ""
