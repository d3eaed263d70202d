"""The @replace directive: literal patterns with JavaScript's replacement signs and case folding."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..messages import Json, JsonObject
from .javascript import truthy
from .validate import MAX_PATTERN, MAX_REPLACEMENT, utf16_length

_SIGNS = re.compile(r"\$([$&`'])")

Change = Callable[[str], str]


def compile_replace(options: JsonObject) -> Change | str:
    """Return the change that the options ask for, or the reason why Segment refuses them when they run."""
    replacement = _or(options.get("replacement"), "")
    ignore_case = _or(options.get("ignorecase"), False)
    everywhere = _or(options.get("global"), True)
    pattern = options.get("pattern")
    if not (
        isinstance(pattern, str)
        and isinstance(replacement, str)
        and isinstance(ignore_case, bool)
        and isinstance(everywhere, bool)
    ):
        return lambda text: ""
    steps = [(pattern, replacement)]
    second = options.get("pattern2")
    second_replacement = _or(options.get("replacement2"), "")
    if truthy(second) and isinstance(second, str) and isinstance(second_replacement, str):
        steps.append((second, second_replacement))
    for one, other in steps:
        if utf16_length(one) > MAX_PATTERN:
            return f'@replace requires a "pattern" less than {MAX_PATTERN} characters'
        if utf16_length(other) > MAX_REPLACEMENT:
            return f'@replace requires a "replacement" less than {MAX_REPLACEMENT} characters'
    changes = [_change(one, other, ignore_case, everywhere) for one, other in steps]

    def change(text: str) -> str:
        for one in changes:
            text = one(text)
        return text

    return change


def _or(value: Json, default: Json) -> Json:
    return default if value is None else value


def _change(pattern: str, replacement: str, ignore_case: bool, everywhere: bool) -> Change:
    fold = _folded if ignore_case else str
    needle = fold(pattern)
    signs = _SIGNS.search(replacement) is not None

    def change(text: str) -> str:
        if not signs and not ignore_case:
            return text.replace(pattern, replacement, -1 if everywhere else 1)
        folded = fold(text)
        made: list[str] = []
        done = 0
        at = folded.find(needle)
        while at >= 0:
            made.append(text[done:at])
            done = at + len(needle)
            made.append(_filled(replacement, text, at, done) if signs else replacement)
            at = folded.find(needle, done) if everywhere else -1
        return "".join(made) + text[done:]

    return change


def _filled(replacement: str, text: str, start: int, end: int) -> str:
    meaning = {"$": "$", "&": text[start:end], "`": text[:start], "'": text[end:]}
    return _SIGNS.sub(lambda sign: meaning[sign[1]], replacement)


def _folded(text: str) -> str:
    """Return case folded as by a regular expression with the flag i: one character to one character."""
    if text.isascii():
        return text.upper()
    return "".join(map(_folded_character, text))


def _folded_character(character: str) -> str:
    upper = character.upper()
    if len(upper) != 1 or character > "\uffff" or (character >= "\x80" and upper < "\x80"):
        return character
    return upper
