"""What answers each operation: a table from the operation to a function of the engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from ..identities.model import Cluster, UserFound, Users
from ..ingest.bounds import Bounds
from ..masks import Masks, masked_settings
from ..messages import JsonObject
from ..overview.model import Groups, Overview
from ..settings import Settings
from . import operations as ops
from .models import EngineState, FeedBatch, Health, MessageDetail, Page
from .openapi import document
from .operations import Operation
from .refusal import Refusal
from .requests import read_message

MAX_PAGE = 5_000
"""The most messages of one page."""

R = TypeVar("R")
A = TypeVar("A")


class Overlooking(Protocol):
    """What an engine makes of many messages at once."""

    async def overview(self) -> Overview: ...

    async def users(self, text: str = "", limit: int = 200) -> Users: ...

    async def user(self, id: str) -> Cluster | None: ...

    async def groups(self) -> Groups: ...


class Controlled(Protocol):
    """What the API needs of an engine."""

    async def state(self) -> EngineState: ...

    def watch(self) -> AsyncGenerator[FeedBatch]: ...

    async def page(
        self, *, before: int | None = None, after: int | None = None, limit: int = 200, text: str = ""
    ) -> Page: ...

    async def detail(self, id: int) -> MessageDetail: ...

    async def inspect(self, document: JsonObject) -> MessageDetail: ...

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> EngineState: ...

    async def replay(self, ids: Sequence[int]) -> int: ...

    async def clear(self) -> None: ...

    async def replay_documents(self, documents: Sequence[JsonObject]) -> int: ...

    def export(self, text: str = "") -> AsyncIterator[bytes]: ...

    def user_rows(self) -> AsyncIterator[bytes]: ...

    def health(self) -> Health: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def overviews(self) -> Overlooking: ...

    @property
    def bounds(self) -> Bounds: ...

    @property
    def masks(self) -> Masks: ...


Answerer = Callable[[Controlled, Any], Awaitable[Any]]
LineWriter = Callable[[Controlled, Any], AsyncIterator[bytes]]


def _by(operation: Operation[R, A], answer: Callable[[Controlled, R], Awaitable[A]]) -> tuple[str, Answerer]:
    """Return an entry of the table; the parameters' types keep operation and function together."""
    return operation.name, answer


async def _health(engine: Controlled, _: ops.NoRequest) -> Health:
    return engine.health()


async def _settings(engine: Controlled, _: ops.NoRequest) -> Settings:
    return masked_settings(engine.settings)


async def _page(engine: Controlled, ask: ops.PageRequest) -> Page:
    limit = max(1, min(ask.limit, MAX_PAGE))
    return await engine.page(before=ask.before, after=ask.after, limit=limit, text=ask.text)


async def _user(engine: Controlled, ask: ops.UserRequest) -> UserFound:
    return UserFound(await engine.overviews.user(ask.id))


async def _set_forwarding(engine: Controlled, order: ops.ForwardingRequest) -> EngineState:
    if order.on is None and not order.reread:
        why = 'Send {"on": true}, {"on": false} or {"reread": true}.'
        raise Refusal(400, "Nothing to do", why, "InputError")
    return await engine.set_forwarding(order.on, reread=order.reread)


async def _replay(engine: Controlled, order: ops.ReplayRequest) -> ops.Replayed:
    if not order.messages:
        return ops.Replayed(await engine.replay(order.ids))
    messages = [read_message(bytes(text), engine.bounds) for text in order.messages]
    return ops.Replayed(await engine.replay_documents(messages))


async def _clear(engine: Controlled, _: ops.NoRequest) -> ops.Cleared:
    await engine.clear()
    return ops.Cleared()


async def _openapi(_: Controlled, __: ops.NoRequest) -> JsonObject:
    return document()


VALUES: dict[str, Answerer] = dict(
    (
        _by(ops.HEALTHZ, _health),
        _by(ops.STATE, lambda engine, _: engine.state()),
        _by(ops.SETTINGS, _settings),
        _by(ops.PAGE, _page),
        _by(ops.DETAIL, lambda engine, ask: engine.detail(ask.id)),
        _by(ops.OVERVIEW, lambda engine, _: engine.overviews.overview()),
        _by(ops.USERS, lambda engine, ask: engine.overviews.users(ask.text, ask.limit)),
        _by(ops.USER, _user),
        _by(ops.GROUPS, lambda engine, _: engine.overviews.groups()),
        _by(ops.INSPECT, lambda engine, message: engine.inspect(message)),
        _by(ops.SET_FORWARDING, _set_forwarding),
        _by(ops.REPLAY, _replay),
        _by(ops.CLEAR, _clear),
        _by(ops.OPENAPI, _openapi),
    )
)
"""By the operation's name: what answers with one value."""

LINES: dict[str, LineWriter] = {
    ops.USER_ROWS.name: lambda engine, _: engine.user_rows(),
    ops.EXPORT.name: lambda engine, ask: engine.export(ask.text),
}
"""By the operation's name: what answers with lines."""
