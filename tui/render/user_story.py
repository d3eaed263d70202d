"""The lines of a user's story: a message each, the calls that joined ids between them, pauses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len

from ...core.api.models import MessageDetail
from ...core.delivery import MEANINGS, Delivery
from ...core.identities.model import Link
from ...core.messages import CALL_TYPES
from ...core.stories.model import Moment
from ...core.text import ago
from . import clock
from .columns import fit
from .detail import Line, Span, rule, worded, wrapped
from .glyphs import Glyphs, call_letter, severity_mark
from .message import DELIVERY_STYLE, sent_word
from .summary import short

PAUSE = 30 * 60_000
"""Milliseconds without a message that are worth a line: most SDKs begin a new session after them."""
TIME = 12
WARN, SENT = 7, 5
WITH_ID = 100
"""Cells from which a message also says which id it came with."""
ID, UUID = 24, 36
WAYS = {"identify": "identify", "alias": "alias", "merge": "$merge"}

RowKey = tuple[str, ...]


def story_rows(moments: Sequence[Moment], today: int) -> Iterator[tuple[RowKey, Moment, str | Link]]:
    """Yield the rows: their key, the message they lead to, and words or a join in place of the message.

    A message's own row has "".
    """
    last = 0
    for moment in moments:
        at = moment.line.received_at
        id = str(moment.line.id)
        if words := _break_words(last, at, today):
            yield ("pause", id), moment, words
        last = at
        yield ("message", id), moment, ""
        for number, link in enumerate(moment.joins):
            yield ("join", id, str(number)), moment, link


def _break_words(last: int, at: int, today: int) -> str:
    """Return the words between two messages: another day, or how long nothing came."""
    before, day = (datetime.fromtimestamp(ms / 1000).astimezone().date() for ms in (last or today, at))
    if before != day:
        return f"{day.day} {day:%B %Y}"
    if last and at - last >= PAUSE:
        return ago(last, at).removesuffix(" ago") + " later"
    return ""


def story_head(width: int) -> str:
    """Return the column heads of `moment_spans`."""
    own_id = _own_id(width)
    room = max(width - TIME - 5 - own_id - WARN - SENT, 6)
    head = f"{'received':<{TIME}}   {'message':<{room + 2}}"
    return f"{head}{'  came with'.ljust(own_id) if own_id else ''}{'warn':>{WARN}}{'sent':>{SENT}}"


def _own_id(width: int) -> int:
    """Return the cells for the id that a message came with, and the gap before it."""
    return 0 if width < WITH_ID else 2 + (UUID if width >= WITH_ID + UUID - ID else ID)


def row_spans(moment: Moment, what: str | Link, marks: Glyphs, width: int) -> list[Span]:
    """Draw one row of `story_rows`."""
    if not what:
        return moment_spans(moment, marks, width)
    if isinstance(what, str):
        dash = "-" if marks.ascii else "─"
        room = max(width - TIME - 4 - cell_len(what), 0)
        return [(" " * (TIME + 1) + dash, "dim"), (f" {what} ", "dim"), (dash * room, "dim")]
    return join_spans(moment, what, marks, width)


def moment_spans(moment: Moment, marks: Glyphs, width: int) -> list[Span]:
    """Draw `10:41:03.211 │ T Order Completed  order_991 · 59.8 EUR   ✖1   400`.

    The line in front is dotted while nobody is known: the message came with an anonymousId alone.
    """
    line = moment.line
    lane = ("|" if moment.known else ":") if marks.ascii else "│" if moment.known else "┊"
    letter, style = call_letter(line.type)
    own_id = _own_id(width)
    room = max(width - TIME - 5 - own_id - WARN - SENT, 6)
    name = worded(line.name or line.type, marks)
    if line.type not in ("track", "page", "screen") and line.type in CALL_TYPES:
        name = line.type
    late = late_words(moment)
    about = worded(moment.about, marks)
    label = fit(name, room, marks.ellipsis).rstrip()
    spans: list[Span] = [
        (clock.local(line.received_at)[:TIME], "dim"),
        (f" {lane} ", "info" if moment.known else "dim"),
        (f"{letter} ", style),
        (label, "bold" if line.type == "track" else "text"),
    ]
    left = room - cell_len(label)
    for text, style in ((about, "dim"), (late, "warning")):
        if text and left > 6:
            part = "  " + fit(text, left - 2, marks.ellipsis).rstrip()
            spans.append((part, style))
            left -= cell_len(part)
    spans.append((" " * max(left, 0), "text"))
    if own_id:
        spans.append((f"  {fit(worded(moment.id, marks), own_id - 2, marks.ellipsis)}", "dim"))
    errors = f"{marks.error}{short(line.errors, 2)}" if line.errors else ""
    warnings = f"{marks.warning}{short(line.warnings, 2)}" if line.warnings else ""
    if cell_len(errors) + cell_len(warnings) >= WARN:
        warnings = ""  # the column of a message with thousands of findings
    pad = max(WARN - cell_len(errors) - cell_len(warnings) - bool(errors and warnings), 0)
    spans += [(" " * pad + errors, "error"), (f"{' ' if errors and warnings else ''}{warnings}", "warning")]
    word = worded(sent_word(line, marks), marks)
    spans.append((f"{word:>{SENT}}", DELIVERY_STYLE[line.delivery]))
    return spans


def late_words(moment: Moment) -> str:
    """Say that a timestamp is far from the receipt: `timestamp 2 h before`; "" if it is not."""
    if not moment.late:
        return ""
    words = ago(0, abs(moment.late)).removesuffix(" ago")
    return f"timestamp {words} {'before' if moment.late > 0 else 'ahead'}"


def join_spans(moment: Moment, link: Link, marks: Glyphs, width: int) -> list[Span]:
    """Draw `├─ identify: 8216… is user-1122 ─────`, the moment at which two ids became one user's."""
    dash, corner = ("-", "+") if marks.ascii else ("─", "├")
    words = join_words(moment, link, marks, max(width - TIME - 6, 12))
    room = max(width - TIME - 5 - cell_len(words), 0)
    return [
        (f"{' ' * (TIME + 1)}{corner}{dash} ", "identify"),
        (words, "identify"),
        (f" {dash * room}", "identify"),
    ]


