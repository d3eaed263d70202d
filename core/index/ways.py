"""Several routes to Mixpanel: which of them a message goes along, and its verdict on each.

A route has its own destination and subscriptions, so each message has a verdict for each of its routes. The
first of them is shown where nobody asks for another.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..checks.stream import Whole
from ..delivery import DeliveryState, RouteStanding, summed
from ..messages import Message, Receipt, SourceKind
from ..pipeline import CompiledSettings, compile_settings, run
from ..query import Query, Tally, parse
from ..query.named import by_source
from ..settings import Settings
from ..verdict import Verdict
from .holding import NewLine
from .prepared import JudgedMessage, Own, Prepared, prepare

Judge = Callable[[Message, Callable[[Message], Verdict]], Verdict]
"""Returns a verdict whatever the function that it is given does with the message."""


class Way(msgspec.Struct, frozen=True):
    """One route to Mixpanel: its settings, the same compiled, and which messages it takes; None: all."""

    name: str
    write_keys: tuple[str, ...]
    settings: Settings
    compiled: CompiledSettings
    query: Query | None

    def may_take(self, write_key: str, source_kind: SourceKind) -> bool:
        """Return whether messages of a source go along this route, as far as its filter lets them.

        A record of Mixpanel's own SDKs has a project's token and no write key.
        """
        return source_kind == "mixpanel" or not self.write_keys or write_key in self.write_keys

    def judge(self, message: Message) -> Verdict:
        """Judge a message by the settings of this route."""
        return run(message, self.compiled)


class Ways:
    """The routes of the settings, in their order. Raises InputError as `compile_settings` does."""

    def __init__(self, settings: Settings) -> None:
        self._ways = tuple(
            Way(
                route.name,
                route.write_keys,
                own := settings.for_route(route.name),
                compile_settings(own),
                by_source(parse(route.filter), settings.sources) if route.filter else None,
            )
            for route in settings.mixpanel_routes
        )

    @property
    def compiled(self) -> tuple[CompiledSettings, ...]:
        """The settings of every route, and of each source in it."""
        return tuple(one for way in self._ways for one in way.compiled.each)

    def __getitem__(self, name: str) -> Way:
        return next(way for way in self._ways if way.name == name)

    def __contains__(self, name: object) -> bool:
        return any(way.name == name for way in self._ways)

    def first(self, write_key: str, source_kind: SourceKind = "segment") -> Way:
        """Return the first route for the messages of a source whatever filters say, else the first of all."""
        takes = (way for way in self._ways if way.may_take(write_key, source_kind))
        return next(takes, self._ways[0])

    def judge(self, message: Message) -> Verdict:
        """Judge a message by the first route for its source."""
        return self.first(message.write_key, message.source_kind).judge(message)

    def judged(self, message: Message, receipt: Receipt, judge: Judge, revision: str) -> JudgedMessage:
        """Judge a message along each of its routes; what is shown of it is what the first one makes.

        One that no route takes is judged by the first for its source, and is not forwarded.
        """
        found: list[tuple[Way, Prepared, Verdict]] = []
        for way in self._ways:
            if not way.may_take(message.write_key, message.source_kind):
                continue
            verdict = judge(message, way.judge)
            one = prepare(message, verdict, receipt, revision)
            if _takes(way, message, verdict, one):
                found.append((way, one, verdict))
        if not found:
            way = self.first(message.write_key, message.source_kind)
            verdict = judge(message, way.judge)
            return _made(_unforwarded(prepare(message, verdict, receipt, revision)), message, verdict)
        standings = tuple(
            RouteStanding(way.name, line.delivery, line.errors, line.warnings)
            for way, line in ((way, one.entry.summary) for way, one, _ in found)
        )
        _, one, verdict = found[0]
        delivery = summed(standing.delivery for standing in standings)
        return _made(_standing(one, delivery, standings), message, verdict)


def ways_of(settings: Settings) -> Ways | None:
    """Return the routes to Mixpanel if messages are judged for each, see `Settings.by_route`, else None."""
    return Ways(settings) if settings.by_route else None


def _takes(way: Way, message: Message, verdict: Verdict, one: Prepared) -> bool:
    """Return whether a message of its source goes along a route."""
    if message.source_kind == "mixpanel" and verdict.translation.not_sent is not None:
        return False  # a record of another project
    if way.query is None or verdict.fault:
        return True
    line, tally = NewLine(one.entry, _made(one, message, verdict)), Tally()
    return way.query.matches(line, tally) or bool(tally.undecided)


def _unforwarded(one: Prepared) -> Prepared:
    delivery = one.entry.summary.delivery
    return _standing(one, DeliveryState.OFF if delivery is DeliveryState.WAITING else delivery, ())


def _standing(one: Prepared, delivery: DeliveryState, standings: tuple[RouteStanding, ...]) -> Prepared:
    summary = msgspec.structs.replace(one.entry.summary, delivery=delivery)
    entry = msgspec.structs.replace(one.entry, summary=summary, standings=standings)
    return msgspec.structs.replace(one, entry=entry)


def _made(one: Prepared, message: Message, verdict: Verdict) -> JudgedMessage:
    return JudgedMessage(one, Own(Whole(message.document, verdict.translation)))
