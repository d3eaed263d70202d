"""The recorded sessions of four SDKs: no rule finds more in them than what really is wrong there."""

from __future__ import annotations

from functools import cache

import pytest
from check_helpers import DESTINATION
from ingesting import NOW, captured

from segtap.core.checks import CheckSettings
from segtap.core.messages import Message, Receipt
from segtap.core.pipeline import compiled, run
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import IdentityMode
from segtap.core.verdict import Finding

SESSIONS = (
    *("segment-analytics-next", "segment-analytics-node", "segment-analytics-python"),
    "pixel-synthetic",
)
ORIGINAL = {
    "segment-analytics-next": {
        "segment-would-reject": "requests to other paths, and one event of 40 KB",
        "anonymous-id-not-uuid4": "an anonymousId of override-anon",
        "page-name-missing": "page() without a name",
        "alias-without-previous-id": "alias() of a user to himself",
        "unmatched": "alias(), which no preset takes",
        "string-truncated": "a text of 40 KB",
    },
    "segment-analytics-node": {
        "segment-would-reject": "events of 40 KB",
        "anonymous-id-not-uuid4": "an anonymousId of anon-1",
        "page-name-missing": "page() without a name",
        "no-client-ip": "identify() of a server without an address",
        "unmatched": "alias(), which no preset takes",
        "string-truncated": "texts of 40 KB",
    },
    "segment-analytics-python": {
        "segment-would-reject": "bare NaN in JSON",
        "anonymous-id-not-uuid4": "an anonymousId of anon-1",
        "page-name-missing": "page() without a name",
        "no-client-ip": "identify() of a server without an address",
        "unmatched": "alias(), which no preset takes",
        "string-truncated": "texts of 30 KB",
    },
    "pixel-synthetic": {"insert-id-missing": "pixels carry no messageId"},
}
"""What is wrong in a session, and where."""
BY_SERVERS = ("segment-analytics-node", "segment-analytics-python")
"""Sessions that identify an anonymous user."""


@cache
def messages(session: str) -> list[Message]:
    """The messages of a recorded session."""
    found: list[Message] = []
    for number, request in enumerate(captured(session)):
        receipt = Receipt(
            uid=f"{session}-{number}",
            received_at=NOW,
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
        )
        if (request.method == "POST" and request.body) or "pixel" in request.path:
            found += parse_receipt(receipt)
    return found


def told(session: str, identity: IdentityMode) -> list[Finding]:
    settings = CheckSettings(identity=identity)
    return [
        finding
        for message in messages(session)
        for finding in run(message, compiled(DESTINATION, settings)).findings
        if finding.severity != "info"
    ]


@pytest.mark.parametrize("session", SESSIONS)
def test_only_what_is_wrong_is_found(session: str) -> None:
    assert messages(session)
    assert {finding.rule for finding in told(session, "original")} == set(ORIGINAL[session])


@pytest.mark.parametrize("session", SESSIONS)
def test_the_simplified_id_merge_changes_what_is_said_of_anonymous_users(session: str) -> None:
    rules = set(ORIGINAL[session]) - {"anonymous-id-not-uuid4"}
    rules.discard("unmatched")
    if session in BY_SERVERS:
        rules.add("anonymous-profile-prefix")
    assert {finding.rule for finding in told(session, "simplified")} == rules
