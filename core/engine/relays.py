"""The mirrors and archives of an engine: run while forwarding is on, and woken by what is received."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from ..api.feed import Feed
from ..api.models import RouteState
from ..delivery import Delivery, DeliveryCounts, DeliveryState, Handover, Outcome, RouteCounts
from ..errors import ForwardingRefused, InputError
from ..faults import Faults
from ..forward.clock import SystemClock
from ..forward.decisions import decide
from ..index.receipts import ReceiptReader
from ..messages import Receipt
from ..metrics.meter import Meter
from ..relay.archive import Archive
from ..relay.archived import RAW as RAW_FOLDER
from ..relay.archived import REFUSED as REFUSED_FOLDER
from ..relay.archived import Place, place_of, refused_record, refused_request
from ..relay.choosing import REFUSED, key_of
from ..relay.itself import is_itself, leads_to_itself, upstream_of
from ..relay.mirror import Mirror
from ..relay.objects import objects_of
from ..relay.runner import Runner
from ..serve.server import Listener
from ..settings import RouteSettings, Settings
from ..stores.base import Stores, Summed
from ..text import clean, counted, joined, shorten
from .export import export_line
from .route_states import mixpanel_state, where
from .supervisor import Supervisor

_NOTHING = RouteCounts()
_AT_ONCE = 1_000
"""Messages that are dropped together."""


class Relays:
    """Hands whole requests to the routes of the settings, as they were when the engine started.

    The feed tells what came of them. `fault_of` returns what is wrong with a route to Mixpanel, and
    `summed` is called with what becomes of the messages of one that was taken out.
    """

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        reader: ReceiptReader,
        listener: Listener,
        supervisor: Supervisor,
        faults: Faults,
        feed: Feed,
        fault_of: Callable[[str], str],
        summed: Summed,
        meter: Meter,
    ) -> None:
        self._meter = meter
        self._fault_of = fault_of
        self._summed = summed
        self._settings = settings
        self._stores = stores
        self._reader = reader
        self._listener = listener
        self._supervisor = supervisor
        self._faults = faults
        self._feed = feed
        self._runners: dict[str, Runner] = {}
        self._tasks: list[asyncio.Task[None]] = []
        for route in settings.whole_routes:
            self._add(route)
        archives = [route.name + REFUSED for route in settings.routes if route.kind == "archive"]
        if archives:
            stores.requests.owe_refusals_to(archives)

    def look_for_refused(self) -> None:
        """Look for records that Mixpanel has refused."""
        for name, runner in self._runners.items():
            if name.endswith(REFUSED):
                runner.wake()

    def appended(self, receipts: Sequence[Receipt]) -> None:
        """Wake the routes that these receipts are owed to."""
        if self._runners:
            for name in {name for receipt in receipts for name in receipt.routes}:
                if (runner := self._runners.get(name)) is not None:
                    runner.wake()

    async def check(self) -> None:
        """Raise ForwardingRefused if a mirror leads back to this segtap, by whatever name."""
        for route in self._settings.whole_routes:
            if route.kind == "segment" and await leads_to_itself(upstream_of(route).url, self._listener):
                raise ForwardingRefused(leads_back(route))

    def start(self) -> None:
        """Hand over what is owed, and what will be, until `stop`. A dry run hands over nothing."""
        if self._settings.dry_run:
            return
        self._tasks = [
            self._supervisor.start(f"the route {name}", runner.run, well=runner.wait_idle)
            for name, runner in self._runners.items()
        ]

    async def stop(self, grace: float) -> None:
        """Let what is under way end, for so many seconds."""
        tasks, self._tasks = self._tasks, []
        await asyncio.gather(*(runner.stop(grace) for runner in self._runners.values()))
        for task in tasks:
            await self._supervisor.end(task)

    async def look_for_left_over(self) -> None:
        """Report each route to which something is owed, but which the settings no longer have.

        Such requests keep room in the journal.
        """
        for route, owed in (await self._left_over()).items():
            what = [counted(number, noun) for noun, number in owed.items()]
            self._faults.report(
                f"route {route}",
                f"Still owed to the route {clean(route)}, which is no longer in [[routes]]: "
                f"{joined(what)}. Put it back, or drop them with: segtap deliveries "
                f"drop --route {clean(shlex.quote(route))}",
            )

    async def drop(self, route: str) -> int:
        """Owe nothing more to a route, and return how many requests that were.

        Raises InputError if the settings have the route, or nothing is owed to it.
        """
        if any(one.name == route for one in self._settings.routes):
            raise InputError(
                f"The route {clean(route)} is in [[routes]]. Take it out and start segtap again, "
                "then drop what is owed to it."
            )
        dropped = await drop_route(self._stores, route, self._summed)
        self._faults.clear(f"route {route}")
        return dropped

    async def states(self, of_all: DeliveryCounts) -> tuple[RouteState, ...]:
        """Return what there is to say of each of `[[routes]]`, none without them.

        `of_all` are the counts of the messages, which are those of a single route to Mixpanel without filter.
        """
        if not self._settings.routes:
            return ()
        counts = await self._stores.requests.counts()
        by_route = self._settings.by_route
        standings = await self._stores.index.standing_counts() if by_route else {}
        return tuple(
            self._state(route, counts)
            if route.kind != "mixpanel"
            else mixpanel_state(
                route,
                self._settings,
                standings.get(route.name, DeliveryCounts()) if by_route else of_all,
                self._fault_of(route.name) if by_route else "",  # a single one's is the engine's own
            )
            for route in self._settings.routes
        )

    async def _left_over(self) -> dict[str, Counter[str]]:
        """Return what is owed to routes that the settings do not have: how many requests, or messages."""
        found: dict[str, Counter[str]] = {}
        for name, one in (await self._stores.requests.counts()).items():
            if one.waiting and name not in self._runners:
                found.setdefault(name.removesuffix(REFUSED), Counter())["request"] += one.waiting
        names = {route.name for route in self._settings.mixpanel_routes}
        for name, one in (await self._stores.index.standing_counts()).items():
            if one.owed and name not in names:
                found.setdefault(name, Counter())["message"] += one.owed
        return found

    def _state(self, route: RouteSettings, of: Mapping[str, RouteCounts]) -> RouteState:
        """Return how a route stands; an archive's refused requests and records count with the others."""
        names = [name for name in (route.name, route.name + REFUSED) if name in self._runners]
        counts = [of.get(name, _NOTHING) for name in names]
        runner = self._runners.get(route.name)
        return RouteState(
            name=route.name,
            kind=route.kind,
            to=where(route, self._settings),
            write_keys=route.write_keys,
            waiting=sum(one.waiting for one in counts),
            sent=sum(one.sent for one in counts),
            refused=sum(one.refused for one in counts),
            dropped=sum(one.dropped for one in counts),
            stuck=runner.stuck if isinstance(runner, Mirror) else 0,
            fault=next((fault for name in names if (fault := self._runners[name].fault)), ""),
        )

    def _add(self, route: RouteSettings) -> None:
        if route.kind == "segment":
            self._runners[route.name] = Mirror(
                route,
                upstream_of(route),
                self._stores.requests,
                self._stores.receipts,
                SystemClock(),
                changed=lambda: self._report(route.name),
                on_handover=self._handed,
            )
            return
        objects = objects_of(route)
        for name, lines in ((route.name, self._raw), (route.name + REFUSED, self._refused)):
            self._runners[name] = Archive(
                name,
                objects,
                lines,
                self._stores.requests,
                self._stores.receipts,
                SystemClock(),
                every=route.every,
                changed=partial(self._report, name),
                on_handover=self._handed,
            )

    def _report(self, name: str) -> None:
        self._faults.report(f"route {name}", self._runners[name].fault)
        self._feed.touch()

    def _handed(self, one: Handover) -> None:
        self._meter.count_along(one.route.removesuffix(REFUSED), one.outcome.value)
        self._feed.hand(one.receipt)

    async def _raw(self, receipt: Receipt) -> tuple[Place, bytes]:
        """Return the messages of a request as lines, and where they belong."""
        read = await self._reader.read(receipt)
        if isinstance(read, str) or not read:
            why = read if isinstance(read, str) else "there is no message in it"
            line = refused_request(msgspec.structs.replace(receipt, refused=why))
            return place_of(receipt, key_of(receipt), REFUSED_FOLDER), line
        return place_of(receipt, read[0].write_key, RAW_FOLDER), b"".join(map(export_line, read))

    async def _refused(self, receipt: Receipt) -> tuple[Place, bytes]:
        """Return a refused request, or the messages of which Mixpanel refused a record, as lines."""
        place = place_of(receipt, key_of(receipt), REFUSED_FOLDER)
        if receipt.refused is not None:
            return place, refused_request(receipt)
        read = await self._reader.read(receipt)
        messages = [] if isinstance(read, str) else read
        attempts = await self._stores.outbox.deliveries_of([message.id for message in messages])
        lines: list[bytes] = []
        for message in messages:
            refusals = [one for one in attempts.get(message.id, ()) if one.outcome is Outcome.REFUSED]
            if refusals:
                lines.append(refused_record(message, refusals))
        return place, b"".join(lines)


