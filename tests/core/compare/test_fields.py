"""A Segment message beside the fields that Mixpanel gets."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import NOW, classic, inspected, real_message

from segtap.core.compare.fields import FieldRow, field_rows, leaves, lines, short_target, words
from segtap.core.destinations.explain import explain
from segtap.core.settings import Destination

ACTIONS = Destination(settings={"projectToken": "a" * 32, "apiSecret": "b" * 32})


def rows_of(message: dict[str, Any], destination: Destination = ACTIONS) -> tuple[FieldRow, ...]:
    verdict = inspected(message, destination=destination)
    explanation = explain(message, destination, verdict.translation, now=NOW)
    return field_rows(message, verdict.translation.operations, explanation)


def test_each_field_stands_beside_what_it_becomes() -> None:
    message = real_message(
        "node", "track", event="Order Completed", userId="u-1", properties={"revenue": 59.8, "plan": "pro"}
    )
    rows = rows_of(message)
    pairs = {(row.source, short_target(row.target)): row.state for row in rows}
    assert pairs["$.properties.revenue", "revenue"] == "same"
    assert pairs["$.userId", "distinct_id"] == "same"
    assert pairs["$.userId", "$user_id"] == "same"
    assert pairs["$.event", "event"] == "same"
    added = {short_target(row.target): row for row in rows if row.state == "added"}
    assert "$source" in added
    assert all(not row.source for row in added.values())
    sources = list(dict.fromkeys(row.source for row in rows if row.source))
    assert sources == [path for path, _ in leaves(message, "$") if path in sources], "in its order"


def test_what_does_not_arrive_is_dropped_but_not_what_is_for_segment_alone() -> None:
    message = real_message(
        "node", "track", event="A", context={"whatever": {"deep": 1}}, integrations={"All": True}
    )
    rows = rows_of(message)
    dropped = [row.source for row in rows if row.state == "dropped"]
    assert "$.context.whatever.deep" in dropped
    assert not any(path.startswith("$.integrations") for path in dropped)


def test_a_value_that_is_made_into_another_is_changed() -> None:
    message = real_message("node", "track", event="A", timestamp="2026-11-24T10:41:03.211Z")
    row = next(row for row in rows_of(message) if row.source == "$.timestamp" and row.target)
    assert (short_target(row.target), row.state) == ("time", "changed")


@pytest.mark.parametrize("destination", [ACTIONS, classic(people=True)], ids=["actions", "classic"])
def test_every_value_of_the_requests_is_in_one_row(destination: Destination) -> None:
    message = real_message("node", "track", event="A", properties={"list": [{"id": 1}, {"id": 2}], "e": {}})
    rows = rows_of(message, destination)
    targets = [row.target for row in rows if row.target]
    assert len(targets) == len(set(targets)) > 3


def test_it_can_be_said_and_written() -> None:
    message = real_message("node", "track", event="A", userId="u-1", properties={"plan": "pro"})
    verdict = inspected(message, destination=ACTIONS)
    rows = rows_of(message)
    assert "unchanged" in words(rows)
    assert "added by Segment" in words(rows)
    text = "\n".join(lines(rows, verdict.translation.operations))
    assert '  properties.plan "pro" → plan "pro"' in text
    assert "(not in the message) → $source" in text
