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


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.DRY_RUN])
def test_messages_that_a_request_has_in_common_share_a_line(
    outcome: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand messages in a request that is tried again, or that a dry run does not send, are one line."""
    deliveries = [Delivery(id, 0, 1_000, "/import", outcome, 503, "later") for id in range(1_000)]
    with caplog.at_level(logging.INFO, "segtap.core"):
        log_deliveries(deliveries)
    (line,) = (vars(record) for record in caplog.records)
    assert (line["message"], line["outcome"], line["count"]) == ("delivery", outcome.value, 1_000)
    assert (line["endpoint"], line["first"], line["last"]) == ("/import", 0, 999)


def test_each_message_that_mixpanel_did_not_accept_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = (Outcome.REFUSED, Outcome.UNCERTAIN, Outcome.STUCK)
    deliveries = [Delivery(id, 0, 1_000, "/engage", outcome) for id in (1, 2) for outcome in outcomes]
    with caplog.at_level(logging.INFO, "segtap.core"):
        log_deliveries(deliveries)
    lines = [(vars(record)["id"], vars(record)["outcome"]) for record in caplog.records]
    assert lines == [(id, outcome.value) for id in (1, 2) for outcome in outcomes]
