"""Room in the stream of receipts: the oldest go first, never one that is still needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ...errors import JournalFull
from ..sqlite.copy import StreamCopy
from .connection import MESSAGE_NOT_FOUND, ApiFault, Connection
from .streams import info

_SHARE = 50
"""One part in so many of the stream's limit is freed at a time."""
_RECEIPTS = 2_000
_PARTS_MS = 600_000
"""Milliseconds within which the parts of a receipt are published, by far."""

Gone = Callable[[int, Sequence[int]], Awaitable[None]]


class Room:
    """Deletes receipts of the stream that are in the index and not owed to Mixpanel.

    `gone` is called with the position up to which receipts were deleted, and with those of others.
    """

    def __init__(self, connection: Connection, copy: StreamCopy, gone: Gone) -> None:
        self._connection = connection
        self._copy = copy
        self._gone = gone
        self._one_at_a_time = asyncio.Lock()

    def why(self) -> str:
        """Return why nothing fits, and what to do."""
        return (
            f"The stream {self._connection.address.receipts} at {self._connection.address.shown} has "
            f"reached its "
            "limit, and what it holds is still owed to Mixpanel or not indexed yet. Turn forwarding on, or "
            "raise "
            "its max_bytes with `nats stream edit`."
        )

    async def make(self, incoming: int) -> None:
        """Delete the oldest until `incoming` more bytes fit. Raises JournalFull if nothing may be deleted."""
        async with self._one_at_a_time:
            stream = self._connection.address.receipts
            found = await info(self._connection, stream)
            most, used = int(found["config"]["max_bytes"]), int(found["state"]["bytes"])
            if 0 < used + incoming <= most * (1 - 1 / _SHARE):
                return  # another append has made room
            first = int(found["state"]["first_seq"])
            chosen: list[int] = []
            freed = 0
            for seq, size in await self._copy.oldest_free(_RECEIPTS):
                chosen.append(seq)
                freed += size
                if freed >= max(incoming, most // _SHARE):
                    break
            if not chosen:
                raise JournalFull(self.why())
            await self._delete(first, chosen)

    async def _delete(self, first: int, chosen: Sequence[int]) -> None:
        kept = await self._copy.receipts.read(first - 1, len(chosen) + 1)
        of_chosen = set(chosen)
        left = next((one for one in kept if one.seq not in of_chosen), None)
        upto = chosen[-1] if left is None else max([seq for seq in chosen if seq < left.seq], default=0)
        if upto:
            await self._purge("receipts", upto)
        others = [seq for seq in chosen if seq > upto]
        stream = self._connection.address.receipts
        for seq in others:
            try:
                await self._connection.api(f"STREAM.MSG.DELETE.{stream}", {"seq": seq, "no_erase": True})
            except ApiFault as fault:
                if fault.code != MESSAGE_NOT_FOUND:
                    raise
        # The parts of a large receipt come shortly before it: those of one that is kept must stay.
        since = (left or kept[-1]).received_at - _PARTS_MS if kept else 0
        if old := [one.seq for one in kept if one.seq <= upto and one.received_at < since]:
            await self._purge("parts", old[-1])
        await self._gone(upto, others)

    async def _purge(self, kind: str, upto: int) -> None:
        address = self._connection.address
        await self._connection.api(
            f"STREAM.PURGE.{address.receipts}", {"filter": f"{address.stream}.{kind}", "seq": upto + 1}
        )
