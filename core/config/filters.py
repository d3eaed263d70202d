"""`[[filters]]` of segtap.toml: a workspace's destination filters, which drop messages or fields of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, cast, get_args

import msgspec

from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..settings import DestinationFilter, FilterAction
from ..toml_text import toml_value
from .nearest import nearest_key
from .tables import tables_of


class FilterTable(msgspec.Struct, kw_only=True):
    """One of `[[filters]]`: what happens to messages that match, before they reach the destination."""

    name: str = ""
    condition: str = msgspec.field(name="if")
    """Which messages, in Segment's query language: `type = "track"`."""
    action: FilterAction = "drop"
    enabled: bool = True
    percent: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """The part that a sample lets through, from 0 to 1."""
    path: str = ""
    """The value that a sample is taken by, such as `userId`; "": at random."""
    fields: dict[str, tuple[str, ...] | dict[str, tuple[str, ...]]] = {}
    """Names of fields by the path of their object: `{ "context.traits" = ["email"] }`."""


KEYS = ("name", "if", "action", "enabled")
ACTIONS: dict[FilterAction, tuple[str, ...]] = {
    "drop": (),
    "sample": ("percent", "path"),
    "drop_properties": ("fields",),
    "allow_properties": ("fields",),
}
"""Each action, and the keys that only it has."""


def read_filters(tables: Json, place: str) -> tuple[DestinationFilter, ...]:
    """Return the filters of a file's `[[filters]]`; `place` names the file. Raises SettingsError.

    A condition may be any text: what is not FQL stops every message, as at Segment, and the gate says so.
    """
    checked = tables_of(tables, f"{place}: filters are tables. Write each below a line [[filters]].")
    return tuple(_filter(table, f"{place}: filter {number}") for number, table in enumerate(checked, start=1))


def _filter(table: JsonObject, place: str) -> DestinationFilter:
    condition, action = table.get("if"), table.get("action", "drop")
    name, enabled = table.get("name", ""), table.get("enabled", True)
    if action not in get_args(FilterAction):
        raise SettingsError(f"{place} has no action {action!r}. Write one of {', '.join(ACTIONS)}.")
    own = ACTIONS[cast(FilterAction, action)]
    for key in table:
        if key not in (*KEYS, *own):
            hint = nearest_key(key, (*KEYS, *own))
            raise SettingsError(f"{place} has no key {key!r} beside action {action!r}. {hint}")
    if not isinstance(condition, str):
        raise SettingsError(f"{place} has no condition. Write it as if = 'type = \"track\"'.")
    if not isinstance(name, str) or not isinstance(enabled, bool):
        raise SettingsError(f"{place}: name is a text, and enabled is true or false.")
    percent, path = table.get("percent", -1 if "percent" in own else 1), table.get("path", "")
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 1:
        raise SettingsError(f"{place}: percent is a number from 0 to 1, such as 0.1.")
    if not isinstance(path, str):
        raise SettingsError(f'{place}: path is a text, such as path = "userId".')
    fields = fields_of(table.get("fields", {}))
    if fields is None or ("fields" in own and not fields):
        raise SettingsError(
            f'{place}: {action} takes names by path, as in fields = {{ "context.traits" = ["email"] }}.'
        )
    return DestinationFilter(
        condition=condition,
        action=cast(FilterAction, action),
        name=name,
        enabled=enabled,
        fields=fields,
        percent=float(percent),
        path=path,
    )


def fields_of(value: Json) -> dict[str, tuple[str, ...]] | None:
    """Return names by path, each a list or, as in the Public API, `{"fields": [...]}`; None for anything
    else.
    """
    if not isinstance(value, dict):
        return None
    found: dict[str, tuple[str, ...]] = {}
    for path, names in value.items():
        listed = names.get("fields") if isinstance(names, dict) else names
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            return None
        found[path] = tuple(cast("list[str]", listed))
    return found


def write_filters(filters: Sequence[DestinationFilter]) -> str:
    """Return the `[[filters]]` of a file; `read_filters` gives the same ones back."""
    return "\n".join(map(_write, filters))


def _write(one: DestinationFilter) -> str:
    lines = ["[[filters]]"]
    if one.name:
        lines.append(f"name = {toml_value(one.name)}")
    lines.append(f"if = {toml_value(one.condition)}")
    lines.append(f'action = "{one.action}"')
    if one.fields:
        fields: JsonObject = {path: list(names) for path, names in one.fields.items()}
        lines.append(f"fields = {toml_value(fields)}")
    if one.action == "sample":
        lines.append(f"percent = {toml_value(one.percent)}")
        if one.path:
            lines.append(f"path = {toml_value(one.path)}")
    if not one.enabled:
        lines.append("enabled = false")
    return "\n".join(lines) + "\n"
