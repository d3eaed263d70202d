"""The OpenAPI document of the API, made from the table of operations."""

from __future__ import annotations

import inspect
from functools import cache
from importlib.metadata import version
from typing import Any, cast

import msgspec

from ..messages import Json, JsonObject
from .errors import ErrorAnswer
from .operations import OPERATIONS, PREFIX, READYZ, NoRequest, Operation

_ABOUT = """
The control API of a running segtap. It answers programs on this machine that know the token of the engine,
which is in its note: `engines/*.json` in the state folder. `segtap ps` lists the engines; `Client` and
`SyncClient` of the Python package `segtap.core` find them.
"""
_TOKEN = """
The engine makes a new token at each start. Operations with the tag `tests` also accept the value of the
variable that `--test-token-env` names, and `metrics` that of `--metrics-token-env`.
"""
_REFUSALS = {
    "400": "The query or the body cannot be read, or names something that does not exist.",
    "401": "The token is missing or wrong.",
    "403": "The peer, the Host or the Origin is not of this machine.",
    "405": "The operation has another method.",
    "503": "The journal cannot be read or written.",
}
_REFUSALS_OF_BODIES = {
    "409": "Forwarding cannot be turned on.",
    "413": "The body is too large.",
}
_CONTENT_TYPES = {
    "value": "application/json",
    "lines": "application/x-ndjson",
    "frames": "application/json",
    "text": "text/plain",
}


@cache
def document() -> JsonObject:
    """Return the document, OpenAPI 3.1."""
    types = [type for one in OPERATIONS for type in (_described(one.request), one.answer)] + [ErrorAnswer]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    requests, answers, error = schemas[:-1:2], schemas[1:-1:2], schemas[-1]
    paths: dict[str, Json] = {}
    for operation, request, answer in zip(OPERATIONS, requests, answers, strict=True):
        described = _operation(operation, _resolved(request, components), answer, error)
        paths[PREFIX + operation.path] = {operation.method.lower(): described}
    return {
        "openapi": "3.1.0",
        "info": {"title": "segtap", "version": version("segtap"), "description": _joined(_ABOUT)},
        "paths": paths,
        "components": {
            "schemas": {name: _described_once(schema) for name, schema in components.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": _joined(_TOKEN)}
            },
        },
    }


def _joined(text: str) -> str:
    """Return the lines of a docstring as paragraphs."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _described_once(schema: dict[str, Any]) -> JsonObject:
    """Return a schema whose description has no line breaks of the source."""
    text = schema.get("description")
    return {**schema, "description": _joined(text)} if isinstance(text, str) else schema


def _described(request: type[Any]) -> Any:
    """Return the type that describes a request: the text of a message is an object."""
    return JsonObject if request is msgspec.Raw else request


def _operation(
    operation: Operation[Any, Any], request: dict[str, Any], answer: dict[str, Any], error: dict[str, Any]
) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": ["probes" if operation.open or operation.scraped else _tag(operation)],
        "responses": _responses(operation, answer, error),
    }
    if operation.request is not NoRequest and request.get("description"):
        described["description"] = _joined(request["description"])
    if operation.scraped:
        described["security"] = [{}, {"token": []}]
    elif not operation.open:
        described["security"] = [{"token": []}]
    if operation.request is NoRequest:
        return described
    if operation.method == "POST":
        content: JsonObject = {"application/json": {"schema": cast("Json", request)}}
        described["requestBody"] = {"required": True, "content": content}
        return described
    described["parameters"] = [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in operation.path else "query",
            "required": name in request.get("required", ()),
            "schema": _of_query(schema),
        }
        for name, schema in request["properties"].items()
    ]
    return described


def _tag(operation: Operation[Any, Any]) -> str:
    """Return the word by which tools group an operation."""
    return "tests" if operation.for_tests else "reads" if operation.method == "GET" else "orders"


def _of_query(schema: dict[str, Any]) -> JsonObject:
    """Return the schema of a field without null, which a query cannot hold."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name not in ("anyOf", "default")}, **kinds[0]}


def _responses(operation: Operation[Any, Any], answer: dict[str, Any], error: dict[str, Any]) -> JsonObject:
    content: JsonObject = {_CONTENT_TYPES[operation.kind]: {"schema": cast("Json", answer)}}
    status, words = {
        "value": ("200", "OK"),
        "text": ("200", "Text."),
        "lines": ("200", "One JSON value a line."),
        "frames": ("101", "A WebSocket; each frame is one JSON value."),
    }[operation.kind]
    responses: JsonObject = {status: {"description": words, "content": content}}
    if operation.name == READYZ.name:
        responses["503"] = {"description": "No messages are accepted now.", "content": content}
    if operation.waits:
        unmet = "What was asked for did not come true in time; this is what is there."
        responses["408"] = {"description": unmet, "content": content}
    if not operation.open:
        said: JsonObject = {"application/json": {"schema": cast("Json", error)}}
        refusals = _REFUSALS | _REFUSALS_OF_BODIES if operation.method == "POST" else _REFUSALS
        if "{" in operation.path:
            refusals = {**refusals, "404": "The path holds something else than a number."}
        responses |= {code: {"description": text, "content": said} for code, text in refusals.items()}
    return responses


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Return the schema itself in place of a reference to it."""
    return components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
