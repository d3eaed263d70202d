"""Conditions of destination filters: the values of Segment's page on FQL, and what it leaves to be decided.

The published matcher is the oracle of most of it: tests/conformance/test_filters.py.
"""

from __future__ import annotations

import time

import pytest

from segtap.core.errors import FilterNotFql, FilterNotUnderstood
from segtap.core.mapping.filters import compile_filter, filter_fault
from segtap.core.messages import Json, JsonObject

PAGE: JsonObject = {
    "event": "Button Clicked",
    "type": "track",
    "context": {"library": {"name": "analytics.js", "version": "1.0"}},
    "properties": {"features": ["discounts", "dark-mode"]},
}
"""The object of the page's examples."""

MESSAGE: JsonObject = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "anonymousId": None,
    "properties": {
        "total": 10,
        "one": 1.0,
        "zero": 0,
        "email": "a@example.com",
        "country": "de",
        "kana": "ア",
        "emoji": "😀",
        "empty": "",
        "digits": "250",
        "paid": True,
        "free": False,
        "items": [1, 2],
        "ids": [7, "8", None, True],
        "nothing": [],
        "none": None,
        "0": 1,
        "product 1": {"price": "19.99"},
        "a.b": "dotted",
        "größe": 3,
        "2fa": True,
        "xy": {"x": 1, "y": 2},
        "yx": {"y": 2, "x": 1},
        "again": {"x": 1.0, "y": 2},
        "products": [{"sku": "s1"}, {"sku": "s2"}],
        "in": "in",
        "and": "and",
        "version": "1.10.0",
        "text": "Some text here",
    },
}


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("event = 'Button Clicked'", True),
        ("event = 'Screen Tapped'", False),
        ("context.path.path = '/login'", False),
        ("type = 'identify' or type = 'track'", True),
        ("event = 'Button Clicked' and type = 'track'", True),
        ("match( context.library.version, '1.*' )", True),
        ("match( context.library.version, '2.*' )", False),
        ("type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )", True),
        ("!contains( context.library.name, 'js' )", False),
        ("'dark-mode' in properties.features", True),
        ("'blink' in properties.features", False),
        ("!( type in ['track', 'identify'] )", False),
        ("properties.features = ['discounts', 'dark-mode']", True),
        ("properties.features = ['dark-mode', 'discounts']", False),
        ("properties.features != ['discounts']", True),
        ("['discounts', 'dark-mode'] = properties.features", True),
        # match()
        ("match( 'abcd', 'a*d' )", True),
        ("match( '', '*' )", True),
        ("match( 'abc', 'ab' )", False),
        ("match( 'abcd', 'a??d' )", True),
        ("match( 'abcd', '*d' )", True),
        (r"match( 'ab*d', 'ab\*d' )", True),
        ("match( 'abCd', 'ab[cC]d' )", True),
        ("match( 'abcd', 'ab[a-z]d' )", True),
        ("match( 'abcd', 'ab[A-Z]d' )", False),
        ("match( 'abcd', 'ab[^c]d' )", False),
        # functions
        ("length( 'a' ) = 1", True),
        ("length( 'ア' ) = 3", True),
        ("length( null ) = 0", True),
        ("length( properties.missing ) = 0", True),
        ("length( userId ) > 0", False),
        ("length( properties.features ) = 2", True),
        ("lowercase( null ) = null", True),
        ("uppercase( properties.missing ) = null", True),
        ("contains( null, 'a' )", False),
        ("match( null, '*' )", False),
        ("typeof( null ) = 'null'", True),
        ("typeof( properties.missing ) = 'null'", True),
        ("typeof( event ) = 'string'", True),
        ("typeof( 5 ) = 'number'", True),
        ("typeof( properties.features ) = 'list'", True),
        ("typeof( true ) = 'bool'", True),
        ("snakecase( 'test string' ) = 'test_string'", True),
        ("kebabcase( 'test string' ) = 'test-string'", True),
        ("titlecase( 'test string' ) = 'Test String'", True),
        ("number( '250' ) = 250", True),
    ],
)
def test_the_page_s_own_examples(condition: str, matches: bool) -> None:
    assert compile_filter(condition)(PAGE) is matches


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ('type = "track"', True),
        ('type = "track" and event = "X"', False),
        ('event = "X" or type = "track" and userId = "u1"', True),
        ('event = "Order Completed" or type = "x" and userId = "x"', True),
        ('!(event = "X" or event = "Y")', True),
        ('!(event = "Order Completed" or event = "Y")', False),
        ('!event = "X"', True),
        ("!!properties.paid", True),
        ("properties.total >= 10 and properties.total < 11", True),
        ("properties.total > 9.5 and properties.total <= +10 and -1 < properties.zero", True),
        ('properties.total = "10"', False),
        ('properties.total != "10"', True),
        ('properties.total < "11"', False),
        ("properties.digits > 200", False),
        ("properties.paid >= 1", False),
        ("properties.one = 1 and properties.one = 1.0", True),
        ("properties.paid = 1", False),
        ("properties.zero = false", False),
        # null: what is missing, and what is null
        ("properties.none = null and properties.missing = null", True),
        ("anonymousId != null", False),
        ("groupId = null or length( groupId ) = 0", True),
        ("properties.zero = null or properties.empty = null or properties.free = null", False),
        ("properties.missing < 1 or properties.missing >= 0", False),
        ("properties.missing != 'x'", True),
        ("properties.zero.deeper = 0 or properties.empty.deeper = ''", False),
        # a value alone counts only if it is true
        ("properties.paid", True),
        ("properties.free or properties.total or event", False),
        ("!properties.total", True),
        ("true", True),
        ("lowercase(event)", False),
        ("bool(properties.total)", True),
        # strings, spaces
        ("event!='x'and(type='track')", True),
        ("properties.total>=10", True),
        ("! contains ( event , 'x' )", True),
        ("type\n=\t'track'\r\nand userId='u1'", True),
        ("'u1'=userId", True),
        # paths
        (r"properties.product\ 1.price = '19.99'", True),
        (r"properties.a\.b = 'dotted'", True),
        ("properties.a.b = 'dotted'", False),
        (r"properties.gr\ö\ße = 3", True),
        ("properties.2fa and properties.0 = 1", True),
        ("properties.products.1.sku = 's2'", True),
        ("properties.in = 'in' and properties.and = 'and'", True),
        (r"\type = 'track'", True),
        # lists
        ('event in ["X", "Order Completed"]', True),
        ("event in []", False),
        ("7 in properties.ids", True),
        ("'7' in properties.ids", False),
        ("'8' in properties.ids", True),
        ("null in properties.ids", True),
        ("true in properties.ids", True),
        ("1 in properties.ids", False),
        ("properties.missing in [null]", True),
        ("userId in properties.items", False),
        ("'a' in properties.email", False),
        ("'a' in properties.missing", False),
        ("type in ['x', type]", True),
        ("typeof(properties.items) in ['list', 'null']", True),
        ("lowercase(event) in ['order completed']", True),
        ("properties.items = [1, 2]", True),
        ("properties.items = [1, '2']", False),
        ("properties.items = [2, 1]", False),
        ("properties.items = 1", False),
        ("properties.nothing = []", True),
        ("properties.none = []", False),
        # objects: the order of keys counts
        ("properties.xy = properties.again", True),
        ("properties.xy = properties.yx", False),
        ("properties.xy != properties.yx", True),
        # functions
        ("length(properties.kana) = 3", True),
        ("length(properties.emoji) = 4", True),
        ("length(properties.empty) = 0", True),
        ("length(properties.missing) < 4", True),
        ("length(properties.total) = 0 or length(properties.xy) >= 0", False),
        ("length(properties.total) = null", False),
        ('typeof(properties.total) = "number"', True),
        ("typeof(properties.free) = 'bool'", True),
        ("typeof(properties.xy) = 'list' or typeof(properties.xy) = 'null'", False),
        ('lowercase(event) = "order completed"', True),
        ("contains(lowercase(event), 'order')", True),
        ("match(uppercase(properties.country), 'D?')", True),
        ("uppercase(properties.country) = 'DE'", True),
        ("uppercase(properties.total) = null", True),
        ("snakecase(properties.text) = 'Some_text_here'", True),
        ("kebabcase(event) = 'Order-Completed'", True),
        ("titlecase(properties.text) = 'Some Text Here'", True),
        ("titlecase('jOHN o\\'x') = null", None),
        ("titlecase('two  SPACES') = 'Two  SPACES'", True),
        ("bool(properties.paid) and !bool(properties.free)", True),
        ("bool(properties.zero) or bool(properties.empty) or bool(properties.nothing) or bool(null)", False),
        ("bool(properties.items) and bool(properties.digits) and bool(properties.one)", True),
        ("string(properties.total) = '10' and string(properties.one) = '1'", True),
        ("string(2.5) = '2.5' and string('x') = 'x'", True),
        ("string(properties.items) = '[1,2]'", True),
        ("string(properties.missing) = ''", True),
        ("number(properties.digits) > 200", True),
        ("number(properties.total) = 10", True),
        ("number('-2.5e1') = -25", True),
        ("number(event) = null and number('') = null and number(properties.none) = null", True),
        ("number(' 5') = null", True),
        ("semver(properties.version, '>=', '1.9')", True),
        ("semver(properties.version, '=', '1.10')", True),
        ("semver(properties.version, '<', '1.2')", False),
        ("semver('2', '>', '1.9.9')", True),
        ("semver('1.2.3.4', '>=', '1')", False),
        ("semver('one', '!=', '1')", False),
        ("semver(properties.missing, '!=', '1')", False),
        ("semver(2, '=', '2')", False),
        ("semver('1', '~', '1')", False),
        # match: classes and escapes
        ("match(properties.email, '*@example.com')", True),
        ('match(properties.email, "?@example.org")', False),
        (r"match('[x]', '\[?\]')", True),
        ("match('b', '[^a-c]') or match('b', '[]') or match('b', '[') or match('b', '[a-')", False),
        (r"match('-', '[\-a]') and match(']', '[\]a]') and match('a*', 'a[*]')", True),
        (r"match('a', 'a\')", False),
        ("match('', '')", True),
        ("match('a\nb', 'a?b')", True),
    ],
)
def test_conditions_match_what_they_say(condition: str, matches: bool | None) -> None:
    if matches is None:
        assert filter_fault(condition)
    else:
        assert compile_filter(condition)(MESSAGE) is matches


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("", "a name or value is missing before the end"),
        ("   ", "a name or value is missing before the end"),
        ("type =", "missing before the end"),
        ('type = "track" and', "missing before the end"),
        ('and type = "track"', "missing before 'and'"),
        ('(type = "track"', ") is missing"),
        ('type = "track")', "')' is not expected"),
        ('type = "track" event', "'event' is not expected"),
        ("type == 'track'", "missing before '='"),
        ("type = 'a' && userId", "invalid character '&'; FQL writes and"),
        ("type = 'a' AND userId = 'b'", "'AND' is not expected there; FQL writes and"),
        ("(event != 'A' AND properties.x == null) OR (event != 'B')", ") is missing before 'AND'"),
        ("event is null", "'is' is not expected"),
        ("event not in ['a']", "'not' is not expected"),
        ("contains(event)", "takes 2 values, not 1"),
        ("length()", "takes 1 value, not 0"),
        ("contains(event, 'a'", ") is missing"),
        ("event in [", "missing before"),
        ("event in ['a' 'b']", "] is missing before"),
        ("event in ('a', 'b')", "missing before '('"),
        ("event in 'abc'", "a list, such as"),
        ("['a'] in properties.x", "a list cannot be in a list"),
        ('type = "track', "unterminated"),
        ('userId = oops"', "unterminated"),
        ('event = "a\\"b"', "unterminated"),
        ("properties. = 1", "a name is missing"),
        (".properties = 1", "a name is missing"),
        ("properties..a = 1", "a name is missing"),
        ("properties.$a = 1", "a name is missing"),
        ("$event = 1", "invalid character '$'; in a name it is written \\$"),
        ("größe = 1", "invalid character 'ö'"),
        ("a = 5.", "'5.' is not a number"),
        ("a = 1e3", "'1e3' is not a number"),
        ("a = --1", "'--1' is not a number"),
        ("a = b = c", "'=' is not expected"),
        ("(a) = 1", "'=' is not expected"),
        ("a\\", "nothing follows the last \\"),
        ("event = 'a'; drop", "invalid character ';'"),
        ("!", "missing before the end"),
        ("()", "missing before ')'"),
    ],
)
def test_what_is_not_fql_says_why(condition: str, words: str) -> None:
    with pytest.raises(FilterNotFql) as caught:
        compile_filter(condition)
    assert words in str(caught.value)
    assert filter_fault(condition) == str(caught.value)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ('snake(event) = "x"', "no function snake()"),
        ("md5(userId) = 'x' and type = 'track'", "no function md5()"),
        (f"{'(' * 101}event{')' * 101}", "nested more than 100 deep"),
        (f"{'!' * 101}event", "nested more than 100 deep"),
        (f"{'lowercase(' * 101}event{')' * 101} = 'a'", "nested more than 100 deep"),
        (f"event = {'[' * 5000}", "nested more than 100 deep"),
    ],
)
def test_what_may_be_fql_and_cannot_be_followed_is_another_fault(condition: str, words: str) -> None:
    with pytest.raises(FilterNotUnderstood) as caught:
        compile_filter(condition)
    assert words in str(caught.value)


