"""What to do with a batch that Mixpanel keeps answering with 5xx: wait, or look for the one record. Pure.

An outage and a record that Mixpanel cannot digest look the same from one batch. What differs is what
Mixpanel answers to others: only while it accepts some is the batch taken apart, and one record set aside.

| so far | others at the endpoint | then |
|---|---|---|
| fewer than three tries | | wait and try again |
| three tries, or part of a search | not known to be accepted since | ask: send one other record |
| | that one fails, too: an outage | wait and try again |
| | accepted since; several records | halve, without waiting |
| | accepted since; one record, refused fewer than five times | try again, without waiting |
| | accepted since; one record, refused five times | set it aside |

`Suspicion` counts only what happened since the last outage, so that one does not put records aside.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

TRIES = 3
"""Answers that a record may have caused before it is looked for: some 15 seconds, with the waits between."""
REFUSALS = 5
"""How often one record alone is refused before it is set aside."""


class Step(enum.Enum):
    """What follows an answer that a record may have caused."""

    WAIT = enum.auto()
    ASK = enum.auto()
    HALVE = enum.auto()
    AGAIN = enum.auto()
    SET_ASIDE = enum.auto()


@dataclass
class Endpoint:
    """The requests to one endpoint, numbered in the order in which they are sent."""

    sent: int = 0
    answered: int = 0
    """The latest of them that Mixpanel accepted, or refused for what is in it."""

    def number(self) -> int:
        """Number the next request."""
        self.sent += 1
        return self.sent

    def accepted(self, number: int) -> None:
        """Note that Mixpanel answered this request as it should."""
        self.answered = max(self.answered, number)


@dataclass(frozen=True)
class Trouble:
    """The reason why nothing more is sent on a route: until a try succeeds, or until a time.

    `again` is when the next try is made, where it is known. Times are milliseconds of the steady clock.
    """

    words: str
    until: int | None = None
    again: int | None = None


@dataclass
class Suspicion:
    """What speaks against a batch: how often it failed, and since which request.

    `searching`: the batch is part of one that is being taken apart. Then the request just before its own
    counts as well, or the last part of all would have nothing to be compared with.
    """

    searching: bool = False
    failures: int = 0
    alone: int = 0
    since: int | None = None

    def failed(self, endpoint: Endpoint, number: int, size: int) -> None:
        """Note that request `number` was answered as one of its `size` records may have caused."""
        self.failures += 1
        self.alone = self.alone + 1 if size == 1 else 0
        if self.since is None:
            self.since = number - 2 if self.searching else endpoint.sent

    def outage(self, endpoint: Endpoint) -> None:
        """Note that others fail, too: nothing until now speaks against these records."""
        self.alone = 0
        self.since = endpoint.sent

    def step(self, endpoint: Endpoint, size: int) -> Step:
        """Return what to do next."""
        if not self.searching and self.failures < TRIES:
            return Step.WAIT
        if self.since is None or endpoint.answered <= self.since:
            return Step.ASK
        if size > 1:
            return Step.HALVE
        return Step.SET_ASIDE if self.alone >= REFUSALS else Step.AGAIN
