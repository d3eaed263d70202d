"""Plans compared with each other and with what was seen, and written as schemas of Lexicon."""

from __future__ import annotations

from typing import Any, cast

import jsonschema_rs

from segtap.core.plan.compared import Difference, Side, differences
from segtap.core.plan.infer import infer
from segtap.core.plan.lexicon import lexicon
from segtap.core.plan.model import PlanRule, RuleType, TrackingPlan


def rule(
    type: RuleType, key: str, properties: dict[str, Any], *, required: list[str], version: int = 1
) -> PlanRule:
    holder = "traits" if type in ("IDENTIFY", "GROUP") else "properties"
    inner = {"type": "object", "properties": properties, "required": required}
    schema: Any = {"type": "object", "description": f"{key}!", "properties": {holder: inner}}
    return PlanRule(type=type, key=key, schema=schema, version=version)


ORDER = {
    "total": {"type": "number", "description": "in euro"},
    "state": {"type": ["string", "null"], "enum": ["new", "paid"]},
    "tags": {"type": "array", "items": {"type": "string"}},
}
PLAN = TrackingPlan(
    rules=(
        rule("TRACK", "Ordered", {}, required=[]),
        rule("TRACK", "Ordered", ORDER, required=["total"], version=2),
        rule("IDENTIFY", "", {"email": {"type": "string"}, "age": {"type": "integer"}}, required=["email"]),
        rule("GROUP", "", {}, required=[]),
    )
)


def ordered(**properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Ordered", "userId": "u", "properties": properties}


def test_the_same_plan_has_no_difference() -> None:
    assert list(differences(Side(PLAN), Side(PLAN))) == []


def test_two_plans_are_compared_in_full() -> None:
    changed = {"total": {"type": "integer"}, "state": {**ORDER["state"], "enum": ["new"]}, "coupon": {}}
    other = TrackingPlan(
        rules=(rule("TRACK", "Ordered", changed, required=[]), rule("TRACK", "Left", {}, required=[]))
    )
    found = list(differences(Side(PLAN), Side(other)))
    assert [(one.what, one.property) for one in found if "Ordered" in one.rule] == [
        ("changed", "total"),
        ("changed", "state"),
        ("removed", "tags"),
        ("added", "coupon"),
    ]
    assert found[0] == Difference(
        "track Ordered version 2", "total", "changed", "number · required", "integer"
    )
    assert [(one.rule, one.what) for one in found[4:]] == [
        ("identify", "removed"),
        ("group", "removed"),
        ("track Left", "added"),
    ]


def test_what_was_seen_may_keep_to_a_plan() -> None:
    only = TrackingPlan(rules=PLAN.rules[1:2])
    seen = infer([ordered(total=1, state="new", tags=["a"]), ordered(total=2.5, state=None, tags=[])])
    assert list(differences(Side(only), Side(seen, seen=True))) == []
    assert list(differences(Side(seen, seen=True), Side(only))) == []


def test_what_was_seen_may_break_a_plan() -> None:
    only = TrackingPlan(rules=PLAN.rules[1:2])
    seen = infer([ordered(total="1", tags=["a"], coupon="x"), ordered(tags=["a"])])
    found = {one.property: one.what for one in differences(Side(only), Side(seen, seen=True))}
    assert found == {"total": "changed", "state": "removed", "coupon": "added"}


def test_two_recordings_are_compared_by_events_properties_and_types() -> None:
    before = infer([ordered(total=1, state="new"), {"type": "track", "event": "Left", "userId": "u"}])
    after = infer([ordered(total="1", state="old", more=True)])
    found = differences(Side(before, seen=True), Side(after, seen=True))
    assert sorted((one.rule, one.property, one.what) for one in found) == [
        ("track Left", "", "removed"),
        ("track Ordered", "more", "added"),
        ("track Ordered", "total", "changed"),
    ]


def test_lexicon_gets_the_newest_events_and_users_under_their_names() -> None:
    found = lexicon(PLAN)
    event, profile = cast("list[dict[str, Any]]", found.body["entries"])
    assert event == {
        "entityType": "event",
        "name": "Ordered",
        "schemaJson": {
            "$schema": "http://json-schema.org/draft-07/schema",
            "additionalProperties": True,
            "description": "Ordered!",
            "required": ["total"],
            "properties": {
                "total": {"type": "number", "description": "in euro"},
                "state": {"type": "string", "enum": ["new", "paid"]},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
    }
    assert (profile["entityType"], profile["name"]) == ("profile", "$user")
    assert profile["schemaJson"]["required"] == ["$email"]
    assert profile["schemaJson"]["properties"] == {"$email": {"type": "string"}, "age": {"type": "number"}}
    assert found.left_out == ("group: Lexicon has schemas of track events and of user profiles only",)
    for entry in (event, profile):
        jsonschema_rs.Draft7Validator({key: v for key, v in entry["schemaJson"].items() if key != "$schema"})
