"""What became of a message at Mixpanel: values shared by forwarder, journal and viewers."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Literal

import msgspec

from .messages import Marks, seq_of

_DAMAGED = int(Marks.DAMAGED)


class DeliveryState(enum.StrEnum):
    """The state of a message's delivery: one word, the same in JSON, on the screen and in the API.

    Where several words hold, the first in the order of the members is the message's.
    """

    FAULT = "fault"
    """segtap failed to translate it."""
    NONE = "none"
    """There is nothing to send, whether forwarding was on or off."""
    OFF = "off"
    """Received while forwarding was off, and sent only if replayed. Or dropped, or for another project."""
    HELD = "held"
    """Waits for the user, because `[[hold]]` of the settings says so."""
    UNCERTAIN = "uncertain"
    """It cannot be known whether Mixpanel has it, and sending it again might count it twice."""
    STUCK = "stuck"
    """Set aside after repeated 5xx answers; tried again at long intervals."""
    WAITING = "waiting"
    """Owed to Mixpanel: to be sent, or to be tried again."""
    REFUSED = "refused"
    """Mixpanel refused at least one operation; it is not tried again."""
    SENT = "sent"
    """Mixpanel accepted every operation. It may not be visible in reports yet."""


MEANINGS: dict[DeliveryState, str] = {
    DeliveryState.OFF: "received while forwarding was off, dropped, or for another project",
    DeliveryState.WAITING: "owed to Mixpanel",
    DeliveryState.SENT: "accepted by Mixpanel",
    DeliveryState.REFUSED: "refused by Mixpanel",
    DeliveryState.UNCERTAIN: "it cannot be known whether Mixpanel has it",
    DeliveryState.STUCK: "set aside after repeated 5xx, tried again later",
    DeliveryState.HELD: "waits for you to release or drop it",
    DeliveryState.FAULT: "segtap failed to translate it",
    DeliveryState.NONE: "nothing to send",
}
"""What each word means, for help and legends, in the order in which people meet them."""

OWED_STATES = frozenset({DeliveryState.HELD, DeliveryState.STUCK, DeliveryState.WAITING})
"""The states of messages with an operation that is still to be sent. An uncertain one may have one too."""


_ORDER = {state: place for place, state in enumerate(DeliveryState)}


def summed(states: Iterable[DeliveryState]) -> DeliveryState:
    """Return the state of a message that stands so on each of its routes: the first in the words' order.

    A route along which there is nothing to send counts only if that holds for all of them.
    """
    found = set(states)
    some = found - {DeliveryState.NONE}
    return min(some, key=_ORDER.__getitem__) if some else DeliveryState.NONE


class RouteStanding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of several routes to Mixpanel of a message: where it stands there, and the marks of its verdict."""

    route: str
    delivery: DeliveryState
    errors: int = 0
    warnings: int = 0


def standing_along(standings: Iterable[RouteStanding], route: str) -> RouteStanding | None:
    """Return how a message stands on a route, None if it does not go along that one."""
    return next((one for one in standings if one.route == route), None)


