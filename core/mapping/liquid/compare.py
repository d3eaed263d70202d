"""Comparisons of @liquid: JavaScript's, put into a template that python-liquid has parsed.

Source: liquidjs 10.30, render/operator and drop/{null,empty,blank}-drop.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

from liquid import RenderContext, Token
from liquid.ast import Node
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Nil, logical
from liquid.builtin.expressions.primitive import Blank, Empty, StringLiteral
from liquid.expression import Expression
from liquid.undefined import Undefined

from ..javascript import MISSING, Value, to_number, to_text
from .values import MAX_MEMORY, FilterFault, same


def value_of(given: object) -> Value:
    """Return a value as filters take it."""
    if isinstance(given, Undefined):
        return MISSING
    if isinstance(given, (Empty, Blank)):
        return ""
    if isinstance(given, range):
        if given.stop - given.start > MAX_MEMORY:
            raise FilterFault("memory alloc limit exceeded")
        return list(given)
    return cast(Value, given)


def _relation(holds: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def compare(left: Value, right: Value) -> bool:
        one, other = _primitive(left), _primitive(right)
        if isinstance(one, str) and isinstance(other, str):
            return holds(one.encode("utf-16-be", "surrogatepass"), other.encode("utf-16-be", "surrogatepass"))
        return holds(_number(one), _number(other))

    return compare


def _primitive(value: Value) -> Value:
    return to_text(value) if isinstance(value, (list, dict)) else value


def _number(value: Value) -> float:
    return math.nan if value is MISSING else to_number(value)


def _contains(left: Value, right: Value) -> bool:
    if isinstance(left, list):
        return any(same(item, right) for item in left)
    return isinstance(left, str) and to_text(right) in left


_RELATIONS: dict[type[Expression], Callable[[Value, Value], bool]] = {
    logical.LtExpression: _relation(lambda one, other: one < other),
    logical.GtExpression: _relation(lambda one, other: one > other),
    logical.LeExpression: _relation(lambda one, other: one <= other),
    logical.GeExpression: _relation(lambda one, other: one >= other),
}


class _Comparison(Expression):
    """A comparison with JavaScript's rules in the place of python-liquid's own."""

    def __init__(self, kind: type[Expression], token: Token, left: Expression, right: Expression) -> None:
        super().__init__(token)
        self.kind, self.left, self.right = kind, left, right

    def evaluate(self, context: RenderContext) -> bool:
        special = (Nil, Empty, Blank)
        left, right = self.left.evaluate(context), self.right.evaluate(context)
        if self.kind is logical.ContainsExpression:
            return _contains(value_of(left), value_of(right))
        equals = self.kind in (logical.EqExpression, logical.NeExpression)
        if isinstance(self.left, special) or isinstance(self.right, special):
            if not equals:
                return False
            literal, other = (self.left, right) if isinstance(self.left, special) else (self.right, left)
            holds = _is_special(literal, other)
        elif equals:
            holds = same(value_of(left), value_of(right))
        else:
            return _RELATIONS[self.kind](value_of(left), value_of(right))
        return holds if self.kind is logical.EqExpression else not holds

    def children(self) -> list[Expression]:
        return [self.left, self.right]


def _is_special(literal: Expression, other: object) -> bool:
    """Return what `== nil`, `== empty` and `== blank` ask."""
    if isinstance(literal, Nil):
        return other is None or isinstance(other, Undefined)
    if isinstance(literal, Blank):
        if other is False or other is None or isinstance(other, Undefined):
            return True
        if isinstance(other, str) and not other.strip():
            return True
    return isinstance(other, (str, list, dict)) and not other


def _compared(expression: Any) -> Expression:
    if isinstance(expression, (logical.LogicalAndExpression, logical.LogicalOrExpression)):
        expression.left, expression.right = _compared(expression.left), _compared(expression.right)
    elif isinstance(expression, logical.LogicalNotExpression):
        inner: Any = _compared(expression.right)
        if isinstance(inner, (logical.LogicalAndExpression, logical.LogicalOrExpression)):
            # there, `not` binds closer than `and` and `or`
            expression.right, inner.left = inner.left, expression
            return inner
        expression.right = inner
    elif type(expression) in (
        *_RELATIONS,
        logical.EqExpression,
        logical.NeExpression,
        logical.ContainsExpression,
    ):
        kind = cast("type[Expression]", type(expression))
        return _Comparison(kind, expression.token, expression.left, expression.right)
    return expression


_BACKSLASH = re.compile(r"\\(?:u([0-9a-fA-F]{0,4})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(match: re.Match[str]) -> str:
    if match[3] is not None:
        return _CONTROLS.get(match[3], match[3])
    return chr(int(match[2], 8) if match[2] else int(match[1] or "0", 16))


def adapt(nodes: Iterable[Node], context: RenderContext) -> None:
    """Put our comparisons and LiquidJS's backslashes into a parsed template."""
    for node in nodes:
        for expression in node.expressions():
            _adapt_one(expression)
        adapt(node.children(context), context)


def _adapt_one(expression: Expression) -> None:
    if isinstance(expression, BooleanExpression):
        expression.expression = _compared(expression.expression)
    if isinstance(expression, FilteredExpression):
        expression.left = _compared(expression.left)
    if isinstance(expression, StringLiteral):
        expression.value = _BACKSLASH.sub(_unescaped, expression.value)
    for inner in expression.children():
        _adapt_one(inner)
