"""Keeping the journal below its limits of size and age: the oldest receipts go first, never one that is still
needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import takewhile

from ...errors import JournalFull
from ...text import size
from .store import Store

_STEP_BYTES = 512 * 1024
_AHEAD_PART, _AHEAD_MOST = 32, 8 * 1024 * 1024
"""Room that is made while no receipt waits: a part of the limit, and at most so many bytes."""
_SHRINKS = 2
"""How many times its own bytes a commit deletes at most, in a journal above a limit that was lowered."""
_FAR = 64 * 1024 * 1024
_LOOK_EVERY = 0.1
"""With so many bytes of room left, how full the file is is looked up once in so many seconds."""
_LOOKED_AT = 1_024
"""Receipts that are looked at in one step, for their age."""
_LOOK_FOR_OLD = 60.0
"""Seconds between two looks for receipts that have become too old."""


class Rotation:
    """Makes room in a store of at most `max_bytes`, and deletes what was received more than `max_age`
    milliseconds ago (0: nothing), in small steps between the commits of receipts. Room is made ahead: a
    commit waits for a step only where receipts come faster than what is old can be deleted.

    A receipt is needed while it is not indexed, one of its messages is owed to Mixpanel, or it is owed to a
    route as a whole. All of those that are left at or below `_passed` are such, so that a long row of owed
    ones is looked at once.
    """

    def __init__(self, store: Store, max_bytes: int, max_age: int = 0) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._old_passed = 0
        """As `_passed`, for age."""
        self._look_for_old = 0.0
        self._passed = 0
        self._stuck = False
        self._look_again = 0.0

    def make_room(self, incoming: int) -> None:
        """Delete until `incoming` more bytes fit. Raises JournalFull when nothing may be deleted.

        Where the limit was lowered it is enough that the journal becomes smaller with each commit: none waits
        until all that is too much was deleted.
        """
        if incoming < _FAR and time.monotonic() < self._look_again:
            return
        used = before = self._store.used()
        while (left := self._max_bytes - used - incoming) < 0 and before - used < _SHRINKS * incoming:
            if not self._step():
                raise JournalFull(self._why(incoming))
            used = self._store.used()
        self._look_again = time.monotonic() + _LOOK_EVERY if left > _FAR else 0.0

    def make_room_ahead(self) -> bool:
        """Do one step if there is little room left; returns whether it deleted something.

        Raises sqlite3.Error.
        """
        if self._stuck or time.monotonic() < self._look_again:
            return False
        ahead = min(self._max_bytes // _AHEAD_PART, _AHEAD_MOST)
        left = self._max_bytes - self._store.used() - ahead
        self._look_again = time.monotonic() + _LOOK_EVERY if left > _FAR else 0.0
        return left < 0 and self._step()

    def expire(self) -> None:
        """Delete some receipts that are too old, if it is time; raises sqlite3.Error."""
        if not self._max_age or time.monotonic() < self._look_for_old:
            return
        now = time.time_ns() // 1_000_000
        if self._delete(self._store.free_step(self._old_passed, now - self._max_age, _LOOKED_AT)):
            return
        # What was received while the clock was ahead says nothing of what comes behind it.
        oldest = self._store.oldest(self._old_passed, _LOOKED_AT)
        passed = list(takewhile(lambda one: one.owed or one.received_at > now, oldest))
        self._old_passed = passed[-1].seq if passed else self._old_passed
        if len(passed) < len(oldest) or not oldest:
            self._look_for_old = time.monotonic() + _LOOK_FOR_OLD

    def settled(self, seq: int | None) -> None:
        """Note that receipts from `seq` on may have become deletable; None: newly indexed ones."""
        self._stuck = False
        if seq is not None:
            self._passed = min(self._passed, seq - 1)
            self._old_passed = min(self._old_passed, seq - 1)

    def _step(self) -> bool:
        """Delete some of the oldest; returns whether there was anything that may be deleted."""
        if self._stuck:
            return False
        chosen = self._delete(self._store.free_step(self._passed))
        self._passed = chosen[-1] if chosen else self._store.indexed
        self._stuck = not chosen
        return not self._stuck

    def _delete(self, free: Sequence[tuple[int, int]]) -> list[int]:
        """Delete the first of these receipts, as many as one step may; returns which."""
        chosen: list[int] = []
        taken = 0
        for seq, bytes_ in free:
            chosen.append(seq)
            taken += bytes_
            if taken >= _STEP_BYTES:
                break
        if chosen:
            self._store.delete(chosen)
        return chosen

    def _why(self, incoming: int) -> str:
        limit = size(self._max_bytes)
        waiting = self._store.counts.deliveries.owed
        start = f"The journal has reached its limit of {limit}"
        if waiting:
            return (
                f"{start}, and what is left in it waits for Mixpanel ({waiting:,} messages). "
                "Turn forwarding on, raise max_bytes under [journal], or run `segtap journal clear`."
            )
        if requests := self._store.owed_requests():
            return (
                f"{start}, and what is left in it waits for a route ({requests:,} requests). Turn forwarding"
                " on, see in the header what the route waits for, or raise max_bytes under [journal]."
            )
        if self._store.indexed < self._store.last_seq:
            return f"{start}, and what is left in it is still being read. Try again in a moment."
        return f"{start}: a request of {size(incoming)} does not fit. Raise max_bytes under [journal]."
