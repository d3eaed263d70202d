"""Makes the objects of an engine and connects them; nothing runs until `core.engine.lifecycle` starts it.

It is over 350 lines because an engine is connected in one place, in the order in which its parts need one
another.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

import msgspec

from ..api.feed import Feed
from ..api.mock import PATHS, MockApp
from ..api.models import Summary
from ..api.server import ControlApp
from ..delivery import Delivery, DeliveryState, Owed, refusal_statuses
from ..faults import Faults
from ..forward.forwarder import Forwarder
from ..forward.sender import OnDelivery
from ..index.backlog import Backlog
from ..index.holding import Holding
from ..index.indexer import Indexer
from ..index.owed import Given, OwedRecords
from ..index.receipts import ReceiptReader
from ..index.workers import Workers
from ..ingest.app import IngestApp
from ..ingest.attempts import Attempts
from ..ingest.first_look import FirstLook
from ..ingest.knocks import Knocks
from ..messages import Message, Receipt
from ..metrics import otlp
from ..metrics.meter import Meter
from ..on_demand import Demands
from ..pipeline.intake import parse_receipt
from ..proxy.app import ProxyApp
from ..proxy.hosts import SEGMENT_CDN, upstreams_of
from ..proxy.passing import Passing
from ..relay.choosing import Choosing
from ..segment_names import device_settings
from ..serve.certificates import Certificates
from ..serve.server import Listener, WebServer
from ..settings import DEFAULT_ROUTE, Settings
from ..sources.bounds import bounds_of
from ..sources.segment.cdn import DeviceMode
from ..stores.base import Outbox, Stores
from .active import ActiveSettings
from .aggregates import Aggregates
from .along import WayTranslator, summed_to
from .commands import Commands
from .deliveries import Deliveries
from .delivery_log import log_deliveries
from .expecting import Expecting
from .exporting import Exporting
from .forwarder_switch import ForwarderSwitch
from .forwarders import Forwarders
from .functions import EngineFunctions
from .gathering import Gathering
from .history import History
from .outside import Outside
from .queries import VERSION, Queries
from .redacting import Redacting
from .rejudge import Rejudging
from .relays import Relays
from .route_numbers import RouteNumbers
from .seen import SeenValues
from .sending import Sending
from .settings_change import SettingsChange
from .settings_watch import SettingsWatch
from .stories import Stories
from .summing import Summing
from .supervisor import Supervisor
from .watched_log import WatchedLog

LINGER = 0.025
"""Seconds for which a message waits for others that may share its request, while nothing else is owed."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one engine."""

    active: ActiveSettings
    stores: Stores
    faults: Faults
    feed: Feed
    supervisor: Supervisor
    knocks: Knocks
    reader: ReceiptReader
    functions: EngineFunctions
    workers: Workers
    backlog: Backlog
    indexer: Indexer
    history: History
    summing: Summing
    aggregates: Aggregates
    stories: Stories
    gathering: Gathering
    expecting: Expecting
    switch: ForwarderSwitch
    rejudging: Rejudging
    change: SettingsChange
    watch: SettingsWatch
    deliveries: Deliveries
    relays: Relays
    queries: Queries
    commands: Commands
    outside: Outside
    exporting: Exporting | None
    """Sends the metrics to a Collector, None where nobody asked for that."""
    web: WebServer
    certificates: Certificates | None
    """The certificate of the web server, None without TLS."""
    passing: Passing | None
    """The way to the servers behind `segtap proxy`, else None."""

    def appended(self, receipts: Sequence[Receipt]) -> None:
        """Hand on what was appended to the log, see `ReceiptLog.follow`."""
        self.indexer.appended(receipts)
        self.expecting.appended(receipts)
        self.relays.appended(receipts)

    def recorded_elsewhere(
        self, deliveries: Sequence[Delivery], states: Sequence[tuple[int, DeliveryState]]
    ) -> None:
        """Show what other engines have recorded, see `Outbox.follow`."""
        self.feed.change(states, refusal_statuses(deliveries))


