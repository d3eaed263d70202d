"""What the stand-in Mixpanel knows of Mixpanel: decoding, validation, what an operation does to a profile.

Mixpanel's own words where they are known (documentation, or reported from the wild); those marked MODELLED
are made after them.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from typing import Any, cast
from urllib.parse import parse_qs

EVENT_LIMIT = 1024 * 1024
EARLIEST_MS = 31_536_000_000
FUTURE_MS = 3_600_000
BAD_IDS = frozenset(
    ["00000000-0000-0000-0000-000000000000", "anon", "anonymous", "nil", "none", "null", "n/a", "na",
     "undefined", "unknown", "<nil>", "0", "-1", "true", "false", "[]", "{}"]
)  # fmt: skip
OPERATIONS = frozenset(["$set", "$set_once", "$add", "$append", "$union", "$remove", "$unset", "$delete"])


def as_object(value: Any) -> dict[str, Any]:
    """Return a JSON object, {} for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a JSON array, and one of anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


# --- decoding --------------------------------------------------------------------------------------


class Unreadable(Exception):
    """A body that cannot be decoded."""


def decode_import(body: bytes, headers: dict[str, str]) -> tuple[list[Any], bytes]:
    """Return the records of an /import body (JSON array or NDJSON) and the raw bytes."""
    raw = body
    if headers.get("content-encoding") == "gzip":
        try:
            raw = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"invalid gzip: {error}") from error
    try:
        if "ndjson" in headers.get("content-type", ""):
            return [json.loads(line) for line in raw.splitlines() if line.strip()], raw
        records = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"invalid JSON: {error}") from error
    return as_list(records), raw


def decode_form(body: bytes, query: dict[str, str], headers: dict[str, str]) -> tuple[list[Any], str]:
    """Return the records of `data=` (form body or query, JSON or base64) or of a JSON body, and its shape."""
    if "json" in headers.get("content-type", ""):
        text = body.decode("utf-8", "replace")
    else:
        fields = parse_qs(body.decode("latin-1"), keep_blank_values=True) if body else {}
        text = fields["data"][0] if "data" in fields else query.get("data", "")
        if not text:
            raise Unreadable("data, missing or empty")
    shape = "form"
    try:
        if text.lstrip()[:1] not in ("{", "["):
            shape = "base64"
            text = base64.b64decode(text + "=" * (-len(text) % 4)).decode()
        records = json.loads(text)
    except (ValueError, RecursionError, binascii.Error) as error:
        raise Unreadable("data, invalid JSON or base64") from error
    return as_list(records), shape


# --- validation ------------------------------------------------------------------------------------


