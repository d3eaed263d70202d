"""Tokens of a trigger in Segment's query language. Source: fql-ts, whose limits it shares.

Conditions of destination filters, which Segment's servers read, have a reader of their own: `fql_syntax`.

A text must be followed by a space, comma, bracket or the end; a backslash takes the next character
into a name.
"""

from __future__ import annotations

import msgspec

_PUNCTUATION = {
    ".": "dot",
    "[": "brackleft",
    "]": "brackright",
    ",": "comma",
    "(": "parenleft",
    ")": "parenright",
}
_WORDS = {"a": ("and", "conditional"), "o": ("or", "conditional"), "n": ("null", "null")}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_SPACES = frozenset(" \t\n")
_IDENT = _LETTERS | _DIGITS | frozenset("_-\\")
_TERMINATORS = _SPACES | frozenset(",])") | {""}
_AFTER_IDENT = _TERMINATORS | frozenset(".(=!")


class Token(msgspec.Struct, frozen=True):
    """A token of FQL: `type` in fql-ts's words; `value` as written, a text with its quotes."""

    type: str
    value: str


def lex(code: str) -> list[Token]:
    """Return the tokens of `code`, the last one of type eos. Raises ValueError saying what does not fit."""
    return _Lexer(code).tokens()


class _Lexer:
    def __init__(self, code: str) -> None:
        self._code = code
        self._at = 0

    def _next(self) -> str:
        """Return the next character, "" at the end."""
        character = self._code[self._at : self._at + 1]
        self._at += len(character)
        return character

    def _peek(self) -> str:
        return self._code[self._at : self._at + 1]

    def _accept(self, text: str) -> bool:
        """Take `text` if it comes next and ends a word."""
        start = self._at
        taken = ""
        for _ in text:
            character = self._next()
            if character == "":
                return False
            taken += character
            if character in _TERMINATORS:
                break
        if taken == text and self._peek() in _TERMINATORS:
            return True
        self._at = start
        return False

    def tokens(self) -> list[Token]:
        made: list[Token] = []
        while True:
            character = self._next()
            if character == "":
                made.append(Token("eos", "eos"))
                return made
            if character in _SPACES:
                continue
            following = self._peek()
            if character == "!" and following and (following in _LETTERS or following == "("):
                made.append(Token("operator", "!"))
            elif character in _LETTERS or character in "!=><\\_":
                made.append(self._word(character))
            elif character in _DIGITS or character in "-+":
                made.append(self._number(character))
            elif character in "\"'":
                made.append(self._string(character))
            elif character in _PUNCTUATION:
                made.append(Token(_PUNCTUATION[character], character))
            else:
                raise ValueError(f'invalid character "{character}"')

    def _string(self, quote: str) -> Token:
        text = ""
        while self._peek() != quote:
            character = self._next()
            if character == "":
                raise ValueError("unterminated string")
            text += character
        self._accept(quote)
        return Token("string", f"{quote}{text}{quote}")

    def _number(self, first: str) -> Token:
        text = first
        decimal = False
        while (following := self._peek()) and (following in _DIGITS or following == "."):
            text += self._next()
            if following == ".":
                if self._peek() in _TERMINATORS:
                    raise ValueError("unexpected terminator after decimal point")
                if decimal:
                    raise ValueError("multiple decimal points in one number")
                decimal = True
        return Token("number", text)

    def _word(self, first: str) -> Token:
        if first == "=":
            return Token("operator", "=")
        if first == "!":
            if self._accept("="):
                return Token("operator", "!=")
            raise ValueError(f"expected '=' after '!', got '{self._peek()}'")
        if first in _WORDS:
            word, kind = _WORDS[first]
            if self._accept(word[1:]):
                return Token(kind, word)
        if first in "<>":
            return Token("operator", f"{first}=" if self._accept("=") else first)
        return self._ident(first)

    def _ident(self, first: str) -> Token:
        text = ""
        character = first
        while True:
            if character == "\\":
                character = self._next()
                if character == "":
                    raise ValueError("expected character after escape character, got EOS")
            text += character
            following = self._peek()
            if not following or following not in _IDENT:
                break
            character = self._next()
        following = self._peek()
        if following not in _AFTER_IDENT:
            raise ValueError(f"expected termination character after identifier, got {following}")
        return Token("ident", text)
