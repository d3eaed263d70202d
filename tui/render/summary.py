"""The lines of the summary screen, each for the width there is: a rule, an event, words for times. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ...core.aggregates.model import UNKNOWN, EventCount, Overview, RuleCount, SourceCount
from ...core.delivery import DeliveryState
from ...core.messages import RAW_TYPE
from ...core.modes import Mode
from ...core.text import clean, counted, shorten
from .clock import second
from .columns import fit
from .detail import Span, reading_words, worded
from .glyphs import Glyphs, call_letter, severity_mark

FULL, HALF = "━", "╸"
"""A bar is a heavy line: bars of neighbouring rows stay apart."""
STATES = (
    (DeliveryState.FAULT, "error"),
    (DeliveryState.REFUSED, "error"),
    (DeliveryState.STUCK, "error"),
    (DeliveryState.UNCERTAIN, "warning"),
    (DeliveryState.HELD, "waiting"),
    (DeliveryState.WAITING, "waiting"),
    (DeliveryState.SENT, "ok"),
    (DeliveryState.NONE, "dim"),
    (DeliveryState.OFF, "dim"),
)
"""Deliveries in the order in which they matter, each with its style."""
SOURCE = 16
"""Characters of a source's name that are shown."""
SEARCHED = 30
"""Characters of a filter that are shown."""
WITH_MODE = 100
"""Cells from which on events have a column for the connection mode."""
SPARK = 24
SPARK_NARROW = 12
BAR = 24
COUNT = 7
"""Cells of a number, see `short`."""
MODE = 6
"""Cells of the connection mode."""
FEW = 5
"""Cells of the numbers of errors and warnings."""


# Numbers as pictures


def short(count: int, cells: int) -> str:
    """Write a number in so many cells: `12,345`, else `12k`, else `1.2M`."""
    whole = f"{count:,}"
    if len(whole) <= cells:
        return whole
    thousands = f"{count / 1_000:,.0f}k"
    return thousands if count < 1_000_000 and len(thousands) <= cells else f"{count / 1_000_000:.1f}M"


def joining(first: int, count: int, most: int) -> int:
    """Return how many neighbouring slots to join, so that `count` of them become at most `most`.

    `first` is the number of the first slot since the epoch: slots are put together at multiples, so that the
    same ones are at the next asking, and bars grow where they stand.
    """
    many = 1
    while count and (first + count - 1) // many - first // many + 1 > max(most, 1):
        many += 1
    return many


