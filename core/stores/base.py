"""What a store promises: a log of receipts, an index of their messages, and an outbox for Mixpanel.

The order of things: `ReceiptLog.append` makes a receipt durable, and only then does ingest answer 200. Behind
it, the indexer reads the receipts after `Index.position`, parses them, and gives `Index.add` one `Entry` for
each message; from then on the messages can be listed, and those wanted at Mixpanel are in `Outbox.owed`. The
forwarder writes what became of them with `Outbox.record`.

Routes: `Receipt.routes` names mirrors and archives, which get whole requests. From the moment that the
receipt is durable it is owed to each of them, in the same step and without anything else being written:
`RequestOutbox` has what is owed, and `RequestOutbox.record` says when that ends. What goes to Mixpanel is
owed by message, in `Outbox`.

A receipt's position in the log (its `seq`) is given out by the store. Positions are positive integers that
grow in the order of appending and are never used again, not even after `clear`. They need not be dense: code
outside of a store compares them, and goes on from one that it was given, but does not count with them.

This module is over 350 lines, so that all promises of a store are on one page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, TypeAlias

import msgspec

from ..api.models import Page, Summary
from ..delivery import (
    Delivery,
    DeliveryCounts,
    DeliveryState,
    Handover,
    Owed,
    OwedRequest,
    RouteCounts,
    RouteStanding,
)
from ..messages import Receipt
from ..query import Names
from ..verdict import Finding, Severity
from .tallies import StepOf, Stretch, Tallies

Cursor: TypeAlias = int
"""A receipt's position in the log."""
START: Cursor = 0
"""Before the first receipt."""
SMALL_REQUEST = 4096
"""Bytes for which there has to be room where `ReceiptLog.check` is to succeed."""
MOST_TRIED = 1024 * 1024
"""Bytes that a check asks for at most, where something larger was refused."""


def just_before(seq: Cursor) -> Cursor:
    """Return the cursor after which reading begins with the receipt at `seq`."""
    return seq - 1


