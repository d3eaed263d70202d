"""`[[filters]]` of segtap.toml: the destination filters of a workspace that drop whole messages."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import cast

from .errors import MappingError, SettingsError
from .mapping.filters import compile_filter
from .messages import Json, JsonObject
from .settings import DestinationFilter
from .toml_text import toml_value

KEYS = ("name", "if", "action", "enabled")
OTHER_ACTIONS = ("sample", "allow_properties", "drop_properties")
"""What Segment has beside `drop`."""


def read_filters(tables: Json, place: str) -> tuple[DestinationFilter, ...]:
    """The filters of a file's `[[filters]]`; `place` names the file. Raises SettingsError."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{place}: filters are tables. Write each below a line [[filters]].")
    return tuple(
        _filter(cast(JsonObject, table), f"{place}: filter {number}")
        for number, table in enumerate(tables, start=1)
    )


def _filter(table: JsonObject, place: str) -> DestinationFilter:
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            hint = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(KEYS)}."
            raise SettingsError(f"{place} has no key {key!r}. {hint}")
    condition, action = table.get("if"), table.get("action", "drop")
    name, enabled = table.get("name", ""), table.get("enabled", True)
    if not isinstance(condition, str):
        raise SettingsError(f"{place} has no condition. Write it as if = 'type = \"track\"'.")
    if action in OTHER_ACTIONS:
        raise SettingsError(f"{place}: segtap foretells drop only, not {action}. Leave this filter out.")
    if action != "drop":
        raise SettingsError(f'{place} has no action {action!r}. Write action = "drop".')
    if not isinstance(name, str) or not isinstance(enabled, bool):
        raise SettingsError(f"{place}: name is a text, and enabled is true or false.")
    try:
        compile_filter(condition)
    except MappingError as fault:
        raise SettingsError(f"{place}: {fault}") from None
    return DestinationFilter(condition=condition, name=name, enabled=enabled)


def write_filters(filters: Sequence[DestinationFilter]) -> str:
    """The `[[filters]]` of a file; `read_filters` gives the same ones back."""
    return "\n".join(map(_write, filters))


def _write(one: DestinationFilter) -> str:
    lines = ["[[filters]]"]
    if one.name:
        lines.append(f"name = {toml_value(one.name)}")
    lines.append(f"if = {toml_value(one.condition)}")
    lines.append('action = "drop"')
    if not one.enabled:
        lines.append("enabled = false")
    return "\n".join(lines) + "\n"
