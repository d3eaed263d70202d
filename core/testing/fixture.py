"""What the pytest fixture `segtap` is: messages of one test, and what it expects of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from ..api import operations as ops
from ..api.errors import ErrorAnswer, error_from
from ..api.matches import Match, Matches
from ..api.operations import PREFIX, Operation
from ..errors import EngineError, InputError
from ..messages import Json, JsonObject
from . import reasons
from .conditions import Conditions, differences, in_parentheses
from .engine import TestEngine

WRITE_KEY = "segtap-tests"
MOST_LISTED = 20
"""The most messages that a failure lists."""
_ANSWER_SECONDS = 90.0
_NEVER = 1_000_000_000
"""More messages than ever match: to wait until the time is over."""


class Segtap:
    """The messages that one test sent. `host` and `write_key` are for the SDK under test.

    Messages of earlier tests do not count.
    """

    def __init__(self, engine: TestEngine) -> None:
        self._engine = engine
        self._http = httpx.Client(
            base_url=engine.url + PREFIX,
            headers={"Authorization": f"Bearer {engine.token}"},
            trust_env=False,
            verify=False,
        )
        self.host = engine.url
        self.write_key = WRITE_KEY

    def close(self) -> None:
        """Close the connection to the engine."""
        self._http.close()

    def reset(self) -> None:
        """Let only messages count that are received from now on."""
        __tracebackhide__ = True
        self._ask(ops.RESET, json={})

    def messages(self, filter: str = "") -> list[Match]:
        """Return the messages that match a filter, oldest first. Raises FilterFault.

        What was answered with 200 is among them. Raises InputError if more match than an answer holds.
        """
        __tracebackhide__ = True
        found = self._ask(ops.MESSAGES, params={"filter": filter})[1]
        if found.matched:
            raise InputError(
                f"{found.matched:,} messages match, and an answer holds {len(found.messages):,}: "
                "narrow the filter."
            )
        return list(found.messages)

    def expect(
        self,
        event: str | None = None,
        *,
        type: str | None = None,
        properties: Mapping[str, Json] | None = None,
        traits: Mapping[str, Json] | None = None,
        context: Mapping[str, Json] | None = None,
        user: str | None = None,
        filter: str = "",
        count: int = 1,
        exact: bool = False,
        within: float = 5.0,
    ) -> list[Match]:
        """Wait for at least `count` messages, with `exact` for exactly so many, and return them.

        `event` is a track call's event, or the name of a page or screen with that `type`. Of `properties`,
        `traits` and `context` a message has to hold what is given, and may hold more. `filter` is a further
        condition. Raises AssertionError, which says what the nearest message has instead.
        """
        __tracebackhide__ = True
        wanted = Conditions(event, type, user, properties, traits, context, filter)
        return self._expect(wanted, count, exact, within)

    def expect_none(
        self,
        event: str | None = None,
        *,
        type: str | None = None,
        properties: Mapping[str, Json] | None = None,
        filter: str = "",
        within: float = 0.0,
    ) -> None:
        """Check that no such message is there, nor comes within so many seconds. Raises AssertionError."""
        __tracebackhide__ = True
        self._expect(Conditions(event, type, None, properties, None, None, filter), 0, True, within)

    def no_errors(self, filter: str = "") -> None:
        """Check that no message has a finding of severity error, and that no request was refused.

        With a filter, only messages that match it are looked at. Raises AssertionError.
        """
        __tracebackhide__ = True
        asked = " ".join(["(warn:error or is:refused)", *in_parentheses(filter)])
        found = self._ask(ops.MESSAGES, params={"filter": asked})[1]
        if found.messages:
            lines = [line for match in found.messages[:MOST_LISTED] for line in _errors(match)]
            raise AssertionError("\n".join([f"{found.count} with errors", *lines]))

    def _expect(self, wanted: Conditions, count: int, exact: bool, within: float) -> list[Match]:
        __tracebackhide__ = True
        ends, asked = time.monotonic() + within, count
        while True:
            left = max(0.0, ends - time.monotonic())
            body = {
                "filter": wanted.filter,
                "count": asked,
                "exact": exact and asked == count,
                "timeout": left,
            }
            met, found = self._ask(ops.EXPECT, json=body, seconds=left)
            kept = [match for match in found.messages if wanted.holds(match.message)]
            others = len(found.messages) - len(kept)
            total = found.count - others
            enough = total > count if exact else total >= count
            if enough or not others or (not met and asked != count):
                break
            # What a filter cannot tell (whole lists, null) is compared here: wait for more.
            asked = _NEVER if exact else found.count + 1
        if total != count if exact else total < count:
            raise AssertionError(self._explained(wanted, found, kept, count, exact))
        return kept

    def _explained(
        self, wanted: Conditions, found: Matches, kept: Sequence[Match], count: int, exact: bool
    ) -> str:
        if len(kept) == len(found.messages):
            lines = [reasons.reason(found, wanted.filter, count=count, exact=exact)]
        else:
            lines = [f"{len(kept)} of {count}: others match but for what follows"]
        near = self._nearest(found, kept)
        if len(kept) < count and near is not None:
            lines += [
                "",
                f"nearest: {reasons.title_of(near)} {_id(near)}",
                *differences(wanted.tree, near.message),
            ]
        listed = self._ask(ops.MESSAGES, params={"filter": ""})[1]
        lines += ["", f"received in this test: {listed.count or 'nothing'}"]
        lines += [f"  {reasons.title_of(match)} {_id(match)}" for match in listed.messages[:MOST_LISTED]]
        if listed.count > MOST_LISTED:
            lines.append(f"  and {listed.count - MOST_LISTED:,} more")
        return "\n".join(lines)

    def _nearest(self, found: Matches, kept: Sequence[Match]) -> Match | None:
        others = [match for match in found.messages if match not in kept]
        if others:
            return others[0]
        if not found.near:
            return None
        filter = f"messageId={msgspec.json.encode(found.near[0].message_id).decode()}"
        return next(iter(self._ask(ops.MESSAGES, params={"filter": filter})[1].messages), None)

    def _ask(
        self, operation: Operation[Any, Matches], *, seconds: float = 0.0, **how: Any
    ) -> tuple[bool, Matches]:
        """Return whether what was asked for came true, and the answer. Raises EngineError, FilterFault."""
        __tracebackhide__ = True
        try:
            answer = self._http.request(
                operation.method, operation.path, timeout=seconds + _ANSWER_SECONDS, **how
            )
        except httpx.HTTPError as error:
            raise EngineError(self._engine.fault or f"The engine does not answer: {error}.") from error
        if answer.status_code not in (200, 408):
            raise error_from(msgspec.json.decode(answer.content, type=ErrorAnswer).error)
        return answer.status_code == 200, msgspec.json.decode(answer.content, type=Matches)


def _errors(match: Match) -> list[str]:
    lines = [f"  {reasons.title_of(match)} {_id(match)}"]
    if match.message is None and match.not_sent is not None:
        lines.append(f"    {match.not_sent.why}")
    for finding in match.warnings:
        if finding.severity == "error":
            lines.append(f"    {finding.rule} at {finding.path}: {finding.message}")
            if finding.fix:
                lines.append(f"      {finding.fix}")
    return lines


def _id(match: Match) -> str:
    document: JsonObject = match.message or {}
    return f"({document['messageId']})" if "messageId" in document else ""
