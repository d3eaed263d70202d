"""What is reported of a message that is sent once: its outcome, whatever was decided about it before."""

from __future__ import annotations

import pytest
from forwarding import NOW, Backlog, Direct, FakeClock

from segtap.core.delivery import Delivery, DeliveryState, Outcome
from segtap.core.forward.once import Once
from segtap.core.stand_in.server import MixpanelServer

SENT, REFUSED = Outcome.SENT, Outcome.REFUSED


@pytest.mark.parametrize(
    ("outcomes", "state", "shown"),
    [
        ([SENT], DeliveryState.SENT, SENT),
        ([SENT, REFUSED], DeliveryState.REFUSED, REFUSED),
        ([REFUSED, SENT], DeliveryState.OFF, REFUSED),
        ([SENT], DeliveryState.OFF, SENT),
        ([SENT], DeliveryState.REFUSED, REFUSED),
    ],
    ids=[
        "accepted",
        "one refused",
        "one refused, one dropped before",
        "accepted, one dropped before",
        "one refused before",
    ],
)
async def test_a_message_of_which_a_part_was_dropped_before_has_the_outcome_of_the_rest(
    outcomes: list[Outcome], state: DeliveryState, shown: Outcome
) -> None:
    backlog = Backlog()
    async with MixpanelServer() as mixpanel:
        once = Once(backlog.journal.outbox, Direct(mixpanel), FakeClock(), mixpanel_url="", secrets=())
    lines = [Delivery(1, number, NOW, "/import", outcome) for number, outcome in enumerate(outcomes)]
    await once.record(lines, [(1, state)])
    result = once.result(1, DeliveryState.WAITING)
    assert (result.outcome, result.delivery) == (shown, state)
