"""Finds what in a message does not arrive as it was sent, by comparing it with its requests. Pure.

This works for every destination and mapping. Most values are in the requests under their own name, or under
the one that the destination gives them, and cost only a look-up. The others are tried (see `loss_trial`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Literal, TypeAlias, cast

import msgspec

from ..mapping import MISSING, Value
from ..messages import Json, JsonObject
from ..paths import child
from ..settings import Destination
from ..verdict import Translation
from .actions.event_properties import GROUP_TRAITS, OWN_PROPERTIES, USER_TRAITS
from .alike import likeness
from .classic.message import plain_key
from .classic.tables import EVENT, TRAITS
from .classic.tables import GROUP_TRAITS as CLASSIC_GROUP_TRAITS
from .loss_trial import Trial, records_of
from .trials import Place, Steps

Fate = Literal["dropped", "replaced", "converted"]
Event: TypeAlias = "tuple[str, JsonObject, JsonObject]"
"""An event of the requests: its path, the record, its properties."""
_Items: TypeAlias = "list[tuple[Steps, JsonObject]]"
"""Products of the message, with the steps to each."""

HOLDERS = {
    "track": "properties",
    "page": "properties",
    "screen": "properties",
    "identify": "traits",
    "group": "traits",
}
"""The field of each call that goes to Mixpanel."""
FOR_THE_PLACE = ("ip", "$ip")
"""Properties of an event that Mixpanel looks the place up by, and does not keep."""
_RENAMED: dict[tuple[str, str], dict[str, str]] = {
    ("actions", "identify"): {name: to for to, names in USER_TRAITS for name in names},
    ("actions", "group"): {name: to for to, names in GROUP_TRAITS for name in names},
    ("classic-cloud", "identify"): {key: to for name, to in TRAITS for key in (name, plain_key(name))},
    ("classic-cloud", "group"): {
        key: to for name, to in CLASSIC_GROUP_TRAITS for key in (name, plain_key(name))
    },
    **{
        ("classic-cloud", call): {
            plain_key(name[1:]): to
            for to, name in EVENT
            if name in ("=referrer", "=searchEngine", "=username")
        }
        for call in ("track", "page", "screen")
    },
}
"""The names that the destinations give to values, by destination and call."""
_NONE: dict[str, str] = {}


class Loss(msgspec.Struct, frozen=True):
    """A value of the message that does not arrive as it was sent.

    `steps` lead to it in the message. `instead` is what stands in the requests in its place, at `place`;
    MISSING and None where nothing does. `use` is "place" where Mixpanel looks the place up by it, and
    "product" where it is lost in the event that is made of its product.
    """

    steps: Steps
    value: Json
    fate: Fate
    instead: Value = MISSING
    place: Place | None = None
    use: Literal["", "place", "product"] = ""

    @property
    def path(self) -> str:
        """The path into the message."""
        return reduce(child, self.steps, "$")


def losses(
    document: JsonObject,
    destination: Destination,
    translation: Translation,
    events: Sequence[Event],
    *,
    now: int,
) -> Sequence[Loss]:
    """Find what of the properties or traits does not arrive as it was sent.

    `translation` is what the destination made of the document at `now`, `events` are the events in it. Empty
    where nothing is sent at all.
    """
    call = document.get("type")
    if not isinstance(call, str) or call not in HOLDERS:
        return ()
    holder = HOLDERS[call]
    sent = document.get(holder)
    if not sent or not isinstance(sent, dict) or not translation.operations:
        return ()
    parts = events[0][2] if events else _profile(translation)
    renamed = _RENAMED.get((destination.kind, call)) or {}
    unlike = [
        name
        for name, value in sent.items()
        if parts.get(name) is not value and (name not in renamed or parts.get(renamed[name]) is not value)
    ]
    if unlike:
        unlike = [name for name in unlike if not _quickly_same(sent[name], parts.get(name))]
    used = "$ip" in sent or ("ip" in sent and holder == "properties")
    several = len(events) > 1
    if not unlike and not used and not (several and _may_lose_products(translation, sent)):
        return ()
    compared = _Comparison(document, destination, translation, now)
    found = [loss for name in unlike for loss in compared.of(name)]
    if used:
        lost = {loss.steps[1] for loss in found}
        found += [one for name in FOR_THE_PLACE if name not in lost for one in compared.for_the_place(name)]
    if several:
        found += compared.products()
    return found


def _may_lose_products(translation: Translation, sent: JsonObject) -> bool:
    """Return True if a product may have a value that its event lacks under the same name."""
    for operation in translation.operations:
        body = operation.request.body
        if isinstance(body, list) and len(body) > 1:
            break
    else:
        return False
    for value in sent.values():
        if isinstance(value, list) and len(value) == len(body) - 1:
            break
    else:
        return True
    for item, record in zip(value, body[1:], strict=True):
        properties = record.get("properties") if isinstance(record, dict) else None
        if not isinstance(item, dict) or not isinstance(properties, dict):
            return True
        for name, one in item.items():
            if (there := properties.get(name)) is not one and not _quickly_same(one, there):
                return True
    return False


def _quickly_same(value: Json, there: Json) -> bool:
    """Return True for values that are equal in JSON: true is not 1, and numbers are doubles."""
    if value is None:
        return True
    if value == there:
        return (value.__class__ is bool) == (there.__class__ is bool)
    return value.__class__ is int and there.__class__ is int and likeness(value, there) == "same"


def _profile(translation: Translation) -> JsonObject:
    """Return what the first record writes to a profile."""
    for operation in translation.operations:
        body = operation.request.body
        parts = body.get("$set") if isinstance(body, dict) else None
        if isinstance(parts, dict):
            return parts
    return {}


class _Comparison:
    """A message beside its requests. What it takes to try values is made when it is first needed."""

    def __init__(
        self, document: JsonObject, destination: Destination, translation: Translation, now: int
    ) -> None:
        self._document = document
        self._destination = destination
        self._translation = translation
        self._now = now
        self._call = cast(str, document["type"])
        self._holder = HOLDERS[self._call]
        self._sent = cast(JsonObject, document[self._holder])
        self._records = list(records_of(translation))
        self._renamed = _RENAMED.get((destination.kind, self._call), _NONE)
        self._trial: Trial | None = None
        self._unmapped: set[str] = set()
        """Keys of products that no event is made with."""

    def _tries(self) -> Trial:
        if self._trial is None:
            self._trial = Trial(self._document, self._destination, self._now)
        return self._trial

    def of(self, name: str) -> list[Loss]:
        """Find what is lost of one property or trait: all of it, or parts."""
        value = self._sent[name]
        found, place = self._stands(name, value)
        if found == "same" or _is_empty(value):
            return []
        steps = (self._holder, name)
        if found == "form" and place is not None:
            return [Loss(steps, value, "converted", self._at(place), place)]
        lost = self._tried(steps, value)
        if place is None or self._left_out(name):
            return lost if place is None else [self._covered(one, "dropped", place) for one in lost]
        return [self._covered(one, "replaced", place) for one in lost]

    def _covered(self, loss: Loss, fate: Fate, place: Place) -> Loss:
        if loss.fate == "converted" or len(loss.steps) > 2:
            return loss
        return msgspec.structs.replace(loss, fate=fate, instead=self._at(place), place=place)

    def _left_out(self, name: str) -> bool:
        """Return True if events leave out every property of that name, whatever its value."""
        actions = self._destination.kind == "actions" and self._holder == "properties"
        return actions and name in OWN_PROPERTIES

    def _stands(self, name: str, value: Json) -> tuple[Literal["", "same", "form", "other"], Place | None]:
        """Return how and where the value is in the requests, under its own name or the destination's."""
        classic = self._destination.kind == "classic-cloud"
        to = self._renamed.get(plain_key(name) if classic else name)
        best: tuple[Literal["", "same", "form", "other"], Place | None] = ("", None)
        for (index, steps), parts in self._records:
            for key in (name, to):
                if key is None or key not in parts:
                    continue
                found = likeness(value, parts[key])
                if found == "same":
                    return "same", (index, (*steps, key))
                if not best[0] or (found == "form" and best[0] == "other"):
                    best = found, (index, (*steps, key))
        return best

    def _at(self, place: Place) -> Json:
        index, steps = place
        value = self._translation.operations[index].request.body
        for step in steps:
            value = cast(JsonObject, value)[cast(str, step)]
        return value

    def _tried(self, steps: Steps, value: Json) -> list[Loss]:
        """Find what is lost of a value, by trying it, or each value in it."""
        trial = self._tries()
        if isinstance(value, dict | list) and value:
            changes = trial.without(steps)
            if not changes:
                return [] if changes is None else [Loss(steps, value, "dropped")]
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            held = [(step, item) for step, item in inside if not _is_empty(item)]
            lost = [loss for step, item in held for loss in self._tried((*steps, step), item)]
            whole = {loss.steps[len(steps)] for loss in lost if len(loss.steps) == len(steps) + 1}
            if len(whole) == len(held) and all(loss.fate == "dropped" for loss in lost):
                return [Loss(steps, value, "dropped")]
            return lost
        if _is_empty(value):
            return []
        changes = trial.changed(steps, value)
        if changes is None or any(likeness(value, before) == "same" for _, before in changes):
            return []
        if changes:
            place, before = min(changes, key=lambda one: likeness(value, one[1]) != "form")
            return [Loss(steps, value, "converted", before, place)]
        return [Loss(steps, value, "dropped")]

    def for_the_place(self, name: str) -> list[Loss]:
        """Find an address that Mixpanel only looks the place up by, if no other property has it."""
        value = self._sent.get(name)
        if name == "ip" and self._holder == "traits":
            return []  # a profile keeps it
        if value in (None, "", 0, "0", False):
            return []
        found, place = self._stands(name, value)
        if place is None or found == "other":
            return []
        trial = self._tries()
        for (_, steps), before in trial.changed((self._holder, name), value) or ():
            if steps[-1] not in FOR_THE_PLACE and likeness(value, before) == "same":
                return []
        return [Loss((self._holder, name), value, "dropped", self._at(place), place, "place")]

    def products(self) -> Iterator[Loss]:
        """Yield what of a product does not arrive in the event that is made of it."""
        for index, operation in enumerate(self._translation.operations):
            body = operation.request.body
            if not isinstance(body, list) or len(body) < 2:
                continue
            for position, (steps, product) in enumerate(self._items(len(body) - 1), start=1):
                record = body[position]
                properties = record.get("properties") if isinstance(record, dict) else None
                if not isinstance(properties, dict):
                    continue
                for name, value in product.items():
                    if _is_empty(value) or properties.get(name) is value:
                        continue
                    yield from self._of_product((*steps, name), value, index, position, properties)

    def _items(self, count: int) -> _Items:
        """Return the products of which so many events are made, with the steps to each."""
        lists: list[_Items] = []
        alone: list[_Items] = []
        for name, value in self._sent.items():
            steps = (self._holder, name)
            if isinstance(value, list):
                items = [((*steps, at), item) for at, item in enumerate(value)]
                if len(items) != count:
                    items = [one for one in items if one[1] not in (None, "")]
                if len(items) == count and all(item is None or isinstance(item, dict) for _, item in items):
                    lists.append([(at, item if isinstance(item, dict) else {}) for at, item in items])
            elif isinstance(value, dict) and count == 1:
                alone.append([(steps, value)])
        found = lists or alone
        if len(found) > 1:
            found = [items for items in found if self._tries().makes_events(items[0][0])]
        return found[0] if found else []

    def _of_product(
        self, steps: Steps, value: Json, index: int, position: int, properties: JsonObject
    ) -> Iterator[Loss]:
        name = cast(str, steps[-1])
        own = name in properties
        found = likeness(value, properties[name]) if own else "other"
        if found == "same":
            return
        at = (index, (position, "properties", name))
        if found == "other" and name not in self._unmapped:
            changes = self._tries().changed(steps, value)
            if changes is None:
                return
            for place, before in changes:
                if place[0] != index or place[1][:2] != (position, "properties"):
                    continue
                if likeness(value, before) == "same":
                    return
                at, found = place, "form"
            if found == "other":
                self._unmapped.add(name)
        if found == "form":
            yield Loss(steps, value, "converted", self._at(at), at, "product")
        elif own:
            yield Loss(steps, value, "replaced", self._at(at), at, "product")
        else:
            yield Loss(steps, value, "dropped", use="product")


def _is_empty(value: Json) -> bool:
    """Return True if nothing is lost with a value: null and empty values may be left out."""
    return value is None or value in ("", [], {})
