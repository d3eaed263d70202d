"""What answers each operation: a table from the operation to a function of the engine.

It is over 350 lines because the table and what each operation needs of the engine are read together.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ..aggregates.model import FieldValues, Groups, Overview
from ..chosen import Chosen
from ..delivery import Decision, Posted, Validated
from ..errors import InputError
from ..identities.model import Cluster, UserFound, Users
from ..masks import Masks, masked_settings
from ..messages import JsonObject
from ..settings import Settings
from ..sources.bounds import Bounds
from ..stories.model import EventStory, UserStory
from . import operations as ops
from .deliveries import Decided
from .matches import Matches
from .models import (
    Alive,
    EngineState,
    FeedBatch,
    Health,
    MessageDetail,
    Page,
    Readiness,
    SuperProperties,
)
from .openapi import document
from .operations import Operation
from .refusal import Refusal

MAX_PAGE = 5_000
"""The most messages of one page."""
MAX_STORY = 1_000
"""The most messages of one stretch of a user's story: each of them is read."""
MAX_PROPERTIES = 2_000
"""The most properties of one answer about an event."""

R = TypeVar("R")
A = TypeVar("A")


class Summing(Protocol):
    """The summary of an engine's messages."""

    async def overview(self, filter: str = "") -> Overview: ...


class Aggregates(Protocol):
    """What an engine makes of many messages at once."""

    async def users(self, text: str = "", limit: int = 200, filter: str = "") -> Users: ...

    async def user(self, id: str) -> Cluster | None: ...

    async def groups(self, filter: str = "") -> Groups: ...


class Stories(Protocol):
    """The stories of an engine's users and events."""

    async def user(
        self,
        id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        wait: int | None = None,
    ) -> UserStory: ...

    async def event(
        self, type: str = "", name: str = "", message: int = 0, limit: int = 200
    ) -> EventStory: ...


class Seen(Protocol):
    """The values that fields of filters have in an engine's messages."""

    async def values(self, field: str, text: str = "", limit: int = 20) -> FieldValues: ...


class Expecting(Protocol):
    """What tests ask of an engine's messages since the last reset."""

    async def messages(self, filter: str) -> Matches: ...

    async def reset(self) -> Matches: ...

    async def wait(self, filter: str, count: int, exact: bool, within: float) -> Matches: ...


class Queries(Protocol):
    """What the API asks of an engine."""

    async def health(self) -> Health: ...

    async def state(self) -> EngineState: ...

    def watch(self) -> AsyncGenerator[FeedBatch]: ...

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        filter: str = "",
        wait: int | None = None,
        route: str = "",
    ) -> Page: ...

    async def detail(self, id: int, route: str = "") -> MessageDetail: ...

    async def super_properties(self, id: int, *, anyway: bool = False) -> SuperProperties: ...

    async def inspect(self, text: bytes) -> MessageDetail: ...

    def keep_marks(self, chosen: Chosen) -> str: ...

    def export(self, filter: str = "", what: ops.ExportOf = "messages") -> AsyncIterator[bytes]: ...

    def export_of(self, ids: Sequence[int]) -> AsyncIterator[bytes]: ...

    def scenario(
        self, filter: str = "", count: int = 0, ids: Sequence[int] | None = None
    ) -> AsyncIterator[bytes]: ...

    def deliveries(self, filter: str = "") -> AsyncIterator[bytes]: ...

    def user_rows(self) -> AsyncIterator[bytes]: ...

    @property
    def summing(self) -> Summing: ...

    @property
    def aggregates(self) -> Aggregates: ...

    @property
    def seen(self) -> Seen: ...

    @property
    def stories(self) -> Stories: ...

    @property
    def expecting(self) -> Expecting: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def bounds(self) -> Bounds: ...

    @property
    def masks(self) -> Masks: ...


class Commands(Protocol):
    """What the API orders an engine to do."""

    async def set_forwarding(self, on: bool | None = None, *, reread: bool = False) -> None: ...

    async def validate(self, ids: Sequence[int], route: str = "") -> list[Validated]: ...

    async def replay(self, ids: Sequence[int]) -> int: ...

    async def replay_to(self, url: str, ids: Sequence[int]) -> list[Posted]: ...

    async def replay_texts(self, texts: Sequence[bytes]) -> int: ...

    async def send_edited(self, text: bytes, edited: int, message_id: str) -> int: ...

    async def edited_to(self, url: str, text: bytes, edited: int, message_id: str) -> list[Posted]: ...

    async def decide(self, decision: Decision, ids: Sequence[int], route: str = "") -> Decided: ...

    async def drop_route(self, route: str) -> int: ...

    def set_answers(self, answers: Sequence[str]) -> None: ...

    async def clear(self) -> None: ...


