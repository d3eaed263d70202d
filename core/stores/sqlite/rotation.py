"""Keeping the journal below its limit: the oldest receipts go first, never one that is still needed."""

from __future__ import annotations

import time

from ...errors import JournalFull
from ...text import size
from .store import Store

_STEP_RECEIPTS = 256
_STEP_BYTES = 512 * 1024
_FAR = 64 * 1024 * 1024
_LOOK_EVERY = 0.1
"""With so many bytes of room left, how full the file is is looked up once in so many seconds."""


class Rotation:
    """Makes room in a store of at most `max_bytes`, in small steps between the commits of receipts.

    A receipt is needed while it is not indexed or one of its messages is owed to Mixpanel. All of those
    that are left at or below `_passed` are such, so that a long row of owed ones is looked at once.
    """

    def __init__(self, store: Store, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._passed = 0
        self._stuck = False
        self._look_again = 0.0

    def make_room(self, incoming: int) -> None:
        """Delete until `incoming` more bytes fit. Raises JournalFull when nothing may be deleted."""
        if incoming < _FAR and time.monotonic() < self._look_again:
            return
        while (left := self._max_bytes - self._store.used() - incoming) < 0:
            if self._stuck or not self._step():
                self._stuck = True
                raise JournalFull(self._why(incoming))
        self._look_again = time.monotonic() + _LOOK_EVERY if left > _FAR else 0.0

    def settled(self, seq: int | None) -> None:
        """Note that receipts from `seq` on may have become deletable; None: newly indexed ones."""
        self._stuck = False
        if seq is not None:
            self._passed = min(self._passed, seq - 1)

    def _step(self) -> bool:
        free = self._store.oldest_free(self._passed, _STEP_RECEIPTS)
        chosen: list[int] = []
        taken = 0
        for seq, bytes_ in free:
            chosen.append(seq)
            taken += bytes_
            if taken >= _STEP_BYTES:
                break
        if chosen:
            self._store.delete(chosen)
        self._passed = chosen[-1] if chosen else self._store.indexed
        return bool(chosen)

    def _why(self, incoming: int) -> str:
        limit = size(self._max_bytes)
        waiting = self._store.counts.deliveries.owed
        start = f"The journal has reached its limit of {limit}"
        if waiting:
            return (
                f"{start}, and what is left in it waits for Mixpanel ({waiting:,} messages). "
                "Turn forwarding on, raise max_bytes under [journal], or run `segtap journal clear`."
            )
        if self._store.indexed < self._store.last_seq:
            return f"{start}, and what is left in it is still being read. Try again in a moment."
        return f"{start}: a request of {size(incoming)} does not fit. Raise max_bytes under [journal]."
