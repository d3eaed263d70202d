"""Makes the fault for a filter that cannot be read: what is wrong, where, and what may be meant."""

from __future__ import annotations

import unicodedata

from ..errors import FilterFault
from ..text import clean, shorten
from .wildcards import escaped

AROUND = 200
"""Characters before and behind a fault that are shown."""


def fault(filter: str, start: int, end: int, words: str, suggestion: str = "") -> FilterFault:
    """Make the fault of the characters from `start` to `end`.

    `words` says what is wrong with them, without a full stop; `suggestion` is what may stand there instead.
    """
    end = max(start, end)
    words = clean(words)
    hint = f" Try: {clean(suggestion)}" if suggestion else ""
    return FilterFault(
        filter,
        start,
        end,
        sentence=f"{words[:1].upper()}{words[1:]}.{hint}",
        underlined=_underlined(filter, start, end),
        suggestion=suggestion,
    )


def quoted(text: str) -> str:
    """Return the text as a filter that searches for it as it stands."""
    return f'"{escaped(text)}"'


def by_id(id: str) -> str:
    """Return the filter for a messageId, or for the $insert_id of what Mixpanel's own SDK sent.

    Mixpanel knows a record by more than its $insert_id, which the id of the message begins with.
    """
    literal = quoted(id)
    return f'id:{literal} or origin:device id:{literal[:-1]} *"'


def _underlined(filter: str, start: int, end: int) -> str:
    """Return the filter on one line, and below it a line that marks the place."""
    before = clean(filter[max(0, start - AROUND) : start])
    if start > AROUND:
        before = f"…{before}"
    there = clean(shorten(filter[start:end], AROUND))
    after = clean(shorten(filter[end:], AROUND))
    return f"{before}{there}{after}\n{' ' * _cells(before)}{'^' * max(1, _cells(there))}"


def _cells(text: str) -> int:
    """Return the columns that a terminal uses for a text."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )
