"""The forwarders of an engine, one for each route to Mixpanel, turned on and off together.

Each has its own pace, circuit breaker and faults, so that a project that is down does not hold up another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping

from ..forward.forwarder import PATIENCE, Forwarder
from ..settings import Settings
from .supervisor import Work


class Forwarders:
    """The forwarders by the names of their routes, the first route's first.

    A single forwarder has no name in what it says.
    """

    def __init__(self, each: Mapping[str, Forwarder]) -> None:
        self._each = dict(each)

    @property
    def several(self) -> bool:
        """True if there are several routes to Mixpanel."""
        return len(self._each) > 1

    @property
    def halted(self) -> bool:
        """True if a fault that waiting does not mend keeps one of them from sending."""
        return any(one.halted for one in self._each.values())

    @property
    def sending(self) -> bool:
        """True while one of them has not halted."""
        return any(not one.halted for one in self._each.values())

    @property
    def halt_words(self) -> str:
        """Why those have halted that have; "" if none has."""
        return self._words(lambda one: one.halt_words)

    @property
    def fault(self) -> str:
        """What is wrong with forwarding, "" if nothing is."""
        return self._words(lambda one: one.fault)

    @property
    def retry(self) -> tuple[str, int]:
        """The part of `fault` that will be tried again by itself, and when (ms; 0: unknown)."""
        found = [(self._named(name, words), at) for name, words, at in self._retries()]
        return min(found, key=lambda one: one[1] or 1 << 62, default=("", 0))

    @property
    def running(self) -> bool:
        """True while one of them runs."""
        return any(one.running for one in self._each.values())

    def fault_of(self, route: str) -> str:
        """Return what is wrong with forwarding along a route, "" if nothing is."""
        return self._each[route].fault if route in self._each else ""

    def runs(self) -> list[tuple[str, Work, Work]]:
        """Return for each the name of its task, what runs it, and what waits until it is well."""
        return [
            (f"forwarding along {name}" if self.several else "forwarding", one.run, one.wait_idle)
            for name, one in self._each.items()
        ]

    def use(self, settings: Settings) -> None:
        """Send as these settings say from the next message on; see `Forwarder.use`."""
        for name, one in self._each.items():
            one.use(settings.for_route(name).destination, settings.forward)

    def wake(self) -> None:
        """Note that new messages are owed."""
        for one in self._each.values():
            one.wake()

    def resume(self) -> None:
        """Try again those that have halted."""
        for one in self._each.values():
            if one.halted:
                one.resume()

    @contextlib.asynccontextmanager
    async def at_rest(self, patience: float = PATIENCE) -> AsyncGenerator[set[int]]:
        """Keep all of them from sending; see `Forwarder.at_rest`."""
        async with contextlib.AsyncExitStack() as stack:
            under_way = [
                await stack.enter_async_context(one.at_rest(patience)) for one in self._each.values()
            ]
            yield set[int]().union(*under_way)

    async def wait_idle(self) -> None:
        """Return when each has dealt with what it owes, or has halted."""
        await asyncio.gather(*(one.wait_idle() for one in self._each.values()))

    async def stop(self, grace: float) -> None:
        """Send nothing more; wait up to `grace` seconds for answers under way."""
        await asyncio.gather(*(one.stop(grace) for one in self._each.values()))

    def _retries(self) -> list[tuple[str, str, int]]:
        found = [(name, *one.retry) for name, one in self._each.items()]
        return [(name, words, at) for name, words, at in found if words]

    def _words(self, of: Callable[[Forwarder], str]) -> str:
        return " · ".join(self._named(name, words) for name, one in self._each.items() if (words := of(one)))

    def _named(self, name: str, words: str) -> str:
        return f"{name}: {words}" if self.several else words
