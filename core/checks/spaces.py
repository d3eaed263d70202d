"""Signs that nobody sees in a name or an id, and that make another one of it."""

from __future__ import annotations

import re

_SPACES = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What Unicode counts as a space, and the ones without width."""
# Joiners and the marks of writing from right to left belong into words of many languages.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]")


def stripped(text: str) -> str:
    """Return the text without the spaces at its ends."""
    return text.strip(_SPACES)


def without_controls(text: str) -> str:
    """Return the text without control characters, line ends and invisible signs inside it."""
    return _CONTROL.sub("", text)


def is_plain(text: str) -> bool:
    """Return True when a quick look shows that there is nothing of that kind. Most texts are plain."""
    return text.isprintable() and text[:1] != " " and text[-1:] != " "


def which_end(text: str) -> str:
    """Return where the spaces are, as text: `a space at its start`, `spaces at both ends`."""
    left = len(text) - len(text.lstrip(_SPACES))
    right = len(text) - len(text.rstrip(_SPACES))
    if left and right:
        return "spaces at both ends"
    return f"{'a space' if left + right == 1 else 'spaces'} at its {'start' if left else 'end'}"
