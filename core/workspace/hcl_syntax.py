"""Reads Terraform's language (HCL) as far as exported workspaces need it: blocks, and their expressions.

An expression that is not understood (an operator, a condition, a `for`, another function) becomes `Unknown`
with its line and the reason: it matters only where its value is needed. What is not Terraform is refused.
The module is over 350 lines because its functions are one recursive parser and call each other.
"""

from __future__ import annotations

import re

from ..errors import InputError
from .hcl import FUNCTIONS, VARIADIC, Block, Evaluation, Expression, HclValue, Unknown, constant
from .hcl_skip import HEREDOC, SPACE, Unclosed, end_of_expression, end_of_heredoc

INSTEAD = "Export what Terraform makes of it instead: terraform show -json > workspace.json"


def read_hcl(text: str, name: str) -> list[Block]:
    """The top-level blocks of a file; `name` is the file's, for faults. Raises InputError naming the line."""
    reader = _Reader(text, name)
    blocks, attributes = reader.body(top=True)
    if attributes:
        raise InputError(f"{name} has {next(iter(attributes))} outside of a block: that is not Terraform.")
    return blocks


def read_values(text: str, name: str) -> dict[str, Expression]:
    """The values that a .tfvars file gives to variables. Raises InputError naming the line."""
    blocks, attributes = _Reader(text, name).body(top=True)
    if blocks:
        raise InputError(f"{name} has a block ({blocks[0].type}): a .tfvars file has values only.")
    return attributes


