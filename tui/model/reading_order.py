"""The order in which a reader looks at the members of a Segment message."""

from __future__ import annotations

from ...core.messages import Json, JsonObject

FIRST = (
    *("type", "event", "name", "category", "userId", "anonymousId", "previousId", "groupId"),
    *("properties", "traits", "messageId", "timestamp", "context", "integrations"),
)
"""What a reader looks for first. The names of a JSON object have no order, and SDKs send them in any."""


def in_reading_order(document: Json) -> Json:
    """Return the message with the members that readers look for first at its top."""
    return ordered(document) if isinstance(document, dict) else document


def ordered(document: JsonObject) -> JsonObject:
    """Return the same of what is known to be an object."""
    first = {name: document[name] for name in FIRST if name in document}
    return first | document
