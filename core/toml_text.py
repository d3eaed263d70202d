"""Writes values as TOML: what the standard library reads but does not write. Pure."""

from __future__ import annotations

import re

from .messages import Json, JsonObject
from .text import HARMFUL_WITHIN_LINES

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_CONTROL = re.compile(r'["\\\x00-\x1f\x7f]')


def fits_toml(value: Json) -> bool:
    """Return whether TOML has a way to write the value: it has no null, and no lone surrogate in a text."""
    if isinstance(value, dict):
        return all(fits_toml(key) and fits_toml(item) for key, item in value.items())
    if isinstance(value, list):
        return all(fits_toml(item) for item in value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return value - value == 0
    return value is not None


def toml_key(name: str) -> str:
    """Return a key, in quotes where it needs them: `"@path"`."""
    return name if _BARE_KEY.match(name) else _basic(name)


def toml_value(value: Json) -> str:
    """Return a value on one line. Objects become inline tables; what `fits_toml` refuses raises
    ValueError.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = repr(value)
        return text if "." in text or "e" not in text else text.replace("e", ".0e")
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        return _inline(value)
    raise ValueError("TOML has no null")


def _inline(value: JsonObject) -> str:
    if not value:
        return "{}"
    return f"{{ {', '.join(f'{toml_key(key)} = {toml_value(item)}' for key, item in value.items())} }}"


def _text(value: str) -> str:
    """Return a literal text where that spares escapes, as in `'type = "track"'`."""
    plain = not re.search(r"[\x00-\x1f]", value) and not HARMFUL_WITHIN_LINES.search(value)
    if ('"' in value or "\\" in value) and "'" not in value and plain:
        return f"'{value}'"
    return _basic(value)


def _basic(value: str) -> str:
    return f'"{HARMFUL_WITHIN_LINES.sub(_escape, _CONTROL.sub(_escape, value))}"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}"
