"""The lines of the screen of Group Analytics: the four parts of each group key, and its events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...core import DEFAULT_GROUP_KEY as DEFAULT_KEY
from ...core.aggregates.model import GroupKeyCheck, Groups, PartCheck, Standing
from ...core.api.models import Summary
from ...core.messages import Json
from ...core.text import counted
from ...core.toml_text import fits_toml, toml_value
from ...core.verdict import Severity
from ..model.narrowing import group_term, named_term
from .columns import fit
from .detail import READING, Line, Span, message_line, rule, tick, worded, wrapped
from .glyphs import Glyphs, severity_mark

STYLES: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "info"}
_PART, _STANDING = 20, 8
_COUNT = 8
_PARTS_TO_AGREE = (
    "Group Analytics counts companies, workspaces or teams in the place of users. For each group key four "
    "parts must agree:",
    "  1  the group key that Mixpanel has is the one that Segment writes",
    "  2  group() makes the group's profile",
    "  3  identify() puts the key on the user's profile",
    "  4  every event carries the key",
    "",
)


def teaches(groups: Groups) -> tuple[str, ...]:
    """Explain how to use group keys, by destination, while none is in use."""
    lines = list(_PARTS_TO_AGREE)
    if groups.known == ():
        head = "mixpanel_group_keys = [] says that this project has no group key, and no message uses groups."
        lines = [head, "", *lines]
    key = next(iter((*(groups.known or ()), *groups.written)), groups.likely or "company_id")
    lines += _on_classic(groups, key) if groups.destination == "classic-cloud" else _on_actions(groups, key)
    return (
        *lines,
        "Name Mixpanel's group keys (Project Settings › Group Keys) in segtap.toml, for they cannot be seen "
        "from outside; [] says that there are none:",
        f"  mixpanel_group_keys = {toml_value([key])}",
    )


def _on_classic(groups: Groups, key: str) -> list[str]:
    if groups.group_calls:
        calls = counted(groups.group_calls, "group call")
        came = f"{calls} came, and the classic destination sent none: Group Identifier Traits is empty. Call"
    else:
        came = (
            "No message here uses groups yet. The classic destination reads the second argument of group(),"
            " its traits, and not the first. Call"
        )
    lines = [came, "", f'  analytics.group("acme", {{ {_name(key)}: "acme", name: "Acme" }})']
    if key not in groups.written:
        lines += [
            "",
            "and list the key in Segment's Group Identifier Traits, here under [classic]:",
            "",
            f"  group_identifier_traits = {toml_value([key])}",
        ]
    return [*lines, "", f"Send {key} as a property of every event and as a trait of identify."]


def _on_actions(groups: Groups, key: str) -> list[str]:
    lines = [
        "No message here uses groups yet. Call",
        "",
        '  analytics.group("acme", { name: "Acme", plan: "pro" })',
        "",
    ]
    if key not in groups.written:
        lines.append(f"and set group_key = {toml_value(key)} in the mapping of subscription 'Group Calls'.")
    how = "context.groupId" if key == DEFAULT_KEY else f"{key} as a property"
    return [*lines, f"Send {how} with every event, and the trait {key} with identify."]


def _name(key: str) -> str:
    """Write a key as in a JavaScript object."""
    return key if key.isidentifier() else toml_value(key)


def standing_mark(standing: Standing, severity: Severity | None, marks: Glyphs) -> str:
    """Return the mark of a part: present, unknown, or missing with the rule's severity."""
    if standing == "yes":
        return tick(marks)
    if standing == "unknown" or severity is None:
        return "?"
    return severity_mark(severity, marks)


def _style(standing: Standing, severity: Severity | None) -> str:
    if standing == "yes":
        return "ok"
    return "dim" if standing == "unknown" or severity is None else STYLES[severity]


def known_lines(groups: Groups, width: int, marks: Glyphs) -> list[Line]:
    """Return Mixpanel's group keys as the settings have them, or how to tell them."""
    if groups.known is not None:
        keys = ", ".join(worded(key, marks) for key in groups.known) or "none"
        return wrapped(("known",), f"Mixpanel's group keys, by mixpanel_group_keys: {keys}", "dim", width)
    mark: Span = ("? ", "warning")
    text = "Mixpanel's group keys are unknown: they cannot be seen from outside. Put them into segtap.toml:"
    lines = wrapped(("known",), text, "warning", width, first=(mark,), indent=2)
    if groups.covered.behind:
        return [*lines, Line(("known", "toml"), ((f"  {worded(READING, marks)}", "waiting"),))]
    found: list[Json] = [check.key for check in groups.keys if check.named and fits_toml(check.key)]
    line = f"mixpanel_group_keys = {toml_value(found)}" if found else 'mixpanel_group_keys = ["…"]'
    return [*lines, Line(("known", "toml"), (("  ", "text"), (worded(line, marks), "info")))]


