"""How many requests each client may send."""

from __future__ import annotations

import math
from collections import OrderedDict

MOST_PEERS = 10_000
"""Clients that are remembered; the one heard least lately makes room."""


class PeerRate:
    """A bucket of `rate` requests for each client that fills again at `rate` a second; 0 means no limit.

    Time is in milliseconds, and may be set back.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = max(rate, 1.0)
        self._peers: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, peer: str, now: int) -> int:
        """Count a request of a client. Return 0, or after how many seconds its next one is accepted."""
        if not self._rate:
            return 0
        left, at = self._peers.pop(peer, (self._burst, now))
        left = min(self._burst, left + max(0, now - at) * self._rate / 1000)
        wait = 0 if left >= 1 else max(1, math.ceil((1 - left) / self._rate))
        self._peers[peer] = (left if wait else left - 1, now)
        if len(self._peers) > MOST_PEERS:
            self._peers.popitem(last=False)
        return wait
