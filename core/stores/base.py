"""The Journal protocol: append-only truth about what was received and what became of it.

Order of things: `append` makes a receipt durable (only then does ingest answer 200). Behind it, the
indexer takes `unindexed` receipts, reads the messages in them and gives `index` one `Entry` for each;
from then on they can be listed, and those wanted at Mixpanel are `owed`. The forwarder reports with `record`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import msgspec

from ..api.models import Page, Summary
from ..delivery import Delivery, DeliveryCounts, DeliveryState
from ..messages import Receipt
from ..verdict import Finding


class Entry(msgspec.Struct, frozen=True):
    """One message's row in the index. `wanted` as the receipt's; a refused request has one entry, too.

    `text` is what plain-text search looks at, lower case. `findings` are those of the rules on the stream:
    unlike the others they cannot be worked out again from the message, so they are kept.
    """

    summary: Summary
    wanted: bool
    text: str = ""
    findings: tuple[Finding, ...] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's totals, see `EngineState`."""

    received: int = 0
    refused: int = 0
    deliveries: DeliveryCounts = DeliveryCounts()
    teed: int = 0
    errors: int = 0
    warnings: int = 0


class Journal(Protocol):
    """What an engine needs of a journal. All methods may be called from one event loop only.

    Raises `JournalError` (and its kinds) where the store fails.
    """

    @property
    def path(self) -> str:
        """Where it is kept, for people."""
        ...

    @property
    def ephemeral(self) -> bool:
        """True when it is removed as it is closed."""
        ...

    def announce(self, url: str) -> None:
        """Note where this engine can be attached to; a second one that wants the journal is told."""
        ...

    async def keep_settings(self, text: str) -> None:
        """Keep the settings in force, in place of earlier ones; `clear` does not remove them."""
        ...

    def watch(self, told: Callable[[str], None]) -> None:
        """Have `told` called with what is wrong with the store by itself, and with "" once it is no more.

        It is called in the event loop, also while nothing is written.
        """
        ...

    def append(self, receipt: Receipt) -> Awaitable[int]:
        """Make it durable and return its `seq`. Raises JournalFull when only owed ones are left."""
        ...

    async def unindexed(self, limit: int = 256) -> list[Receipt]:
        """The oldest receipts without index entries, in order; fewer than `limit` when they are large."""
        ...

    async def receipts(self, after: int = 0, limit: int = 256) -> list[Receipt]:
        """Receipts with a `seq` above `after`, oldest first; fewer than `limit` when they are large."""
        ...

    async def index(self, entries: Sequence[Entry], upto: int) -> None:
        """Store the entries of all receipts up to and including `upto`, at once."""
        ...

    async def seen(self, message_ids: Sequence[str], since: int) -> set[str]:
        """Those of the messageIds that an indexed message, received at or after `since` (ms), has."""
        ...

    async def receipt(self, seq: int) -> Receipt | None:
        """One receipt as it came."""
        ...

    async def summary(self, id: int) -> Summary | None:
        """One line of the list."""
        ...

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        """The newest replays with that messageId and an id above `after`, oldest first."""
        ...

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        text: str = "",
    ) -> Page:
        """A stretch of the list: the newest `limit`, or those next to an id, that contain `text`.

        Oldest first. With `before` the nearest ones below that id, with `after` the nearest above it; `more`
        tells whether there are further ones in that direction. Case does not matter in `text`.
        """
        ...

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Summary]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out."""
        ...

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Write attempts and the new states of their messages, durably, in one transaction.

        A message is owed from then on if its state is one of `OWED_STATES`, or its id is in `owing`: one that
        is uncertain may have other operations that are still to be sent.
        """
        ...

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        """What the rules on the stream found in these messages; those without any are left out."""
        ...

    async def revise(self, findings: Sequence[tuple[int, int, int]]) -> None:
        """Set the errors and warnings of messages, given as (id, errors, warnings)."""
        ...

    async def deliveries(self, id: int) -> list[Delivery]:
        """All attempts for one message, oldest first."""
        ...

    async def counts(self) -> Counts:
        """The totals; cheap enough for each feed frame."""
        ...

    async def clear(self) -> None:
        """Forget everything, for good."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the store."""
        ...
