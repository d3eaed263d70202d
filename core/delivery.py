"""What became of a message at Mixpanel: values shared by forwarder, journal and viewers."""

from __future__ import annotations

import enum

import msgspec


class DeliveryState(enum.StrEnum):
    """Where a message stands; the list shows one mark for each."""

    NOT_WANTED = "not wanted"
    """Received while forwarding was off: never sent, unless replayed."""
    WAITING = "waiting"
    """Owed to Mixpanel: to be sent, or to be tried again."""
    TAKEN = "taken"
    """Mixpanel accepted every operation. It may not be visible there yet."""
    REFUSED = "refused"
    """Mixpanel refused at least one operation; it is not tried again."""
    UNCERTAIN = "uncertain"
    """It cannot be known whether Mixpanel has it."""
    HELD = "held"
    NOTHING = "nothing to send"
    """Translation makes no request of it, or Segment would drop this copy."""


class Outcome(enum.StrEnum):
    """What one attempt at one operation came to."""

    TAKEN = "taken"
    REFUSED = "refused"
    RETRY = "retry"
    """A passing fault (429, 5xx, no connection): it is tried again."""
    UNCERTAIN = "uncertain"
    DRY_RUN = "dry run"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to deliver one operation of a message.

    `message` is the message's id, `operation` the index in its translation. `at` is milliseconds since
    the epoch. `status` is the HTTP status, 0 when there was none. `words` is what Mixpanel said of
    this very record, or what went wrong on the way. `index` and `of` are its place in the batch.
    `took` is milliseconds.
    """

    message: int
    operation: int
    at: int
    endpoint: str
    outcome: Outcome
    status: int = 0
    words: str = ""
    attempt: int = 1
    index: int = 0
    of: int = 1
    took: int = 0
