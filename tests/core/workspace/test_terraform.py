"""Terraform's files: ids as they are, references, locals and instances come to the same destination.

Whatever is not brought in is named, and counted as missing if it is enabled and may be the destination's own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core.errors import InputError
from segtap.core.settings import DestinationFilter
from segtap.core.workspace import Workspace, read_workspace

GENERATED = (Path(__file__).parents[2] / "data" / "mappings" / "generated.tf").read_text("utf-8")

DESTINATION = """
resource "segment_destination" "mp" {
  enabled   = true
  name      = "Mixpanel"
  metadata  = { id = "615c7438d93d9b61b1e9e192" }
  settings  = jsonencode({ projectToken = "tok", apiRegion = "US 🇺🇸" })
}
"""
IMPORTED = 'import {\n  to = segment_destination.mp\n  id = "aaa"\n}\n' + DESTINATION
WEBHOOK = """
import {
  to = segment_destination.hook
  id = "hhh"
}
resource "segment_destination" "hook" {
  metadata = { id = "614a3c7d791c91c41bae7599" }
}
"""


def subscription(destination: str, *more: str, name: str = "s") -> str:
    """A subscription whose destination_id is the expression `destination`; `more` are further lines."""
    lines = {
        "destination_id": destination,
        "action_id": '"a1"',
        "name": '"Tracks"',
        "enabled": "true",
        "trigger": '"type = \\"track\\""',
        "settings": 'jsonencode({ event = { "@path" = "$.event" } })',
    }
    for line in more:
        key, _, value = line.partition(" = ")
        lines[key] = value
    written = "".join(f"  {key} = {value}\n" for key, value in lines.items())
    return f'resource "segment_destination_subscription" "{name}" {{\n{written}}}\n'


def destination_filter(destination: str, condition: str = "type = 'page'", enabled: str = "true") -> str:
    return f"""resource "segment_destination_filter" "f" {{
  actions        = [{{ type = "DROP" }}]
  destination_id = {destination}
  enabled        = {enabled}
  if             = "{condition}"
  title          = "Pages"
}}
"""


def read(*texts: str, id: str = "") -> Workspace:
    files = [(f"{number}.tf", text) for number, text in enumerate(texts)]
    return read_workspace(files, destination_id=id, actions={"a1": "trackEvent", "act1": "trackEvent"})


def counts(workspace: Workspace) -> tuple[int, int]:
    return len(workspace.subscriptions or ()), len(workspace.filters or ())


@pytest.mark.parametrize("id", ["", "5c0e", "segment_destination.id-5c0e"])
def test_what_terraform_generates_comes_in_whole(id: str) -> None:
    workspace = read(GENERATED, id=id)
    assert workspace.destination == {
        "kind": "actions",
        "token": "tok",
        "api_secret_env": "MIXPANEL_SECRET",
        "region": "eu",
        "source_name": "web",
        "strict": True,
    }
    assert [one.name for one in workspace.subscriptions or ()] == ["Tracks"]
    condition = 'type = "track" and contains ( event , "Order" )'
    assert workspace.filters == (
        DestinationFilter(
            condition=condition,
            name="cards",
            action="drop_properties",
            fields={"properties": ("card", "iban"), "properties.products": ("cost",)},
        ),
        DestinationFilter(condition=condition, name="cards", action="sample", percent=0.25, path="userId"),
    )
    notes = "\n".join(workspace.notes)
    for words in ("'off and not FQL', which is off, was left out", "id-5c0e_s2 is of Reverse ETL"):
        assert words in notes
    assert "1 filter of other destinations left out" in notes
    assert workspace.missing == 0


def test_one_file_a_resource_is_the_same_as_one_file() -> None:
    parts = [part for part in GENERATED.split("\n}\n") if part.strip()]
    assert len(parts) > 8
    assert read(*[f"{part}\n}}\n" for part in reversed(parts)]).destination == read(GENERATED).destination
    shuffled = read(*[f"{part}\n}}\n" for part in reversed(parts)])
    assert counts(shuffled) == counts(read(GENERATED))


@pytest.mark.parametrize(
    ("around", "destination"),
    [
        ("", '"aaa"'),
        ("", "segment_destination.mp.id"),
        ('locals {\n  mixpanel = "aaa"\n}\n', "local.mixpanel"),
        ("locals {\n  mixpanel = segment_destination.mp.id\n}\n", "local.mixpanel"),
        ('variable "id" {\n  default = "aaa"\n}\n', '"${var.id}"'),
        ('locals {\n  ids = { web = "aaa" }\n}\n', "local.ids.web"),
        ('locals {\n  ids = ["bbb", "aaa"]\n}\n', "local.ids[1]"),
        ('data "segment_destination" "mp" {\n  id = "aaa"\n}\n', "data.segment_destination.mp.id"),
        ("", "module.tracking.segment_destination.mp.id"),
    ],
)
@pytest.mark.parametrize("id", ["", "aaa"])
def test_a_destination_is_joined_however_it_is_named(around: str, destination: str, id: str) -> None:
    workspace = read(
        IMPORTED, WEBHOOK, around + subscription(destination) + destination_filter(destination), id=id
    )
    assert workspace.name == "Mixpanel"
    assert (counts(workspace), workspace.missing) == ((1, 1), 0)


def test_an_import_block_of_a_module_names_the_module_s_resource() -> None:
    text = IMPORTED.replace("to = segment_destination", "to = module.tracking.segment_destination")
    assert counts(read(text, subscription('"aaa"'))) == (1, 0)


def test_the_id_of_the_import_block_tells_where_terraform_alone_knows_the_destination() -> None:
    own = 'import {\n  to = segment_destination_filter.f\n  id = "aaa:f1"\n}\n'
    workspace = read(IMPORTED, own + destination_filter("var.mixpanel"))
    assert (counts(workspace), workspace.missing) == ((0, 1), 0)


@pytest.mark.parametrize(
    ("texts", "id", "words", "missing"),
    [
        ((IMPORTED, subscription("var.mixpanel")), "", "destination_id depends on var.mixpanel", 1),
        ((IMPORTED, destination_filter("var.mixpanel", enabled="false")), "", "depends on var.mixpanel", 0),
        ((IMPORTED, subscription("each.value")), "", "destination_id depends on each.value", 1),
        ((IMPORTED, subscription("lookup(local.ids, 1)")), "", "the function lookup() is not understood", 1),
        ((IMPORTED, subscription("x ? 1 : 2")), "", "1.tf, line 2: ? is not understood", 1),
        ((IMPORTED, WEBHOOK, subscription('""')), "", "does not say which destination it is of", 1),
        ((DESTINATION, subscription('"aaa"')), "", "If it is that one, say --destination-id aaa", 1),
        ((DESTINATION, destination_filter('"aaa"')), "", "If it is that one, say --destination-id aaa", 1),
        ((IMPORTED, subscription('"aaa"', "trigger = var.t")), "", "its trigger depends on var.t", 1),
        ((IMPORTED, subscription('"aaa"', "enabled = false", "trigger = var.t")), "", "depends on var.t", 0),
        ((IMPORTED, subscription('"aaa"', "settings = file(x)")), "", "function file() is not understood", 1),
        ((IMPORTED, subscription('"aaa"', "model_id = var.m")), "", "Reverse ETL depends on var.m", 1),
        (
            (IMPORTED, subscription('"aaa"', "model_id = segment_reverse_etl_model.m.id")),
            "",
            "of Reverse ETL",
            0,
        ),
        ((IMPORTED, subscription('"aaa"', 'action_id = "b2"', "settings = {}")), "", "--action b2=NAME", 1),
        ((IMPORTED, destination_filter('"aaa"', "md5(userId) = 'a'")), "", "no function md5()", 1),
        ((IMPORTED, destination_filter('"aaa"', "md5(userId) = 'a'", "false")), "", "no function md5()", 0),
        ((IMPORTED, destination_filter('"aaa"', "${var.c}")), "", "its condition depends on var.c", 1),
    ],
)
def test_what_is_left_out_is_named_and_missing_if_it_is_enabled(
    texts: tuple[str, ...], id: str, words: str, missing: int
) -> None:
    workspace = read(*texts, id=id)
    assert workspace.destination is not None
    assert (counts(workspace), workspace.missing) == ((0, 0), missing)
    assert words in "\n".join(workspace.notes)


def test_a_destination_without_an_import_block_is_taken_for_the_one_that_is_asked_for() -> None:
    workspace = read(
        DESTINATION, subscription('"aaa"'), destination_filter("segment_destination.mp.id"), id="aaa"
    )
    assert (workspace.name, counts(workspace), workspace.missing) == ("Mixpanel", (1, 1), 0)
    assert "do not say the id of segment_destination.mp. Assumed: aaa." in "\n".join(workspace.notes)


def test_a_destination_that_is_not_in_there_is_said() -> None:
    workspace = read(IMPORTED, subscription('"bbb"'), id="bbb")
    assert (workspace.destination, counts(workspace)) == (None, (1, 0))
    assert "The files do not hold bbb, so that [destination] is unchanged. They hold aaa." in workspace.notes
    with pytest.raises(InputError, match="hook is not a Mixpanel destination"):
        read(IMPORTED, WEBHOOK, id="hhh")
    with pytest.raises(InputError, match="one Terraform configuration only"):
        read(DESTINATION, DESTINATION.replace("tok", "kot"), id="segment_destination.mp")


def test_metadata_from_a_data_source_is_known_and_from_a_variable_is_asked_for() -> None:
    catalogue = 'data "segment_destination_metadata" "mp" {\n  id = "615c7438d93d9b61b1e9e192"\n}\n'
    text = IMPORTED.replace('"615c7438d93d9b61b1e9e192"', "data.segment_destination_metadata.mp.id")
    assert read(catalogue, text, subscription('"aaa"')).destination is not None
    unknown = text.replace("data.segment_destination_metadata.mp.id", "var.metadata")
    with pytest.raises(InputError, match="no Mixpanel destination"):
        read(unknown, subscription('"aaa"'))
    workspace = read(unknown, subscription('"aaa"'), id="aaa")
    assert workspace.destination is not None
    assert counts(workspace) == (1, 0)
    assert "by its settings it is actions" in "\n".join(workspace.notes)


def test_for_each_and_count_make_instances() -> None:
    each = subscription(
        "each.value.id",
        'for_each = { web = { id = "aaa", event = "A" }, app = { id = "aaa", event = "B" } }',
        "name = each.key",
        'trigger = "event = \\"${each.value.event}\\""',
    )
    counted = subscription('"aaa"', "count = 2", 'name = "No ${count.index}"', name="c")
    none = subscription('"aaa"', "count = 0", name="none")
    workspace = read(IMPORTED, each, counted, none)
    made = [(one.name, one.subscribe) for one in workspace.subscriptions or ()]
    assert made[:2] == [("web", 'event = "A"'), ("app", 'event = "B"')]
    assert [name for name, _ in made[2:]] == ["No 0", "No 1"]
    assert "segment_destination_subscription.none was left out: its count is empty." in workspace.notes
    assert workspace.missing == 0


@pytest.mark.parametrize("several", ["var.all", "{ for k, v in x : k => v }", "5", "toset([1])"])
def test_instances_that_only_terraform_knows_are_named(several: str) -> None:
    text = subscription('"aaa"', f"for_each = {several}", "trigger = each.value.trigger")
    workspace = read(IMPORTED, text)
    notes = "\n".join(workspace.notes)
    assert "has a for_each that only Terraform knows" in notes
    assert "its trigger depends on each.value.trigger" in notes
    assert (counts(workspace), workspace.missing) == ((0, 0), 1)


def test_what_is_not_understood_and_not_needed_is_in_nobody_s_way() -> None:
    text = "locals {\n  all = { for s in var.sources : s.name => s if s.on }\n  n = var.prod ? 3 : 1\n}\n"
    output = 'output "x" {\n  value = [for k, v in segment_destination.mp : v]\n}\n'
    workspace = read(text + output, IMPORTED, subscription('"aaa"', "lifecycle = x == 1"))
    assert (counts(workspace), workspace.missing) == ((1, 0), 0)


def test_settings_that_only_terraform_knows_are_named_and_assumed() -> None:
    text = IMPORTED.replace('"US 🇺🇸"', "var.region, sourceName = var.s, strictMode = var.strict")
    workspace = read(text, subscription('"aaa"', "enabled = var.on"))
    notes = "\n".join(workspace.notes)
    for words in (
        "apiRegion depends on var.region, which only Terraform knows. Assumed: US.",
        "sourceName depends on var.s, which only Terraform knows. Assumed: none.",
        "strictMode depends on var.strict, which only Terraform knows. Assumed: on.",
        "is imported as enabled: only Terraform knows whether it is.",
    ):
        assert words in notes
    whole = IMPORTED.replace('jsonencode({ projectToken = "tok", apiRegion = "US 🇺🇸" })', "local.settings")
    assert "settings of segment_destination.mp depend on local.settings" in "\n".join(read(whole).notes)


def test_values_of_variables_come_from_their_files() -> None:
    text = IMPORTED.replace('"tok"', "var.token") + 'variable "token" {\n  default = "dev"\n}\n'
    files = [("main.tf", text), ("terraform.tfvars", 'token = "prod" # of the shop\nother = { a = 1 }\n')]
    workspace = read_workspace(files)
    assert workspace.destination is not None
    assert workspace.destination["token"] == "prod"
    with pytest.raises(InputError, match=r"a \.tfvars file has values only"):
        read_workspace([*files, ("x.auto.tfvars", "locals {\n}\n")])
    noted = read_workspace([*files, ("more.tf.json", "{}")]).notes
    assert any("more.tf.json was left out: it is Terraform's JSON syntax" in note for note in noted)


def test_a_destination_without_settings_and_a_subscription_without_a_mapping_are_named() -> None:
    lines = [line for line in IMPORTED.splitlines() if "settings" not in line]
    workspace = read("\n".join(lines), subscription('"aaa"', "settings = null"))
    notes = "\n".join(workspace.notes)
    assert "The settings of segment_destination.mp are not in the files" in notes
    assert "has no trigger and mapping that can be read" in notes
    assert workspace.missing == 1


def test_names_in_a_trigger_that_segment_passes_over_are_said() -> None:
    trigger = 'trigger = "type = \\"track\\" and groupId = \\"g\\""'
    workspace = read(IMPORTED, subscription('"aaa"', trigger))
    assert (counts(workspace), workspace.missing) == ((1, 0), 0)
    assert "Segment ignores groupId in its trigger." in "\n".join(workspace.notes)
