"""`segtap mappings`: a workspace's exports become segtap.toml, and a table says what every field takes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from command_line import segtap
from functions import needs_node

from segtap.core import config
from segtap.core.config.subscriptions import presets_by_name

DATA = Path(__file__).parents[1] / "data" / "mappings"
PUBLIC_API = (str(DATA / "destination.json"), str(DATA / "subscriptions.json"))
SALES = "8jYbnfX5kDLr1vNZeSg6Wa=trackEvent"
MESSAGE = {
    "type": "track",
    "event": "Signed Up",
    "userId": "user-1",
    "messageId": "m-1",
    "properties": {"a": 1},
}


pytestmark = pytest.mark.usefixtures("own_folders")


def test_an_export_is_written_and_used(tmp_path: Path) -> None:
    done = segtap("mappings", "import", *PUBLIC_API)
    assert (done.returncode, done.stdout) == (0, "")
    assert "segtap.toml: 7 subscriptions" in done.stderr
    assert "put it into the variable MIXPANEL_SECRET" in done.stderr
    page = {"type": "page", "name": "Pricing", "userId": "u", "context": {"page": {"path": "/"}}}
    translated = segtap("translate", given=json.dumps(page))
    (request,) = json.loads(translated.stdout)["requests"]
    assert request["body"][0]["event"] == "Viewed Pricing Page"
    assert request["url"].startswith("https://api-eu.mixpanel.com/import")


def test_a_file_that_is_there_is_changed_only_when_told_to(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[ingest]\nport = 9000\n")
    refused = segtap("mappings", "import", *PUBLIC_API)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert file.read_text() == "[ingest]\nport = 9000\n"
    assert segtap("mappings", "import", "--yes", *PUBLIC_API).returncode == 0
    read = tomllib.loads(file.read_text())
    assert read["ingest"] == {"port": 9000}
    assert len(read["subscriptions"]) == 7


def test_stdout_gets_the_settings_and_nothing_is_written(tmp_path: Path) -> None:
    done = segtap("mappings", "import", "--stdout", str(DATA / "workspace.tf"))
    assert [table["name"] for table in tomllib.loads(done.stdout)["subscriptions"]] == [
        "Track Calls",
        "Viewed pages",
        "Profiles",
    ]
    assert list(tmp_path.glob("*.toml")) == []


def test_a_folder_of_terraform_files_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf").write_bytes((DATA / "workspace.tf").read_bytes())
    assert segtap("mappings", "import", "--stdout", str(folder)).returncode == 0
    (folder / "main.tf").unlink()
    assert "holds no .tf file" in segtap("mappings", "import", "--stdout", str(folder)).stderr


def test_the_exit_code_says_whether_something_enabled_is_missing(tmp_path: Path) -> None:
    text = (DATA / "generated.tf").read_text("utf-8")
    (tmp_path / "main.tf").write_text(text)
    whole = segtap("mappings", "import", "main.tf", "--action", "act1=trackEvent", "--yes")
    assert whole.returncode == 0
    assert "segtap.toml: 1 subscription, transformations unchanged, 2 destination filters." in whole.stderr
    assert "'off and not FQL', which is off, was left out" in whole.stderr
    (tmp_path / "main.tf").write_text(text.replace("contains ( event", "md5 ( event"))
    lacking = segtap("mappings", "import", "main.tf", "--action", "act1=trackEvent", "--yes")
    assert lacking.returncode == 1
    assert "The filter 'cards' was left out: " in lacking.stderr
    assert "Not complete: one that is enabled in Segment could not be imported" in lacking.stderr
    assert "0 destination filters, 1 not imitated" in lacking.stderr
    printed = segtap("mappings", "import", "main.tf", "--action", "act1=trackEvent", "--stdout")
    assert (printed.returncode, len(tomllib.loads(printed.stdout)["subscriptions"])) == (1, 1)
    assert tomllib.loads((tmp_path / "segtap.toml").read_text())["destination"]["region"] == "eu"


def test_what_changes_messages_and_is_not_imitated_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text('# mine\nidentity = "simplified"\n')
    whole = ("mappings", "import", str(DATA / "pipeline.tf"), "--action", SALES, "--yes")
    done = segtap(*whole)
    assert done.returncode == 0, done.stderr
    assert "1 subscription, 2 transformations, destination filters unchanged, 2 not imitated" in done.stderr
    for words in (
        "The transformation 'Totals as revenue' is off.",
        "The insert function 'enrich' is not imitated: what it changes is not shown.",
        "Segment blocks or removes unplanned events in track calls, and segtap does not imitate that.",
    ):
        assert words in done.stderr
    settings = config.load(environ={}, file=tmp_path / "segtap.toml")
    assert [one.name for one in settings.transformations] == ["One name for sales", "Totals as revenue"]
    assert [(one.kind, one.name, one.scope) for one in settings.not_imitated] == [
        ("insert_function", "enrich", "destination"),
        ("tracking_plan", "unplanned events", "source"),
    ]
    assert settings.identity == "simplified"
    # The import of another file adds to what is named; one of the whole destination replaces it.
    filters = tmp_path / "filters.json"
    filters.write_text('{"data": {"filters": [{"if": "md5(event)", "title": "Odd", "enabled": true}]}}')
    assert segtap("mappings", "import", str(filters), "--yes").returncode == 1
    kept = config.load(environ={}, file=tmp_path / "segtap.toml").not_imitated
    assert [one.name for one in kept] == ["enrich", "unplanned events", "Odd"]
    assert segtap(*whole).returncode == 0
    again = config.load(environ={}, file=tmp_path / "segtap.toml")
    assert again.not_imitated == settings.not_imitated
    checked = json.loads(segtap("check", "--format", "json", given=json.dumps(MESSAGE)).stdout)
    (note,) = [one for one in checked["warnings"] if one["rule"] == "not-imitated"]
    assert note["severity"] == "info"
    assert "the insert function 'enrich' and the tracking plan's blocking of" in note["message"]


def test_an_enabled_transformation_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    text = (DATA / "pipeline.tf").read_text("utf-8")
    (tmp_path / "main.tf").write_text(text.replace("event = 'Bread Sold'", "event = ${var.event}"))
    done = segtap("mappings", "import", "main.tf", "--action", SALES)
    assert done.returncode == 1
    assert "The transformation 'One name for sales' was left out: it depends on var.event" in done.stderr
    assert "Not complete: one that is enabled in Segment could not be imported" in done.stderr
    settings = config.load(environ={}, file=tmp_path / "segtap.toml")
    assert [one.name for one in settings.transformations] == ["Totals as revenue"]
    assert ("transformation", "One name for sales") in {(one.kind, one.name) for one in settings.not_imitated}


def test_what_is_no_export_says_so_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    done = segtap("mappings", "import", "a.json")
    assert done.returncode == 2
    assert "The files hold no Mixpanel destination" in done.stderr
    assert "Traceback" not in done.stderr


def test_show_tells_what_every_field_takes_from_the_message(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text(json.dumps(MESSAGE) + "\n")
    done = segtap("mappings", "show", "--message", "m.jsonl")
    assert done.returncode == 0
    assert "6 subscriptions, Segment's presets" in done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["event", "$.event", '"Signed', 'Up"'] in lines
    assert ["app_name", "$.context.app.name", "–"] in lines
    assert ["utm_properties.utm_source", "$.context.campaign.source", "–"] in lines
    assert "Identify Calls  [on]  identifyUser" in done.stdout
    assert "none of the sample messages is taken by it" in done.stdout


def test_show_lists_what_each_transformation_does(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text("""
[[transformations]]
name = "Fix total"
if = "event = 'Order Completed'"
newEventName = "Order Paid"
propertyRenames = [{ oldName = "properties.total", newName = "properties.revenue" }]
propertyValueTransformations = [{ propertyPaths = ["properties.currency"], propertyValue = "EUR" }]
fqlDefinedProperties = [{ fql = "lowercase(event)", propertyName = "properties.low" }]
propertyDrops = ["properties.card"]
allowProperties = ["properties.revenue"]
hashPropertiesConfiguration = { paths = ["properties.email"] }
[[transformations]]
name = "Away"
enabled = false
if = "event = 'Test'"
drop = true
destinationMetadataId = "54521fd925e721e32a72eed6"
""")
    done = segtap("mappings", "show")
    assert "2 transformations, from" in done.stderr
    assert done.stdout.split("Track Calls")[0].splitlines() == [
        "Fix total  [on]  source: before the filters",
        "  event = 'Order Completed'",
        "    renames properties.total to properties.revenue",
        '    sets properties.currency to "EUR"',
        "    computes properties.low as lowercase(event)",
        '    renames the event to "Order Paid"',
        "    takes out properties.card",
        "    keeps only properties.revenue",
        "    hashes properties.email, which segtap does not imitate",
        "",
        "Away  [OFF]  another destination: does nothing here",
        "  event = 'Test'",
        "    drops the message",
        "",
    ]


def test_show_takes_samples_of_the_demo_where_nothing_runs() -> None:
    done = segtap("mappings", "show", "--format", "json")
    tables = [json.loads(line) for line in done.stdout.splitlines()]
    assert [table["action"] for table in tables][:2] == ["trackEvent", "trackPurchase"]
    assert all(table["sample"] for table in tables), "the demo has a message for each preset"
    url = next(row for row in tables[2]["fields"] if row["field"] == "url")
    assert url["source"] == "$.context.page.url"
    assert url["value"].startswith("https://")


def test_a_filter_that_is_not_fql_is_an_error_wherever_it_is_in_use(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[[filters]]\nname = 'Odd'\nif = 'userId = oops\"'\n")
    words = "filter 1 (Odd) stops every message: The condition 'userId = oops\"' is not FQL"
    shown = segtap("mappings", "show")
    assert (shown.returncode, f"NOTHING IS SENT: {words}" in shown.stderr) == (1, True)
    checked = segtap("check", "--format", "json", given=json.dumps(MESSAGE))
    (line,) = [json.loads(line) for line in checked.stdout.splitlines()]
    found = {one["rule"]: (one["severity"], one["path"], one["message"]) for one in line["warnings"]}
    severity, path, message = found["filter-not-fql"]
    assert (checked.returncode, severity, path) == (1, "error", "$")
    assert words in message
    assert words in segtap("translate", given=json.dumps(MESSAGE)).stderr
    file.write_text(file.read_text() + "enabled = false\n")
    assert segtap("mappings", "show").returncode == 0
    assert segtap("check", given=json.dumps(MESSAGE)).returncode == 0


def test_show_names_a_number_that_is_sent_as_text_and_calls_without_a_subscription(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(
        "[[subscriptions]]\npreset = 'Track Calls'\ntrigger = 'type = \"track\" and properties.total > 4'\n"
    )
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps({**MESSAGE, "properties": {"total": "12"}}))
    done = segtap("mappings", "show", "--message", str(sample))
    assert done.returncode == 1
    assert "NEVER SENDS: properties.total > 4 compares numbers, and track Signed Up" in done.stdout
    assert 'has the text "12"' in done.stdout
    assert "no subscription takes page, screen, identify and group calls" in done.stderr
    assert 'preset = "Page Calls"' in done.stderr
    sample.write_text(json.dumps({**MESSAGE, "properties": {"total": 12}}))
    assert segtap("mappings", "show", "--message", str(sample)).returncode == 0
    sample.write_text(json.dumps({**MESSAGE, "type": "page", "properties": {"total": "12"}}))
    assert segtap("mappings", "show", "--message", str(sample)).returncode == 0


def test_the_presets_are_listed() -> None:
    listed = " ".join(segtap("mappings", "--help").stdout.split())
    for preset in presets_by_name():
        assert preset in listed


def test_show_names_what_can_never_send(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text(
        "[[subscriptions]]\nname = 'Odd'\ntrigger = 'nothing'\naction = 'trackEvent'\nmapping = {}\n"
        "[[subscriptions]]\nname = 'Typo'\ntrigger = 'type = \"track\"'\naction = 'trackEvents'\n"
        "mapping = {}\n"
        "[[subscriptions]]\nname = 'Bad'\ntrigger = 'type = \"track\"'\naction = 'trackEvent'\n"
        "mapping = { event = { '@pth' = '$.event' } }\n"
        "[[subscriptions]]\npreset = 'Track Calls'\ntrigger = 'type = \"track\" and groupId != null'\n"
        "[[subscriptions]]\npreset = 'Page Calls'\ntrigger = 'type = \"page\" and properties.vip is true'\n"
    )
    done = segtap("mappings", "show")
    assert done.returncode == 1
    assert "Segment passes over groupId: a trigger cannot speak of it" in done.stdout
    assert "NEVER SENDS: The trigger 'nothing' has no condition" in done.stdout
    assert "NEVER SENDS: The trigger matches no message: Segment knows no operator 'is'" in done.stdout
    assert "NEVER SENDS: There is no action 'trackEvents'" in done.stdout
    assert "NEVER SENDS: /event has an invalid directive: @pth." in done.stdout


def test_a_test_without_its_insert_function_says_what_it_did_not_test(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text("""
[[insert_functions]]
file = "gone.js"
[[tests]]
name = "Arrives"
message = { type = "track", event = "A", userId = "u" }
expect = { events = ["A"] }
""")
    done = segtap("mappings", "test")
    assert done.returncode == 0
    assert "Not imitated, and so not tested: the insert function 'gone.js' (" in done.stderr
    assert "cannot be read: No such file or directory" in done.stderr


@needs_node
@pytest.mark.parametrize(
    "command", [("check",), ("check", "--format", "json"), ("translate", "--stages", "all")]
)
def test_an_insert_function_that_cannot_be_run_is_named_on_stderr(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "fn.js").write_text("const x = ;\n")
    (tmp_path / "segtap.toml").write_text('[[insert_functions]]\nfile = "fn.js"\n')
    done = segtap(*command, given=json.dumps(MESSAGE))
    assert done.returncode == 0
    assert "Not imitated: the insert function 'fn.js' (SyntaxError: Unexpected token ';')." in done.stderr
    plain = segtap("translate", given=json.dumps(MESSAGE))
    assert "Not imitated" not in plain.stderr
