"""What ingest found when it looked at a body, for the one who reads it a moment later."""

from __future__ import annotations

from collections import OrderedDict

from ..messages import Receipt

MOST_BYTES = 16 * 1024 * 1024


class FirstLook:
    """The number of messages in a body and, if it came compressed, its text: by the receipt's uid.

    Of texts the oldest make room for new ones.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._counts: dict[str, int] = {}
        self._texts: OrderedDict[str, bytes] = OrderedDict()
        self._most = most
        self._bytes = 0

    def put(self, uid: str, messages: int, inflated: bytes | None = None) -> None:
        """Keep what is known of a body before it is appended to the log."""
        self._counts[uid] = messages
        if inflated is None or len(inflated) > self._most:
            return
        self._texts[uid] = inflated
        self._bytes += len(inflated)
        while self._bytes > self._most:
            self._bytes -= len(self._texts.popitem(last=False)[1])

    def count(self, receipt: Receipt) -> int:
        """Return how many messages a receipt holds, and forget it."""
        return self._counts.pop(receipt.uid, len(receipt.replay_of))

    def text(self, uid: str) -> bytes | None:
        """Return the text of a compressed body and forget it; None if it is not kept."""
        text = self._texts.pop(uid, None)
        if text is not None:
            self._bytes -= len(text)
        return text

    def peek(self, uid: str) -> bytes | None:
        """Return the text of a compressed body, and keep it; None if it is not kept."""
        return self._texts.get(uid)

    def forget(self, uid: str) -> None:
        """Forget a body that could not be appended to the log."""
        self._counts.pop(uid, None)
        self.text(uid)
