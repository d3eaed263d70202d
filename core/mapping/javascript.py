"""Values as JavaScript sees them: Segment's engine runs in Node, and what it sends follows from that.

JSON values are Python's own (`None` is null); `MISSING` stands for JavaScript's `undefined`. Numbers are
doubles there: 1.0 is 1, integers past 2**53 lose digits, 1e400 is Infinity and leaves as null.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable
from typing import Final, TypeAlias, cast

from ..messages import Json, JsonObject


class Missing(enum.Enum):
    """The type of `MISSING`."""

    MISSING = "undefined"


MISSING: Final = Missing.MISSING
"""JavaScript's `undefined`: no value, which is not the same as null."""

Value: TypeAlias = "Json | Missing"
Getter: TypeAlias = Callable[["Json | Missing"], "Json | Missing"]
"""A compiled directive: what it makes of a payload."""

SAFE = 2**53
"""Whole numbers up to this are exact in a double."""
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z")
_DECIMAL = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)\Z", re.ASCII
)
_RADIX = re.compile(r"0(?:[xX]([0-9a-fA-F]+)|[oO]([0-7]+)|[bB]([01]+))\Z")
SPACES = (
    "\t\n\v\f\r \xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What JavaScript takes for white space."""


def type_name(value: Value) -> str:
    """Return the type in Segment's words: undefined, null, boolean, number, string, array or object."""
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def is_number(value: Value) -> bool:
    """Return True for a number that is not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def truthy(value: Value) -> bool:
    """Return whether `if (value)` holds: not for undefined, null, false, 0, NaN and ""."""
    if value is MISSING or value is None:
        return False
    if isinstance(value, (list, dict)):
        return True
    if isinstance(value, float):
        return not math.isnan(value) and value != 0.0
    return bool(value)


def as_double(number: int | float) -> float:
    """Return the double that JavaScript would hold."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def format_number(number: int | float) -> str:
    """Return `String(number)`: shortest digits, decimal between 1e-7 and 1e21."""
    if isinstance(number, int) and -SAFE <= number <= SAFE:
        return str(int(number))
    double = as_double(number)
    if double != double:
        return "NaN"
    if math.isinf(double):
        return "Infinity" if double > 0 else "-Infinity"
    if double == 0:
        return "0"
    sign = "-" if double < 0 else ""
    mantissa, _, exponent = repr(abs(double)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if len(digits) <= point <= 21:
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{'+' if power > 0 else '-'}{abs(power)}"


def json_number(number: int | float) -> int | float | None:
    """Return the number as `JSON.stringify` writes it: 1.0 is 1, -0 is 0, what is not finite is null."""
    if isinstance(number, int) and -SAFE <= number <= SAFE:
        return number
    double = as_double(number)
    if not math.isfinite(double):
        return None
    if double.is_integer() and abs(double) < 1e21:
        return int(format_number(double))
    return double


def to_number(value: Json) -> float | int:
    """Return `Number(value)` of a scalar; NaN for one that is not a number."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if not isinstance(value, str):
        return math.nan
    text = value.strip(SPACES)
    if not text:
        return 0
    if _DECIMAL.match(text):
        double = float(text)
        return json_number(double) if double.is_integer() and double != 0 else double  # pyright: ignore[reportReturnType]
    if radix := _RADIX.match(text):
        base = 16 if radix[1] else 8 if radix[2] else 2
        return as_double(int(radix[1] or radix[2] or radix[3], base))
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)


def to_text(value: Value) -> str:
    """Return `String(value)`."""
    if isinstance(value, str):
        return value
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return format_number(value)
    if isinstance(value, list):
        return ",".join("" if item is None or item is MISSING else to_text(item) for item in value)
    return "[object Object]"


def loosely_empty(value: Value) -> bool:
    """Return what `value == ''` is in JavaScript."""
    if isinstance(value, bool):
        return not value
    if is_number(value):
        return value == 0
    if isinstance(value, list):
        return to_text(value) == ""
    return value == ""


def keys_in_order(value: dict[str, Json]) -> list[str]:
    """Return `Object.keys(value)`: array indexes first, ascending, then the rest as they came."""
    keys = list(value)
    if not any(key[:1].isdigit() for key in keys):
        return keys
    indexes = [key for key in keys if _INDEX.match(key) and int(key) < 2**32 - 1]
    if not indexes:
        return keys
    chosen = set(indexes)
    return sorted(indexes, key=int) + [key for key in keys if key not in chosen]


def plain(value: Value) -> Json:
    """Return a value from a message as it leaves in JSON, the same object where nothing changes.

    Numbers become doubles, undefined in a list null; a key `__proto__` is lost, as on the way there.
    """
    kind = value.__class__
    if kind is str or value is None or kind is bool:
        return cast(Json, value)
    if kind is int or kind is float:
        return json_number(cast(float, value))
    if kind is dict:
        return plain_object(cast(JsonObject, value))
    if kind is list:
        items = cast("list[Json]", value)
        copied: list[Json] | None = None
        for index, item in enumerate(items):
            if item.__class__ is str:
                continue
            done = plain(item)
            if done is not item:
                if copied is None:
                    copied = list(items)
                copied[index] = done
        return items if copied is None else copied
    return None


def plain_object(value: JsonObject) -> JsonObject:
    """Return `plain` for an object; keys that are undefined are left out."""
    copied: JsonObject | None = None
    for key, item in value.items():
        kind = item.__class__
        if kind is str or item is None or kind is bool:
            continue
        # Numbers that JSON holds as they are, without a call: most are.
        if kind is int and -SAFE <= cast(int, item) <= SAFE:
            continue
        if kind is float and not cast(float, item).is_integer() and math.isfinite(cast(float, item)):
            continue
        if item is MISSING:
            if copied is None:
                copied = dict(value)
            del copied[key]
            continue
        done = plain(item)
        if done is not item:
            if copied is None:
                copied = dict(value)
            copied[key] = done
    if "__proto__" in value:
        copied = dict(value) if copied is None else copied
        copied.pop("__proto__", None)
    return value if copied is None else copied


def stringify(value: Value) -> str | Missing:
    """Return `JSON.stringify(value)`."""
    if value is MISSING:
        return MISSING
    if isinstance(value, dict):
        parts = [
            f"{quote(key)}:{stringify(value[key])}"
            for key in keys_in_order(value)
            if value[key] is not cast(Json, MISSING)
        ]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(str(stringify(None if item is MISSING else item)) for item in value) + "]"
    if isinstance(value, str):
        return quote(value)
    if is_number(value) and not math.isfinite(as_double(cast(float, value))):
        return "null"
    return to_text(value)


_UNPAIRED = re.compile("[\ud800-\udfff]")


def quote(text: str) -> str:
    """Return a JSON string as JavaScript writes it: only unpaired surrogates and control characters
    escaped.
    """
    quoted = json.dumps(text, ensure_ascii=False)
    if text.isascii():
        return quoted
    return _UNPAIRED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def parse_json(text: str) -> Json:
    """Return `JSON.parse(text)`. Raises ValueError; NaN and Infinity are not JSON there."""

    def refuse(constant: str) -> Json:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(text, parse_int=parse_int, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def parse_int(digits: str) -> int | float:
    """Return an integer in JSON text as JavaScript reads it."""
    if len(digits) < 16:
        return int(digits)
    double = float(digits)
    number = json_number(double)
    return double if number is None else number
