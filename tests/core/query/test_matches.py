"""What filters match, by the sections of the language's page."""

from __future__ import annotations

import time

import pytest
from queries import Row

from segtap.core.delivery import DeliveryState
from segtap.core.messages import JsonObject, Marks
from segtap.core.query import FilterFault, Tally, names_of, parse, searched_text
from segtap.core.query.tally import MOST_LATE
from segtap.core.query.terms import Path, Search

ORDER: JsonObject = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-7",
    "anonymousId": "anon-1",
    "messageId": "msg-1",
    "timestamp": "2026-11-29T10:00:00.000Z",
    "receivedAt": "2031-01-01T00:00:00.000Z",
    "properties": {
        "total": 149.5,
        "count": 3,
        "zero": 0,
        "zip": "02134",
        "code": "250",
        "paid": True,
        "coupon": None,
        "tags": ["red", "blue", 7],
        "empty": [],
        "my key": "x",
        "dotted.key": "y",
        "text": "Grüße aus KÖLN",
        "star": "5*",
        "quote": 'say "hi"',
        "back": "C:\\temp",
        "products": [{"sku": "a1", "price": 10}, {"sku": "b2", "price": 20, "gift": None}],
        "nested": [[1, 2], [3]],
        "address": {"city": "Berlin"},
        "small": "a",
        "upper": "Z",
    },
    "context": {"library": {"name": "analytics.js", "version": "2.1"}, "ip": "1.2.3.4"},
    "integrations": {"All": True},
}
RECORDS: list[JsonObject] = [
    {"event": "Order Completed", "properties": {"distinct_id": "u-7", "$insert_id": "i1", "total": 149.5}},
    {"$distinct_id": "u-7", "$token": "t", "$set": {"plan": "pro", "n": 1}},
]
MATCHES = r"""
# words
order
ORDER
"order completed"
completed order
msg-1
u-7
anon-1
Berlin
149.5
true
analytics
ord*ted
"ord*"
*
grüsse
köln
5\*
"5\*"
"say \"hi\""
"C:\temp"
"C:\\temp"
null
a*js
""
1.2.3.4
red blue
# fields
type:track
type:Track,page
type:t*
event:"Order Completed"
event:"order comp*"
event:*
user:u-7
user:ANON-1
user:x,u-*
key:wk
source:W*
library:analytics.js
library:analytics*
id:msg-1
id:*1
rule:insert-id-charset
rule:insert-*,track-too-old
warn:error
warn:any
warn:info,none
delivery:off
delivery:sent,off
origin:sdk
sent:yes
is:second
since:1970-01-01
until:2h
-group:*
-is:marked
-event:Order
# presence
properties.coupon?
properties.empty?
properties.products.gift?
userId?
properties."my key"?
-properties.nothing?
-properties.total.deep?
context.library.name?
integrations.All?
# comparisons
properties.total=149.5
properties.total>100
properties.total>=149.5
properties.total<150
properties.total<=149.5
properties.total!=100
properties.count=3
properties.count=3.0
properties.count=3e0
properties.zero=0
properties.zero=-0
properties.zip=02134
properties.zip>"0"
properties.code="250"
properties.code!=250
properties.paid=true
properties.paid!=1
properties.paid!=false
userId=u-7
event="Order Completed"
messageId=msg-1
context.library.version="2.1"
properties."my key"=x
properties."dotted.key"=y
properties.address.city=Berlin
properties.address!=x
properties.text~KÖLN$
properties.star=5*
properties.quote="say \"hi\""
properties.small>Z
properties.small>"Z"
-properties.nothing=1
-properties.coupon=1
-properties.coupon!=1
timestamp>2026-11-29
integrations.All=true
# lists
properties.tags=red
properties.tags=blue
properties.tags=7
properties.tags!=red
properties.products.price>15
properties.products.sku=b2
properties.nested=3
-properties.empty=1
-properties.empty!=1
properties.products.sku~^b
# what Mixpanel gets
mp.distinct_id=u-7
mp.$insert_id=i1
mp.event="Order Completed"
mp.$set.plan=pro
mp.$set.plan?
mp.total>100
mp.$set.n=1 mp.total=149.5
-mp.plan?
mp.event~^Order
-mp.properties.total?
# regular expressions
context.library.name~^analytics
properties.zip~^\d{5}$
properties.text~(?i)grüsse|grüße
properties.quote~"\"hi\""
# combining
type:track warn:error
type:page or type:track
type:page type:page or type:track
-(type:page or type:screen)
not type:page and order
--order
user:u-7 (type:track or type:screen)
"""
DIFFERS = r"""
orders
2031
coupon
"order  completed"
red*blue
completed*order
5\*0
compl*ted*order
type:page
event:Order
event:completed
user:u
user:*8
group:*
key:w
library:analytics
rule:track-too-old
warn:warning
warn:none
delivery:none
origin:pixel
sent:no
is:marked,refused,replayed
since:1h
until:1970-01-01T00:00Z
properties.nothing?
properties.total.deep?
previousId?
mp.plan?
mp.properties?
properties.total=100
properties.total="149.5"
properties.total>149.5
properties.total<149.5
properties.total!=149.5
properties.zip=2134
properties.zip>1
properties.code=250
properties.code>100
properties.paid=1
properties.paid="true"
properties.count=true
properties.zero=false
properties.coupon=null
properties.coupon!=1
properties.coupon=""
properties.nothing!=1
properties.nothing<1
properties.star=5
properties.total.x!=1
properties.text="grüße aus köln"
properties.address=Berlin
properties.small<Z
properties.empty=1
properties.empty!=1
properties.nested=4
properties.tags="7"
properties.total~1
properties.text~köln
context.library.name~analytics$
mp.distinct_id=u-8
mp.plan=pro
mp.$token=u
mp.event=order
mp.$set.plan=pro mp.nothing?
type:track warn:warning
type:page or user:x
not order
-(type:page or type:track)
"""


