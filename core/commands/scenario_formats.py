"""How `segtap replay --expect` prints for CI: one function a format, from compared messages to lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..scenarios.differences import Difference
from ..text import shown
from ..verdict import Finding
from .check import Checked
from .check_formats import as_github, as_junit
from .scenario import ComparedStep

RULE = "scenario"
"""What a difference is called in JUnit and in annotations."""
FIX = "correct the settings, or accept it: segtap replay FILE --update"

Format = Callable[[Iterable[ComparedStep], str], Iterator[str]]
"""From compared messages and the name of their file to lines without their newline."""


def as_annotations(compared: Iterable[ComparedStep], file: str) -> Iterator[str]:
    """Yield annotations for GitHub Actions, on the line of the message."""
    return as_github(map(_checked, compared), file)


def as_xml(compared: Iterable[ComparedStep], file: str) -> Iterator[str]:
    """Yield a JUnit XML document with a test case for each message."""
    return as_junit(map(_checked, compared), file, suite="segtap replay --expect")


def _checked(one: ComparedStep) -> Checked:
    """Turn a compared message into what the formats of `segtap check` print: a difference is an error."""
    findings = [
        Finding(RULE, "error", each.path, f"{each.path} {_words(each)}", FIX) for each in one.differences
    ]
    if findings and one.expected and not one.made:
        findings = [Finding(RULE, "error", "requests", f"no request is made any more: {one.why}", FIX)]
    call = one.name.partition(" ")[0]
    return Checked(line=one.line, call=call, name=one.name, findings=tuple(findings))


def _words(difference: Difference) -> str:
    if difference.state == "added":
        return f"is new: {shown(difference.now)}"
    if difference.state == "removed":
        return f"is missing; it was {shown(difference.was)}"
    return f"was {shown(difference.was)}, and is {shown(difference.now)}"


FORMATS: dict[str, Format] = {"github": as_annotations, "junit": as_xml}
"""The values of `--format` that CI reads."""
