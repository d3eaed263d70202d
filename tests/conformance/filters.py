"""Conditions of destination filters, each as FQL text and in the published matcher's own form, and messages.

Left out is what Segment's page decides against the matcher: bytes in `length`, the names of lists, booleans
and null in `typeof`, a path to a list after `in`, a function within another, and a dot within a key.
"""

from __future__ import annotations

import json
import re
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]
Pair = tuple[str, Any]
"""The same as FQL text, and as the matcher has it."""

MESSAGES = 10
"""How many messages each condition is tried on."""

ANY_PATHS = [
    *(("event",), ("properties", "plan"), ("properties", "total"), ("properties", "a"), ("properties", "b")),
    *(("traits", "in"), ("traits", "and"), ("properties", "x y"), ("properties", "$k"), ("properties", "ü")),
    *(("properties", "2fa"), ("properties", "-x"), ("properties", "a\\b"), ("properties", "a", "x")),
    *(
        ("properties", "a", "0"),
        ("properties", "a", "length"),
        ("properties", "total", "x"),
        ("nothing", "at"),
    ),
    *(
        ("properties", "a", "1", "y"),
        ("_", "x"),
        ("and",),
        ("properties",),
        ("orders",),
        ("properties", "or"),
    ),
]
SCALAR_PATH = ("userId",)
SIZED_PATH = ("properties", "sized")
TEXT_PATH = ("properties", "text")
VERSION_PATH = ("context", "app", "version")

TEXTS = [
    "a",
    "",
    "abc",
    "A*c",
    "Order Completed",
    "é😀",
    "İSΣ",
    "12",
    "a'b",
    'a"b',
    "x\\",
    "null",
    "a\nb",
    "[b]",
    "1.2",
]
NUMBERS = [0, 1, -1, 2.5, 12, 1e3, 12345678901234567890, 9007199254740993, 0.1, 1.0]
SCALARS = [*TEXTS, *NUMBERS, True, False, None]
OBJECTS = [
    *({}, {"x": 1}, {"x": 1, "y": 2}, {"y": 2, "x": 1}, {"x": {"p": [1, None], "q": 2}}, {"x": None}),
    *({"x": {"q": 2, "p": [1, None]}}, {"1": 1, "0": 2}, {"0": 2, "1": 1}, {"a": 1, "2": 0, "1": 0}),
    *({"2": 0, "a": 1, "1": 0}, {"x": 1.0}, {"x": True}, {"01": 1, "1": 2}, {"1": 2, "01": 1}),
]
LISTS = [
    [],
    ["a"],
    ["a", "b"],
    ["b", "a"],
    [1, "1"],
    [1.0, "1"],
    [None],
    [[]],
    [{"x": 1, "y": 2}],
    [{"y": 2, "x": 1}],
]
VERSIONS = [
    *(
        "1",
        "1.2",
        "1.2.0",
        "1.2.3",
        "1.10",
        "2",
        "0.0.0",
        "1.2.3.4",
        "",
        "1..2",
        "x",
        "1.x",
        "1.2-beta",
        "v1",
    ),
    *(" 1 . 2 ", "+1.2", "-1", "1.2.3-rc1", "9" * 400, "01.2", "１.2", "1e3", "0x10"),
]
GLOB = st.text(st.sampled_from("*?[]^-\\abcABC019*?[]-αζ☺😀\n/."), max_size=8) | st.sampled_from(
    ["a*", "*c", "[a-c]*", "[^b]*", "*[b-d]?", "a\\*c", "[]a]", "[a-]", "[-x]", "*[*]*", "?", "[b-a]", "*"]
)
"""Patterns: most of them odd."""
SOUND_GLOB = st.lists(
    st.sampled_from(
        ["*", "?", "a", "b", "[^b]", "[a-c]", "[^a-b]", "[ab]", "[\\]^]", "\\*", "\\[", "[*?]", "[α-ζ]"]
    ),
    min_size=1,
    max_size=4,
).map("".join)


def _text(words: str) -> str:
    """A text in quotes; one that holds both kinds of quotes cannot be written."""
    quote = "'" if '"' in words else '"'
    return f"{quote}{words.replace(quote, '')}{quote}"


def _constant(value: Any) -> Pair:
    if isinstance(value, str):
        written = _text(value)
        return written, {"value": written[1:-1]}
    written = json.dumps(value)
    return (written if "e" not in written or not isinstance(value, float) else str(int(value))), {
        "value": value
    }


def _list(values: list[Any]) -> Pair:
    pairs = [_constant(value) for value in values]
    return f"[{', '.join(text for text, _ in pairs)}]", {"value": [one["value"] for _, one in pairs]}


def _path(keys: tuple[str, ...]) -> Pair:
    steps = [re.sub(r"([^A-Za-z0-9_-])", r"\\\1", key) for key in keys]
    if steps[0] in ("and", "or", "in", "null", "true", "false"):
        steps[0] = "\\" + steps[0]
    return ".".join(steps), ".".join(keys)


_paths = st.sampled_from(ANY_PATHS).map(_path)
_constants = st.sampled_from(SCALARS).map(_constant)
_scalars = st.one_of(_paths, _constants)


def _call(name: str, *arguments: Strategy) -> Strategy:
    return st.tuples(st.sampled_from([", ", ",", " , "]), *arguments).map(
        lambda drawn: (
            f"{name}({drawn[0].join(text for text, _ in drawn[1:])})",
            [name, *(ir for _, ir in drawn[1:])],
        )
    )