async def drop_route(stores: Stores, route: str, summed: Summed = lambda lines, states, sums: None) -> int:
    """Owe nothing more to a route, and return how many requests or messages that were.

    `summed` is called with what becomes of messages. Raises InputError if nothing was owed.
    """
    counts = await stores.requests.counts()
    names = [name for name in (route, route + REFUSED) if name in counts and counts[name].waiting]
    messages = await _drop_messages(stores, route, summed)
    if not names and not messages:
        raise InputError(f"Nothing is owed to a route {shorten(clean(route), 80)}.")
    return messages + sum([await stores.requests.drop(name) for name in names])


async def _drop_messages(stores: Stores, route: str, summed: Summed) -> int:
    """Send nothing more of the messages that are owed to Mixpanel along a route; return how many it was."""
    if not (await stores.index.standing_counts()).get(route, DeliveryCounts()).owed:
        return 0
    outbox = stores.outbox.along(route, rest=False, summed=summed)
    dropped = after = 0
    while lines := (await stores.index.page(after=after, limit=_AT_ONCE)).summaries:
        after = lines[-1].id
        standings = await stores.index.standings([line.id for line in lines])
        attempts = await outbox.deliveries_of(list(standings))
        now = time.time_ns() // 1_000_000
        tried: list[Delivery] = []
        states: list[tuple[int, DeliveryState]] = []
        for id, ways in standings.items():
            for one in ways:
                made = decide("drop", id, one.delivery, attempts.get(id, ()), now)
                if one.route == route and not isinstance(made, str):
                    tried += made.lines
                    states.append((id, made.state))
        if states:
            await outbox.record(tried, states)
        dropped += len(states)
    return dropped


