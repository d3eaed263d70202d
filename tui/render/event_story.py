"""The lines of an event's story: a property each, and all about one of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...core import quoted_filter
from ...core.api.models import Summary
from ...core.stories.model import EventStory, PropertyStory, TypeSeen
from ...core.text import counted
from ..model.narrowing import both, event_term
from .columns import fit
from .detail import Line, Span, message_line, rule, worded, wrapped
from .glyphs import Glyphs, severity_mark
from .plot import GUTTER, axis, columns, share_rows, strip
from .summary import COUNT, call_mark, delivery_words, event_words, joined, short, span_words, step_words

SHARE = 6
STRIP = 16
TYPES = 26
PLOT = 4
"""Rows of the plot of shares."""
PLOT_WIDTH = 80
PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
"""A step of a path that needs no quotes in a filter."""
EVENT = ("event",)
"""The row of the event itself."""


def path_words(path: Sequence[str], marks: Glyphs) -> str:
    """Return a path as it is read: `products.price`."""
    return worded(".".join(path), marks)


def path_term(story: EventStory, path: Sequence[str]) -> str:
    """Return a path as the filter language writes it: `properties."my key".x`."""
    return ".".join(
        (story.holder, *(step if PLAIN.fullmatch(step) else quoted_filter(step) for step in path))
    )


def event_filter(story: EventStory) -> str:
    """Return the filter for the messages of the event, "" before one was read."""
    events = story.overview.events
    return event_term(events[0]) if events else ""


def percent(part: int, whole: int) -> str:
    """Return a share as `100%`, `99.9%`, `0.1%`: only all of them are 100%, only none of them 0%."""
    if not whole:
        return ""
    share = part * 100 / whole
    if part == whole or not part:
        return f"{share:.0f}%"
    words = f"{share:.0f}" if 10 <= share < 99.5 else f"{share:.1f}"
    return f"{min(max(float(words), 0.1), 99.9):g}%"


def property_head(width: int) -> str:
    """Return the column heads of `property_spans`."""
    name, over_time, types = _columns(width)
    head = f"  {'property':<{name}} {'carry it':>{SHARE + 2}}"
    head += f"  {'over time':<{over_time}}" if over_time else ""
    return head + (f"  {'types':<{types}}" if types else "")


def _columns(width: int) -> tuple[int, int, int]:
    """Return cells for the name, the strip over time and the types."""
    over_time = STRIP if width >= 76 else 0
    types = TYPES if width >= 56 else 12 if width >= 40 else 0
    room = width - 2 - SHARE - 3 - (over_time + 2 if over_time else 0) - (types + 2 if types else 0)
    return max(room, 8), over_time, types


def property_spans(one: PropertyStory, story: EventStory, marks: Glyphs, width: int) -> list[Span]:
    """Draw `▲ revenue  99.9%  ▇▇▇▇▇▇  number, string`; the mark is for a type that changed."""
    name, over_time, types = _columns(width)
    changed = one.changes_total > 0
    spans: list[Span] = [
        (f"{marks.warning if changed else ' '} ", "warning"),
        (fit(path_words(one.path, marks), name, marks.ellipsis), "bold" if changed else "text"),
        (f"{percent(one.messages, story.covered.messages):>{SHARE + 3}}", "text"),
    ]
    if over_time:
        many, cells = columns(len(story.slots), story.start // story.step, over_time)
        drawn = strip(_joined(carried(one), story, many), cells, marks)
        spans.append((f"  {drawn:<{over_time}}", "dim"))
    if types:
        words = (
            f" {marks.arrow} ".join(seen.type for seen in one.types)
            if changed
            else ", ".join(seen.type for seen in one.types)
        )
        spans.append((f"  {fit(words, types, marks.ellipsis)}", "warning" if changed else "dim"))
    return spans


def event_row(story: EventStory, marks: Glyphs, width: int) -> list[Span]:
    """Draw the row of the event itself."""
    letter, style = call_mark(story.type, marks)
    words = worded(event_words(story.type, story.name), marks)
    name, _, _ = _columns(width)
    messages = story.overview.covered.messages
    return [
        (f"{letter} ", style),
        (fit(words, name, marks.ellipsis), "bold"),
        (f"{short(messages, SHARE + 3):>{SHARE + 3}}", "text"),
        ("  messages", "dim"),
    ]


def carried(one: PropertyStory) -> list[int]:
    """Return how many messages carry the property in each slot."""
    return [sum(counts) for counts in zip(*(seen.slots for seen in one.types), strict=True)]


def _joined(counts: Sequence[int], story: EventStory, many: int) -> list[int]:
    return joined(counts, story.start // story.step, many)


def event_lines(story: EventStory, width: int, marks: Glyphs) -> list[Line]:
    """List what became of the event: its delivery, and the rules that it trips."""
    overview, term = story.overview, event_filter(story)
    letter, style = call_mark(story.type, marks)
    name = fit(worded(event_words(story.type, story.name), marks), max(width - 2, 6), marks.ellipsis).rstrip()
    messages = overview.covered.messages
    numbers = counted(messages, "message")
    numbers += f", {overview.errors:,} with errors, {overview.warnings:,} with warnings only"
    lines = [
        Line(("name",), ((f"{letter} ", style), (name, "bold")), text=term),
        *wrapped(("numbers",), numbers, "text", width),
        Line(("", "delivery"), ()),
        rule(("delivery",), "Delivery", width, marks),
    ]
    words = ", ".join(delivery_words(event) for event in overview.events)
    lines += wrapped(("states",), words or "no message yet", "text" if words else "dim", width)
    silent = sum(event.silent for event in overview.events)
    if silent:
        said = f"{counted(silent, 'message')} of these become nothing that is sent to Mixpanel."
        lines += wrapped(("silent",), said, "warning", width)
    lines += [Line(("", "rules"), ()), rule(("rules",), "Warnings", width, marks, after="messages")]
    for one in overview.rules:
        room = max(width - 2 - COUNT - 1, 8)
        lines.append(
            Line(
                ("rule", one.rule),
                (
                    (f"{severity_mark(one.severity, marks)} ", one.severity),
                    (fit(worded(one.rule, marks), room, marks.ellipsis), "text"),
                    (f" {one.messages:>{COUNT},}", "text"),
                ),
                text=both(term, f"rule:{one.rule}"),
            )
        )
    if not overview.rules:
        lines.append(Line(("rule", ""), (("No rule fires on it.", "dim"),)))
    return lines


def property_lines(
    one: PropertyStory,
    story: EventStory,
    width: int,
    marks: Glyphs,
    found: Mapping[int, Summary | None],
    today: int,
) -> list[Line]:
    """List everything about one property; `found` are the messages of its changes that were read so far."""
    whole, term = story.covered.messages, event_filter(story)
    path = path_term(story, one.path)
    lines = wrapped(("name",), path_words(one.path, marks), "bold", width)
    has = f"{percent(one.messages, whole)} carry it: {one.messages:,} of {counted(whole, 'message')}"
    all_of_it = both(term, f"{path}?")
    lines += [Line(line.key, line.spans, text=all_of_it) for line in wrapped(("has",), has, "text", width)]
    if one.messages < whole:
        lacks = f"{whole - one.messages:,} without it"
        lines.append(Line(("lacks",), ((lacks, "text"),), text=both(term, f"-{path}?")))
    lines += [Line(("", "share"), ()), *_plot(one, story, width, marks)]
    lines += [
        Line(("", "changed"), ()),
        *_changes(one, width, marks, found, today, reading=story.covered.behind > 0),
    ]
    return lines


def _plot(one: PropertyStory, story: EventStory, width: int, marks: Glyphs) -> list[Line]:
    """Plot the share over time, and below each type, in the same columns."""
    room = max(min(width - GUTTER, PLOT_WIDTH), 8)
    many, cells = columns(len(story.slots), story.start // story.step, room)
    wholes = _joined(story.slots, story, many)
    parts = _joined(carried(one), story, many)
    after = f"a column is {step_words(many * story.step)}"
    lines = [rule(("share",), "Share over time", width, marks, after=after)]
    for number, row in enumerate(share_rows(parts, wholes, cells, PLOT, marks)):
        lines.append(Line(("share", str(number)), ((row[:GUTTER], "dim"), (row[GUTTER:], "info"))))
    covered = story.covered
    first, last = _ends(covered.since, covered.until)
    lines.append(Line(("share", "axis"), ((axis(first, last, len(wholes) * cells), "dim"),)))
    lines += [Line(("", "types"), ()), rule(("types",), "Types", width, marks, after="first to last message")]
    for seen in one.types:
        lines += _type(seen, story, many, cells, width, marks)
    return lines


def _ends(since: int, until: int) -> tuple[str, str]:
    first, last = span_words(since, until).split(" to ")
    return first, last


def _type(seen: TypeSeen, story: EventStory, many: int, cells: int, width: int, marks: Glyphs) -> list[Line]:
    key = ("type", seen.type)
    drawn = strip(_joined(seen.slots, story, many), cells, marks)
    count = f"{seen.messages:,}"
    times = span_words(seen.since, seen.until)
    name = fit(seen.type, max(width - len(count) - len(times) - 4, 8), marks.ellipsis)
    head: tuple[Span, ...] = ((f"{name} ", "text"), (f"{count}  ", "bold"), (times, "dim"))
    lead = (seen.first,)
    return [Line(key, head, lead), Line((*key, "strip"), ((" " * GUTTER, "dim"), (drawn, "dim")), lead)]


def _changes(
    one: PropertyStory,
    width: int,
    marks: Glyphs,
    found: Mapping[int, Summary | None],
    today: int,
    *,
    reading: bool,
) -> list[Line]:
    times = counted(one.changes_total, "time") if one.changes_total else ""
    lines = [rule(("changes",), "Type changed", width, marks, after=times)]
    if not one.changes:
        words = "never" + (", as far as the messages were read" if reading else "")
        return [*lines, Line(("change", ""), ((words, "dim"),))]
    for number, change in enumerate(one.changes):
        key = ("change", str(number))
        words = f"{change.before} {marks.arrow} {change.after}"
        head: tuple[Span, ...] = ((fit(words, width, marks.ellipsis).rstrip(), "warning"),)
        lines.append(Line((*key, "types"), head, (change.message,)))
        lines.append(message_line((*key, "message"), change.message, found, "  in ", width, marks, today))
    if one.changes_total > len(one.changes):
        more = f"and {one.changes_total - len(one.changes):,} earlier"
        lines.append(Line(("change", "more"), ((more, "dim"),)))
    return lines
