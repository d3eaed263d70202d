"""Triggers that take no message are told from their text, and so are the calls that a trigger may take."""

import pytest

from segtap.core.destinations.actions.faults import fault_of, uncovered_calls, uncovered_words
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.errors import MappingError
from segtap.core.mapping.never import calls_of, never_matches
from segtap.core.mapping.triggers import compile_trigger
from segtap.core.settings import Destination, Subscription

MESSAGES = [
    {"type": type, "event": event, "name": event, "userId": "u", "properties": {"total": total, "vip": vip}}
    for type in ("track", "identify", "page", "screen", "group", "alias")
    for event in ("A", 'Say "Hi"', "Order Completed")
    for total, vip in ((12, True), ("12", "true"), (None, False))
]

NEVER = [
    ('type = "track" and properties.vip is true', "no operator 'is' (properties.vip): write ="),
    ('type is "track"', "no operator 'is' (type)"),
    ('type = "track" and event == "A"', "no operator '=='"),
    (
        'type = "track" and event in ["A", "B"]',
        "no operator 'in' (event): write one condition for each value",
    ),
    ('type = "track" and event = "Say \\"Hi\\""', 'match(event, "Say *")'),
    ('type = "track" and contains(event, "y \\"H")', "cannot hold a double quote"),
    ("type = 'track'", 'single quotes as part of the text: write "track"'),
    ("type = \"track\" and event = 'A'", 'write "A"'),
    ('type = "Track"', "no call has the type 'Track'"),
    ('type = "purchase" or type = "order"', "no call has the type 'purchase'"),
    ('type = "track" and type = "page"', "type cannot be both 'track' and 'page': join them by or"),
    ('type = "track" and event = "A" and event = "B"', "event cannot be both 'A' and 'B'"),
    ('type = "track" and properties.total = 4 and properties.total = 5', "properties.total cannot be both"),
    ('type = "track" and event > 4', "event is text, and > compares numbers"),
]


@pytest.mark.parametrize(("trigger", "words"), NEVER)
def test_a_trigger_that_takes_nothing_says_why(trigger: str, words: str) -> None:
    assert words in never_matches(trigger)
    assert words in fault_of(Subscription(trigger, "trackEvent", {"event": "E"}))
    assert not any(compile_trigger(trigger)(message) for message in MESSAGES)
    assert calls_of(trigger) == frozenset()


TAKES = [
    ('type = "track" and properties.vip = true', {"track"}),
    ('type = "track" and properties.total > 4', {"track"}),
    ('type = "track" and event != "Order Completed"', {"track"}),
    ('type = "track" and properties.vip is true or type = "page"', {"track", "page"}),
    ('type != "track" and type != "page"', {"identify", "screen", "group", "alias"}),
    ('event = "A" or event = "B"', {"track", "identify", "page", "screen", "group", "alias"}),
    ('type = "track" and (event = "A" or event = "B")', {"track"}),
    ('type = "track" and contains(event, "A")', {"track"}),
    ('type = "track" and event = "A" and event = "A"', {"track"}),
    *(
        (one.subscribe, {one.subscribe.split('"')[1]})
        for one in (*preset_subscriptions(), *optional_subscriptions())
    ),
]


@pytest.mark.parametrize(("trigger", "calls"), TAKES)
def test_a_trigger_that_may_take_something_is_no_fault(trigger: str, calls: set[str]) -> None:
    assert never_matches(trigger) == ""
    assert calls_of(trigger) == calls


def test_brackets_within_brackets_have_their_own_reason() -> None:
    for trigger in (
        'type = "track" and ((event = "A"))',
        'type = "track" and (event = "A" or (event = "B" and name = "C"))',
    ):
        with pytest.raises(MappingError, match="no brackets within brackets"):
            never_matches(trigger)
    with pytest.raises(MappingError, match=r"the closing \) is missing"):
        never_matches('type = "track" and (event = "A"')


def test_a_destination_takes_fifty_mappings() -> None:
    fine = Subscription('type = "track"', "trackEvent", {"event": "E"})
    assert fault_of(fine, 49) == ""
    assert "this is number 51" in fault_of(fine, 50)


def test_calls_without_a_subscription_are_named_with_their_presets() -> None:
    presets = preset_subscriptions()
    assert uncovered_words(Destination()) == ""
    assert uncovered_calls(Destination(subscriptions=presets)) == ()
    assert uncovered_calls(Destination("classic-cloud")) == ()
    only_pages = Destination(subscriptions=(presets[2],))
    assert uncovered_calls(only_pages) == ("track", "screen", "identify", "group")
    words = uncovered_words(only_pages)
    assert "no subscription takes track, screen, identify and group calls" in words
    assert 'preset = "Identify Calls"' in words
    never = Subscription("type is 'page'", "trackEvent", {"event": "E"})
    assert uncovered_calls(Destination(subscriptions=(never,)))[:2] == ("track", "page")
