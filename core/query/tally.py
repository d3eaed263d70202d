"""What a search notes on its way, to explain an answer without messages."""

from __future__ import annotations

from collections.abc import Collection

from ..messages import Json
from ..text import counted, shown
from .faults import fault
from .terms import Comparison, Search, spelled
from .values import type_of

MOST_LATE = 20
"""Messages on which a regular expression may run into its limit before the search is given up."""
_WORDS = {"=": "", ">": "above ", ">=": "of at least ", "<": "below ", "<=": "of at most "}


class Tally:
    """Values of another type than a comparison asks for, and expressions that took too long.

    One for each search. It counts a message once for each comparison that looked at it.
    """

    def __init__(self) -> None:
        self._others: dict[Comparison, tuple[int, Json]] = {}
        self._late: dict[Search, int] = {}
        self.decided: tuple[int, Collection[int] | None] = -1, None
        """The number of the request that was looked at last, and which of its messages may match: a search
        that comes back to a request of many messages does not count them again.
        """

    def other(self, term: Comparison, value: Json) -> None:
        """Note a value that would match if it had the type asked for."""
        count, first = self._others.get(term, (0, value))
        self._others[term] = count + 1, first

    def late(self, term: Search) -> None:
        """Note a message on which an expression took too long. Raises FilterFault at the twentieth."""
        self._late[term] = self._late.get(term, 0) + 1
        if self._late[term] >= MOST_LATE:
            written = str(term)
            words = "this regular expression takes too long to be searched for; write a simpler one"
            raise fault(written, 0, len(written), words)

    @property
    def undecided(self) -> bool:
        """True if an expression took too long on a message, which counts as not matching."""
        return bool(self._late)

    def notes(self) -> list[str]:
        """Return sentences on why comparisons found nothing, and on messages that were left out."""
        found = [_other_words(term, *noted) for term, noted in self._others.items()]
        for term, count in self._late.items():
            found.append(f"{term} took too long on {counted(count, 'message')}, which count as not matching.")
        return found


def _other_words(term: Comparison, count: int, example: Json) -> str:
    """Return `properties.price: no number 250; 14 messages hold the text "250".`"""
    holds = f"{counted(count, 'message')} {'holds' if count == 1 else 'hold'}"
    asked = f"no {type_of(term.value)} {_WORDS[term.operator]}{_quoted(term.value)}"
    if term.operator == "=":
        return f"{term.path}: {asked}; {holds} the {type_of(example)} {_quoted(example)}."
    such = f"such as the {type_of(example)} {_quoted(example)}"
    return f"{term.path}: {asked}; {holds} another type there, {such}."


def _quoted(value: Json) -> str:
    return spelled(value) if isinstance(value, bool | int | float) else shown(value)
