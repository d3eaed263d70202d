"""What a filter that cannot be read becomes when its suggestion is accepted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ... import core
from ...core.errors import FilterFault

_BEFORE = re.compile(r"[^\s()]*\Z")
_AFTER = re.compile(r"[^\s()]*")


def mended(fault: FilterFault) -> str:
    """Return the filter with the suggestion in place of what is wrong, "" if it is not readable there.

    Further on it may still have faults, which have suggestions of their own.
    """
    if not fault.suggestion:
        return ""
    for begin, end, words in _places(fault):
        made = fault.filter[:begin] + words + fault.filter[end:]
        try:
            core.parse_filter(made)
        except FilterFault as next_one:
            after = begin + len(words)
            if next_one.start < after or not made[after : after + 1].isspace():
                continue
        return made
    return ""


def _places(fault: FilterFault) -> Iterator[tuple[int, int, str]]:
    """Give the parts that the suggestion may be for, each with the words for it.

    A suggestion is mostly a whole term, while the fault may be a part of one.
    """
    text, words = fault.filter, fault.suggestion
    found = _BEFORE.search(text[: fault.start])
    start = fault.start - (len(found[0]) if found else 0)
    found = _AFTER.match(text[fault.end :])
    end = fault.end + (len(found[0]) if found else 0)
    if "," in text[start : fault.start] + text[fault.end : end]:
        yield fault.start, fault.end, words.partition(":")[2]  # one of several values
    before, after = text[:start].split()[-1:], text[end:].split()[:1]
    if before and words.startswith(before[0]):
        start = text.rindex(before[0], 0, start)
    if after and len(words) > len(after[0]) and words.endswith(after[0]):
        end = text.index(after[0], end) + len(after[0])
    if text[start : start + 1] in ("-", "!"):
        yield start + 1, end, words
    yield start, end, words
    yield start, fault.end, words
    yield fault.start, end, words
    yield fault.start, fault.end, words
