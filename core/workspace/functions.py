"""Insert functions of a workspace: segtap cannot run them from an export, so each is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..not_imitated import NotImitated, Scope
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported

Place = Literal["source", "destination", "elsewhere", "unknown"]
_SCOPES: dict[str, Scope] = {"INSERT_DESTINATION": "destination", "INSERT_SOURCE": "source"}
"""The types of functions that change messages, and where. The others make messages, or are destinations."""


def name_functions(
    instances: Sequence[tuple[Exported, Place]], functions: Sequence[Exported], notes: Notes
) -> None:
    """Name each insert function that runs for the destination or its source, or may.

    `instances` come with the place that each runs at. A function that no instance uses is named only if the
    files hold no instance at all: then nothing says where it runs.
    """
    names = {one.id: one for one in functions if one.id}
    for one, place in instances:
        function = names.get(one.reference("functionId") or one.reference("classId"))
        label = one.label
        if label == one.address and function is not None:
            label = function.label
        if place == "elsewhere":
            continue
        if not one.enabled:
            notes.say(f"The insert function {label!r} is off.")
            continue
        kind = function.fields.get("resourceType") if function is not None else None
        scope = place if place != "unknown" else _SCOPES.get(str(kind), "destination")
        doubt = " The files do not say which source or destination it is of." if place == "unknown" else ""
        if place == "unknown" and (unknown := first_unknown(one.fields.get("integrationId"))) is not None:
            doubt = f" Only Terraform knows where it runs: {unknown.reference}."
        _name(label, scope, one.address, doubt, notes)
    if instances:
        return
    for one in functions:
        scope = _SCOPES.get(str(one.fields.get("resourceType")))
        if scope is not None:
            _name(one.label, scope, one.address, " The files do not say where it runs.", notes)


def _name(label: str, scope: Scope, where: str, doubt: str, notes: Notes) -> None:
    notes.name(
        f"The insert function {label!r} is not imitated: what it changes is not shown.{doubt}",
        NotImitated(kind="insert_function", name=label, scope=scope, where=where),
    )
