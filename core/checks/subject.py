"""What a rule's function looks at: one message and what it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from ..destinations.explain import explain
from ..messages import Json, JsonObject
from ..paths import child
from ..settings import Destination
from ..verdict import Explanation, Finding, PropertySource, Translation
from .settings import CheckSettings


class Subject(msgspec.Struct):
    """What the functions look at: one message and its translation, taken apart once.

    `properties`, `context` are {} where the message has none, or has no object there. `events` are the event
    records that go to Mixpanel, each with its path (`requests[0].body[0]`) and its properties, `profiles` the
    updates of profiles, each with its path. `now` is milliseconds since the epoch, None when the clock is not
    known. `overflows` are numbers that no double holds, each with its path and its text. `explained` is set
    by `source_of` when a function first asks for the source of a value.
    """

    document: JsonObject
    type: Json
    properties: JsonObject
    context: JsonObject
    translation: Translation
    destination: Destination
    events: Sequence[tuple[str, JsonObject, JsonObject]]
    now: int | None
    original_size: int
    filled: Sequence[str]
    settings: CheckSettings
    overflows: Sequence[tuple[str, str]] = ()
    profiles: Sequence[tuple[str, JsonObject]] = ()
    explained: Explanation | None = None

    def source_of(self, path: str) -> PropertySource | None:
        """Find where a value of the requests comes from: the message, a mapping field or a setting.

        `path` leads into the translation (`requests[0].body[0].properties.$insert_id`). This follows the
        whole mapping again: call it only once something is found, not for messages that are right.
        """
        if self.explained is None:
            now = self.now if self.now is not None else 0
            self.explained = explain(self.document, self.destination, self.translation, now=now)
        return self.explained.source_at(path)

    def place_of(self, path: str) -> str:
        """Find where in the message a value of the requests stands; `path` itself if it is not from there.

        As slow as `source_of`.
        """
        source = self.source_of(path)
        return (source.stands_at if source is not None else "") or path

    def own_place(self, name: str, value: Json) -> str:
        """Find a property or trait of the requests in the message, under the same name; "" if it is not.

        An object may have become text on the way.
        """
        traits, known = self.document.get("traits"), self.context.get("traits")
        for where, held in (
            ("$.properties", self.properties),
            ("$.traits", traits),
            ("$.context.traits", known),
        ):
            if not isinstance(held, dict) or name not in held:
                continue
            own = held[name]
            as_text = isinstance(value, str) and isinstance(own, dict | list)
            if own is value or as_text or (own == value and type(own) is type(value)):
                return child(where, name)
        return ""


Check = Callable[[Subject], Iterable[Finding]]
"""A pure function that gives findings of the rules it was registered for."""
