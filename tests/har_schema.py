"""HAR 1.2 as a JSON Schema, as far as a file of requests needs it.

What it demands is what the specification marks as not optional.
"""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def an_object(**fields: Any) -> dict[str, Any]:
    """An object with all of these fields; what begins with `_` is anybody's own."""
    return {"type": "object", "required": list(fields), "properties": {**fields, "comment": TEXT}}


def a_list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


PAIRS = a_list(an_object(name=TEXT, value=TEXT))
REQUEST = an_object(
    method=TEXT, url={"type": "string", "format": "uri"}, httpVersion=TEXT, cookies=PAIRS, headers=PAIRS,
    queryString=PAIRS, headersSize=NUMBER, bodySize=NUMBER,
)  # fmt: skip
REQUEST["properties"]["postData"] = an_object(mimeType=TEXT, text=TEXT)
RESPONSE = an_object(
    status=NUMBER, statusText=TEXT, httpVersion=TEXT, cookies=PAIRS, headers=PAIRS,
    content=an_object(size=NUMBER, mimeType=TEXT), redirectURL=TEXT, headersSize=NUMBER, bodySize=NUMBER,
)  # fmt: skip
ENTRY = an_object(
    startedDateTime=TIME, time={"type": "number", "minimum": 0}, request=REQUEST, response=RESPONSE,
    cache={"type": "object"}, timings=an_object(send=NUMBER, wait=NUMBER, receive=NUMBER),
)  # fmt: skip
HAR = an_object(
    log=an_object(version={"const": "1.2"}, creator=an_object(name=TEXT, version=TEXT), entries=a_list(ENTRY))
)
