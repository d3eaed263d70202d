"""The numbers of a running engine, and how fast they grow: what `segtap stats` shows. Pure but for asking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

import msgspec

from ..api.models import EngineState
from ..api.viewer import Viewer
from ..errors import EngineError
from ..settings import RouteKind
from .engines import forwarding_of

PATIENCE = 10.0
"""Seconds in which an engine has to answer; a state is cheap."""


class RouteStats(msgspec.Struct, frozen=True, kw_only=True):
    """One of `[[routes]]`: messages of a route to Mixpanel, whole requests of a mirror or an archive."""

    name: str
    kind: RouteKind
    sent: int
    refused: int
    owed: int
    stuck: int
    uncertain: int
    fault: str


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers at one moment; `at` is in milliseconds. Rates are messages a second since the moment before.

    `refused` counts requests that were refused, and messages that Mixpanel refused. `forwarding` is `on`,
    `off`, `halted` or `dry run`; `fault` says what is wrong. `routes` are those of `[[routes]]`.
    """

    at: int
    received: int
    received_rate: float
    sent: int
    sent_rate: float
    refused: int
    owed: int
    stuck: int
    uncertain: int
    errors: int
    warnings: int
    forwarding: str
    fault: str
    routes: tuple[RouteStats, ...] = ()


def stats_of(state: EngineState, at: int, before: Stats | None = None) -> Stats:
    """Return the numbers of a state. A journal that was cleared meanwhile has a rate of 0."""
    counts = state.deliveries
    seconds = (at - before.at) / 1000 if before is not None else 0.0
    return Stats(
        at=at,
        received=state.received,
        received_rate=_rate(state.received, before.received if before else 0, seconds),
        sent=counts.sent,
        sent_rate=_rate(counts.sent, before.sent if before else 0, seconds),
        refused=state.refused + counts.refused,
        owed=counts.owed,
        stuck=counts.stuck,
        uncertain=counts.uncertain,
        errors=state.errors,
        warnings=state.warnings,
        forwarding=forwarding_of(state),
        fault=state.fault,
        routes=routes_of(state),
    )


def routes_of(state: EngineState) -> tuple[RouteStats, ...]:
    """Return the numbers of each route."""
    return tuple(
        RouteStats(
            name=route.name,
            kind=route.kind,
            sent=route.sent,
            refused=route.refused,
            # A route to Mixpanel counts stuck messages apart from waiting ones.
            owed=route.waiting + (route.stuck if route.kind == "mixpanel" else 0),
            stuck=route.stuck,
            uncertain=route.uncertain,
            fault=route.fault,
        )
        for route in state.routes
    )


async def watch_stats(
    viewer: Viewer, interval: float, clock: Callable[[], float] = time.time
) -> AsyncGenerator[Stats]:
    """Yield the numbers of an engine now, and every `interval` seconds until it stops.

    Raises EngineError if it does not answer for some seconds: what hangs must not look like a quiet hour.
    """
    last: Stats | None = None
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                state = await viewer.state()
        except TimeoutError:
            raise EngineError(
                f"The segtap at {viewer.url} has not answered for {PATIENCE:g} seconds. Its log says why; if"
                " it hangs, stop it and start it again: what it acknowledged is in its journal."
            ) from None
        last = stats_of(state, round(clock() * 1000), last)
        yield last
        await asyncio.sleep(interval)


def _rate(now: int, before: int, seconds: float) -> float:
    return round(max(0, now - before) / seconds, 1) if seconds > 0 else 0.0
