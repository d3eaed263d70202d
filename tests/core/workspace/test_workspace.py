"""What a workspace exports comes in whole, becomes segtap.toml, and is the same when that is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segtap.core import config
from segtap.core.config.file import with_workspace
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.errors import InputError
from segtap.core.settings import DestinationFilter, Subscription
from segtap.core.workspace import Workspace, read_workspace

DATA = Path(__file__).parents[2] / "data" / "mappings"
PUBLIC_API = ("destination.json", "subscriptions.json")
SECRET = "fedcba9876543210"


def texts(*names: str) -> list[tuple[str, str]]:
    return [(name, (DATA / name).read_text("utf-8")) for name in names]


def exported(**changes: Any) -> tuple[str, str]:
    """A subscription as the Public API gives it."""
    fields = {
        "id": "s1",
        "name": "Mine",
        "actionId": "a1",
        "actionSlug": "trackEvent",
        "destinationId": "d1",
        "enabled": True,
        "trigger": 'type = "track"',
        "settings": {"event": {"@path": "$.event"}},
    }
    return "s.json", json.dumps({"data": {"subscriptions": [{**fields, **changes}]}})


def destination(
    id: str = "d1", metadata: str = "615c7438d93d9b61b1e9e192", **settings: Any
) -> tuple[str, str]:
    fields = {
        "id": id,
        "name": f"Of {id}",
        "enabled": True,
        "metadata": {"id": metadata},
        "settings": settings,
    }
    return "d.json", json.dumps({"data": {"destination": fields}})


def toml_of(workspace: Workspace, before: str = "") -> str:
    sections = {
        name: values
        for name, values in (("destination", workspace.destination), ("classic", workspace.classic))
        if values is not None
    }
    return with_workspace(
        before, sections=sections, subscriptions=workspace.subscriptions, filters=workspace.filters
    )


@pytest.mark.parametrize("names", [PUBLIC_API, ("terraform-show.json",), ("workspace.tf",)])
def test_exports_become_a_settings_file_that_loads_to_the_same(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    workspace = read_workspace(texts(*names))
    file = tmp_path / "segtap.toml"
    file.write_text(toml_of(workspace), encoding="utf-8")
    settings = config.load(environ={"MIXPANEL_SECRET": SECRET}, file=file)
    assert settings.subscriptions == workspace.subscriptions
    assert workspace.subscriptions is not None
    assert settings.filters == (workspace.filters or ())
    assert (settings.destination.kind, settings.destination.region) == ("actions", "eu")
    assert settings.destination.token == "49cef5053ac473efc2f2a67f7e0023c0"
    assert settings.destination.api_secret.reveal() == SECRET


def test_public_api_and_terraform_give_the_same_subscriptions() -> None:
    one, other = read_workspace(texts(*PUBLIC_API)), read_workspace(texts("terraform-show.json"))
    assert one.subscriptions == other.subscriptions
    assert one.subscriptions is not None
    assert [s.name for s in one.subscriptions][:3] == [
        "Track Calls",
        "Order Completed Calls",
        "Pages of the shop",
    ]
    assert one.subscriptions[0] == preset_subscriptions()[0]
    assert one.subscriptions[2].mapping["app_platform"] == {"@literal": None}
    alias = next(s for s in one.subscriptions if s.partner_action == "alias")
    assert alias.enabled is False
    assert other.filters == (
        DestinationFilter(
            name="No colleagues",
            condition='match(context.traits.email, "*@example.com") or '
            '!(type = "track" or type = "page" or type = "identify")',
        ),
        DestinationFilter(name="A twentieth", condition='type = "identify"', action="sample", percent=0.05),
    )
    assert any("'A twentieth' lets 0.05 of the messages through" in note for note in other.notes)


def test_filters_on_properties_are_read_from_all_three() -> None:
    actions = [
        {"type": "DROP_PROPERTIES", "fields": {"context.traits": {"fields": ["email"]}, "traits": ["phone"]}},
        {"type": "ALLOW_PROPERTIES", "fields": {"properties": ["total"]}, "percent": None, "path": None},
    ]
    expected = tuple(
        DestinationFilter(condition='type = "track"', name="No mail", action=action, fields=fields)
        for action, fields in (
            ("drop_properties", {"context.traits": ("email",), "traits": ("phone",)}),
            ("allow_properties", {"properties": ("total",)}),
        )
    )
    condition = 'type = "track"'
    one = {"title": "No mail", "if": condition, "enabled": True, "actions": actions}
    answer = json.dumps({"data": {"filters": [one]}})
    hcl = """resource "segment_destination_filter" "mail" {
      title = "No mail"
      if = "type = \\"track\\""
      enabled = true
      actions = [
        { type = "DROP_PROPERTIES",
          fields = jsonencode({ "context.traits" = { fields = ["email"] }, traits = ["phone"] }) },
        { type = "ALLOW_PROPERTIES", fields = jsonencode({ properties = ["total"] }) },
      ]
    }"""
    resource = {
        "type": "segment_destination_filter",
        "address": "segment_destination_filter.mail",
        "values": {
            **one,
            "actions": [{**action, "fields": json.dumps(action["fields"])} for action in actions],
        },
    }
    shown = json.dumps({"values": {"root_module": {"resources": [resource]}}})
    for name, text in (("filters.json", answer), ("main.tf", hcl), ("show.json", shown)):
        assert read_workspace([(name, text)]).filters == expected, name


def test_a_filter_that_cannot_be_read_is_left_out_and_said() -> None:
    for actions in (
        [],
        [{"type": "HASH"}],
        [{"type": "DROP_PROPERTIES"}],
        [{"type": "SAMPLE", "percent": 7}],
    ):
        one = {"title": "Odd", "if": 'type = "track"', "actions": actions}
        workspace = read_workspace([("filters.json", json.dumps({"data": {"filters": [one]}}))])
        assert workspace.filters == ()
        assert any("'Odd' was left out" in note for note in workspace.notes)


def filter_answer(*filters: dict[str, Any], **more: Any) -> tuple[str, str]:
    drop = {"destinationId": "d1", "enabled": True, "title": "One", "actions": [{"type": "DROP"}]}
    return "filters.json", json.dumps({"data": {"filters": [{**drop, **one} for one in filters], **more}})


@pytest.mark.parametrize(
    "condition",
    [
        "'dark-mode' in properties.features",
        "7 in properties.ids",
        "properties.features = ['discounts', 'dark-mode']",
        "uppercase(properties.country) = 'DE'",
        "kebabcase(event) = 'Button-Clicked' or snakecase(titlecase(event)) = 'Button_Clicked'",
        "string(properties.order) = '12' and number(properties.order) = 12",
        "bool(properties.trial)",
        "semver(context.app.version, '>=', '2.1')",
        "match(context.app.version, '[12].*')",
    ],
)
def test_all_of_fql_is_brought_in(condition: str) -> None:
    workspace = read_workspace([destination(), filter_answer({"if": condition})])
    assert workspace.filters == (DestinationFilter(condition=condition, name="One"),)
    assert workspace.missing == 0


@pytest.mark.parametrize("action", [{"type": "DROP"}, {"type": "HASH_PROPERTIES"}])
def test_a_condition_that_is_not_fql_is_brought_in_as_it_stands(
    action: dict[str, Any], tmp_path: Path
) -> None:
    odd = {"if": 'userId = oops"', "actions": [action]}
    workspace = read_workspace([destination(), filter_answer(odd, {**odd, "title": "Off", "enabled": False})])
    assert workspace.filters == (DestinationFilter(condition='userId = oops"', name="One"),)
    assert workspace.missing == 0
    notes = "\n".join(workspace.notes)
    assert "The filter 'One' stops every message, as at Segment: The condition" in notes
    assert "The filter 'Off', which is off, was left out" in notes
    file = tmp_path / "segtap.toml"
    file.write_text(toml_of(workspace))
    assert config.load(environ={}, file=file).filters == workspace.filters


def test_the_actions_of_a_filter_that_are_known_come_in_without_the_others() -> None:
    actions = [{"type": "HASH_PROPERTIES", "fields": {"traits": ["email"]}}, {"type": "SAMPLE", "percent": 0}]
    workspace = read_workspace([destination(), filter_answer({"if": "userId", "actions": actions})])
    assert [one.action for one in workspace.filters] == ["sample"]
    assert "'One' was left out in part: segtap cannot read its action 'HASH_PROPERTIES'" in "\n".join(
        workspace.notes
    )
    assert workspace.missing == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([exported(trigger="")], "has no trigger"),
        ([exported(settings="{")], "has no trigger and mapping"),
        ([exported(actionSlug="", settings={"nothing_of_ours": "1"})], "--action a1=NAME"),
        ([filter_answer({"if": None})], "'One' was left out: it has no condition"),
        ([filter_answer({"if": "userId", "actions": []})], "it has no action that can be read"),
        ([filter_answer({"if": f"{'(' * 101}a{')' * 101}"})], "nested more than 100 deep"),
        (
            [filter_answer(pagination={"current": "MQ", "next": "Mg", "totalEntries": 12})],
            "filters.json is one page of several: the filters after it are missing",
        ),
    ],
)
def test_what_is_missing_is_named_and_the_rest_is_brought_in(more: list[tuple[str, str]], words: str) -> None:
    workspace = read_workspace([destination(), *more])
    assert workspace.destination is not None
    assert words in "\n".join(workspace.notes)
    assert workspace.missing == 1


def test_an_answer_without_any_says_that_there_are_none() -> None:
    nothing = [("s.json", '{"data": {"subscriptions": []}}'), filter_answer()]
    workspace = read_workspace([destination(), *nothing])
    assert (workspace.subscriptions, workspace.filters) == ((), ())
    silent = read_workspace([destination()])
    assert (silent.subscriptions, silent.transformations, silent.filters) == (None, None, None)


def test_pages_that_are_all_there_and_files_without_anything() -> None:
    one = filter_answer({"if": "userId", "id": "f1"}, pagination={"current": "MQ", "next": "Mg"})
    two = filter_answer({"if": "event", "id": "f2"}, pagination={"current": "Mg"})
    workspace = read_workspace([two, destination(), one, ("sources.json", '{"data": {}}')])
    assert ([one.condition for one in workspace.filters or ()], workspace.missing) == (["event", "userId"], 0)
    assert "sources.json holds nothing of a destination or its source." in workspace.notes
    again = read_workspace([destination(), destination(), one, two, one])
    assert len(again.filters or ()) == 2
    assert "filters.json: One is in the files twice, and is imported once." in again.notes


def test_what_segment_names_and_segtap_does_not_know_is_said() -> None:
    workspace = read_workspace([destination(apiRegion="MARS"), exported(destinationId="d2"), filter_answer()])
    assert "apiRegion 'MARS' is not one of Segment's. Assumed: US." in workspace.notes
    assert "1 subscription of other destinations left out." in workspace.notes
    classic = destination(metadata="54521fd925e721e32a72eed6", people="yes")
    assert "people cannot be read: segtap uses its default." in read_workspace([classic]).notes


def test_terraform_files_are_evaluated() -> None:
    workspace = read_workspace(texts("workspace.tf"))
    assert workspace.destination == {
        "kind": "actions",
        "token": "49cef5053ac473efc2f2a67f7e0023c0",
        "api_secret_env": "MIXPANEL_SECRET",
        "region": "eu",
        "strict": False,
    }
    tracks, pages, profiles = workspace.subscriptions or ()
    assert tracks.mapping["distinct_id"] == {"@path": "$.userId"}
    assert pages == Subscription(
        'type = "page"',
        "trackEvent",
        {"event": {"@template": "Viewed {{name}}"}, "time": {"@path": "$.timestamp"}},
        "Viewed pages",
        False,
    )
    assert profiles.partner_action == "identifyUser"
    assert any("by its fields it is identifyUser" in note for note in workspace.notes)


def test_a_terraform_state_is_read_too() -> None:
    shown = json.loads((DATA / "terraform-show.json").read_text("utf-8"))
    module = shown["values"]["root_module"]
    resources = [
        {"mode": "managed", "type": r["type"], "name": r["name"], "instances": [{"attributes": r["values"]}]}
        for r in module["resources"] + module["child_modules"][0]["resources"]
    ]
    state = json.dumps({"version": 4, "terraform_version": "1.9.5", "resources": resources})
    found = read_workspace([("terraform.tfstate", state)])
    assert found.subscriptions == read_workspace(texts("terraform-show.json")).subscriptions


def test_secrets_are_never_written() -> None:
    given = [destination(projectToken="t" * 32, apiSecret=SECRET), exported()]
    workspace = read_workspace(given)
    assert SECRET not in toml_of(workspace) + repr(workspace)
    assert any("MIXPANEL_SECRET" in note for note in workspace.notes)
    masked = read_workspace([destination(projectToken="••••••0023c0"), exported()])
    assert masked.destination is not None
    assert masked.destination["token_env"] == "MIXPANEL_TOKEN"
    assert "token" not in masked.destination


def test_settings_of_device_mode_are_imported() -> None:
    device = {
        "setAllTraitsByDefault": False,
        "superProperties": ["plan"],
        "peopleProperties": [],
        "persistence": "localStorage",
        "cookieName": "",
        "crossSubdomainCookie": True,
        "pageview": True,
    }
    workspace = read_workspace([destination(metadata="54521fd925e721e32a72eed6", token="t", **device)])
    assert workspace.classic == {
        "set_all_traits_by_default": False,
        "super_properties": ["plan"],
        "people_properties": [],
        "persistence": "localStorage",
        "cross_subdomain_cookie": True,
    }
    assert not [line for line in workspace.notes if "does not know" in line or "cannot be read" in line]


def test_a_setting_of_device_mode_that_cannot_be_read_is_named() -> None:
    workspace = read_workspace(
        [destination(metadata="54521fd925e721e32a72eed6", token="t", persistence="memory", cookieName=7)]
    )
    assert workspace.classic == {}
    assert [line for line in workspace.notes if "cannot be read" in line] == [
        "persistence cannot be read: segtap uses its default.",
        "cookieName cannot be read: segtap uses its default.",
    ]


def test_settings_that_are_not_known_are_named_as_left_out() -> None:
    new = {"batchSize": 50, "regions": [], "sourceName": "web", "people": True}
    workspace = read_workspace([destination(metadata="54521fd925e721e32a72eed6", token="t", **new)])
    (note,) = [line for line in workspace.notes if "does not know" in line]
    assert note.endswith("does not know, and ignores: batchSize.")
    (part,) = workspace.not_imitated
    assert (part.kind, part.name, workspace.missing) == ("setting", "batchSize", 0)


def test_the_classic_destination_becomes_its_own_section(tmp_path: Path) -> None:
    settings = {
        "apiKey": "••••••••••6008",
        "token": "d8bf91019fc2779d641697f037ff57e1",
        "people": True,
        "enableEuropeanUnionEndpoint": True,
        "eventIncrements": ["Bought"],
        "persistence": "cookie",
        "sourceName": "",
    }
    workspace = read_workspace([destination(metadata="54521fd925e721e32a72eed6", **settings)])
    assert workspace.classic == {"people": True, "event_increments": ["Bought"], "persistence": "cookie"}
    file = tmp_path / "segtap.toml"
    file.write_text(toml_of(workspace))
    loaded = config.load(environ={}, file=file)
    assert (loaded.destination.kind, loaded.destination.region) == ("classic-cloud", "eu")
    assert loaded.classic.event_increments == ("Bought",)
    assert loaded.subscriptions is None


def test_one_of_several_destinations_is_chosen() -> None:
    both = [destination("d1"), destination("d2"), exported(destinationId="d2")]
    with pytest.raises(InputError, match=r"Choose one: .*--destination-id d1; .*--destination-id d2"):
        read_workspace(both)
    chosen = read_workspace(both, destination_id="d2")
    assert chosen.name == "Of d2"
    assert len(chosen.subscriptions or ()) == 1
    webhook = destination("d9", metadata="other")
    assert read_workspace([webhook, destination("d1"), exported()]).name == "Of d1"


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"actionSlug": "track-event"}, "trackEvent"),
        ({"actionSlug": "", "settings": {"event": "x", "products": []}}, "trackPurchase"),
        ({"actionSlug": None, "settings": {"group_id": "x", "traits": {}}}, "groupIdentifyUser"),
        ({"actionSlug": None, "settings": {"alias": "x"}}, "alias"),
        ({"actionSlug": None, "settings": {"increment": {}}}, "incrementProperties"),
    ],
)
def test_the_action_is_told_by_slug_or_by_its_fields(changes: dict[str, Any], action: str) -> None:
    (made,) = read_workspace([exported(**changes)]).subscriptions or ()
    assert made.partner_action == action


def test_an_action_that_cannot_be_told_is_asked_for() -> None:
    unclear = exported(actionSlug="", settings={"nothing_of_ours": "1"})
    with pytest.raises(InputError, match="--action a1=NAME"):
        read_workspace([unclear])
    (made,) = read_workspace([unclear], actions={"a1": "identifyUser"}).subscriptions or ()
    assert made.partner_action == "identifyUser"


def test_reverse_etl_is_left_out_and_said() -> None:
    workspace = read_workspace([destination(), exported(modelId="m1")])
    assert workspace.subscriptions == ()
    assert any("Reverse ETL" in note for note in workspace.notes)


def broken(name: str, text: str) -> Callable[[], Workspace]:
    return lambda: read_workspace([(name, text)])


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (broken("a.json", "{"), "a.json is not JSON"),
        (broken("a.json", "[1]"), "holds no object"),
        (broken("a.json", "{}"), "The files hold no Mixpanel destination"),
        (
            broken("a.json", '{"data": {"subscriptions": [3, null]}}'),
            "a.json: subscriptions, no. 1 was left out: it is not an object.",
        ),
        (broken("a.json", "[" * 100_000), "nested too deep"),
        (broken("a.json", '{"values": {"root_module": []}}'), "The files hold no Mixpanel destination"),
        (broken("a.tf", "resource a b {\n x = {" + "a = {" * 5000), "nested too deep"),
        (lambda: read_workspace([exported(trigger="")]), "has no trigger"),
        (lambda: read_workspace([exported(settings="{")]), "has no trigger and mapping"),
        (
            broken(
                "a.tf",
                'resource "segment_destination_subscription" "s" {\n trigger = var.t\n settings = "{}"\n}',
            ),
            "its trigger depends on var.t",
        ),
    ],
)
def test_what_cannot_be_read_says_why(read: Callable[[], Workspace], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read()
    assert words in str(caught.value)