def import_faults(record: Any, now_ms: int, *, enforce_length: bool = False) -> tuple[str, str] | None:
    """Return (field, message) of the first thing that strict import refuses in an event, or None."""
    record = as_object(record)
    if not isinstance(record.get("properties"), dict):
        return "properties", "'properties' must not be missing or null"  # MODELLED
    properties = as_object(record["properties"])
    if not isinstance(record.get("event"), str) or not record["event"].strip():
        return "event", "'event' must not be missing or blank"
    stamp = properties.get("time")
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return "properties.time", "'properties.time' is invalid: must be specified as seconds since epoch"
    milliseconds = stamp if stamp >= EARLIEST_MS else stamp * 1000  # seconds are taken, too
    if milliseconds < EARLIEST_MS or milliseconds > now_ms + FUTURE_MS:
        return "properties.time", "'properties.time' is invalid: must be specified as seconds since epoch"
    insert_id = properties.get("$insert_id")
    if not isinstance(insert_id, str) or not insert_id:
        return "$insert_id", "'$insert_id' must not be missing or blank"  # MODELLED
    if not re.fullmatch(r"[A-Za-z0-9-]+", insert_id):
        return (
            "$insert_id",
            "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
        )
    if enforce_length and len(insert_id) > 36:
        return "$insert_id", "'$insert_id' is invalid: must not be longer than 36 bytes"  # MODELLED
    distinct_id = properties.get("distinct_id")
    if isinstance(distinct_id, str) and distinct_id.lower() in BAD_IDS:
        return "properties.distinct_id", f"'properties.distinct_id' is invalid: {distinct_id!r}"  # MODELLED
    if len(properties) >= 255:
        return "properties", "'properties' is invalid: must have fewer than 255 keys"  # MODELLED
    deep = too_deep("properties", properties, 0)
    if deep is not None:
        return deep
    if len(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")) > EVENT_LIMIT:
        return "", "event is invalid: must be smaller than 1MB"  # MODELLED
    return None


def too_deep(path: str, value: Any, depth: int) -> tuple[str, str] | None:
    """Return the first value nested deeper than 3, or list of 255 or more. Lists alone make no depth."""
    rest = [(path, value, depth)]
    while rest:
        path, value, depth = rest.pop()
        elements = as_list(value)
        if isinstance(value, list) and len(elements) >= 255:
            return path, f"'{path}' is invalid: must have fewer than 255 elements"  # MODELLED
        if not isinstance(value, dict | list):
            continue
        if depth > 3:
            return path, f"'{path}' is invalid: nested too deeply"  # MODELLED
        items = list[tuple[Any, Any]](
            as_object(value).items() if isinstance(value, dict) else enumerate(elements)
        )
        step = depth + isinstance(value, dict)
        rest += [(f"{path}.{key}", item, step) for key, item in reversed(items)]
    return None


def form_fault(path: str, record: Any) -> str | None:
    """Return why a form endpoint, or /import as one, refuses a record, or None. The words are MODELLED."""
    if not isinstance(record, dict):
        return "record must be an object"
    record = as_object(record)
    if path in ("/track", "/import"):
        if not record.get("event"):
            return "event, missing or empty"
        if not as_object(record.get("properties")).get("token"):
            return "token, missing or empty"
        return None
    required = ("$token", "$distinct_id") if path == "/engage" else ("$token", "$group_key", "$group_id")
    for key in required:
        if record.get(key) in (None, ""):
            return f"{key}, missing or empty"
        if not isinstance(record[key], str | int | float):
            return f"{key}, must be a string or number"
    operations = OPERATIONS & record.keys()
    if not operations:
        return "no operation in record"
    for key in operations - {"$unset", "$delete"}:
        if not isinstance(record[key], dict):
            return f"{key}, must be an object"
    if not all(isinstance(n, int | float) for n in as_object(record.get("$add")).values()):
        return "$add, values must be numbers"
    if not all(isinstance(values, list) for values in as_object(record.get("$union")).values()):
        return "$union, values must be lists"
    names = record.get("$unset", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in as_list(names)):
        return "$unset, must be a list of names"
    return None


# --- profiles --------------------------------------------------------------------------------------


def update_profile(store: dict[Any, dict[str, Any]], key: Any, record: dict[str, Any]) -> None:
    """Apply one profile operation, as Mixpanel documents it.

    What adds to a value of another type leaves it.
    """
    if "$delete" in record:
        store.pop(key, None)
        return
    profile = store.setdefault(key, {})
    profile.update(record.get("$set", {}))
    for name, value in record.get("$set_once", {}).items():
        profile.setdefault(name, value)
    for name, value in record.get("$add", {}).items():
        if isinstance(profile.get(name, 0), int | float):
            profile[name] = profile.get(name, 0) + value
    for name, value in record.get("$append", {}).items():
        if isinstance(profile.setdefault(name, []), list):
            profile[name].append(value)
    for name, values in record.get("$union", {}).items():
        if isinstance(profile.setdefault(name, []), list):
            for value in values:
                if value not in profile[name]:
                    profile[name].append(value)
    for name, value in record.get("$remove", {}).items():
        if isinstance(profile.setdefault(name, []), list):
            profile[name] = [item for item in profile[name] if item != value]
    for name in record.get("$unset", []):
        profile.pop(name, None)
