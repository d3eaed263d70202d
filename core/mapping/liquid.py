"""The @liquid directive: Liquid templates, parsed by python-liquid and worked out as LiquidJS does it.

Segment runs LiquidJS, which departs from Shopify's Liquid in its values (JavaScript's), its filters and its
comparisons; those are ours (`liquid_filters`, `liquid_dates`), the grammar is python-liquid's. Templates that
one of them cannot read are refused on both sides, in other words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import cache
from io import StringIO
from typing import Any, TextIO, cast

import liquid
from liquid import RenderContext, Token, TokenStream
from liquid.ast import Node
from liquid.builtin import content
from liquid.builtin.expressions import BooleanExpression, Nil, logical
from liquid.builtin.expressions.primitive import Blank, Empty, StringLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    comment_tag,
    cycle_tag,
    decrement_tag,
    echo_tag,
    for_tag,
    if_tag,
    increment_tag,
    inline_comment_tag,
    liquid_tag,
    unless_tag,
)
from liquid.exceptions import LiquidError, LiquidInterrupt, LiquidSyntaxError
from liquid.expression import Expression
from liquid.tag import Tag
from liquid.token import TOKEN_EOF, TOKEN_ILLEGAL, TOKEN_TAG
from liquid.undefined import Undefined

from .javascript import MISSING, Value, is_number, to_number, to_text
from .liquid_dates import date_filters
from .liquid_filters import FILTERS
from .liquid_values import DISABLED_FILTERS, DISABLED_TAGS, Filter, FilterFault, read_property, same, text_of

MAX_TEMPLATE = 1000
"""Segment takes no longer template (UTF-16 units)."""

MAX_MEMORY = 10_000_000
"""Characters and items that one template may make; LiquidJS stops at ten times as many."""

Template = Callable[[Value], str]
"""Renders a payload. Raises LiquidFault."""


class LiquidFault(Exception):
    """A template that cannot be read or worked out; the text is LiquidJS's where it has one."""


class _ParseFault(LiquidSyntaxError):
    def __init__(self, words: str, token: Token) -> None:
        super().__init__(words, token=token)
        self.words = words


def compile_template(source: str) -> Template:
    """The template, ready to render. Raises LiquidFault where it cannot be read."""
    try:
        template = _environment().from_string(source)
    except _ParseFault as fault:
        raise LiquidFault(fault.words) from None
    except LiquidError as fault:
        raise LiquidFault(
            f"The Liquid template cannot be read: {fault.args[0] if fault.args else fault}"
        ) from None
    context = _Context(template)
    _adapt(template.nodes, context)

    def render(payload: Value) -> str:
        context = _Context(template, globals=dict(payload) if isinstance(payload, dict) else {})
        buffer = StringIO()
        try:
            for node in template.nodes:
                node.render(context, buffer)
        except LiquidInterrupt:
            pass  # {% break %} outside of a loop ends the template
        return buffer.getvalue()

    return render


def _place(token: Token) -> str:
    """Where a tag or output begins, as LiquidJS adds it to its words."""
    source, at = token.source, token.start_index
    if not source.startswith("{{", at):
        at = max(source.rfind("{%", 0, at), 0)
    before = source[:at]
    return f", line:{before.count(chr(10)) + 1}, col:{at - before.rfind(chr(10))}"


# Values


_NOTHING = Undefined("nothing")


def _value(given: object) -> Value:
    """A value as filters take it."""
    if isinstance(given, Undefined):
        return MISSING
    if isinstance(given, (Empty, Blank)):
        return ""
    if isinstance(given, range):
        if len(given) > MAX_MEMORY:
            raise FilterFault("memory alloc limit exceeded")
        return list(given)
    return cast(Value, given)


class _Context(RenderContext):
    """Reads variables as LiquidJS does, and knows its filters only."""

    used = 0

    def get(self, path: list[object], *, token: Token | None, default: object = _NOTHING) -> object:
        root = to_text(_value(path[0]))
        value: Value = self.locals.get(root, self.globals.get(root, MISSING))  # pyright: ignore
        for key in path[1:]:
            value = read_property(_value(value), _value(key))
        return _NOTHING if value is MISSING else value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        if name in DISABLED_FILTERS:
            raise FilterFault(f'filter "{name}" is disabled')
        work = _filters().get(name)
        return self._counted(work) if work else _passed_on

    def _counted(self, work: Filter) -> Callable[..., object]:
        def call(*values: object, **named: object) -> object:
            known = {key: _value(value) for key, value in named.items() if key == "allow_false"}
            made = work(*map(_value, values), **known)
            if isinstance(made, (str, list)):
                self.used += len(made)
                if self.used > MAX_MEMORY:
                    raise FilterFault("memory alloc limit exceeded")
            return _NOTHING if made is MISSING else made

        return call

    def increment(self, name: str) -> int:
        return self._count(name, 1)

    def decrement(self, name: str) -> int:
        return self._count(name, -1)

    def _count(self, name: str, step: int) -> int:
        counters = cast("dict[str, Any]", self.globals)
        found = counters.get(name)
        number = cast(int, found) if is_number(found) else 0
        counters[name] = number + step
        return number if step > 0 else number + step


