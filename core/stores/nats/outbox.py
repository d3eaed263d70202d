"""`Outbox` in a stream: what became of messages, in one order for all engines that share it.

Each partition has a subject of its own. The engine that holds the partition writes to it on the condition
that nobody else has written since: once another engine has claimed the partition, nothing that the first one
writes is accepted any more. It writes before it sends what would count twice, so that it sends none of that,
either.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from ...delivery import Delivery, DeliveryState, Outcome, Owed
from ...errors import JournalError
from ...messages import seq_of
from ..base import Drop, OnRecorded, Outbox, Rest, Summed
from ..sqlite.copy import StreamCopy
from .connection import Connection
from .follower import Follower, Item
from .partition import Held
from .shares import Shares
from .streams import outcome_subject, partition_of
from .wire import Moved, Note, last_moves, pack_notes, unpack_note

logger = logging.getLogger(__name__)

_HEAD_ROOM = 1024
_PATIENCE = 30.0
"""Seconds that a writer waits until what it wrote has come out of the stream."""

Cleared = Callable[[Drop], Awaitable[None]]


class NatsOutbox:
    """What is owed, and what became of it; see `Outbox`. `copy` has what came out of the stream.

    `indexed` waits until the messages of the receipts up to a position are in the index.
    """

    def __init__(
        self, connection: Connection, copy: StreamCopy, indexed: Callable[[int], Awaitable[None]], node: str
    ) -> None:
        self._connection = connection
        self._copy = copy
        self._indexed = indexed
        self.node = node
        self._on_recorded: OnRecorded = lambda lines, states: None
        self.cleared: Cleared = _at_once
        self.follower = Follower(connection, connection.address.outcomes, copy.noted, self._arrived)
        self._claims: dict[int, str] = {}
        """Which engine has claimed each partition last."""
        self._held: dict[int, Held] = {}
        self._sending = False
        self.shares = Shares(connection, node, self)

    # --- for the engine ----------------------------------------------------------------------------

    def along(self, route: str, *, rest: bool, summed: Summed) -> Outbox:
        """Raise JournalError: what becomes of a message is in the stream for one route to Mixpanel."""
        raise JournalError(
            f"A journal in NATS cannot have the route {route} beside another one to Mixpanel. Leave one of"
            " them, or choose a file with --journal PATH."
        )

    def follow(self, on_recorded: OnRecorded) -> None:
        """Call `on_recorded` with what other engines write, see `Outbox.follow`."""
        self._on_recorded = on_recorded

    @asynccontextmanager
    async def sending(self, rest: Rest) -> AsyncGenerator[None]:
        """Take part in sending: meanwhile `owed` returns what is owed of this engine's partitions."""
        self._sending = True
        try:
            async with self.shares.taking_part(rest):
                yield
        finally:
            self._sending = False
            self._held.clear()

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Owed]:
        """Return messages to be sent, oldest first; while this engine sends, those of its partitions."""
        if not self._sending:
            return await self._copy.outbox.owed(after, limit)
        held = frozenset(self._held)
        if not held:
            return []
        return await self._copy.owed_of(after, limit, lambda user: partition_of(user) in held)

    async def deliveries(self, id: int) -> list[Delivery]:
        """Return all attempts for one message, oldest first."""
        return await self._copy.outbox.deliveries(id)

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Return all attempts for each of these messages, oldest first."""
        return await self._copy.outbox.deliveries_of(ids)

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Write attempts and the new states of their messages to the stream, and wait until they came out "
        "of it.

        Raises JournalError if another engine holds the partition by now, or NATS does not answer.
        """
        ids = list(dict.fromkeys([*(line.message for line in deliveries), *(id for id, _ in states)]))
        known = await self._copy.users_and_states(ids)
        parts: dict[int, tuple[list[Delivery], list[Moved]]] = {}
        partition = {id: partition_of(known[id][0]) for id in known}
        for line in deliveries:
            if line.message in known:
                parts.setdefault(partition[line.message], ([], []))[0].append(line)
        for id, state in states:
            if id in known:
                parts.setdefault(partition[id], ([], []))[1].append(Moved(id, state, id in owing))
        if not parts:
            return
        written = [
            self._write(number, tuple(lines), tuple(moved), known) for number, (lines, moved) in parts.items()
        ]
        results = await asyncio.gather(*written, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        await self.reach(max(result for result in results if isinstance(result, int)))

    async def reach(self, position: int) -> None:
        """Wait until the outcomes up to a position are in the index. Raises JournalError if that takes too
        long.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.follower.reach(position)
        except TimeoutError:
            raise JournalError(
                f"{self._connection.address.shown} does not send what was written to its stream."
            ) from None

    # --- into the stream ---------------------------------------------------------------------------

    async def _write(
        self,
        number: int,
        lines: tuple[Delivery, ...],
        moved: tuple[Moved, ...],
        known: dict[int, tuple[str, str]],
    ) -> int:
        if (held := self._held.get(number)) is not None:
            return await held.write(lines, moved)
        if self._sending and any(line.outcome is Outcome.UNCERTAIN and not moved for line in lines):
            raise JournalError("Another engine sends the messages of these users now.")
        based = {one.id: DeliveryState(known[one.id][1]) for one in moved}
        note = Note("decision", self.node, lines, moved, based)
        return await self.publish(note, number)

    async def publish(self, note: Note, partition: int | None) -> int:
        """Write a note without a condition, and return its position."""
        seq = 0
        for data in pack_notes(note, self._connection.max_payload - _HEAD_ROOM):
            seq = await self._connection.publish(
                outcome_subject(self._connection.address, partition),
                data,
                {"Nats-Msg-Id": secrets.token_hex(12)},
            )
        return seq

    async def gone(self, upto: int, seqs: Sequence[int]) -> None:
        """Tell all engines that receipts were deleted from the stream."""
        note = Note("gone", self.node, upto=upto, seqs=tuple(seqs))
        await self.reach(await self.publish(note, None))

    # --- holding partitions ------------------------------------------------------------------------

    async def claim(self, number: int) -> Held:
        """Write that this engine holds a partition, and wait until all that was written before is in the
        index.
        """
        seq = await self.publish(Note("claim", self.node), number)
        await self.reach(seq)
        return Held(self._connection, number, self.node, seq, self)

    def hold(self, held: Held) -> None:
        """Send the partition's messages from here on."""
        self._held[held.number] = held

    def release(self, number: int) -> None:
        """Send them no more."""
        self._held.pop(number, None)

    @property
    def held(self) -> frozenset[int]:
        """The partitions that this engine holds."""
        return frozenset(self._held)

    def owner(self, number: int) -> str:
        """Return the engine that has claimed a partition last, as far as the stream was read."""
        return self._claims.get(number, "")

    # --- out of the stream -------------------------------------------------------------------------

    async def _arrived(self, items: Sequence[Item]) -> None:
        for item in items:
            note = unpack_note(item.data)
            if item.seq <= self._copy.noted or note is None:
                continue
            ending = item.subject.rpartition(".")[2]
            await self._apply(item.seq, note, int(ending) if ending.isdigit() else None)

    async def _apply(self, seq: int, note: Note, partition: int | None) -> None:
        if note.kind in ("cleared", "gone"):
            await self._forget(note)
        if note.kind == "claim" and partition is not None:
            self._claims[partition] = note.by
        lines, moved = list(note.lines), last_moves(note.moved)
        if lines or moved:
            ids = [*(line.message for line in lines), *(one.id for one in moved)]
            await self._indexed(max(map(seq_of, ids)))
            if note.kind == "decision":
                now = await self._copy.users_and_states(list(note.based))
                other = {id for id, state in note.based.items() if id not in now or now[id][1] != state}
                lines = [line for line in lines if line.message not in other]
                moved = [one for one in moved if one.id not in other]
        states = [(one.id, one.state) for one in moved]
        await self._copy.note(seq, lines, states, [one.id for one in moved if one.owing])
        if note.by == self.node:
            return
        if lines or moved:
            self._on_recorded(lines, states)
        if (
            held := self._held.get(-1 if partition is None else partition)
        ) is not None and note.kind == "decision":
            held.others(seq, frozenset(one.id for one in moved))
            self.shares.begin_again()

    async def _forget(self, note: Note) -> None:
        if note.kind == "gone":
            await self._copy.drop(note.upto, note.seqs)
            return

        async def drop() -> None:
            await self._copy.clear_upto(note.upto)

        await (drop() if note.by == self.node else self.cleared(drop))


async def _at_once(drop: Drop) -> None:
    await drop()
