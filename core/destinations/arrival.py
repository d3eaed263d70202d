"""What of a message does not arrive as it was sent: found by comparing the message with its requests. Pure.

It holds for every destination and every mapping. Most values stand in the requests under their own name, or
under the one that the destination gives them, and cost no more than a look-up. What does not is tried:
another value in its place shows where in the requests it goes, if anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Literal, TypeAlias, cast

import msgspec

from ..errors import MappingError
from ..mapping import MISSING, Value, compile_trigger
from ..messages import Json, JsonObject
from ..paths import changed_at, child
from ..settings import Destination
from ..verdict import IDENTITY_EVENTS, Translation
from . import translator
from .actions.event_properties import GROUP_TRAITS, OWN_PROPERTIES, USER_TRAITS
from .alike import likeness
from .classic.message import plain_key
from .classic.tables import EVENT, TRAITS
from .classic.tables import GROUP_TRAITS as CLASSIC_GROUP_TRAITS
from .trials import Place, Steps, differing, leaves, other_value, same

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
"""Where each call has what it tells Mixpanel."""
OPERATORS = ("$set", "$set_once", "$add", "$append", "$union")
"""What a record that updates a profile has its values under."""
FOR_THE_PLACE = ("ip", "$ip")
"""Properties of an event that Mixpanel looks the place up by, and does not keep."""
MOST = 60
"""Values of one message that are tried."""
WORK = 100_000
"""Values that messages may have that are translated for the tries of one, all together: some 100 ms."""

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
    """Whether a product may have a value that the event made of it has not, under the same name."""
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
    """Whether values are equal as JSON has them: true is not 1, and numbers are doubles."""
    if value is None:
        return True
    if value == there:
        return (value.__class__ is bool) == (there.__class__ is bool)
    return value.__class__ is int and there.__class__ is int and likeness(value, there) == "same"


def _profile(translation: Translation) -> JsonObject:
    """What the first record brings to a profile."""
    for operation in translation.operations:
        body = operation.request.body
        parts = body.get("$set") if isinstance(body, dict) else None
        if isinstance(parts, dict):
            return parts
    return {}


def records_of(translation: Translation) -> Iterator[tuple[Place, JsonObject]]:
    """Yield what each record brings to an event or a profile, and where it stands in the requests."""
    for index, operation in enumerate(translation.operations):
        body = operation.request.body
        several = isinstance(body, list)
        for position, record in enumerate(body if several else (body,)):
            if not isinstance(record, dict):
                continue
            steps: Steps = (position,) if several else ()
            if "event" in record:
                names = () if record["event"] in IDENTITY_EVENTS else ("properties",)
            else:
                names = OPERATORS
            for name in names:
                parts = record.get(name)
                if isinstance(parts, dict):
                    yield (index, (*steps, name)), parts


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
        """What of one property or trait is lost; the whole of it, or parts of it."""
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
        """Whether events leave out every property of that name, whatever stands there."""
        actions = self._destination.kind == "actions" and self._holder == "properties"
        return actions and name in OWN_PROPERTIES

    def _stands(self, name: str, value: Json) -> tuple[Literal["", "same", "form", "other"], Place | None]:
        """How the value stands in the requests under its own name or the destination's, and where."""
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
        """What of a value is lost, by trying it, or each value in it."""
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
        """An address that Mixpanel looks the place up by and does not keep, where nothing else has it."""
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
        """The products of the message that so many events are made of, with the steps to each."""
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


class Trial:
    """A destination that values of one message are tried in, whatever the triggers ask of them.

    Conditions inside a mapping stay. At most `MOST` values are tried, of a large message fewer.
    """

    def __init__(self, document: JsonObject, destination: Destination, now: int) -> None:
        self._document = document
        self._now = now
        self._translator = translator(_taking(destination, document))
        self._made = self.translate(document)
        self._left = min(MOST, WORK // (1 + sum(1 for _ in leaves(document))))

    def translate(self, document: JsonObject) -> Translation:
        """What the destination makes of a changed message."""
        return self._translator.translate(document, now=self._now)

    def changed(self, steps: Steps, value: Json) -> list[tuple[Place, Json]] | None:
        """What of the requests comes from a value, by another value in its place; None: not tried."""
        if not self._left:
            return None
        self._left -= 1
        other = other_value(value)
        made = self.translate(cast(JsonObject, changed_at(self._document, steps, lambda _: other)))
        # A request that this message no longer makes had the value where a similar one has it.
        gone = (one for one in self._gone(made) if likeness(value, one[1]) != "other")
        return [*self._differing(made), *gone]

    def without(self, steps: Steps) -> list[tuple[Place, Json]] | None:
        """What of the requests comes from a list or an object, by taking it out; None: not tried."""
        if not self._left:
            return None
        self._left -= 1
        made = self.translate(removed(self._document, steps))
        return [*self._differing(made), *self._gone(made)]

    def makes_events(self, steps: Steps) -> bool:
        """Whether an event is made of a product: there is one less without it."""
        fewer = self.translate(removed(self._document, steps))
        return sum(1 for _ in records_of(fewer)) < sum(1 for _ in records_of(self._made))

    def source(self, place: Place, value: Json) -> Steps | None:
        """The steps to the value of the message that stands at a place of the requests, if one does."""
        for steps, own in leaves(self._document):
            if same(own, value) and any(at == place for at, _ in self.changed(steps, own) or ()):
                return steps
        return None

    def _differing(self, made: Translation) -> Iterator[tuple[Place, Json]]:
        # An insert id that nobody maps is made of the whole message.
        return (one for one in differing(self._made, made) if one[0][1][-1:] != ("$insert_id",))

    def _gone(self, made: Translation) -> Iterator[tuple[Place, Json]]:
        """Yield the values of requests that are no longer made."""
        if len(made.operations) == len(self._made.operations):
            return
        kept = {(one.action, one.request.url) for one in made.operations}
        for index, one in enumerate(self._made.operations):
            if (one.action, one.request.url) not in kept:
                for steps, value in leaves(one.request.body):
                    yield (index, steps), value


def _taking(destination: Destination, document: JsonObject) -> Destination:
    """The destination with the subscriptions that take the message, and take it whatever it holds."""
    if destination.kind != "actions" or destination.subscriptions is None:
        return destination
    kept = tuple(
        msgspec.structs.replace(one, subscribe=f'type = "{document["type"]}"')
        for one in destination.subscriptions
        if one.enabled and _takes(one.subscribe, document)
    )
    return msgspec.structs.replace(destination, subscriptions=kept)


def _takes(trigger: str, document: JsonObject) -> bool:
    try:
        return bool(compile_trigger(trigger)(document))
    except MappingError:
        return False


def removed(document: JsonObject, steps: Steps) -> JsonObject:
    """The message without the value that the steps lead to."""
    last = steps[-1]

    def without(held: Json) -> Json:
        if isinstance(held, dict):
            return {key: value for key, value in held.items() if key != last}
        if isinstance(held, list):
            return [value for at, value in enumerate(held) if at != last]
        return held

    return cast(JsonObject, changed_at(document, steps[:-1], without))


def _is_empty(value: Json) -> bool:
    """Whether nothing is lost with a value: what is null may be left out, and so may what holds nothing."""
    return value is None or value in ("", [], {})
