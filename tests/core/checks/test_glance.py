"""A first look at a message hides nothing that its rules would find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, classic, every_real_message, real_message
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core import checks
from segtap.core.checks import CheckSettings, check, sent_names
from segtap.core.checks.examples import EXAMPLES
from segtap.core.checks.examples.example import presets
from segtap.core.checks.glance import first_look
from segtap.core.destinations.kinds import translator
from segtap.core.settings import Destination
from segtap.core.verdict import Finding

EVERY = -1
"""All families: every bit is set."""
TOKEN = {"projectToken": "0123456789abcdef0123456789abcdef"}
DESTINATIONS = (
    (DESTINATION, CheckSettings()),
    (
        Destination(settings={**TOKEN, "apiSecret": "s"}),
        CheckSettings(identity="simplified", group_keys=("company_id",)),
    ),
    (
        Destination(settings=TOKEN, subscriptions=presets("trackEvent", insert_id=None, ip=None)),
        CheckSettings(),
    ),
    (classic(people=True, trackAllPages=True, groupIdentifierTraits=["company_id"]), CheckSettings()),
)
VALUES: tuple[Any, ...] = (
    *("", "pro", "12.50", "€ 3,50", "EUR 5", "007", "2026-11-24T10:41:03", "11/24/2026", "Nov 24, 2026"),
    *("1795557600", 1795557600, 2**53 + 1, 1e300, True, None, "x" * 256, "é" * 130, " a ", "a\tb"),
    *([], {}, ["a"], [2**60], {"a": {"b": {"c": {"d": 1}}}}, {"when": "11/24/2026", "price": "12.50"}),
    *([{"price": "12.50"}], [0] * 300, "undefined", "acme", "10.0.0.1", "http://x/?utm_source=a"),
)
NAMES = (
    *("plan", "price", "zip", "created_at", "length", "time", "id", "distinct_id", "ip", "$ip", "token"),
    *("$insert_id", "$phone", "$country_code", "mp_country_code", "email", "createdAt", "revenue", "url"),
    *("timezone", " odd ", "", "x" * 260, "company_id", "products", "$group_id", "name", "tags"),
)
EVENTS = ("Signed Up", "Order Completed", "order complete", "$session_start", "Viewed", " a", "", None, 5)
IDS = ("user-1", "undefined", " u ", "", None, 0, 2**60, "6d5dc550-92e6-4f3d-8356-fc8ca0a56b3c")
HELD = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=5)


def found(
    message: dict[str, Any], judged_by: Sequence[tuple[Destination, CheckSettings]] = DESTINATIONS
) -> Iterator[tuple[Finding, ...]]:
    for destination, settings in judged_by:
        translation = translator(destination).translate(message, now=NOW)
        yield check(
            message,
            translation,
            destination,
            now=NOW,
            original_size=900,
            filled=message.get("filled", ()),
            settings=settings,
        )


def without_a_look(message: dict[str, Any]) -> list[tuple[Finding, ...]]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checks, "first_look", lambda *_: EVERY)
        return list(found(message))


@pytest.mark.parametrize("id", EXAMPLES)
def test_examples_of_a_rule_are_judged_alike(id: str) -> None:
    for message in (*EXAMPLES[id].before, *EXAMPLES[id].after):
        assert list(found(message)) == without_a_look(message)


def test_real_messages_are_judged_alike() -> None:
    for message in every_real_message():
        assert list(found(message)) == without_a_look(message)


@examples(200)
@given(
    st.sampled_from(("track", "track", "page", "screen", "identify", "group", "alias")),
    st.fixed_dictionaries(
        {
            "event": st.sampled_from(EVENTS),
            "name": st.sampled_from(EVENTS),
            "userId": st.sampled_from(IDS),
            "anonymousId": st.sampled_from(IDS),
            "groupId": st.sampled_from(IDS),
            "messageId": st.sampled_from(
                (*IDS, "ajs-next-1795557600000-6d5dc550-92e6-4f3d-8356-fc8ca0a56b3c")
            ),
            "timestamp": st.sampled_from(("2026-11-24T22:00:00Z", "2027-01-03T22:00:01Z", 5, "x", None)),
            "properties": HELD,
            "traits": HELD,
            "context": st.fixed_dictionaries(
                {},
                optional={
                    "ip": st.sampled_from(("203.0.113.7", "10.0.0.1", "", None)),
                    "groupId": st.sampled_from(IDS),
                    "traits": HELD,
                    "campaign": HELD,
                    "page": HELD,
                    "library": st.sampled_from(({"name": "analytics-python"}, {"name": "x"}, "x")),
                    "userAgent": st.sampled_from(("Googlebot", "x", 5)),
                    "odd": st.sampled_from(VALUES),
                },
            ),
        }
    ),
    st.sets(
        st.sampled_from(("event", "name", "groupId", "messageId", "timestamp", "properties", "traits")),
    ),
)
def test_odd_messages_are_judged_alike(call: str, message: dict[str, Any], left_out: set[str]) -> None:
    message = {"type": call, **{name: value for name, value in message.items() if name not in left_out}}
    assert list(found(message)) == without_a_look(message)


def test_a_name_of_mixpanels_is_judged_alike_when_it_comes_again() -> None:
    message = {"type": "identify", "userId": "u-1", "traits": {"mp_first_seen": "Nov 24, 2026"}}
    first, again = list(found(message)), list(found(message))
    assert first == again
    assert not any(one.rule == "date-format" for findings in first for one in findings)


def test_names_that_segment_writes_stay_known_when_others_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sent_names, "_MOST_KEPT", 8)
    kept, known = sent_names.MIXPANELS_OF_EVENTS, sent_names.KNOWN_OF_EVENTS
    before = set(kept), set(known)
    for number in range(20):
        list(found({"type": "track", "event": "A", "userId": "u-1", "properties": {f"mp_{number}": 1}}))
    assert {"time", "distinct_id", "mp_19"} <= kept
    assert {"time", "distinct_id", "mp_19"} <= known
    assert "mp_0" not in kept
    kept.update(before[0])
    known.update(before[1])


def test_a_plain_event_is_left_to_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(*given: Any) -> int:
        seen.append(first_look(*given))
        return seen[-1]

    monkeypatch.setattr(checks, "first_look", look)
    message = real_message(
        "python",
        "track",
        event="Signed Up",
        userId="user-1",
        messageId="6d5dc550-92e6-4f3d-8356-fc8ca0a56b3c",
        timestamp="2026-11-24T22:00:00Z",
        properties={"plan": "pro", "seats": 3},
        context={"ip": "203.0.113.7", "library": {"name": "analytics-python", "version": "2.4.0"}},
    )
    for _ in range(2):  # the first one teaches the names
        assert list(found(message, DESTINATIONS[:1])) == [()]
    assert seen[-1] == 0
