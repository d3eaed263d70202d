"""Sequences of real messages for the rules on the stream, and observing them as the indexer does."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from check_helpers import DESTINATION, NOW, real_message

from segtap.core.checks import CheckSettings
from segtap.core.checks.stream import Loose, StreamChecker, StreamLimits, digest
from segtap.core.destinations.kinds import translator
from segtap.core.messages import Marks
from segtap.core.settings import Destination
from segtap.core.verdict import Finding

ANONYMOUS = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
_numbers = itertools.count(10_000)  # far from those that tests give themselves


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid(number: int) -> str:
    return f"6d5dc550-92e6-4f3d-8356-{number:012x}"


def call(kind: str, at: float = 0, /, **changes: Any) -> dict[str, Any]:
    """A real message of analytics.js, `at` seconds after NOW, under a messageId of its own.

    userId and anonymousId are left out where `changes` do not name them.
    """
    given: dict[str, Any] = {
        "messageId": uuid(next(_numbers)),
        "timestamp": iso(NOW + int(at * 1000)),
        "userId": ...,
        "anonymousId": ...,
        "receivedAt": ...,
        "sentAt": ...,
    }
    if kind == "track":
        given |= {"event": "Signed Up", "properties": {"plan": "pro"}}
    if kind == "page":
        given |= {"name": "Pricing"}
    return real_message("next", kind, **(given | changes))


def again(message: dict[str, Any], at: float = 0, **changes: Any) -> dict[str, Any]:
    """The same message, sent once more `at` seconds after NOW, with these fields changed."""
    copied = copy.deepcopy(message) | changes
    copied["now"] = NOW + int(at * 1000)
    return copied


def observed(
    messages: Sequence[dict[str, Any]],
    *,
    settings: CheckSettings | None = None,
    destination: Destination = DESTINATION,
    limits: StreamLimits | None = None,
    checker: StreamChecker | None = None,
    marks: Marks = Marks.NONE,
) -> list[list[Finding]]:
    """What each message completes. A message is received when it says (`now`), else when it happened."""
    checker = checker or StreamChecker(settings or CheckSettings(), destination, limits=limits)
    translate = translator(destination).translate
    found: list[list[Finding]] = []
    for given in messages:
        message = dict(given)
        stamp = message.get("timestamp")
        happened = int(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp else NOW
        now = message.pop("now", happened)
        filled = tuple(message.pop("filled", ()))
        loose = Loose(
            document=message,
            type=message.get("type", ""),
            message_id=message.get("messageId", ""),
            marks=marks,
            filled=filled,
        )
        found.append(list(checker.observe(digest(loose, translate(message, now=now), now))))
    return found
