"""`segtap translate --stages all` and `segtap check --format json` give one answer on every stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import segtap
from vectors import vector_lines, vectors

from segtap.core.commands.check import check_lines
from segtap.core.commands.check_formats import as_json
from segtap.core.commands.translate import translate_lines, translate_through_stages
from segtap.core.config.filters import read_filters
from segtap.core.config.transformations import read_transformations
from segtap.core.messages import JsonObject
from segtap.core.pipeline import CompiledSettings, compiled
from segtap.core.settings import Destination, SegmentSettings

NOW = 1_795_557_600_000
RENAME = {
    "name": "Fix total",
    "if": "event = 'Order Completed'",
    "propertyRenames": [{"oldName": "properties.total", "newName": "properties.revenue"}],
}
DROP = {"if": 'event = "Secret"', "name": "No secrets", "action": "drop"}
NO_MAIL = {
    "if": "type = 'track'",
    "name": "No mail",
    "action": "drop_properties",
    "fields": {"properties": ["email"]},
}
MESSAGE: JsonObject = {
    "type": "track",
    "event": "Order Completed",
    "userId": "user-77",
    "messageId": "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3",
    "timestamp": "2026-11-24T22:00:00.000Z",
    "properties": {"total": 12.5, "email": "ada@example.com", "currency": "EUR"},
}


def settings(
    *, transformations: Any = (), filters: Any = (), segment: SegmentSettings | None = None
) -> CompiledSettings:
    return compiled(
        Destination(settings={"projectToken": "tok"}),
        segment=segment or SegmentSettings(),
        transformations=read_transformations(list(transformations), "test"),
        filters=read_filters(list(filters), "test"),
    )


def both(given: Any, by: CompiledSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the two commands say of one line."""
    line = json.dumps(given)
    (translated,) = translate_through_stages([line], by, clock=lambda: NOW)
    (checked,) = as_json(check_lines([line], by, clock=lambda: NOW, whole=True), "-")
    return json.loads(translated.text), json.loads(checked)


def answer(given: Any, by: CompiledSettings) -> dict[str, Any]:
    """What both say, which is the same but for the requests."""
    translated, checked = both(given, by)
    assert list(translated) == [
        *("messageId", "requests", "rejected", "warnings"),
        *("message", "not_sent", "stages"),
    ]
    assert list(checked) == ["messageId", "warnings", "message", "not_sent", "stages"]
    assert {key: translated[key] for key in checked} == checked
    return translated


def test_all_vectors_pass_through_the_envelope() -> None:
    made = translate_through_stages(vector_lines("transformations"), settings(), clock=lambda: NOW)
    rows = vectors("transformations")
    differing = [
        number
        for number, (row, line) in enumerate(zip(rows, made, strict=True))
        if json.loads(line.text)["message"] != row["after"]
    ]
    assert (len(rows), differing) == (300, [])


def test_every_part_that_the_settings_define_has_an_entry_in_order() -> None:
    by = settings(
        transformations=[
            {**RENAME, "name": "After", "destinationMetadataId": "615c7438d93d9b61b1e9e192"},
            {**RENAME, "if": "event = 'Other'", "name": "", "enabled": True},
            RENAME,
            {**RENAME, "name": "Off", "enabled": False},
        ],
        filters=[NO_MAIL, DROP],
        segment=SegmentSettings(
            blocked_events=("B",), blocked_properties=("currency",), blocked_traits=("email",)
        ),
    )
    made = answer(MESSAGE, by)
    assert made["stages"] == [
        {"stage": "schema", "name": "blocked_events", "changed": []},
        {"stage": "schema", "name": "blocked_properties", "changed": ["$.properties.currency"]},
        {"stage": "schema", "name": "blocked_traits", "changed": []},
        {"stage": "source_transformations", "name": "event = 'Other'", "changed": []},
        {
            "stage": "source_transformations",
            "name": "Fix total",
            "changed": ["$.properties.total", "$.properties.revenue"],
        },
        {"stage": "filters", "name": "No secrets", "changed": []},
        {"stage": "filters", "name": "No mail", "changed": ["$.properties.email"]},
        {"stage": "destination_transformations", "name": "After", "changed": []},
    ]
    assert made["message"] == {**MESSAGE, "properties": {"revenue": 12.5}}
    assert made["not_sent"] is None
    assert made["requests"][0]["body"][0]["properties"]["revenue"] == 12.5


def test_a_stopped_message_is_as_it_reached_the_stage() -> None:
    by = settings(transformations=[RENAME], filters=[NO_MAIL, {**DROP, "if": "properties.revenue > 1"}])
    made = answer(MESSAGE, by)
    assert made["requests"] == []
    assert made["not_sent"] == {
        "stage": "filters",
        "path": "$",
        "why": "the destination filter 'No secrets' drops it",
    }
    assert made["message"]["properties"] == {
        "revenue": 12.5,
        "email": "ada@example.com",
        "currency": "EUR",
    }
    assert [one["name"] for one in made["stages"]] == ["Fix total", "No secrets"]


@pytest.mark.parametrize(
    ("change", "stage", "path"),
    [
        ({"type": "event"}, "segment", "$"),
        ({"integrations": {"All": False}}, "integrations", "$.integrations.All"),
        ({"event": "B"}, "schema", "$.event"),
    ],
)
def test_every_stage_can_stop_a_message(change: dict[str, Any], stage: str, path: str) -> None:
    by = settings(transformations=[RENAME], segment=SegmentSettings(blocked_events=("B",)))
    message = {**MESSAGE, **change}
    made = answer(message, by)
    assert (made["not_sent"]["stage"], made["not_sent"]["path"], made["requests"]) == (stage, path, [])
    if stage != "integrations":
        assert made["message"] == message


