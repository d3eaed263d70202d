"""What the API says of deliveries to Mixpanel: rows of a list, and the answer to a decision."""

from __future__ import annotations

import msgspec

from ..delivery import DeliveryState


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one request of a message at Mixpanel.

    `delivery` is the message's state, `outcome` that of the request: `sent`, `refused`, `waiting`, `stuck`,
    `uncertain`, or `dropped`. `request` counts from 1; it is 0 for a message of which nothing was tried yet,
    and `outcome` is the message's state then. `status` and `words` are of the last attempt, in Mixpanel's
    words, `index` and `of` its place in the batch that was sent, `attempts` how often it was sent, `at` the
    time of the last attempt (ms; 0: none). With several routes to Mixpanel there are rows for each `route` of
    the message, and `delivery` is its state there.
    """

    id: int
    message_id: str
    type: str
    name: str
    user: str
    received_at: int
    delivery: DeliveryState
    request: int = 0
    endpoint: str = ""
    outcome: str
    status: int = 0
    words: str = ""
    index: int = 0
    of: int = 0
    attempts: int = 0
    at: int = 0
    route: str = ""


class Undecided(msgspec.Struct, frozen=True):
    """A message that a decision did not change: its state, and why."""

    id: int
    delivery: str
    why: str


class Decided(msgspec.Struct, frozen=True):
    """The messages that a decision changed, and those that it did not."""

    changed: tuple[int, ...]
    unchanged: tuple[Undecided, ...] = ()
