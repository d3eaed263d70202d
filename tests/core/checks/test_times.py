"""The time that an event is sent with, against the clock, for both destinations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, classic, findings, real_message

from segtap.core.settings import Destination, Subscription
from segtap.core.verdict import Finding

CLASSIC = classic()
KINDS = pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
OF_TIME = ("time-out-of-range", "timestamp-suspect")


def at(ahead: timedelta) -> str:
    moment = datetime.fromtimestamp(NOW / 1000, UTC) + ahead
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def found(message: dict[str, Any], destination: Destination) -> list[Finding]:
    return [one for one in findings(message, destination=destination) if one.rule in OF_TIME]


@KINDS
@pytest.mark.parametrize("call", ["track", "page", "screen"])
@pytest.mark.parametrize(
    ("ahead", "rule", "words"),
    [
        (timedelta(minutes=30), "timestamp-suspect", "Mixpanel writes the time of its receipt instead"),
        (timedelta(minutes=2), "timestamp-suspect", "a retry then counts as another event"),
        (timedelta(minutes=59), "timestamp-suspect", "in 59 min"),
        (timedelta(hours=2), "time-out-of-range", "takes an hour ahead at most"),
        (timedelta(days=-365 * 56 - 200), "time-out-of-range", "before 1971"),
    ],
)
def test_a_time_that_mixpanel_does_not_keep(
    ahead: timedelta, rule: str, words: str, call: str, destination: Destination
) -> None:
    if ahead < timedelta(0) and destination is CLASSIC:
        return  # Segment sends nothing that old
    (finding,) = found(real_message("python", call, timestamp=at(ahead)), destination)
    assert (finding.rule, finding.path) == (rule, "$.timestamp")
    assert words in finding.message


@KINDS
@pytest.mark.parametrize(
    "ahead", [timedelta(0), timedelta(seconds=45), timedelta(minutes=-1), timedelta(days=-4)]
)
def test_a_time_that_is_right(ahead: timedelta, destination: Destination) -> None:
    assert found(real_message("node", "track", timestamp=at(ahead)), destination) == []


@KINDS
def test_a_call_that_is_no_event_has_no_time(destination: Destination) -> None:
    message = real_message("node", "identify", timestamp=at(timedelta(minutes=30)))
    assert found(message, destination) == []


def test_the_field_is_named_that_the_mapping_takes_the_time_from() -> None:
    fields = {"event": {"@path": "$.event"}, "time": {"@path": "$.properties.when"}}
    mapped = Destination(
        settings=DESTINATION.settings, subscriptions=(Subscription('type = "track"', "trackEvent", fields),)
    )
    message = real_message("node", "track", properties={"when": at(timedelta(minutes=30))})
    (finding,) = found(message, mapped)
    assert finding.path == "$.properties.when"
