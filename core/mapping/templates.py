"""The @template directive: `Viewed {{name}}`, compiled to a closure.

Source: mapping-kit/placeholders of Segment's actions-core. Three braces are filled first, then two, so that a
value may bring a placeholder of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .javascript import MISSING, Getter, Value, to_text
from .paths import path_keys, walk

_PLACEHOLDER = re.compile(r"\{\{\{([^}]+)\}\}\}")
_SHORT_PLACEHOLDER = re.compile(r"\{\{([^}]+)\}\}")


def compile_template(template: str) -> Getter:
    """Return `Viewed {{name}}` as a closure; a value that is undefined or null leaves nothing in
    its place.
    """

    def fill(payload: Value) -> Callable[[re.Match[str]], str]:
        def one(match: re.Match[str]) -> str:
            value = walk(payload, path_keys(match[1].strip()))
            return "" if value is MISSING or value is None else to_text(value)

        return one

    if "{{{" in template:

        def both(payload: Value) -> Value:
            replacer = fill(payload)
            return _SHORT_PLACEHOLDER.sub(replacer, _PLACEHOLDER.sub(replacer, template))

        return both

    pieces = _SHORT_PLACEHOLDER.split(template)
    texts = pieces[::2]
    paths = [path_keys(piece.strip()) for piece in pieces[1::2]]

    def resolve(payload: Value) -> Value:
        made = [texts[0]]
        for keys, text in zip(paths, texts[1:], strict=True):
            value = walk(payload, keys)
            if value is not MISSING and value is not None:
                made.append(to_text(value))
            made.append(text)
        return "".join(made)

    return resolve
