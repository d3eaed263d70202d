"""The doctor's verdicts on Group Analytics: as grave as the findings, and one for each mistake."""

from __future__ import annotations

from typing import Any

import pytest
from doctoring import TOKEN, verdicts_of
from streams import ANONYMOUS, call

from segtap.core.checks.examples.example import presets
from segtap.core.doctor import Diagnosis
from segtap.core.settings import DestinationSettings, RuleSetting, Settings
from segtap.core.verdict import Severity

STANDING: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
PAGES = [call("page", n, anonymousId=ANONYMOUS, name=name) for n, name in enumerate(("Front", "Rates"))]
LOGIN = call("identify", 2, userId="fay", anonymousId=ANONYMOUS, traits={"email": "fay@example.com"})
GROUP = call("group", 3, userId="fay", groupId="attic", traits={"name": "Attic"})
WITH = call("track", 4, userId="fay", event="Desk Booked", context={"groupId": "attic"})
WITHOUT = call("track", 5, userId="fay", event="Desk Left")
RECIPE = [
    call("group", 1, userId="u", groupId="acme", traits={"company_id": "acme"}),
    call("identify", 2, userId="u", traits={"company_id": "acme"}),
    call("track", 3, userId="u", event="Paid", properties={"company_id": "acme"}),
]


def keyed(known: tuple[str, ...] | None, **changes: Any) -> Settings:
    destination = DestinationSettings(token=TOKEN)
    return Settings(destination=destination, mixpanel_group_keys=known, **changes)


def of_groups(settings: Settings, *messages: dict[str, Any]) -> dict[str, Diagnosis]:
    found = [one for one in verdicts_of(settings, *messages) if one.check.startswith("groups.")]
    assert len({one.check for one in found}) == len(found), "one key"
    return {one.check: one for one in found}


def test_pages_before_the_login_lack_no_group() -> None:
    found = of_groups(keyed(("$group_id",)), *PAGES, LOGIN, GROUP, WITH)
    assert found["groups.key-on-events"].standing == "good"
    assert found["groups.key-on-user-profile"].standing == "warning"


@pytest.mark.parametrize("known", [None, ("$group_id",)])
@pytest.mark.parametrize("raised", [None, "error", "warning", "info"])
def test_a_verdict_is_as_grave_as_its_finding(known: tuple[str, ...] | None, raised: Severity | None) -> None:
    rule = "group-key-missing-on-event"
    rules = () if raised is None else (RuleSetting(id=rule, severity=raised),)
    found = of_groups(keyed(known, rules=rules), LOGIN, GROUP, WITH, WITHOUT)
    expected: Severity = raised or ("info" if known is None else "error")
    assert found["groups.key-on-events"].standing == STANDING[expected]


@pytest.mark.parametrize(("known", "standing"), [(None, "warning"), (("company_id",), "error")])
def test_the_key_that_is_meant_is_one_mistake(known: tuple[str, ...] | None, standing: str) -> None:
    found = of_groups(keyed(known), *RECIPE)
    assert found["groups.key-agreed"].standing == standing
    assert 'group_key = "company_id"' in found["groups.key-agreed"].fix
    wrong = [one.check for one in found.values() if one.standing in ("warning", "error")]
    assert wrong == ["groups.key-agreed"]


def test_a_group_key_that_is_an_id_is_one_verdict() -> None:
    mapped = presets("groupIdentifyUser", group_key={"@path": "$.groupId"})
    groups = [call("group", n, userId="fay", groupId=f"den-{n}") for n in range(3)]
    (found,) = of_groups(keyed(None, subscriptions=mapped), *groups, WITH).values()
    assert (found.check, found.standing) == ("groups.key-agreed", "error")
    assert found.fix.startswith("leave Group Key empty")


def test_values_that_no_group_call_has_are_a_warning() -> None:
    other = call("track", 6, userId="fay", event="Desk Left", context={"groupId": "Attic"})
    found = of_groups(keyed(("$group_id",)), LOGIN, GROUP, WITH, other)
    assert found["groups.key-on-events"].standing == "warning"
    assert '"Attic"' in found["groups.key-on-events"].words