def test_a_condition_as_deep_as_may_be_and_a_very_long_one_are_judged() -> None:
    assert compile_filter(f"{'(' * 100}type = 'track'{')' * 100}")(MESSAGE)
    assert compile_filter(" or ".join(["event = 'x'"] * 20_000 + ["type = 'track'"]))(MESSAGE)


def nested(depth: int) -> Json:
    value: Json = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize(
    "odd",
    [
        None,
        3,
        True,
        "x",
        [],
        {},
        1e308,
        10**400,
        float("inf"),
        "\ud800",
        nested(2000),
        [[1]],
        {"properties": 1},
    ],
)
def test_no_message_makes_a_condition_raise(odd: Json) -> None:
    conditions = (
        *("a = a", "a = b", "a < 1", "length(a) = 1", "typeof(a) = 'x'", "string(a) = 'x'", "number(a) = 1"),
        *(
            "bool(a)",
            "a in [a, 1]",
            "1 in a",
            "lowercase(a) = 'x'",
            "match(a, a)",
            "contains(a, a)",
            "a.b.0 = 1",
        ),
        *("semver(a, a, a)", "titlecase(a) = a", "snakecase(uppercase(a)) = a"),
    )
    for condition in conditions:
        assert compile_filter(condition)({"a": odd, "b": [odd]}) in (True, False)
    assert compile_filter("a = a")({"a": odd}) is True


def test_a_pattern_with_many_stars_ends_soon() -> None:
    started = time.perf_counter()
    assert not compile_filter(f"match(a, '{'*a' * 50}*b')")({"a": "a" * 100_000})
    assert time.perf_counter() - started < 5
