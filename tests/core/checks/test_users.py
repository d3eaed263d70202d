"""Rules on users, profiles and groups, on real messages by the real translators."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, classic, found, real_message

from segtap.core.catalogue.users import USER_RULES
from segtap.core.checks import CheckSettings
from segtap.core.checks.examples.example import presets
from segtap.core.messages import Json
from segtap.core.settings import Destination

UUID4 = "6d5dc550-92e6-4f3d-8356-fc8ca0a56b3c"
ORIGINAL, SIMPLIFIED = CheckSettings(), CheckSettings(identity="simplified")
COMPANY = classic(groupIdentifierTraits=["company_id"])
ONCE = classic(groupIdentifierTraits=["company_id"], groupTraitsToSetOnce=["plan"])
IN_DEVICE_MODE = {"bundled": ["Mixpanel"], "unbundled": [], "bundledIds": []}

Row = tuple[str, dict[str, Any], CheckSettings, Destination]


def group(**traits: Any) -> dict[str, Any]:
    return real_message("node", "group", traits=traits)


def mapped(group_key: Json, **fields: Json) -> Destination:
    """The presets of Actions, with this Group Key."""
    subscriptions = presets("groupIdentifyUser", group_key=group_key, **fields)
    return Destination(settings=DESTINATION.settings, subscriptions=subscriptions)


WRONG: list[tuple[Row, str, str, str]] = [
    # rule, message, settings, destination; severity, path, words
    (
        ("anonymous-id-not-uuid4", real_message("python", "identify"), ORIGINAL, DESTINATION),
        "error",
        "$.anonymousId",
        'anonymousId "anon-1" is no UUIDv4',
    ),
    (
        (
            "anonymous-profile-prefix",
            real_message("next", "identify", userId=None),
            SIMPLIFIED,
            DESTINATION,
        ),
        "warning",
        "$.anonymousId",
        "it lacks $device: before the id",
    ),
    (
        ("alias-ignored", real_message("node", "alias"), SIMPLIFIED, classic()),
        "error",
        "$.type",
        "$create_alias is ignored with the simplified ID merge",
    ),
    (
        ("group-trait-missing", real_message("node", "group"), ORIGINAL, COMPANY),
        "error",
        "$.traits",
        "no trait company_id: the classic destination ignores the group call",
    ),
    (
        ("group-id-overridden", group(company_id=12), ORIGINAL, COMPANY),
        "warning",
        "$.traits.company_id",
        'trait company_id 12 is the group\'s id in Mixpanel, not groupId "acme"',
    ),
    (
        ("group-id-overridden", group(**{"$group_id": "umbrella"}), ORIGINAL, DESTINATION),
        "warning",
        "$.traits.$group_id",
        'trait $group_id "umbrella" is the group\'s id in Mixpanel, not groupId "acme"',
    ),
    (
        ("group-id-overridden", group(**{"$Group_ID": "acme"}), ORIGINAL, DESTINATION),
        "warning",
        "$.traits.$Group_ID",
        'differs from the group key "$group_id" by case only',
    ),
    (
        ("group-trait-missing", group(Company_ID="acme"), ORIGINAL, COMPANY),
        "error",
        "$.traits.Company_ID",
        'trait "Company_ID" differs by case',
    ),
    (
        ("group-key-not-a-name", real_message("node", "group"), ORIGINAL, mapped({"@path": "$.groupId"})),
        "error",
        "requests[0].body.$group_key",
        "the Group Key of subscription 'Group Calls' is $.groupId: each group makes a group key of its own",
    ),
    (
        ("group-set-once", group(plan="pro") | {"_metadata": IN_DEVICE_MODE}, ORIGINAL, DESTINATION),
        "error",
        "$._metadata.bundled",
        "device mode: it sets the group's traits once and for all",
    ),
    (
        ("group-set-once", group(company_id="acme", plan="pro"), ORIGINAL, ONCE),
        "info",
        "$.traits.plan",
        "trait plan is set once: a later value is ignored",
    ),
    (
        ("array-overwritten", real_message("next", "identify"), ORIGINAL, DESTINATION),
        "info",
        "$.traits.tags",
        "the list tags replaces the one in the profile",
    ),
]

RIGHT: list[Row] = [
    ("anonymous-id-not-uuid4", real_message("next", "identify"), ORIGINAL, DESTINATION),
    (
        "anonymous-id-not-uuid4",
        real_message("next", "identify", anonymousId=UUID4.upper()),
        ORIGINAL,
        DESTINATION,
    ),
    ("anonymous-id-not-uuid4", real_message("python", "identify"), SIMPLIFIED, DESTINATION),
    ("anonymous-id-not-uuid4", real_message("python", "identify", userId=None), ORIGINAL, DESTINATION),
    ("anonymous-profile-prefix", real_message("next", "identify"), SIMPLIFIED, DESTINATION),
    ("anonymous-profile-prefix", real_message("next", "identify", userId=None), ORIGINAL, DESTINATION),
    (
        "anonymous-profile-prefix",
        real_message("next", "identify", userId=None, anonymousId=f"$device:{UUID4}"),
        SIMPLIFIED,
        DESTINATION,
    ),
    (
        "anonymous-profile-prefix",
        real_message("next", "identify", userId=None, traits={}),
        SIMPLIFIED,
        DESTINATION,
    ),
    ("alias-ignored", real_message("node", "alias"), ORIGINAL, classic()),
    # Segment's presets send nothing for an alias, so that nothing is ignored.
    ("alias-ignored", real_message("node", "alias"), SIMPLIFIED, DESTINATION),
    ("group-trait-missing", group(company_id="acme"), ORIGINAL, COMPANY),
    ("group-trait-missing", real_message("node", "group"), ORIGINAL, classic()),
    ("group-trait-missing", real_message("node", "group"), ORIGINAL, DESTINATION),
    ("group-id-overridden", group(company_id="acme", name="Acme"), ORIGINAL, COMPANY),
    ("group-id-overridden", real_message("node", "group"), ORIGINAL, DESTINATION),
    ("group-id-overridden", group(group_id="other"), ORIGINAL, DESTINATION),
    ("group-key-not-a-name", group(kind="company"), ORIGINAL, mapped({"@path": "$.traits.kind"})),
    ("group-set-once", group(company_id="acme", employees=3), ORIGINAL, ONCE),
    ("group-set-once", real_message("next", "group"), ORIGINAL, DESTINATION),
    ("group-set-once", group(plan="pro") | {"_metadata": IN_DEVICE_MODE}, ORIGINAL, classic()),
    ("array-overwritten", real_message("next", "identify", traits={"tags": []}), ORIGINAL, DESTINATION),
    ("array-overwritten", real_message("next", "identify"), ORIGINAL, classic(people=True)),
]


@pytest.mark.parametrize(("row", "severity", "path", "words"), WRONG, ids=[row[0][0] for row in WRONG])
def test_a_wrong_message_is_named(row: Row, severity: str, path: str, words: str) -> None:
    rule, message, settings, destination = row
    (finding,) = found(message, rule, settings=settings, destination=destination)
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message
    assert finding.fix


@pytest.mark.parametrize("row", RIGHT, ids=[row[0] for row in RIGHT])
def test_a_right_message_is_left_alone(row: Row) -> None:
    rule, message, settings, destination = row
    assert found(message, rule, settings=settings, destination=destination) == []


def test_every_rule_has_both_examples() -> None:
    ids = {rule.id for rule in USER_RULES}
    assert {row[0][0] for row in WRONG} == ids
    assert {row[0] for row in RIGHT} == ids


def test_a_placeholder_is_told_once() -> None:
    message = real_message("python", "identify", anonymousId="undefined")
    assert found(message, "placeholder-user-id")
    assert found(message, "anonymous-id-not-uuid4") == []


def test_a_group_call_that_the_classic_destination_ignores_is_told_once() -> None:
    assert found(real_message("node", "group"), "unmatched", destination=COMPANY) == []
