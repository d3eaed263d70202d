"""Reads Terraform's language (HCL) as far as exported workspaces need it: blocks, and their expressions.

An expression that segtap cannot evaluate (an operator, a condition, a `for`, another function) becomes
`Unknown` with its line and the reason, which matter only if its value is needed. Text that is not Terraform
is refused.
"""

from __future__ import annotations

import re

from ..errors import InputError
from .hcl import FUNCTIONS, VARIADIC, Block, Evaluation, Expression, HclValue, Unknown, constant
from .hcl_scanner import NAME, NotUnderstood, Scanner
from .hcl_skip import HEREDOC, Unclosed, end_of_expression, end_of_heredoc


def read_hcl(text: str, name: str) -> list[Block]:
    """Return the top-level blocks of a file called `name`. Raises InputError naming the line."""
    reader = _Reader(text, name)
    blocks, attributes = reader.body(top=True)
    if attributes:
        raise InputError(f"{name} has {next(iter(attributes))} outside of a block: that is not Terraform.")
    return blocks


def read_values(text: str, name: str) -> dict[str, Expression]:
    """Return the values that a .tfvars file gives to variables. Raises InputError naming the line."""
    blocks, attributes = _Reader(text, name).body(top=True)
    if blocks:
        raise InputError(f"{name} has a block ({blocks[0].type}): a .tfvars file has values only.")
    return attributes


_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_CONSTANTS: dict[str, HclValue] = {"true": True, "false": False, "null": None}


_OPERATORS = tuple("?+-*/%=!<>&|[.")
"""What may follow a value on its line, and cannot be evaluated."""
_FOR = re.compile(r"for(?![\w-])")


