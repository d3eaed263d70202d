"""Percent-encoding taken off a text, with notes on what was not plainly percent-encoded. Pure.

People paste text that is encoded in part only: a URL that a browser shows half decoded, a value with a `%` of
its own, the Latin-1 that JavaScript's old `escape()` writes. Nothing of it is guessed without a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

_SEQUENCE = re.compile(r"%[0-9A-Fa-f]{2}")
_SEQUENCES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NEVER_RAW = re.compile(r'[{}\[\]"<>\s]')
"""Characters of JSON that every percent-encoder encodes."""
_NAMED = 3


class Plain(NamedTuple):
    """A text without its percent-encoding, and what was odd about that.

    `sure` is False if the text may not have been percent-encoded at all: some of its bytes are not UTF-8.
    """

    text: str
    notes: tuple[str, ...] = ()
    sure: bool = True


def is_percent_encoded(text: str) -> bool:
    """Tell whether there is a sequence such as `%7B` in the text."""
    return _SEQUENCE.search(text) is not None


def unpercent(text: str, *, plus_as_space: bool) -> Plain:
    """Take the percent-encoding off. `plus_as_space`: the text is of a form, which writes spaces so."""
    given = text.replace("+", " ") if plus_as_space else text
    notes: list[str] = []
    sure = True
    try:
        decoded = unquote(given, errors="strict")
    except UnicodeDecodeError:
        try:
            # CESU-8: the halves of surrogate pairs, which the reader of the JSON joins.
            decoded = unquote_to_bytes(given).decode("utf-8", "surrogatepass")
        except UnicodeError:
            decoded, note = _generously(given)
            notes.append(note)
            sure = False
    if stray := len(_STRAY.findall(text)):
        notes.append(f"a % without two hexadecimal digits behind it is left as it stood ({stray:,} of them)")
    if raw := list(dict.fromkeys(_NEVER_RAW.findall(text))):
        named = ", ".join("white space" if letter.isspace() else letter for letter in raw[:_NAMED])
        notes.append(f"only a part of the text is percent-encoded: {named} stood in it as they are")
    return Plain(decoded, tuple(notes), sure)


def _generously(text: str) -> tuple[str, str]:
    """Return the decoded text where some bytes are not UTF-8, and the note on them.

    Beside real UTF-8 such a sequence is the text's own; where all are of this kind, it is Latin-1.
    """
    letters = [letter for run in _SEQUENCES.findall(text) for letter in _letters(run)]
    bad = list(dict.fromkeys(sequence for letter, sequence in letters if not letter))
    own = any(letter > "\x7f" for letter, _ in letters)

    def plain(run: re.Match[str]) -> str:
        return "".join(letter or (one if own else _latin1(one)) for letter, one in _letters(run[0]))

    named = ", ".join(bad[:_NAMED]) + (f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else "")
    note = f"{named} {'is' if len(bad) == 1 else 'are'} not UTF-8: "
    if own:
        note += "left as it stood"
    else:
        note += f"read as Latin-1 ({', '.join(map(_latin1, bad[:_NAMED]))}), unless the % is the text's own"
    return _SEQUENCES.sub(plain, text), note


def _letters(run: str) -> Iterator[tuple[str, str]]:
    """Yield what sequences in a row stand for, each letter with its text; "" for a byte that is not UTF-8."""
    at = 0
    for letter in bytes.fromhex(run.replace("%", "")).decode("utf-8", "surrogateescape"):
        bad = "\udc80" <= letter <= "\udcff"
        length = 3 if bad else 3 * len(letter.encode())
        yield "" if bad else letter, run[at : at + length]
        at += length


def _latin1(sequence: str) -> str:
    return chr(int(sequence[1:], 16))
