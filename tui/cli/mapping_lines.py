"""The lines of `segtap mappings show`: transformations, and subscriptions with their mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.text import clean, shorten, shown

if TYPE_CHECKING:
    from ...core.workspace.in_words import TransformationTable
    from ...core.workspace.table import SubscriptionTable

VALUE_SHOWN = 48
NAME_SHOWN = 32


def transformation_lines(one: TransformationTable) -> list[str]:
    """Return a transformation as `segtap mappings show` prints it."""
    state = "on" if one.enabled else "OFF"
    lines = [f"{clean(one.name)}  [{state}]  {one.scope}", f"  {clean(one.condition)}"]
    return [*lines, *(f"    {clean(change)}" for change in one.changes)]


def subscription_lines(table: SubscriptionTable) -> list[str]:
    """Return a subscription and its fields, with what a sample message gives each."""
    state = "on" if table.enabled else "OFF"
    lines = [
        f"{clean(table.name) or '(no name)'}  [{state}]  {clean(table.action)}",
        f"  {clean(table.trigger)}",
    ]
    if table.fault:
        lines.append(f"  NEVER SENDS: {clean(table.fault)}")
    if table.passed_over:
        names = ", ".join(map(clean, table.passed_over))
        lines.append(f"  Segment passes over {names}: a trigger cannot speak of it")
    if not table.sample:
        lines.append("  none of the sample messages is taken by it")
    else:
        lines.append(f"  sample: {clean(table.sample)}")
    width = min(max((len(row.field) for row in table.fields), default=0), NAME_SHOWN)
    sources = [shorten(clean(row.source), VALUE_SHOWN) for row in table.fields]
    room = max(map(len, sources), default=0)
    for row, source in zip(table.fields, sources, strict=True):
        value = shown(row.value, VALUE_SHOWN) if row.there else "–"
        lines.append(f"    {clean(row.field):<{width}}  {source:<{room}}  {clean(value)}".rstrip())
    return lines
