"""What the log says of deliveries to Mixpanel."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from ..delivery import Delivery, Outcome

logger = logging.getLogger(__name__)

_SHARED = frozenset({Outcome.SENT, Outcome.RETRY, Outcome.DRY_RUN})
"""Outcomes that all messages of a request have in common."""
_NOT_SENT = "dry run: not sent"


def log_deliveries(deliveries: Sequence[Delivery]) -> None:
    """Log attempts: one line for each request, and one for each message that Mixpanel did not accept.

    A line for each message would take a tenth of the time that sending them does. A dry run makes no
    requests: there it is one line for the messages of each endpoint.
    """
    shared: dict[tuple[str, Outcome, int, int], list[Delivery]] = {}
    for delivery in deliveries:
        if delivery.outcome not in _SHARED:
            _log_one(delivery)
            continue
        dry = delivery.outcome is Outcome.DRY_RUN
        at, took = (0, 0) if dry else (delivery.at, delivery.took)
        shared.setdefault((delivery.endpoint, delivery.outcome, at, took), []).append(delivery)
    for some in shared.values():
        one = some[0]
        if len(some) == 1 and one.outcome is not Outcome.SENT:
            _log_one(one)
            continue
        facts = {
            "endpoint": one.endpoint,
            "outcome": one.outcome.value,
            "status": one.status,
            "took": one.took,
            "count": len(some),
            "first": one.message,
            "last": some[-1].message,
            "words": _NOT_SENT if one.outcome is Outcome.DRY_RUN else one.words,
        }
        logger.info("delivered" if one.outcome is Outcome.SENT else "delivery", extra=facts)


def _log_one(delivery: Delivery) -> None:
    """Log the attempt at one message."""
    # A log line has a `message` and an `at` of its own.
    facts = msgspec.to_builtins(delivery)
    del facts["at"]
    logger.info("delivery", extra={"id": facts.pop("message"), **facts})
