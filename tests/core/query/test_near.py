"""How a message misses a filter: the first condition that it fails, and what it has there."""

from __future__ import annotations

import pytest
from queries import Row

from segtap.core.query import parse
from segtap.core.query.near import Nearness

ORDER = Row(
    document={
        "messageId": "m-1",
        "event": "Order Completed",
        "userId": "u-7",
        "properties": {"total": "12", "coupon": None, "items": [1, 2], "deep": {"a": True}},
    },
    rules=("placeholder-user-id",),
    warnings=1,
    records=({"event": "Order Completed", "properties": {"distinct_id": "u-7", "total": "12"}},),
)


@pytest.mark.parametrize(
    ("filter", "failed"),
    [
        (
            'event:"Order Completed" properties.total=12',
            'properties.total=12: has total "12" (text)',
        ),
        ("event:order* properties.total>=13", 'properties.total>=13: has total "12" (text)'),
        ('event:order* properties.total="13"', 'properties.total="13": has total "12"'),
        ("event:order* properties.coupon=x", "properties.coupon=x: has coupon null"),
        ("event:order* properties.items=3", "properties.items=3: has items [2 items]"),
        ("event:order* properties.deep.a=false", "properties.deep.a=false: has a true"),
        ("event:order* properties.tax?", "properties.tax?: has no tax"),
        ("event:order* properties.tax=1", "properties.tax=1: has no tax"),
        ("event:order* properties.deep.b.c=1", "properties.deep.b.c=1: has no c"),
        ('event:order* properties.total~"^9"', 'properties.total~^9: has total "12"'),
        ("event:order* user:u-8", 'user:u-8: has user "u-7"'),
        ("event:order* group:acme", "group:acme: has no group"),
        ("event:order* rule:insert-id-charset", 'rule:insert-id-charset: has rule "placeholder-user-id"'),
        ("event:order* warn:error", 'warn:error: has warn "warning", "any"'),
        ("event:order* -properties.coupon?", "not properties.coupon?: has coupon null"),
        ("event:order* -user:u-7", 'not user:u-7: has user "u-7"'),
        ("event:order* nothing", "nothing: does not hold it"),
        ("event:order* -completed", "not completed: holds it"),
        ("event:order* (type:page or type:screen)", "type:page or type:screen: matches no part of it"),
        ("event:order* mp.total=12", 'mp.total=12: has total "12" (text)'),
        ("event:order* mp.tax=1", "mp.tax=1: has no tax"),
        ("event:order* user:u-8 group:acme", 'user:u-8: has user "u-7"'),
        ("type:page user:u-7", 'type:page: has type "track"'),
        ('event:"Order Complete"', 'event:"Order Complete": has event "Order Completed"'),
        ('type:track event="order completed"', 'event="order completed": has event "Order Completed"'),
        ('event="Orders Completed"', 'event="Orders Completed": has event "Order Completed"'),
        ('event:"Ordr Completed" properties.tax=1', 'event:"Ordr Completed": has event "Order Completed"'),
    ],
)
def test_the_first_condition_that_a_message_fails(filter: str, failed: str) -> None:
    miss = Nearness(parse(filter)).of(ORDER.candidate())
    assert miss is not None
    written = failed.split(": ")[0]
    assert str(parse(written).node) == miss.condition
    assert miss.has == failed.removeprefix(f"{written}: ")


@pytest.mark.parametrize(
    "filter",
    [
        "event:order*",  # matches
        "event:Signup",  # nothing in common
        "type:track event:Signup properties.tax?",  # what many have in common
        "type:track or type:page",
        "type:page",
        "",
    ],
)
def test_what_is_not_near(filter: str) -> None:
    assert Nearness(parse(filter)).of(ORDER.candidate()) is None


def test_nothing_is_sent() -> None:
    row = Row(document={"event": "Order Completed"}, records=())
    miss = Nearness(parse("event:order* mp.total=12")).of(row.candidate())
    assert miss is not None
    assert miss.has == "has no total: nothing is sent to Mixpanel"


def test_fewer_failures_are_nearer_and_a_similar_name_counts() -> None:
    def failures(filter: str) -> float:
        miss = Nearness(parse(filter)).of(ORDER.candidate())
        return miss.failures if miss is not None else 99

    assert failures("event:order* user:u-8") < failures("event:order* user:u-8 group:acme")
    assert failures('event:"Order Complete" user:u-7') < failures("event:order* user:u-8")
