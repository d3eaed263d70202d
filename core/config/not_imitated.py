"""`[[not_imitated]]` of segtap.toml: parts of the workspace that segtap does not imitate."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..not_imitated import NOT_IMITATED_KINDS, SCOPES, NotImitated, NotImitatedKind, Scope
from ..settings import InsertFunction
from ..toml_text import toml_value
from .nearest import nearest_key
from .tables import tables_of


class NotImitatedTable(msgspec.Struct, kw_only=True):
    """One of `[[not_imitated]]`: a part of the workspace that changes messages and that segtap cannot run."""

    kind: NotImitatedKind
    name: str = ""
    scope: Scope = "destination"
    """`source` for what changes messages before they reach any destination."""
    where: str = ""
    """The place in the export that has it."""
    condition: str = msgspec.field(name="if", default="")
    """The FQL condition of the messages that it may change; "": all."""


KEYS = tuple(field.encode_name for field in msgspec.structs.fields(NotImitatedTable))


def read_not_imitated(tables: Json, place: str) -> tuple[NotImitated, ...]:
    """Read a file's `[[not_imitated]]`; `place` names the file. Raises SettingsError."""
    checked = tables_of(
        tables, f"{place}: not_imitated is a list of tables: write [[not_imitated]] above each."
    )
    return tuple(
        _read(table, f"{place}: [[not_imitated]] no. {number}")
        for number, table in enumerate(checked, start=1)
    )


def _read(table: JsonObject, place: str) -> NotImitated:
    for key, value in table.items():
        if key not in KEYS:
            raise SettingsError(f"{place} has no key {key!r}. {nearest_key(key, KEYS)}")
        if not isinstance(value, str):
            raise SettingsError(f"{place}: {key} is a text. Put it into quotes.")
    kind, scope = table.get("kind"), table.get("scope", "destination")
    if kind not in NOT_IMITATED_KINDS:
        raise SettingsError(f"{place} has no kind {kind!r}. Write one of {', '.join(NOT_IMITATED_KINDS)}.")
    if scope not in SCOPES:
        raise SettingsError(f"{place} has no scope {scope!r}. Write one of {', '.join(SCOPES)}.")
    return NotImitated(
        kind=kind,
        name=str(table.get("name", "")),
        scope=scope,
        where=str(table.get("where", "")),
        condition=str(table.get("if", "")),
    )


def write_not_imitated(parts: Sequence[NotImitated]) -> str:
    """Return the `[[not_imitated]]` of a file; `read_not_imitated` gives the same back."""
    return "\n".join(map(_write, parts))


def _write(one: NotImitated) -> str:
    lines = ["[[not_imitated]]", f'kind = "{one.kind}"', f"name = {toml_value(one.name)}"]
    lines.append(f'scope = "{one.scope}"')
    if one.where:
        lines.append(f"where = {toml_value(one.where)}")
    if one.condition:
        lines.append(f"if = {toml_value(one.condition)}")
    return "\n".join(lines) + "\n"


def without_functions(
    parts: Sequence[NotImitated], functions: Sequence[InsertFunction]
) -> tuple[NotImitated, ...]:
    """Leave out the insert functions whose code `[[insert_functions]]` has, by name and scope."""
    run = {(one.title, one.scope) for one in functions if one.enabled}
    return tuple(one for one in parts if one.kind != "insert_function" or (one.name, one.scope) not in run)
