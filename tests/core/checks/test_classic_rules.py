"""The rules on what the classic destination makes, by the real translator."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import classic, every_real_message, inspected, real_message

from segtap.core.inspection import Finding
from segtap.core.settings import Destination


def found(message: dict[str, Any], rule: str, **options: Any) -> list[Finding]:
    destination = Destination("classic-cloud", {"token": "tok", "apiKey": "key", **options})
    every = inspected(message, destination=destination).findings
    return [finding for finding in every if finding.rule == rule]


def track(**changes: Any) -> dict[str, Any]:
    return real_message("node", "track", **changes)


def test_real_messages_trip_nothing_of_the_actions_destination() -> None:
    for message in every_real_message():
        for rule in ("property-dropped", "insert-id-charset", "insert-id-length", "page-name-missing"):
            assert found(message, rule) == []


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [("2026-11-24T23:30:00Z", "in 1 h"), ("2026-11-24T22:30:00Z", ""), ("2026-11-24T21:00:00Z", "")],
)
def test_time_is_read_as_seconds(timestamp: str, words: str) -> None:
    told = found(track(timestamp=timestamp), "time-out-of-range")
    assert bool(told) == bool(words)
    assert all(finding.path == "$.timestamp" and "takes an hour ahead" in finding.message for finding in told)


def test_an_old_event_is_refused_in_segments_words() -> None:
    (finding,) = found(track(timestamp="2020-01-01T00:00:00Z"), "rejected-by-destination")
    assert "must be within the last five years" in finding.message


def test_limits_hold_for_a_record_that_stands_alone() -> None:
    message = track(properties={"long": "x" * 300, "many": list(range(300))})
    (long,) = found(message, "string-truncated")
    assert long.path == "$.properties.long"
    (many,) = found(message, "array-too-long")
    assert many.path == "requests[0].body.properties.many"
    (large,) = found(track(properties={"big": "x" * 1_100_000}), "event-too-large")
    assert large.path == "requests[0].body"


def test_nested_objects_are_text_and_so_not_too_deep() -> None:
    deep = {"a": {"b": {"c": {"d": {"e": 1}}}}}
    assert found(track(properties=deep), "nesting-too-deep") == []


@pytest.mark.parametrize(
    ("call", "options", "words", "fix"),
    [
        ("identify", {}, "Use Mixpanel People is off", "people = true"),
        ("page", {"consolidatedPageCalls": False}, "no page option that is on", "consolidated_page_calls"),
        ("group", {}, "Group Identifier Traits is empty", "group_identifier_traits"),
    ],
)
def test_what_is_switched_off_says_which_setting(
    call: str, options: dict[str, Any], words: str, fix: str
) -> None:
    (finding,) = found(real_message("node", call), "unmatched", **options)
    assert (finding.severity, finding.path) == ("info", "$.type")
    assert words in finding.message
    assert fix in finding.fix


def test_a_page_that_is_counted_more_than_once_is_named() -> None:
    page = real_message("node", "page", name="Start")
    twice = {"trackNamedPages": True, "eventIncrements": []}
    (finding,) = found(page, "page-double-count", **twice)
    assert finding.severity == "warning"
    assert finding.message == 'this page is counted 2 times: "Loaded a Page" and "Viewed Start Page"'
    assert found(page, "page-double-count", consolidatedPageCalls=False, **twice) == []
    assert found(page, "page-double-count", eventIncrements=[]) == []


def test_the_insert_id_that_segment_may_set_is_a_note_on_each_event() -> None:
    for call in ("track", "page", "screen"):
        message = real_message("node", "page", type=call, name="Start") if call != "track" else track()
        (finding,) = found(message, "insert-id-undocumented", trackNamedPages=True)
        assert (finding.severity, finding.path) == ("info", "requests[0].body.properties.$insert_id")
        assert "set by Segment, value unknown" in finding.message
        request = inspected(message, destination=classic()).translation.operations[0].request
        assert "$insert_id" not in str(request.body)
    for message in (real_message("node", "identify"), track(properties={"$insert_id": "own"})):
        assert found(message, "insert-id-undocumented", people=True) == []


def test_a_missing_message_id_is_about_segments_own_copies() -> None:
    (finding,) = found(track(messageId=None), "insert-id-missing")
    assert finding.message == "no messageId was sent: Segment cannot tell that a copy is one"
    assert "Segment then drops the copy" in finding.fix
