"""id-whitespace: an id with spaces around it is another id."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, classic, findings, found, real_message

from segtap.core.checks import CheckSettings
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.settings import Destination, Subscription

RULE = "id-whitespace"


def track(**fields: Any) -> dict[str, Any]:
    return real_message("python", "track", **fields)


def group(id: Any, **traits: Any) -> dict[str, Any]:
    return real_message("node", "group", groupId=id, traits=traits or {"name": "Acme"})


COMPANY = classic(groupIdentifierTraits=["company_id"])
KEYS = CheckSettings(group_keys=("company_id",))

WRONG: list[tuple[dict[str, Any], Destination, CheckSettings, str, str]] = [
    # message, destination, settings; path, words
    (track(userId=" u1 "), DESTINATION, KEYS, "$.userId", 'userId " u1 " has spaces at both ends'),
    (track(userId="u1 "), classic(), KEYS, "$.userId", 'userId "u1 " has a space at its end'),
    (track(userId="\tu1"), DESTINATION, KEYS, "$.userId", "a space at its start"),
    (track(userId="u1\n"), DESTINATION, KEYS, "$.userId", 'another user than "u1"'),
    (track(userId="u1\r\n"), DESTINATION, KEYS, "$.userId", "spaces at its end"),
    (track(userId="\u00a0u1"), DESTINATION, KEYS, "$.userId", 'another user than "u1"'),
    (track(userId="u1\u200b"), DESTINATION, KEYS, "$.userId", 'another user than "u1"'),
    (track(userId="\ufeffu1"), DESTINATION, KEYS, "$.userId", 'another user than "u1"'),
    (
        track(userId="   "),
        DESTINATION,
        KEYS,
        "$.userId",
        "nothing but spaces: everyone who has it is one user",
    ),
    (
        track(userId=None, anonymousId=" a-1"),
        DESTINATION,
        KEYS,
        "$.anonymousId",
        'another visitor than "a-1"',
    ),
    (group(" acme "), DESTINATION, KEYS, "$.groupId", 'another group than "acme"'),
    (
        track(context={"groupId": "acme "}),
        DESTINATION,
        KEYS,
        "$.context.groupId",
        'another group than "acme"',
    ),
    (real_message("node", "alias", previousId=" u0"), DESTINATION, KEYS, "$.previousId", "another user"),
    (real_message("next", "page", userId="u1 "), DESTINATION, KEYS, "$.userId", "another user"),
    (real_message("next", "screen", userId="u1 "), DESTINATION, KEYS, "$.userId", "another user"),
    (real_message("next", "identify", userId="u1 "), DESTINATION, KEYS, "$.userId", "another user"),
    # Group keys are ids, too: as traits of the group, and as properties of events.
    (group("acme", company_id=" acme"), COMPANY, KEYS, "$.traits.company_id", 'another group than "acme"'),
    (group("acme", **{"$group_id": "acme "}), DESTINATION, KEYS, "$.traits.$group_id", "another group"),
    (
        track(properties={"company_id": "acme "}),
        DESTINATION,
        KEYS,
        "$.properties.company_id",
        "another group",
    ),
    (
        track(properties={"company_id": ["b", " acme"]}),
        DESTINATION,
        KEYS,
        "$.properties.company_id[1]",
        "another group",
    ),
]
RIGHT: list[dict[str, Any]] = [
    track(userId="u1"),
    track(userId="Ann Smith"),
    track(userId=""),
    track(userId=7),
    track(userId=None, anonymousId="a 1"),
    track(userId="👨‍👩‍👧"),
    track(userId="\u200fאב"),
    track(context={"groupId": "Acme  Corp"}),
    group("Acme Corp"),
    group("Acme\u00a0Corp"),
    group("acme", note=" keeps its spaces "),
    real_message("node", "alias"),
    track(properties={"plan": " pro ", "company_id": "acme corp"}),
]


@pytest.mark.parametrize(("message", "destination", "settings", "path", "words"), WRONG)
def test_spaces_at_an_end_make_another_id(
    message: dict[str, Any], destination: Destination, settings: CheckSettings, path: str, words: str
) -> None:
    (finding,) = found(message, RULE, destination=destination, settings=settings)
    assert (finding.severity, finding.path) == ("warning", path)
    assert words in finding.message
    assert finding.fix


@pytest.mark.parametrize("message", RIGHT)
@pytest.mark.parametrize("destination", [DESTINATION, COMPANY], ids=["actions", "classic"])
def test_other_spaces_are_left_alone(message: dict[str, Any], destination: Destination) -> None:
    assert found(message, RULE, destination=destination, settings=KEYS) == []


def test_an_id_that_a_mapping_takes_from_elsewhere() -> None:
    preset = next(one for one in preset_subscriptions() if one.partner_action == "trackEvent")
    mapping = {**preset.mapping, "distinct_id": {"@path": "$.properties.login"}}
    own = Destination(
        settings=DESTINATION.settings, subscriptions=(Subscription(preset.subscribe, "trackEvent", mapping),)
    )
    message = real_message("node", "track", event="Paid", properties={"login": "ann "})
    (finding,) = found(message, RULE, destination=own)
    assert finding.path == "requests[0].body[0].properties.distinct_id"
    assert 'another user than "ann"' in finding.message


def test_the_fix_names_the_id() -> None:
    (finding,) = found(track(userId=" u1 "), RULE)
    assert finding.fix == "send it without them: u1"
    assert [one for one in findings(track(userId="u1")) if one.rule == RULE] == []
