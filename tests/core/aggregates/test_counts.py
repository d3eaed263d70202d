"""Counting messages by rule, by event and over time: right, in order, bounded, and the same at any step."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import msgspec
import pytest
from check_helpers import every_real_message, inspected, real_message
from fake_viewer import AT, line_of, summary, tallies_of_lines

from segtap.core.aggregates.counts import MOST_EVENTS, MOST_SLOTS, NEWEST, STEPS, overview_of, step_of
from segtap.core.aggregates.model import UNKNOWN, Overview
from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Marks
from segtap.core.stores.tallies import Line, LineCounts, Tallies, tallies_of
from segtap.core.verdict import Finding, Operation, OutgoingRequest, Severity, Translation, Verdict

SENT = Translation((Operation("Track Calls", "trackEvent", OutgoingRequest("POST", "https://x/import")),))


def reading(**rules: Severity) -> Verdict:
    """A verdict with one finding for each rule; `_` in the names stands for `-`."""
    findings = [Finding(rule.replace("_", "-"), severity, "$", "", "") for rule, severity in rules.items()]
    return Verdict(SENT, tuple(findings))


def counted(*given: tuple[Summary, Verdict]) -> Overview:
    return overview_of(tallies_of_lines(*given))


def test_nothing_yet() -> None:
    overview = counted()
    assert overview == Overview()
    assert overview.slots == overview.rules == overview.events == ()


def test_real_messages_are_counted_as_they_are_judged() -> None:
    """Against a plain count of what the rules say of each message."""
    messages = [
        *every_real_message(),
        real_message("next", "track", messageId="order_991"),
        real_message("next", "track", messageId="order_992", userId="undefined"),
    ]
    lines, rules, bad, warned = list[tuple[Summary, Verdict]](), Counter[str](), 0, 0
    for number, message in enumerate(messages, 1):
        verdict = inspected(message)
        name = message.get("event") or message.get("name") or ""
        lines.append((summary(number, message["type"], name), verdict))
        rules.update({finding.rule for finding in verdict.findings})
        bad += verdict.errors > 0
        warned += not verdict.errors and verdict.warnings > 0
    overview = counted(*lines)
    assert {one.rule: one.messages for one in overview.rules} == dict(rules)
    assert rules["insert-id-charset"] == 2
    assert (overview.errors, overview.warnings) == (bad, warned)
    assert sum(one.messages for one in overview.events) == len(messages) == overview.covered.messages
    assert sum(one.errors for one in overview.events) == bad
    for one in (*overview.rules, *overview.events):
        assert sum(one.slots) == one.messages
        assert len(one.slots) == len(overview.slots)
    assert sum(slot.messages for slot in overview.slots) == len(messages)


def test_a_rule_counts_a_message_once_and_has_its_gravest_severity() -> None:
    twice = Verdict(SENT, (*reading(a="warning").findings, *reading(a="error").findings))
    overview = counted((summary(1), reading(a="info")), (summary(2), twice))
    (rule,) = overview.rules
    assert (rule.rule, rule.severity, rule.messages) == ("a", "error", 2)
    assert rule.newest == (summary(2).id, summary(1).id)
    assert (rule.first, rule.last) == (AT, AT + 310)


def test_errors_stand_first_then_what_fires_most() -> None:
    overview = counted(
        *((summary(number), reading(often="warning", note="info")) for number in range(1, 6)),
        (summary(6), reading(once="error")),
        (summary(7), reading(seldom="warning")),
    )
    assert [one.rule for one in overview.rules] == ["once", "often", "seldom", "note"]


def test_an_event_knows_its_rules_and_a_rule_its_events() -> None:
    overview = counted(
        (summary(1, name="A"), reading(x="warning")),
        (summary(2, name="A"), reading(x="warning", y="error")),
        (summary(3, name="B"), reading(x="warning")),
        (summary(4, name="C"), Verdict(Translation())),
    )
    x = next(one for one in overview.rules if one.rule == "x")
    assert [(one.name, one.messages) for one in x.events] == [("A", 2), ("B", 1)]
    a, b, c = overview.events
    assert [(one.rule, one.severity, one.messages) for one in a.rules] == [
        ("y", "error", 1),
        ("x", "warning", 2),
    ]
    assert (a.messages, a.errors, a.warnings, a.silent) == (2, 1, 1, 0)
    assert (b.errors, b.warnings) == (0, 1)
    assert (c.name, c.silent) == ("C", 1)


@pytest.mark.parametrize(
    ("line", "event", "key"),
    [
        (summary(1, "track", "Signed Up"), "Signed Up", ("track", "Signed Up")),
        (summary(1, "page", "Pricing"), "Pricing", ("page", "Pricing")),
        (summary(1, "page", "/orders/17"), "", ("page", "")),
        (summary(1, "screen", "screen"), "", ("screen", "")),
        (summary(1, "identify", "ada@example.com"), "", ("identify", "")),
        (summary(1, "group", "acme"), "", ("group", "")),
        (summary(1, "alias", "a → b"), "", ("alias", "")),
        (summary(1, "", "not JSON", marks=int(Marks.REFUSED)), "", ("", "not JSON")),
        (summary(1, "", "identity", marks=int(Marks.WOULD_REJECT)), "", (UNKNOWN, "identity")),
    ],
)
def test_what_an_event_is(line: Summary, event: str, key: tuple[str, str]) -> None:
    """People and paths do not make events of their own."""
    counts = LineCounts(step_of, NEWEST)
    counts.add(line_of(line, Verdict(Translation()), event))
    (found,) = overview_of(counts.tallies({}, MOST_EVENTS)).events
    assert (found.type, found.name) == key


def test_a_refused_request_is_an_error_and_no_message() -> None:
    overview = counted(
        (summary(1, "", "not JSON", marks=int(Marks.REFUSED), errors=1), Verdict(Translation()))
    )
    assert (overview.covered.messages, overview.covered.refused, overview.errors) == (0, 1, 1)
    assert overview.events[0].silent == 0


def test_deliveries_are_counted_for_each_event() -> None:
    waiting = summary(1, delivery=DeliveryState.WAITING)
    overview = counted((waiting, reading()), (summary(2, delivery=DeliveryState.SENT), reading()))
    assert overview.events[0].delivery == {DeliveryState.WAITING: 1, DeliveryState.SENT: 1}


def test_the_order_of_counting_does_not_matter() -> None:
    """What matches a filter is counted newest first, and what comes later is added."""
    draw = random.Random(7)
    names, lines = ("a", "b", "c"), list[Line]()
    for number in range(1, 300):
        verdict = reading(**{name: "warning" for name in names if draw.random() < 0.3})
        at = AT + draw.randint(0, 90_000) * number
        line = summary(number, name=f"Event {draw.randint(1, 9)}", received_at=at)
        lines.append(line_of(line, verdict))

    def tallies(given: list[Line]) -> Tallies:
        found = tallies_of(given, dict.fromkeys(names, "warning"), step_of, MOST_EVENTS, NEWEST)
        rules = tuple(
            msgspec.structs.replace(one, events=tuple(sorted(one.events)[:0])) for one in found.rules
        )
        return msgspec.structs.replace(found, rules=tuple(sorted(rules, key=lambda one: one.rule)))

    once = tallies(lines)
    assert [line.id for line in reversed(lines)][:NEWEST] == sorted(
        {id for one in once.events for id in one.newest}, reverse=True
    )[:NEWEST]
    draw.shuffle(lines)
    assert tallies(lines) == once
    assert tallies(lines[::-1]) == once


@pytest.mark.parametrize("span", [0, 5, 119, 121, 3_600, 86_400, 90 * 86_400, 9 * 365 * 86_400])
def test_slots_follow_one_another_and_are_few_whatever_the_time(span: int) -> None:
    draw = random.Random(span)
    times = sorted(draw.randint(0, span) for _ in range(300))
    overview = counted(
        *(
            (summary(number, received_at=AT + at * 1000), reading(x="error" if at % 2 else "warning"))
            for number, at in enumerate(times, 1)
        )
    )
    starts = [slot.start for slot in overview.slots]
    assert len(starts) <= MOST_SLOTS
    assert starts == list(range(starts[0], starts[-1] + 1, overview.step))
    assert overview.step in STEPS
    for slot in overview.slots:
        inside = [at for at in times if slot.start <= AT + at * 1000 < slot.start + overview.step]
        bad = sum(at % 2 for at in inside)
        assert (slot.messages, slot.errors, slot.warnings) == (len(inside), bad, len(inside) - bad)


def test_each_step_can_be_joined_to_the_next() -> None:
    assert all(later % earlier == 0 and later > earlier for earlier, later in itertools.pairwise(STEPS))


def test_a_clock_that_goes_back_loses_nothing() -> None:
    overview = counted(
        (summary(1, received_at=AT), reading()),
        (summary(2, received_at=AT - 7_000), reading()),
        (summary(3, received_at=AT + 2_000), reading()),
    )
    assert (overview.covered.since, overview.covered.until) == (AT - 7_000, AT + 2_000)
    assert sum(slot.messages for slot in overview.slots) == 3
    assert overview.slots[0].messages == 1


def test_no_more_events_than_can_be_read_and_the_worst_stay() -> None:
    lines = [(summary(number, name=f"Event {number}"), reading()) for number in range(1, 400)]
    lines.append((summary(400, name="The bad one"), reading(x="error")))
    overview = counted(*lines)
    assert (len(overview.events), overview.events_total) == (MOST_EVENTS, 400)
    assert overview.events[0].name == "The bad one"


def test_it_survives_the_wire() -> None:
    overview = counted((summary(1), reading(x="error")), (summary(2, "page", "Home"), reading(y="info")))
    assert msgspec.json.decode(msgspec.json.encode(overview), type=Overview) == overview
