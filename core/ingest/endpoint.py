"""What all requests to an endpoint share."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec

from ..errors import JournalError
from ..messages import Receipt
from ..on_demand import Demands
from ..settings import IngestSettings
from ..sources.segment.cdn import DeviceMode
from .attempts import Attempts
from .body import Deadlines
from .first_look import FirstLook
from .flood import Allowance
from .knocks import Knocks
from .rate import PeerRate

Sink = Callable[[Receipt], Awaitable[int]]


class Endpoint:
    """What all exchanges of an endpoint work with; see `IngestApp` for the arguments."""

    __slots__ = (
        "attempts",
        "beside",
        "deadlines",
        "demands",
        "device",
        "keys",
        "knocks",
        "looked",
        "now",
        "on_refused",
        "rate",
        "refusals",
        "settings",
        "sink",
        "url",
        "wanted",
    )

    def __init__(
        self,
        sink: Sink,
        settings: IngestSettings,
        *,
        clock: Callable[[], int],
        wanted: Callable[[], bool],
        url: str,
        knocks: Knocks,
        looked: FirstLook,
        device: Callable[[], DeviceMode | None],
        on_refused: Callable[[int], None],
        keys: frozenset[str],
        demands: Demands,
        attempts: Attempts,
    ) -> None:
        self.sink = sink
        self.settings = settings
        self.now = clock
        self.wanted = wanted
        self.url = url
        self.knocks = knocks
        self.looked = looked
        self.device = device
        self.on_refused = on_refused
        self.keys = keys
        """The write keys and tokens that are accepted; all if it is empty."""
        self.demands = demands
        self.attempts = attempts
        self.rate = PeerRate(settings.peer_rate)
        self.refusals = Allowance()
        self.deadlines = Deadlines(settings.body_timeout)
        self.beside = asyncio.Lock()
        """Held while a large body is looked at in a thread: each takes some ten times its size of memory."""

    async def keep_refused(self, receipt: Receipt) -> None:
        """Hand a refused request to the sink, unless too many came at once; the next one says how many."""
        self.on_refused(receipt.status)
        skipped = self.refusals.take(receipt.received_at)
        if skipped is None:
            return
        if skipped:
            note = f"{receipt.refused} ({skipped:,} more refused requests were not kept)"
            receipt = msgspec.structs.replace(receipt, refused=note)
        # If the journal fails the answer is the same; the engine reports the failure.
        with contextlib.suppress(JournalError):
            await self.sink(receipt)
