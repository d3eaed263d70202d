"""The four parts of Group Analytics, from settings and real messages."""

from itertools import permutations
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, found, inspected
from streams import ANONYMOUS, call

from segtap.core.aggregates.group_traffic import GroupTraffic
from segtap.core.aggregates.groups import GroupChecks, GroupFindings
from segtap.core.aggregates.model import EventCoverage, GroupKeyCheck
from segtap.core.checks import CheckSettings, adjusted, called
from segtap.core.checks.examples.example import presets
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.destinations.kinds import translator
from segtap.core.settings import Destination, RuleSetting

GROUP = call("group", userId="u-1")
IDENTIFY = call("identify", 1, userId="u-1")
ORDER = call("track", 2, userId="u-1", event="Order Completed", properties={"company_id": "acme"})
PAGE = call("page", 3, userId="u-1")
CLASSIC = Destination(
    kind="classic-cloud",
    settings={"token": "0" * 32, "people": True, "groupIdentifierTraits": ["company_id"]},
)


def checked(
    *messages: dict[str, Any],
    known: tuple[str, ...] | None = None,
    destination: Destination = DESTINATION,
    rules: tuple[RuleSetting, ...] = (),
) -> dict[str, GroupKeyCheck]:
    traffic, findings = GroupTraffic(destination, known), GroupFindings()
    judged_by = CheckSettings(group_keys=known, rules=rules)
    stream = StreamChecker(judged_by, destination)
    for number, message in enumerate(messages, start=1):
        verdict = inspected(message, destination=destination, settings=judged_by)
        loose = Loose(document=message, type=message["type"], message_id=message["messageId"], id=number)
        given = digest(loose, verdict.translation, NOW + number)
        late = adjusted(stream.observe(given), called(message), rules)
        traffic.add(given.said)
        findings.add(message["type"], (*verdict.findings, *late))
    return {one.key: one for one in GroupChecks(traffic, rules, findings).checks()}


def standings(check: GroupKeyCheck) -> list[str]:
    return [part.standing for part in check.parts]


def test_without_groups_there_is_nothing_to_check() -> None:
    checks = GroupChecks(GroupTraffic(DESTINATION, None))
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
    assert "$group_id" not in found, "it is the same mistake"


@pytest.mark.parametrize("key", ["Company_ID"])
def test_another_spelling_is_said(key: str) -> None:
    group = call("group", userId="u-1", traits={"company_id": "acme", "name": "Acme"})
    found = checked(group, known=(key,), destination=CLASSIC)
    assert set(found) == {key}
    assert found[key].parts[0].words == (
        'Mixpanel has the key "Company_ID", Segment writes groups under "company_id": another spelling'
    )
    assert 'add "Company_ID" to Group Identifier Traits' in found[key].parts[0].fix


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


# -- a key that is not the one meant ----------------------------------------------------------------------

COMPANY = call("group", userId="u-1", traits={"company_id": "acme", "name": "Acme"})
COMPANY_TRAIT = call("identify", 1, userId="u-1", traits={"company_id": "acme"})
COMPANY_EVENT = call("track", 2, userId="u-1", properties={"company_id": ["acme", "other"]})


@pytest.mark.parametrize("order", list(permutations((COMPANY, COMPANY_TRAIT, COMPANY_EVENT))))
@pytest.mark.parametrize("known", [None, ("company_id",)])
def test_the_key_that_is_meant_is_the_only_one_checked(
    order: tuple[dict[str, Any], ...], known: tuple[str, ...] | None
) -> None:
    found = checked(*order, known=known)
    assert set(found) == {"company_id"}
    agreed, profile, user, events = found["company_id"].parts
    assert (agreed.standing, agreed.severity) == ("no", "warning" if known is None else "error")
    assert agreed.fix == "set group_key = \"company_id\" in the mapping of subscription 'Group Calls'"
    assert (profile.standing, profile.severity, profile.fix) == ("no", "info", "")
    assert (user.standing, events.standing) == ("yes", "yes")
    right = Destination(
        settings=DESTINATION.settings, subscriptions=presets("groupIdentifyUser", group_key="company_id")
    )
    (check,) = checked(*order, known=("company_id",), destination=right).values()
    assert check.good


