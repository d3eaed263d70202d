"""The sentence that says why an expectation came true or not."""

from __future__ import annotations

from typing import Any

import pytest

from segtap.core.api.matches import Match, Matches, Near
from segtap.core.delivery import DeliveryState
from segtap.core.testing.reasons import ordinal, reason


def match(number: int, **message: Any) -> Match:
    given = {"type": "track", "event": "Order Completed", "messageId": f"m-{number}", **message}
    return Match(message=given, requests=(), warnings=(), not_sent=None, delivery=DeliveryState.OFF)


TWO = (match(1), match(2))
NEAR = (Near("m-3", 'properties.total=12: has total "12" (text)'), Near("m-4", "user:u: has no user"))
FILTER = 'event:"Order Completed" properties.total=12'


@pytest.mark.parametrize(
    ("matches", "count", "exact", "said"),
    [
        (Matches(TWO, NEAR), 3, False, '2 of 3: the third has total "12" (text)'),
        (Matches((), NEAR), 1, False, '0 of 1: the first has total "12" (text)'),
        (Matches((), ()), 2, False, "0 of 2: no other message comes near"),
        (Matches(TWO, ()), 2, True, "2 messages match"),
        (Matches(TWO[:1], ()), 1, False, "1 message matches"),
        (
            Matches(TWO, ()),
            1,
            True,
            '2 messages match, exactly 1 expected: "m-1" (track "Order Completed"), '
            '"m-2" (track "Order Completed")',
        ),
        (Matches(TWO[:1], ()), 0, True, '1 message matches, none expected: "m-1" (track "Order Completed")'),
        (
            Matches((match(1, type="alias", event=None),), (), 2_000),
            0,
            True,
            '2,000 messages match, none expected: "m-1" (alias) and 1,999 more',
        ),
    ],
)
def test_reasons(matches: Matches, count: int, exact: bool, said: str) -> None:
    assert reason(matches, FILTER, count=count, exact=exact) == said


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 3, 10, 11, 12, 13, 21, 22, 23, 111)] == [
        *("first", "third", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "111th")
    ]
