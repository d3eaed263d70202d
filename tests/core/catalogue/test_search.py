"""Rules are found by the words that people paste: those of Segment, of Mixpanel, and the rules' own."""

from __future__ import annotations

import pytest

from segtap.core.catalogue import ALL_RULES, BY_ID
from segtap.core.catalogue.known_as import KNOWN_AS
from segtap.core.catalogue.search import find_rules


def ids(text: str) -> set[str]:
    return {rule.id for rule in find_rules(text)}


@pytest.mark.parametrize(
    ("pasted", "rules"),
    [
        ("You may not have any subscriptions that match this event", {"unmatched"}),
        ("error: You may not have any subscriptions that match this event.", {"unmatched"}),
        ("No matching mapping", {"unmatched"}),
        ("Discarded: NO_MATCHING_MAPPING (12)", {"unmatched"}),
        ("no matching mappings", {"unmatched"}),
        ("errAnonDistinctIdNonGUIDForm", {"anonymous-id-not-uuid4"}),
        ('"$identity_failure_reason": "errAnonDistinctIdAssignedAlready"', {"shared-device"}),
        ("errDistinctIdAssignedAlready", {"shared-device", "alias-order"}),
        ("errAliasAlreadyExists", {"alias-order", "alias-ignored"}),
        ("errManyIDs", {"identity-cluster-limit"}),
        ("some data points in the request failed validation", {"insert-id-charset", "placeholder-user-id"}),
        (
            '{"code":400,"error":"some data points in the request failed validation","failed_records":[]}',
            {"insert-id-charset", "time-out-of-range", "too-many-properties"},
        ),
        ('$insert_id: "order_991" is invalid', {"insert-id-charset"}),
        (
            "'$insert_id' is invalid: must only contain alphanumeric or hyphen '-' characters",
            {"insert-id-charset"},
        ),
        ("'properties.time' is invalid: must be specified as seconds since epoch", {"time-out-of-range"}),
        ("The root value is missing the required field 'event'.", {"rejected-by-destination"}),
        ("message.timestamp() must be within the last five years.", {"rejected-by-destination"}),
        ("Exceeded maximum of 20 properties for increment call", {"rejected-by-destination"}),
        ('The key "coins" was not numeric', {"rejected-by-destination"}),
        ("Products must be an array but it was a string.", {"rejected-by-destination"}),
        ('.apiKey is required if "track" or "screen" message is older than 5 days.', {"track-too-old"}),
        ("Invalid credentials", {"token-unverified"}),
        ("ERRANON", {"anonymous-id-not-uuid4", "shared-device"}),
    ],
)
def test_words_of_other_systems_find_the_rule(pasted: str, rules: set[str]) -> None:
    found = ids(pasted)
    assert rules <= found
    assert len(found) <= 10, "a handful, not the catalogue"


def test_a_rule_is_found_by_its_own_words() -> None:
    assert "no-client-ip" not in ids("$insert_id")
    assert ids("insert-id-charset") >= {"insert-id-charset"}
    assert "unmatched" in ids("subscription takes message")
    assert ids("no such thing") == set()
    assert find_rules(" ") == ALL_RULES


def test_every_phrase_belongs_to_a_rule_and_finds_it() -> None:
    assert KNOWN_AS.keys() <= BY_ID.keys()
    for id, phrases in KNOWN_AS.items():
        for phrase in phrases:
            assert id in ids(phrase), phrase
            assert id in ids(f"the log says: {phrase.replace('…', 'x y')} at 10:41"), phrase
