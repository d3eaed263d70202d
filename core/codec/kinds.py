"""What a JSON value is, by its fields: Segment's or Mixpanel's, one or several."""

from __future__ import annotations

from typing import Literal

from ..messages import CALL_TYPES, Json, JsonObject

Kind = Literal[
    "segment message", "segment batch", "mixpanel events", "mixpanel profiles", "mixpanel groups", "json"
]


_PROFILE_OPERATIONS = frozenset(
    ("$set", "$set_once", "$add", "$append", "$union", "$unset", "$remove", "$delete")
)
_SEGMENT_FIELDS = frozenset(
    ("userId", "anonymousId", "messageId", "writeKey", "integrations", "originalTimestamp")
)


def kind_of(value: Json) -> Kind:
    """Return what a JSON value is, by its fields."""
    if isinstance(value, dict):
        if isinstance(value.get("batch"), list):
            return "segment batch"
        return _kind_of_record(value)
    if isinstance(value, list) and value:
        kinds: list[Kind] = [_kind_of_record(item) if isinstance(item, dict) else "json" for item in value]
        if len(set(kinds)) == 1:
            return "segment batch" if kinds[0] == "segment message" else kinds[0]
    return "json"


def _kind_of_record(record: JsonObject) -> Kind:
    if "$group_key" in record and "$group_id" in record:
        return "mixpanel groups"
    if record.keys() & _PROFILE_OPERATIONS and ("$distinct_id" in record or "$token" in record):
        return "mixpanel profiles"
    if record.get("type") in CALL_TYPES:
        return "segment message"
    if isinstance(record.get("event"), str):
        if record.keys() & _SEGMENT_FIELDS:
            return "segment message"
        if isinstance(record.get("properties"), dict):
            return "mixpanel events"
    return "json"