def refuse_routes(settings: Settings, listener: Listener, *, shared: bool) -> None:
    """Raise ForwardingRefused if a mirror of the settings names this segtap's own address.

    Also if the journal is `shared` with other engines, each of which would hand over every request, and for
    several routes to Mixpanel then.
    """
    if shared and settings.by_route:
        names = [route.name for route in settings.mixpanel_routes]
        if len(names) == 1:
            raise ForwardingRefused(
                f"The filter of the route {names[0]} cannot be used with a journal in NATS, which keeps no"
                " outcomes by route. Leave it out, or choose a file with --journal PATH."
            )
        raise ForwardingRefused(
            f"The routes {joined(names)} cannot be used with a journal in NATS, which knows one route to"
            " Mixpanel. Leave one of them in [[routes]], or choose a file with --journal PATH."
        )
    if shared and settings.whole_routes:
        raise ForwardingRefused(
            f"The route {settings.whole_routes[0].name} cannot be used with a journal in NATS: routes of kind"
            " segment and archive need a journal in a file. Take it out of [[routes]], or choose a file with"
            " --journal PATH."
        )
    for route in settings.whole_routes:
        if route.kind == "segment" and is_itself(upstream_of(route).url, listener):
            raise ForwardingRefused(leads_back(route))


def leads_back(route: RouteSettings) -> str:
    """Return why a mirror cannot send to its server, which is this segtap."""
    return (
        f"The route {route.name} sends to {upstream_of(route).origin}, which is this segtap itself: every"
        " request would go round for ever. Set url of that route to another server, or leave it out for"
        " Segment's own."
    )