def joined(counts: Sequence[int], first: int, many: int) -> list[int]:
    """Join the counts of neighbouring slots, see `joining`."""
    found: dict[int, int] = {}
    for number, count in enumerate(counts, first):
        found[number // many] = found.get(number // many, 0) + count
    return list(found.values())


def sparkline(slots: Sequence[int], overview: Overview, width: int, marks: Glyphs) -> str:
    """Draw the counts over time in at most `width` cells: a bar for each, a blank for none."""
    first = first_slot(overview)
    counts = joined(slots, first, joining(first, len(slots), width))
    top = max(counts, default=0)
    levels = marks.spark.removesuffix("█")  # rows of whole blocks would run into each other
    return "".join(levels[-(-count * len(levels) // top) - 1] if count else " " for count in counts)


def bar(part: int, whole: int, width: int, marks: Glyphs) -> str:
    """Draw a bar whose length is the part's share of the whole; never empty."""
    if not part or not whole or width < 1:
        return ""
    if marks.ascii:
        return "#" * max(1, round(part * width / whole))
    halves = max(1, round(part * width * 2 / whole))
    return FULL * (halves // 2) + HALF * (halves % 2)


# Rules


def rule_head(width: int) -> str:
    """Return the column heads of `rule_spans`."""
    name, bars, spark = _rule_columns(width)
    head = f"  {'rule':<{name}} {'messages':>{bars + 1 + COUNT if bars else COUNT + 1}}"
    return f"{head}  {'over time':<{spark}}" + ("  last" if width >= 90 else "")


def _rule_columns(width: int) -> tuple[int, int, int]:
    """Return cells for the id, the bar and the line over time."""
    spark = SPARK if width >= 90 else SPARK_NARROW
    room = width - 2 - (COUNT + 1) - (2 + spark) - (10 if width >= 90 else 0)
    name = min(34, max(room - 8, 12))
    return name, max(0, min(BAR, room - name - 1)), spark


def rule_spans(rule: RuleCount, overview: Overview, most: int, marks: Glyphs, width: int) -> list[Span]:
    """Draw `✖ insert-id-charset  ██████▌  412  ▁▂▅█▂▁  10:41:03`; `most` is the count of the longest bar."""
    name, bars, spark = _rule_columns(width)
    style = rule.severity
    drawn = "dim" if style == "info" else style  # what is only a note is not to catch the eye
    spans: list[Span] = [
        (severity_mark(style, marks), style),
        (f" {fit(worded(rule.rule, marks), name, marks.ellipsis)} ", "bold" if style == "error" else "text"),
        (f"{bar(rule.messages, most, bars, marks):<{bars}} " if bars else "", drawn),
        (f"{short(rule.messages, COUNT):>{COUNT}}", "bold"),
        (f"  {sparkline(rule.slots, overview, spark, marks):<{spark}}", drawn),
    ]
    if width >= 90:
        spans.append((f"  {second(rule.last)}", "dim"))
    return spans


# Events


def event_head(width: int, marks: Glyphs) -> str:
    """Return the column heads of `event_spans`."""
    name, delivery, spark = _event_columns(width)
    head = f"  {'event':<{name}} {'messages':>{COUNT + 1}} {marks.error:>6} {marks.warning:>6}"
    head += f"  {'mode':<{MODE}}" if width >= WITH_MODE else ""
    head += f"  {'delivery':<{delivery}}" if delivery else ""
    return head + (f"  {'over time':<{spark}}" if spark else "")


def _event_columns(width: int) -> tuple[int, int, int]:
    """Return cells for the name, where the messages stand at Mixpanel, and the line over time."""
    fixed = 2 + (COUNT + 2) + 14
    delivery = 0 if width < 56 else 14 if width < 90 else 20
    spark = 0 if width < 76 else SPARK_NARROW if width < 110 else SPARK
    mode = MODE + 2 if width >= WITH_MODE else 0
    room = width - fixed - mode - (delivery + 2 if delivery else 0) - (spark + 2 if spark else 0)
    return max(8, min(room, 48)), delivery, spark


def event_spans(event: EventCount, overview: Overview, marks: Glyphs, width: int) -> list[Span]:
    """Draw `T Order Completed  412  ✖12  ▲40  ✖12 ✓300  ▁▂▅█`."""
    name, delivery, spark = _event_columns(width)
    letter, style = call_mark(event.type, marks)
    words = event_words(event.type, event.name)
    spans: list[Span] = [
        (letter, style),
        (f" {fit(worded(words, marks), name, marks.ellipsis)} ", "text" if event.name else "dim"),
        (f"{short(event.messages, COUNT):>{COUNT + 1}}", "bold"),
        (f" {f'{marks.error}{short(event.errors, FEW)}' if event.errors else '':>6}", "error"),
        (f" {f'{marks.warning}{short(event.warnings, FEW)}' if event.warnings else '':>6}", "warning"),
    ]
    if width >= WITH_MODE:
        words, style = mode_word(event.modes)
        spans.append((f"  {fit(words, MODE, marks.ellipsis)}", style))
    if delivery:
        spans += [("  ", "dim"), *_delivery_spans(event, delivery, marks)]
    if spark:
        spans.append((f"  {sparkline(event.slots, overview, spark, marks):<{spark}}", "dim"))
    return spans


def mode_word(modes: Sequence[Mode]) -> Span:
    """Return the connection modes of the events of a name in one word."""
    if "cloud" in modes and "device" in modes:
        return "both", "text"
    if "device" in modes:
        return "device", "text"
    return " ".join(modes) if len(modes) < 2 else "cloud?", "dim"


def _delivery_spans(event: EventCount, width: int, marks: Glyphs) -> list[Span]:
    spans: list[Span] = []
    room = width
    for state, style in STATES:
        count = event.delivery.get(state, 0)
        if not count or not event.type:
            continue
        words = f"{marks.delivery[state]}{count:,} "
        if len(words) - 1 > room:
            break
        spans.append((words, style))
        room -= len(words)
    return [*spans, (" " * max(room, 0), "dim")]


def call_mark(type: str, marks: Glyphs) -> Span:
    """Return a call's letter and style as in the list; for refused requests their mark."""
    if not type:
        return marks.refused, "refused"
    return call_letter(type)


def event_words(type: str, name: str) -> str:
    """Return an event's name; for calls that are counted together their type."""
    if type == UNKNOWN:
        return f"of type {clean(name)}" if name else "without a type"
    if name:
        return clean(name)
    if type == RAW_TYPE:
        return "straight to Mixpanel, without a name"
    return f"{clean(type)} without a name" if type in ("page", "screen") else f"all {clean(type)} calls"


def gravity_of(event: EventCount) -> int:
    """Return 0 for an event with errors, 1 for one with warnings, 2 for one without either."""
    return 0 if event.errors else 1 if event.warnings else 2


def delivery_words(event: EventCount) -> str:
    """Return `12 refused, 300 sent`."""
    if not event.type:
        return "requests that were answered with 4xx: nothing of them is kept as a message"
    parts = [f"{event.delivery[state]:,} {state}" for state, _ in STATES if event.delivery.get(state)]
    return ", ".join(parts)


# Time


def first_slot(overview: Overview) -> int:
    """Return the number of the first slot since the epoch."""
    return overview.slots[0].start // overview.step if overview.slots else 0


def span_words(since: int, until: int) -> str:
    """Format a range as `10:02:11 to 10:41:05`, with the days if they differ."""
    one, other = (datetime.fromtimestamp(ms / 1000).astimezone() for ms in (since, until))
    if one.date() == other.date():
        return f"{one:%H:%M:%S} to {other:%H:%M:%S}"
    return f"{one.day} {one:%b %H:%M} to {other.day} {other:%b %H:%M}"


def step_words(ms: int) -> str:
    """Format a duration as `30 s`, `5 min`, `6 h` or `7 days`."""
    for unit, words in ((86_400_000, "day"), (3_600_000, "h"), (60_000, "min")):
        if ms >= unit and ms % unit == 0:
            return counted(ms // unit, words) if words == "day" else f"{ms // unit} {words}"
    return f"{ms // 1000} s"


# As text


def text_lines(overview: Overview, marks: Glyphs, searched: str = "") -> Iterable[str]:
    """Return the whole summary as text, for the clipboard; `searched` is the filter, "" for none."""
    covered = overview.covered
    yield f"Summary of {covered_words(overview, searched)}"
    if reading := reading_words(covered):
        yield reading
    yield f"{counted(overview.errors, 'error')}, {counted(overview.warnings, 'message')} with warnings only"
    yield ""
    yield "By rule"
    for rule in overview.rules:
        name = f"{severity_mark(rule.severity, marks)} {clean(rule.rule):<34}"
        most = ", ".join(f"{event_words(one.type, one.name)} {one.messages:,}" for one in rule.events)
        yield f"{name} {rule.messages:>{COUNT},}  {most}"
    yield ""
    yield "By event"
    for event in overview.events:
        letter, _ = call_mark(event.type, marks)
        yield (
            f"{letter} {fit(event_words(event.type, event.name), 40, marks.ellipsis)}"
            f" {event.messages:>{COUNT},} messages, {event.errors:,} with errors,"
            f" {event.warnings:,} with warnings only; {delivery_words(event)}"
        )
    yield ""
    yield "By source"
    for source in overview.sources:
        name = fit(source_words(source), 40, marks.ellipsis)
        yield f"{name} {source.messages:>{COUNT},} messages"
    yield ""
    yield f"Over time, by {step_words(overview.step)} ({span_words(covered.since, covered.until)})"
    for slot in overview.slots:
        if slot.messages:
            yield (
                f"{datetime.fromtimestamp(slot.start / 1000).astimezone():%Y-%m-%d %H:%M:%S}"
                f" {slot.messages:>{COUNT},} messages, {slot.errors:,} with errors,"
                f" {slot.warnings:,} with warnings only"
            )


def source_words(source: SourceCount) -> str:
    """Return what a source is called."""
    return clean(source.source) or "no write key"


def sources_words(sources: Sequence[SourceCount]) -> str:
    """Return `3 sources: web 1,204, ios 310 …`, with the largest two; "" if there is only one."""
    if len(sources) < 2:
        return ""
    most = [f"{shorten(source_words(one), SOURCE)} {one.messages:,}" for one in sources[:2]]
    return f"{len(sources):,} sources: {', '.join(most)}{' …' if len(sources) > 2 else ''}"


def covered_words(overview: Overview, searched: str = "") -> str:
    """Return `1,204 messages and 3 refused requests`, or `1,204 messages that match order`."""
    covered = overview.covered
    words = counted(covered.messages, "message")
    if covered.refused:
        words += f" and {counted(covered.refused, 'refused request')}"
    return f"{words} that match {shorten(clean(searched), SEARCHED)}" if searched else words