class _Reader(Scanner):
    """Reads blocks and expressions. Its methods are one recursive parser."""

    def body(self, *, top: bool = False) -> tuple[list[Block], dict[str, Expression]]:
        """Read blocks and attributes up to the closing brace, or to the end of the file at the top."""
        blocks: list[Block] = []
        attributes: dict[str, Expression] = {}
        while True:
            self.skip(lines=True)
            if self.at >= len(self.text):
                if top:
                    return blocks, attributes
                raise self.fault("} is missing at the end")
            if not top and self.take("}"):
                return blocks, attributes
            name = self.name_of()
            if self.take("=", lines=False):
                attributes[name] = self.expression()
            else:
                blocks.append(self._block(name))

    def _block(self, name: str) -> Block:
        labels: list[str] = []
        while not self.take("{", lines=False):
            if self.text.startswith('"', self.at):
                self.at += 1
                labels.append(self._text_until_quote())
            else:
                labels.append(self.name_of())
        blocks, attributes = self.body()
        return Block(name, tuple(labels), attributes, blocks)

    def _text_until_quote(self) -> str:
        end = self.text.find('"', self.at)
        if end < 0:
            raise self.fault('the closing " is missing')
        label, self.at = self.text[self.at : end], end + 1
        return label

    def expression(self) -> Expression:
        """Read one expression; what cannot be evaluated becomes `Unknown`."""
        self.skip(lines=True)
        start = self.at
        try:
            return self._understood()
        except NotUnderstood as why:
            try:
                self.at = end_of_expression(self.text, start)
            except Unclosed as missing:
                raise self.fault(f"the closing {missing} is missing") from None
            return constant(Unknown(str(why)))

    def _understood(self) -> Expression:
        character = self.text[self.at : self.at + 1]
        if character == '"':
            self.at += 1
            made = self._template('"')
        elif (heredoc := HEREDOC.match(self.text, self.at)) is not None:
            made = self._heredoc(heredoc)
        elif character == "[":
            made = self._list()
        elif character == "{":
            made = self._object()
        elif character == "(":
            self.at += 1
            made = self.expression()
            if not self.take(")"):
                raise self.beyond(f"{self.next()} is not understood")
        elif character == "!":
            raise self.beyond("! is not understood")
        elif character == "-" or character.isdecimal():
            made = self._number()
        else:
            made = self._named()
        self.skip(lines=False)
        if self.text[self.at : self.at + 1] in _OPERATORS:
            raise self.beyond(f"{self.text[self.at]} is not understood")
        return made

    def _number(self) -> Expression:
        negative = self.take("-")
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            raise self.fault(f"a number is missing before {self.next()}")
        self.at = found.end()
        number = float(found[0]) if found[1] or found[2] else int(found[0])
        return constant(-number if negative else number)

    def _list(self) -> Expression:
        self.need("[")
        self._refuse_for()
        items: list[Expression] = []
        while not self.take("]"):
            items.append(self.expression())
            if not self.take(","):
                self.need("]")
                break
        return lambda scope: [item(scope) for item in items]

    def _refuse_for(self) -> None:
        self.skip(lines=True)
        if _FOR.match(self.text, self.at) is not None:
            raise self.beyond("for is not understood")

    def _object(self) -> Expression:
        self.need("{")
        self._refuse_for()
        items: list[tuple[Expression, Expression]] = []
        while not self.take("}"):
            self.skip(lines=True)
            name = NAME.match(self.text, self.at)
            if name is not None:
                self.at = name.end()
                key = constant(name[0])
            else:
                key = self.expression_key()
            if not self.take("="):
                self.need(":")
            items.append((key, self.expression()))
            self.take(",")

        def make(scope: Evaluation) -> HclValue:
            keys = [key(scope) for key, _ in items]
            unknown = next((key for key in keys if isinstance(key, Unknown)), None)
            if unknown is not None:
                return unknown
            return {_key(key): value(scope) for key, (_, value) in zip(keys, items, strict=True)}

        return make

    def expression_key(self) -> Expression:
        """Read a quoted key, or one in brackets."""
        if self.take("("):
            key = self.expression()
            self.need(")")
            return key
        self.need('"')
        return self._template('"')

    def _named(self) -> Expression:
        name = self.name_of()
        if name in _CONSTANTS:
            return constant(_CONSTANTS[name])
        if self.take("(", lines=False):
            return self._call(name)
        path = [name]
        while True:
            if self.text.startswith(".", self.at):
                self.at += 1
                found = re.compile(r"[\w-]+|\*").match(self.text, self.at)
                if found is None:
                    raise self.fault("a name is missing after the dot")
                self.at = found.end()
                path.append(found[0])
            elif (
                index := re.compile(r'\[\s*(?:"([^"]*)"|(\d+))\s*\]').match(self.text, self.at)
            ) is not None:
                self.at = index.end()
                path.append(index[1] if index[1] is not None else index[2])
            else:
                return lambda scope: scope.reference(tuple(path))

    def _call(self, name: str) -> Expression:
        if name not in FUNCTIONS:
            raise self.beyond(f"the function {name}() is not understood")
        arguments: list[Expression] = []
        while not self.take(")"):
            arguments.append(self.expression())
            if not self.take(","):
                self.need(")")
                break
        if name != VARIADIC and len(arguments) != 1:
            raise self.fault(f"the function {name}() has one argument, not {len(arguments)}")
        function = FUNCTIONS[name]
        return lambda scope: function(*(argument(scope) for argument in arguments))

    def _template(self, end: str) -> Expression:
        """Read a string up to its closing quote; expressions in ${…} are evaluated."""
        pieces: list[str | Expression] = [""]
        while True:
            character = self.text[self.at : self.at + 1]
            if character in ("", "\n"):
                raise self.fault('the closing " is missing')
            if character == end:
                self.at += 1
                return _joined(pieces)
            if character == "\\":
                self._add(pieces, self._escape())
            else:
                self._piece(pieces)

    def _piece(self, pieces: list[str | Expression]) -> None:
        """Read the next character of a string, or the expression or sign that it begins."""
        for sign, meant in (("$${", "${"), ("%%{", "%{")):
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                self._add(pieces, meant)
                return
        if self.text.startswith("%{", self.at):
            raise self.beyond("%{ in a text is not understood")
        if self.text.startswith("${", self.at):
            self.at += 2
            self.take("~")
            pieces.append(self.expression())
            self.take("~")
            self.need("}")
            pieces.append("")
            return
        self._add(pieces, self.text[self.at])
        self.at += 1

    def _add(self, pieces: list[str | Expression], text: str) -> None:
        last = pieces[-1]
        pieces[-1] = last + text if isinstance(last, str) else text

    def _escape(self) -> str:
        sign = self.text[self.at + 1 : self.at + 2]
        if sign in _ESCAPES:
            self.at += 2
            return _ESCAPES[sign]
        digits = {"u": 4, "U": 8}.get(sign, 0)
        code = self.text[self.at + 2 : self.at + 2 + digits]
        if not digits or not re.fullmatch(r"[0-9a-fA-F]+", code) or int(code, 16) > 0x10FFFF:
            raise self.fault(f"\\{sign} in a text is not understood")
        self.at += 2 + digits
        return chr(int(code, 16))

    def _heredoc(self, opening: re.Match[str]) -> Expression:
        try:
            closing = end_of_heredoc(self.text, opening)
        except Unclosed as missing:
            raise self.fault(f"the closing {missing} is missing") from None
        text = self.text[opening.end() : closing.start()]
        if opening[1]:
            lines = text.splitlines(keepends=True)
            least = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
            text = "".join(line[least:] if line.strip() else line for line in lines)
        inner = _Reader(text, self.name)
        pieces: list[str | Expression] = [""]
        while inner.at < len(text):
            inner._piece(pieces)
        self.at = closing.end()
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
