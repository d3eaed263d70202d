"""Reads a request into the struct that its operation names: from the path, the query and the body."""

from __future__ import annotations

import re
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec

from ..ingest.body import Receive, Scope
from ..json_text import json_bytes
from ..objections import rejection
from ..sources.bounds import Bounds, over
from ..sources.decode import NotJson
from ..sources.parts import array_parts, object_parts
from ..sources.segment.validate import too_deep
from .operations import NoRequest, Operation, ReplayRequest
from .refusal import Refusal, unreadable

MAX_BODY = 64 * 1024 * 1024
MAX_DEPTH = 512
"""Levels of nesting in a body. What reads the values afterwards cannot follow deeper ones."""

R = TypeVar("R")
A = TypeVar("A")
T = TypeVar("T")


async def read_request(
    operation: Operation[R, A], in_path: dict[str, str], scope: Scope, receive: Receive, bounds: Bounds
) -> R:
    """Read the request of an operation. Raises Refusal if the query or the body cannot be read."""
    if operation.request is NoRequest:
        return operation.request()
    if operation.method == "GET":
        return _convert(_query(scope) | in_path, operation.request)
    body = await _body(receive)
    if too_deep(body, MAX_DEPTH):
        raise unreadable("body", f"it is nested deeper than {MAX_DEPTH} levels")
    expected: type[Any] = operation.request
    if expected is msgspec.Raw:
        check_size(body, bounds)
        return cast(R, msgspec.Raw(body))
    if expected is ReplayRequest:
        return cast(R, _replay(body, bounds))
    return _decode(body, operation.request)


def check_size(text: bytes, bounds: Bounds) -> None:
    """Raise Refusal if a message is too large to be read."""
    if why := over(text, bounds):
        raise unreadable("body", rejection(why).text)


def _replay(body: bytes, bounds: Bounds) -> ReplayRequest:
    """Read an order to replay. Each of its messages is cut out as it is spelled, which may not be JSON."""
    try:
        parts = object_parts(body)
        messages = array_parts(parts.pop("messages", b"[]"))
    except NotJson as error:
        raise unreadable("body", str(error)) from error
    for text in messages:
        check_size(text, bounds)
    rest = b",".join(json_bytes(name) + b":" + part for name, part in parts.items())
    request = _decode(b"{" + rest + b"}", ReplayRequest)
    return msgspec.structs.replace(request, messages=tuple(map(msgspec.Raw, messages)))


def _decode(body: bytes, type: type[T]) -> T:
    """Decode JSON of any sender. Raises Refusal if it is not of that type."""
    try:
        return msgspec.json.decode(body, type=type)
    except UnicodeDecodeError as error:
        raise unreadable("body", "it is not UTF-8 text") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise unreadable("body", str(error)) from error


def _convert(fields: dict[str, str], type: type[T]) -> T:
    """Read the fields of a query; all but texts are numbers, and 1 is true.

    Raises Refusal if one has the wrong type.
    """
    known = msgspec.structs.fields(cast("type[msgspec.Struct]", type))
    kinds = {field.name: getattr(field.type, "__origin__", field.type) for field in known}
    values = {name: _read(text, kinds.get(name)) for name, text in fields.items()}
    try:
        return msgspec.convert(values, type)
    except msgspec.ValidationError as error:
        raise unreadable("query", str(error)) from error


_FLAGS = {"1": True, "true": True, "0": False, "false": False}
_DECIMAL = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,19})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def _read(text: str, kind: Any) -> str | float | bool:
    """Return the value of a field of that type, or its text if it is none."""
    if kind is str:
        return text
    if kind is bool:
        return _FLAGS.get(text, text)
    if kind is float:
        return float(text) if _DECIMAL.fullmatch(text) else text
    return _number(text)


def _number(text: str) -> int | str:
    """Return the number that the text is, or the text if it is not one of up to 19 digits."""
    return int(text) if _WHOLE.fullmatch(text) else text


def _query(scope: Scope) -> dict[str, str]:
    """Return the fields of the query. Raises Refusal unless it is UTF-8, with and without escapes."""
    try:
        return dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise unreadable("query", "it is not UTF-8 text") from None


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Refusal(400, "Cut off", "The request ended before its body did.")
        part: bytes = event.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise Refusal(413, "Too large", f"The body is larger than {MAX_BODY >> 20} MiB.", "InputError")
        parts.append(part)
        if not event.get("more_body", False):
            return b"".join(parts)