class Outside(Protocol):
    """What probes and scrapes ask of an engine. `metrics_token` is "" where other machines get no metrics."""

    metrics_token: str

    async def alive(self) -> Alive: ...

    async def readiness(self) -> Readiness: ...

    async def metrics(self) -> str: ...


class Controlled(NamedTuple):
    """The engine, as the API needs it."""

    queries: Queries
    commands: Commands
    outside: Outside


Answerer = Callable[[Controlled, Any], Awaitable[Any]]
LineWriter = Callable[[Controlled, Any], AsyncIterator[bytes]]


def _by(operation: Operation[R, A], answer: Callable[[Controlled, R], Awaitable[A]]) -> tuple[str, Answerer]:
    """Return an entry of the table; the parameters' types keep operation and function together."""
    return operation.name, answer


async def _health(engine: Controlled, _: ops.NoRequest) -> Health:
    return await engine.queries.health()


async def _settings(engine: Controlled, _: ops.NoRequest) -> Settings:
    return masked_settings(engine.queries.settings)


async def _page(engine: Controlled, ask: ops.PageRequest) -> Page:
    limit = max(1, min(ask.limit, MAX_PAGE))
    return await engine.queries.page(
        before=ask.before,
        after=ask.after,
        limit=limit,
        filter=ask.filter,
        wait=ask.wait,
        route=ask.route,
    )


async def _user(engine: Controlled, ask: ops.UserRequest) -> UserFound:
    return UserFound(await engine.queries.aggregates.user(ask.id))


async def _user_story(engine: Controlled, ask: ops.UserStoryRequest) -> UserStory:
    limit = max(1, min(ask.limit, MAX_STORY))
    return await engine.queries.stories.user(
        ask.id, before=ask.before, after=ask.after, limit=limit, wait=ask.wait
    )


async def _event_story(engine: Controlled, ask: ops.EventStoryRequest) -> EventStory:
    limit = max(1, min(ask.limit, MAX_PROPERTIES))
    return await engine.queries.stories.event(ask.type, ask.name, ask.message, limit)


async def _keep_marks(engine: Controlled, chosen: Chosen) -> ops.SetName:
    return ops.SetName(engine.queries.keep_marks(chosen))


async def _set_forwarding(engine: Controlled, order: ops.ForwardingRequest) -> EngineState:
    if order.on is None and not order.reread:
        why = 'Send {"on": true}, {"on": false} or {"reread": true}.'
        raise Refusal(400, "Nothing to do", why, "InputError")
    await engine.commands.set_forwarding(order.on, reread=order.reread)
    return await engine.queries.state()


async def _drop_route(engine: Controlled, order: ops.DropRouteRequest) -> ops.RouteDropped:
    return ops.RouteDropped(await engine.commands.drop_route(order.route))


async def _set_answers(engine: Controlled, order: ops.AnswersRequest) -> EngineState:
    engine.commands.set_answers(order.answers)
    return await engine.queries.state()


async def _replay(engine: Controlled, order: ops.ReplayRequest) -> ops.Replayed:
    texts, url = [bytes(text) for text in order.messages], order.url
    if order.edited is not None and texts:
        if len(texts) != 1:
            raise InputError("An edited message is sent alone: `messages` must hold one.")
        if url:
            return _posted(await engine.commands.edited_to(url, texts[0], order.edited, order.message_id))
        id = await engine.commands.send_edited(texts[0], order.edited, order.message_id)
        return ops.Replayed(1, id=id)
    if not texts:
        if url:
            return _posted(await engine.commands.replay_to(url, order.ids))
        return ops.Replayed(await engine.commands.replay(order.ids))
    if url:
        raise InputError("Messages from elsewhere are replayed through segtap only: send them to the URL.")
    return ops.Replayed(await engine.commands.replay_texts(texts))


def _posted(answers: Sequence[Posted]) -> ops.Replayed:
    return ops.Replayed(sum(one.taken for one in answers), tuple(answers))


