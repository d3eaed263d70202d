"""Destination filters of a workspace as `[[filters]]`."""

from __future__ import annotations

from typing import Any, cast, get_args

import msgspec

from ..config.filters import fields_of
from ..errors import FilterNotFql, FilterNotUnderstood
from ..mapping.filters import compile_filter
from ..not_imitated import NotImitated
from ..settings import DestinationFilter, FilterAction
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported, dicts
from .reading import json_object, text


def filters_of(one: Exported, notes: Notes) -> list[DestinationFilter]:
    """Return a filter for each action of a workspace's filter. What is left out is noted."""
    fields, enabled = one.fields, one.enabled
    title = text(fields.get("title")) or text(fields.get("name"))
    words = f"The filter {title or one.address!r}"
    part = _part(one)
    condition = fields.get("if")
    unknown = first_unknown(condition)
    if unknown is not None:
        why = f"its condition depends on {unknown.reference}, which only Terraform knows"
        notes.left_out(f"{words} was left out: {why}.", part, enabled=enabled)
        return []
    if not isinstance(condition, str):
        notes.left_out(f"{words} was left out: it has no condition.", part, enabled=enabled)
        return []
    try:
        compile_filter(condition)
    except FilterNotUnderstood as fault:
        notes.left_out(f"{words} was left out: {fault}", part, enabled=enabled)
        return []
    except FilterNotFql as fault:
        if not enabled:
            notes.left_out(f"{words}, which is off, was left out: {fault}", enabled=False)
            return []
        notes.say(f"{words} stops every message, as at Segment: {fault}")
        made = _of_actions(one, condition, words, Notes()) or [DestinationFilter(condition=condition)]
    else:
        made = _of_actions(one, condition, words, notes)
    if first_unknown(fields.get("enabled")) is not None:
        notes.say(f"{words} is imported as enabled: only Terraform knows whether it is.")
    return [msgspec.structs.replace(single, name=title, enabled=enabled) for single in made]


def _part(one: Exported, condition: str = "") -> NotImitated:
    """Return how the settings file names a filter that is not in it, or not wholly."""
    return NotImitated(kind="filter", name=one.label, where=one.address, condition=condition)


def _of_actions(one: Exported, condition: str, words: str, notes: Notes) -> list[DestinationFilter]:
    made: list[DestinationFilter] = []
    given = one.fields.get("actions")
    actions, part = dicts(given), _part(one, condition)
    if not actions:
        notes.left_out(f"{words} was left out: it has no action that can be read.", part, enabled=one.enabled)
    if len(actions) < len(cast("list[Any]", given) if isinstance(given, list) else actions):
        notes.left_out(
            f"{words} was left out in part: one of its actions is not an object.", part, enabled=one.enabled
        )
    for action in actions:
        single = _of_action(condition, action)
        if single is None:
            unknown = first_unknown(action)
            why = f": it depends on {unknown.reference}" if unknown is not None else ""
            what = "was left out" if len(actions) == 1 else "was left out in part"
            notes.left_out(
                f"{words} {what}: segtap cannot read its action {text(action.get('type'))!r}{why}.",
                part,
                enabled=one.enabled,
            )
            continue
        if single.action == "sample" and 0 < single.percent < 1 and not single.path:
            notes.say(
                f"{words} lets {single.percent:g} of the messages through. Which ones cannot be predicted:"
                " segtap shows them all."
            )
        made.append(single)
    return made


def _of_action(condition: str, action: dict[str, Any]) -> DestinationFilter | None:
    kind = text(action.get("type")).lower()
    if kind == "drop":
        return DestinationFilter(condition=condition)
    if kind == "sample":
        percent: Any = action.get("percent")
        path = action.get("path") or ""
        if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 1:
            return None
        if not isinstance(path, str):
            return None
        return DestinationFilter(condition=condition, action="sample", percent=float(percent), path=path)
    names = fields_of(json_object(action.get("fields")))
    if kind not in get_args(FilterAction) or not names:
        return None
    return DestinationFilter(condition=condition, action=cast(FilterAction, kind), fields=names)
