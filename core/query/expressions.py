"""Regular expressions in Python's syntax, with a limit on the time that one search may take.

They are compiled by the `regex` package, whose searches have a timeout; what `re` does not know is refused,
so that a filter means the same as in Python.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, cast

SECONDS = 0.1
"""What one message may take."""

_OPENING = re.compile(r"\\.|\{(?![0-9]+(?:,[0-9]*)?\}|,[0-9]+\})", re.DOTALL)
"""A brace that is not a repetition: text in Python, an approximate match in `regex`."""


class Expression(Protocol):
    """A compiled expression."""

    def search(self, string: str, *, concurrent: bool, timeout: float) -> object | None: ...


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Expression:
    """Compile an expression. Raises ValueError that says what is wrong with it."""
    import regex  # few filters have an expression, and the others start faster

    expression = cast(Callable[[str], Expression], regex.compile)  # pyright: ignore[reportUnknownMemberType]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets that a later Python may read otherwise
            re.compile(pattern)
            return expression(_OPENING.sub(lambda found: "\\{" if found[0] == "{" else found[0], pattern))
    except (re.error, regex.error, OverflowError, RecursionError, ValueError, MemoryError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def found(expression: Expression, text: str, seconds: float) -> bool:
    """Return True if the expression is found in the text. Raises TimeoutError if that takes longer."""
    if seconds <= 0:
        raise TimeoutError
    return expression.search(text, concurrent=True, timeout=seconds) is not None
