"""What the log says of deliveries: a line for each accepted request, and one for every other attempt."""

from __future__ import annotations

import logging

import pytest

from segtap.core.delivery import Delivery, Outcome
from segtap.core.engine.delivery_log import log_deliveries


def test_accepted_messages_share_a_line_and_others_have_their_own(caplog: pytest.LogCaptureFixture) -> None:
    accepted = [
        Delivery(id, 0, 1_000, "/import", Outcome.SENT, 200, "OK, 3 of 3 imported", took=7)
        for id in (4, 5, 6)
    ]
    refused = Delivery(7, 0, 1_000, "/engage", Outcome.REFUSED, 400, "no token")
    with caplog.at_level(logging.INFO, "segtap.core"):
        log_deliveries([*accepted, refused])
    one, all_ = (vars(record) for record in caplog.records)
    assert (one["message"], one["id"], one["outcome"], one["words"]) == ("delivery", 7, "refused", "no token")
    assert (all_["message"], all_["endpoint"], all_["count"]) == ("delivered", "/import", 3)
    assert (all_["first"], all_["last"], all_["took"], all_["status"]) == (4, 6, 7, 200)