_lowercase = _call("lowercase", _scalars)
_length = _call(
    "length", st.one_of(st.just(_path(SIZED_PATH)), st.sampled_from(["", "abc", 5, None]).map(_constant))
)
_typeof = _call("typeof", _scalars)
_tests = st.one_of(
    _call("contains", _scalars, st.one_of(_scalars, st.sampled_from(["", "b", "rder", "É"]).map(_constant))),
    _call("match", _scalars, st.one_of(GLOB.map(_constant), GLOB.map(_constant), _scalars)),
    _call("match", st.just(_path(TEXT_PATH)), st.one_of(GLOB, SOUND_GLOB).map(_constant)),
    _call("match", st.text("abcABC019αζ☺😀-]^\\*", max_size=5).map(_constant), GLOB.map(_constant)),
    _call(
        "semver",
        st.one_of(st.just(_path(VERSION_PATH)), st.sampled_from([*VERSIONS, 1, None]).map(_constant)),
        st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "~"]).map(_constant),
        st.sampled_from(VERSIONS).map(_constant),
    ),
)
_SPACED = st.sampled_from([" ", " ", "  ", "\n", ""])


def _compared(operators: list[str], left: Strategy, right: Strategy) -> Strategy:
    return st.tuples(left, _SPACED, st.sampled_from(operators), _SPACED, right).map(
        lambda drawn: (
            f"{drawn[0][0]}{drawn[1]}{drawn[2]}{drawn[3]}{drawn[4][0]}",
            [drawn[2], drawn[0][1], drawn[4][1]],
        )
    )


def _member(drawn: tuple[Pair, list[Pair]]) -> Pair:
    left, items = drawn
    return f"{left[0]} in [{', '.join(text for text, _ in items)}]", [
        "in",
        left[1],
        {"value": [ir for _, ir in items]},
    ]


_EQUAL = ["=", "!="]
_simple = st.one_of(
    _compared(_EQUAL, _scalars, _scalars),
    _compared(_EQUAL, *(st.just(_path(("properties", name))) for name in "ab")),
    _compared(_EQUAL, _paths, st.sampled_from(LISTS[:7]).map(_list)),
    _compared(_EQUAL, st.one_of(_lowercase, _length), _scalars),
    _compared(_EQUAL, _lowercase, _lowercase),
    _compared(_EQUAL, _typeof, st.sampled_from(["string", "number", "text"]).map(_constant)),
    _compared(_EQUAL, _tests, st.sampled_from([True, False]).map(_constant)),
    _compared(["<", "<=", ">", ">="], st.one_of(_scalars, _length), st.one_of(_scalars, _length)),
    st.tuples(_scalars, st.lists(st.one_of(_constants, st.just(_path(SCALAR_PATH))), max_size=3)).map(
        _member
    ),
    _tests,
    _tests,
    st.one_of(_lowercase, _length, _typeof, _scalars),
)


@cache
def _conditions(depth: int) -> Strategy:
    """Pairs with whether the text must stand in brackets beside `and`, and behind `!`."""
    plain = _simple.map(lambda pair: (*pair, False, not isinstance(pair[1], list) or pair[1][0] in _BARE))
    if not depth:
        return plain
    inner = _conditions(depth - 1)
    return st.one_of(
        plain,
        plain,
        inner.map(lambda one: (f"!{one[0] if one[3] else f'({one[0]})'}", ["!", one[1]], False, False)),
        inner.map(lambda one: (f"( {one[0]} )", one[1], False, True)),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: (
                " and ".join(f"({one[0]})" if one[2] else one[0] for one in parts),
                ["and", *(one[1] for one in parts)],
                False,
                False,
            )
        ),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: (
                " or ".join(one[0] for one in parts),
                ["or", *(one[1] for one in parts)],
                True,
                False,
            )
        ),
    )


_BARE = ("contains", "match", "semver")
"""Behind `!` without brackets: calls, as the page writes them, and paths."""


def _placed(values: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "track"}
    for keys, value in sorted(values.items(), key=lambda item: len(item[0])):
        at = message
        for key in keys[:-1]:
            at = at.setdefault(key, {})
            if not isinstance(at, dict):
                break
        else:
            at[keys[-1]] = value
    return message


_STARTS = [keys for keys in ANY_PATHS if len(keys) < 3 and keys != ("properties",)]
_VALUES = [*SCALARS, *OBJECTS, *LISTS]


def _message(seed: int) -> dict[str, Any]:
    """A message that follows from a number. Two of its values are often objects that are nearly the same."""
    random = Random(seed)
    values = {random.choice(_STARTS): random.choice(_VALUES) for _ in range(random.randrange(8))}
    alike = random.choice(([], OBJECTS[:7], OBJECTS[7:], LISTS))
    if alike:
        values |= {("properties", name): random.choice(alike) for name in "ab"}
    return _placed(
        {
            **values,
            SCALAR_PATH: random.choice(SCALARS),
            SIZED_PATH: random.choice(["", "abc", [], [1, [2]], 5, None, True, {"length": 3}]),
            VERSION_PATH: random.choice([*VERSIONS, 2, None]),
            TEXT_PATH: "".join(random.choice("aabbc]^*[?-\\αζ😀") for _ in range(random.randrange(5))),
        }
    )


@st.composite
def filter_rows(draw: st.DrawFn) -> dict[str, Any]:
    """A condition twice, and messages: `{"fql", "filter", "messages"}`."""
    fql, filter, *_ = draw(_conditions(2))
    seeds = draw(st.lists(st.integers(0, 2**32 - 1), min_size=MESSAGES, max_size=MESSAGES, unique=True))
    return {"fql": fql, "filter": filter, "messages": [_message(seed) for seed in seeds]}
