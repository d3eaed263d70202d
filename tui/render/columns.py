"""Fits a text into a column: padded, or cut, and of a width that every terminal agrees on."""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, set_cell_size

_PICTURE = "[\u203c-\u3299\U0001f000-\U0001faff]"
_ADDED = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_UNSURE = re.compile(
    "[\U0001f1e6-\U0001f1ff]{1,2}"  # a flag, written as two regional letters
    f"|{_PICTURE}(?:{_ADDED}|\u200d{_PICTURE})+"
    "|[\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]"  # joins or changes what stands before it
)
_REGIONAL = 0x1F1E6


def sure(text: str) -> str:
    """Replace clusters that terminals draw in different widths by one sign whose width they agree on.

    A family joined of several emoji becomes its first, an emoji with a skin tone or a variation selector the
    plain one, and a flag its two letters. Letters and their separate accents are joined where Unicode can.
    """
    if text.isascii():
        return text
    return _UNSURE.sub(_sign, unicodedata.normalize("NFC", text))


def _sign(cluster: re.Match[str]) -> str:
    first = cluster[0][0]
    if (len(cluster[0]) == 1 and not first.isprintable()) or first in "\ufe0e\ufe0f\u20e3":
        return ""
    if 0 <= ord(first) - _REGIONAL < 26:
        return "".join(chr(ord("A") + ord(letter) - _REGIONAL) for letter in cluster[0])
    return first


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Return the text in exactly `width` cells: padded, or cut with an ellipsis.

    Wide characters count as two. See `sure` for what happens to clusters whose width depends on the terminal.
    """
    if width <= 0:
        return ""
    if len(text) > width * 16:
        text = text[: width * 16]  # a megabyte-long name must not be measured whole
    text = sure(text)
    if len(text) > width * 4:
        text = text[: width * 4]
        if cell_len(text) <= width:
            return set_cell_size(text, width)
    length = cell_len(text)
    if length == width:
        return text
    if length < width:
        return text + " " * (width - length)
    if width == 1:
        return ellipsis
    return set_cell_size(text, width - 1) + ellipsis
