"""Reads Terraform's language (HCL) as far as exported workspaces need it: blocks, and their expressions.

What is not understood is refused with its line.
"""

from __future__ import annotations

import re

from ..errors import InputError
from .hcl import FUNCTIONS, Block, Evaluation, Expression, HclValue, Unknown

INSTEAD = "Export what Terraform makes of it instead: terraform show -json > workspace.json"


def read_hcl(text: str, name: str) -> list[Block]:
    """The top-level blocks of a file; `name` is the file's, for faults. Raises InputError naming the line."""
    reader = _Reader(text, name)
    blocks, attributes = reader.body(top=True)
    if attributes:
        raise InputError(f"{name} has {next(iter(attributes))} outside of a block: that is no Terraform.")
    return blocks


_SPACE = re.compile(r"(?:[ \t\r]|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_SPACE_AND_LINES = re.compile(r"(?:\s|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w-]*")
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)[ \t]*\r?\n")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_CONSTANTS: dict[str, HclValue] = {"true": True, "false": False, "null": None}


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text.removeprefix("\ufeff")
        self._name = name
        self._at = 0

    def _fault(self, words: str) -> InputError:
        line = self._text.count("\n", 0, self._at) + 1
        return InputError(f"{self._name}, line {line}: {words}. {INSTEAD}")

    def _skip(self, *, lines: bool) -> None:
        found = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
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
        """One expression; operators and conditions are not understood."""
        self._skip(lines=True)
        character = self._text[self._at : self._at + 1]
        if character == '"':
            self._at += 1
            made = self._template('"')
        elif (heredoc := _HEREDOC.match(self._text, self._at)) is not None:
            made = self._heredoc(heredoc)
        elif character == "[":
            made = self._list()
        elif character == "{":
            made = self._object()
        elif character == "(":
            self._at += 1
            made = self.expression()
            self._need(")")
        elif character == "-" or character.isdecimal():
            made = self._number()
        else:
            made = self._named()
        self._skip(lines=False)
        if self._text[self._at : self._at + 1] in tuple("?+-*/%=!<>&|"):
            raise self._fault(f"{self._text[self._at]} is not understood")
        return made

    def _number(self) -> Expression:
        negative = self._take("-")
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._fault(f"a number is missing before {self._next()}")
        self._at = found.end()
        number = float(found[0]) if found[1] or found[2] else int(found[0])
        return _constant(-number if negative else number)

    def _list(self) -> Expression:
        self._need("[")
        items: list[Expression] = []
        while not self._take("]"):
            items.append(self.expression())
            if not self._take(","):
                self._need("]")
                break
        return lambda scope: [item(scope) for item in items]

    def _object(self) -> Expression:
        self._need("{")
        items: list[tuple[Expression, Expression]] = []
        while not self._take("}"):
            self._skip(lines=True)
            name = _NAME.match(self._text, self._at)
            if name is not None:
                self._at = name.end()
                key = _constant(name[0])
            else:
                key = self.expression_key()
            if not self._take("="):
                self._need(":")
            items.append((key, self.expression()))
            self._take(",")
        return lambda scope: {_key(key(scope)): value(scope) for key, value in items}

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
            return _constant(_CONSTANTS[name])
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
            raise self._fault(f"the function {name}() is not understood")
        arguments: list[Expression] = []
        while not self._take(")"):
            arguments.append(self.expression())
            if not self._take(","):
                self._need(")")
                break
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
            raise self._fault("%{ in a text is not understood")
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
        start = opening.end()
        closing = re.compile(rf"^[ \t]*{re.escape(opening[2])}[ \t]*\r?$", re.MULTILINE).search(
            self._text, start
        )
        if closing is None:
            raise self._fault(f"the closing {opening[2]} is missing")
        text = self._text[start : closing.start()]
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


def _constant(value: HclValue) -> Expression:
    return lambda scope: value


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
