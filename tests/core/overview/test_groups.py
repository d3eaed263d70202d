"""The four parts of Group Analytics, from settings and real messages."""

from typing import Any

import pytest
from check_helpers import DESTINATION, NOW
from streams import call

from segtap.core.destinations import translator
from segtap.core.overview.groups import EventCoverage, GroupChecks, GroupKeyCheck
from segtap.core.settings import Destination

GROUP = call("group", userId="u-1")
IDENTIFY = call("identify", 1, userId="u-1")
ORDER = call("track", 2, userId="u-1", event="Order Completed", properties={"company_id": "acme"})
PAGE = call("page", 3, userId="u-1")
CLASSIC = Destination(
    kind="classic-cloud",
    settings={"token": "0" * 32, "people": True, "groupIdentifierTraits": ["company_id"]},
)


def checked(
    *messages: dict[str, Any], known: tuple[str, ...] | None = None, destination: Destination = DESTINATION
) -> dict[str, GroupKeyCheck]:
    checks = GroupChecks(destination, known)
    for number, message in enumerate(messages, start=1):
        checks.add(message, translator(destination).translate(message, now=NOW), number)
    return {one.key: one for one in checks.checks()}


def standings(check: GroupKeyCheck) -> list[str]:
    return [part.standing for part in check.parts]


def test_without_groups_there_is_nothing_to_check() -> None:
    checks = GroupChecks(DESTINATION, None)
    assert not checks.in_use
    assert checks.checks() == []


def test_mixpanels_keys_are_unknown_until_they_are_named() -> None:
    check = checked(GROUP, IDENTIFY, PAGE)["$group_id"]
    assert standings(check) == ["unknown", "yes", "no", "no"]
    assert "mixpanel_group_keys" in check.parts[0].fix
    assert check.parts[3].words == '1 of 1 event lack "$group_id": "Viewed Pricing"'
    assert check.parts[3].messages == (3,)


def test_a_key_that_only_mixpanel_has_is_named_with_where_to_set_it() -> None:
    found = checked(GROUP, IDENTIFY, ORDER, PAGE, known=("company_id",))
    assert standings(found["company_id"]) == ["no", "no", "no", "partly"]
    assert found["company_id"].parts[0].fix.startswith('set group_key = "company_id"')
    assert found["company_id"].events == (
        EventCoverage("Viewed Pricing", 0, 1),
        EventCoverage("Order Completed", 1, 0),
    )
    assert found["$group_id"].parts[0].standing == "no"


@pytest.mark.parametrize("key", ["Company_ID"])
def test_another_spelling_is_said(key: str) -> None:
    group = call("group", userId="u-1", traits={"company_id": "acme", "name": "Acme"})
    found = checked(group, known=(key,), destination=CLASSIC)
    assert found["company_id"].parts[0].words.endswith('Mixpanel has "Company_ID": another spelling')


def test_all_four_parts_agree() -> None:
    messages = [
        call("identify", userId="u-1", traits={"name": "Ann", "company_id": ["acme"]}),
        call("group", 1, userId="u-1", traits={"company_id": "acme", "name": "Acme"}),
        ORDER,
    ]
    (check,) = checked(*messages, known=("company_id",), destination=CLASSIC).values()
    assert standings(check) == ["yes"] * 4
    assert check.good
    assert check.parts[2].messages == (1,)


def test_the_newest_messages_are_named_as_evidence() -> None:
    pages = [call("page", number, userId="u-1") for number in range(1, 10)]
    assert checked(GROUP, *pages)["$group_id"].parts[3].messages == (6, 7, 8, 9, 10)