def join_words(moment: Moment, link: Link, marks: Glyphs, width: int) -> str:
    """Return `identify: 8216… is user-1122`: the call that joined two ids, which are cut if they must be."""
    way = WAYS.get(link.kind) or " ".join(filter(None, (moment.line.type, moment.line.name)))
    way = fit(worded(way, marks), max(width // 3, 8), marks.ellipsis).rstrip()
    one, other = worded(link.anonymous, marks), worded(link.user, marks)
    room = width - cell_len(way) - len(":  is ")
    if cell_len(one) + cell_len(other) > room:
        other = fit(other, max(room - min(cell_len(one), 5), room // 2, 3), marks.ellipsis).rstrip()
        one = fit(one, max(room - cell_len(other), 3), marks.ellipsis).rstrip()
    return f"{way}: {one} is {other}"


def about_lines(
    moment: Moment, detail: MessageDetail | None, width: int, marks: Glyphs, today: int
) -> list[Line]:
    """List what stands beside the timeline: ids, warnings with their fixes, and each attempt to deliver."""
    line = moment.line
    letter, style = call_letter(line.type)
    name = fit(worded(line.name or line.type, marks), max(width - 2, 6), marks.ellipsis).rstrip()
    lines = [
        Line(("name",), ((f"{letter} ", style), (name, "bold"))),
        Line(("time",), ((clock.local(line.received_at, today), "dim"),)),
    ]
    kind = "userId" if moment.known else "anonymousId"
    if moment.id:
        first: Span = (f"{kind} ", "dim")
        lines += wrapped(
            ("id",), worded(moment.id, marks), "text", width, first=(first,), indent=len(kind) + 1
        )
    if moment.about:
        lines += wrapped(("about",), worded(moment.about, marks), "text", width)
    if late := late_words(moment):
        words = f"{late}: Mixpanel has it at that time, this list stands in the order of receipt."
        lines += wrapped(("late",), words, "warning", width)
    for number, link in enumerate(moment.joins):
        words = join_words(moment, link, marks, 10_000)
        lines += wrapped(("join", str(number)), words, "identify", width)
    lines += [Line(("", "warnings"), ()), rule(("warnings",), "Warnings", width, marks)]
    lines += _findings(moment, detail, width, marks)
    lines += [Line(("", "delivery"), ()), rule(("delivery",), "Delivery", width, marks)]
    state = line.delivery
    words = f"{state}: {MEANINGS[state]}"
    lines += wrapped(("state",), words, DELIVERY_STYLE[state], width)
    for number, attempt in enumerate(() if detail is None else detail.deliveries):
        lines += _attempt(number, attempt, width, marks)
    return lines


def _findings(moment: Moment, detail: MessageDetail | None, width: int, marks: Glyphs) -> list[Line]:
    if detail is None:
        return [
            Line(
                ("warning", str(number)),
                ((f"{severity_mark(severity, marks)} ", severity), (worded(name, marks), "text")),
            )
            for number, (name, severity) in enumerate(moment.rules)
        ]
    lines: list[Line] = []
    for number, finding in enumerate(detail.verdict.findings):
        key = ("warning", str(number))
        mark = severity_mark(finding.severity, marks)
        head = f"{finding.rule}  {finding.message}"
        lines += wrapped(
            key, worded(head, marks), "text", width, first=((f"{mark} ", finding.severity),), indent=2
        )
        if finding.fix:
            lines += wrapped(
                (*key, "fix"),
                worded(finding.fix, marks),
                "ok",
                width,
                first=((f"  {marks.arrow} ", "ok"),),
                indent=4,
            )
    return lines or [Line(("warning", ""), (("none", "dim"),))]


def _attempt(number: int, attempt: Delivery, width: int, marks: Glyphs) -> list[Line]:
    status = str(attempt.status) if attempt.status else ""
    head = " ".join(filter(None, (clock.local(attempt.at), attempt.endpoint, status)))
    key = ("attempt", str(number))
    lines = [Line(key, ((worded(head, marks), "dim"),))]
    if attempt.words:
        lines += wrapped(
            (*key, "words"), worded(attempt.words, marks), "text", width, first=(("  ", "text"),), indent=2
        )
    return lines


def foot_lines(moment: Moment, marks: Glyphs) -> tuple[list[Span], list[Span]]:
    """Return two lines about a message for a narrow terminal: its rules, and its delivery."""
    rules: list[Span] = []
    for name, severity in moment.rules:
        rules += [(f"{severity_mark(severity, marks)} {worded(name, marks)}  ", severity)]
    state = moment.line.delivery
    return rules or [("no warnings", "dim")], [(f"{state}: {MEANINGS[state]}", DELIVERY_STYLE[state])]
