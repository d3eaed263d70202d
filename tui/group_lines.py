"""The lines of the screen of Group Analytics: the four parts of each group key, and its events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.overview.groups import GroupKeyCheck, Groups, PartCheck, Standing
from ..core.text import counted
from ..core.toml_text import fits_toml, toml_value
from ..core.views import Summary
from .columns import fit
from .detail_lines import READING, Line, Span, message_line, rule, tick, worded, wrapped
from .marks import Marks

STYLES: dict[Standing, str] = {"yes": "ok", "partly": "warning", "no": "error", "unknown": "dim"}
_PART, _STANDING = 20, 8
_COUNT = 8
TEACHES = (
    "Group Analytics counts companies, workspaces or teams in the place of users. For each group key four "
    "parts must agree, and Mixpanel tells of none that is missing:",
    "",
    "  1  the group key that Mixpanel has is the one that Segment writes",
    "  2  group() makes the group's profile",
    "  3  identify() puts the key on the user's profile",
    "  4  every event carries the key",
    "",
    "No message here uses groups yet, and the settings name no group key. Call",
    "",
    '  analytics.group("acme", { name: "Acme", plan: "pro" })',
    "",
    "and name Mixpanel's group keys in segtap.toml, for they cannot be seen from outside:",
    "",
    '  mixpanel_group_keys = ["$group_id"]',
    "",
    "They are in Mixpanel's Project Settings › Group Keys; [] says that there are none.",
)
"""What the screen says while no groups are used."""


def standing_mark(standing: Standing, marks: Marks) -> str:
    """One cell: there, partly there, not there, not known."""
    return {"yes": tick(marks), "partly": marks.warning, "no": marks.error, "unknown": "?"}[standing]


def known_lines(groups: Groups, width: int, marks: Marks) -> list[Line]:
    """Mixpanel's group keys as the settings have them, or how to tell them."""
    if groups.known is not None:
        keys = ", ".join(worded(key, marks) for key in groups.known) or "none"
        return wrapped(("known",), f"Mixpanel's group keys, by mixpanel_group_keys: {keys}", "dim", width)
    mark: Span = ("? ", "warning")
    text = "Mixpanel's group keys are unknown: they cannot be seen from outside. Put them into segtap.toml:"
    lines = wrapped(("known",), text, "warning", width, first=(mark,), indent=2)
    if groups.covered.behind:
        return [*lines, Line(("known", "toml"), ((f"  {worded(READING, marks)}", "waiting"),))]
    line = "mixpanel_group_keys = " + toml_value([check.key for check in groups.keys if fits_toml(check.key)])
    return [*lines, Line(("known", "toml"), (("  ", "text"), (worded(line, marks), "info")))]


def key_lines(
    check: GroupKeyCheck, width: int, marks: Marks, found: Mapping[int, Summary | None], today: int
) -> list[Line]:
    """The four parts of one key, with their fixes and the messages that show it."""
    there = sum(part.standing == "yes" for part in check.parts)
    of = f"{there} of {len(check.parts)} parts"
    title = fit(worded(check.key, marks), max(width - len(of) - 4, 6), marks.ellipsis).rstrip()
    lines = [rule((check.key, "key"), title, width, marks, after=of)]
    for part in check.parts:
        lines += _part(check.key, part, width, marks, found, today)
    return lines


def _part(
    group_key: str,
    part: PartCheck,
    width: int,
    marks: Marks,
    found: Mapping[int, Summary | None],
    today: int,
) -> list[Line]:
    key, style = (group_key, part.part), STYLES[part.standing]
    head: tuple[Span, ...] = (
        (f"{standing_mark(part.standing, marks)} ", style),
        (f"{part.part:<{_PART}}", "bold"),
        (f"{part.standing:<{_STANDING}}", style),
    )
    indent = 2 + _PART + _STANDING
    words = worded(part.words, marks)
    if width >= indent + 40:
        lines = wrapped(key, words, "text", width, first=head, indent=indent, messages=part.messages)
    else:
        indent = 2
        lines = [
            Line((*key, "head"), head, part.messages),
            *wrapped(key, words, "text", width, first=(("  ", "text"),), indent=2, messages=part.messages),
        ]
    if part.fix and part.standing != "yes":
        arrow: tuple[Span, ...] = ((" " * indent, "text"), (f"{marks.arrow} ", "ok"))
        fix = worded(part.fix, marks)
        lines += wrapped((*key, "fix"), fix, "ok", width, first=arrow, indent=indent + 2)
    shown = part.messages if part.standing != "yes" else part.messages[-1:]
    for message in shown:
        place = (*key, "message", str(message))
        lines.append(message_line(place, message, found, " " * indent, width, marks, today))
    return lines


def event_lines(check: GroupKeyCheck, width: int, marks: Marks) -> list[Line]:
    """How often each event came with the key and without it; those that lack it first."""
    if not check.events:
        return [Line((check.key, "events"), (("No event was seen.", "dim"),))]
    bars = 12 if width >= 56 else 0
    room = max(width - 2 - 2 * _COUNT - (bars + 1 if bars else 0), 8)
    head = f"  {'event':<{room}}{'with':>{_COUNT}}{'without':>{_COUNT}}"
    lines = [Line((check.key, "events"), ((head, "dim"),))]
    for event in check.events:
        total = event.carrying + event.lacking
        standing: Standing = "yes" if not event.lacking else "partly" if event.carrying else "no"
        filled = round(bars * event.carrying / total) if total else 0
        if event.carrying and bars:
            filled = max(1, min(filled, bars - 1 if event.lacking else bars))
        full, empty = ("#", ".") if marks.error.isascii() else ("━", "─")
        spans: list[Span] = [
            (f"{standing_mark(standing, marks)} ", STYLES[standing]),
            (fit(worded(event.event, marks), room, marks.ellipsis), "text"),
            (f"{event.carrying:>{_COUNT},}", "ok" if event.carrying else "dim"),
            (f"{event.lacking:>{_COUNT},}", STYLES[standing] if event.lacking else "dim"),
        ]
        if bars:
            spans += [(" " + full * filled, "ok"), (empty * (bars - filled), "dim")]
        lines.append(Line((check.key, "event", event.event), tuple(spans), text=event.event))
    return lines


def events_title(check: GroupKeyCheck, marks: Marks) -> str:
    """`company_id on events: 12 of 40`."""
    carrying = sum(event.carrying for event in check.events)
    total = carrying + sum(event.lacking for event in check.events)
    return f"{worded(check.key, marks)} on {carrying:,} of {counted(total, 'event')}"


def all_lines(
    groups: Groups,
    width: int,
    marks: Marks,
    found: Mapping[int, Summary | None],
    today: int,
    *,
    events: bool,
) -> list[Line]:
    """The whole; with `events` each key's events below its parts."""
    lines = known_lines(groups, width, marks)
    for check in groups.keys:
        lines += [Line(("", check.key), ()), *key_lines(check, width, marks, found, today)]
        if events:
            lines += [Line(("", check.key, "events"), ()), *event_lines(check, width, marks)]
    return lines


def messages_of(checks: Sequence[GroupKeyCheck]) -> list[int]:
    """The messages that show how it stands."""
    return [message for check in checks for part in check.parts for message in part.messages]
