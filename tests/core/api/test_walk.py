"""Each operation of the table, asked by those who may not, and with what cannot be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import engine_settings, isolate, running_engine

from segtap.core.api.errors import ErrorAnswer
from segtap.core.api.operations import OPERATIONS, PREFIX, NoRequest, Operation
from segtap.core.engine.lifecycle import Engine

AnyOperation = Operation[Any, Any]
Headers = dict[str, str]
GUARDED = [operation for operation in OPERATIONS if not operation.open and not operation.scraped]
UNREADABLE = (b"\xff", b"{", b"[]", b"1", b"", b"[" * 600)


@pytest.fixture
async def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    isolate(tmp_path, monkeypatch.setenv)
    async with running_engine(engine_settings(tmp_path, ephemeral=True)) as (engine, _):
        yield engine


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, base_url=engine.url + PREFIX) as http:
        yield http


async def ask(
    http: httpx.AsyncClient, asked: AnyOperation, headers: Headers, query: str = "", body: bytes = b""
) -> httpx.Response:
    return await http.request(asked.method, asked.path.format(id=1) + query, headers=headers, content=body)


def refused(answer: httpx.Response, status: int, kind: str) -> None:
    """Fails unless the answer is an error that says what to do, and that no page may read."""
    assert answer.status_code == status, (answer.request.url, answer.text)
    error = msgspec.json.decode(answer.content, type=ErrorAnswer).error
    assert error.kind == kind, answer.request.url
    assert error.title
    assert error.message
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_nobody_without_the_token_gets_in(engine: Engine, http: httpx.AsyncClient) -> None:
    token = {"Authorization": f"Bearer {engine.token}"}
    for operation in GUARDED:
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": engine.token}):
            refused(await ask(http, operation, wrong), 401, "AccessRefused")
        for foreign in ({"Origin": "https://shop.example"}, {"Origin": "null"}, {"Host": "shop.example"}):
            refused(await ask(http, operation, token | foreign), 403, "AccessRefused")


async def test_what_cannot_be_read_is_refused(engine: Engine, http: httpx.AsyncClient) -> None:
    token = {"Authorization": f"Bearer {engine.token}"}
    for operation in GUARDED:
        if operation.request is NoRequest:
            continue
        if operation.method == "GET":
            for query in ("?x=%FF", "?%FF=1"):
                refused(await ask(http, operation, token, query), 400, "InputError")
            continue
        for body in UNREADABLE:
            refused(await ask(http, operation, token, "", body), 400, "InputError")


async def test_another_method_is_refused_and_the_right_one_named(
    engine: Engine, http: httpx.AsyncClient
) -> None:
    token = {"Authorization": f"Bearer {engine.token}"}
    for operation in OPERATIONS:
        if operation.kind == "frames":
            continue
        answer = await http.put(operation.path.format(id=1), headers=token)
        refused(answer, 405, "EngineError")
        assert answer.headers["allow"].split(", ")[0] == operation.method


async def test_the_rest_is_open_and_no_page_may_read_it(http: httpx.AsyncClient) -> None:
    for operation in OPERATIONS:
        if not operation.open and not operation.scraped:
            continue
        answer = await ask(http, operation, {})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
        if operation.scraped:
            for foreign in ({"Origin": "https://shop.example"}, {"Host": "shop.example"}):
                refused(await ask(http, operation, foreign), 403, "AccessRefused")
