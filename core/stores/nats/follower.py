"""Follows a stream from a position on, in order and without a gap, whatever happens to the servers."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from ...errors import JournalError
from .connection import CONSUMER_NOT_FOUND, ApiFault, Away, Connection, Delivered

logger = logging.getLogger(__name__)

BATCH = 512
"""Messages that are asked for at a time."""
_EXPIRES = 10.0
_HEARTBEAT = 1.0
_SILENCE = 3.0
"""Seconds without a message or a heartbeat after which the consumer is lost, and another one is made."""
_PAUSE = 0.5
_CREATING = 2.0
"""Seconds that a new consumer may take: a server that has just started drops what it is asked."""
RECOVERY = _SILENCE + 2 * (_CREATING + _PAUSE)
"""Seconds after which a follower whose consumer is lost follows again, with one question dropped."""
_NS = 1_000_000_000


class Item(msgspec.Struct, frozen=True, gc=False):
    """A message of a stream: its position, what it holds, and its headers."""

    seq: int
    subject: str
    data: bytes
    headers: Mapping[str, str] | None


class Follower:
    """Calls `handle` with the messages of a stream after `position`, in order, some at a time.

    `handle` is called again with the same messages if it raises JournalError.
    """

    def __init__(
        self,
        connection: Connection,
        stream: str,
        position: int,
        handle: Callable[[Sequence[Item]], Awaitable[None]],
    ) -> None:
        self.position = position
        self._connection = connection
        self._stream = stream
        self._handle = handle
        self._arrived: deque[Item] = deque()
        self._asked = 0
        """Messages that the consumer may still deliver of those it was asked for."""
        self._heard = 0.0
        self._expected = 1
        self._lost = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Condition()

    async def reach(self, position: int) -> None:
        """Wait until the messages up to a position are handled."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.position >= position)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except (Away, ApiFault) as error:
                logger.debug("following %s pauses: %s", self._stream, error)
            await asyncio.sleep(_PAUSE)

    async def _follow(self) -> None:
        """Follow with one consumer until it is lost."""
        inbox = f"_INBOX.{secrets.token_hex(11)}"
        self._arrived.clear()
        self._asked, self._expected, self._lost = 0, 1, False
        name = await self._consumer()
        subscription = await self._connection.subscribe(inbox, self._receive)
        try:
            loop = asyncio.get_running_loop()
            self._heard = loop.time()
            while not self._lost and loop.time() - self._heard < _SILENCE:
                if self._asked <= 0 and len(self._arrived) < BATCH:
                    await self._ask(name, inbox)
                if not self._arrived:
                    self._wake.clear()
                    try:
                        async with asyncio.timeout(_HEARTBEAT):
                            await self._wake.wait()
                    except TimeoutError:
                        continue
                await self._take()
        finally:
            if self._connection.connected:
                await self._connection.unsubscribe(subscription)
                await self._forget(name)

    async def _take(self) -> None:
        items = [self._arrived.popleft() for _ in range(min(BATCH, len(self._arrived)))]
        items = [item for item in items if item.seq > self.position]
        if not items:
            return
        while True:
            try:
                await self._handle(items)
                break
            except JournalError as error:
                logger.error("what comes from NATS cannot be kept: %s", error)
                await asyncio.sleep(_PAUSE)
        async with self._moved:
            self.position = items[-1].seq
            self._moved.notify_all()

    async def _consumer(self) -> str:
        config: dict[str, Any] = {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.position + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": int(60 * _NS),
            "num_replicas": 1,
            "mem_storage": True,
            "max_waiting": 4,
        }
        made = await self._connection.api(
            f"CONSUMER.CREATE.{self._stream}",
            {"stream_name": self._stream, "config": config},
            seconds=_CREATING,
        )
        return str(made["name"])

    async def _forget(self, name: str) -> None:
        try:
            await self._connection.api(f"CONSUMER.DELETE.{self._stream}.{name}")
        except ApiFault as error:
            if error.code != CONSUMER_NOT_FOUND:
                logger.debug("a consumer of %s is left to end by itself: %s", self._stream, error)
        except Away as error:
            logger.debug("a consumer of %s is left to end by itself: %s", self._stream, error)

    async def _ask(self, name: str, inbox: str) -> None:
        body = msgspec.json.encode(
            {"batch": BATCH, "expires": int(_EXPIRES * _NS), "idle_heartbeat": int(_HEARTBEAT * _NS)}
        )
        self._asked = BATCH
        await self._connection.tell(f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{name}", body, inbox)

    async def _receive(self, message: Delivered) -> None:
        self._heard = asyncio.get_running_loop().time()
        reply = message.reply
        if not reply:
            self._status(message.headers or {})
        else:
            # $JS.ACK.[domain.account.]stream.consumer.delivered.position.number.time.pending[.token]
            fields = reply.split(".")
            at = 5 if len(fields) < 11 else 7
            if int(fields[at + 1]) != self._expected:
                self._lost = True
            else:
                self._expected += 1
                self._asked -= 1
                self._arrived.append(Item(int(fields[at]), message.subject, message.data, message.headers))
        self._wake.set()

    def _status(self, headers: Mapping[str, str]) -> None:
        status = headers.get("Status", "")
        if status == "100":
            return
        if status in ("404", "408"):
            self._asked = 0
        else:
            self._lost = True  # 409, 503: the consumer or its server is gone