def build(
    active: ActiveSettings,
    stores: Stores,
    listener: Listener,
    *,
    token: str,
    routed: bool = False,
    resumed: bool = False,
    interrupted: str = "",
) -> Parts:
    """Make an engine's parts, which read by `active`, store in `stores` and are reached at `listener`.

    `token` is that of the API. `routed`: the journal has messages that went along one of several routes to
    Mixpanel. For `resumed` and `interrupted` see `ForwarderSwitch`.
    """
    settings = active.settings
    feed = Feed(lambda: queries.state())
    faults = Faults(feed.touch)
    supervisor = Supervisor(faults)
    knocks = Knocks(now, feed.touch)
    demands, attempts = Demands(settings.ingest.answers, feed.touch), Attempts()
    meter = Meter(now)
    looked, bounds = FirstLook(), bounds_of(settings.ingest)
    redacting = Redacting(lambda: active.settings, looked)
    prepare = redacting.receipt
    if settings.routes:
        choosing = Choosing(settings.whole_routes, settings.mixpanel_routes, looked, lambda: switch.on)

        async def prepare(receipt: Receipt) -> Receipt:
            # What the route is chosen by may be redacted.
            return await redacting.receipt(await choosing.receipt(receipt))

    log = WatchedLog(stores.receipts, faults, meter.acknowledged, prepare)

    def parse(receipt: Receipt, only: Collection[int] | None = None) -> list[Message]:
        return parse_receipt(receipt, only, bounds, looked.text(receipt.uid))

    functions = EngineFunctions(active, faults)
    reader = ReceiptReader(
        parse,
        active.judge,
        faults,
        observe=active.observe,
        adjust=active.adjust,
        keeper=active,
        functions=functions,
        sources=lambda: active.settings.sources,
    )
    workers = Workers(lambda: (active.settings, active.revision), looked.text, faults)

    def publish(summaries: Sequence[Summary]) -> None:
        meter.list(summaries)
        feed.publish(summaries)

    indexer = Indexer(
        stores,
        reader,
        publish=publish,
        offer=lambda summary, made: first.offer(summary, made),
        owed=lambda: forwarders.wake(),
        faults=faults,
        count=meter.counted(looked.count),
        hold=Holding(lambda: active.settings.hold, lambda: active.settings.sources).holds,
        waiting=lambda: log.waiting > 0,
        workers=workers,
    )
    history = History(stores, reader, active, supervisor)
    gathering = Gathering(stores, reader, active, supervisor, indexer.pause, lambda: indexer.waiting)
    summing = Summing(stores, reader, lambda: bounds_of(active.settings.ingest), lambda: indexer.waiting)
    aggregates = Aggregates(stores, reader, active, gathering)
    stories = Stories(stores, reader, active, gathering, summing)

    delivered = _delivered(feed, meter, lambda: relays.look_for_refused())

    names = [route.name for route in settings.mixpanel_routes] or [DEFAULT_ROUTE]
    several = len(names) > 1
    outboxes: dict[str, Outbox] = {}
    if settings.by_route or routed:
        for place, name in enumerate(names):
            summed = summed_to(feed, meter, lambda: relays.look_for_refused(), name)
            outboxes[name] = stores.outbox.along(name, rest=place == 0, summed=summed)

    def halted(route: str, why: str) -> None:
        switch.note_halt(f"route {route}: {why}" if several else why)
        feed.touch()

    def load(owed: Sequence[Owed]) -> AsyncIterator[list[Message]]:
        meter.owe(owed)
        return reader.loading(stores, owed)

    elsewhere = OwedRecords(
        stores.receipts,
        workers,
        lambda: active.settings,
        busy=lambda: indexer.behind,
        plain=lambda: not active.runs_functions,
    )

    def given(owed: Sequence[Owed]) -> AbstractAsyncContextManager[Given]:
        meter.owe(owed)
        return elsewhere.given(owed)

    each = {
        name: Forwarder(
            stores,
            load,
            WayTranslator(active, name) if settings.by_route else active,
            settings=settings.for_route(name).destination,
            options=settings.forward,
            on_delivery=None if outboxes else delivered,
            on_trouble=feed.touch,
            on_halt=partial(halted, name),
            dry_run=settings.dry_run,
            linger=LINGER,
            elsewhere=None if settings.by_route else given,
            outbox=outboxes.get(name),
        )
        for name in names
    }
    first, forwarders = each[names[0]], Forwarders(each)
    left = summed_to(feed, meter, lambda: relays.look_for_refused(), "")
    relays = Relays(
        settings, stores, reader, listener, supervisor, faults, feed, forwarders.fault_of, left, meter
    )
    switch = ForwarderSwitch(
        forwarders,
        relays,
        stores,
        active,
        supervisor,
        url=listener.urls[0],
        resumed=resumed,
        interrupted=interrupted,
    )
    backlog = Backlog(reader, workers, lambda: indexer.behind)
    rejudging = Rejudging(stores, reader, backlog, supervisor, feed)
    change = SettingsChange(active, stores, rejudging, forwarders, switch, summing, gathering, feed, faults)
    watch = SettingsWatch(settings, change.apply, faults)
    expecting = Expecting(stores, reader, lambda: bounds_of(active.settings.ingest), indexer, feed)
    queries = Queries(
        active,
        stores,
        listener,
        reader,
        switch,
        indexer,
        gathering,
        summing,
        aggregates,
        SeenValues(stores, gathering, lambda: active.settings.sources),
        stories,
        expecting,
        knocks,
        feed,
        faults,
        rejudging,
        functions,
        demands,
        attempts,
        relays,
        started_at=now(),
    )
    deliveries = Deliveries(stores, forwarders, outboxes, delivered, now)
    commands = Commands(
        active,
        stores,
        log,
        reader,
        switch,
        Sending(active, stores, reader, switch, indexer.idle, delivered, outboxes),
        watch,
        indexer,
        history,
        summing,
        gathering,
        knocks,
        deliveries,
        feed,
        faults,
        demands,
        attempts,
        relays,
    )
    outside = Outside(
        meter,
        stores,
        log,
        switch,
        indexer,
        routes=RouteNumbers(settings, stores, outboxes, meter),
        accepting=lambda: queries.accepting,
        version=VERSION,
        metrics_token=settings.ingest.metrics_token.reveal(),
    )
    exporting = None
    if otlp.wanted(settings.metrics, os.environ):
        exporting = Exporting(
            otlp.Exporter(settings.metrics, VERSION, listener.port),
            outside.families,
            created=meter.started_at,
            every=otlp.interval(os.environ),
            clock=now,
        )
    test_token = settings.ingest.test_token.reveal()
    control, passing = ControlApp(queries, commands, outside, token, test_token), None
    if settings.proxying:
        passing = Passing(settings.proxy.answer_timeout)
        app = ProxyApp(
            log.append,
            settings.ingest,
            upstreams_of(settings),
            passing,
            clock=now,
            control=control,
            url=listener.urls[0],
            knocks=knocks,
            looked=looked,
            faults=faults,
            on_refused=meter.refuse,
            keys=accepted_keys(settings),
        )
    else:
        app = IngestApp(
            log.append,
            settings.ingest,
            clock=now,
            wanted=lambda: switch.on,
            control=control,
            url=listener.urls[0],
            knocks=knocks,
            looked=looked,
            device=lambda: device_mode_of(active.settings),
            on_refused=meter.refuse,
            keys=accepted_keys(settings),
            demands=demands,
            attempts=attempts,
            asked=dict.fromkeys(PATHS, MockApp(expecting.take, test_token, lambda: active.masks))
            if settings.ingest.compat == "mock"
            else {},
        )
    web = WebServer(app, listener, settings.ingest, app.keep_malformed, dated=not settings.proxying)
    ingest, certificates = settings.ingest, None
    if web.tls_context is not None:
        certificates = Certificates(web.tls_context, ingest.tls_cert, ingest.tls_key, faults)
    return Parts(
        active=active,
        stores=stores,
        faults=faults,
        feed=feed,
        supervisor=supervisor,
        knocks=knocks,
        reader=reader,
        functions=functions,
        workers=workers,
        backlog=backlog,
        indexer=indexer,
        history=history,
        summing=summing,
        aggregates=aggregates,
        stories=stories,
        gathering=gathering,
        expecting=expecting,
        switch=switch,
        rejudging=rejudging,
        change=change,
        watch=watch,
        deliveries=deliveries,
        relays=relays,
        queries=queries,
        commands=commands,
        outside=outside,
        exporting=exporting,
        web=web,
        certificates=certificates,
        passing=passing,
    )


