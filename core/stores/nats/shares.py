"""Which engine sends whose messages: leases on the partitions, which end unless they are renewed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ...errors import JournalError
from ..base import Rest
from . import tasks
from .address import PARTITIONS
from .connection import WRONG_LAST_SEQUENCE, ApiFault, Away, Connection
from .streams import LEASE_SECONDS, info, lease_subject

if TYPE_CHECKING:
    from .outbox import NatsOutbox

logger = logging.getLogger(__name__)

RENEW = 2.0
"""Seconds between two renewals."""


class Shares:
    """The leases of this engine on partitions of `outbox`: as many as are its share, while it takes part."""

    def __init__(self, connection: Connection, node: str, outbox: NatsOutbox) -> None:
        self._connection = connection
        self._node = node
        self._outbox = outbox
        self._leases: dict[int, tuple[int, float]] = {}
        """For each partition held, the position of the lease in its stream, and when it was renewed."""
        self._again = False
        self._wake = asyncio.Event()

    @asynccontextmanager
    async def taking_part(self, rest: Rest) -> AsyncGenerator[None]:
        """Take part until left; `rest` keeps the forwarder from sending while what it holds changes."""
        task = tasks.start("sharing the work", lambda: self._run(rest))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._leave()

    def begin_again(self) -> None:
        """Have the forwarder read again what it owes: another engine has changed that."""
        self._again = True
        self._wake.set()

    async def _run(self, rest: Rest) -> None:
        while True:
            self._wake.clear()
            try:
                await self._turn(rest)
            except JournalError as error:
                logger.debug("the shares of work stay as they are: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW):
                    await self._wake.wait()

    async def _turn(self, rest: Rest) -> None:
        try:
            await self._renew()
        finally:
            await self._drop_lost(rest)
        leased, nodes = await self._others()
        fair = -(-PARTITIONS // max(1, nodes))
        if len(self._leases) > fair:
            await self._give_up(sorted(self._leases)[fair:], rest)
        free = [number for number in range(PARTITIONS) if number not in leased and number not in self._leases]
        gained = [number for number in free[: max(0, fair - len(self._leases))] if await self._take(number)]
        if gained:
            claims = [await self._outbox.claim(number) for number in gained]
            async with rest():
                for held in claims:
                    self._outbox.hold(held)
            logger.info("this engine sends the messages of %d of %d parts", len(self._leases), PARTITIONS)
        elif self._again:
            self._again = False
            async with rest():
                pass

    async def _renew(self) -> None:
        """Say that this engine runs, and renew its leases; those that others have are lost."""
        await self._put(f"{self._connection.address.stream}.node.{self._node}", None)
        now = asyncio.get_running_loop().time
        for number, (last, _) in list(self._leases.items()):
            try:
                seq = await self._put(lease_subject(self._connection.address, number), last)
            except ApiFault as fault:
                if fault.code != WRONG_LAST_SEQUENCE:
                    raise
                del self._leases[number]
            else:
                self._leases[number] = seq, now()

    async def _drop_lost(self, rest: Rest) -> None:
        """Send no more of partitions whose lease has ended, or whose subject another engine writes to."""
        now = asyncio.get_running_loop().time()
        for number, (_, renewed) in list(self._leases.items()):
            ours = number not in self._outbox.held or self._outbox.owner(number) == self._node
            if now - renewed > LEASE_SECONDS or not ours:
                del self._leases[number]
        if lost := self._outbox.held - self._leases.keys():
            logger.warning("another engine sends the messages of %d of %d parts now", len(lost), PARTITIONS)
            for number in lost:
                self._outbox.release(number)
            async with rest():
                pass

    async def _others(self) -> tuple[set[int], int]:
        """Return the partitions that are leased, and how many engines take part."""
        address = self._connection.address
        found = await info(self._connection, address.leases, subjects_filter=">")
        subjects = [str(subject) for subject in found["state"].get("subjects") or ()]
        leased = {
            int(ending)
            for subject in subjects
            if subject.startswith(f"{address.stream}.lease.")
            and (ending := subject.rpartition(".")[2]).isdigit()
        }
        return leased, sum(subject.startswith(f"{address.stream}.node.") for subject in subjects)

    async def _take(self, number: int) -> bool:
        """Lease a partition that is free; False if another engine was faster."""
        try:
            seq = await self._put(lease_subject(self._connection.address, number), 0)
        except ApiFault as fault:
            if fault.code != WRONG_LAST_SEQUENCE:
                raise
            return False
        self._leases[number] = seq, asyncio.get_running_loop().time()
        return True

    async def _give_up(self, numbers: list[int], rest: Rest) -> None:
        """Leave partitions to others, once nothing of them is under way."""
        async with rest() as under_way:
            if under_way:
                return  # the next turn tries again
            for number in numbers:
                self._outbox.release(number)
        for number in numbers:
            del self._leases[number]
            await self._free(number)

    async def _free(self, number: int) -> None:
        address = self._connection.address
        await self._connection.api(
            f"STREAM.PURGE.{address.leases}", {"filter": lease_subject(address, number)}
        )

    async def _leave(self) -> None:
        """Free the leases, so that others need not wait until they end."""
        address = self._connection.address
        leases, self._leases = list(self._leases), {}
        with contextlib.suppress(Away, ApiFault):  # then they end by themselves
            for number in leases:
                await self._free(number)
            await self._connection.api(
                f"STREAM.PURGE.{address.leases}", {"filter": f"{address.stream}.node.{self._node}"}
            )

    async def _put(self, subject: str, last: int | None) -> int:
        headers = {"Nats-Msg-Id": secrets.token_hex(8)}
        if last is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(last)
        return await self._connection.publish(subject, self._node.encode(), headers)
