"""Device mode against what a real page sent: Segment's and Mixpanel's code in headless Chromium.

The 29 rows were chosen from 160 so that leaving out a rule changes at least two of them, where that many do.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from vectors import vectors

from segtap.core.destinations.device.normal import PlaceholderIds, normal_operation, normal_store
from segtap.core.destinations.device.visit import read_visit, simulate

ROWS = vectors("classic-device")


def outcome(row: dict[str, Any]) -> tuple[list[Any], Any]:
    sent = simulate(read_visit(row), PlaceholderIds())
    operations = [normal_operation(number, operation) for number, operation in sent.operations]
    return operations, normal_store(sent.browser.store.properties)


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_as_the_page_did(index: int) -> None:
    row = ROWS[index]
    before = copy.deepcopy(row)
    operations, store = outcome(row)
    assert operations == row["operations"]
    assert store == row["super_properties"]
    assert row == before


def test_without_calls_messages_are_enough_unless_the_page_was_reloaded() -> None:
    """Section 11: whether `alias` had a second argument follows from the messages; a reload does not."""
    rows = [row for row in ROWS if all(call["method"] != "reload" for call in row["calls"])]
    assert sum(call["method"] == "alias" for row in rows for call in row["calls"]) >= 3
    for row in rows:
        told = {name: value for name, value in row.items() if name != "calls"}
        assert outcome(told) == (row["operations"], row["super_properties"])


def test_messages_without_numbers_belong_to_the_calls_in_order() -> None:
    for row in ROWS:
        if len(row["messages"]) != sum(call["method"] not in ("reload", "reset") for call in row["calls"]):
            continue
        bare = [{name: value for name, value in one.items() if name != "call"} for one in row["messages"]]
        assert outcome({**row, "messages": bare}) == (row["operations"], row["super_properties"])
