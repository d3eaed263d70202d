"""The transformations of a workspace (Protocols), as data under the names of Segment's Public API."""

from __future__ import annotations

import msgspec

from .messages import Json

NAMELESS = "no condition"
"""What a transformation or filter without name and condition is called."""


class PropertyRename(msgspec.Struct, frozen=True, rename="camel"):
    """Moves the value at one path to another: `properties.total`, `traits.a.b`."""

    old_name: str
    new_name: str


class PropertyValue(msgspec.Struct, frozen=True, rename="camel"):
    """Sets a constant at every one of these paths."""

    property_paths: tuple[str, ...]
    property_value: Json


class FqlProperty(msgspec.Struct, frozen=True, rename="camel"):
    """Sets a property to the value of an FQL expression."""

    fql: str
    property_name: str


class HashProperties(msgspec.Struct, frozen=True, rename="camel"):
    """Hashes the values at these paths. The key is a secret and stays with Segment: it is not kept here."""

    paths: tuple[str, ...]
    algorithm: str = ""
    encoding: str = ""


class Transformation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of `[[transformations]]`: what it changes in the messages that its condition matches.

    Without `destination_metadata_id` it is source-scoped and runs before the destination filters, else after
    them, for destinations of that kind only. `source_id` says which source it belongs to; settings describe
    one source, so nothing is compared with it.
    """

    condition: str = msgspec.field(name="if")
    name: str = ""
    enabled: bool = True
    source_id: str = ""
    destination_metadata_id: str = ""
    drop: bool = False
    new_event_name: str = ""
    property_renames: tuple[PropertyRename, ...] = ()
    property_value_transformations: tuple[PropertyValue, ...] = ()
    fql_defined_properties: tuple[FqlProperty, ...] = ()
    property_drops: tuple[str, ...] = ()
    allow_properties: tuple[str, ...] = ()
    hash_properties_configuration: HashProperties | None = None

    @property
    def label(self) -> str:
        """Its name; its condition where it has none. Never empty: each one has an entry in `stages`."""
        return self.name or self.condition or NAMELESS