def device_mode_of(settings: Settings) -> DeviceMode | None:
    """Return what makes analytics.js run Mixpanel in the page, None where that is not enabled."""
    given = settings.device_mode
    if not given.enabled:
        return None
    own = {
        key: device_settings(source.over(settings))
        for source in settings.sources
        if source.differs
        for key in source.write_keys
    }
    cdn = given.integration_cdn_url.rstrip("/") or SEGMENT_CDN
    return DeviceMode(device_settings(settings), cdn, own)


def accepted_keys(settings: Settings) -> frozenset[str]:
    """Return the write keys and tokens whose messages are accepted; none if all are."""
    listed = settings.ingest.write_keys
    return frozenset((*listed, settings.destination.token)) - {""} if listed else frozenset()


def now() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _delivered(feed: Feed, meter: Meter, refused: Callable[[], None]) -> OnDelivery:
    """Return what the forwarder calls after each write to the journal; it calls `refused` after refusals."""

    def delivered(deliveries: Sequence[Delivery], states: Sequence[tuple[int, DeliveryState]]) -> None:
        log_deliveries(deliveries)
        statuses = refusal_statuses(deliveries)
        meter.deliver(states, statuses)
        # Includes attempts that settle nothing: viewers then ask for the message's new attempt.
        feed.change(states, statuses)
        if statuses:
            refused()

    return delivered
