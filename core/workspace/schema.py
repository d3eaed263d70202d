"""What the schema settings of a source block or take out: it depends on the tracking plan, so it is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ..not_imitated import NotImitated
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported, camel_inside

_ALLOW = {
    "allowUnplannedEvents": "unplanned events",
    "allowUnplannedEventProperties": "unplanned properties",
    "allowEventOnViolations": "events that violate the plan",
    "allowPropertiesOnViolations": "properties that violate the plan",
    "allowUnplannedTraits": "unplanned traits",
    "allowTraitsOnViolations": "traits that violate the plan",
}
"""Settings that block when they are false, and what they block."""
_ON_VIOLATIONS = "commonEventOnViolations"


def name_blocked(one: Exported, notes: Notes, *, unsure: bool) -> None:
    """Name what a source, or its connection to a tracking plan, blocks for each type of call.

    `unsure`: the files do not say that it is the destination's source.
    """
    settings = camel_inside(one.fields.get("schemaSettings"))
    if not isinstance(settings, dict):
        if (unknown := first_unknown(settings)) is not None:
            _name("", f"what {unknown.reference} says", one, notes, unsure=unsure)
        return
    for call, given in cast("dict[str, Any]", settings).items():
        blocked = ", ".join(_blocked(cast("dict[str, Any]", given))) if isinstance(given, dict) else ""
        if blocked:
            _name(call, blocked, one, notes, unsure=unsure)


def _blocked(settings: dict[str, Any]) -> Iterator[str]:
    for field, words in _ALLOW.items():
        value = settings.get(field)
        if value is False:
            yield words
        elif (unknown := first_unknown(value)) is not None:
            yield f"{words}, if {unknown.reference} is false"
    action = settings.get(_ON_VIOLATIONS)
    if (unknown := first_unknown(action)) is not None:
        yield f"violations of the common rules, as {unknown.reference} says"
    elif action not in (None, "", "ALLOW"):
        yield f"violations of the common rules ({action})"


def _name(call: str, blocked: str, one: Exported, notes: Notes, *, unsure: bool) -> None:
    calls = f" in {call} calls" if call else ""
    doubt = " The files do not say whether the destination is of this source." if unsure else ""
    notes.name(
        f"{one.address}: Segment blocks or removes {blocked}{calls}, and segtap does not imitate that."
        f' With plan = "FILE", messages are checked against a tracking plan.{doubt}',
        NotImitated(
            kind="tracking_plan",
            name=blocked,
            scope="source",
            where=one.address,
            condition=f'type = "{call}"' if call else "",
        ),
    )
