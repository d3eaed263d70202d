"""Base64 and the text in it, as SDKs send them and people paste them: the one decoder of both."""

from __future__ import annotations

import base64
import binascii

CESU_8 = "CESU-8"
"""An encoding in which a character beyond U+FFFF is written as two halves."""


_AROUND = b"\r\n\t ="
_STANDARD = bytes.maketrans(b" -_", b"++/")


def unbase64(data: bytes) -> bytes:
    """Decode base64 in either alphabet, padded or not, also in lines.

    A space is read as the `+` that a form turned into one. Raises ValueError for anything else.
    """
    text = data.strip(_AROUND).translate(_STANDARD, b"\r\n")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def text_of(data: bytes) -> tuple[str | None, str]:
    """Return bytes as text, and the name of the encoding if it is not plain UTF-8; None for no text.

    Of CESU-8 the text holds the halves of surrogate pairs: the reader of its JSON joins them.
    """
    try:
        return data.decode(), ""
    except UnicodeDecodeError:
        pass
    try:
        halves = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        # JSON that a page put through btoa() is Latin-1. Anything else that is not UTF-8 is not text.
        return (data.decode("latin-1"), "Latin-1") if data.lstrip()[:1] in (b"{", b"[") else (None, "")
    return halves, CESU_8
