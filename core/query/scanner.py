"""Cuts a filter into tokens, each with its place; what the names in it mean is decided by the parser."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..errors import FilterFault
from .faults import fault, quoted
from .wildcards import ESCAPED, Wildcard, encodable

Kind = Literal["(", ")", "-", "and", "or", "not", "term", "end"]
COMPARISONS = ("!=", "<=", ">=", "=", "<", ">", "~")
"""Longer ones first: each is looked for before what it begins with."""
KEYWORDS: dict[str, Kind] = {"and": "and", "or": "or", "not": "not", "AND": "and", "OR": "or", "NOT": "not"}
MOST_CHARACTERS = 10_000


class Text(msgspec.Struct, frozen=True):
    """A word or value. `wildcard` without its escapes, `written` as it stands, `quoted` if in quotes."""

    wildcard: Wildcard
    written: str
    quoted: bool
    start: int
    end: int

    @property
    def plain(self) -> str:
        """The text where a star is a star."""
        return "*".join(self.wildcard.parts)


class Token(msgspec.Struct, frozen=True):
    """One token. A term has its `steps` (what stands before the operator, cut at dots), operator and values.

    A word has the operator "" and itself as its one value. `head_end` is where the steps end; `blank` is true
    if one of them is missing beside a dot.
    """

    kind: Kind
    start: int
    end: int
    operator: str = ""
    steps: tuple[str, ...] = ()
    head_end: int = 0
    values: tuple[Text, ...] = ()
    regex: str = ""
    blank: bool = False


def scan(text: str) -> list[Token]:
    """Return the tokens of a filter, the last of kind `end`. Raises FilterFault."""
    return _Scanner(text).tokens()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = encodable(text)
        self._at: int = 0

    def tokens(self) -> list[Token]:
        text = self._text
        if len(text) > MOST_CHARACTERS:
            words = f"the filter has {len(text):,} characters, and at most {MOST_CHARACTERS:,} are read"
            raise self._fault(MOST_CHARACTERS, len(text), words)
        found: list[Token] = []
        while True:
            while self._here().isspace():
                self._at += 1
            start, here = self._at, self._here()
            if not here:
                return [*found, Token("end", start, start)]
            if here in "()":
                self._at += 1
                found.append(Token("(" if here == "(" else ")", start, self._at))
            elif here == "-":
                self._at += 1
                if not self._here() or self._here().isspace():
                    words = "- has to stand right before a term; to search for it, quote it"
                    raise self._fault(start, self._at, words, quoted("-"))
                found.append(Token("-", start, self._at))
            else:
                found.append(self._quoted_word() if here == '"' else self._term())

    def _here(self, more: int = 0) -> str:
        """Return the character that comes next, or so many behind it; "" at the end."""
        return self._text[self._at + more : self._at + more + 1]

    def _fault(self, start: int, end: int, words: str, suggestion: str = "") -> FilterFault:
        return fault(self._text, start, end, words, suggestion)

    def _ends(self) -> bool:
        """Return True where a term ends: at a space, a parenthesis or the end."""
        here = self._here()
        return not here or here.isspace() or here in "()"

    def _rest_end(self) -> int:
        """Return the end of the characters that follow up to the next space."""
        end = self._at
        while end < len(self._text) and not self._text[end].isspace():
            end += 1
        return end

    # -- words and terms

    def _quoted_word(self) -> Token:
        value = self._quoted()
        self._end_of_quoted(value.start)
        return Token("term", value.start, value.end, values=(value,))

    def _term(self) -> Token:
        """Read a word, or a term with its operator."""
        start, steps = self._at, [""]
        quoted_steps: set[int] = set()
        while not self._ends():
            here = self._here()
            if operator := self._operator():
                return self._operation(start, steps, operator, _blank(steps, quoted_steps))
            if here == ".":
                steps.append("")
            elif here == '"':
                if self._at == start or self._text[self._at - 1] != ".":
                    raise self._stray_quote(start)
                quoted_steps.add(len(steps) - 1)
                steps[-1] = self._quoted().plain
                if not (self._ends() or self._here() in ".?" or self._operator()):
                    raise self._fault(
                        self._at, self._at + 1, "a dot or operator is missing after the quoted key"
                    )
                continue
            elif here == "\\" and self._here(1) in ESCAPED:
                self._at += 1
                steps[-1] += self._here()
            else:
                steps[-1] += here
            self._at += 1
        written = self._text[start : self._at]
        if self._here() == "(" and written not in KEYWORDS:
            raise self._stray_parenthesis(start)
        if written in KEYWORDS:
            return Token(KEYWORDS[written], start, self._at)
        if written.endswith("?") and not written.endswith("\\?") and len(written) > 1:
            if steps[-1].endswith("?"):
                steps[-1] = steps[-1][:-1]
            blank = _blank(steps, quoted_steps)
            return Token("term", start, self._at, "?", tuple(steps), self._at - 1, blank=blank)
        if quoted_steps:
            words = "a path is compared with a value, or asked for with ?"
            raise self._fault(start, self._at, words, f"{written}?")
        value = self._text_of(start, self._at)
        return Token("term", start, self._at, values=(value,), steps=tuple(steps), head_end=self._at)

    def _operator(self) -> str:
        """Return the operator that comes next, else ""."""
        rest = self._text[self._at : self._at + 2]
        if rest[:1] == ":":
            return ":"
        return next((one for one in COMPARISONS if rest.startswith(one)), "")

    def _operation(self, start: int, steps: list[str], operator: str, blank: bool) -> Token:
        head_end = self._at
        self._at += len(operator)
        values: tuple[Text, ...] = ()
        regex = ""
        if operator == "~":
            regex = self._regex(start)
        elif operator == ":":
            values = tuple(self._values(start))
        else:
            values = (self._value(start, operator),)
        return Token("term", start, self._at, operator, tuple(steps), head_end, values, regex, blank)

    # -- values

    def _values(self, start: int) -> list[Text]:
        found = [self._value(start, ":")]
        while self._here() == ",":
            self._at += 1
            found.append(self._value(start, ","))
        return found

    def _value(self, start: int, operator: str) -> Text:
        """Read one value: in quotes, or up to a space or parenthesis (behind a colon, to a comma, too)."""
        listed = operator in ":,"
        here = self._here()
        if here == '"':
            value = self._quoted()
            if not (listed and self._here() == ","):
                self._end_of_quoted(value.start)
            return value
        if operator == "=" and here and here in "=~":
            written = self._text[start : self._at - 1]
            rest = self._text[self._at + 1 : self._rest_end()]
            sign = "=" if here == "=" else "~"
            words = f"the operator is {sign}; a value that begins with {here} is quoted"
            raise self._fault(self._at - 1, self._at + 1, words, f"{written}{sign}{rest}")
        first = self._at
        while not self._ends() and not (listed and self._here() == ","):
            if self._here() == '"':
                raise self._stray_quote(first)
            self._at += 2 if self._here() == "\\" and self._here(1) in ESCAPED else 1
        if self._here() == "(":
            raise self._stray_parenthesis(first)
        if self._at == first:
            head = self._text[start : self._at]
            words = f"a value is missing after {head.rstrip(',')}; no spaces stand around an operator"
            following = self._text[self._at :].split(maxsplit=1)
            wants = listed or self._text[self._at : self._at + 1].isspace()
            suggestion = f"{head}{following[0]}" if wants and following and operator != "," else ""
            if suggestion and head == operator:
                suggestion = f"{''.join(self._text[:start].split()[-1:])}{suggestion}"
            raise self._fault(start, self._at, words, suggestion)
        return self._text_of(first, self._at)

    def _regex(self, start: int) -> str:
        """Read a regular expression: in quotes, or up to a space or a parenthesis that it does not open.

        A backslash before a quote is dropped; every other one is the expression's own.
        """
        first, quote = self._at, self._here() == '"'
        self._at += quote
        made, depth, in_class = "", 0, False
        while (here := self._here()) and (quote or not here.isspace()):
            if here == "\\" and self._here(1):
                made += self._here(1) if self._here(1) == '"' else here + self._here(1)
                self._at += 2
                continue
            if quote and here == '"':
                break
            if not in_class:
                depth += (here == "(") - (here == ")")
                if depth < 0 and not quote:
                    break
            in_class = here == "[" or (in_class and here != "]")
            made += here
            self._at += 1
        if quote:
            if not self._here():
                raise self._unclosed(first)
            self._at += 1
            self._end_of_quoted(first)
        if not made:
            words = "a regular expression is missing after ~"
            raise self._fault(start, self._at, words)
        return made

    def _quoted(self) -> Text:
        """Read what stands in quotes."""
        start = self._at
        self._at += 1
        while (here := self._here()) != '"':
            if not here:
                raise self._unclosed(start)
            self._at += 2 if here == "\\" and self._here(1) in ESCAPED else 1
        self._at += 1
        parts = _split(self._text[start + 1 : self._at - 1])
        return Text(Wildcard(parts), self._text[start : self._at], True, start, self._at)

    def _text_of(self, start: int, end: int) -> Text:
        written = self._text[start:end]
        return Text(Wildcard(_split(written)), written, False, start, end)

    # -- faults

    def _unclosed(self, start: int) -> FilterFault:
        words = 'a quote is not closed; a quote within quotes is written \\"'
        return self._fault(start, len(self._text), words, f'{self._text[start:]}"')

    def _stray_quote(self, start: int) -> FilterFault:
        end = self._rest_end()
        words = "a quote within a word has to be escaped, and the word quoted"
        return self._fault(self._at, self._at + 1, words, quoted(self._text[start:end]))

    def _stray_parenthesis(self, start: int) -> FilterFault:
        end = self._rest_end()
        words = "a parenthesis follows a word without a space; if it belongs to the text, quote that"
        return self._fault(self._at, self._at + 1, words, quoted(self._text[start:end]))

    def _end_of_quoted(self, start: int) -> None:
        """Raise FilterFault unless a term ends here."""
        if not self._ends():
            words = "a space is missing after the quoted text"
            suggestion = f"{self._text[start : self._at]} {self._text[self._at : self._rest_end()]}"
            raise self._fault(self._at, self._at + 1, words, suggestion)


def _blank(steps: list[str], quoted_steps: set[int]) -> bool:
    """Return True if there is nothing, not even quotes, between two dots or behind the last."""
    return any(not step and at not in quoted_steps for at, step in enumerate(steps[1:], start=1))


def _split(written: str) -> tuple[str, ...]:
    """Return the literal parts between the stars of a text as written, their escapes resolved."""
    parts, at = [""], 0
    while at < len(written):
        here = written[at]
        if here == "\\" and written[at + 1 : at + 2] in ESCAPED:
            at += 1
            parts[-1] += written[at]
        elif here == "*":
            parts.append("")
        else:
            parts[-1] += here
        at += 1
    return tuple(parts)
