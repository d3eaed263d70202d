"""Dates as dayjs and V8 read them; the expected numbers come from `dayjs.utc(text).valueOf()` in Node 20."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.mapping.dates import is_date_like, read_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-20T10:00:00.000Z", 1795168800000),
        ("2026-11-20T10:00:00.123456Z", 1795168800123),
        ("2026-11-20T10:00:00+02:00", 1795161600000),
        ("2026-11-20T10:00:00", 1795168800000),
        ("2026-13-45", 1802563200000),
        ("2026", 1767225600000),
        ("2015-02-03", 1422921600000),
        ("0050-01-01", -631152000000),
        ("2026-02-31T00:00:00Z", 1772496000000),
        ("Fri, 20 Nov 2026 10:00:00 GMT", 1795168800000),
        ("Nov 20 2026 10:00 PM PST", 1795240800000),
        ("11/20/26", 1795132800000),
        ("20 November 2026 (a Friday)", 1795132800000),
        ("soon", None),
        ("", None),
        ("2026-13-45T00:00:00Z", None),
        ("2026-11-20T25:00:00Z", None),
    ],
)
def test_reads_text_as_segment_does(text: str, time: int | None) -> None:
    assert read_time(text) == time


@pytest.mark.parametrize(
    ("number", "time"),
    [(1577836800, 1577836800), (1577836800000.9, 1577836800000), (8.64e15 + 1, None), (float("nan"), None)],
)
def test_numbers_are_milliseconds_as_they_stand(number: float, time: int | None) -> None:
    assert read_time(number) == time


@pytest.mark.parametrize(
    ("text", "holds"),
    [("1700000000", True), ("1700000000000", True), ("9999999999999", False), ("-1", True), ("x1", False)],
)
def test_date_like_takes_numbers_in_text_as_seconds(text: str, holds: bool) -> None:
    assert is_date_like(text) is holds


@given(st.text(max_size=40) | st.from_regex(r"[0-9:. TZ+\-/()a-z]{0,30}", fullmatch=True))
def test_no_text_makes_it_raise(text: str) -> None:
    time = read_time(text)
    assert time is None or abs(time) <= 8_640_000_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20T10:00:00.123Z", "2026-02-30T10:00:00.123Z", "0000-01-01T00:00:00.000Z"),
        *("9999-12-31T23:59:59.999Z", "2026-11-20T24:00:00.000Z", "2026-11-20T10.00.00.000Z"),
        *("2026-13-20T10:00:00.123Z", "2026-11-20T10:60:00.123Z", "٢٠26-11-20T10:00:00.123Z"),
    ],
)
def test_the_short_way_for_the_usual_form_reads_as_the_long_one(text: str) -> None:
    assert read_time(text) == read_time(f"{text[:-1]}0Z")
