"""`[[tests]]` of segtap.toml: what a message is expected to become, so that mappings have unit tests."""

from __future__ import annotations

import msgspec

from .messages import JsonObject


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a test expects; what is None is not compared.

    `events` are the names of all events that are sent, in order. `properties` must have these values in the
    events or profile updates that are sent, `without` must be in none of them. `not_sent` is the stage that
    stops the message; "subscriptions" if no request is made at the end.
    """

    events: tuple[str, ...] | None = None
    properties: JsonObject | None = None
    without: tuple[str, ...] = ()
    not_sent: str | None = None


class MappingTest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `[[tests]]`: a message, and what is expected of it. `now` is the clock, "" for the message's."""

    name: str
    message: JsonObject
    expect: Expected
    now: str = ""
