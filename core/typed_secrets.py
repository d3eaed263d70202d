"""Secrets on the command line: values of variables that the shell put in place of a name, or pasted ones."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from .masks import NAME_OF_SECRET, SHORTEST_SECRET

_HASH = re.compile(r"[0-9a-fA-F]{32}")
_SOLID = re.compile(r"[A-Za-z0-9]{16,}")
_WORD = re.compile(r"[^\s\"'=:,()@?&#]+")
_PATH = re.compile(r"(?:/|~|\.{1,2}/|[A-Za-z]:\\)")
_LETTERS = 4
"""Letters of a secret at least. A time such as 20261130T181142Z has fewer."""
_SPREAD = 4
"""Lower case, upper case and digits change more often than once in so many signs; in words they do not."""


def has_form_of_secret(text: str) -> bool:
    """Return True for a text with a long run of letters and digits in disorder: a key, a token, a hash.

    Words, times and UUIDs have no such run.
    """
    return _HASH.search(text) is not None or any(_in_disorder(found[0]) for found in _SOLID.finditer(text))


def _in_disorder(run: str) -> bool:
    kinds = ["0" if sign.isdigit() else "A" if sign.isupper() else "a" for sign in run]
    pairs = [one + other for one, other in itertools.pairwise(kinds) if one != other]
    around_digits = sum("0" in pair for pair in pairs)
    return around_digits > 1 and len(run) - kinds.count("0") >= _LETTERS and len(pairs) * _SPREAD >= len(run)


def secrets_typed(arguments: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of the arguments may be a secret: the value of a variable whose name says so, and words
    with the form of a secret that are no paths.
    """
    values = {
        value
        for name, value in environ.items()
        if NAME_OF_SECRET.search(name) and len(value) >= SHORTEST_SECRET and not _PATH.match(value)
    }
    parts = {part for value in values for part in (value, value.rpartition(":")[2])}
    found: list[str] = []
    for argument in arguments:
        found += (part for part in parts if len(part) >= SHORTEST_SECRET and part in argument)
        found += (
            word[0]
            for word in _WORD.finditer(argument)
            if not _PATH.match(word[0]) and has_form_of_secret(word[0])
        )
    return tuple(dict.fromkeys(found))
