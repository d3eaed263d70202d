"""The placeholders of a scenario: there and back, and texts that only look like them."""

from __future__ import annotations

from typing import Any

import pytest

from segtap.core.errors import InputError
from segtap.core.scenarios.lines import read_step, step_line, with_expect
from segtap.core.scenarios.notation import BEGINNING, FIXED, Relative, Resolved, escaped, fixed_id

LOOKALIKES = ["{id:1}", "{{id:1}", "a {+0ms} b", "{token}", "{id:x}", "{}", "{ id:1 }", "{{{write_key}"]


def there_and_back(value: Any, at_ms: int = 0) -> Any:
    resolved = Resolved(FIXED)
    made = resolved.value(value)
    return Relative(resolved.offsets, at_ms).value(made)


PLACEHOLDERS = ["{id:1}", "{anonymous:12}", "{uuid:3}", "{token}", "{token:2}", "{+0ms}", "{-1200ms}"]
AMONG_OTHERS = ["{+1200ms as ms}", "{+1200ms as s}", "{+2000ms as s}", "0{id:1}", "?a={anonymous:1}&b={id:2}"]


@pytest.mark.parametrize("text", [*PLACEHOLDERS, *AMONG_OTHERS, "{{id:1}", "{id:x}", "{}"])
def test_a_placeholder_comes_back_as_it_was(text: str) -> None:
    assert there_and_back({"a": [text, {"b": text}]}) == {"a": [text, {"b": text}]}


@pytest.mark.parametrize("text", LOOKALIKES)
def test_a_text_that_looks_like_one_stays_a_text(text: str) -> None:
    assert Resolved(FIXED).value(escaped(text)) == text


def test_what_placeholders_stand_for() -> None:
    value = Resolved(FIXED).value(
        ["{+1200ms}", "{+1200ms as ms}", "{+1200ms as s}", "{-1000ms as s}", "{write_key}"]
    )
    assert value == [
        "2026-01-01T00:00:01.200Z",
        BEGINNING + 1200,
        BEGINNING / 1000 + 1.2,
        BEGINNING // 1000 - 1,
        "segtap-scenario",
    ]
    ids = [fixed_id(kind, 7) for kind in ("id", "anonymous", "uuid", "token")]
    assert len(set(ids)) == 4
    assert Resolved(FIXED).value("{id:7}") == ids[0]


def test_times_far_from_the_message_stay_numbers() -> None:
    far = BEGINNING + 40 * 24 * 3600 * 1000
    assert Relative({0}, 0).value([far, BEGINNING + 5, 12.5, True, None, 10**400]) == [
        far,
        "{+5ms as ms}",
        12.5,
        True,
        None,
        10**400,
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"at_ms":-1,"message":{},"expect":[]}', "at_ms"),
        (b'{"at_ms":true,"message":{},"expect":[]}', "at_ms"),
        (b'{"at_ms":1e300,"message":{},"expect":[]}', "at_ms"),
        (b'{"at_ms":0,"message":[],"expect":[]}', "message"),
        (b'{"at_ms":0,"message":{},"expect":{}}', "expect"),
        (b'{"at_ms":0,"message":{},"expect":[1]}', "expect"),
        (b'{"at_ms":0,"message":{},"expect":[', "not JSON"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_step(line)


def test_a_time_that_no_calendar_has_is_refused() -> None:
    step = read_step(step_line(0, {"timestamp": "{+99999999999999ms}", "x": "{+99999999999999ms}"}, []))
    assert step is not None
    assert step.resolved()[0].startswith(b'{"timestamp":"5')
    step = read_step(step_line(0, {"timestamp": "{-99999999999999ms}"}, []))
    assert step is not None
    with pytest.raises(InputError, match="calendar"):
        step.resolved()


def test_other_requests_leave_the_rest_of_a_line_as_it_is_spelled() -> None:
    line = b'{ "note": 1.50, "at_ms":0, "message":{"a": 1e2},  "expect":[] }\n'
    assert (
        with_expect(line, [{"a": 1}]) == b'{"note":1.50,"at_ms":0,"message":{"a": 1e2},"expect":[{"a":1}]}\n'
    )
