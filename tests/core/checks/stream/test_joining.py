"""What the rules say of joined ids, by destination and ID merge: as the table of users has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW
from streams import ANONYMOUS, call, observed, uuid

from segtap.core.checks import CheckSettings
from segtap.core.commands.check import Tally, check_lines
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.pipeline import compiled
from segtap.core.settings import Destination, IdentityMode, Subscription
from segtap.core.verdict import Finding

CLASSIC = Destination(kind="classic-cloud", settings={"token": "0" * 32, "people": True})
PAGE = call("page", anonymousId=ANONYMOUS)
LOGIN = call("identify", 1, userId="u-1", anonymousId=ANONYMOUS, traits={"plan": "pro"})
ORDER = call("track", 2, userId="u-1", anonymousId=ANONYMOUS)
ALIAS = call("alias", 0.5, userId="u-1", previousId=ANONYMOUS)
WHO = {
    *("merge-unfit", "shared-device", "user-id-changed", "user-id-shared", "identity-cluster-limit"),
    *("identify-ignored", "history-not-joined", "anonymous-to-known", "anonymous-id-churn", "alias-order"),
    *("id-casing", "email-two-users", "always-new-user"),
}


def who(
    messages: list[dict[str, Any]], destination: Destination = DESTINATION, merge: IdentityMode = "original"
) -> list[Finding]:
    settings = CheckSettings(identity=merge)
    found = observed(messages, settings=settings, destination=destination)
    return [one for each in found for one in each if one.rule in WHO]


def rules_of(*given: Any, **more: Any) -> list[str]:
    return [one.rule for one in who(*given, **more)]


def login(number: float, user: str, anonymous: str = ANONYMOUS, **traits: str) -> dict[str, Any]:
    return call("identify", number, userId=user, anonymousId=anonymous, traits=traits or {"plan": "pro"})


@pytest.mark.parametrize("kind", ["track", "page", "screen"])
def test_an_identify_of_the_classic_destination_joins_nothing(kind: str) -> None:
    classic = Destination(kind="classic-cloud", settings={**CLASSIC.settings, "trackAllPages": True})
    (finding,) = who([call(kind, anonymousId=ANONYMOUS), LOGIN, ORDER], classic)
    assert finding.rule == "history-not-joined"
    assert finding.path == "$.anonymousId"
    assert "call alias with the new userId and the anonymousId as previousId before the first" in finding.fix
    assert "Mixpanel (Actions)" in finding.fix


def test_the_fixes_of_history_not_joined_end_it() -> None:
    visit = call("track", anonymousId=ANONYMOUS)
    assert rules_of([visit, ALIAS, LOGIN, ORDER], CLASSIC) == ["anonymous-to-known"]
    assert rules_of([visit, LOGIN, ORDER], DESTINATION) == ["anonymous-to-known"]


def test_a_visitor_without_events_misses_nothing() -> None:
    assert rules_of([LOGIN, ORDER, ORDER], CLASSIC) == []


def test_classic_events_with_both_ids_are_named_once_there_are_some() -> None:
    visit = call("track", anonymousId=ANONYMOUS)
    tracks = [call("track", n, userId="u-1", anonymousId=ANONYMOUS) for n in range(1, 6)]
    assert rules_of([visit, *tracks[:2]], CLASSIC) == []
    assert rules_of([visit, *tracks], CLASSIC) == ["history-not-joined"]


def test_one_browser_of_two_people_is_nothing_to_the_classic_destination() -> None:
    assert rules_of([login(1, "amy"), ORDER, login(3, "ben"), call("track", 4, userId="ben")], CLASSIC) == []


@pytest.mark.parametrize(
    ("first", "second", "rule"), [("Ann", "ann", "id-casing"), ("old-1", "new-1", "email-two-users")]
)
def test_two_ids_that_were_joined_are_one_user(first: str, second: str, rule: str) -> None:
    before, after = (
        login(1, first, uuid(1), email="ann@x.example"),
        login(3, second, uuid(2), email="ann@x.example"),
    )
    alias = call("alias", 2, userId=second, previousId=first)
    pair: dict[str, Any] = {"$distinct_ids": [first, second]}
    merge = call("track", 2, userId=first, event="$merge", properties=pair)
    assert rule in rules_of([before, after])
    assert rule in rules_of([before, alias, after], CLASSIC, "simplified")
    assert rule not in rules_of([before, alias, after], CLASSIC)
    assert rule not in rules_of([before, merge, after])


def test_two_aliases_of_one_visitor_make_one_user_of_two() -> None:
    second = call("alias", 5, userId="u-2", previousId=ANONYMOUS)
    *_, finding = who([call("track", anonymousId=ANONYMOUS), ALIAS, second], CLASSIC)
    assert (finding.rule, finding.severity, finding.path) == ("shared-device", "error", "$.previousId")
    assert 'belongs to "u-1": this alias makes one user of them and "u-2"' in finding.message


def test_after_an_alias_a_second_person_on_the_device_is_named_on_classic_too() -> None:
    messages = [call("track", anonymousId=ANONYMOUS), ALIAS, login(2, "u-2")]
    assert rules_of(messages, CLASSIC) == ["anonymous-to-known", "shared-device"]


@pytest.mark.parametrize(
    ("merge", "words", "not_words"),
    [("original", "another person", "on logout"), ("simplified", "logout", "another person signs in")],
)
def test_the_fix_of_a_shared_device_is_that_of_the_merge(
    merge: IdentityMode, words: str, not_words: str
) -> None:
    messages = [
        login(1, "dan", email="dan@home.example"),
        call("track", 2, userId="dan", anonymousId=ANONYMOUS),
        login(3, "eve", email="eve@home.example"),
        call("track", 4, userId="eve", anonymousId=ANONYMOUS),
    ]
    (finding,) = who(messages, merge=merge)
    assert finding.rule == "shared-device"
    assert words in finding.fix
    assert not_words not in finding.fix
    apart = [dict(message, anonymousId=uuid(number // 2)) for number, message in enumerate(messages)]
    assert "shared-device" not in rules_of(apart, merge=merge)


@pytest.mark.parametrize("merge", ["original", "simplified"])
@pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
@pytest.mark.parametrize("trait", ["email", "phone"])
def test_one_person_with_two_user_ids(trait: str, destination: Destination, merge: IdentityMode) -> None:
    values = ("+49 30 123-4567", "+49301234567") if trait == "phone" else ("Lis@x.org", "lis@x.org ")
    one, two = (
        login(3 * n, user, **{trait: value}) for n, (user, value) in enumerate(zip("ab", values, strict=True))
    )
    between = call("track", 2, userId="a", anonymousId=ANONYMOUS)
    found = who([one, between, two], destination, merge)
    assert [one.rule for one in found] == ["user-id-changed"]
    assert found[0].severity == "warning"


def test_an_e_mail_that_is_the_user_id_is_the_persons() -> None:
    mail = "lis@mail.example"
    messages = [
        login(1, mail),
        call("track", 2, userId=mail, anonymousId=ANONYMOUS),
        login(3, "48213", email=mail),
    ]
    assert rules_of(messages) == ["user-id-changed"]


def test_an_alias_in_use_is_joined_and_the_doubt_is_said() -> None:
    late = call("alias", 9, userId="u-1", previousId=ANONYMOUS)
    found = who([call("track", anonymousId=ANONYMOUS), LOGIN, ORDER, late], CLASSIC)
    assert [one.rule for one in found] == ["history-not-joined", "alias-order"]
    assert "Mixpanel's pages disagree" in found[1].message


def test_a_device_that_is_no_uuid_is_not_said_to_be_joined() -> None:
    tracks = [call("track", n, userId="u-1", anonymousId="dev-1") for n in range(2, 8)]
    assert rules_of([call("page", anonymousId="dev-1"), login(1, "u-1", "dev-1"), *tracks]) == []


def test_a_mapping_without_the_anonymous_id_is_named() -> None:
    kept = [
        Subscription(
            one.subscribe,
            one.partner_action,
            {name: value for name, value in one.mapping.items() if name != "anonymous_id"},
            one.name,
        )
        if one.partner_action == "identifyUser"
        else one
        for one in preset_subscriptions()
    ]
    own = Destination(settings=DESTINATION.settings, subscriptions=tuple(kept))
    (finding,) = who([PAGE, LOGIN], own)
    assert finding.rule == "history-not-joined"
    assert "Anonymous ID" in finding.fix


def check(messages: list[dict[str, Any]], merge: IdentityMode) -> tuple[list[tuple[int, str]], Tally]:
    tally = Tally()
    lines = [json.dumps(message) for message in messages]
    found = check_lines(lines, compiled(DESTINATION, CheckSettings(identity=merge)), clock=lambda: NOW)
    told = [(one.line, finding.rule) for one in tally.counting(found) for finding in one.findings]
    return [row for row in told if row[1] in WHO], tally


def test_the_end_of_the_lines_shows_that_no_event_has_both_ids() -> None:
    pages = [call("page", n, anonymousId=ANONYMOUS) for n in range(2, 4)]
    for messages in ([PAGE, LOGIN, *pages], [PAGE, LOGIN], [LOGIN, *pages]):
        told, tally = check(messages, "simplified")
        place = messages.index(LOGIN) + 1
        assert told == [(place, "identify-ignored")]
        assert tally.messages == len(messages)
        assert tally.errors >= 1
    assert check([PAGE, LOGIN, ORDER], "simplified")[0] == [(3, "anonymous-to-known")]
    assert check([LOGIN], "simplified")[0] == []
    assert check([PAGE, LOGIN, *pages], "original")[0] == [(2, "anonymous-to-known")]


def test_an_email_is_of_the_user_who_had_it_last() -> None:
    """A user who repeats what is known of them has it again, though nothing is found then."""
    calls = [login(at, user, uuid(int(at)), email="ann@example.com") for at, user in AS_ONE]
    assert [one.message for one in who(calls) if one.rule == "email-two-users"] == [
        '"ann@example.com" came with userId "one" before, now with "two"',
        '"ann@example.com" came with userId "one" before, now with "three"',
    ]


AS_ONE = ((1, "one"), (2, "two"), (3, "one"), (4, "three"))
