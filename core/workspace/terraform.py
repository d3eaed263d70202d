"""The objects in Terraform's .tf files: resources with their instances, joined by the ids of import blocks.

`terraform plan -generate-config-out` writes ids as they are (`destination_id = "aaa"`) and says in an import
block whose they are (`to = segment_destination.x`, `id = "aaa"`). By hand one writes references
(`segment_destination.x.id`). Both come to the same id here. Source: Terraform's language reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from ..not_imitated import NotImitated
from .hcl import Block, Evaluation, Expression, HclValue, Json, Unknown, first_unknown
from .hcl_modules import Folders, folder_of_file, source_of
from .hcl_syntax import read_hcl, read_values
from .notes import Notes
from .objects import PREFIX, TERRAFORM, Exported, camel
from .resources import RESOURCES

MAX_INSTANCES = 1_000
"""Instances that a count may make of one resource."""
_MODULES = re.compile(r"^(?:module\.[^.]+\.)+")
_OF_TERRAFORM = ("for_each", "count", "depends_on", "provider")
"""Attributes that a resource of any kind may have; they are not fields of the object."""
_BLOCKS_OF_TERRAFORM = ("lifecycle", "provisioner", "connection", "timeouts")
"""Blocks that a resource of any kind may have."""


def of_terraform(files: Sequence[tuple[str, str]], notes: Notes) -> Iterator[Exported]:
    """Yield the objects in .tf and .tfvars files, given as (name, text).

    Raises InputError for a file that cannot be read.
    """
    by_folder: dict[str, list[Block]] = {}
    values: dict[str, Expression] = {}
    for name, text in files:
        if name.endswith(".tfvars"):
            values.update(read_values(text, name))
        else:
            by_folder.setdefault(folder_of_file(name), []).extend(read_hcl(text, name))
    folders = Folders(by_folder, values)
    blocks = [(block, folder) for folder, some in by_folder.items() for block in some]
    ids = _ids(blocks, folders)
    for block, folder in blocks:
        scope = folders.scope(folder)
        if block.type == "module":
            _tell_module(block, folder, folders, notes)
        if block.type != "resource" or not block.labels:
            continue
        type = block.labels[0]
        kind = TERRAFORM.get(type) or ("unknown" if type.startswith(PREFIX) else "")
        address = ".".join(block.labels[:2])
        for shown, place, instance in _instances(block, address, scope, notes) if kind else ():
            fields = camel(
                {
                    key: _joined(value, ids)
                    for key, value in _values_of(block, instance).items()
                    if key not in _OF_TERRAFORM
                }
            )
            own = ids.get(f"{place}.id")
            # Without an import block, its own reference is what others call its id.
            known = {**fields, "id": own or f"{place}.id", **_of_import(kind, fields, own)}
            yield Exported(kind, shown, known, of_terraform=True)


def _tell_module(block: Block, folder: str, folders: Folders, notes: Notes) -> None:
    """Note a module whose files are not given: what it defines is unknown. `folder` is the block's own."""
    source = source_of(block, folders.scope(folder))
    name = ".".join(("module", *block.labels[:1]))
    if folders.folder_of(folder, source) is None:
        local = isinstance(source, str) and source.startswith(".")
        notes.name(
            f"{name} comes from {source!r}: what it defines is not in these files."
            f" {'Give that folder, too, or export' if local else 'Export'} it with terraform show -json >"
            " workspace.json.",
            NotImitated(kind="resource", name=name),
        )
    elif several := next((one for one in ("for_each", "count") if one in block.attributes), ""):
        notes.say(
            f"{name} has a {several}: what the module defines is imported once. terraform show -json has each"
            " of its instances."
        )


def _values_of(block: Block, instance: Evaluation) -> dict[str, HclValue]:
    """Return the attributes of a block, and its nested blocks as lists of objects."""
    made: dict[str, HclValue] = {key: instance.value(value) for key, value in block.attributes.items()}
    for nested in block.blocks:
        if nested.type in _BLOCKS_OF_TERRAFORM:
            continue
        if nested.type == "dynamic":
            name = nested.labels[0] if nested.labels else nested.type
            made[name] = Unknown(f"the dynamic block {name}")
        elif isinstance(several := made.setdefault(nested.type, []), list):
            cast("list[HclValue]", several).append(_values_of(nested, instance))
    return made


def _of_import(kind: str, fields: dict[str, Any], own: str | None) -> dict[str, Any]:
    """Read the destination of a subscription or filter from its import id (`destination:own`)."""
    known = RESOURCES.get(kind)
    if not isinstance(known, dict) or "destinationId" not in known:
        return {}
    unknown = first_unknown(fields.get("destinationId"))
    if own is None or ":" not in own or (unknown is None and fields.get("destinationId")):
        return {}
    if unknown is not None and unknown.reference.startswith("segment_destination."):
        return {}
    return {"destinationId": own.partition(":")[0]}


def _ids(blocks: Sequence[tuple[Block, str]], folders: Folders) -> dict[str, str]:
    """Return the ids that the files contain, by the reference to each: `segment_destination.x.id`."""
    ids: dict[str, str] = {}
    twice: set[str] = set()
    for block, folder in blocks:
        scope = folders.scope(folder)
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
    """Replace each reference to an id that the files contain by that id."""
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
    """Yield the instances of a resource, by its `for_each` or `count`: address, reference and values of each.

    If only Terraform knows how many there are, the resource counts as one, and that is noted.
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
        notes.say(f"{address} has a {name} that only Terraform knows ({why}), and is imported once.")
        yield address, address, scope
        return
    if not several:
        notes.say(f"{address} was left out: its {name} is empty.")


def _values(several: HclValue) -> dict[str, HclValue] | None:
    """Return the instances that a `for_each` makes, by key: of an object, or of a set of strings."""
    if isinstance(several, dict):
        return cast("dict[str, HclValue]", several)
    items = cast("list[HclValue]", several) if isinstance(several, list) else [several]
    return {item: item for item in items} if all(isinstance(item, str) for item in items) else None
