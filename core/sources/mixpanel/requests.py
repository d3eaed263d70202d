"""Which requests are those of Mixpanel's SDKs, decided by body and query and not by the path alone. Pure.

A page may give the SDK any prefix (`api_host`) and any path (`api_routes`), and some of Mixpanel's paths are
Segment's as well: /p/, /mp/track and /settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from ...errors import RequestRefused
from ..decode import BOM, InflatesTooFar, NotJson
from ..limits import MAX_BATCH_MESSAGES
from ..segment.routes import route_of
from ..segment.validate import is_crowded, too_deep
from .answers import NO_DEFINITIONS, NO_FLAGS, NO_SETTINGS, OK, TOO_LARGE, Asked, DeviceRefused, Reply
from .form import DATA, data_text, fields_of, in_utf8, is_form, is_on
from .records import endpoint_of_path, is_record, is_segments, items_of

_MANY = f"more than {MAX_BATCH_MESSAGES:,} records in one request"
_LOOKED_AT = 20
"""Records that are looked at to tell them from other JSON."""
_IMPORT = "/import"
_THEIRS = frozenset({"verbose", "ip", "img"})
"""Fields that Mixpanel's SDKs send beside their records, and Segment's never."""
_FLAGS = re.compile(r"/flags(?:(/definitions)|/[^/]+/first-time-events)?/*\Z")
"""Paths of feature flags: their variants, their definitions, and what became of one."""


class Admitted(msgspec.Struct, frozen=True):
    """A request of one of Mixpanel's SDKs: how many records are to be kept, and the answer."""

    records: int
    reply: Reply


class Device(msgspec.Struct, frozen=True):
    """What a request holds: the JSON text of its records, as they were sent, and what it asks for.

    `marked`: a byte order mark stood before the text. `encoded`: it comes out of base64 or percent-encoding,
    into which old pages put Latin-1.
    """

    text: bytes
    asked: Asked
    fields: Mapping[str, bytes]
    marked: bool = False
    encoded: bool = False

    def records(self) -> list[bytes]:
        """Return each record's JSON text. Raises NotJson."""
        items = items_of(self.text)
        return [in_utf8(item) for item in items] if self.encoded else items


def device_of(path: str, query: str, body: bytes, limit: int | None = None) -> Device | None:
    """Return what a request of Mixpanel's SDKs holds; None for any other request.

    `body` is uncompressed, empty for a GET. Raises DeviceRefused for one that cannot be read.
    """
    fields = fields_of(query.encode("latin-1"))
    text = body.strip()
    bare = text.removeprefix(BOM).lstrip()
    if is_form(bare):
        return _encoded({**fields, **fields_of(bare)}, path, limit)
    if not bare:
        return _encoded(fields, path, limit)
    if not _holds_records(bare, path):
        return None
    asked = Asked(is_on(fields, "verbose"), imported=endpoint_of_path(path) == _IMPORT)
    return Device(bare, asked, fields, marked=text.startswith(BOM))


def _encoded(fields: Mapping[str, bytes], path: str, limit: int | None) -> Device | None:
    """Return what the field `data` holds."""
    if DATA not in fields:
        return None
    asked = Asked(is_on(fields, "verbose"), image=is_on(fields, "img"))
    # Segment's pixel has a field of this name, too.
    theirs = bool(endpoint_of_path(path)) and route_of(path).kind != "pixel"
    try:
        text = data_text(fields[DATA], limit).strip()
    except RequestRefused as error:
        if not theirs:
            return None
        status = TOO_LARGE if isinstance(error, InflatesTooFar) else 200
        raise asked.refused(str(error), status) from error
    records = text.removeprefix(BOM).lstrip()
    if not theirs and not _holds_records(records, path):
        return None
    return Device(records, asked, fields, marked=text.startswith(BOM), encoded=True)


def _holds_records(text: bytes, path: str) -> bool:
    """Return True if a JSON text is one record or several, whatever else stands among them."""
    kind, several = route_of(path).kind, text[:1] == b"["
    if several and kind != "pixel" and (endpoint_of_path(path) or is_crowded(text)):
        return True  # Segment has no endpoint for a list
    try:
        items = items_of(text)
    except NotJson:
        return kind == "mixpanel"  # the refusal has the form that its SDKs read
    # At any other path a webhook may hold an event with properties, too, but no project.
    sure = not endpoint_of_path(path) or (len(items) == 1 and kind in ("call", "batch", "pixel"))
    return any(is_record(item, sure=sure) for item in items[:_LOOKED_AT])


def admit(path: str, query: str, body: bytes, *, max_depth: int, limit: int | None = None) -> Admitted | None:
    """Return how many records a request of Mixpanel's SDKs holds, and its answer; None for any other request.

    `body` is uncompressed. Raises DeviceRefused.
    """
    if _is_recording(path, query):
        return Admitted(0, Reply(OK))
    device = device_of(path, query, body, limit)
    if device is None:
        return None
    asked = device.asked
    if is_crowded(device.text):
        raise asked.refused(_MANY)
    try:
        items = device.records()
    except NotJson as error:
        raise asked.refused(f"the records are no JSON: {error}") from error
    if len(items) > MAX_BATCH_MESSAGES:
        raise asked.refused(_MANY)
    if too_deep(device.text, max_depth):
        raise asked.refused(f"the JSON is nested deeper than {max_depth}")
    if items and not any(is_record(item, sure=False) for item in items):
        raise asked.refused("there is no event and no update of a profile or a group in it")
    return Admitted(len(items), asked.taken(len(items)))


def refused_reply(path: str, query: str, body: bytes, reason: str, status: int = 200) -> DeviceRefused | None:
    """Return a refusal in the form that Mixpanel's SDKs read; None for a request that is not theirs.

    `body` is its beginning. Where it is too large, `TOO_LARGE`, a form is enough to be taken for theirs.
    """
    form = is_form(body)
    fields = fields_of(query.encode("latin-1"))
    fields = {**fields, **fields_of(body)} if form else fields
    endpoint = endpoint_of_path(path)
    # Segment has a path that ends in /track or /import as well: there the query must tell.
    theirs = endpoint and (
        route_of(path).kind in ("mixpanel", "other") or not fields.keys().isdisjoint(_THEIRS)
    )
    if not (theirs or (form and status == TOO_LARGE)) or is_segments(body):
        return None
    imported = endpoint == _IMPORT and not form and DATA not in fields
    return Asked(is_on(fields, "verbose"), imported=imported).refused(reason, status)


def answered(path: str, query: str) -> Reply | None:
    """Return the answer to a request for flags or for the SDK's settings; None for any other."""
    if (flags := _FLAGS.search(path)) and route_of(path).kind == "other":
        return Reply(NO_DEFINITIONS if flags[1] else NO_FLAGS)
    if not query:
        return None
    fields = fields_of(query.encode("latin-1"))
    if "sdk_config" in fields:
        return Reply(NO_SETTINGS)
    if "token" in fields and "context" in fields:
        return Reply(NO_FLAGS)
    return None


def _is_recording(path: str, query: str) -> bool:
    """Return True for a part of a session recording."""
    last = path.rstrip("/").rpartition("/")[2]
    return bool(query) and "replay_id=" in query and (last == "record" or "replay_start_time=" in query)