async def _validate(engine: Controlled, order: ops.ValidateRequest) -> ops.Validations:
    return ops.Validations(tuple(await engine.commands.validate(order.ids, order.route)))


async def _wait(engine: Controlled, ask: ops.WaitRequest) -> Matches:
    return await engine.queries.expecting.wait(ask.filter, ask.count, ask.exact, ask.timeout)


async def _expect(engine: Controlled, ask: ops.ExpectRequest) -> Matches:
    if ask.none and ask.count:
        raise InputError("`none` and `count` contradict each other: give one of them.")
    count = 0 if ask.none else 1 if ask.count is None else ask.count
    return await engine.queries.expecting.wait(ask.filter, count, ask.exact or ask.none, ask.timeout)


async def _clear(engine: Controlled, _: ops.NoRequest) -> ops.Cleared:
    await engine.commands.clear()
    return ops.Cleared()


async def _openapi(_: Controlled, __: ops.NoRequest) -> JsonObject:
    return document()


VALUES: dict[str, Answerer] = dict(
    (
        _by(ops.HEALTHZ, _health),
        _by(ops.LIVEZ, lambda engine, _: engine.outside.alive()),
        _by(ops.READYZ, lambda engine, _: engine.outside.readiness()),
        _by(ops.STATE, lambda engine, _: engine.queries.state()),
        _by(ops.SETTINGS, _settings),
        _by(ops.PAGE, _page),
        _by(ops.DETAIL, lambda engine, ask: engine.queries.detail(ask.id, ask.route)),
        _by(
            ops.SUPER_PROPERTIES,
            lambda engine, ask: engine.queries.super_properties(ask.id, anyway=bool(ask.anyway)),
        ),
        _by(ops.KEEP_MARKS, _keep_marks),
        _by(ops.OVERVIEW, lambda engine, ask: engine.queries.summing.overview(ask.filter)),
        _by(ops.VALUES, lambda engine, ask: engine.queries.seen.values(ask.field, ask.text, ask.limit)),
        _by(ops.USERS, lambda engine, ask: engine.queries.aggregates.users(ask.text, ask.limit, ask.filter)),
        _by(ops.USER, _user),
        _by(ops.USER_STORY, _user_story),
        _by(ops.EVENT_STORY, _event_story),
        _by(ops.GROUPS, lambda engine, ask: engine.queries.aggregates.groups(ask.filter)),
        _by(ops.INSPECT, lambda engine, message: engine.queries.inspect(bytes(message))),
        _by(ops.SET_FORWARDING, _set_forwarding),
        _by(ops.REPLAY, _replay),
        _by(ops.VALIDATE, _validate),
        _by(ops.RETRY, lambda engine, order: engine.commands.decide("retry", order.ids, order.route)),
        _by(ops.DROP, lambda engine, order: engine.commands.decide("drop", order.ids, order.route)),
        _by(ops.RELEASE, lambda engine, order: engine.commands.decide("release", order.ids, order.route)),
        _by(ops.DROP_ROUTE, _drop_route),
        _by(ops.SET_ANSWERS, _set_answers),
        _by(ops.CLEAR, _clear),
        _by(ops.MESSAGES, lambda engine, ask: engine.queries.expecting.messages(ask.filter)),
        _by(ops.RESET, lambda engine, _: engine.queries.expecting.reset()),
        _by(ops.WAIT, _wait),
        _by(ops.EXPECT, _expect),
        _by(ops.OPENAPI, _openapi),
    )
)
"""By the operation's name: what answers with one value."""

TEXTS: dict[str, Callable[[Controlled], Awaitable[str]]] = {
    ops.METRICS.name: lambda engine: engine.outside.metrics(),
}
"""By the operation's name: what answers with text."""

LINES: dict[str, LineWriter] = {
    ops.USER_ROWS.name: lambda engine, _: engine.queries.user_rows(),
    ops.EXPORT.name: lambda engine, ask: engine.queries.export(ask.filter, ask.what),
    ops.EXPORT_OF.name: lambda engine, ask: engine.queries.export_of(ask.ids),
    ops.SCENARIO.name: lambda engine, ask: engine.queries.scenario(ask.filter, ask.count, ask.ids),
    ops.DELIVERIES.name: lambda engine, ask: engine.queries.deliveries(ask.filter),
}
"""By the operation's name: what answers with lines."""
