"""Asks a running engine for what a test expects, and says how it came out."""

from __future__ import annotations

from typing import cast

import msgspec

from ..api.client import Client
from ..api.matches import Matches, Unmet
from ..messages import JsonObject
from ..serve.notes import find_engine
from . import reasons


class Expected(msgspec.Struct, frozen=True):
    """An expectation: at least `count` messages match a filter within so many seconds, or exactly so many."""

    filter: str
    count: int = 1
    exact: bool = False
    within: float = 10.0


class Outcome(msgspec.Struct, frozen=True):
    """What was there when the wait ended, and whether that was as expected."""

    expected: Expected
    matches: Matches
    met: bool

    @property
    def reason(self) -> str:
        """One sentence on why."""
        expected = self.expected
        return reasons.reason(self.matches, expected.filter, count=expected.count, exact=expected.exact)

    def near_lines(self) -> list[str]:
        """Return a line for each message that almost matches."""
        return reasons.near_lines(self.matches.near)

    def value(self) -> JsonObject:
        """Return `met`, `reason`, and the engine's answer, as JSON."""
        answer = cast(JsonObject, msgspec.to_builtins(self.matches))
        return {"met": self.met, "reason": self.reason, **answer}


async def expect_messages(expected: Expected, url: str = "", token: str = "") -> Outcome:
    """Wait for what is expected at an engine of this machine; with `token`, its test token, at any other.

    Raises EngineError if there is none, FilterFault.
    """
    if not token:
        url, token = find_engine(url)
    async with Client(url, token) as client:
        try:
            matches = await client.expect(
                expected.filter, count=expected.count, exact=expected.exact, within=expected.within
            )
        except Unmet as unmet:
            return Outcome(expected, unmet.matches, False)
    return Outcome(expected, matches, True)