@cache
def _filters() -> dict[str, Filter]:
    return FILTERS | date_filters()


def _passed_on(value: object, *_: object, **__: object) -> object:
    """A filter that LiquidJS does not know."""
    return value


# Comparisons


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
            return _contains(_value(left), _value(right))
        equals = self.kind in (logical.EqExpression, logical.NeExpression)
        if isinstance(self.left, special) or isinstance(self.right, special):
            if not equals:
                return False
            literal, other = (self.left, right) if isinstance(self.left, special) else (self.right, left)
            holds = _is_special(literal, other)
        elif equals:
            holds = same(_value(left), _value(right))
        else:
            return _RELATIONS[self.kind](_value(left), _value(right))
        return holds if self.kind is logical.EqExpression else not holds

    def children(self) -> list[Expression]:
        return [self.left, self.right]


def _is_special(literal: Expression, other: object) -> bool:
    """`== nil`, `== empty` and `== blank`."""
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
        expression.right = _compared(expression.right)
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


def _adapt(nodes: Iterable[Node], context: RenderContext) -> None:
    """Put our comparisons and LiquidJS's backslashes into a parsed template."""
    for node in nodes:
        for expression in node.expressions():
            _adapt_expression(expression)
        _adapt(node.children(context), context)


def _adapt_expression(expression: Expression) -> None:
    if isinstance(expression, BooleanExpression):
        expression.expression = _compared(expression.expression)
    if isinstance(expression, StringLiteral):
        expression.value = _BACKSLASH.sub(_unescaped, expression.value)
    for inner in expression.children():
        _adapt_expression(inner)


# Tags


def _written(expression: Expression, context: RenderContext, token: Token) -> Value:
    """The value of an output or assignment; what goes wrong in it is told with its place."""
    try:
        return _value(expression.evaluate(context))
    except FilterFault as fault:
        raise LiquidFault(f"{fault}{_place(token)}") from None


class _OutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(text_of(_written(self.expression, context, self.token)))


class _Output(Output):
    node_class = _OutputNode


class _Echo(echo_tag.EchoTag):
    node_class = cast("type[echo_tag.EchoNode]", _OutputNode)


class _AssignNode(assign_tag.AssignNode):
    def render_to_output(self, context: RenderContext, _: TextIO) -> int:
        context.assign(self.name, _written(self.expression, context, self.token))
        return 0


class _Assign(assign_tag.AssignTag):
    node_class = _AssignNode


class _CycleNode(cycle_tag.CycleNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        group = "" if self.group is None else to_text(_value(self.group.evaluate(context)))
        index = context.cycle((group, tuple(map(str, self.args))), len(self.args))
        return buffer.write(text_of(_value(self.args[index].evaluate(context))))


class _Cycle(cycle_tag.CycleTag):
    node_class = _CycleNode


class _Unknown(Tag):
    """A tag that there is not, or that Segment has turned off."""

    name = TOKEN_ILLEGAL
    block = False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.current
        fault = "is disabled" if token.value in DISABLED_TAGS else "not found"
        raise _ParseFault(f'tag "{token.value}" {fault}{_place(token)}', token)


def _closed(tag: type[Tag]) -> type[Tag]:
    """The tag, with LiquidJS's words where its end is missing."""

    class Closed(tag):
        def parse(self, stream: TokenStream) -> Node:
            token = stream.current
            try:
                return super().parse(stream)
            except _ParseFault:
                raise
            except LiquidSyntaxError:
                if stream.current.kind != TOKEN_EOF or token.kind != TOKEN_TAG:
                    raise
                begin = token.source.rfind("{%", 0, token.start_index)
                written = token.source[begin : token.source.find("%}", begin) + 2]
                raise _ParseFault(f"tag {written} not closed{_place(token)}", token) from None

    return Closed


_TAGS: tuple[type[Tag], ...] = (
    content.Literal,
    _Output,
    _Unknown,
    _Echo,
    _Assign,
    _Cycle,
    *map(_closed, (if_tag.IfTag, unless_tag.UnlessTag, capture_tag.CaptureTag, comment_tag.CommentTag)),
    for_tag.BreakTag,
    for_tag.ContinueTag,
    increment_tag.IncrementTag,
    decrement_tag.DecrementTag,
    liquid_tag.LiquidTag,
    inline_comment_tag.InlineCommentTag,
)


class _Environment(liquid.Environment):
    suppress_blank_control_flow_blocks = False
    logical_not_operator = True
    block_nesting_limit = 200

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in _TAGS:
            self.add_tag(tag)


@cache
def _environment() -> liquid.Environment:
    return _Environment(strict_filters=False)
