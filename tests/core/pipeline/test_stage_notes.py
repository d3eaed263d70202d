"""What is found of transformations and filters: notes, whose fixes end them, and the field as sent."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import msgspec
import pytest

from segtap.core.config.filters import read_filters
from segtap.core.config.transformations import read_transformations
from segtap.core.json_text import json_bytes
from segtap.core.messages import JsonObject
from segtap.core.outcomes import Change, FunctionOutcome
from segtap.core.pipeline import CompiledSettings, compiled, run
from segtap.core.pipeline.origins import Origins
from segtap.core.pipeline.reading import read_message
from segtap.core.pipeline.stages import walk
from segtap.core.settings import Destination, InsertFunction, SegmentSettings
from segtap.core.verdict import Finding

TRACK = "type = 'track'"


def settings(transformations: list[Any] | None = None, filters: list[Any] | None = None) -> CompiledSettings:
    return compiled(
        Destination(settings={"projectToken": "t"}),
        transformations=read_transformations([{"if": TRACK, **one} for one in transformations or []], "test"),
        filters=read_filters([{"if": TRACK, **one} for one in filters or []], "test"),
    )


def track(**properties: Any) -> JsonObject:
    return {
        "type": "track",
        "event": "Signed Up",
        "userId": "user-1",
        "messageId": "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3",
        "timestamp": "2026-11-24T22:00:00.000Z",
        "properties": properties,
    }


def found(document: JsonObject, by: CompiledSettings, rule: str) -> list[Finding]:
    message = read_message(json_bytes(document))
    return [one for one in run(message, by, 1_795_557_600_000).findings if one.rule == rule]


def rename(old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"name": "Fix", "propertyRenames": [{"oldName": old, "newName": new}], **more}


@pytest.mark.parametrize("value", [0, False, ""])
def test_an_old_name_that_stays_is_noted_and_the_fix_ends_it(value: Any) -> None:
    one = rename("properties.total", "properties.revenue")
    (note,) = found(track(total=value), settings([one]), "transformation-keeps-old-name")
    assert note.path == "$.properties.total"
    line = tomllib.loads(note.fix.rpartition(": ")[2])
    mended = settings([{**one, **line}])
    assert found(track(total=value), mended, "transformation-keeps-old-name") == []
    assert walk(track(total=value), (), mended, 0).document["properties"] == {"revenue": value}
    assert found(track(total=5), settings([one]), "transformation-keeps-old-name") == []


def test_a_random_sample_is_noted_and_the_fix_ends_it() -> None:
    sample = {"action": "sample", "percent": 0.5, "name": "Half"}
    (note,) = found(track(), settings(filters=[sample]), "sampled-at-random")
    assert "lets 0.5 of such messages through, at random" in note.message
    line = tomllib.loads(note.fix.rpartition(": ")[2])
    assert found(track(), settings(filters=[{**sample, **line}]), "sampled-at-random") == []
    assert found(track(), settings(filters=[{**sample, "if": "type = 'page'"}]), "sampled-at-random") == []
    assert found(track(), settings(filters=[{**sample, "percent": 1.0}]), "sampled-at-random") == []


def test_hashing_is_named_with_the_field_as_sent() -> None:
    by = settings(
        [
            rename("properties.mail", "properties.email"),
            {"name": "Hash", "hashPropertiesConfiguration": {"paths": ["properties.email"], "key": "secret"}},
        ]
    )
    (note,) = found(track(mail="a@b.c"), by, "not-imitated")
    assert note.path == "$.properties.mail"
    assert "hashed by Segment, in the transformation 'Hash'" in note.message
    assert found(track(name="Ada"), by, "not-imitated") == []


def test_an_expression_that_cannot_be_followed_is_named() -> None:
    computed = {"fqlDefinedProperties": [{"fql": "md5(userId)", "propertyName": "properties.hash"}]}
    (note,) = found(track(), settings([computed]), "not-imitated")
    assert "there is no function md5()" in note.message


@pytest.mark.parametrize(
    ("transformations", "path", "sent", "words"),
    [
        (
            [rename("properties.a", "properties.b")],
            "$.properties.b",
            "$.properties.a",
            ("renamed from properties.a by 'Fix'",),
        ),
        (
            [rename("properties.a", "properties.b"), rename("properties.b", "properties.c", name="Again")],
            "$.properties.c",
            "$.properties.a",
            ("renamed from properties.b by 'Again'", "renamed from properties.a by 'Fix'"),
        ),
        (
            [rename("properties.o", "properties.p")],
            "$.properties.p.x[1]",
            "$.properties.o.x[1]",
            ("renamed from properties.o by 'Fix'",),
        ),
        (
            [{"newEventName": "B", "name": "Name"}],
            "$.event",
            "$.event",
            ("set by 'Name'",),
        ),
        (
            [
                {
                    "name": "Const",
                    "propertyValueTransformations": [
                        {"propertyPaths": ["properties.new"], "propertyValue": "x"}
                    ],
                }
            ],
            "$.properties.new",
            "$.properties",
            ("set by 'Const'",),
        ),
        ([rename("properties.a", "properties.b")], "$.properties.o", "$.properties.o", ()),
        # An empty new name is a field of the message, and not the message itself.
        ([rename("properties.a", "")], "$.properties.o", "$.properties.o", ()),
        ([rename("properties.a", "")], "$['']", "$.properties.a", ("renamed from properties.a by 'Fix'",)),
        ([rename("properties.a", "properties.b")], "requests[0].body", "requests[0].body", ()),
    ],
)
def test_a_path_leads_back_to_the_field_as_sent(
    transformations: list[Any], path: str, sent: str, words: tuple[str, ...]
) -> None:
    document = track(a=1, o={"x": [1, 2]})
    found = Origins(document, walk(document, (), settings(transformations), 0).steps).as_sent(path)
    assert (found.path, found.words) == (sent, words)


def test_what_an_insert_function_writes_is_not_what_the_client_sent() -> None:
    by = compiled(
        Destination(settings={"projectToken": "t"}), insert_functions=(InsertFunction(file="fn.js"),)
    )
    outcome = FunctionOutcome(0, "passed", changes=(Change(("properties", "revenue"), "12"),))
    message = msgspec.structs.replace(read_message(json_bytes(track(shop="mill"))), outcomes=(outcome,))
    (finding,) = [one for one in run(message, by, 0).findings if one.rule == "number-as-text"]
    assert finding.path == "$.properties"
    assert finding.message.endswith("(properties.revenue: set by 'fn.js')")
    assert finding.fix == "send 12 as a number (the value is set by 'fn.js')"
    # What it leaves alone is as the client sent it.
    sent = msgspec.structs.replace(message, document=track(revenue="12"), outcomes=())
    (finding,) = [one for one in run(sent, by, 0).findings if one.rule == "number-as-text"]
    assert (finding.path, finding.fix) == ("$.properties.revenue", "send 12 as a number")


def test_a_fix_names_the_field_as_the_client_sends_it() -> None:
    by = settings([rename("properties.total", "properties.Revenue")])
    (finding,) = found(track(total="12"), by, "number-as-text")
    assert finding.path == "$.properties.total"
    assert finding.fix == "send 12 as a number (the client sends it as properties.total)"


@pytest.mark.parametrize(
    "transformation",
    [
        {"hashPropertiesConfiguration": {"paths": ["properties.mail"]}},
        {"fqlDefinedProperties": [{"fql": "md5(userId)", "propertyName": "properties.hash"}]},
    ],
)
def test_the_fix_of_what_a_transformation_does_is_not_to_edit_another_section(transformation: Any) -> None:
    (note,) = found(track(mail="a@b.c"), settings([transformation]), "not-imitated")
    assert "[[not_imitated]]" not in note.fix


def test_a_deterministic_sample_takes_the_same_users_each_time_and_about_as_many_as_it_says() -> None:
    def sent(percent: float) -> set[str]:
        by = settings(filters=[{"action": "sample", "percent": percent, "path": "userId"}])
        users = [f"user-{number}" for number in range(1_000)]
        return {
            user for user in users if not walk({**track(), "userId": user}, (), by, 0).translation.not_sent
        }

    fifth, half = sent(0.2), sent(0.5)
    assert 150 < len(fifth) < 250
    assert 440 < len(half) < 560
    assert fifth < half
    assert sent(0.2) == fifth


def test_a_message_that_a_sample_leaves_out_says_so() -> None:
    by = settings(filters=[{"action": "sample", "percent": 1e-9, "path": "userId", "name": "Few"}])
    stopped = walk(track(), (), by, 0).translation.not_sent
    assert stopped is not None
    assert (
        stopped.reason
        == "the destination filter 'Few' lets 1e-09 of them through, by userId: this one is out"
    )


@pytest.mark.parametrize(
    ("blocked", "left"),
    [
        (["coupon"], {"a": 1, "deep": {"x": 1, "y": 2}}),
        (["deep.x", "nothing"], {"a": 1, "coupon": "c", "deep": {"y": 2}}),
        ({"Signed Up": ["a"], "*": ["coupon"]}, {"deep": {"x": 1, "y": 2}}),
        ({"Another": ["a"]}, {"a": 1, "coupon": "c", "deep": {"x": 1, "y": 2}}),
    ],
)
def test_blocked_properties_are_taken_out_of_track_calls(blocked: Any, left: dict[str, Any]) -> None:
    by = compiled(Destination(), segment=SegmentSettings(blocked_properties=blocked))
    document = track(a=1, coupon="c", deep={"x": 1, "y": 2})
    before = json.dumps(document)
    assert walk(document, (), by, 0).document["properties"] == left
    page = {**document, "type": "page"}
    assert walk(page, (), by, 0).document is page
    assert json.dumps(document) == before


def test_blocked_traits_are_those_of_the_call() -> None:
    segment = SegmentSettings(blocked_traits=("email",), blocked_group_traits=("plan",))
    by = compiled(Destination(), segment=segment)
    traits: JsonObject = {"email": "e", "plan": "p"}
    for call, left in (("identify", {"plan": "p"}), ("group", {"email": "e"}), ("track", traits)):
        assert walk({"type": call, "traits": traits}, (), by, 0).document["traits"] == left
