"""One object of a workspace's export, whichever form it was exported in."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from .hcl import first_unknown

TERRAFORM = {
    "segment_destination": "destination",
    "segment_destination_subscription": "subscription",
    "segment_destination_filter": "filter",
    "segment_transformation": "transformation",
    "segment_source": "source",
    "segment_source_tracking_plan_connection": "trackingPlanConnection",
    "segment_function": "function",
    "segment_insert_function_instance": "insertFunctionInstance",
    "segment_tracking_plan": "trackingPlan",
    "segment_tracking_plan_rules": "trackingPlanRules",
    "segment_reverse_etl_model": "reverseEtlModel",
    "segment_warehouse": "warehouse",
    "segment_profiles_warehouse": "profilesWarehouse",
    "segment_source_warehouse_connection": "sourceWarehouseConnection",
    "segment_label": "label",
    "segment_user": "user",
    "segment_user_group": "userGroup",
}
"""The resource types of the provider segmentio/segment, and the kind of object that each is here."""

WRITTEN = "propertyValue"
"""The field of a transformation that holds the user's own data."""
PREFIX = "segment_"
"""Every type of that provider begins with it."""


class Exported(msgspec.Struct, frozen=True):
    """One exported object: `kind` as in `TERRAFORM`, its `address` for people, its fields in camel case.

    `of_terraform` is True for a resource of Terraform, whose provider leaves some fields out.
    """

    kind: str
    address: str
    fields: dict[str, Any]
    of_terraform: bool = False

    @property
    def id(self) -> str:
        """Its id; for a .tf resource without one, the reference by which others name it."""
        return str(self.fields.get("id") or "")

    @property
    def id_is_known(self) -> bool:
        """False for a .tf resource whose id is in no import block."""
        return bool(self.id) and not self.id.startswith(PREFIX)

    @property
    def enabled(self) -> bool:
        """False if it is switched off; Terraform reads the text "false" as such, too.

        A value that only Terraform knows counts as on, and so does one that nobody can read.
        """
        value = self.fields.get("enabled")
        return value is not False and value != "false"

    @property
    def enabled_is_known(self) -> bool:
        """False if `enabled` says neither yes nor no; where it is left out, the object is on."""
        value = self.fields.get("enabled")
        return value is None or isinstance(value, bool) or value in ("true", "false")

    @property
    def label(self) -> str:
        """What people call it: its title or name, else its address."""
        for field in ("title", "name", "displayName"):
            value = self.fields.get(field)
            if isinstance(value, str) and value:
                return value
        return self.address

    def reference(self, field: str) -> str:
        """Return the id in a field: its text, or Terraform's reference to another resource."""
        value = self.fields.get(field)
        unknown = first_unknown(value)
        return str(value or "") if unknown is None else unknown.reference


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none if the value is something else."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def camel(fields: Any) -> dict[str, Any]:
    """Rename Terraform's fields as in the Public API: `action_id` becomes `actionId`."""
    known = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
    return {camel_name(key): value for key, value in known.items()}


def camel_name(name: str) -> str:
    """Return one name in camel case."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def camel_inside(value: Any) -> Any:
    """Rename the fields of all objects in a value, at any depth. Texts are left alone, JSON ones as well.

    So are the values that a transformation writes: the names in them are those of the user's messages.
    """
    if isinstance(value, dict):
        items = ((camel_name(key), item) for key, item in cast("dict[str, Any]", value).items())
        return {name: item if name == WRITTEN else camel_inside(item) for name, item in items}
    if isinstance(value, list):
        return [camel_inside(item) for item in cast("list[Any]", value)]
    return value
