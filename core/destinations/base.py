"""What a destination is to the rest of the program: something that turns a message into requests."""

from __future__ import annotations

from typing import Protocol

from ..messages import JsonObject
from ..verdict import Translation


class Translator(Protocol):
    """A destination with its settings and subscriptions, compiled once; then pure."""

    def translate(self, document: JsonObject, *, now: int) -> Translation:
        """Return the requests that Segment's destination would make of the message.

        `now` is the clock, in milliseconds since the epoch. Never raises on a message: refusals are
        in the result. Does not change `document`.
        """
        ...