_SPACE_AND_LINES = re.compile(r"(?:\s|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_CONSTANTS: dict[str, HclValue] = {"true": True, "false": False, "null": None}


_OPERATORS = tuple("?+-*/%=!<>&|[.")
"""What may follow a value on its line, and is not understood."""
_FOR = re.compile(r"for(?![\w-])")


class _NotUnderstood(InputError):
    """An expression that is Terraform, and that segtap does not understand."""


def _line_at(name: str, text: str, at: int) -> str:
    return f"{name}, line {text.count(chr(10), 0, at) + 1}"


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text.removeprefix("\ufeff")
        self._name = name
        self._at = 0

    def _fault(self, words: str) -> InputError:
        return InputError(f"{_line_at(self._name, self._text, self._at)}: {words}. {INSTEAD}")

    def _beyond(self, words: str) -> _NotUnderstood:
        return _NotUnderstood(f"{_line_at(self._name, self._text, self._at)}: {words}")

    def _skip(self, *, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else SPACE).match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _take(self, sign: str, *, lines: bool = True) -> bool:
        self._skip(lines=lines)
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._fault(f"{sign} is missing before {self._next()}")

    def _next(self) -> str:
        return repr(self._text[self._at : self._at + 12]) if self._at < len(self._text) else "the end"

    def _name_of(self) -> str:
        self._skip(lines=True)
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise self._fault(f"a name is missing before {self._next()}")
        self._at = found.end()
        return found[0]

    def body(self, *, top: bool = False) -> tuple[list[Block], dict[str, Expression]]:
        """Blocks and attributes up to the closing brace, or the end of the file at the top."""
        blocks: list[Block] = []
        attributes: dict[str, Expression] = {}
        while True:
            self._skip(lines=True)
            if self._at >= len(self._text):
                if top:
                    return blocks, attributes
                raise self._fault("} is missing at the end")
            if not top and self._take("}"):
                return blocks, attributes
            name = self._name_of()
            if self._take("=", lines=False):
                attributes[name] = self.expression()
            else:
                blocks.append(self._block(name))

    def _block(self, name: str) -> Block:
        labels: list[str] = []
        while not self._take("{", lines=False):
            if self._text.startswith('"', self._at):
                self._at += 1
                labels.append(self._text_until_quote())
            else:
                labels.append(self._name_of())
        blocks, attributes = self.body()
        return Block(name, tuple(labels), attributes, blocks)

    def _text_until_quote(self) -> str:
        end = self._text.find('"', self._at)
        if end < 0:
            raise self._fault('the closing " is missing')
        label, self._at = self._text[self._at : end], end + 1
        return label

    def expression(self) -> Expression:
        """One expression; `Unknown` for what is not understood of it."""
        self._skip(lines=True)
        start = self._at
        try:
            return self._understood()
        except _NotUnderstood as why:
            try:
                self._at = end_of_expression(self._text, start)
            except Unclosed as missing:
                raise self._fault(f"the closing {missing} is missing") from None
            return constant(Unknown(str(why)))

    def _understood(self) -> Expression:
        character = self._text[self._at : self._at + 1]
        if character == '"':
            self._at += 1
            made = self._template('"')
        elif (heredoc := HEREDOC.match(self._text, self._at)) is not None:
            made = self._heredoc(heredoc)
        elif character == "[":
            made = self._list()
        elif character == "{":
            made = self._object()
        elif character == "(":
            self._at += 1
            made = self.expression()
            if not self._take(")"):
                raise self._beyond(f"{self._next()} is not understood")
        elif character == "!":
            raise self._beyond("! is not understood")
        elif character == "-" or character.isdecimal():
            made = self._number()
        else:
            made = self._named()
        self._skip(lines=False)
        if self._text[self._at : self._at + 1] in _OPERATORS:
            raise self._beyond(f"{self._text[self._at]} is not understood")
        return made

    def _number(self) -> Expression:
        negative = self._take("-")
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._fault(f"a number is missing before {self._next()}")
        self._at = found.end()
        number = float(found[0]) if found[1] or found[2] else int(found[0])
        return constant(-number if negative else number)

    def _list(self) -> Expression:
        self._need("[")
        self._refuse_for()
        items: list[Expression] = []
        while not self._take("]"):
            items.append(self.expression())
            if not self._take(","):
                self._need("]")
                break
        return lambda scope: [item(scope) for item in items]

    def _refuse_for(self) -> None:
        self._skip(lines=True)
        if _FOR.match(self._text, self._at) is not None:
            raise self._beyond("for is not understood")

    def _object(self) -> Expression:
        self._need("{")
        self._refuse_for()
        items: list[tuple[Expression, Expression]] = []
        while not self._take("}"):
            self._skip(lines=True)
            name = _NAME.match(self._text, self._at)
            if name is not None:
                self._at = name.end()
                key = constant(name[0])
            else:
                key = self.expression_key()
            if not self._take("="):
                self._need(":")
            items.append((key, self.expression()))
            self._take(",")

        def make(scope: Evaluation) -> HclValue:
            keys = [key(scope) for key, _ in items]
            unknown = next((key for key in keys if isinstance(key, Unknown)), None)
            if unknown is not None:
                return unknown
            return {_key(key): value(scope) for key, (_, value) in zip(keys, items, strict=True)}

        return make

    def expression_key(self) -> Expression:
        """A quoted key, or one in brackets."""
        if self._take("("):
            key = self.expression()
            self._need(")")
            return key
        self._need('"')
        return self._template('"')

    def _named(self) -> Expression:
        name = self._name_of()
        if name in _CONSTANTS:
            return constant(_CONSTANTS[name])
        if self._take("(", lines=False):
            return self._call(name)
        path = [name]
        while True:
            if self._text.startswith(".", self._at):
                self._at += 1
                found = re.compile(r"[\w-]+|\*").match(self._text, self._at)
                if found is None:
                    raise self._fault("a name is missing after the dot")
                self._at = found.end()
                path.append(found[0])
            elif (
                index := re.compile(r'\[\s*(?:"([^"]*)"|(\d+))\s*\]').match(self._text, self._at)
            ) is not None:
                self._at = index.end()
                path.append(index[1] if index[1] is not None else index[2])
            else:
                return lambda scope: scope.reference(tuple(path))

    def _call(self, name: str) -> Expression:
        if name not in FUNCTIONS:
            raise self._beyond(f"the function {name}() is not understood")
        arguments: list[Expression] = []
        while not self._take(")"):
            arguments.append(self.expression())
            if not self._take(","):
                self._need(")")
                break
        if name != VARIADIC and len(arguments) != 1:
            raise self._fault(f"the function {name}() has one argument, not {len(arguments)}")
        function = FUNCTIONS[name]
        return lambda scope: function(*(argument(scope) for argument in arguments))

    def _template(self, end: str) -> Expression:
        """A text up to its closing quote, with what stands in ${…} evaluated."""
        pieces: list[str | Expression] = [""]
        while True:
            character = self._text[self._at : self._at + 1]
            if character in ("", "\n"):
                raise self._fault('the closing " is missing')
            if character == end:
                self._at += 1
                return _joined(pieces)
            if character == "\\":
                self._add(pieces, self._escape())
            else:
                self._piece(pieces)

    def _piece(self, pieces: list[str | Expression]) -> None:
        """The next character of a template, or what its sign stands for."""
        for sign, meant in (("$${", "${"), ("%%{", "%{")):
            if self._text.startswith(sign, self._at):
                self._at += len(sign)
                self._add(pieces, meant)
                return
        if self._text.startswith("%{", self._at):
            raise self._beyond("%{ in a text is not understood")
        if self._text.startswith("${", self._at):
            self._at += 2
            self._take("~")
            pieces.append(self.expression())
            self._take("~")
            self._need("}")
            pieces.append("")
            return
        self._add(pieces, self._text[self._at])
        self._at += 1

    def _add(self, pieces: list[str | Expression], text: str) -> None:
        last = pieces[-1]
        pieces[-1] = last + text if isinstance(last, str) else text

    def _escape(self) -> str:
        sign = self._text[self._at + 1 : self._at + 2]
        if sign in _ESCAPES:
            self._at += 2
            return _ESCAPES[sign]
        digits = {"u": 4, "U": 8}.get(sign, 0)
        code = self._text[self._at + 2 : self._at + 2 + digits]
        if not digits or not re.fullmatch(r"[0-9a-fA-F]+", code) or int(code, 16) > 0x10FFFF:
            raise self._fault(f"\\{sign} in a text is not understood")
        self._at += 2 + digits
        return chr(int(code, 16))

    def _heredoc(self, opening: re.Match[str]) -> Expression:
        try:
            closing = end_of_heredoc(self._text, opening)
        except Unclosed as missing:
            raise self._fault(f"the closing {missing} is missing") from None
        text = self._text[opening.end() : closing.start()]
        if opening[1]:
            lines = text.splitlines(keepends=True)
            least = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
            text = "".join(line[least:] if line.strip() else line for line in lines)
        inner = _Reader(text, self._name)
        pieces: list[str | Expression] = [""]
        while inner._at < len(text):
            inner._piece(pieces)
        self._at = closing.end()
        return _joined(pieces)


def _key(value: HclValue) -> str:
    return value if isinstance(value, str) else str(value)


def _joined(pieces: list[str | Expression]) -> Expression:
    texts = [piece for piece in pieces if piece != ""]
    if len(texts) == 1 and not isinstance(texts[0], str):
        return texts[0]

    def join(scope: Evaluation) -> HclValue:
        made = ""
        for piece in texts:
            value = piece if isinstance(piece, str) else piece(scope)
            if isinstance(value, Unknown):
                return value
            if isinstance(value, bool) or value is None:
                value = {True: "true", False: "false", None: ""}[value]
            made += value if isinstance(value, str) else str(value)
        return made

    return join