class Judged(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What translation and rules say of a message, as far as lists, filters and summaries ask.

    `rules` has each rule with a finding and the worst severity that it had. `notes` counts findings of
    severity info. `sent` is True if Segment would send at least one request for the message; None if that is
    not known. `revision` names the settings that this comes from, "" if it is not known.
    """

    errors: int = 0
    warnings: int = 0
    notes: int = 0
    rules: Mapping[str, Severity] = {}
    sent: bool | None = None
    revision: str = ""
    verdict: bytes = b""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One message's row in the index. A refused request has one entry, too.

    `wanted` is the receipt's. `text` is what words are searched in, folded; `text_cut` is True if it is not
    the whole text. `findings` are those of the rules on the stream: they depend on the messages before, so
    they are kept. `judged` agrees with the errors and warnings of the line.
    """

    summary: Summary
    wanted: bool
    text: str = ""
    findings: tuple[Finding, ...] = ()
    names: Names = Names()
    judged: Judged = Judged()
    text_cut: bool = False
    standings: tuple[RouteStanding, ...] = ()
    """The routes that it goes along where there are several to Mixpanel; the line has their sum."""


class Revision(msgspec.Struct, frozen=True):
    """A message judged again. `delivery` and `marks` stay what they are if they are None.

    Of `standings` errors and warnings are stored, for the routes that the message has.
    """

    id: int
    judged: Judged
    delivery: DeliveryState | None = None
    marks: int | None = None
    standings: tuple[RouteStanding, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """A line of the index that a filter has to decide about. `entry` is without its text, which `text` reads.

    `filled` is False while the entry lacks what a newer version keeps. `receipt` reads what the message came
    in, None when that is no longer there; `text` returns None when the store has no text of the message.
    """

    entry: Entry
    filled: bool
    receipt: Callable[[], Receipt | None]
    text: Callable[[], str | None]


class Condition(msgspec.Struct, frozen=True):
    """A filter for `page`: what narrows, and what decides in the end.

    What narrows accepts each line that matches, and maybe others; a store may ignore it. `sql` is a
    condition on the columns of the index, `sql_judged` a simpler one that holds while every message is judged
    ("" if there is none). `texts` returns False if nothing matches in a stretch of searched texts, which it
    is given in UTF-8, one after the other. `positions` returns which messages of a request
    may match, by their positions, None if it cannot say. `matches` decides about the lines that are left, one
    by one; None accepts all of them. `late` ends the search: soon after it returns True, the
    page is returned with what was found so far. They may be called in another thread than the event loop's.
    """

    sql: str = "1"
    parameters: tuple[str | int, ...] = ()
    matches: Callable[[Found], bool] | None = None
    texts: Callable[[bytes], bool] | None = None
    positions: Callable[[Receipt], Collection[int] | None] | None = None
    late: Callable[[], bool] | None = None
    sql_judged: str = ""
    parameters_judged: tuple[str | int, ...] = ()


CountedField: TypeAlias = Literal["type", "event", "key", "library", "origin", "rule", "sent"]
"""Fields of the filter language of which a store counts the messages of each value."""


SENT = {True: "yes", False: "no"}
"""The values of the field `sent`."""


class Snapshot(msgspec.Struct, frozen=True):
    """What was made of all messages of the receipts up to `position`, by the settings of that `revision`."""

    position: Cursor
    revision: str


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's totals, see `EngineState`. `judged` counts messages of which `Judged.sent` is known."""

    received: int = 0
    refused: int = 0
    deliveries: DeliveryCounts = DeliveryCounts()
    teed: int = 0
    errors: int = 0
    warnings: int = 0
    judged: int = 0


class ReadableLog(Protocol):
    """The receipts as they came."""

    async def read(self, after: Cursor = START, limit: int = 256) -> list[Receipt]:
        """Return receipts after a position, oldest first; fewer than `limit` when they are large.

        The list is empty only when there are none. A receipt that cannot be read is in it as a damaged one.
        """
        ...

    async def get(self, seq: Cursor) -> Receipt | None:
        """Return the receipt at this position, or None when it is no longer there."""
        ...


class ReceiptLog(ReadableLog, Protocol):
    """The append-only truth about what was received."""

    def append(self, receipt: Receipt) -> Awaitable[Cursor]:
        """Make a receipt durable and return its position, START if it is durable but has none yet.

        Raises JournalFull when the store has reached its limit and may not delete what it holds.
        """
        ...

    def check(self) -> Awaitable[None]:
        """Try whether a small receipt could be appended, by a write that changes nothing.

        Raises JournalError as `append` would.
        """
        ...

    def follow(self, receive: Callable[[Sequence[Receipt]], None]) -> None:
        """Call `receive` in the event loop with each receipt appended from now on, in order of position.

        None is left out, not even one whose appending task was cancelled.
        """
        ...

    def watch(self, report: Callable[[str], None]) -> None:
        """Call `report` in the event loop with what is wrong with the store, and with "" once nothing is."""
        ...


class ReadableIndex(Protocol):
    """The messages' lines, for reading."""

    async def summary(self, id: int) -> Summary | None:
        """Return one line of the list."""
        ...

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        condition: Condition | None = None,
    ) -> Page:
        """Return the newest `limit` lines that fulfil the condition, or those next to an id, oldest first.

        With `before` they are the nearest below that id, with `after` the nearest above it; the page's `more`
        is True if there are further ones in that direction. If the condition ended the search, `searched_to`
        is where it continues: with `before` or `after` that.
        """
        ...

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        """Return the newest replays with that messageId and an id above `after`, oldest first."""
        ...

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        """Return what the rules on the stream found in these messages, without those that have nothing."""
        ...

    async def verdicts(self, ids: Sequence[int]) -> dict[int, Judged]:
        """Return `revision` and `verdict` of these messages, without those that have none."""
        ...

    async def standings(self, ids: Sequence[int]) -> dict[int, tuple[RouteStanding, ...]]:
        """Return how these messages stand on each of their routes, in the order in which they were stored.

        Messages that have none are left out: they were received while there was one route to Mixpanel.
        """
        ...

    async def standing_counts(self) -> dict[str, DeliveryCounts]:
        """Return how many messages stand where on each route that has any; cheap enough for each frame."""
        ...

    async def settings(self) -> str:
        """Return the settings that were last kept, "" if there are none."""
        ...


class Index(ReadableIndex, Protocol):
    """A line for each message, kept in step with the log."""

    @property
    def position(self) -> Cursor:
        """The last receipt whose messages are in the index."""
        ...

    async def add(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Store the entries of all receipts up to and including `upto`, in one step.

        Entries of receipts that are in the index already, or were cleared, are left out. Raises ValueError
        for an entry above `upto`, and for an `upto` that the log has not given out.
        """
        ...

    async def seen(self, message_ids: Sequence[str], since: int) -> set[str]:
        """Return those of the messageIds that a message in the index, received at or after `since`, has.

        Messages that Segment would refuse do not count.
        """
        ...

    async def stale(self, revision: str, before: int | None = None, limit: int = 200) -> list[Summary]:
        """Return the newest messages with an id below `before` whose verdict has another revision."""
        ...

    async def revise(self, revisions: Sequence[Revision]) -> None:
        """Store what messages are judged to be now; ids that the index does not have are left out."""
        ...

    @property
    def unfilled(self) -> tuple[Cursor, Cursor]:
        """After which receipt and up to which one messages lack what a newer version keeps of them."""
        ...

    async def fill(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Store what those messages lack, up to the receipt `upto`, in one step.

        Marks, deliveries, errors and warnings stay as they are in the index.
        """
        ...

    @property
    def changes(self) -> int:
        """A number that grows when lines that are in the index change or go; new lines do not count."""
        ...

    async def counts(self) -> Counts:
        """Return the totals; cheap enough for each frame of the feed."""
        ...

    async def tallies(self, step_of: StepOf, events: int, newest: int) -> Tallies:
        """Return all messages in numbers, with at most so many events and newest ids for each.

        `step_of` chooses how long the stretches are in which they are counted over time.
        """
        ...

    async def values(self, field: CountedField) -> dict[str, int]:
        """Return how many messages have each value of a field, from totals; for `event` by its whole name."""
        ...

    async def stretch(
        self,
        condition: Condition,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 1_000,
    ) -> Stretch:
        """Return what is counted of the lines that fulfil a condition, of the `limit` next to an id.

        They are the nearest below `before`, or above `after`; without either the newest. Those that lack what
        this version keeps are decided like others, and have less to count.
        """
        ...

    async def snapshot(self) -> tuple[Snapshot, list[bytes]] | None:
        """Return what was last kept with `keep_snapshot`, None if there is nothing."""
        ...

    async def keep_snapshot(self, snapshot: Snapshot, parts: Sequence[bytes]) -> None:
        """Keep parts in place of earlier ones, in small steps; `clear` removes them."""
        ...

    async def newest(self, rules: Collection[str]) -> dict[tuple[str, str], int]:
        """Return the newest message for each of these rules and each type of message that had it."""
        ...

    async def keep_settings(self, text: str) -> None:
        """Keep the settings in force, in place of earlier ones; `clear` does not remove them."""
        ...


class ReadableOutbox(Protocol):
    """What was tried at Mixpanel."""

    async def deliveries(self, id: int) -> list[Delivery]:
        """Return all attempts for one message, oldest first."""
        ...


OnRecorded: TypeAlias = Callable[[Sequence[Delivery], Sequence[tuple[int, DeliveryState]]], None]
Rest: TypeAlias = Callable[[], AbstractAsyncContextManager[set[int]]]
"""Keeps a forwarder from sending; gives the messages of which a request is under way nevertheless."""
Drop: TypeAlias = Callable[[], Awaitable[None]]
Summed: TypeAlias = Callable[
    [Sequence[Delivery], Sequence[tuple[int, DeliveryState]], Sequence[tuple[int, DeliveryState, bool]]], None
]
"""Gets the attempts along a route, the new states of their messages on it, and the state of each of these
messages over all of its routes, with whether that is another one than before."""


class Outbox(ReadableOutbox, Protocol):
    """What is owed to Mixpanel, and what became of it."""

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Owed]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out.

        Where several engines share the store, an engine that is `sending` is given its own part of them.
        """
        ...

    def sending(self, rest: Rest) -> AbstractAsyncContextManager[None]:
        """Return a context during which this engine sends what is owed.

        Where several engines share the store, `rest` is entered whenever another part of what is owed becomes
        this engine's; afterwards what is owed has to be read from the start.
        """
        ...

    def follow(self, on_recorded: OnRecorded) -> None:
        """Call `on_recorded` with what other engines have recorded, once it is in the store."""
        ...

    def along(self, route: str, *, rest: bool, summed: Summed) -> Outbox:
        """Return what is owed along one of several routes to Mixpanel, and what became of it there.

        States are those of the route; the message's own is made of all of them, and `summed` is called with
        it after each write. With `rest` messages without a route are among them: they became owed while there
        was one to Mixpanel. Raises JournalError for a store that other engines share.
        """
        ...

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Return all attempts for each of these messages, oldest first; those without any are left out."""
        ...

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Write attempts and the new states of their messages durably, in one step.

        A message is owed from then on if its state is one of `OWED_STATES`, or its id is in `owing`: one that
        is uncertain may have other operations that are still to be sent. Messages that the index no longer
        has are left out.
        """
        ...


class ReadableRequestOutbox(Protocol):
    """What became of the whole requests that routes were to get."""

    async def handovers(self, receipt: Cursor) -> list[Handover]:
        """Return what is known of one request along all routes, oldest first."""
        ...

    async def counts(self) -> dict[str, RouteCounts]:
        """Return the totals of each route that ever was owed a request; cheap enough for each frame.

        Requests that are no longer in the journal still count.
        """
        ...


class RequestOutbox(ReadableRequestOutbox, Protocol):
    """The whole requests that are owed to mirrors and archives.

    A receipt is owed to each route in `Receipt.routes` as soon as it is durable. While it is owed to a route,
    the store must not delete it to make room. A store of a stream can keep a durable consumer for each route;
    `OwedRequest.number` may then be the position itself, as long as no debt ever gets the number of another.
    """

    async def owed(self, route: str, after: int = 0, limit: int = 256) -> list[OwedRequest]:
        """Return what is owed to a route with a number above `after`, in the order of the numbers."""
        ...

    async def record(self, handovers: Sequence[Handover], settled: Sequence[int] = ()) -> None:
        """Write durably what came of requests, and that the debts with these numbers are settled.

        Both are one step.

        Handovers of requests that the journal no longer has count in the totals and are not kept.
        """
        ...

    async def drop(self, route: str) -> int:
        """Owe nothing to a route any more, and return how many requests that were; they count as dropped."""
        ...

    def owe_refusals_to(self, routes: Sequence[str]) -> None:
        """Owe a receipt to each of these routes once more whenever a record of it is refused from now on.

        `Outbox.record` does so in its own step, once for each receipt among the attempts that it is given.
        """
        ...


class Readable(Protocol):
    """A journal that can be read, whether it is held or only looked at."""

    @property
    def path(self) -> str:
        """Where it is kept, for people."""
        ...

    @property
    def receipts(self) -> ReadableLog:
        """The receipts."""
        ...

    @property
    def index(self) -> ReadableIndex:
        """The messages in them."""
        ...

    @property
    def outbox(self) -> ReadableOutbox:
        """The attempts to deliver them."""
        ...

    @property
    def requests(self) -> ReadableRequestOutbox:
        """What became of whole requests along routes."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the store."""
        ...


class Stores(Readable, Protocol):
    """The three stores of one journal, opened together. Used from one event loop only.

    All methods raise `JournalError` (and its kinds) where the store fails.
    """

    @property
    def ephemeral(self) -> bool:
        """True if what it holds is deleted on close."""
        ...

    @property
    def shared(self) -> bool:
        """True if other engines use it at the same time, and may send what is owed."""
        ...

    def watch_clear(self, cleared: Callable[[Drop], Awaitable[None]]) -> None:
        """Call `cleared` when another engine has cleared the store, with what deletes it here, too."""
        ...

    @property
    def receipts(self) -> ReceiptLog:
        """The receipts."""
        ...

    @property
    def index(self) -> Index:
        """The messages in them."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What of them is to be sent, and was."""
        ...

    @property
    def requests(self) -> RequestOutbox:
        """The whole requests that are owed to routes."""
        ...

    def size(self) -> int:
        """Return how many bytes it takes."""
        ...

    def announce(self, url: str) -> None:
        """Note where this engine can be attached to, for a second one that wants the same journal."""
        ...

    async def clear(self) -> None:
        """Delete all receipts, messages, deliveries and debts, for good."""
        ...
