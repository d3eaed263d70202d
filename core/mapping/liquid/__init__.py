"""The @liquid directive: Liquid templates, parsed by python-liquid and worked out as LiquidJS does it.

Segment runs LiquidJS, which departs from Shopify's Liquid in its values (JavaScript's), its filters and its
comparisons; those are ours (`filters`, `dates`), the grammar is python-liquid's. Templates that
one of them cannot read are refused on both sides, in other words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import StringIO
from typing import Any, TextIO, cast

import liquid
from liquid import RenderContext, Token, TokenStream
from liquid.ast import Node
from liquid.builtin import content
from liquid.builtin.expressions import (
    FilteredExpression,
    logical,
    parse_identifier,
    tokenize,
)
from liquid.builtin.expressions.filtered import Filter as AppliedFilter
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
from liquid.token import (
    TOKEN_ASSIGN,
    TOKEN_EOF,
    TOKEN_EXPRESSION,
    TOKEN_ILLEGAL,
    TOKEN_OUTPUT,
    TOKEN_PIPE,
    TOKEN_TAG,
)
from liquid.undefined import Undefined

from ..javascript import MISSING, Value, format_number, is_number, to_text
from .compare import adapt, value_of
from .dates import date_filters
from .filters import FILTERS
from .values import DISABLED_FILTERS, DISABLED_TAGS, MAX_MEMORY, Filter, FilterFault, read_property, text_of

MAX_TEMPLATE = 1000
"""Segment takes no longer template (UTF-16 units)."""

Template = Callable[[Value], str]
"""Renders a payload. Raises LiquidFault."""


class LiquidFault(Exception):
    """A template that cannot be read or worked out; the text is LiquidJS's where it has one."""


class _ParseFault(LiquidSyntaxError):
    def __init__(self, words: str, token: Token) -> None:
        super().__init__(words, token=token)
        self.words = words


def compile_template(source: str) -> Template:
    """Return the template, ready to render. Raises LiquidFault where it cannot be read."""
    try:
        template = _environment().from_string(source)
    except _ParseFault as fault:
        raise LiquidFault(fault.words) from None
    except LiquidError as fault:
        raise LiquidFault(f"The Liquid template cannot be read: {_words(fault)}") from None
    context = _Context(template)
    adapt(template.nodes, context)

    def render(payload: Value) -> str:
        context = _Context(template, globals=dict(payload) if isinstance(payload, dict) else {})
        buffer = StringIO()
        try:
            for node in template.nodes:
                node.render(context, buffer)
        except LiquidInterrupt:
            pass  # {% break %} outside of a loop ends the template
        except FilterFault as fault:
            raise LiquidFault(str(fault)) from None
        except OverflowError:
            raise LiquidFault("memory alloc limit exceeded") from None  # a range without end
        except LiquidError as fault:
            raise LiquidFault(f"The Liquid template cannot be worked out: {_words(fault)}") from None
        return buffer.getvalue()

    return render


def _words(fault: LiquidError) -> str:
    return str(fault.args[0]) if fault.args else str(fault)


def _place(token: Token) -> str:
    """Return where a tag or output begins, as LiquidJS adds it to its words."""
    source, at = token.source, token.start_index
    if not source.startswith("{{", at):
        at = max(source.rfind("{%", 0, at), 0)
    before = source[:at]
    return f", line:{before.count(chr(10)) + 1}, col:{at - before.rfind(chr(10))}"


# Values


_NOTHING = Undefined("nothing")


class _Context(RenderContext):
    """Reads variables as LiquidJS does, and knows its filters only."""

    used = 0

    def get(self, path: list[object], *, token: Token | None, default: object = _NOTHING) -> object:
        root = to_text(value_of(path[0]))
        value: Value = self.locals.get(root, self.globals.get(root, MISSING))  # pyright: ignore
        for key in path[1:]:
            value = read_property(value_of(value), value_of(key))
        return _NOTHING if value is MISSING else value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        if name in DISABLED_FILTERS:
            raise FilterFault(f'filter "{name}" is disabled')
        work = _filters().get(name)
        return self._counted(work) if work else _passed_on

    def _counted(self, work: Filter) -> Callable[..., object]:
        def call(*values: object, **named: object) -> object:
            known = {key: value_of(value) for key, value in named.items() if key == "allow_false"}
            made = work(*map(value_of, values), **known)
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
        # the tag writes it with str()
        return cast(int, format_number(number if step > 0 else number + step))


@cache
def _filters() -> dict[str, Filter]:
    return FILTERS | date_filters()


def _passed_on(value: object, *_: object, **__: object) -> object:
    """Return a filter that LiquidJS does not know."""
    return value


# Tags


def _written(expression: Expression, context: RenderContext, token: Token) -> Value:
    """Return the value of an output or assignment; a fault in it is reported with its place."""
    try:
        return value_of(expression.evaluate(context))
    except FilterFault as fault:
        raise LiquidFault(f"{fault}{_place(token)}") from None


class _OutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(text_of(_written(self.expression, context, self.token)))


def _filtered(env: liquid.Environment, tokens: TokenStream) -> FilteredExpression:
    """Return a value with its filters; there, comparisons may stand in it too."""
    left = logical.parse_boolean_primitive(env, tokens)
    filters = AppliedFilter.parse(env, tokens, delim=(TOKEN_PIPE,))
    tokens.eat(TOKEN_EOF)
    return FilteredExpression(left.token, left, filters)


class _Output(Output):
    def parse(self, stream: TokenStream) -> OutputNode:
        token = stream.eat(TOKEN_OUTPUT)
        inside = stream.expect(TOKEN_EXPRESSION)
        return _OutputNode(token, _filtered(self.env, TokenStream(tokenize(inside.value, inside))))


class _Echo(echo_tag.EchoTag):
    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        return _OutputNode(token, _filtered(self.env, stream.into_inner(tag=token, eat=False)))


class _AssignNode(assign_tag.AssignNode):
    def render_to_output(self, context: RenderContext, _: TextIO) -> int:
        context.assign(self.name, _written(self.expression, context, self.token))
        return 0


class _Assign(assign_tag.AssignTag):
    def parse(self, stream: TokenStream) -> assign_tag.AssignNode:
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token, eat=False)
        name = parse_identifier(self.env, tokens, allow_trailing_question_mark=False)
        tokens.eat(TOKEN_ASSIGN)
        return _AssignNode(token, name=name, expression=_filtered(self.env, tokens))


class _CycleNode(cycle_tag.CycleNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        group = "" if self.group is None else to_text(value_of(self.group.evaluate(context)))
        index = context.cycle((group, tuple(map(str, self.args))), len(self.args))
        return buffer.write(text_of(value_of(self.args[index].evaluate(context))))


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
    """Return the tag, with LiquidJS's words where its end is missing."""

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
    shorthand_indexes = True
    block_nesting_limit = 200

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in _TAGS:
            self.add_tag(tag)


@cache
def _environment() -> liquid.Environment:
    return _Environment(strict_filters=False)
