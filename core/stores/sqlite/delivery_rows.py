"""Writes attempts at Mixpanel and what became of messages, with the totals that go with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ...delivery import OWED_STATES, Delivery, DeliveryState
from ...messages import seq_of
from .message_rows import IDS_A_QUERY, SET_META, MessageRows, places, stretches
from .rows import DELIVERY_COLUMNS, pack_delivery
from .tally import Changes, Row, Tally

_DELIVERY_WIDTH = DELIVERY_COLUMNS.count(",") + 1
_DELIVERY_VALUES = f"(?{', ?' * (_DELIVERY_WIDTH - 1)})"
_INSERT_DELIVERIES = f"INSERT INTO deliveries ({DELIVERY_COLUMNS}) VALUES {_DELIVERY_VALUES}"

_Standing = tuple[object, ...]
"""Marks, delivery, type, name and event of a message: what decides where its delivery is counted."""


class DeliveryRows(MessageRows):
    """The attempts at the messages in the file, and the states that messages have after them."""

    def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> int | None:
        """Write attempts and states of messages; those no longer in the journal are left out.

        See `Outbox.record` for `owing`. Returns the lowest receipt number whose message changed, or None.
        """
        wanted = {id for id, _ in states}.union(delivery.message for delivery in deliveries)
        with self._transaction():
            before = self._standings(wanted)
            after = {id: state for id, state in states if id in before}
            tally = self._moved(before, after)
            kept = [delivery for delivery in deliveries if delivery.message in before]
            for some in stretches(kept, self._at_once(_DELIVERY_WIDTH)):
                values = [value for delivery in some for value in pack_delivery(delivery)]
                self._db.execute(_INSERT_DELIVERIES + f", {_DELIVERY_VALUES}" * (len(some) - 1), values)
            alike: dict[tuple[str, int], list[int]] = {}
            for id, state in after.items():
                owed = int(state in OWED_STATES or id in owing)
                alike.setdefault((state.value, owed), []).append(id)
            for (state, owed), ids in alike.items():
                for some in stretches(ids, IDS_A_QUERY):
                    self._db.execute(
                        f"UPDATE messages SET delivery = ?, owed = ? WHERE id IN ({places(some)})",
                        (state, owed, *some),
                    )
            self._db.execute(SET_META, (tally.encode(), "counts"))
        self._tally = tally
        self.line_changes += bool(after)
        return seq_of(min(after)) if after else None

    def _standings(self, ids: Collection[int]) -> dict[int, _Standing]:
        """Return where messages stand; those that are not in the index are left out."""
        found: dict[int, _Standing] = {}
        for some in stretches(list(ids), IDS_A_QUERY):
            rows = self._db.execute(
                f"SELECT id, marks, delivery, type, name, event FROM lines WHERE id IN ({places(some)})",
                some,
            )
            found.update((id, tuple(rest)) for id, *rest in rows)
        return found

    def _moved(self, before: Mapping[int, _Standing], after: Mapping[int, DeliveryState]) -> Tally:
        """Write new states of messages to the totals; returns the tally then."""
        alike: Counter[tuple[_Standing, DeliveryState, bool]] = Counter()
        for id, state in after.items():
            alike[before[id], state, self._lacks(id)] += 1
        both: list[tuple[Row, int]] = []
        filled: list[tuple[Row, int]] = []
        for ((marks, delivery, *names), state, lacks), count in alike.items():
            # All but the delivery is the same before and after, and adds up to nothing.
            row = Row.read((marks, delivery, 0, 0, 0, 0, *names, "", None, None, None))
            pair = [(row, -count), (row._replace(delivery=state.value), count)]
            both += pair
            filled += [] if lacks else pair
        changes = Changes()
        changes.add(filled)
        changes.write(self._db)
        return self._tally.with_changes(both)
