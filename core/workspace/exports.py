"""Finds the objects in a workspace's exports: Public API answers, Terraform's JSON and states. Pure.

Sources: Segment's Public API reference and the schema of the Terraform provider segmentio/segment. .tf files
are read by `terraform`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from ..errors import InputError
from ..messages import Json, JsonObject
from ..not_imitated import NotImitated
from .notes import Notes
from .objects import PREFIX, TERRAFORM, Exported, camel, dicts
from .resources import OTHER_ANSWERS, RESOURCES
from .terraform import of_terraform

TERRAFORM_FILES = (".tf", ".tfvars")
_ANSWERS = {name: kind for kind in RESOURCES for name in (kind, f"{kind}s")}
"""The names of objects and of lists in the Public API's answers, and the kind that each holds."""
_MISSING_IF_CUT_OFF = ("subscription", "filter", "transformation")
_CHANGES_MESSAGES = (*_MISSING_IF_CUT_OFF, "insertFunctionInstance")


def exported(files: Sequence[tuple[str, str]], notes: Notes) -> Iterator[Exported]:
    """Yield the objects in these files, given as (name, text). Raises InputError for what cannot be read.

    A file without any object is noted, and a page of an answer whose next page is not given.
    """
    pages = _Pages()
    for name, text in files:
        if name.endswith((".tf.json", ".tfvars.json")):
            notes.name(
                f"{name} was left out: it is Terraform's JSON syntax. Use terraform show -json instead.",
                NotImitated(kind="resource", name=name),
            )
        elif not name.endswith(TERRAFORM_FILES):
            found = list(_of_json(_json(name, text), name, pages, notes))
            if not found and not pages.kinds_of(name):
                notes.say(f"{name} holds nothing of a destination or its source.")
            yield from found
    pages.tell(notes)
    notes.listed |= pages.kinds_of()
    try:
        yield from of_terraform([one for one in files if one[0].endswith(TERRAFORM_FILES)], notes)
    except RecursionError:
        raise InputError("The Terraform files are nested too deep to be read.") from None


class _Pages:
    """The pages of the Public API's lists that are given, and which page each says is the next."""

    def __init__(self) -> None:
        self._kinds: list[tuple[str, str]] = []
        self._given: set[tuple[str, str]] = set()
        self._next: list[tuple[str, str, str]] = []

    def add(self, kind: str, name: str, pagination: Json) -> None:
        """Remember a page: `pagination` has its own cursor and that of the next one."""
        self._kinds.append((kind, name))
        if not isinstance(pagination, dict):
            return
        self._given.add((kind, str(pagination.get("current") or "")))
        if following := pagination.get("next"):
            self._next.append((kind, str(following), name))

    def kinds_of(self, name: str = "") -> set[str]:
        """Return the kinds that are listed in a file, or in any."""
        return {kind for kind, file in self._kinds if name in ("", file)}

    def tell(self, notes: Notes) -> None:
        """Note each page that is named as the next one and is not given."""
        for kind, cursor, name in self._next:
            if (kind, cursor) in self._given or kind not in _CHANGES_MESSAGES:
                continue
            words = f"{name} is one page of several: the {kind}s after it are missing. Give the next page"
            words = f"{words} (cursor {cursor}) as well."
            if kind in _MISSING_IF_CUT_OFF:
                part = NotImitated(kind="resource", name=f"{kind}s on further pages", where=name)
                notes.left_out(words, part, enabled=True)
            else:
                notes.name(words, NotImitated(kind="insert_function", name="on further pages", where=name))


def _json(name: str, text: str) -> Json:
    try:
        return cast(Json, json.loads(text))
    except RecursionError:
        raise InputError(f"{name} is nested too deep to be read.") from None
    except ValueError as error:
        raise InputError(f"{name} is not JSON: {error}. Terraform's own files end in .tf.") from None


def _of_json(value: Json, name: str, pages: _Pages, notes: Notes) -> Iterator[Exported]:
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
        yield from _of_answer(inner, name, pages, notes)


def _of_answer(data: JsonObject, name: str, pages: _Pages, notes: Notes) -> Iterator[Exported]:
    for key, value in data.items():
        kind = _ANSWERS.get(key)
        if kind is not None:
            if isinstance(value, list):
                pages.add(kind, name, data.get("pagination"))
            for index, item in enumerate(value if isinstance(value, list) else [value], start=1):
                if isinstance(item, dict):
                    name_of = item.get("name") or item.get("title") or item.get("displayName") or index
                    yield Exported(kind, f"{name}: {name_of}", item)
                elif not isinstance(RESOURCES[kind], str):
                    place = f"{name}: {key}, no. {index}" if isinstance(value, list) else f"{name}: {key}"
                    _name_unreadable(kind, place, notes)
        elif key == "settings" and isinstance(value, dict):
            fields: dict[str, Any] = {"sourceId": data.get("sourceId"), "schemaSettings": value}
            yield Exported("trackingPlanConnection", f"{name}: settings", fields)
        elif key not in OTHER_ANSWERS:
            yield Exported("unknown", f"{name}: {key}", {})


def _name_unreadable(kind: str, place: str, notes: Notes) -> None:
    """Note what stands in the place of an object and is not one: an enabled object may be missing."""
    words = f"{place} was left out: it is not an object."
    part = NotImitated(kind="resource", name=place)
    if kind in _MISSING_IF_CUT_OFF:
        notes.left_out(words, part, enabled=True)
    else:
        notes.name(words, part)


def _of_module(module: Json) -> Iterator[Exported]:
    if not isinstance(module, dict):
        return
    for resource in dicts(module.get("resources")):
        if kind := _kind(resource):
            values = camel(resource.get("values"))
            yield Exported(kind, str(resource.get("address", kind)), values, of_terraform=True)
    for child in dicts(module.get("child_modules")):
        yield from _of_module(child)


def _of_state(resources: list[dict[str, Any]]) -> Iterator[Exported]:
    for resource in resources:
        kind = _kind(resource)
        for instance in dicts(resource.get("instances")) if kind else ():
            address = f"{resource['type']}.{resource.get('name', '')}"
            yield Exported(kind, address, camel(instance.get("attributes")), of_terraform=True)


def _kind(resource: dict[str, Any]) -> str:
    """Return the kind of a resource, "unknown" for one of Segment's that is not in the table, else "".

    Of data sources, which only read what others define, just a source's is of use: it has schema settings
    that a connection in Terraform may lack.
    """
    type = str(resource.get("type"))
    if resource.get("mode", "managed") != "managed":
        return "source" if type == "segment_source" else ""
    return TERRAFORM.get(type) or ("unknown" if type.startswith(PREFIX) else "")
