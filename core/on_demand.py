"""Answers on demand: what an endpoint is to answer in place of its usual answer, in the words of `--answer`.

`429 retry-after=2 x5` is a status with a header, five times; without `x5` it is the answer until it is turned
off. `delay=2s` waits before the answer, `reset` resets the connection, `lost` accepts the request and closes
the connection without an answer. `key=` and `path=` limit it to a write key (or project token) and to a path.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence

import msgspec

from .errors import InputError
from .text import clean, shorten

EXAMPLE = '"429 retry-after=2 x5", "503 delay=2s", "reset", "lost x1"'
_STATUS = re.compile(r"[1-9]\d\d")
_TIMES = re.compile(r"x(\d{1,9})")
_DELAY = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|)")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0}
LONGEST_DELAY = 600.0
"""Seconds."""
MOST = 20
"""Answers that can be in force together."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """An answer on demand. What is not given stays as it would be.

    `status` is an HTTP status of 400 or above, `retry_after` the seconds of its header. `times` is how often
    it is given; 0: until it is turned off.
    """

    status: int = 0
    retry_after: int | None = None
    delay: float = 0.0
    reset: bool = False
    lost: bool = False
    key: str = ""
    path: str = ""
    times: int = 0

    @property
    def words(self) -> str:
        """The answer alone, such as `429 retry-after=2`."""
        parts = [str(self.status)] if self.status else []
        parts += [f"retry-after={self.retry_after}"] if self.retry_after is not None else []
        parts += ["reset"] if self.reset else []
        parts += ["lost"] if self.lost else []
        parts += [f"delay={self.delay:g}s"] if self.delay else []
        return " ".join(parts)

    def __str__(self) -> str:
        """Return it as `--answer` reads it, without its times."""
        where = [
            f"{name}={shlex.quote(value)}"
            for name, value in (("key", self.key), ("path", self.path))
            if value
        ]
        return " ".join([*where, self.words])


def read_demand(text: str) -> Demand:
    """Read an answer on demand. Raises InputError."""
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise _fault(text, f"{error}".rstrip(".").lower()) from None
    if not parts:
        raise _fault(text, "it is empty")
    found: dict[str, object] = {}
    for part in parts:
        name, value = _part(text, part)
        if name in found:
            raise _fault(text, f"{name.replace('_', '-')} is given twice")
        found[name] = value
    kinds = [name for name in ("status", "reset", "lost") if name in found]
    if len(kinds) > 1:
        raise _fault(text, f"{kinds[0]} and {kinds[1]} do not go together")
    if not kinds and "delay" not in found:
        raise _fault(text, "it has neither a status, nor delay=, reset or lost")
    if "retry_after" in found and "status" not in found:
        raise _fault(text, "retry-after needs a status, such as 429")
    return msgspec.convert(found, Demand)


def _part(text: str, part: str) -> tuple[str, object]:
    """Return the field that a word gives, and its value. Raises InputError."""
    if _STATUS.fullmatch(part):
        if not 400 <= int(part) <= 599:
            raise _fault(text, f"{part} is not a status from 400 to 599")
        return "status", int(part)
    if times := _TIMES.fullmatch(part):
        if not int(times[1]):
            raise _fault(text, "x0 is never given")
        return "times", int(times[1])
    if part in ("reset", "lost"):
        return part, True
    name, given, value = part.partition("=")
    if given and value:
        if name in ("key", "path"):
            return name, value
        if name == "retry-after" and value.isascii() and value.isdecimal() and len(value) < 7:
            return "retry_after", int(value)
        if name == "delay" and (delay := _DELAY.fullmatch(value)):
            seconds = float(delay[1]) * _UNITS[delay[2]]
            if 0 < seconds <= LONGEST_DELAY:
                return "delay", seconds
            raise _fault(text, f"a delay is up to {LONGEST_DELAY:g}s")
    raise _fault(text, f"{shorten(clean(part), 40)!r} is not known")


def _fault(text: str, why: str) -> InputError:
    return InputError(f"The answer {shorten(clean(text), 60)!r} cannot be read: {why}. Examples: {EXAMPLE}.")


class Demands:
    """Answers on demand in the order in which they are looked at, and how many of each are left.

    `changed` is called after each change. Raises InputError for a text that cannot be read.
    """

    def __init__(self, texts: Sequence[str] = (), changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._left: list[tuple[Demand, int]] = []
        self._put(texts)

    @property
    def any(self) -> bool:
        """True while an answer is on demand."""
        return bool(self._left)

    @property
    def shown(self) -> tuple[str, ...]:
        """Each answer, with how many are left, for people."""
        return tuple(
            f"{demand}, {left:,} of {demand.times:,} left" if demand.times else f"{demand}, until turned off"
            for demand, left in self._left
        )

    def use(self, texts: Sequence[str]) -> None:
        """Put these in force in place of those before; none of them turns all off. Raises InputError."""
        self._put(texts)
        self._changed()

    def _put(self, texts: Sequence[str]) -> None:
        if len(texts) > MOST:
            raise InputError(f"At most {MOST} answers can be on demand together, not {len(texts)}.")
        self._left = [(one, one.times) for one in map(read_demand, texts)]

    def take(self, key: Callable[[], str], path: str) -> Demand | None:
        """Return the answer that a request gets, one less of which is left then; None for the usual one.

        `key` returns the request's write key or token.
        """
        for at, (demand, left) in enumerate(self._left):
            if demand.path and demand.path != path:
                continue
            if demand.key and demand.key != key():
                continue
            if demand.times:
                self._left[at : at + 1] = [(demand, left - 1)] if left > 1 else []
                self._changed()
            return demand
        return None
