"""Makes a test that leaves out many messages at once, by the bytes of their searched texts.

It may let too much through, never too little: whatever it says False of holds no message that matches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .searched import BETWEEN
from .terms import Comparison, Every, Node, Some, Word, spelled
from .wildcards import fold

StretchTest = Callable[[bytes], bool]
"""Says of texts that stand one after the other, in UTF-8, whether one of them may be that of a match."""


def stretch_test(node: Node | None) -> StretchTest | None:
    """Return the test of a filter; None if its matches need no text in particular."""
    match node:
        case Word(text):
            return _holding([part for part in text.folded().parts if BETWEEN not in part])
        case Comparison():
            return _holding([as_searched(node)])
        case Every(parts):
            return _every([test for part in parts if (test := stretch_test(part)) is not None])
        case Some(parts):
            tests = [stretch_test(part) for part in parts]
            return _some([test for test in tests if test is not None]) if all(tests) else None
        case _:
            return None


def as_searched(term: Comparison) -> str:
    """Return a text that stands in the searched text of every message that matches; "" for none."""
    if term.operator != "=" or term.path.root in ("mp", "timestamp"):
        return ""
    value = term.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        return ""  # written with an exponent, or without
    text = fold(spelled(value))
    return "" if BETWEEN in text or text == "-0" else text


def _holding(parts: Sequence[str]) -> StretchTest | None:
    wanted = [part.encode() for part in parts if part]
    if not wanted:
        return None
    if len(wanted) == 1:
        (one,) = wanted
        return lambda data: one in data
    return lambda data: all(part in data for part in wanted)


def _every(tests: Sequence[StretchTest]) -> StretchTest | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda data: all(test(data) for test in tests)


def _some(tests: Sequence[StretchTest]) -> StretchTest | None:
    return (lambda data: any(test(data) for test in tests)) if tests else None
