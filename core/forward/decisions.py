"""What the user decides about messages that Mixpanel has not accepted: send, release or drop them. Pure.

A decision is written as an attempt of its own, so that the message's story tells of it, and the forwarder
finds it like all that it owes. Only the operations that it is about are sent again, with the `$insert_id` and
the time that they had.

| state | retry | drop |
|---|---|---|
| uncertain, stuck | its operations that are uncertain or stuck | the same |
| refused | its operations that were refused | nothing is left to be sent |
| off, dropped before | its operations that were dropped | was dropped before |
| fault | it is translated again | nothing is sent of it |
| waiting | is tried by itself | all that is not settled |
| held | nothing to do | all that is not settled |
| sent, none, off | nothing to do | nothing to do |

Release concerns nothing but held messages: from then on they wait, like any that are owed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..delivery import DECIDED, Decision, Delivery, DeliveryState, Outcome

_AGAIN = frozenset((Outcome.UNCERTAIN, Outcome.STUCK, Outcome.REFUSED, Outcome.DROPPED))
_OPEN = frozenset((Outcome.UNCERTAIN, Outcome.STUCK, Outcome.RETRY, Outcome.DRY_RUN))
_OWED = frozenset((DeliveryState.WAITING, DeliveryState.HELD))
_UNSETTLED = frozenset(
    (DeliveryState.FAULT, DeliveryState.UNCERTAIN, DeliveryState.STUCK, DeliveryState.REFUSED)
)
_WORDS: dict[Decision, str] = {
    "retry": f"to be sent again{DECIDED}",
    "drop": f"dropped{DECIDED}",
    "release": f"released{DECIDED}",
}
ON_ITS_WAY_NOW = "a request with it is under way and not answered yet"


class Decided(msgspec.Struct, frozen=True):
    """What a decision changes: attempts to write, and the message's state after them."""

    lines: tuple[Delivery, ...]
    state: DeliveryState


def last_attempts(attempts: Sequence[Delivery]) -> dict[int, Delivery]:
    """Return the last attempt at each operation that was tried."""
    return dict(sorted({attempt.operation: attempt for attempt in attempts}.items()))


def decide(
    decision: Decision, message: int, state: DeliveryState, attempts: Sequence[Delivery], at: int
) -> Decided | str:
    """Return what the decision changes, or why it changes nothing, as text. `at` is the time of it (ms)."""
    last = last_attempts(attempts)
    match decision:
        case "retry":
            return _retry(message, state, last, at)
        case "drop":
            return _drop(message, state, last, at)
        case "release":
            return _release(message, state, last, at)


def _retry(message: int, state: DeliveryState, last: dict[int, Delivery], at: int) -> Decided | str:
    if state is DeliveryState.WAITING:
        return "it waits, and is tried by itself"
    if state is DeliveryState.HELD:
        return "it is held: segtap held release sends it"
    again = [attempt for attempt in last.values() if attempt.outcome in _AGAIN]
    # Of a fault, and of what was salvaged from a damaged journal, no attempt may be there.
    if again or state in _UNSETTLED:
        lines = [_line(attempt, Outcome.RETRY, _WORDS["retry"], at) for attempt in again]
        return Decided(tuple(lines), DeliveryState.WAITING)
    if state is DeliveryState.OFF:
        return "it was not to be forwarded: segtap replay sends it"
    return _nothing(state)


def _drop(message: int, state: DeliveryState, last: dict[int, Delivery], at: int) -> Decided | str:
    if state is DeliveryState.REFUSED:
        return "Mixpanel refused it, so nothing of it is sent any more"
    if state is DeliveryState.OFF and any(one.outcome is Outcome.DROPPED for one in last.values()):
        return "it was dropped before"
    if state not in _OWED and state not in (DeliveryState.UNCERTAIN, DeliveryState.STUCK):
        return _nothing(state)
    words = _WORDS["drop"]
    lines = [_line(one, Outcome.DROPPED, words, at) for one in last.values() if one.outcome in _OPEN]
    return Decided(tuple(lines or [_untried(message, last, Outcome.DROPPED, words, at)]), DeliveryState.OFF)


def _release(message: int, state: DeliveryState, last: dict[int, Delivery], at: int) -> Decided | str:
    if state is not DeliveryState.HELD:
        return "it is not held"
    return Decided((_untried(message, last, Outcome.RETRY, _WORDS["release"], at),), DeliveryState.WAITING)


def _untried(message: int, last: dict[int, Delivery], outcome: Outcome, words: str, at: int) -> Delivery:
    """Return a decision as an attempt at the first operation that was not tried."""
    untried = next(operation for operation in range(len(last) + 1) if operation not in last)
    return Delivery(message, untried, at, "", outcome, words=words, attempt=0)


def _nothing(state: DeliveryState) -> str:
    match state:
        case DeliveryState.SENT:
            return "Mixpanel has accepted it"
        case DeliveryState.OFF:
            return "it is not to be forwarded"
        case DeliveryState.FAULT:
            return "segtap failed to translate it, so nothing of it is sent"
        case _:
            return "there is nothing to send"


def _line(attempt: Delivery, outcome: Outcome, words: str, at: int) -> Delivery:
    """Return the decision as an attempt that follows this one."""
    return msgspec.structs.replace(
        attempt, at=at, outcome=outcome, status=0, words=words, index=0, of=1, took=0
    )
