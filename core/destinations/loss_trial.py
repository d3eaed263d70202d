"""Tries values of a message in a destination: another value in their place shows where each goes.

Pure; used for what `arrival` cannot find by a look-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from ..errors import MappingError
from ..mapping import Refused, compile_trigger
from ..messages import Json, JsonObject
from ..paths import changed_at
from ..settings import Destination
from ..verdict import IDENTITY_EVENTS, Translation
from .alike import likeness
from .kinds import translator
from .trials import Place, Steps, differing, leaves, other_value, same

OPERATORS = ("$set", "$set_once", "$add", "$append", "$union")
"""The operations of a profile update, under which a record has its values."""
MOST = 60
"""At most so many values of one message are tried."""
WORK = 100_000
"""Most values, all together, of the messages that are translated for the tries of one: some 100 ms."""


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


class Trial:
    """A destination in which values of one message are tried, whatever its triggers ask of them.

    Conditions inside a mapping stay. At most `MOST` values are tried, of a large message fewer.
    """

    def __init__(self, document: JsonObject, destination: Destination, now: int) -> None:
        self._document = document
        self._now = now
        self._translator = translator(_taking(destination, document))
        self._made = self.translate(document)
        self._left = min(MOST, WORK // (1 + sum(1 for _ in leaves(document))))

    def translate(self, document: JsonObject) -> Translation:
        """Translate a changed message."""
        return self._translator.translate(document, now=self._now)

    def changed(self, steps: Steps, value: Json) -> list[tuple[Place, Json]] | None:
        """Find what in the requests comes from a value, by another value in its place; None if not tried."""
        if not self._left:
            return None
        self._left -= 1
        other = other_value(value)
        made = self.translate(cast(JsonObject, changed_at(self._document, steps, lambda _: other)))
        # A request that this message no longer makes had the value where a similar one has it.
        gone = (one for one in self._gone(made) if likeness(value, one[1]) != "other")
        return [*self._differing(made), *gone]

    def without(self, steps: Steps) -> list[tuple[Place, Json]] | None:
        """Find what in the requests comes from a list or object, by removing it; None if not tried."""
        if not self._left:
            return None
        self._left -= 1
        made = self.translate(removed(self._document, steps))
        return [*self._differing(made), *self._gone(made)]

    def makes_events(self, steps: Steps) -> bool:
        """Return True if an event is made of a product: there is one less without it."""
        fewer = self.translate(removed(self._document, steps))
        return sum(1 for _ in records_of(fewer)) < sum(1 for _ in records_of(self._made))

    def source(self, place: Place, value: Json) -> Steps | None:
        """Return the steps to the message's value that is at a place of the requests, if there is one."""
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
    """Return the destination with only the subscriptions that match, which then match any of that type."""
    if destination.kind != "actions" or destination.subscriptions is None:
        return destination
    kept = tuple(
        msgspec.structs.replace(one, subscribe=f'type = "{document["type"]}"')
        for one in destination.subscriptions
        if one.enabled and _matches(one.subscribe, document)
    )
    return msgspec.structs.replace(destination, subscriptions=kept)


def _matches(trigger: str, document: JsonObject) -> bool:
    """Return whether the trigger matches; one that cannot be read or evaluated sends nothing."""
    try:
        return bool(compile_trigger(trigger)(document))
    except (MappingError, Refused):
        return False


def removed(document: JsonObject, steps: Steps) -> JsonObject:
    """Return the message without the value that the steps lead to."""
    last = steps[-1]

    def without(held: Json) -> Json:
        if isinstance(held, dict):
            return {key: value for key, value in held.items() if key != last}
        if isinstance(held, list):
            return [value for at, value in enumerate(held) if at != last]
        return held

    return cast(JsonObject, changed_at(document, steps[:-1], without))
