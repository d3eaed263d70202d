"""misplaced-field: what a call carries where no destination looks for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check_helpers import DESTINATION, classic, every_real_message, findings, found

from segtap.core.settings import Destination, Subscription

KINDS = pytest.mark.parametrize(
    "destination", [DESTINATION, classic(people=True)], ids=["actions", "classic-cloud"]
)
EVENTS = ("track", "page", "screen")


def call(type: str, **fields: Any) -> dict[str, Any]:
    """A call of a server, `fields` at its top level."""
    named = {"event": "Signed Up"} if type == "track" else {"name": "Start"} if type in EVENTS else {}
    ids = {"messageId": "7e3e501b-d0d6-4f13-bb30-4fb3140b7f29", "userId": "u-1"}
    more = {"timestamp": "2026-11-24T21:59:00.000Z", "context": {"ip": "203.0.113.9"}}
    return {"type": type, **ids, **more, **named, **fields}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (call("identify", properties={"plan": "pro"}), "$.properties", "traits"),
    (call("identify", traits={"plan": "pro"}, properties={"email": "a@b.example"}), "$.properties", "traits"),
    (call("group", groupId="g1", traits={"plan": "pro"}, properties={"name": "A"}), "$.properties", "traits"),
    (call("identify", props={"plan": "pro"}), "$.props", "traits"),
    (call("identify", properties="pro"), "$.properties", "traits"),
    (call("identify", context={"traits": {"plan": "pro"}}), "$.context.traits", "traits"),
    (call("identify", traits={}, context={"traits": {"plan": "pro"}}), "$.context.traits", "traits"),
    *((call(type, traits={"plan": "pro"}), "$.traits", "properties") for type in EVENTS),
    *((call(type, properties={"a": 1}, traits={"b": 2}), "$.traits", "properties") for type in EVENTS),
    (call("track", Traits={"plan": "pro"}), "$.Traits", "properties"),
    *(
        (call(type, **{name: "g1"}), f"$.{name}", "context.groupId")
        for type in EVENTS
        for name in ("groupId", "group_id", "groupID", "GroupId", "groupid", "GROUP_ID", "$group_id")
    ),
    (call("track", groupId=7), "$.groupId", "context.groupId"),
    (call("track", groupId="g1", context={"groupId": "g2"}), "$.groupId", "context.groupId"),
]


@KINDS
@pytest.mark.parametrize(("message", "path", "place"), WRONG, ids=lambda value: json.dumps(value)[:60])
def test_the_right_place_is_named(
    message: dict[str, Any], path: str, place: str, destination: Destination
) -> None:
    told = findings(message, destination=destination)
    (finding,) = [one for one in told if one.rule == "misplaced-field"]
    assert (finding.severity, finding.path) == ("warning", path)
    assert f"send it as {place}" in finding.fix or f"send them as {place}" in finding.fix
    silent = [one for one in told if one.path == path and one.rule.startswith("common-field")]
    assert silent == []


@KINDS
@pytest.mark.parametrize(
    "message",
    [
        call("identify", traits={"plan": "pro"}, context={"traits": {"email": "a@b.example"}}),
        call("identify", traits={"plan": "pro"}, properties={}),
        call("identify", traits={"plan": "pro"}, properties=None),
        # What mobile SDKs always write there.
        call("identify", traits={}, context={"traits": {"userId": "u-1", "anonymousId": "a-1"}}),
        call("identify"),
        call("track", context={"traits": {"plan": "pro"}, "groupId": "g1"}, properties={"plan": "pro"}),
        call("track", groupId="g1", context={"groupId": "g1"}),
        call("track", groupId=None, traits={}),
        call("group", groupId="g1", traits={"plan": "pro"}, context={"traits": {"email": "a@b.example"}}),
        call("alias", previousId="u-0", traits={"plan": "pro"}),
        *every_real_message(),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_what_stands_where_it_belongs_is_quiet(message: dict[str, Any], destination: Destination) -> None:
    assert found(message, "misplaced-field", destination=destination) == []


def test_the_classic_destination_reads_the_group_key_alone() -> None:
    (finding,) = found(call("track", groupId="g1"), "misplaced-field", destination=classic())
    assert "the group key (such as company_id) as a property" in finding.fix


def test_a_field_that_a_mapping_reads_is_where_it_belongs() -> None:
    """A workspace may map any field of the message."""

    def told(taken: dict[str, Any], **fields: Any) -> set[str]:
        mapping = {"event": {"@path": "$.event"}, "group_id": taken}
        own = Subscription(subscribe='type = "track"', partner_action="trackEvent", mapping=mapping)
        destination = Destination(settings=DESTINATION.settings, subscriptions=(own,))
        message = call("track", groupId="g1", traits={"plan": "pro"}, **fields)
        return {one.path for one in found(message, "misplaced-field", destination=destination)}

    assert told({"@path": "$.groupId"}) == {"$.traits"}
    assert told({"@template": "org {{groupId}}"}) == {"$.traits"}
    assert told({"@path": "$.traits.plan"}) == {"$.groupId"}
    assert told({"@path": "$.context.groupId"}) == {"$.traits", "$.groupId"}
    assert told({"@path": "$.context.groupId"}, messageId=None) == {"$.traits", "$.groupId"}


def test_a_call_of_another_kind_still_hears_of_the_spelling() -> None:
    (finding,) = found(call("group", group_id="g1", traits={"a": 1}), "common-field-name")
    assert (finding.path, finding.fix) == ("$.group_id", "write it groupId")
