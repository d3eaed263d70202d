"""The objects in what a workspace exports: Public API answers, Terraform's JSON, states and .tf files. Pure.

Sources: Segment's Public API reference and the schema of the Terraform provider segmentio/segment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import msgspec

from ..errors import InputError
from ..messages import Json, JsonObject
from .hcl import evaluation, first_unknown
from .hcl_syntax import read_hcl

TERRAFORM = {
    "segment_destination": "destination",
    "segment_destination_subscription": "subscription",
    "segment_destination_filter": "filter",
}


class Exported(msgspec.Struct, frozen=True):
    """One exported object: `kind` as in `TERRAFORM`, its `address` for people, its fields in camel case."""

    kind: str
    address: str
    fields: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id; in .tf files, what others refer to it by."""
        return str(self.fields.get("id") or "")

    def reference(self, field: str) -> str:
        """The id that a field names: as text, or as Terraform's reference to another resource."""
        value = self.fields.get(field)
        unknown = first_unknown(value)
        return str(value or "") if unknown is None else unknown.reference


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def exported(files: Sequence[tuple[str, str]]) -> Iterator[Exported]:
    """The objects in these files, given as (name, text). Raises InputError for what cannot be read."""
    terraform = [(name, text) for name, text in files if name.endswith(".tf")]
    for name, text in files:
        if not name.endswith(".tf"):
            yield from _of_json(_json(name, text), name)
    try:
        yield from _of_hcl(terraform)
    except RecursionError:
        raise InputError("The Terraform files are nested too deep to be read.") from None


def _json(name: str, text: str) -> Json:
    try:
        return cast(Json, json.loads(text))
    except RecursionError:
        raise InputError(f"{name} is nested too deep to be read.") from None
    except ValueError as error:
        raise InputError(f"{name} is not JSON: {error}. Terraform's own files end in .tf.") from None


def _of_json(value: Json, name: str) -> Iterator[Exported]:
    if not isinstance(value, dict):
        raise InputError(f"{name} holds no object: save the whole answer of the Public API.")
    for key in ("values", "planned_values"):
        holder = value.get(key)
        if isinstance(holder, dict) and "root_module" in holder:
            yield from _of_module(holder["root_module"])
            return
    if isinstance(value.get("resources"), list) and "terraform_version" in value:
        yield from _of_state(dicts(value["resources"]))
        return
    inner: Json = value
    while isinstance(inner, dict) and isinstance(inner.get("data"), dict):
        inner = inner["data"]
    if isinstance(inner, dict):
        yield from _of_answer(inner, name)


def _of_answer(data: JsonObject, name: str) -> Iterator[Exported]:
    for kind in TERRAFORM.values():
        items, one = data.get(f"{kind}s"), data.get(kind)
        for index, item in enumerate(dicts(items if isinstance(items, list) else [one])):
            name_of = item.get("name") or item.get("title") or index + 1
            yield Exported(kind, f"{name}: {name_of}", item)


def _of_module(module: Json) -> Iterator[Exported]:
    if not isinstance(module, dict):
        return
    for resource in dicts(module.get("resources")):
        kind = TERRAFORM.get(str(resource.get("type")))
        if kind and resource.get("mode", "managed") == "managed":
            yield Exported(kind, str(resource.get("address", kind)), _camel(resource.get("values")))
    for child in dicts(module.get("child_modules")):
        yield from _of_module(child)


def _of_state(resources: list[dict[str, Any]]) -> Iterator[Exported]:
    for resource in resources:
        kind = TERRAFORM.get(str(resource.get("type")))
        if not kind or resource.get("mode", "managed") != "managed":
            continue
        for instance in dicts(resource.get("instances")):
            address = f"{resource['type']}.{resource.get('name', '')}"
            yield Exported(kind, address, _camel(instance.get("attributes")))


def _of_hcl(files: Iterable[tuple[str, str]]) -> Iterator[Exported]:
    blocks = [block for name, text in files for block in read_hcl(text, name)]
    scope = evaluation(blocks)
    for block in blocks:
        kind = TERRAFORM.get(block.labels[0]) if block.type == "resource" and block.labels else None
        if kind:
            fields = {key: scope.value(value) for key, value in block.attributes.items()}
            address = ".".join(block.labels[:2])
            # Its own reference is what others call its id.
            yield Exported(kind, address, {"id": f"{address}.id", **_camel(fields)})


def _camel(fields: Any) -> dict[str, Any]:
    known = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
    return {re.sub(r"_(\w)", lambda match: match[1].upper(), key): value for key, value in known.items()}