class Owed(msgspec.Struct, frozen=True, gc=False):
    """A message that is owed to Mixpanel: its id, its marks, where it stands, when it was received (ms)."""

    id: int
    marks: int
    delivery: DeliveryState
    received_at: int = 0

    @property
    def damaged(self) -> bool:
        """True if the journal cannot read it any more."""
        return self.marks & _DAMAGED != 0


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The number of messages in each state; together they are the messages received."""

    fault: int = 0
    none: int = 0
    off: int = 0
    held: int = 0
    uncertain: int = 0
    stuck: int = 0
    waiting: int = 0
    refused: int = 0
    sent: int = 0

    @property
    def owed(self) -> int:
        """Messages that the journal must keep for Mixpanel: waiting, stuck or held."""
        return self.waiting + self.stuck + self.held

    @property
    def to_send(self) -> int:
        """Messages that forwarding sends by itself: waiting or stuck."""
        return self.waiting + self.stuck

    @property
    def total(self) -> int:
        """All of them."""
        return sum(msgspec.structs.astuple(self))


Decision = Literal["retry", "drop", "release"]
"""What the user may decide about a message that Mixpanel has not accepted."""


class Outcome(enum.StrEnum):
    """The result of one attempt at one operation. A state that an attempt leads to has the same word."""

    SENT = DeliveryState.SENT.value
    REFUSED = DeliveryState.REFUSED.value
    RETRY = "retry"
    """A passing fault (429, 5xx, no connection): it is tried again."""
    UNCERTAIN = DeliveryState.UNCERTAIN.value
    STUCK = DeliveryState.STUCK.value
    """Refused with 5xx too often while Mixpanel accepted others: it is tried again at long intervals."""
    DROPPED = "dropped"
    """It is not sent any more: the user said so, or the policy for uncertain ones."""
    DRY_RUN = "dry run"


NOT_AGAIN = "not tried again by segtap"
"""The end of the words of an attempt without a verdict that was made once, to validate a message."""


DECIDED = ": you decided so"
"""The end of the words of what is a decision about the message, not an attempt to send it."""


NOT_AFTER = "not sent, because Mixpanel answered before: "
"""The start of the words of a message that was not sent after an answer that concerns every request."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One attempt to deliver one operation of a message.

    `message` is the message's id, `operation` the index in its translation. `at` is milliseconds since
    the epoch. `status` is the HTTP status, 0 when there was none. `words` is what Mixpanel said of
    this very record, or what went wrong on the way. `index` and `of` are its place in the batch.
    `took` is milliseconds. `route` names the route where there are several to Mixpanel.
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
    route: str = ""


class OwedRequest(msgspec.Struct, frozen=True, gc=False):
    """A whole request that is owed to a route: `receipt` is its position in the log.

    `number` is this debt's own: it grows with each, and none is used twice.
    """

    number: int
    receipt: int


class Handover(msgspec.Struct, frozen=True, gc=False):
    """What came of handing one whole request to a mirror or an archive.

    `receipt` is its position in the log, `route` the route's name. The rest is as in `Delivery`.
    """

    route: str
    receipt: int
    at: int
    outcome: Outcome
    status: int = 0
    words: str = ""
    attempt: int = 1
    took: int = 0


class RouteCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of one mirror or archive: still owed to it, accepted, refused, and dropped."""

    waiting: int = 0
    sent: int = 0
    refused: int = 0
    dropped: int = 0


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending one message to Mixpanel once, whether forwarding is on or off.

    `outcome` is None if nothing was sent, and `words` then say why; otherwise they are Mixpanel's. `retry`
    means no verdict: Mixpanel did not answer, or not for good (401, 429, 5xx). `delivery` is the message's
    state now, `deliveries` the last attempt at each of its operations that was made this time. `retry_after`
    is the number of seconds for which Mixpanel asked to wait.
    """

    id: int
    outcome: Outcome | None = None
    words: str = ""
    delivery: DeliveryState
    deliveries: tuple[Delivery, ...] = ()
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """True if Mixpanel accepted every operation."""
        return self.outcome is Outcome.SENT


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What another server answered to one message. `words` are the start of its answer.

    `status` is 0 if there was no answer, and `words` then say why. `path` is where on that server it went,
    "" if it was not sent.
    """

    id: int = 0
    status: int = 0
    words: str = ""
    path: str = ""
    taken: bool = False
    """True if the server says that it took the message."""


def refusal_statuses(deliveries: Iterable[Delivery]) -> dict[int, int]:
    """Return the HTTP status of the last refusal of each message that has one."""
    return {one.message: one.status for one in deliveries if one.outcome is Outcome.REFUSED and one.status}


def refused_receipts(deliveries: Iterable[Delivery]) -> list[int]:
    """Return the receipts of which a record was refused, in their order."""
    return sorted({seq_of(one.message) for one in deliveries if one.outcome is Outcome.REFUSED})
