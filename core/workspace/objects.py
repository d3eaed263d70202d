"""One object of a workspace's export, from wherever it comes."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from .hcl import first_unknown

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
        """Its id; in .tf files that do not say it, what others refer to it by."""
        return str(self.fields.get("id") or "")

    @property
    def id_is_known(self) -> bool:
        """False for a .tf resource whose id is in no import block."""
        return bool(self.id) and not self.id.startswith("segment_")

    @property
    def enabled(self) -> bool:
        """True unless it is switched off; what only Terraform knows counts as on."""
        return self.fields.get("enabled") is not False

    def reference(self, field: str) -> str:
        """The id that a field names: as text, or as Terraform's reference to another resource."""
        value = self.fields.get(field)
        unknown = first_unknown(value)
        return str(value or "") if unknown is None else unknown.reference


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is something else."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def camel(fields: Any) -> dict[str, Any]:
    """Terraform's names of fields as the Public API has them: `action_id` is `actionId`."""
    known = cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
    return {re.sub(r"_(\w)", lambda match: match[1].upper(), key): value for key, value in known.items()}
