"""The client of a running engine for scripts without asyncio."""

# The functions at the top write the methods of the class.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from ..serve.notes import find_engine
from .client import Client
from .connection import gone

P = ParamSpec("P")
T = TypeVar("T")

_LINES = 500
"""Lines that are fetched from the thread of the client at once."""


def _answer(
    method: Callable[Concatenate[Client, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[SyncClient, P], T]:
    """Return the method of a `SyncClient` that waits for the answer of a method of `Client`."""

    @functools.wraps(method)
    def call(self: SyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait(method(self._client, *args, **kwargs))

    return call


def _values(
    method: Callable[Concatenate[Client, P], AsyncIterator[T]], at_once: int
) -> Callable[Concatenate[SyncClient, P], Iterator[T]]:
    """Return the method of a `SyncClient` that yields what a method of `Client` yields."""

    @functools.wraps(method)
    def call(self: SyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self._each(method(self._client, *args, **kwargs), at_once)

    return call


class SyncClient:
    """A `Client` whose methods return answers in place of awaitables, under the same names.

    It runs the `Client` in a thread of its own, so it works in notebooks, too, and several threads may use
    it. After `close`, every call raises EngineError.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._loop = asyncio.new_event_loop()
        self._client = Client(url, token)
        self._thread = threading.Thread(target=self._loop.run_forever, name="segtap client", daemon=True)
        self._thread.start()

    @classmethod
    def find(cls, url: str = "", *, journal: str = "") -> Self:
        """Return the client of a running engine of this user, see `Client.find`."""
        return cls(*find_engine(url, journal=journal))

    def __repr__(self) -> str:
        return f"SyncClient({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. The engine keeps running."""
        if self._loop.is_closed():
            return
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    state = _answer(Client.state)
    settings = _answer(Client.settings)
    feed = _values(Client.feed, 1)
    page = _answer(Client.page)
    detail = _answer(Client.detail)
    super_properties = _answer(Client.super_properties)
    overview = _answer(Client.overview)
    values = _answer(Client.values)
    users = _answer(Client.users)
    user = _answer(Client.user)
    user_rows = _values(Client.user_rows, _LINES)
    user_story = _answer(Client.user_story)
    event_story = _answer(Client.event_story)
    groups = _answer(Client.groups)
    inspect = _answer(Client.inspect)
    set_forwarding = _answer(Client.set_forwarding)
    keep_marks = _answer(Client.keep_marks)
    set_answers = _answer(Client.set_answers)
    validate = _answer(Client.validate)
    replay = _answer(Client.replay)
    replay_to = _answer(Client.replay_to)
    replay_texts = _answer(Client.replay_texts)
    send_edited = _answer(Client.send_edited)
    edited_to = _answer(Client.edited_to)
    retry = _answer(Client.retry)
    drop = _answer(Client.drop)
    release = _answer(Client.release)
    drop_route = _answer(Client.drop_route)
    clear = _answer(Client.clear)
    export = _values(Client.export, _LINES)
    export_of = _values(Client.export_of, _LINES)
    scenario = _values(Client.scenario, _LINES)
    deliveries = _values(Client.deliveries, _LINES)
    messages = _answer(Client.messages)
    reset = _answer(Client.reset)
    wait = _answer(Client.wait)
    expect = _answer(Client.expect)
    healthz = _answer(Client.healthz)
    livez = _answer(Client.livez)
    readyz = _answer(Client.readyz)
    metrics = _answer(Client.metrics)
    openapi = _answer(Client.openapi)

    def _wait(self, asked: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns that runs in the client's thread; an interrupt cancels it."""
        if self._loop.is_closed():
            asked.close()
            raise gone(self.url, "this connection to it was closed")
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result()
        except CancelledError as error:
            raise gone(self.url, "this connection to it was closed") from error
        except BaseException:
            future.cancel()
            raise

    async def _end(self) -> None:
        """Close the connection, and end what other threads still wait for."""
        await self._client.close()
        others = asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    def _each(self, values: AsyncIterator[T], at_once: int) -> Iterator[T]:
        """Yield values, `at_once` of which are fetched together."""
        while taken := self._wait(_taken(values, at_once)):
            yield from taken


async def _taken(values: AsyncIterator[T], count: int) -> list[T]:
    """Return the next values, fewer than `count` only if there are no more."""
    taken: list[T] = []
    async for value in values:
        taken.append(value)
        if len(taken) == count:
            break
    return taken
