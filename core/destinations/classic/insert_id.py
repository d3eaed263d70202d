"""The `$insert_id` of the classic destination, of which two sources of Segment say two things. Pure.

Segment's page (since 2024): the cloud side sends `$insert_id`, uuidv5 of `messageId:projectId:eventName`,
with a namespace that is not published. Its public code (2017) sends none. So segtap sends none, as the code,
and shows the field as one whose value is unknown.
"""

from __future__ import annotations

from ...messages import JsonObject
from ...places import in_body
from ...verdict import IDENTITY_EVENTS, Translation

FIELD = "$insert_id"
UNKNOWN = "set by Segment, value unknown"
"""What is shown in place of the value."""
UNKNOWABLE = (
    "Segment's page: uuidv5 of messageId:projectId:eventName, with a namespace that is not published; its"
    " public code sends none. Whether a retry counts twice cannot be known"
)
"""What is said of the field wherever it is spoken of."""


def is_unknown(record: JsonObject) -> bool:
    """Return True for the record of an event that states no insert id of its own."""
    properties = record.get("properties")
    if not isinstance(properties, dict) or record.get("event") in IDENTITY_EVENTS:
        return False
    return FIELD not in properties


def unknown_fields(translation: Translation) -> tuple[str, ...]:
    """Return the paths of the insert ids that Segment may set, in a translation of the classic
    destination.
    """
    return tuple(
        in_body(index, "properties", FIELD)
        for index, operation in enumerate(translation.operations)
        if isinstance(body := operation.request.body, dict) and is_unknown(body)
    )
