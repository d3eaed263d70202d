"""Text with `*` for any characters, as words and field values are written, and its folding for any case."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

NUL, REPLACEMENT = "\0", "\N{REPLACEMENT CHARACTER}"
ESCAPED = frozenset('*"\\')
"""The characters that a backslash before them makes plain; before any other, it stands for itself."""


class Wildcard(msgspec.Struct, frozen=True):
    """The literal parts of a text, with a star between each two; one part is a text without a star."""

    parts: tuple[str, ...]

    @property
    def literal(self) -> str | None:
        """The text itself; None if it holds a star."""
        return self.parts[0] if len(self.parts) == 1 else None

    @property
    def longest(self) -> str:
        """The longest of the parts."""
        return max(self.parts, key=len)

    def folded(self) -> Wildcard:
        """Return the same without regard to case."""
        return Wildcard(tuple(map(fold, self.parts)))

    def within(self, text: str) -> bool:
        """Return True if the text contains it, anywhere."""
        return _in_order(text, self.parts, 0) >= 0

    def whole(self, text: str) -> bool:
        """Return True if it matches the whole text."""
        if len(self.parts) == 1:
            return text == self.parts[0]
        first, *middle, last = self.parts
        if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
            return False
        at = _in_order(text, middle, len(first))
        return 0 <= at <= len(text) - len(last)

    def __str__(self) -> str:
        return "*".join(map(escaped, self.parts))


def _in_order(text: str, parts: Sequence[str], at: int) -> int:
    """Return the place behind the last of the parts, each found behind the one before it; -1 if one is
    missing.

    Taking the nearest place of each is enough, so that no pattern takes longer than its length times the
    text's.
    """
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return -1
        at = found + len(part)
    return at


def fold(text: str) -> str:
    """Return the text without regard to case, and without what SQLite cannot compare (NUL, lone
    surrogates).
    """
    if text.isascii():
        return text.lower().replace(NUL, REPLACEMENT) if NUL in text else text.lower()
    return encodable(text).casefold().replace(NUL, REPLACEMENT)


def encodable(text: str) -> str:
    """Return the text with U+FFFD in place of lone surrogates, which UTF-8 cannot hold."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # One by one: UTF-8's own replacement for them is a question mark.
        return "".join(REPLACEMENT if "\ud800" <= one <= "\udfff" else one for one in text)
    return text


def escaped(text: str) -> str:
    """Return the text as it stands between quotes."""
    return "".join(f"\\{one}" if one in ESCAPED else one for one in text)
