"""Numbers that are written as text: which texts are one, and which names of properties want one."""

from __future__ import annotations

import re
import string
from functools import lru_cache
from pathlib import Path

import msgspec

MAX_LENGTH = 32
_MAX_DIGITS = 15
"""More digits than a double keeps are an id."""


class _Names(msgspec.Struct, frozen=True):
    """Words that numbers are written with, and the words of names."""

    currency_codes: tuple[str, ...]
    currency_words: tuple[str, ...]
    amounts: tuple[str, ...]
    counted: tuple[str, ...]
    others: tuple[str, ...]


_NAMES = msgspec.json.decode(Path(__file__).with_name("numbers.json").read_bytes(), type=_Names)

_SYMBOLS = "€$£¥₹₽₩₺₪₫₴₦₱฿₡₲₵₸₭₮₼₾¢"
_WRITTEN_CURRENCIES = (*_NAMES.currency_codes, *_NAMES.currency_words)
_LETTERS = frozenset((*string.ascii_uppercase, *(word[0] for word in _WRITTEN_CURRENCIES)))
"""The letters that a currency begins with."""
_CURRENCY = (
    # Looking at one character first spares trying every currency where there is a digit.
    rf"(?=[{_SYMBOLS}{''.join(sorted(_LETTERS))}])(?:[A-Z]{{0,2}}[{_SYMBOLS}]|"
    + "|".join(re.escape(word) for word in sorted(_WRITTEN_CURRENCIES, reverse=True))
    + ")"
)
_DIGITS = (
    r"(?P<plain>(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|\.\d+)"
    r"|(?P<comma>(?:0|[1-9]\d*),\d+)"
    r"|(?P<grouped>[1-9]\d{0,2}(?P<by>[.,'’ \u00a0\u2009\u202f])\d{3}(?:(?P=by)\d{3})*"
    r"(?P<rest>(?!(?P=by))[.,]\d+)?)"
    r"|(?P<lakhs>[1-9]\d?(?:,\d\d)+,\d{3}(?P<paise>\.\d+)?)"
)
_SPACE = r"[ \t\u00a0\u2009\u202f]*"
_WRITTEN = re.compile(
    rf"{_SPACE}(?P<sign>[-+−]?){_SPACE}(?P<before>{_CURRENCY})?{_SPACE}(?P<inner>[-+−]?){_SPACE}(?:{_DIGITS})"
    rf"(?P<dash>[.,][-–—]{{1,2}})?{_SPACE}(?P<after>{_CURRENCY}|%)?{_SPACE}",
    re.ASCII,
)
_FIRST = frozenset("0123456789+-−. \u00a0\u202f\t" + _SYMBOLS)
_DIGIT = frozenset("0123456789")
_BEFORE_CURRENCY = "\u2009"
FIRST = _FIRST | _LETTERS | {_BEFORE_CURRENCY}
"""The characters that a number may begin with; most texts begin with another one."""
_SIGNS = frozenset(_SYMBOLS)
_TWO = frozenset(word for word in _WRITTEN_CURRENCIES if len(word) == 2)
_THREE = frozenset(word[:3] for word in _WRITTEN_CURRENCIES if len(word) > 2)


def may_be_number(text: str) -> bool:
    """Tell quickly that a text is not a number, by how it begins and ends. It must not be empty.

    A text that begins with a currency in letters is read as a number only if it ends with a digit.
    """
    first = text[0]
    if first in _FIRST:
        return len(text) <= MAX_LENGTH
    if first not in FIRST or text[-1] not in _DIGIT or len(text) > MAX_LENGTH:
        return False
    if first == _BEFORE_CURRENCY or text[:3] in _THREE or text[:2] in _TWO:
        return True
    return text[1] in _SIGNS or text[2:3] in _SIGNS


class WrittenNumber(msgspec.Struct, frozen=True):
    """A number as a text holds it.

    `value` is how JSON writes it, "" where a comma or a dot may mean either thousands or a decimal. `plain`
    is True where the text is nothing but digits and a point, as versions and house numbers are, too.
    """

    value: str
    currency: str
    plain: bool


@lru_cache(maxsize=1024)
def written_number(text: str) -> WrittenNumber | None:
    """Return the number that the whole of `text` is; None for other text, leading zeros and more than 15
    digits.
    """
    found = _WRITTEN.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None or (found["sign"] and found["inner"]):
        return None
    if sum(letter.isdecimal() for letter in text) > _MAX_DIGITS:
        return None
    digits, certain, unclear = _digits(found)
    currency = found["before"] or (found["after"] or "").removesuffix("%")
    unclear = unclear or bool(currency and re.fullmatch(r"\d{1,3}\.\d{3}", digits))
    minus = "" if (found["sign"] or found["inner"]) in ("", "+") else "-"
    return WrittenNumber(
        value="" if unclear else minus + digits,
        currency=currency,
        plain=not (certain or currency or found["dash"]),
    )


def _digits(found: re.Match[str]) -> tuple[str, bool, bool]:
    """Return the digits as JSON has them; whether they can be nothing but an amount; whether they may mean
    two.
    """
    if plain := found["plain"]:
        return (f"0{plain}" if plain.startswith(".") else plain), False, False
    if comma := found["comma"]:
        decimals = len(comma.partition(",")[2])
        return comma.replace(",", "."), decimals == 2, decimals == 3
    rest: str = found["rest"] or found["paise"] or ""
    grouped: str = found["grouped"] or found["lakhs"]
    whole = "".join(letter for letter in grouped.removesuffix(rest) if letter.isdecimal())
    unclear = found["by"] in (".", ",") and len(whole) <= 6 and not rest
    return whole + rest.replace(",", "."), bool(rest), unclear


_AMOUNTS = frozenset(_NAMES.amounts)
"""Last words of names that hold an amount."""
_COUNTED = frozenset(_NAMES.counted)
"""First words of names that hold an amount: num_items."""
_OTHERS = frozenset(_NAMES.others)
"""Last words of names that hold something else, though it may be written in digits."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@lru_cache(maxsize=4096)
def wants_number(name: str) -> bool | None:
    """Return whether a property of that name holds an amount: True, False, or None where the name does not
    say.
    """
    if name.startswith(("$", "mp_", "utm_")):
        return False
    words = [word.lower() for word in _WORD.findall(name[:100])]
    if not words:
        return None
    last = words[-1]
    single = last[:-1] if len(last) > 3 and last.endswith("s") and not last.endswith("ss") else last
    if words[0] in ("age", "content", "movie") and last == "rating":
        return False
    if single in _AMOUNTS or last in _AMOUNTS:
        return True
    if single in _OTHERS or last in _OTHERS:
        return False
    return True if len(words) > 1 and words[0] in _COUNTED else None
