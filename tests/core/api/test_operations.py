"""The table of operations: server, client, test double and OpenAPI document have all of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, running_engine
from fake_viewer import FakeViewer, story
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from segtap.core.api import operations as ops
from segtap.core.api.client import Client
from segtap.core.api.expectations import Expectations
from segtap.core.api.handlers import LINES, TEXTS, VALUES
from segtap.core.api.openapi import document
from segtap.core.api.operations import OPERATIONS, PREFIX, Operation, operation_at
from segtap.core.api.probes import Probes
from segtap.core.api.sync_client import SyncClient
from segtap.core.api.viewer import Viewer

FOR_TESTS = {operation.name for operation in OPERATIONS if operation.for_tests}
NOT_FOR_VIEWERS = {"healthz", "livez", "readyz", "metrics", "openapi", *FOR_TESTS}
"""Operations for other programs than viewers."""
ALSO_REPLAY = {"replay_texts", "send_edited", "replay_to", "edited_to"}
"""Methods of a viewer that call the operation `replay`, too."""


def names(kinds: Sequence[str] = ("value", "lines", "frames", "text")) -> set[str]:
    return {operation.name for operation in OPERATIONS if operation.kind in kinds}


def test_server_and_viewer_have_every_operation() -> None:
    assert set(VALUES) == names(("value",))
    assert set(LINES) == names(("lines",))
    assert set(TEXTS) == names(("text",))
    assert names() - NOT_FOR_VIEWERS == public(Viewer) - ALSO_REPLAY
    assert public(Expectations) == FOR_TESTS
    assert public(Probes) == {"healthz", "livez", "readyz", "metrics", "openapi"}


def test_both_clients_have_every_operation() -> None:
    assert names() <= public(Client)
    missing = public(Client) - public(SyncClient)
    assert not missing, "add a line for each of these to SyncClient: name = _answer(Client.name)"
    for name in public(SyncClient):
        of_both = [inspect.signature(getattr(kind, name)) for kind in (Client, SyncClient)]
        assert of_both[0] == of_both[1]
        assert getattr(SyncClient, name).__doc__ == getattr(Client, name).__doc__


def public(kind: type) -> set[str]:
    """The operations that a class has methods for."""
    methods = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
    return methods - {"call", "call_lines", "close", "decide"}


def test_names_and_paths_are_unique() -> None:
    assert len(names()) == len(OPERATIONS)
    assert len({operation.path for operation in OPERATIONS}) == len(OPERATIONS)


def test_paths_are_found_with_the_id_in_them() -> None:
    for operation in OPERATIONS:
        found, in_path = operation_at(operation.path.format(id=7))
        assert found is operation
        assert in_path == ({"id": "7"} if operation is ops.DETAIL else {})
    for path in ("", "message", "messages/", "messages/x", "messages/-1", "messages/٣", "state/", "pages/1"):
        assert operation_at(path)[0] is None


def filled(operation: Operation[Any, Any], line: int) -> Any:
    """A request as a viewer makes it."""
    match operation.name:
        case "detail":
            return ops.DetailRequest(line)
        case "inspect":
            return msgspec.Raw(b'{"type":"track","event":"Signed Up"}')
        case "replay":
            return ops.ReplayRequest(ids=(line,))
        case "validate":
            return ops.ValidateRequest(ids=(line,))
        case "drop_route":
            return ops.DropRouteRequest("mirror")
        case "set_answers":
            return ops.AnswersRequest(("429 x2",))
        case "retry" | "drop" | "release":
            return ops.DecisionRequest((line,))
        case "set_forwarding":
            return ops.ForwardingRequest(on=True)
        case _:
            return operation.request()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
async def test_the_double_answers_every_operation_as_the_engine_would(operation: Operation[Any, Any]) -> None:
    """Its answers have the shape that the client decodes; its requests are those that the server reads."""
    if operation.name in NOT_FOR_VIEWERS or operation.kind == "frames":
        pytest.skip("not called by the screen, or not by `call`")
    double = FakeViewer(story(12))
    request = filled(operation, double.lines[0].id)
    assert msgspec.json.decode(msgspec.json.encode(request), type=operation.request) == request
    if operation.kind == "lines":
        async for line in double.call_lines(operation, request):
            msgspec.json.decode(line, type=operation.answer)
        return
    answer = await double.call(operation, request)
    assert msgspec.json.encode(msgspec.json.decode(msgspec.json.encode(answer), type=operation.answer))
    assert isinstance(answer, operation.answer)


def test_the_document_describes_every_operation() -> None:
    described = json.loads(json.dumps(document()))
    assert described["openapi"] == "3.1.0"
    found = {
        (method.upper(), path.removeprefix(PREFIX)): one
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    }
    assert set(found) == {(operation.method, operation.path) for operation in OPERATIONS}
    for operation in OPERATIONS:
        one = found[operation.method, operation.path]
        assert one["operationId"] == operation.name
        assert ("security" in one) is not operation.open
        assert ("401" in one["responses"]) is not operation.open
        assert ("408" in one["responses"]) is operation.waits
    page = {one["name"]: one for one in found["GET", "page"]["parameters"]}
    assert set(page) == {"before", "after", "limit", "filter", "wait", "route"}
    assert not any(one["required"] for one in page.values())
    id, route = found["GET", "messages/{id}"]["parameters"]
    assert (id["name"], id["in"], id["required"]) == ("id", "path", True)
    assert (route["name"], route["in"], route["required"]) == ("route", "query", False)
    assert found["POST", "replay"]["requestBody"]["required"]


def test_the_document_is_valid() -> None:
    described = json.loads(json.dumps(document()))
    validate(described, cls=OpenAPIV31SpecValidator)
    page = described["paths"][PREFIX + "page"]["get"]
    assert page["description"].startswith("The request for at most `limit` messages: before or after an id")
    assert all(one["schema"]["type"] in ("integer", "string") for one in page["parameters"])
    texts = [schema.get("description", "") for schema in described["components"]["schemas"].values()]
    assert not any("    " in text for text in texts)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    described: Any = document()
    schemas = described["components"]["schemas"]

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [one for item in value.values() for one in references(item)]
        if isinstance(value, list | tuple):
            return [one for item in value for one in references(item)]
        return []

    found = references(described)
    assert len(found) > 20
    assert {one.removeprefix("#/components/schemas/") for one in found} <= set(schemas)


async def test_the_engine_serves_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    async with (
        running_engine(engine_settings(tmp_path)) as (engine, _),
        httpx.AsyncClient(trust_env=False) as http,
    ):
        url = f"{engine.url}{PREFIX}openapi.json"
        assert (await http.get(url)).status_code == 401
        answer = await http.get(url, headers={"Authorization": f"Bearer {engine.token}"})
        assert answer.json()["info"]["title"] == "segtap"
        assert answer.json()["paths"] == json.loads(json.dumps(document()["paths"]))
