"""The placeholders of a scenario: what stands for ids, times and tokens, and what each becomes. Pure.

`{id:1}` is a messageId, `{anonymous:1}` an anonymousId, `{uuid:1}` any other UUID, numbered by their first
appearance. `{+1200ms}` is a time 1.2 seconds after the beginning, written as ISO 8601; `{+1200ms as ms}`
and `{+1200ms as s}` are the same as a number, since the epoch. `{token}` is the project token, `{token:1}`
that of another project, and `{write_key}` a write key. A text that looks like a placeholder has one more
brace in front: `{{id:1}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias, cast

import msgspec

from ..messages import Json
from ..sources.segment.times import iso, read_time

Kind: TypeAlias = Literal["id", "anonymous", "uuid", "token"]
Unit: TypeAlias = Literal["", "ms", "s"]

BEGINNING = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the beginning of every scenario when it is compared."""
OWN_TOKEN = "5e97a970000000000000000000000000"
"""The project token when a scenario is compared: the settings' own may be missing where tests run."""
API_SECRET = "5e97a95e000000000000000000000000"
"""The API secret then, for the same reason."""
WRITE_KEY = "segtap-scenario"
"""What stands for a write key."""

PLACEHOLDER = re.compile(
    r"\{(\{*)(?:(id|anonymous|uuid|token):([1-9]\d{0,11})|(token|write_key)|([+-]\d{1,14})ms(?: as (ms|s))?)"
    r"\}",
    re.ASCII,
)
"""A placeholder; its first group holds the braces that make it plain text."""
MOST_MS = 100 * 365 * 24 * 3600 * 1000
"""A message comes at most so long after the beginning."""
_DAY = 24 * 3600 * 1000
_MOST_SECONDS = 100_000_000_000
"""A number above this is in milliseconds since the epoch, others in seconds."""
_ISO_LENGTH = len("2026-01-01T00:00:00.000Z")
_CODES: dict[Kind, str] = {"id": "1d", "anonymous": "a0", "uuid": "99"}
_KINDS: dict[str, Kind] = {code: kind for kind, code in _CODES.items()}
_STAND_IN = re.compile(r"5e97a9(1d|a0|99)-0000-4000-8000-([0-9a-f]{12})|5e97a970([0-9a-f]{24})", re.ASCII)


class Stand(msgspec.Struct, frozen=True):
    """What placeholders stand for: `ids` gives the text of a kind and number, 0 for the own token."""

    beginning: int
    ids: Callable[[Kind, int], str]


def fixed_id(kind: Kind, number: int) -> str:
    """Return the id that a placeholder stands for when a scenario is compared: always the same."""
    if kind == "token":
        return f"5e97a970{number:024x}"
    return f"5e97a9{_CODES[kind]}-0000-4000-8000-{number:012x}"


FIXED = Stand(BEGINNING, fixed_id)
"""What placeholders stand for when a scenario is compared."""


def placeholder(kind: Kind, number: int) -> str:
    """Return the placeholder of an id; number 0 is the project's own token."""
    return f"{{{kind}:{number}}}" if number else f"{{{kind}}}"


def time_placeholder(offset: int, unit: Unit = "") -> str:
    """Return the placeholder of a time so many milliseconds after the beginning."""
    return f"{{{offset:+d}ms as {unit}}}" if unit else f"{{{offset:+d}ms}}"


def escaped(text: str) -> str:
    """Return the text with one more brace in front of what looks like a placeholder."""
    return PLACEHOLDER.sub(r"{\g<0>", text) if "{" in text else text


def mapped(value: Json, text: Callable[[str], Json], number: Callable[[float], Json] | None = None) -> Json:
    """Return a copy of a value with every text, and every number, replaced; keys stay."""
    # Loops, not comprehensions: those take a level of Python's stack each, and a message may be deep.
    match value:
        case str():
            return text(value)
        case dict():
            members: dict[str, Json] = {}
            for key, item in value.items():
                members[key] = mapped(item, text, number)
            return members
        case list():
            items: list[Json] = []
            for item in value:
                items.append(mapped(item, text, number))
            return items
        case bool() | None:
            return value
        case _:
            return value if number is None else number(value)


class Resolved:
    """Puts ids and times in the place of placeholders, and remembers the times."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self.offsets: set[int] = set()
        """Every time so far, in milliseconds after the beginning."""

    def value(self, value: Json) -> Json:
        """Return a value without placeholders."""
        return mapped(value, self._text)

    def _text(self, text: str) -> Json:
        if "{" not in text:
            return text
        found = PLACEHOLDER.fullmatch(text)
        if found is not None and found[6] and not found[1]:
            at = self._time(found)
            return at if found[6] == "ms" else (at // 1000 if at % 1000 == 0 else at / 1000)
        return PLACEHOLDER.sub(self._part, text)

    def _part(self, found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        if found[2]:
            return self._stand.ids(cast(Kind, found[2]), int(found[3]))
        if found[4]:
            return WRITE_KEY if found[4] == "write_key" else self._stand.ids("token", 0)
        at = self._time(found)
        return iso(at) if not found[6] else str(at if found[6] == "ms" else at / 1000)

    def _time(self, found: re.Match[str]) -> int:
        offset = int(found[5])
        self.offsets.add(offset)
        return self._stand.beginning + offset


class Relative:
    """Puts placeholders back into the requests of a message whose placeholders were resolved by `FIXED`.

    Times are those of the message, `offsets`, and others within a day of when it came, `at_ms`.
    """

    def __init__(self, offsets: set[int], at_ms: int) -> None:
        self._offsets = offsets
        self._at = at_ms

    def value(self, value: Json) -> Json:
        """Return a value with placeholders."""
        return mapped(value, self._text, self._number)

    def _text(self, text: str) -> str:
        if len(text) == _ISO_LENGTH and text[-1] == "Z" and (time := read_time(text)) is not None:
            offset = time - BEGINNING
            if self._is_time(offset) and iso(time) == text:
                return time_placeholder(offset)
        text = escaped(text)
        return _STAND_IN.sub(_placeholder, text) if "5e97a9" in text else text

    def _number(self, number: float) -> Json:
        if number > _MOST_SECONDS:
            offset, unit = number - BEGINNING, "ms"
        else:
            offset, unit = number * 1000 - BEGINNING, "s"
        whole = round(offset) if abs(offset) < MOST_MS else MOST_MS
        return time_placeholder(whole, unit) if whole == offset and self._is_time(whole) else number

    def _is_time(self, offset: int) -> bool:
        return offset in self._offsets or abs(offset - self._at) <= _DAY


def _placeholder(found: re.Match[str]) -> str:
    if found[1]:
        return placeholder(_KINDS[found[1]], int(found[2], 16))
    return placeholder("token", int(found[3], 16))
