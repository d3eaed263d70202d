"""How `segtap mappings test` prints: one function a format, from results to lines of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import cast

import msgspec

from ..json_text import to_json
from ..messages import Json
from ..text import clean, counted
from ..verdict import Finding
from .check import Checked
from .check_formats import as_github, as_junit
from .mapping_tests import MappingResult

PASSED, FAILED = "✔", "✖"
ASCII_PASSED, ASCII_FAILED = "+", "x"
RULE = "mapping-test"
"""What a failed expectation is called in JUnit and in annotations."""
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*(?:tool\.segtap\.)?tests[ \t]*\]\]", re.MULTILINE)

Format = Callable[[Iterable[MappingResult], str, str], Iterator[str]]
"""From results, the settings file's name and its text to lines without their newline."""


def as_table(
    tested: Iterable[MappingResult], file: str, text: str, *, ascii_only: bool = False
) -> Iterator[str]:
    """Yield a line per test, the differences below it, and a summary."""
    passed, failed = (ASCII_PASSED, ASCII_FAILED) if ascii_only else (PASSED, FAILED)
    count = wrong = 0
    for one in tested:
        count += 1
        wrong += bool(one.differences)
        yield f"{failed if one.differences else passed} {clean(one.name)}"
        width = max((len(clean(difference.path)) for difference in one.differences), default=0)
        for difference in one.differences:
            yield f"    {clean(difference.path):<{width}}  {clean(difference.words)}"
    yield f"{counted(count, 'test')}: {wrong or 'none'} failed"


def as_json(tested: Iterable[MappingResult], file: str, text: str) -> Iterator[str]:
    """Yield an object per test: `{"name", "passed", "differences": [{"path", "expected", "found", …}]}`."""
    for one in tested:
        differences = cast("list[Json]", [msgspec.to_builtins(each) for each in one.differences])
        yield to_json({"name": one.name, "passed": not one.differences, "differences": differences})


def as_annotations(tested: Iterable[MappingResult], file: str, text: str) -> Iterator[str]:
    """Yield annotations for GitHub Actions, on the line of the settings file where the test begins."""
    return as_github(_checked(tested, text), file)


def as_xml(tested: Iterable[MappingResult], file: str, text: str) -> Iterator[str]:
    """Yield a JUnit XML document with a test case for each test."""
    return as_junit(_checked(tested, text), file, suite="segtap mappings test")


def _checked(tested: Iterable[MappingResult], text: str) -> Iterator[Checked]:
    """Turn results into what the formats of `segtap check` print: each difference is an error."""
    lines = [text.count("\n", 0, match.start()) + 1 for match in _HEADER.finditer(text)]
    finding = partial(Finding, RULE, "error")
    for one in tested:
        yield Checked(
            line=lines[one.number - 1] if one.number <= len(lines) else one.number,
            call="test",
            name=one.name,
            findings=tuple(
                finding(each.path, f"{each.path}: {each.words}", "change the mapping, or the test")
                for each in one.differences
            ),
        )


FORMATS: dict[str, Format] = {
    "table": as_table,
    "json": as_json,
    "github": as_annotations,
    "junit": as_xml,
}
"""The values of `--format`."""
