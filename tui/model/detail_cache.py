"""Details that were read, so that going back and forth does not ask again; let go as soon as they are old."""

from __future__ import annotations

from collections import OrderedDict

from ...core.api.models import FeedBatch, MessageDetail
from ...core.messages import Marks, seq_of

LIMIT = 64


class DetailCache:
    """The details read last, by message.

    A detail also tells of other messages: those that it is a replay of, or that replay it. What the feed says
    of any of them makes it old. Feed and details come over different connections, so that a detail that is
    asked for before such news may arrive behind it: `begin` and `keep` stand around the asking.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._details: OrderedDict[int, MessageDetail] = OrderedDict()
        self._moved: set[int] = set()
        self._replayed: set[str] = set()
        self._handed: set[int] = set()
        self._whole = True

    def get(self, id: int) -> MessageDetail | None:
        """Return the detail of a message, if it was read and is not old."""
        return self._details.get(id)

    def begin(self) -> None:
        """Note that a detail is asked for now."""
        self._moved.clear()
        self._replayed.clear()
        self._handed.clear()
        self._whole = True

    def keep(self, id: int, detail: MessageDetail) -> bool:
        """Keep the detail that was asked for; False if it was old before it came."""
        if not self._whole or self._is_old(id, detail, self._moved, self._replayed, self._handed):
            return False
        self._details[id] = detail
        if len(self._details) > self._limit:
            self._details.popitem(last=False)
        return True

    def hear(self, frame: FeedBatch) -> set[int]:
        """Let go of what the frame makes old, and return the messages whose details these are."""
        moved = {change.id for change in frame.changed}
        replayed = {line.message_id for line in frame.added if line.marks & Marks.REPLAY}
        handed = set(frame.handed)
        if not moved and not replayed and not handed:
            return set()
        self._handed |= handed
        self._moved |= moved
        self._replayed |= replayed
        old = {
            id for id, detail in self._details.items() if self._is_old(id, detail, moved, replayed, handed)
        }
        for id in old:
            del self._details[id]
        return old

    def clear(self) -> None:
        """Let go of all, and of the one that is asked for just now."""
        self._details.clear()
        self._whole = False

    @staticmethod
    def _is_old(
        id: int, detail: MessageDetail, moved: set[int], replayed: set[str], handed: set[int]
    ) -> bool:
        if detail.routes and seq_of(id) in handed:
            return True
        named = {id, *(line.id for line in detail.replays)}
        if detail.replay_of is not None:
            named.add(detail.replay_of.id)
        return not named.isdisjoint(moved) or detail.summary.message_id in replayed
