"""The values that fields of filters have in the journal, for completion: from totals, never by a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import cast, get_args

from ..aggregates.model import FieldValues, ValueCount
from ..delivery import DeliveryState
from ..identities.model import DEVICE
from ..identities.table import Identities
from ..query.fields import BY_NAME
from ..query.named import SOURCE, NamedSource, by_name
from ..query.sets import no_sources
from ..query.wildcards import fold
from ..stores.base import CountedField, Counts, Stores
from .gathering import Gathering

MOST_VALUES = 200
"""Values in one answer."""
MOST_IDS = 2_000
"""Ids with a text among which the most frequent are chosen: a letter may be in every id of a million."""
_COUNTED = frozenset(get_args(CountedField))


class SeenValues:
    """Answers with values that were seen. Call it from the engine's loop."""

    def __init__(
        self,
        stores: Stores,
        gathering: Gathering,
        sources: Callable[[], Sequence[NamedSource]] = no_sources,
    ) -> None:
        self._stores = stores
        self._gathering = gathering
        self._sources = sources
        self._read: dict[str, tuple[Counts, Mapping[str, int]]] = {}
        """By field, what was read last, and the totals of that time."""

    async def values(self, field: str, text: str = "", limit: int = 20) -> FieldValues:
        """Return the values that contain the text: those that begin with it first, then the most frequent.

        A field with fixed values has them all, with a count where it is known. Unknown fields have none.
        """
        known = BY_NAME.get(field)
        if known is None:
            return FieldValues(field)
        limit = max(1, min(limit, MOST_VALUES))
        if field == "user":
            found = _ids(self._gathering.shown.users, text)
        elif field == "group":
            found = dict.fromkeys(self._gathering.shown.groups.group_ids())
        elif field == SOURCE:
            found = by_name(await self._counted("key"), self._sources())
        else:
            found = await self._counted(field)
        if known.fixed:
            found = {value: found.get(value) for value in known.fixed}
        return FieldValues(field, tuple(islice(fitting(found, text), limit)))

    async def _counted(self, field: str) -> Mapping[str, int | None]:
        """Return counts of the field's values, those of the last time if no message came since."""
        counts = await self._stores.index.counts()
        if field == "delivery":
            states: dict[str, int | None] = {
                state: getattr(counts.deliveries, state) for state in DeliveryState
            }
            # A refused request has nothing to send; the totals count messages only.
            return states | {DeliveryState.NONE: counts.deliveries.none + counts.refused}
        if field == "warn":
            return {"error": counts.errors}
        if field == "is":
            return {"refused": counts.refused}
        if field not in _COUNTED:
            return {}
        before = self._read.get(field)
        if before is None or before[0] is not counts:
            before = counts, await self._stores.index.values(cast("CountedField", field))
            self._read[field] = before
        return before[1]


def fitting(found: Mapping[str, int | None], text: str) -> Iterable[ValueCount]:
    """Yield the values that contain the text; spellings that differ in case alone are one, as in a filter."""
    wanted = fold(text)
    spelled: dict[str, tuple[str, int | None]] = {}
    for value, count in found.items():
        folded = fold(value)
        if wanted not in folded:
            continue
        known = spelled.get(folded)
        if known is None:
            spelled[folded] = value, count
        elif count is not None:
            most = known[1] or 0
            spelled[folded] = (value if count > most else known[0]), most + count
    ranked = sorted(
        spelled.items(), key=lambda one: (not one[0].startswith(wanted), -(one[1][1] or 0), one[0])
    )
    return (ValueCount(value, count) for _, (value, count) in ranked)


def _ids(users: Identities, text: str) -> dict[str, int | None]:
    """Return ids that contain a text, each with its events; without a text, those of the users seen last."""
    ids = users.ids
    numbers = ids.store.containing(text) if text else (id for root in ids.roots() for id in ids.ring(root))
    found: dict[str, int | None] = {}
    for number in islice(numbers, MOST_IDS if text else MOST_VALUES):
        id = ids.store.text(number).removeprefix(DEVICE)
        if id:
            found[id] = (found.get(id) or 0) + ids.events[number]
    return found