def test_a_key_that_is_an_id_is_one_check_however_many_groups_there_are() -> None:
    destination = Destination(
        settings=DESTINATION.settings,
        subscriptions=presets("groupIdentifyUser", group_key={"@path": "$.groupId"}),
    )
    groups = [call("group", n, userId="u-1", groupId=f"den-{n}") for n in range(9)]
    for known in (None, ("den",)):
        (check,) = checked(*groups, PAGE, known=known, destination=destination).values()
        assert (check.named, check.events, len(check.parts)) == (False, (), 1)
        assert (check.parts[0].standing, check.parts[0].severity) == ("no", "error")
        assert len(check.parts[0].messages) == 5


# -- events of users in a group -----------------------------------------------------------------------------


def test_events_of_nobody_in_a_group_do_not_lack_the_key() -> None:
    visit = call("page", anonymousId=ANONYMOUS)
    login = call("identify", 1, userId="u-1", anonymousId=ANONYMOUS, traits={"$group_id": ["acme"]})
    order = call("track", 3, userId="u-1", context={"groupId": "acme"})
    (check,) = checked(visit, login, GROUP, order, known=("$group_id",)).values()
    assert check.good
    assert check.events == (EventCoverage("Signed Up", 1, 0),)
    (check,) = checked(visit, login, GROUP, known=("$group_id",)).values()
    assert (check.parts[3].standing, check.parts[3].severity) == ("unknown", None)


@pytest.mark.parametrize(
    ("known", "severity"), [(None, "info"), (("$group_id",), "error")], ids=["unknown", "known"]
)
def test_a_part_that_is_wrong_is_as_grave_as_its_finding(
    known: tuple[str, ...] | None, severity: str
) -> None:
    (check,) = checked(GROUP, PAGE, known=known).values()
    assert (check.parts[3].standing, check.parts[3].severity) == ("no", severity)
    quiet = checked(GROUP, PAGE, known=known, rules=(RuleSetting(id="*", severity="off"),))["$group_id"]
    assert quiet.parts[3].severity is None
    raised = (RuleSetting(id="group-key-missing-on-event", severity="warning"),)
    assert checked(GROUP, PAGE, known=known, rules=raised)["$group_id"].parts[3].severity == "warning"


def test_the_fix_of_the_mapping_is_that_of_the_finding() -> None:
    mapped = presets("trackEvent", group_id=None)
    destination = Destination(settings=DESTINATION.settings, subscriptions=mapped)
    order = call("track", 3, userId="u-1", context={"groupId": "acme"})
    check = checked(GROUP, order, known=("$group_id",), destination=destination)["$group_id"]
    assert check.parts[3].fix.startswith("map Group ID in subscription 'Track Calls'")


@pytest.mark.parametrize(("value", "named"), [("Acme", '"Acme"'), ("other", '"other"'), (42, '"42"')])
def test_values_that_no_group_call_has_are_named(value: Any, named: str) -> None:
    order = call("track", 3, userId="u-1", properties={"company_id": value})
    (check,) = checked(COMPANY, order, known=("company_id",), destination=CLASSIC).values()
    part = check.parts[3]
    assert (part.standing, part.severity, part.messages) == ("partly", "warning", (2,))
    assert named in part.words
    later = call("group", 4, userId="u-1", groupId=str(value), traits={"company_id": value})
    (check,) = checked(COMPANY, order, later, known=("company_id",), destination=CLASSIC).values()
    assert check.parts[3].standing == "yes"


def test_a_group_call_that_is_ignored_says_what_stops_it() -> None:
    group = call("group", userId="u-1", traits={"organization_id": "acme"})
    ignoring = Destination(kind="classic-cloud", settings={"token": "0" * 32})
    traffic, findings = GroupTraffic(ignoring, ("organization_id",)), GroupFindings()
    translation = translator(ignoring).translate(group, now=NOW)
    traffic.add(digest(Loose(document=group, type="group", id=1), translation, NOW).said)
    findings.add("group", found(group, "unmatched", destination=ignoring))
    (check,) = GroupChecks(traffic, (), findings).checks()
    assert (check.parts[1].standing, check.parts[1].severity) == ("no", "warning")
    assert check.parts[1].fix == 'group_identifier_traits = ["organization_id"] under [classic]'