def lines(table: str) -> list[str]:
    """The filters of a table, one a line."""
    return [line for line in table.strip().splitlines() if not line.startswith("#")]


def order() -> Row:
    return Row(
        document=ORDER,
        records=RECORDS,
        rules=("insert-id-charset",),
        errors=1,
        notes=2,
        marks=Marks.SECOND_RECEIPT,
        received_at=int(time.time() * 1000) - 3 * 3_600_000,
    )


@pytest.mark.parametrize("text", lines(MATCHES))
def test_matches(text: str) -> None:
    assert parse(text).matches(order().candidate())


@pytest.mark.parametrize("text", lines(DIFFERS))
def test_does_not_match(text: str) -> None:
    assert not parse(text).matches(order().candidate())


def test_the_empty_filter_matches_and_reads_nothing() -> None:
    row = order()
    assert parse("").matches(row.candidate())
    assert row.read == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("type:page properties.total>100", []),
        ("properties.total>100 type:page", []),
        ("mp.x? or type:track", []),
        ("event:x mp.x?", ["names"]),
        ("nothing mp.x?", ["text"]),
        ("mp.x? nothing type:track", ["text"]),
        ("mp.x? properties.nothing? type:track", ["document"]),
        ("mp.x? rule:track-too-old", ["judgement"]),
        ("mp.distinct_id=u-7 properties.total>100", ["document", "records"]),
    ],
)
def test_no_more_is_read_than_a_filter_needs(text: str, read: list[str]) -> None:
    row = order()
    parse(text).matches(row.candidate())
    assert row.read == read


def test_names_of_pages_and_screens_are_events() -> None:
    for type, key in (("page", "name"), ("screen", "name"), ("track", "event")):
        row = Row(document={"type": type, key: "Home"}, type=type)
        assert parse("event:home").matches(row.candidate())
    assert names_of({"name": "Home", "event": 5}, "identify").event == ""
    assert names_of({"event": 5}, "track").event == "5"
    assert names_of({"event": {"a": 1}, "context": {"library": []}}, "track").event == ""


def test_the_fields_of_what_is_no_message() -> None:
    refused = Row(
        document={}, type="", marks=Marks.REFUSED, delivery=DeliveryState.NONE, sent=False, errors=1
    )
    assert parse("is:refused sent:no warn:error -type:* -user:* delivery:none").matches(refused.candidate())
    assert not parse("properties? or userId!=1").matches(refused.candidate())


def test_values_that_were_filled_in_are_not_searched() -> None:
    document: JsonObject = {"timestamp": "2040-01-01", "receivedAt": "2041-01-01", "a": "2042"}
    assert searched_text(document, ("$.timestamp",)) == "2042"
    assert "2040" in searched_text(document)


def test_odd_values_are_searched() -> None:
    deep: JsonObject = {"a": "x"}
    for _ in range(3000):
        deep = {"a": [deep]}
    assert searched_text(deep) == "x"
    assert searched_text({"a": "\ud800\0", "b": 10**5000, "c": -0.0}).startswith("\ufffd\ufffd\x1f0x")


def test_other_types_are_noted() -> None:
    tally = Tally()
    for text in ("properties.code=250", "properties.zip>1", 'properties.total="149.5"', "properties.count<2"):
        assert not parse(text).matches(order().candidate(), tally)
    assert not parse("properties.code=250").matches(order().candidate(), tally)
    assert tally.notes() == [
        'properties.code: no number 250; 2 messages hold the text "250".',
        'properties.total: no text "149.5"; 1 message holds the number 149.5.',
    ]
    number = Row(document={"properties": {"total": "150"}})
    tally = Tally()
    assert not parse("properties.total>100").matches(number.candidate(), tally)
    assert tally.notes() == [
        'properties.total: no number above 100; 1 message holds another type there, such as the text "150".'
    ]


def test_an_expression_has_a_limit() -> None:
    row = Row(document={"properties": {"a": ["x" * 60 + "!"] * 50}})
    tally = Tally()
    query = parse(r"properties.a~^(x|xx)*(x|xx)*\b[yz]$ -is:marked")
    began = time.monotonic()
    assert not query.matches(row.candidate(), tally)
    assert time.monotonic() - began < 2
    assert "took too long on 1 message" in tally.notes()[0]
    for _ in range(MOST_LATE - 2):
        tally.late(Search(Path(("properties", "a")), r"^(x|xx)*(x|xx)*\b[yz]$"))
    with pytest.raises(FilterFault, match="takes too long"):
        query.matches(row.candidate(), tally)


def test_expressions_mean_what_they_mean_in_python() -> None:
    row = Row(document={"properties": {"a": "a{e} [b]"}})
    for pattern, matches in (("a{e}", True), (r"^.{4}\ ", True), (r"\[b\]", True), ("b{e}", False)):
        assert parse(f'properties.a~"{pattern}"').matches(row.candidate()) == matches
    for pattern in (r"\p{L}", "(?R)", "(?|a|b)", "a++b(", "*"):
        with pytest.raises(FilterFault):
            parse(f'properties.a~"{pattern}"')
