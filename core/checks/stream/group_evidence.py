"""Which other name carries the ids of groups: the sign that another group key is meant than Segment writes.

With `group("acme", {company_id: "acme"})`, and company_id on events in place of Segment's key, the group key
that is meant is company_id. They may come in any order, so that the newest few profiles and events are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence

import msgspec

from ...messages import Json, JsonObject
from ..group_keys import group_ids, group_text
from .memory import Recent
from .packed import Members, Packed, whole

GROUP, PROFILE, EVENT = 1, 2, 4
"""Where a name holds a group's id: in a group call, on a profile, on an event."""
_SHOWN = GROUP | EVENT
_MAX_NAMES = 8
_KEPT = 64
_KEPT_VALUES = 100
"""Profiles and events with more values are not kept."""


class _Name(msgspec.Struct):
    """A name that holds ids of groups under `key`. `places` are bits; `reported` is set with the finding."""

    key: str
    places: int
    reported: bool = False


class Elsewhere(msgspec.Struct, frozen=True):
    """A name that holds the ids of the groups that Segment writes under `key`."""

    key: str
    name: str


class EvidenceKept(msgspec.Struct, frozen=True, array_like=True):
    """What `Evidence` remembers, as plain data."""

    names: tuple[tuple[str, _Name], ...]
    ids: tuple[tuple[str, str], ...]
    newest: tuple[tuple[int, JsonObject], ...]
    in_use: tuple[str, ...]


class Evidence:
    """Follows the names that hold groups' ids beside the group key. `ids`: how many ids are remembered."""

    def __init__(self, ids: int) -> None:
        self._names: dict[str, _Name] = {}
        self._ids: Recent[tuple[str, str], bool] = Recent(ids)
        self._newest: deque[tuple[int, Members]] = deque(maxlen=_KEPT)
        self._in_use: set[str] = set()
        """Keys that events or profiles carry themselves."""

    def kept(self) -> EvidenceKept:
        """Return everything that is remembered."""
        return EvidenceKept(
            tuple(self._names.items()),
            tuple(self._ids.remembered()),
            tuple([(place, whole(values)) for place, values in self._newest]),
            tuple(self._in_use),
        )

    def restore(self, kept: EvidenceKept) -> None:
        """Remember what `kept` gave."""
        self._names, self._in_use = dict(kept.names), set(kept.in_use)
        self._newest.extend(kept.newest)
        for id in kept.ids:
            self._ids.put(id, True)

    def group(self, key: str, id: Json, traits: JsonObject, keys: Collection[str]) -> Iterator[Elsewhere]:
        """Look at a group that is written under `key`; `keys` are all that this call writes groups under."""
        text = group_text(id)
        if not text:
            return
        self._ids.put((key, text), True)
        for name, value in traits.items():
            if name == key or name in keys or name.startswith("$") or group_text(value) != text:
                continue
            if name not in self._names and len(self._names) < _MAX_NAMES:
                self._names[name] = _Name(key, GROUP)
            for place, values in self._newest:
                self._note(place, values, name)
            yield from self._whole(name)

    def look(self, place: int, values: Members) -> Sequence[Elsewhere]:
        """Look at a profile or an event."""
        # Asking the packed object itself is cheaper, for every event.
        if (values.count if isinstance(values, Packed) else len(values)) <= _KEPT_VALUES:
            self._newest.append((place, values))
        if not self._names:
            return ()
        for name in self._names:
            self._note(place, values, name)
        return [one for name in self._names for one in self._whole(name)]

    def held(self, key: str, values: Members) -> Iterator[str]:
        """Yield the other names under which the values have an id of the key's groups."""
        if key in self._in_use:
            return
        for name, one in self._names.items():
            if one.key == key and name in values and self._is_group(key, values[name]):
                yield name

    def on_profiles(self, key: str) -> Iterator[str]:
        """Yield the other names under which some profile had an id of the key's groups."""
        return (name for name, one in self._names.items() if one.key == key and one.places & PROFILE)

    def _note(self, place: int, values: Members, name: str) -> None:
        one = self._names.get(name)
        if one is None:
            return
        if values.get(one.key):
            self._in_use.add(one.key)
        if not one.places & place and name in values and self._is_group(one.key, values[name]):
            one.places |= place

    def _whole(self, name: str) -> Iterator[Elsewhere]:
        one = self._names.get(name)
        if (
            one is not None
            and one.places & _SHOWN == _SHOWN
            and not one.reported
            and one.key not in self._in_use
        ):
            one.reported = True
            yield Elsewhere(one.key, name)

    def _is_group(self, key: str, value: Json) -> bool:
        return any((key, group_text(one)) in self._ids for one in group_ids(value))
