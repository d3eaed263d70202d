"""Rules on group calls: by destination, by the mapping, and by what the call has."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, classic, found

from segtap.core.checks import CheckSettings
from segtap.core.checks.examples.example import call, presets
from segtap.core.checks.group_keys import key_of_mapping, likely_keys, own_key, written_keys
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.messages import Json, JsonObject
from segtap.core.settings import Destination

TYPES = ("company_id", "team_id")


def group(id: Json = "c-8", /, **traits: Json) -> dict[str, Any]:
    return call("group", groupId=id, traits=traits)


def mapped(**fields: Json) -> Destination:
    """The presets of Actions with these fields in the mapping of the group subscription."""
    return Destination(settings=DESTINATION.settings, subscriptions=presets("groupIdentifyUser", **fields))


GROUP_OF_CONTEXT = mapped(traits={"@path": "$.context.group"})


def types(*keys: str) -> Destination:
    """A subscription for each type of group, for the calls that have its trait."""
    (base,) = (one for one in preset_subscriptions() if one.partner_action == "groupIdentifyUser")
    others = tuple(one for one in preset_subscriptions() if one is not base)
    own = tuple(
        msgspec.structs.replace(
            base,
            name=key,
            subscribe=f'type = "group" and traits.{key} != null',
            mapping={**base.mapping, "group_key": key},
        )
        for key in keys
    )
    return Destination(settings=DESTINATION.settings, subscriptions=(*others, *own))


TWO_TYPES = [
    pytest.param(types(*TYPES), id="actions"),
    pytest.param(classic(groupIdentifierTraits=list(TYPES)), id="classic-cloud"),
]


@pytest.mark.parametrize("destination", TWO_TYPES)
@pytest.mark.parametrize("id", ["c-8", "t-3"])
def test_two_types_of_groups_from_one_call_are_right(destination: Destination, id: str) -> None:
    message = group(id, company_id="c-8", team_id="t-3", name="Ada")
    assert found(message, "group-id-overridden", destination=destination) == []


@pytest.mark.parametrize("destination", TWO_TYPES)
def test_a_group_id_that_no_key_has_is_overridden(destination: Destination) -> None:
    message = group("x-1", company_id="c-8", team_id="t-3")
    paths = [one.path for one in found(message, "group-id-overridden", destination=destination)]
    assert paths == ["$.traits.company_id", "$.traits.team_id"]


def test_on_classic_the_trait_is_never_to_be_left_out() -> None:
    destination = classic(groupIdentifierTraits=["firm_id"])
    (finding,) = found(group("f-1", firm_id="firm-one"), "group-id-overridden", destination=destination)
    assert "leave" not in finding.fix
    (finding,) = found(
        group("f-1", firm_id="firm-one"), "group-id-overridden", destination=mapped(group_key="firm_id")
    )
    assert finding.fix.endswith("or leave the trait out")


@pytest.mark.parametrize(
    ("traits", "settings", "fix"),
    [
        ({"organization_id": "c-8", "name": "O"}, CheckSettings(), '["organization_id"]'),
        ({"workspace": "c-8", "plan": "pro"}, CheckSettings(), '["workspace"]'),
        ({"plan": "pro", "tenantId": "other"}, CheckSettings(), '["tenantId"]'),
        ({"slug": "c-8", "firm_id": "c-8"}, CheckSettings(), '["firm_id"]'),
        ({"slug": "c-8", "firm_id": "c-8"}, CheckSettings(group_keys=("slug",)), '["slug"]'),
        ({"name": "O"}, CheckSettings(), "as a trait, with the group's id as its value"),
        (
            {"name": "O"},
            CheckSettings(group_keys=("firm_id",)),
            'Mixpanel\'s group key ("firm_id") as a trait',
        ),
    ],
)
def test_the_trait_to_list_is_one_of_the_call(
    traits: dict[str, Any], settings: CheckSettings, fix: str
) -> None:
    (finding,) = found(group(**traits), "unmatched", destination=classic(), settings=settings)
    assert fix in finding.fix
    assert "group_identifier_traits" in finding.fix
    assert "company_id" not in finding.fix


IDS: list[tuple[Json, dict[str, Any]]] = [
    ({"@path": "$.groupId"}, {}),
    ({"@path": "$.traits.company_id"}, {"company_id": "own-1"}),
    ({"@path": "$.traits.orgId"}, {"orgId": "own-1"}),
    ({"@path": "$.traits.name"}, {"name": "Acme"}),
    ({"@template": "company_{{groupId}}"}, {}),
    ({"@if": {"exists": {"@path": "$.groupId"}, "then": {"@path": "$.groupId"}}}, {}),
    ({"@path": "$.traits.tenant"}, {"tenant": "c-8"}),
]


@pytest.mark.parametrize(("node", "traits"), IDS)
@pytest.mark.parametrize("identity", ["original", "simplified"])
def test_a_group_key_that_is_an_id_is_named_and_its_fix_ends_it(
    node: Json, traits: dict[str, Any], identity: Any
) -> None:
    settings = CheckSettings(identity=identity)
    message, destination = group(**traits), mapped(group_key=node)
    (finding,) = found(message, "group-key-not-a-name", destination=destination, settings=settings)
    assert (finding.severity, finding.path) == ("error", "requests[0].body.$group_key")
    assert finding.fix.startswith("leave Group Key empty")
    for fixed in (mapped(group_key=None), mapped(group_key=""), mapped(group_key="company_id")):
        assert found(message, "group-key-not-a-name", destination=fixed, settings=settings) == []


@pytest.mark.parametrize(
    ("known", "fix"),
    [
        (None, 'or write Mixpanel\'s group key: group_key = "firm_id"'),
        (("den",), 'write Mixpanel\'s group key: group_key = "den" in the mapping of subscription'),
        (("$group_id",), "leave Group Key empty in the mapping of subscription 'Group Calls'"),
    ],
)
def test_the_key_to_write_is_mixpanels(known: tuple[str, ...] | None, fix: str) -> None:
    destination = mapped(group_key={"@path": "$.groupId"})
    settings = CheckSettings(group_keys=known)
    (finding,) = found(
        group(firm_id="c-8"), "group-key-not-a-name", destination=destination, settings=settings
    )
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("node", "traits"),
    [
        ("den", {}),
        ("c-8", {}),
        ({"@literal": "den"}, {}),
        ({"@path": "$.traits.kind"}, {"kind": "company"}),
        ({"@path": "$.traits.group_key"}, {"group_key": "team"}),
        ({"@path": "$.context.paid"}, {}),
    ],
)
def test_a_group_key_that_is_a_name_is_left_alone(node: Json, traits: dict[str, Any]) -> None:
    message = {**group(**traits), "context": {"paid": "team"}}
    assert found(message, "group-key-not-a-name", destination=mapped(group_key=node)) == []


@pytest.mark.parametrize(
    ("destination", "message", "path", "fix"),
    [
        (DESTINATION, call("group", groupId="c-8"), "$.traits", "send at least one trait"),
        (mapped(traits=None), group(name="A"), "$.traits", "map Group Properties (traits) in the mapping of"),
        (GROUP_OF_CONTEXT, group(name="A"), "$.context.group", "at $.context.group"),
    ],
)
def test_traits_are_missing_where_the_mapping_reads_them(
    destination: Destination, message: dict[str, Any], path: str, fix: str
) -> None:
    (finding,) = found(message, "group-without-traits", destination=destination)
    assert finding.path == path
    assert fix in finding.fix
    assert found(message, "rejected-by-destination", destination=destination) == []


def test_traits_from_elsewhere_and_on_classic_are_not_missing() -> None:
    elsewhere = {**call("group", groupId="c-8"), "context": {"group": {"name": "Acme"}}}
    assert (
        found(elsewhere, "group-without-traits", destination=mapped(traits={"@path": "$.context.group"}))
        == []
    )
    bare = call("group", groupId="c-8")
    company = classic(groupIdentifierTraits=["company_id"])
    assert found(bare, "group-without-traits", destination=company) == []
    assert len(found(bare, "group-trait-missing", destination=company)) == 1


@pytest.mark.parametrize(
    ("traits", "known", "listed"),
    [
        ({"organization_id": "o-1"}, None, 'group_identifier_traits = ["firm_id", "organization_id"]'),
        ({"workspace": "o-1"}, None, 'group_identifier_traits = ["firm_id", "workspace"]'),
        ({"organization_id": "o-1"}, ("organization_id",), '["firm_id", "organization_id"]'),
        ({"organization_id": "o-1"}, ("firm_id",), ""),
        ({"plan": "pro"}, None, ""),
    ],
)
def test_a_missing_group_trait_names_the_one_that_the_call_has(
    traits: JsonObject, known: tuple[str, ...] | None, listed: str
) -> None:
    message = call("group", groupId="o-1", traits={"name": "Moss", **traits})
    firm = classic(groupIdentifierTraits=["firm_id"])
    settings = CheckSettings(group_keys=known)
    [finding] = found(message, "group-trait-missing", destination=firm, settings=settings)
    assert "send a trait of that name" in finding.fix
    assert listed in finding.fix
    assert ("group_identifier_traits" in finding.fix) is bool(listed)


def test_the_keys_of_the_settings() -> None:
    assert written_keys(DESTINATION) == ["$group_id"]
    assert written_keys(mapped(group_key="den")) == ["den"]
    assert written_keys(mapped(group_key={"@path": "$.groupId"})) == []
    assert written_keys(types(*TYPES)) == list(TYPES)
    assert written_keys(classic(groupIdentifierTraits=["a", 5])) == ["a"]
    assert key_of_mapping({"group_key": {"@literal": "den"}}) == "den"
    assert key_of_mapping({}) == "$group_id"


def test_how_to_set_a_key() -> None:
    assert own_key("a", DESTINATION) == "set group_key = \"a\" in the mapping of subscription 'Group Calls'"
    assert "subscription 'team_id'" in own_key("a", types(*TYPES), ("company_id",))
    assert own_key("a", types(*TYPES), TYPES).startswith("add a subscription for group calls")
    assert own_key("a", classic()).startswith('add "a" to Group Identifier Traits')


def test_the_likely_key_is_the_trait_with_the_groups_id() -> None:
    assert likely_keys({"name": "c-8", "plan": "pro", "firm_id": "c-8"}, "c-8") == ["firm_id", "name"]
    assert likely_keys({"plan": "pro", "firmId": 9}, "c-8") == ["firmId"]
    assert likely_keys({"paid": "yes"}, "c-8") == []
    assert likely_keys({"firm": 7}, "7") == ["firm"]


# -- placeholder-group-id -----------------------------------------------------------------------------------

FIRM = CheckSettings(group_keys=("firm",))
KEYED = [pytest.param(mapped(group_key="firm"), id="actions")]
KEYED.append(pytest.param(classic(people=True, groupIdentifierTraits=["firm"]), id="classic-cloud"))


@pytest.mark.parametrize("destination", KEYED)
@pytest.mark.parametrize("value", ["", None, "undefined", "null", "{{firm}}", "[object Object]"])
@pytest.mark.parametrize("settings", [CheckSettings(), FIRM], ids=["unknown", "known"])
def test_a_group_without_an_id_is_named_on_events_and_profiles(
    destination: Destination, value: Json, settings: CheckSettings
) -> None:
    for listed in (value, [value]):
        step = "[0]" if isinstance(listed, list) else ""
        for message, path in (
            (call("track", event="Paid", properties={"firm": listed}), f"$.properties.firm{step}"),
            (call("page", name="Home", properties={"firm": listed}), f"$.properties.firm{step}"),
            (call("identify", traits={"firm": listed}), f"$.traits.firm{step}"),
        ):
            if value is None and not step and destination.kind == "classic-cloud":
                continue  # left out there
            (finding,) = found(message, "placeholder-group-id", destination=destination, settings=settings)
            assert (finding.severity, finding.path) == ("error", path)


@pytest.mark.parametrize("destination", KEYED)
@pytest.mark.parametrize("value", ["acme", 42, 0, ["acme", "b-2"], [], "unknown"])
def test_a_group_with_an_id_is_left_alone(destination: Destination, value: Json) -> None:
    for message in (
        call("track", event="Paid", properties={"firm": value}),
        call("identify", traits={"firm": value}),
    ):
        assert found(message, "placeholder-group-id", destination=destination, settings=FIRM) == []


@pytest.mark.parametrize("destination", KEYED)
def test_a_trait_that_is_the_groups_id_is_held_to_the_same(destination: Destination) -> None:
    message = group("acme", firm="undefined")
    (finding,) = found(message, "placeholder-group-id", destination=destination)
    assert (finding.severity, finding.path) == ("error", "$.traits.firm")


@pytest.mark.parametrize("id", ["", None])
def test_an_empty_group_id_is_no_group(id: Json) -> None:
    (finding,) = found({**group(), "groupId": id}, "placeholder-group-id")
    assert (finding.path, finding.fix) == (
        "$.groupId",
        "call group when the group's id is known, and send that",
    )


def test_a_property_that_is_no_group_key_may_be_empty() -> None:
    message = call("track", event="Paid", properties={"firm": ""})
    assert found(message, "placeholder-group-id") == []
