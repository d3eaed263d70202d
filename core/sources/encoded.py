"""Base64 and the text in it, as SDKs send them and people paste them: the one decoder of both."""

from __future__ import annotations

import base64
import binascii

from .decode import BOM

LATIN_1 = "Latin-1"
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

    Of CESU-8 the text holds the halves of surrogate pairs, and of JSON with damaged characters what
    `surrogateescape` makes of them: the reader of the JSON joins and replaces them.
    """
    try:
        return data.decode(), ""
    except UnicodeDecodeError:
        pass
    try:
        halves = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        mark = BOM if data.startswith(BOM) else b""
        bare = data[len(mark) :]
        if bare.lstrip()[:1] not in (b"{", b"["):
            return None, ""
        # JSON that a page put through btoa() is Latin-1. Beside real UTF-8 it is a damaged character.
        if bare.decode("utf-8", "ignore").isascii():
            return mark.decode() + bare.decode("latin-1"), LATIN_1
        return data.decode("utf-8", "surrogateescape"), ""
    return halves, CESU_8
