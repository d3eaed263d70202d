"""How a filter is read: terms, precedence, faults with place and suggestion, and `str`."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queries import table

from segtap.core.query import FilterFault, parse
from segtap.core.query.fields import BY_NAME, FIELDS
from segtap.core.query.terms import HELP

NOW = 1_000_000_000_000

SAME = [
    ("a b", "a and b"),
    ("a  b", "(a) (b)"),
    ("a b or c", "(a and b) or c"),
    ("a or b c", "a or (b c)"),
    ("-a b", "(not a) b"),
    ("not a or b", "(-a) or b"),
    ("a AND b OR NOT c", "a and b or not c"),
    ("--a", "not (not a)"),
    ("not(a or b)", "-(a or b)"),
    ("(a)", "a"),
    ('"a"', "a"),
    (r'"\*"', r"\*"),
    ("type:TRACK", "type:track"),
    ('type:"track",page', "type:track,page"),
    ('properties."total"=1', "properties.total=1"),
    ("properties.a=text", 'properties.a="text"'),
    ("properties.a~^x(a|b)", 'properties.a~"^x(a|b)"'),
    ("(properties.a~x[)]y(a))", 'properties.a~"x[)]y(a)"'),
    (r"properties.a~\d+\"", r'properties.a~"\d+\""'),
    (r'properties.a~"\\"', r"properties.a~\\"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_two_spellings_are_the_same_filter(left: str, right: str) -> None:
    assert parse(left, now=NOW) == parse(right, now=NOW)


DIFFERENT = [
    ("a or b c", "(a or b) c"),
    ("*", r"\*"),
    ("properties.a=1", 'properties.a="1"'),
    ("properties.a=true", 'properties.a="true"'),
    ("properties.a=02134", "properties.a=2134"),
    ("properties.a.b=1", 'properties."a.b"=1'),
    ("And", "b"),
    ('"and"', "And"),
    ("type:track", "track"),
]


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_two_filters_differ(left: str, right: str) -> None:
    assert parse(left, now=NOW) != parse(right, now=NOW)


FAULTS = [
    # filter, the characters that are underlined, suggestion
    ("typ:track warn:error", "typ:", "type:track"),
    ("Type:track", "Type:", "type:track"),
    ("x type:trak", "trak", "type:track"),
    ("type:track,pagee", "pagee", "type:page"),
    ("warn:errors", "errors", "warn:error"),
    ("delivery:take", "take", None),
    ("rule:insert-id-charst", "insert-id-charst", "rule:insert-id-charset"),
    ("sent:maybe", "maybe", ""),
    ("total>100", "total", "properties.total>100"),
    ("type=track", "type", "type:track"),
    ("user?", "user", "user:*"),
    ("userid=5", "userid", "userId=5"),
    ("propertes.total>5", "propertes.total", "properties.total>5"),
    ("really?", "really", "properties.really?"),
    ("https://segment.com/x", "https:", '"https://segment.com/x"'),
    ("12:30", "12:", '"12:30"'),
    ("properties.total:5", "properties.total:", "properties.total=5"),
    ("properties.total > 100", ">", "properties.total>100"),
    ("properties.total >100", ">100", "properties.total>100"),
    ("properties.a==3", "==", "properties.a=3"),
    ("properties.a=~b", "=~", "properties.a~b"),
    ("properties.a=", "properties.a=", ""),
    ("properties..a=1", "properties..a", ""),
    ("properties.x=1e400", "1e400", '"1e400"'),
    ('properties."my key"', 'properties."my key"', 'properties."my key"?'),
    ("properties.a~(", "(", ""),
    ("properties.a~*x", "*x", ""),
    ("mp=1", "mp", "mp.event=1"),
    ("type:", "type:", ""),
    ("type: track", "type:", "type:track"),
    ('user:""', '""', "*"),
    ("since:yesterday", "yesterday", ""),
    ("since:1h,2h", "2h", ""),
    ('"open', '"open', '"open"'),
    ('type:"open', '"open', '"open"'),
    ('5"', '"', '"5\\""'),
    ("a fn(x)", "(", '"fn(x)"'),
    ("(a", "(", ""),
    ("a)", ")", ""),
    ("()", ")", ""),
    ("a or", "or", '"or"'),
    ("or a", "or", '"or"'),
    ("a and or b", "or", '"or"'),
    ("not", "not", '"not"'),
    ("Order - done", "-", '"-"'),
    ("x" * 10_001, "x", ""),
    ("(" * 200 + "a" + ")" * 200, "(", ""),
]


@pytest.mark.parametrize(("text", "wrong", "suggestion"), FAULTS)
def test_a_fault_has_its_place_and_a_suggestion(text: str, wrong: str, suggestion: str | None) -> None:
    with pytest.raises(FilterFault) as raised:
        parse(text, now=NOW)
    fault = raised.value
    assert text[fault.start : fault.end] == wrong
    if suggestion is not None:
        assert fault.suggestion == suggestion
    sentence, line, marks = str(fault).split("\n")
    assert line[marks.index("^") : len(marks)] == wrong
    assert fault.suggestion in sentence


@pytest.mark.parametrize("text", ["https://segment.com/x?y=1", "total>100", "fn(x)", 'a"b', "12:30", "wait?"])
def test_a_fault_of_a_text_shows_how_to_quote_it(text: str) -> None:
    with pytest.raises(FilterFault) as raised:
        parse(text)
    assert '"' + text.replace('"', '\\"') + '"' in str(raised.value).splitlines()[0]


def test_the_mark_stands_below_wide_and_harmful_characters() -> None:
    with pytest.raises(FilterFault) as raised:
        parse("注文\x1b type:trak")
    assert str(raised.value).split("\n")[1:] == ["注文␛ type:trak", f"{' ' * 11}^^^^"]


@pytest.mark.parametrize(
    ("text", "ago"), [("since:10m", 600_000), ("until:2h", 7_200_000), ("since:3d", 259_200_000)]
)
def test_times_count_from_now(text: str, ago: int) -> None:
    assert parse(text, now=NOW).to_sql()[1] == [NOW - ago]


def test_iso_times_are_local_without_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        local = parse("since:2026-11-29T22:00").to_sql()[1]
        assert local == parse("since:2026-11-29T16:30Z").to_sql()[1]
        assert local == parse('since:"2026-11-29 22:00:00+05:30"').to_sql()[1]
        assert parse("until:2026-11-29").to_sql()[1] == parse("until:2026-11-28T18:30:00.000Z").to_sql()[1]
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_the_empty_filter_matches_everything(text: str) -> None:
    assert parse(text).node is None
    assert parse(text).to_sql() == ("1", [])
    assert str(parse(text)) == ""


PIECES = st.sampled_from(
    [
        *(
            "type:",
            "event:",
            "user:",
            "since:",
            "warn:",
            "x:",
            "properties",
            "traits",
            "mp",
            "userId",
            ".a",
            '."b c"',
        ),
        *(
            "=",
            "!=",
            ">",
            ">=",
            "<",
            "~",
            "?",
            ":",
            ",",
            "(",
            ")",
            "-",
            " ",
            " ",
            "and",
            "or",
            "not",
            '"',
            "\\",
            "*",
        ),
        *("track", "10m", "100", "1.5", "true", "02134", "é", "\ud800", "\0", "[", "{", "word", "a", "+"),
    ]
)


@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=30)))
def test_whatever_is_typed_is_read_or_is_a_fault_and_reads_the_same_again(text: str) -> None:
    try:
        query = parse(text, now=NOW)
    except FilterFault as fault:
        str(fault).encode()
        return
    written = str(query)
    assert parse(written, now=NOW) == query, written
    assert str(parse(written, now=NOW)) == written
    condition, parameters = query.to_sql()
    assert condition.count("?") == len(parameters)


def test_every_example_of_the_help_is_read() -> None:
    for field in FIELDS:
        parse(field.example)
        for value in field.fixed:
            parse(f"{field.name}:{value}")
    for form in HELP:
        assert isinstance(parse(form.EXAMPLE).node, form), form


def test_long_filters_are_compiled() -> None:
    with contextlib.closing(table([])) as db:
        for word in (" ", " or "):
            condition, parameters = parse(word.join(f"w{n}" for n in range(1000))).to_sql()
            counted = db.execute(f"SELECT count(*) FROM messages WHERE {condition}", parameters)
            assert counted.fetchone() == (0,)


def test_the_page_on_filters_has_every_field_and_filters_that_parse() -> None:
    page = (Path(__file__).parents[3] / "core" / "query" / "README.md").read_text(encoding="utf-8")
    table = page.partition("| fields | matches |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+):` \|", table, re.M)) == set(BY_NAME)
    for line in page.split("```\n")[-2].splitlines():
        assert parse(line).text == line