@pytest.mark.parametrize(
    ("parts", "stage"),
    [
        ({"transformations": [{"if": "", "newEventName": "X"}]}, "source_transformations"),
        ({"filters": [{"if": "", "action": "drop"}]}, "filters"),
    ],
)
def test_a_part_without_name_and_condition_has_an_entry_all_the_same(parts: Any, stage: str) -> None:
    made = answer({"message": MESSAGE, **parts}, settings())
    assert made["not_sent"]["stage"] == stage
    assert [(one["stage"], one["name"]) for one in made["stages"]] == [(stage, "no condition")]


def test_a_message_that_no_subscription_takes_is_not_stopped() -> None:
    made = answer({**MESSAGE, "type": "alias", "previousId": "a"}, settings())
    assert (made["requests"], made["not_sent"], made["stages"]) == ([], None, [])
    assert [one["rule"] for one in made["warnings"] if one["rule"] == "unmatched"]


def test_an_envelopes_parts_stand_in_place_of_the_files() -> None:
    by = settings(transformations=[{**RENAME, "newEventName": "File"}], filters=[DROP])
    api = {
        "title": "From the API",
        "enabled": True,
        "if": "type = 'track'",
        "sourceId": "s",
        "actions": [
            {"type": "DROP_PROPERTIES", "fields": {"properties": {"fields": ["email"]}}},
            {"type": "SAMPLE", "percent": 1.0, "path": None, "fields": None},
        ],
    }
    envelope = {
        "message": MESSAGE,
        "transformations": [{**RENAME, "id": "t1", "sourceId": "another"}],
        "filters": [api],
    }
    made = answer(envelope, by)
    assert made["message"]["properties"] == {"revenue": 12.5, "currency": "EUR"}
    assert [one["name"] for one in made["stages"]] == ["Fix total", "From the API", "From the API"]
    assert answer({"message": MESSAGE, "transformations": [], "filters": []}, by)["stages"] == []
    assert len(answer({"message": MESSAGE, "settings": {}}, by)["stages"]) == 2


@pytest.mark.parametrize(
    "parts",
    [
        {"transformations": [{"name": "no condition"}]},
        {"transformations": "x"},
        {"filters": [{"if": "a", "actions": [{"type": "EXPLODE"}]}]},
        {"filters": [3]},
        {"filters": [{"if": "a", "actions": []}]},
    ],
)
def test_an_envelope_that_cannot_be_read_is_an_error_of_its_line(parts: dict[str, Any]) -> None:
    lines = [json.dumps({"message": MESSAGE, **parts}), json.dumps(MESSAGE)]
    first, second = translate_through_stages(lines, settings(), clock=lambda: NOW)
    assert first.failed
    assert "error" in json.loads(first.text)
    assert not second.failed
    (plain, _) = translate_lines(lines, settings(), clock=lambda: NOW)
    assert not plain.failed


def test_without_stages_the_line_is_translated_as_it_stands() -> None:
    envelope = {"message": MESSAGE, "settings": {"projectToken": "tok"}, "transformations": [RENAME]}
    (line,) = translate_lines([json.dumps(envelope)], settings(), clock=lambda: NOW)
    made = json.loads(line.text)
    assert list(made) == ["messageId", "requests", "rejected", "warnings"]
    assert made["requests"][0]["body"][0]["properties"]["total"] == 12.5


def test_both_warn_of_the_same_in_every_vector() -> None:
    for line in vector_lines("transformations")[::10]:
        answer(json.loads(line), settings())


def test_rules_about_mixpanel_name_the_field_as_sent() -> None:
    by = settings(transformations=[RENAME])
    message = {**MESSAGE, "properties": {"total": "x" * 300, "currency": "EUR"}}
    (found,) = [one for one in answer(message, by)["warnings"] if one["rule"] == "string-truncated"]
    assert found["path"] == "$.properties.total"
    assert "renamed from properties.total by 'Fix total'" in found["message"]


def test_rules_about_tracking_read_the_message_as_sent() -> None:
    renamed = {**RENAME, "if": "type = 'track'", "newEventName": "Order Completed", "propertyRenames": []}
    by = settings(transformations=[renamed])
    message = {**MESSAGE, "event": "order completed"}
    found = [one["rule"] for one in answer(message, by)["warnings"]]
    assert "spec-event-name" in found
    assert "spec-event-name" not in [one["rule"] for one in answer(MESSAGE, by)["warnings"]]


def test_all_stages_of_the_settings_are_applied_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = 'propertyRenames = [{ oldName = "properties.plan", newName = "properties.tier" }]'
    text = f'[[transformations]]\nif = \'type = "track"\'\nname = "Tier"\n{rename}\n'
    monkeypatch.chdir(tmp_path)
    Path("segtap.toml").write_text(text)
    given = json.dumps({**MESSAGE, "properties": {"plan": "pro"}})
    whole = json.loads(segtap("translate", "--stages", "all", given=given).stdout)
    assert whole["message"]["properties"] == {"tier": "pro"}
    (stage,) = whole["stages"]
    assert stage["name"] == "Tier"
    alone = json.loads(segtap("translate", given=given).stdout)
    assert alone["requests"][0]["body"][0]["properties"]["plan"] == "pro"
    assert "stages" not in alone
