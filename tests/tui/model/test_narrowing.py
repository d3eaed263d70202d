"""Filters made from rows: each finds what its row counts, whatever the names hold."""

from __future__ import annotations

import pytest

from segtap.core.aggregates.model import UNKNOWN, EventCount, RuleCount
from segtap.core.query import parse
from segtap.core.query.times import read_time
from segtap.tui.model.narrowing import (
    both,
    event_term,
    group_term,
    named_term,
    rule_term,
    time_term,
    user_term,
)
from segtap.tui.model.trail import Step, Trail


def event(type: str, name: str) -> EventCount:
    return EventCount(
        type=type,
        name=name,
        messages=1,
        errors=0,
        warnings=0,
        silent=0,
        delivery={},
        newest=(1,),
        slots=(),
        rules=(),
    )


def test_terms_of_rows() -> None:
    rule = RuleCount(
        rule="insert-id-charset",
        severity="error",
        messages=1,
        first=0,
        last=0,
        newest=(1,),
        slots=(),
        events=(),
    )
    assert rule_term(rule) == "rule:insert-id-charset"
    assert event_term(event("track", "Order Completed")) == 'type:track event:"Order Completed"'
    assert event_term(event("identify", "")) == "type:identify"
    assert event_term(event("", "not JSON: byte 112")) == 'is:refused "not JSON: byte 112"'
    unknown = '-type:track,identify,page,screen,group,alias,raw -is:refused "trakc"'
    assert event_term(event(UNKNOWN, "trakc")) == unknown
    assert event_term(event("page", "")) == "type:page -event:*"
    assert user_term(["user-77", "$device:5f0c"]) == 'user:"user-77","5f0c","$device:5f0c"'
    assert user_term([]) == ""
    assert group_term("company", named=False) == "type:group"


def test_names_that_differ_in_case_alone_are_compared_exactly() -> None:
    one, other = event("track", "Order Completed"), event("track", "order completed")
    assert event_term(one, [one, other]) == 'type:track event="Order Completed"'
    page = event("page", "order completed")
    assert event_term(one, [one, page]) == 'type:track event:"Order Completed"'
    assert event_term(page, [page, event("page", "ORDER COMPLETED")]) == 'type:page name="order completed"'


@pytest.mark.parametrize("name", ['say "hi"', "50 * 2", "a\\b", "(x) or y", "x" * 300, "", "-", "a,b"])
def test_every_filter_can_be_read(name: str) -> None:
    terms = (
        event_term(event("track", name)),
        event_term(event("", name)),
        named_term(name),
        user_term([name, "u"]),
        group_term(name, named=True),
    )
    for term in terms:
        assert parse(term).node is not None
        assert parse(both("type:track or warn:error", term)).node is not None
        assert parse(both(term, "warn:error")).node is not None


def test_two_filters_become_one() -> None:
    assert both("", "warn:error") == "warn:error"
    assert both("type:track", "") == "type:track"
    assert both("type:track", "type:track") == "type:track"
    assert both("a warn:error", "warn:error") == "a warn:error"
    assert both("a OR b", "c or d") == "(a OR b) (c or d)"
    assert parse(both("type:track or type:page", "x")).node != parse("type:track or type:page x").node


@pytest.mark.parametrize("start", [1_795_516_860_000, 1_792_890_000_000, 1_792_893_600_500])
def test_a_stretch_of_time_holds_its_first_moment_and_not_the_next_stretch(start: int) -> None:
    since, until = time_term(start, start + 5_000).split()
    assert read_time(since.removeprefix("since:"), 0) == start
    assert read_time(until.removeprefix("until:"), 0) == start + 4_999


def test_the_way_back_ends_with_another_filter() -> None:
    trail = Trail()
    first = Step("summary", ("rule", "a"), "", "rule:a", None)
    second = Step("users", ("", "u"), "rule:a", 'rule:a user:"u"', 7)
    trail.add(first)
    trail.add(second)
    assert trail.back('rule:a user:"u"') is second
    assert trail.back("rule:a") is first
    assert trail.back("") is None
    trail.add(first)
    assert trail.back("something else") is None
    assert trail.back("rule:a") is None
    trail.add(first)
    trail.add(Step("users", ("", "u"), "typed", "typed user:u", None))
    assert trail.back("typed user:u") is not None
    assert trail.back("rule:a") is None
