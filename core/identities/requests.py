"""The ids in a request to Mixpanel, as text, and what a message is about."""

from __future__ import annotations

from collections.abc import Iterable

from ..mapping.javascript import format_number
from ..messages import Json, JsonObject
from ..verdict import IDENTITY_EVENTS, Translation


def id_text(value: Json) -> str:
    """Return an id as the text that Mixpanel compares, numbers included; "" for any other JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return format_number(value)
    return ""


def records(translation: Translation) -> Iterable[JsonObject]:
    """Yield every record of every request, in the order of sending."""
    for operation in translation.operations:
        yield from operation.request.records()


def id_in(translation: Translation) -> str:
    """Return the id that a message is about: its event's distinct_id, or its profile's; "" when it names
    none.
    """
    profile = ""
    for record in records(translation):
        properties = record.get("properties")
        if isinstance(record.get("event"), str) and isinstance(properties, dict):
            for name in ("$identified_id", "alias", "distinct_id", "$anon_id"):
                id = id_text(properties.get(name))
                if id and (name == "distinct_id" or record["event"] in IDENTITY_EVENTS):
                    return id
        if "$group_key" not in record:
            profile = profile or id_text(record.get("$distinct_id"))
    return profile
