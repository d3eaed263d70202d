"""A partition that this engine holds: what became of its messages is written by this engine alone."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from typing import Protocol

from ...delivery import Delivery, Outcome
from ...errors import JournalError
from .connection import MESSAGE_NOT_FOUND, WRONG_LAST_SEQUENCE, ApiFault, Away, Connection
from .streams import info, outcome_subject
from .wire import Moved, Note, pack_notes

logger = logging.getLogger(__name__)

GIVE_UP = 20.0
"""Seconds for which writing is tried while NATS does not answer."""
_PAUSE = 0.2
_HEAD_ROOM = 1024
_MOST_LINES = 4_000

_Waiting = tuple[tuple[Delivery, ...], tuple[Moved, ...], "asyncio.Future[int]"]


class Log(Protocol):
    """What a partition asks of the stream of outcomes."""

    def owner(self, number: int) -> str: ...
    async def reach(self, position: int) -> None: ...


class Lost(JournalError):
    """Another engine holds the partition."""

    title = "Another engine sends these messages"


class Held:
    """Writes the outcomes of one partition, one message of the stream after the other; what waits goes "
    "together.

    `last` is the position of what was written to its subject last.
    """

    def __init__(self, connection: Connection, number: int, node: str, last: int, log: Log) -> None:
        self.number = number
        self._connection = connection
        self._subject = outcome_subject(connection.address, number)
        self._node = node
        self._last = last
        self._log = log
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._decided: dict[int, int] = {}
        """Messages about which others have decided, and where in the stream."""

    def others(self, position: int, ids: frozenset[int]) -> None:
        """Note that another engine has written a decision about messages."""
        self._decided.update(dict.fromkeys(ids, position))

    async def write(self, lines: tuple[Delivery, ...], moved: tuple[Moved, ...]) -> int:
        """Write outcomes, and return their position. Raises Lost once another engine holds the partition, "
        "Away
        if NATS does not answer for long.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((lines, moved, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"segtap-partition-{self.number}")
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while self._waiting:
            some: list[_Waiting] = []
            count = 0
            while self._waiting and count < _MOST_LINES:
                some.append(self._waiting.pop(0))
                count += len(some[-1][0])
            try:
                seq = await self._write([one[0] for one in some], [one[1] for one in some])
            except BaseException as error:
                for *_, future in [*some, *self._waiting]:
                    if not future.done():
                        future.set_exception(error if isinstance(error, JournalError) else Lost(str(error)))
                        future.exception()  # a writer that was cancelled does not look
                self._waiting.clear()
                if not isinstance(error, JournalError):
                    raise
                return
            for *_, future in some:
                if not future.done():
                    future.set_result(seq)

    async def _write(self, lines: Sequence[tuple[Delivery, ...]], moved: Sequence[tuple[Moved, ...]]) -> int:
        note = Note(
            "outcome",
            self._node,
            tuple(line for some in lines for line in some),
            tuple(one for some in moved for one in some),
        )
        for data in pack_notes(note, self._connection.max_payload - _HEAD_ROOM):
            self._last = await self._one(data, note)
        return self._last

    async def _one(self, data: bytes, note: Note) -> int:
        """Write one message: until it is written once, or somebody else has claimed the partition."""
        id = secrets.token_hex(12)
        loop = asyncio.get_running_loop()
        until = loop.time() + GIVE_UP
        while True:
            headers = {"Nats-Msg-Id": id, "Nats-Expected-Last-Subject-Sequence": str(self._last)}
            try:
                return await self._connection.publish(self._subject, data, headers)
            except Away:
                if loop.time() > until:
                    raise
                await asyncio.sleep(_PAUSE)
            except ApiFault as fault:
                if fault.code != WRONG_LAST_SEQUENCE:
                    raise
                await self._look(note)

    async def _look(self, note: Note) -> None:
        """Find out who wrote to the partition. Raises Lost if it is no longer this engine's to write
        `note`.
        """
        stream = self._connection.address.outcomes
        now = await info(self._connection, stream, subjects_filter=self._subject)
        await self._log.reach(int(now["state"]["last_seq"]))
        if self._log.owner(self.number) != self._node:
            raise Lost("Another engine sends the messages of these users now; this one goes on with its own.")
        before = self._last
        intents = {line.message for line in note.lines if line.outcome is Outcome.UNCERTAIN}
        if any(self._decided.get(id, 0) > before for id in intents):
            raise Lost(
                "A message was decided about elsewhere just before it was sent; it is looked at again."
            )
        try:
            found = await self._connection.api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": self._subject})
        except ApiFault as fault:
            if fault.code != MESSAGE_NOT_FOUND:
                raise
            self._last = 0  # all of it concerned receipts that are gone
        else:
            self._last = min(int(found["message"]["seq"]), int(now["state"]["last_seq"]))
