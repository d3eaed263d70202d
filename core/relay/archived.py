"""What an archive keeps of a request: lines of JSON, and the object that they belong to. Pure.

As in Segment's own raw data in S3: gzipped lines, one message each, in a folder for each source and day, here
with an object or more for each hour. Refused requests, and requests of which a record was refused, stand
apart.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from ..delivery import Delivery
from ..errors import RequestRefused
from ..json_text import json_bytes
from ..masks import mask_authorization
from ..messages import Json, Message, Receipt
from ..sources.decode import inflate

DAY = 24 * 3600 * 1000
HOUR = 3600 * 1000
RAW, REFUSED = "segment-logs", "segtap-refused"
"""The folders of what was received, named as Segment names it, and of what was refused."""
NO_KEY = "no-write-key"
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


class Place(msgspec.Struct, frozen=True):
    """The folder and the hour that a line belongs to."""

    folder: str
    hour: int


def place_of(receipt: Receipt, write_key: str, folder: str) -> Place:
    """Return where the lines of a request belong: `segment-logs/KEY/1795478400000`, and the hour (ms)."""
    day = receipt.received_at // DAY * DAY
    source = quote(write_key, safe="") or NO_KEY
    return Place(f"{folder}/{source}/{day}", receipt.received_at // HOUR * HOUR)


def name_of(place: Place, number: int, first: Receipt) -> str:
    """Return the name of an object that begins with a request: `…/10-000000042-UID.json.gz`.

    It follows from its first debt, so that an object that is written again after a crash takes the place of
    the first one. `number` tells apart what is owed twice, the request's own uid what comes from other
    journals.
    """
    hour = datetime.fromtimestamp(place.hour / 1000, UTC).hour
    return f"{place.folder}/{hour:02}-{number:09}-{first.uid}.json.gz"


def refused_request(receipt: Receipt) -> bytes:
    """Return the line of a request that was answered with 4xx, or that nobody can read: with its body."""
    line: dict[str, Json] = {
        "refused": receipt.refused or "",
        "status": receipt.status,
        "receivedAt": _iso(receipt.received_at),
        "method": receipt.method,
        "path": receipt.path,
        "query": receipt.query,
        "headers": [
            [name, mask_authorization(value) if name in _SECRET else value] for name, value in receipt.headers
        ],
    }
    try:
        body = inflate(receipt.body, receipt.header("content-encoding") or "")
    except RequestRefused:
        body = receipt.body
    try:
        line["body"] = body.decode()
    except UnicodeDecodeError:
        line["bodyBase64"] = base64.b64encode(receipt.body).decode()
    return json_bytes(line) + b"\n"


def refused_record(message: Message, refusals: Sequence[Delivery]) -> bytes:
    """Return the line of a message of which Mixpanel refused a record: the message, and Mixpanel's words."""
    line: dict[str, Json] = {
        "message": message.document,
        "writeKey": message.write_key,
        "refusals": [
            {
                "request": one.operation,
                "endpoint": one.endpoint,
                "status": one.status,
                "words": one.words,
                "at": _iso(one.at),
            }
            for one in refusals
        ],
    }
    return json_bytes(line) + b"\n"


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
