"""How `segtap check` prints: one function a format, from checked messages to lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import cast
from xml.sax.saxutils import escape, quoteattr

import msgspec

from ..json_text import to_json
from ..messages import Json
from ..text import clean, counted, shorten
from ..verdict import Finding
from .check import Checked, Tally

MARKS = {"error": "✖", "warning": "▲", "info": "·"}
ASCII_MARKS = {"error": "x", "warning": "!", "info": "."}

Format = Callable[[Iterable[Checked], str], Iterator[str]]
"""From checked messages and the name of their file to lines without their newline."""


def as_json(checked: Iterable[Checked], file: str) -> Iterator[str]:
    """Yield one line a message: `{"messageId", "warnings", "message", "not_sent", "stages"}`.

    A warning is `{"rule", "severity", "path", "message", "fix"}`; `pipeline.answer` makes the last three.
    """
    for one in checked:
        if one.error is not None:
            yield to_json({"error": f"line {one.line}: {one.error}"})
            continue
        warnings = cast("list[Json]", [msgspec.to_builtins(finding) for finding in one.findings])
        yield to_json({"messageId": one.message_id, "warnings": warnings, **one.answer})


def as_table(checked: Iterable[Checked], file: str, *, ascii_only: bool = False) -> Iterator[str]:
    """Yield errors and warnings under their message, and a line that sums up; notes are only counted."""
    marks, arrow = (ASCII_MARKS, "->") if ascii_only else (MARKS, "→")
    tally = Tally()
    for one in tally.counting(checked):
        where = f"{clean(file)}:{one.line}"
        if one.error is not None:
            yield f"{where}  cannot be read"
            yield f"  {marks['error']} {clean(one.error)}"
            continue
        found = _loud(one)
        if not found:
            continue
        yield f"{where}  {_label(one)}"
        width = max(len(finding.rule) for finding in found)
        for finding in found:
            yield f"  {marks[finding.severity]} {finding.rule:<{width}}  {clean(finding.message)}"
            yield f"    {'':<{width}}  {arrow} {clean(finding.fix)}"
    yield summary(tally)


def summary(tally: Tally) -> str:
    """Return `1,204 messages: 7 are sent nowhere; 3 errors and 12 warnings in 9 of them`."""
    words = f"{counted(tally.messages, 'message')}: "
    if tally.nowhere:
        words += f"{tally.nowhere:,} {'is' if tally.nowhere == 1 else 'are'} sent nowhere; "
    if tally.wrong:
        words += f"{counted(tally.errors, 'error')} and {counted(tally.warnings, 'warning')}"
        words += f" in {tally.wrong:,} of them"
    else:
        words += "no errors, no warnings" if tally.nowhere else "nothing is wrong"
    if tally.notes:
        words += f"; {counted(tally.notes, 'note')} (--format json shows them)"
    if tally.unreadable:
        words += f"; {counted(tally.unreadable, 'line')} could not be read"
    return words


def as_github(checked: Iterable[Checked], file: str) -> Iterator[str]:
    """Yield workflow commands that GitHub shows as annotations: `::error file=…,line=…,title=…::…`."""
    for one in checked:
        if one.error is not None:
            yield _annotation("error", file, one.line, "unreadable line", one.error)
            continue
        for finding in _loud(one):
            text = f"{_label(one)}: {finding.message} – {finding.fix}"
            yield _annotation(finding.severity, file, one.line, finding.rule, text)


def _annotation(level: str, file: str, line: int, title: str, text: str) -> str:
    place = f"file={_property(file)},line={line},title={_property(title)}"
    return f"::{level} {place}::{_data(text)}"


def _data(text: str) -> str:
    return clean(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def as_junit(checked: Iterable[Checked], file: str, *, suite: str = "segtap check") -> Iterator[str]:
    """Yield a test case per message: an error is a failure, a warning is in its output."""
    tally = Tally()
    cases: list[str] = []
    failures = 0
    for one in tally.counting(checked):
        failures += any(finding.severity == "error" for finding in one.findings)
        cases.extend(_case(one, file))
    totals = f'tests="{tally.messages + tally.unreadable}" failures="{failures}" errors="{tally.unreadable}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites name={_attribute(suite)} {totals}>"
    yield f"  <testsuite name={_attribute(file)} {totals}>"
    yield from cases
    yield "  </testsuite>"
    yield "</testsuites>"


def _case(one: Checked, file: str) -> Iterator[str]:
    name = f"line {one.line}" + ("" if one.error is not None else f": {_label(one)}")
    opening = (
        f"    <testcase classname={_attribute(one.call or 'message')} name={_attribute(name)} "
        f'file={_attribute(file)} line="{one.line}"'
    )
    if one.error is not None:
        yield f"{opening}>"
        yield f'      <error type="unreadable" message={_attribute(one.error)}/>'
        yield "    </testcase>"
        return
    errors = [finding for finding in one.findings if finding.severity == "error"]
    warnings = [finding for finding in one.findings if finding.severity == "warning"]
    if not errors and not warnings:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    for finding in errors:
        body = escape(clean(f"{finding.path}: {finding.fix}"))
        yield (
            f"      <failure type={_attribute(finding.rule)} message={_attribute(finding.message)}>"
            f"{body}</failure>"
        )
    if warnings:
        yield "      <system-out>"
        yield from (escape(clean(f"{f.rule}: {f.message} – {f.fix}")) for f in warnings)
        yield "      </system-out>"
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(clean(text))


def _loud(one: Checked) -> list[Finding]:
    return [finding for finding in one.findings if finding.severity != "info"]


def _label(one: Checked) -> str:
    """Return `track Order Completed (order_991)`."""
    name = shorten(clean(one.name), 80)
    if one.message_id is None:
        return name
    identity = one.message_id if isinstance(one.message_id, str) else to_json(one.message_id)
    return f"{name} ({shorten(clean(identity), 60)})"


FORMATS: dict[str, Format] = {
    "table": as_table,
    "json": as_json,
    "github": as_github,
    "junit": as_junit,
}
"""The values of `--format`."""
