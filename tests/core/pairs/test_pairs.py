"""Copies of one action: on recorded pages with both modes, and by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from segtap.core.messages import JsonObject
from segtap.core.pairs import Action, Pairing, cloud_actions, device_action, given_parts, parts_of
from segtap.core.pairs.actions import milliseconds, origin_of, page_names
from segtap.core.pairs.pairing import Mode, copy_of, pairs_among

PAGES = Path(__file__).parents[2] / "data/pairs/pages.jsonl"
START = 1_795_557_600_000
"""The clock of the recorded pages, which stands still during a call, and goes on by a second with each."""


class Copy(NamedTuple):
    """A message or a record, and the number of the call of the page that made it."""

    call: int
    mode: Mode
    body: JsonObject


class Found(NamedTuple):
    """A record of the device, and the call whose Segment message is its other copy."""

    record: Copy
    call: int | None


def pages() -> Iterator[tuple[list[Copy], list[Copy]]]:
    for line in PAGES.read_text().splitlines():
        row = json.loads(line)
        cloud = [Copy(message.pop("call"), "cloud", message) for message in row["messages"]]
        device = [Copy(one["call"], "device", one["data"]) for one in row["operations"]]
        yield cloud, device


def paired(copies: list[Copy]) -> list[Found]:
    """Every record of the device that is a copy of an action, with its other copy."""
    pairing, records, other = Pairing(), dict[int, Copy](), dict[int, int | None]()
    for id, copy in enumerate(copies):
        received = START + 1000 * copy.call
        if copy.mode == "cloud":
            for action in cloud_actions(copy.body):
                found = pairing.add(id, "cloud", action, given_parts(copy.body), received)
                if found is not None:
                    other[found] = copy.call
        elif (action := device_action(copy.body)) is not None:
            records[id] = copy
            found = pairing.add(id, "device", action, parts_of(copy.body), received)
            other[id] = None if found is None else copies[found].call
    return [Found(record, other[id]) for id, record in records.items()]


def paired_together(copies: list[Copy]) -> list[Found]:
    """The same when all copies are known at once."""
    seen = [
        copy_of(id, copy.mode, action, parts, START + 1000 * copy.call, id)
        for id, copy in enumerate(copies)
        for action, parts in actions_of(copy)
    ]
    other = {device.id: copies[cloud.id].call for cloud, device in pairs_among(seen)}
    return [Found(copies[one.id], other.get(one.id)) for one in seen if one.mode == "device"]


def actions_of(copy: Copy) -> list[tuple[Action, JsonObject]]:
    if copy.mode == "cloud":
        return [(action, given_parts(copy.body)) for action in cloud_actions(copy.body)]
    action = device_action(copy.body)
    return [] if action is None else [(action, parts_of(copy.body))]


def by_call(cloud: list[Copy], device: list[Copy]) -> list[Copy]:
    return sorted([*cloud, *device], key=lambda one: one.call)


def device_last(cloud: list[Copy], device: list[Copy]) -> list[Copy]:
    return [*cloud, *device]


def cloud_last(cloud: list[Copy], device: list[Copy]) -> list[Copy]:
    return [*device, *cloud]


@pytest.mark.parametrize("order", [by_call, device_last, cloud_last])
@pytest.mark.parametrize("pair", [paired, paired_together])
def test_every_event_is_paired_with_its_own_copy(
    order: Callable[[list[Copy], list[Copy]], list[Copy]], pair: Callable[[list[Copy]], list[Found]]
) -> None:
    found = [one for cloud, device in pages() for one in pair(order(cloud, device))]
    events = [one for one in found if "event" in one.record.body]
    assert len(events) > 30
    assert [one for one in events if one.call != one.record.call] == []
    updates = [one for one in found if "event" not in one.record.body and one.call is not None]
    assert len(updates) > 5
    assert [one for one in updates if one.call != one.record.call] == []


# -- by hand ---------------------------------------------------------------------------------------------


def track(event: str = "Paid", at: int = 0, /, **more: Any) -> Copy:
    context = {"page": {"url": "https://shop.example/cart?x=1"}}
    stamp = f"2026-11-24T22:00:00.{at:03}Z"
    document = {"type": "track", "event": event, "timestamp": stamp, "context": context, **more}
    return Copy(0, "cloud", document)


def sent(event: str = "Paid", at: float = 0, /, **properties: Any) -> Copy:
    url = "https://shop.example/cart?x=1#top"
    own = {"time": START / 1000 + at / 1000, "$current_url": url}
    return Copy(0, "device", {"event": event, "properties": own | properties})


def pairs(*copies: Copy) -> list[int | None]:
    """For each copy the position of the other one that came before it, None if there was none."""
    pairing, found = Pairing(), list[int | None]()
    for id, copy in enumerate(copies):
        if copy.mode == "cloud":
            (action,) = cloud_actions(copy.body)
            found.append(pairing.add(id, "cloud", action, given_parts(copy.body), START))
        else:
            action = device_action(copy.body)
            assert action is not None
            found.append(pairing.add(id, "device", action, parts_of(copy.body), START))
    return found


def test_both_copies_are_within_half_a_second() -> None:
    assert pairs(track(), sent("Paid", 500)) == [None, 0]
    assert pairs(track(), sent("Paid", 501)) == [None, None]
    assert pairs(sent("Paid", -500), track()) == [None, 0]


def test_most_equal_properties_decide_then_the_nearest_time() -> None:
    three = track("Paid", 300, properties={"n": 1}), track("Paid", 0, properties={"n": 2})
    assert pairs(*three, sent("Paid", 300, n=2)) == [None, None, 1]
    assert pairs(*three, sent("Paid", 290, n=3)) == [None, None, 0]


def test_one_whose_copy_is_missing_takes_none_from_others_when_all_are_known() -> None:
    clouds = [track("Scroll", 20 * n, properties={"n": n}) for n in range(1, 20)]  # that of n = 0 was lost
    devices = [sent("Scroll", 20 * n + 2, n=n) for n in range(20)]
    seen = [copy_of(n, one.mode, *actions_of(one)[0], START, n) for n, one in enumerate([*clouds, *devices])]
    together = {device.parts["n"]: cloud.parts["n"] for cloud, device in pairs_among(seen)}
    assert together == {n: n for n in range(1, 20)}


def test_of_equal_ones_that_of_the_same_user_is_the_copy() -> None:
    two = track("Paid", 0, userId="user-1"), track("Paid", 100, userId="user-2")
    assert pairs(*two, sent("Paid", 20, **{"$user_id": "user-2"})) == [None, None, 1]
    assert pairs(*two, sent("Paid", 20, **{"$user_id": "user-3"})) == [None, None, 0]
    assert pairs(
        track("Paid", 0, userId="user-1"), track("Paid", 100), sent("Paid", 20, **{"$user_id": "u"})
    ) == [
        None,
        None,
        1,
    ]


def test_each_copy_is_paired_once() -> None:
    assert pairs(track(), sent(), sent()) == [None, 0, None]
    assert pairs(track(), track(), sent(), sent()) == [None, None, 0, 1]


def test_another_page_has_no_copy() -> None:
    assert pairs(track(), sent("Paid", 0, **{"$current_url": "https://other.example/cart"})) == [None, None]
    assert pairs(track(), sent("Paid", 0, **{"$current_url": "https://shop.example/other"})) == [None, 0]
    assert pairs(track("Paid", 0, context={}), sent()) == [None, 0]


def test_what_a_server_sends_for_another_user_is_no_copy() -> None:
    theirs = track("Paid", 0, context={}, userId="user-8")
    assert pairs(theirs, sent("Paid", 0, **{"$user_id": "user-7"})) == [None, None]
    assert pairs(theirs, sent("Paid", 0, **{"$user_id": "user-8"})) == [None, 0]
    assert pairs(track("Paid", 0, userId="user-8"), sent("Paid", 0, **{"$user_id": "user-7"})) == [None, 0]


def test_the_clock_of_the_page_counts_and_a_property_time() -> None:
    corrected = track("Paid", 0, timestamp="2026-11-24T21:00:00Z", originalTimestamp="2026-11-24T22:00:00.1Z")
    assert pairs(corrected, sent()) == [None, 0]
    assert pairs(track("Paid", 0, properties={"time": 12}), sent("Paid", 0, time=12)) == [None, 0]
    assert pairs(track("Paid", 0, properties={"time": "noon"}), sent()) == [None, 0]


def test_the_oldest_are_left_without_their_copy() -> None:
    pairing = Pairing(most=2)
    for id, name in enumerate(("one", "two", "three")):
        (action,) = cloud_actions(track(name).body)
        assert pairing.add(id, "cloud", action, {}, START) is None
    assert len(pairing) == 2
    found = [
        pairing.add(9, "device", action, {}, START)
        for action in (device_action(sent(name).body) for name in ("two", "three", "one"))
        if action is not None
    ]
    assert found == [1, 2, None]


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ({}, ("Loaded a Page",)),
        ({"name": "Cart"}, ("Loaded a Page", "Viewed Cart Page")),
        ({"properties": {"name": "Cart"}}, ("Loaded a Page", "Viewed Cart Page")),
        ({"category": "Docs"}, ("Loaded a Page", "Viewed Docs Page")),
        (
            {"name": "Intro", "category": "Docs"},
            ("Loaded a Page", "Viewed Docs Intro Page", "Viewed Intro Page"),
        ),
    ],
)
def test_the_names_of_a_page(page: dict[str, Any], names: tuple[str, ...]) -> None:
    assert page_names(page, "page") == names


@pytest.mark.parametrize(
    "document",
    [
        {"type": "track"},
        {"type": "track", "event": 7},
        {"type": "identify", "traits": {}},
        {"type": "group"},
        {"type": "alias", "previousId": "u"},
        {},
    ],
)
def test_what_makes_no_record_has_no_copy(document: JsonObject) -> None:
    assert cloud_actions(document) == ()


@pytest.mark.parametrize(
    "record",
    [
        {"$add": {"revenue": 5}, "$distinct_id": "u"},
        {"$set": {"company_id": ["acme"]}, "$distinct_id": "u"},
        {"$set_once": {"$initial_referrer": "$direct"}, "$distinct_id": "u"},
        {},
    ],
)
def test_what_no_call_of_segments_is_seen_in(record: JsonObject) -> None:
    assert device_action(record) is None


def test_times_and_origins() -> None:
    assert milliseconds(1_795_557_600.5) == 1_795_557_600_500
    assert milliseconds(1_795_557_600_500) == 1_795_557_600_500
    assert [milliseconds(one) for one in (True, "5", None, float("nan"))] == [None] * 4
    assert origin_of("https://shop.example:8443/cart") == "https://shop.example:8443"
    assert [origin_of(one) for one in ("", "/cart", "https://[shop")] == [""] * 3
