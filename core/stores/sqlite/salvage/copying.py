"""Copies the rows that can be read into a new journal, and finds which messages its index lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path

import msgspec

from ....delivery import Delivery, DeliveryState, Outcome
from ....messages import Marks, Receipt, message_number, position_of, seq_of
from ...base import Entry
from .. import routed
from ..rows import DELIVERY_COLUMNS, unpack_delivery, unpack_receipt
from ..schema import connect_writer
from ..tally import COUNTED, Row, Tally
from .lines import Lines, kinds_in, line_of, read_line
from .pages import Pages
from .records import Value
from .routes import copy_requests
from .tables import Found, Tables

_OLD_OUTCOMES = {"taken": "sent"}
"""The words of earlier versions."""
_PIECE = 500


class Copied(msgspec.Struct, kw_only=True):
    """What was copied and what was not; counts."""

    requests: int = 0
    lost_requests: int = 0
    messages: int = 0
    lost_lines: int = 0
    """Lines of the list whose request is lost."""
    lost_owed: int = 0
    """Those of them that were owed to Mixpanel."""
    attempts: int = 0
    lost_attempts: int = 0
    bad_pages: int = 0
    """Pages that held rows of which none can be read: how many these were is not known."""
    log_damaged: bool = False
    owed_requests: int = 0
    """Whole requests that are owed to mirrors and archives, once for each."""
    doubted: int = 0
    """Messages that were owed as far as can be read, but may have been sent."""

    @property
    def whole(self) -> bool:
        """True if nothing is missing."""
        return not (
            self.lost_requests or self.lost_lines or self.lost_attempts or self.bad_pages or self.log_damaged
        )


class Copy:
    """Fills the new journal at `new` out of the file `old`, which it only reads.

    Use: `rows`, then `lacking` and `add` for what the index lacks, then `finish`; `close` in any case.
    `progress` is called with the part of the old file that was read, from 0 to 1.
    """

    def __init__(self, old: Path, new: Path, progress: Callable[[float], None]) -> None:
        self.copied = Copied()
        self._progress = progress
        self._read = 0
        self._pages = Pages(old)
        try:
            self._tables = Tables(self._pages, self._page_read)
            self._db = connect_writer(new)
        except BaseException:
            self._pages.close()
            raise
        self._db.execute("PRAGMA journal_mode = OFF")  # until it is complete it bears another name
        self._lines = Lines(self._db)
        self._lost: set[int] = set()
        self._routes: dict[int, Sequence[str]] = {}
        """The routes of the copied receipts that have some."""
        self._unsure: set[int] = set()
        """Receipts that no tree led to: they may have been deleted once."""
        self._routed: set[int] = set()
        """Messages of which it is known how they stand on several routes to Mixpanel."""
        self._damaged_lines = False
        self._upto = 0
        self._highest = 0

    @property
    def known(self) -> bool:
        """True if anything in the old file looks like a journal."""
        return self._tables.known

    @property
    def doubtful(self) -> bool:
        """True if attempts may be missing: what has none may have been sent all the same."""
        return "deliveries" in self._tables.broken or self.copied.log_damaged or self.copied.lost_attempts > 0

    def close(self) -> None:
        """Let go of both files."""
        self._pages.close()
        self._db.close()

    def rows(self) -> Copied:
        """Copy everything that can be read: requests, deliveries, and the index of messages."""
        self._db.execute("BEGIN")
        self.copied.log_damaged = self._pages.log_damaged
        self._copy_receipts()
        receipts = {seq for (seq,) in self._db.execute("SELECT seq FROM receipts")}
        self._copy_standings(receipts)
        self._copy_deliveries()
        self._copy_requests(receipts)
        self._copy_messages(receipts)
        self.copied.bad_pages = len(self._tables.bad_pages)
        self._db.execute("COMMIT")
        return self.copied

    @property
    def index_whole(self) -> bool:
        """True if no line of the index can be missing."""
        return not (self.copied.log_damaged or self._damaged_lines or "messages" in self._tables.broken)

    def lacking(self) -> Iterator[tuple[Receipt, frozenset[int]]]:
        """Yield each request that was in the index, with the positions of its messages that are in the new
        one.
        """
        last = 0
        while True:
            found = self._db.execute(
                "SELECT seq, received_at, form, data FROM receipts "
                "WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
                (last, self._upto, _PIECE),
            ).fetchall()
            if not found:
                return
            for row in found:
                last = row[0]
                span = message_number(last, 0), message_number(last + 1, 0)
                ids = self._db.execute("SELECT id FROM messages WHERE id >= ? AND id < ?", span).fetchall()
                yield unpack_receipt(*row), frozenset(position_of(id) for (id,) in ids)

    def came_before(self, message_id: str, since: int, id: int) -> bool:
        """Return True if an earlier message has this messageId, received at or after `since`."""
        found = self._db.execute(
            "SELECT 1 FROM messages "
            "WHERE message_id = ? AND message_id != '' AND received_at >= ? AND id < ? "
            f"AND NOT marks & {int(Marks.WOULD_REJECT)}",
            (message_id, since, id),
        )
        return found.fetchone() is not None

    def attempts(self, id: int) -> list[Delivery]:
        """Return the attempts that were copied for a message, oldest first."""
        found = self._db.execute(
            f"SELECT {DELIVERY_COLUMNS} FROM deliveries WHERE message = ? ORDER BY number", (id,)
        )
        return [unpack_delivery(row) for row in found.fetchall()]

    def may_have_been_sent(self, receipt: Receipt, attempts: Sequence[Delivery]) -> bool:
        """Return True if an owed message of this request must not be sent without asking.

        Attempts are written before anything else is done about them: where all of them could be read, a
        message without one was never sent.
        """
        return self.doubtful or (receipt.seq in self._unsure and not attempts)

    def add(self, entries: Sequence[Entry]) -> None:
        """Put lines into the index."""
        for entry in entries:
            self._lines.add(line_of(entry))

    def finish(self) -> Copied:
        """Write the totals, and everything onto the disk."""
        tally = Tally.decode("{}")
        self._lines.finish()
        rows = self._db.execute(f"SELECT {COUNTED} FROM lines")
        while some := rows.fetchmany(10_000):
            tally = tally.with_changes((Row.read(row), 1) for row in some)
        (self.copied.messages,) = self._db.execute(
            "SELECT count(*) FROM messages WHERE NOT marks & ?", (int(Marks.REFUSED),)
        ).fetchone()
        self._db.executemany(
            "UPDATE meta SET value = ? WHERE key = ?",
            [(self._highest, "last_seq"), (self._upto, "indexed"), (tally.encode(), "counts")],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [("filled", 0), ("fill", self._upto)]
        )
        self._db.execute("PRAGMA journal_mode = WAL").fetchone()
        return self.copied

    # --- one table at a time -----------------------------------------------------------------------

    def _page_read(self) -> None:
        self._read += 1
        if self._read % 64 == 0:
            self._progress(min(1.0, self._read / max(1, self._pages.count)))

    def _all(self, table: str, *, older: bool) -> Iterator[Found]:
        """Yield the rows of a table, the surest first."""
        yield from self._tables.rows(table)
        if table in self._tables.broken or self._pages.log_damaged:
            yield from self._tables.stray_rows(table)
        if older:
            yield from self._tables.older_rows(table)

    def _copy_receipts(self) -> None:
        for cell, led_to in self._all("receipts", older=True):
            row = None if cell.values is None else (cell.rowid, *cell.values[1:4])
            receipt = None if row is None else unpack_receipt(*row)
            if row is None or receipt is None or receipt.damaged:
                self._lost.add(cell.rowid)
                continue
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO receipts (seq, received_at, form, data) VALUES (?, ?, ?, ?)", row
            )
            self.copied.requests += cursor.rowcount
            self._lost.discard(cell.rowid)
            if cursor.rowcount and receipt.routes:
                self._routes[cell.rowid] = receipt.routes
            if cursor.rowcount and not led_to:
                self._unsure.add(cell.rowid)

    def _copy_deliveries(self) -> None:
        lost: set[int] = set()
        columns = routed.DELIVERY_COLUMNS_BY_ROUTE if self.several else DELIVERY_COLUMNS
        width = columns.count(",") + 1
        statement = f"INSERT OR IGNORE INTO deliveries (number, {columns}) VALUES (?{', ?' * width})"
        for cell, _ in self._all("deliveries", older=True):
            row = None if cell.values is None else self._delivery(cell.values)
            if row is None:
                lost.add(cell.rowid)
                continue
            row = [*row, ""][:width]  # one that was made while there was one route names none
            self.copied.attempts += self._db.execute(statement, (cell.rowid, *row)).rowcount
            lost.discard(cell.rowid)
        self.copied.lost_attempts = len(lost)

    @property
    def several(self) -> bool:
        """True if there are messages that went along one of several routes to Mixpanel."""
        return self._tables.has("routed")

    def state_of(self, id: int) -> DeliveryState | None:
        """Return the state of a message over several routes to Mixpanel, None if nothing is known of them."""
        return routed.sums(self._db, [id])[0].get(id)

    def _copy_standings(self, receipts: Set[int]) -> None:
        """Copy how messages stand on several routes to Mixpanel."""
        if not self.several:
            return
        routed.make(self._db)
        for cell, _ in self._all("routed", older=False):
            match cell.values:
                case (int(id), int(), str(), str(), int(), int(), int()) if seq_of(id) in receipts:
                    self._db.execute(
                        "INSERT OR IGNORE INTO routed (id, place, route, delivery, owed, errors, warnings)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        cell.values,
                    )
                    self._routed.add(id)
                case _:
                    pass

    def _copy_requests(self, receipts: Set[int]) -> None:
        if not (self._routes or self._tables.has("owed_requests")):
            return
        owed = list(self._all("owed_requests", older=False))
        doubtful = "owed_requests" in self._tables.broken or self.copied.log_damaged
        handed = self._all("handovers", older=True)
        routes = self._routes
        self.copied.owed_requests = copy_requests(self._db, receipts, owed, handed, routes, doubtful=doubtful)

    @staticmethod
    def _delivery(values: Sequence[Value]) -> Sequence[Value] | None:
        row = list(values[1:])
        row[4] = _OLD_OUTCOMES.get(str(row[4]), row[4])
        return row if row[4] in set(Outcome) else None

    def _copy_messages(self, receipts: Set[int]) -> None:
        meta = self._tables.meta()
        indexed, last = meta.get("indexed"), meta.get("last_seq")
        rows: dict[int, bool] = {}
        kinds = kinds_in(self._all("kinds", older=False))
        seen_upto = 0
        without: dict[int, bool] = {}
        for cell, led_to in self._all("messages", older=False):
            line = read_line(cell, kinds)
            seen_upto = max(seen_upto, seq_of(cell.rowid))
            owed = line is not None and line.owed
            if seq_of(cell.rowid) not in receipts:
                if led_to or self._tables.free_known:
                    without[cell.rowid] = owed
                continue
            if line is None:
                self._damaged_lines = True  # it is made from its request again
                continue
            if cell.rowid in rows and (rows[cell.rowid] or owed):
                continue  # of two versions the one that is settled is the later
            lost = self.several and "routed" in self._tables.broken and cell.rowid not in self._routed
            if owed and (lost or (not led_to and not self._tables.free_known)):
                line = line.doubted()
                self.copied.doubted += 1
            rows[cell.rowid] = led_to or not owed
            self._lines.add(line)
        self._lost |= {seq_of(id) for id in without}
        self._lost -= receipts
        self.copied.lost_requests = len(self._lost)
        self.copied.lost_lines, self.copied.lost_owed = len(without), sum(without.values())
        self._highest = max(receipts | self._lost, default=0)
        if isinstance(last, int) and 0 <= last < 1 << 43:
            self._highest = max(self._highest, last)
        if isinstance(indexed, int) and 0 <= indexed <= self._highest and not self._pages.log_damaged:
            self._upto = max(indexed, seen_upto)
        elif "messages" in self._tables.broken or self._pages.log_damaged:
            self._upto = self._highest  # what lacks its line may have been sent, so nothing counts as new
        else:
            self._upto = seen_upto
