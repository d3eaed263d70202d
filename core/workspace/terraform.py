"""The objects in Terraform's .tf files: resources with their instances, joined by the ids of import blocks.

`terraform plan -generate-config-out` writes ids as they are (`destination_id = "aaa"`) and says in an import
block whose they are (`to = segment_destination.x`, `id = "aaa"`). By hand one writes references
(`segment_destination.x.id`). Both come to the same id here. Source: Terraform's language reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from .hcl import Block, Evaluation, Expression, HclValue, Json, Unknown, evaluation, first_unknown
from .hcl_syntax import read_hcl, read_values
from .notes import Notes
from .objects import TERRAFORM, Exported, camel

MAX_INSTANCES = 1_000
"""Instances that a count may make of one resource."""
_MODULES = re.compile(r"^(?:module\.[^.]+\.)+")


def of_terraform(files: Sequence[tuple[str, str]], notes: Notes) -> Iterator[Exported]:
    """The destinations, subscriptions and filters in .tf and .tfvars files, given as (name, text).

    Raises InputError for a file that cannot be read.
    """
    blocks: list[Block] = []
    values: dict[str, Expression] = {}
    for name, text in files:
        if name.endswith(".tfvars"):
            values.update(read_values(text, name))
        else:
            blocks += read_hcl(text, name)
    scope = evaluation(blocks, values)
    ids = _ids(blocks, scope)
    for block in blocks:
        kind = TERRAFORM.get(block.labels[0]) if block.type == "resource" and block.labels else None
        if not kind:
            continue
        address = ".".join(block.labels[:2])
        for shown, place, instance in _instances(block, address, scope, notes):
            fields = camel(
                {key: _joined(instance.value(value), ids) for key, value in block.attributes.items()}
            )
            own = ids.get(f"{place}.id")
            # Without an import block, its own reference is what others call its id.
            yield Exported(kind, shown, {**fields, "id": own or f"{place}.id", **_of_import(fields, own)})


def _of_import(fields: dict[str, Any], own: str | None) -> dict[str, Any]:
    """Read the destination of a subscription or filter from its import id (`destination:own`)."""
    unknown = first_unknown(fields.get("destinationId"))
    if own is None or ":" not in own or (unknown is None and fields.get("destinationId")):
        return {}
    if unknown is not None and unknown.reference.startswith("segment_destination."):
        return {}
    return {"destinationId": own.partition(":")[0]}


def _ids(blocks: Sequence[Block], scope: Evaluation) -> dict[str, str]:
    """The ids that are written down, by the reference to each: `segment_destination.x.id`."""
    ids: dict[str, str] = {}
    twice: set[str] = set()
    for block in blocks:
        given = scope.value(block.attributes["id"]) if "id" in block.attributes else None
        if not isinstance(given, str) or not given:
            continue
        if block.type == "data" and len(block.labels) > 1:
            ids[f"data.{'.'.join(block.labels[:2])}.id"] = given
        elif block.type == "import" and "to" in block.attributes:
            target = first_unknown(scope.value(block.attributes["to"]))
            if target is None:
                continue
            # The files of a module hold the resource without the module's name.
            name = f"{_MODULES.sub('', target.reference)}.id"
            if ids.setdefault(name, given) != given:
                twice.add(name)
    return {name: id for name, id in ids.items() if name not in twice}


def _joined(value: HclValue, ids: dict[str, str]) -> HclValue:
    """The value with each reference to an id that is written down replaced by that id."""
    if isinstance(value, Unknown):
        return ids.get(_MODULES.sub("", value.reference), value)
    if isinstance(value, Json):
        return Json(_joined(value.value, ids))
    if isinstance(value, dict):
        items = cast("dict[str, HclValue]", value).items()
        return {key: _joined(item, ids) for key, item in items}
    if isinstance(value, list):
        return [_joined(item, ids) for item in cast("list[HclValue]", value)]
    return value


def _instances(
    block: Block, address: str, scope: Evaluation, notes: Notes
) -> Iterator[tuple[str, str, Evaluation]]:
    """What a resource with `for_each` or `count` stands for: an address, a reference and the values of each.

    Where only Terraform knows them, the resource stands for itself, and that is noted.
    """
    name = next((name for name in ("for_each", "count") if name in block.attributes), "")
    if not name:
        yield address, address, scope
        return
    several = scope.value(block.attributes[name])
    values = _values(several)
    if name == "count" and isinstance(several, int) and 0 <= several <= MAX_INSTANCES:
        for index in range(several):
            yield f"{address}[{index}]", f"{address}.{index}", scope.within({"count.index": index})
    elif name == "for_each" and values is not None:
        for key, value in values.items():
            each = scope.within({"each.key": key, "each.value": value})
            yield f'{address}["{key}"]', f"{address}.{key}", each
    else:
        unknown = first_unknown(several)
        why = unknown.reference if unknown is not None else "which is not a number, an object or a set"
        notes.say(f"{address} stands for as many as its {name} says ({why}), and is brought in once.")
        yield address, address, scope
        return
    if not several:
        notes.say(f"{address} was left out: its {name} makes none of it.")


def _values(several: HclValue) -> dict[str, HclValue] | None:
    """The instances that a `for_each` makes, by key: of an object, or of a set of texts."""
    if isinstance(several, dict):
        return cast("dict[str, HclValue]", several)
    items = cast("list[HclValue]", several) if isinstance(several, list) else [several]
    return {item: item for item in items} if all(isinstance(item, str) for item in items) else None
