"""What differs between two tracking plans, or between a plan and what was seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from .model import PlanRule, TrackingPlan
from .table import PlanRow, rows

What = Literal["added", "removed", "changed"]
"""Only the other side has it; only the one side has it; both have it, and differ."""
_WIDER = {"integer": "number"}


class Difference(msgspec.Struct, frozen=True):
    """One difference. `rule` is the label of an event; `property` is "" where the whole event differs.

    `one` and `other` say what each side has, "" for nothing.
    """

    rule: str
    property: str
    what: What
    one: str = ""
    other: str = ""


class Side(msgspec.Struct, frozen=True):
    """A plan to be compared. `seen`: it was inferred from messages, which forbid nothing."""

    plan: TrackingPlan
    seen: bool = False


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield what differs, in the order of the rules.

    Two plans are compared in full, of several versions of an event the newest. With messages on one side or
    both, events, properties and types are: a type fits if the plan allows it, and a property that the plan
    requires has to have come with every message.
    """
    before, after = _newest(one.plan), _newest(other.plan)
    for key, rule in before.items():
        if key not in after:
            yield Difference(rule.label, "", "removed", one=_size(rule))
        else:
            yield from _of_rule(rule.label, _rows(rule), _rows(after[key]), one.seen, other.seen)
    for key, rule in after.items():
        if key not in before:
            yield Difference(rule.label, "", "added", other=_size(rule))


def _newest(plan: TrackingPlan) -> dict[tuple[str, str], PlanRule]:
    found: dict[tuple[str, str], PlanRule] = {}
    for rule in plan.rules:
        known = found.get((rule.type, rule.key))
        if known is None or rule.version >= known.version:
            found[rule.type, rule.key] = rule
    return found


def _rows(rule: PlanRule) -> dict[str, PlanRow]:
    return {row.name: row for row in rows(rule)}


def _size(rule: PlanRule) -> str:
    count = len(rows(rule))
    return f"{count:,} {'property' if count == 1 else 'properties'}"


def _of_rule(
    label: str, before: dict[str, PlanRow], after: dict[str, PlanRow], seen_before: bool, seen_after: bool
) -> Iterator[Difference]:
    for name, row in before.items():
        if name not in after:
            yield Difference(label, name, "removed", one=_words(row, short=seen_before or seen_after))
            continue
        other = after[name]
        if not _alike(row, other, seen_before, seen_after):
            short = seen_before or seen_after
            yield Difference(label, name, "changed", _words(row, short=short), _words(other, short=short))
    for name, row in after.items():
        if name not in before:
            yield Difference(label, name, "added", other=_words(row, short=seen_before or seen_after))


def _alike(one: PlanRow, other: PlanRow, seen_one: bool, seen_other: bool) -> bool:
    if not seen_one and not seen_other:
        return (one.type, one.required, one.values) == (other.type, other.required, other.values)
    if seen_one and seen_other:
        return _types(one) == _types(other)
    plan, seen = (other, one) if seen_one else (one, other)
    allowed = _types(plan)
    fits = "any" in allowed or all(type in allowed or _WIDER.get(type) in allowed for type in _types(seen))
    return fits and (seen.required or not plan.required)


def _types(row: PlanRow) -> set[str]:
    return set(row.type.split(" or "))


def _words(row: PlanRow, *, short: bool) -> str:
    """Describe a property: its type, whether it is always there, and, of a plan, its values."""
    parts = (row.type, "required" if row.required else "", "" if short else row.values)
    return " · ".join(part for part in parts if part)
