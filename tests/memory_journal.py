"""A journal in memory, for tests: the whole protocol in plain dictionaries, and a switch to make it fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from segtap.core.api.models import Page, Summary
from segtap.core.delivery import OWED_STATES, Delivery, DeliveryCounts, DeliveryState
from segtap.core.errors import JournalError
from segtap.core.messages import Marks, Receipt
from segtap.core.stores.base import Counts, Entry
from segtap.core.verdict import Finding


@dataclass
class MemoryJournal:
    """Keeps what it is given. `failing` makes every write raise `JournalError` while it is set."""

    receipt_rows: dict[int, Receipt] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)
    attempts: dict[int, list[Delivery]] = field(default_factory=dict)
    owing: set[int] = field(default_factory=set)
    indexed_upto: int = 0
    failing: str = ""
    closed: bool = False
    next_seq: int = 1
    path: str = "memory"
    ephemeral: bool = True
    announced: str = ""
    settings: str = ""

    def announce(self, url: str) -> None:
        self.announced = url

    async def keep_settings(self, text: str) -> None:
        self._check()
        self.settings = text

    def watch(self, told: Callable[[str], None]) -> None:
        """Nothing happens to a journal in memory by itself."""

    async def receipts(self, after: int = 0, limit: int = 256) -> list[Receipt]:
        return [receipt for seq, receipt in self.receipt_rows.items() if seq > after][:limit]

    async def append(self, receipt: Receipt) -> int:
        self._check()
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        self.receipt_rows[seq] = msgspec.structs.replace(receipt, seq=seq)
        return seq

    async def unindexed(self, limit: int = 256) -> list[Receipt]:
        return [receipt for seq, receipt in self.receipt_rows.items() if seq > self.indexed_upto][:limit]

    async def index(self, entries: Sequence[Entry], upto: int) -> None:
        self._check()
        self.entries.update({entry.summary.id: entry for entry in entries})
        self.indexed_upto = max(self.indexed_upto, upto)

    async def seen(self, message_ids: Sequence[str], since: int) -> set[str]:
        known = {
            entry.summary.message_id for entry in self.entries.values() if entry.summary.received_at >= since
        }
        return known & set(message_ids)

    async def receipt(self, seq: int) -> Receipt | None:
        return self.receipt_rows.get(seq)

    async def summary(self, id: int) -> Summary | None:
        entry = self.entries.get(id)
        return entry.summary if entry else None

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        found = [
            entry.summary
            for id, entry in sorted(self.entries.items())
            if id > after and entry.summary.message_id == message_id and entry.summary.marks & Marks.REPLAY
        ]
        return found[-limit:]

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        text: str = "",
    ) -> Page:
        found = [
            entry.summary
            for id, entry in sorted(self.entries.items())
            if (before is None or id < before)
            and (after is None or id > after)
            and text.lower() in entry.text
        ]
        kept = found[:limit] if after is not None else found[-limit:]
        return Page(summaries=tuple(kept), more=len(found) > len(kept))

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Summary]:
        return [
            entry.summary
            for id, entry in sorted(self.entries.items())
            if id > after
            and (entry.summary.delivery in OWED_STATES or id in self.owing)
            and entry.summary.delivery is not DeliveryState.HELD
        ][:limit]

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        self._check()
        self.owing = (self.owing - {id for id, _ in states}) | set(owing)
        for delivery in deliveries:
            if delivery.message not in self.entries:
                continue  # cleared meanwhile
            self.attempts.setdefault(delivery.message, []).append(delivery)
        for id, state in states:
            if (entry := self.entries.get(id)) is None:
                continue
            summary = msgspec.structs.replace(entry.summary, delivery=state)
            self.entries[id] = msgspec.structs.replace(entry, summary=summary)

    async def revise(self, findings: Sequence[tuple[int, int, int]]) -> None:
        for id, errors, warnings in findings:
            entry = self.entries[id]
            summary = msgspec.structs.replace(entry.summary, errors=errors, warnings=warnings)
            self.entries[id] = msgspec.structs.replace(entry, summary=summary)

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        entries = {id: self.entries[id] for id in ids if id in self.entries}
        return {id: entry.findings for id, entry in entries.items() if entry.findings}

    async def deliveries(self, id: int) -> list[Delivery]:
        return list(self.attempts.get(id, ()))

    async def counts(self) -> Counts:
        shown = [entry.summary for entry in self.entries.values()]
        messages = [summary for summary in shown if not summary.refused]

        def standing(state: DeliveryState) -> int:
            return sum(summary.delivery == state for summary in messages)

        return Counts(
            received=len(messages),
            refused=len(shown) - len(messages),
            deliveries=DeliveryCounts(**{state: standing(state) for state in DeliveryState}),
            teed=sum(bool(summary.marks & Marks.TEED) for summary in messages),
            errors=sum(bool(summary.errors) for summary in shown),
            warnings=sum(bool(summary.warnings and not summary.errors) for summary in shown),
        )

    async def clear(self) -> None:
        self._check()
        self.receipt_rows.clear()
        self.entries.clear()
        self.attempts.clear()

    async def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.failing:
            raise JournalError(self.failing)
