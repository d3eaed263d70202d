"""Writes attempts at Mixpanel and what became of messages, with the totals that go with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from ...delivery import OWED_STATES, Delivery, DeliveryState, refused_receipts
from ...messages import message_number, seq_of
from . import requests, routed
from .message_rows import IDS_A_QUERY, SET_META, MessageRows, places, stretches
from .rows import DELIVERY_COLUMNS, pack_delivery
from .tally import Changes, Row, Tally

_DELIVERY_WIDTH = DELIVERY_COLUMNS.count(",") + 1
_DELIVERY_VALUES = f"(?{', ?' * (_DELIVERY_WIDTH - 1)})"
_INSERT_ALONG = f"INSERT INTO deliveries ({DELIVERY_COLUMNS}, route) VALUES {_DELIVERY_VALUES[:-1]}, ?)"
_INSERT_DELIVERIES = f"INSERT INTO deliveries ({DELIVERY_COLUMNS}) VALUES {_DELIVERY_VALUES}"

_STANDINGS = """
SELECT marks, delivery, type, name, event, id >= ? AND id < ? AS lacking, count(*) FROM lines
WHERE id IN ({}) GROUP BY marks, delivery, kind, name, lacking
"""
"""What decides where messages' deliveries are counted, and how many have it in common: read row by row, these
texts would take as long as all the rest. `lacking` are rows of an earlier version that are not filled in."""


class DeliveryRows(MessageRows):
    """The attempts at the messages in the file, and the states that messages have after them.

    A receipt of which a record is refused is owed to each route in `refusals_to`.
    """

    refusals_to: tuple[str, ...] = ()

    def record_along(
        self,
        route: str,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> tuple[int | None, list[tuple[int, DeliveryState, bool]]]:
        """Write attempts along one of several routes, and states of messages there; see `record`.

        Also returns the state of each message over all of its routes, and whether it is another one than
        before.
        """
        with self._transaction():
            if not routed.made(self._db):
                routed.make(self._db)
            before = routed.present(
                self._db, {id for id, _ in states}.union(one.message for one in deliveries)
            )
            routed.move(self._db, route, [(id, state) for id, state in states if id in before], owing)
            after, owed = routed.sums(self._db, before)
            moved = {id: after[id] for id, _ in states if id in after}
            tally, kept = self._record(deliveries, moved, owed, before, route)
        self._tally = tally
        self.line_changes += bool(moved)
        now = {id: after.get(id, before[id]) for id in sorted({one.message for one in kept}.union(moved))}
        sums = [(id, state, state is not before[id]) for id, state in now.items()]
        return (seq_of(min(moved)) if moved else None), sums

    def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
        mark: tuple[str, int] | None = None,
    ) -> int | None:
        """Write attempts and states of messages; those no longer in the journal are left out.

        See `Outbox.record` for `owing`. `mark` is kept in the same step, see `Store.keep_mark`. Returns the
        lowest receipt number whose message changed, or None.
        """
        with self._transaction():
            there = self._there({id for id, _ in states}.union([one.message for one in deliveries]))
            after = {id: state for id, state in states if id in there}
            tally, _ = self._record(deliveries, after, owing, there)
            if mark is not None:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", mark)
        self._tally = tally
        self.line_changes += bool(after)
        return seq_of(min(after)) if after else None

    def _record(
        self,
        deliveries: Sequence[Delivery],
        after: Mapping[int, DeliveryState],
        owing: Collection[int],
        there: Collection[int],
        route: str = "",
    ) -> tuple[Tally, list[Delivery]]:
        """Write attempts and states of messages; returns the tally then, and the attempts that are kept."""
        alike: dict[tuple[DeliveryState, bool], list[int]] = {}
        for id, state in after.items():
            alike.setdefault((state, state in OWED_STATES or id in owing), []).append(id)
        tally = self._moved(alike)
        kept = [delivery for delivery in deliveries if delivery.message in there]
        if route:
            self._db.executemany(_INSERT_ALONG, [(*pack_delivery(one), route) for one in kept])
        else:
            for some in stretches(kept, self._at_once(_DELIVERY_WIDTH)):
                values = list(chain.from_iterable(map(pack_delivery, some)))
                self._db.execute(_INSERT_DELIVERIES + f", {_DELIVERY_VALUES}" * (len(some) - 1), values)
        for (state, owed), ids in alike.items():
            for some in stretches(ids, IDS_A_QUERY):
                self._db.execute(
                    f"UPDATE messages SET delivery = ?, owed = ? WHERE id IN ({places(some)})",
                    (state.value, int(owed), *some),
                )
        self._db.execute(SET_META, (tally.encode(), "counts"))
        if self.refusals_to and (refused := refused_receipts(kept)):
            requests.make(self._db)
            requests.owe(self._db, dict.fromkeys(refused, self.refusals_to))
        return tally, kept

    def _there(self, ids: Collection[int]) -> set[int]:
        """Return the messages that are in the index."""
        found: set[int] = set()
        for some in stretches(list(ids), IDS_A_QUERY):
            rows = self._db.execute(f"SELECT id FROM messages WHERE id IN ({places(some)})", some)
            found.update([id for (id,) in rows])
        return found

    def _moved(self, alike: Mapping[tuple[DeliveryState, bool], Sequence[int]]) -> Tally:
        """Write new states of messages to the totals; returns the tally then."""
        start, end = self.filled
        lacking = (message_number(start + 1, 0), message_number(end + 1, 0)) if end else (0, 0)
        both: list[tuple[Row, int]] = []
        filled: list[tuple[Row, int]] = []
        for (state, _), ids in alike.items():
            for some in stretches(ids, IDS_A_QUERY):
                found = self._db.execute(_STANDINGS.format(places(some)), (*lacking, *some))
                for marks, delivery, type, name, event, lacks, count in found:
                    # All but the delivery is the same before and after, and adds up to nothing.
                    row = Row.read((marks, delivery, 0, 0, 0, 0, type, name, event, "", None, None, None))
                    pair = [(row, -count), (row._replace(delivery=state.value), count)]
                    both += pair
                    filled += [] if lacks else pair
        changes = Changes()
        changes.add(filled)
        changes.write(self._db)
        return self._tally.with_changes(both)