def key_lines(
    check: GroupKeyCheck, width: int, marks: Glyphs, found: Mapping[int, Summary | None], today: int
) -> list[Line]:
    """List the four parts of one key, with their fixes and the messages that show it."""
    there = sum(part.standing == "yes" for part in check.parts)
    of = f"{there} of {len(check.parts)} parts"
    title = fit(worded(check.key, marks), max(width - len(of) - 4, 6), marks.ellipsis).rstrip()
    heading = rule((check.key, "key"), title, width, marks, after=of)
    lines = [replace(heading, text=group_term(check.key, named=check.named))]
    for part in check.parts:
        lines += _part(check.key, part, width, marks, found, today)
    return lines


def _part(
    group_key: str,
    part: PartCheck,
    width: int,
    marks: Glyphs,
    found: Mapping[int, Summary | None],
    today: int,
) -> list[Line]:
    key, style = (group_key, part.part), _style(part.standing, part.severity)
    head: tuple[Span, ...] = (
        (f"{standing_mark(part.standing, part.severity, marks)} ", style),
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


def event_lines(check: GroupKeyCheck, width: int, marks: Glyphs) -> list[Line]:
    """List how often each event has the key; events that lack it come first."""
    if not check.events:
        words = "No event carries the key, and none is of a user in a group." if check.named else ""
        return [Line((check.key, "events"), ((words, "dim"),))]
    # An event without the key is as grave as the part that it belongs to.
    lacks: Severity | None = next(
        (part.severity for part in check.parts if part.part == "key on events"), None
    )
    bars = 12 if width >= 56 else 0
    room = max(width - 2 - 2 * _COUNT - (bars + 1 if bars else 0), 8)
    head = f"  {'event':<{room}}{'with':>{_COUNT}}{'without':>{_COUNT}}"
    lines = [Line((check.key, "events"), ((head, "dim"),))]
    for event in check.events:
        total = event.carrying + event.lacking
        severity: Severity | None = lacks if event.lacking else None
        standing: Standing = "no" if event.lacking else "yes"
        filled = round(bars * event.carrying / total) if total else 0
        if event.carrying and bars:
            filled = max(1, min(filled, bars - 1 if event.lacking else bars))
        full, empty = ("#", ".") if marks.ascii else ("━", "─")
        spans: list[Span] = [
            (f"{standing_mark(standing, severity, marks)} ", _style(standing, severity)),
            (fit(worded(event.event, marks), room, marks.ellipsis), "text"),
            (f"{event.carrying:>{_COUNT},}", "ok" if event.carrying else "dim"),
            (f"{event.lacking:>{_COUNT},}", _style(standing, severity) if event.lacking else "dim"),
        ]
        if bars:
            spans += [(" " + full * filled, "ok"), (empty * (bars - filled), "dim")]
        lines.append(Line((check.key, "event", event.event), tuple(spans), text=named_term(event.event)))
    return lines


def events_title(check: GroupKeyCheck, marks: Glyphs) -> str:
    """Title the list of events: `company_id on events: 12 of 40`."""
    carrying = sum(event.carrying for event in check.events)
    total = carrying + sum(event.lacking for event in check.events)
    return f"{worded(check.key, marks)} on {carrying:,} of {counted(total, 'event')}"


def all_lines(
    groups: Groups,
    width: int,
    marks: Glyphs,
    found: Mapping[int, Summary | None],
    today: int,
    *,
    events: bool,
) -> list[Line]:
    """List everything; with `events` each key's events below its parts."""
    lines = known_lines(groups, width, marks)
    for check in groups.keys:
        lines += [Line(("", check.key), ()), *key_lines(check, width, marks, found, today)]
        if events and check.named:
            lines += [Line(("", check.key, "events"), ()), *event_lines(check, width, marks)]
    return lines


def messages_of(checks: Sequence[GroupKeyCheck]) -> list[int]:
    """Return the messages that show the state of the part."""
    return [message for check in checks for part in check.parts for message in part.messages]
