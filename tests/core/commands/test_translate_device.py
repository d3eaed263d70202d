"""`segtap translate --destination classic-device`: pages of their own, and bare messages as one page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vectors import vector_lines, vectors

from segtap.core.commands.translate import Line
from segtap.core.commands.translate_device import simulate_lines
from segtap.core.messages import JsonObject
from segtap.core.sources.bounds import Bounds

NOW = 1_795_557_600_000
SETTINGS: JsonObject = {"token": "tok", "superProperties": ["plan"]}
PAGE = {"page": {"url": "https://www.shop.example/", "referrer": ""}}


def run(lines: Iterable[Any], **options: Any) -> list[Line]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return list(simulate_lines(texts, SETTINGS, clock=lambda: NOW, **options))


def read(lines: Iterable[Any], **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line.text) for line in run(lines, **options)]


def track(event: str, who: str = "a", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "anonymousId": who, "context": PAGE, **fields}


def test_rows_come_out_as_the_page_sent_them() -> None:
    made = list(simulate_lines(vector_lines("classic-device"), {}, clock=lambda: NOW))
    assert not any(line.failed for line in made)
    assert [json.loads(line.text) for line in made] == [
        {name: row[name] for name in ("operations", "super_properties")} for row in vectors("classic-device")
    ]


def test_bare_messages_of_one_anonymous_id_are_one_page() -> None:
    lines = [
        track("A", properties={"plan": "pro"}),
        track("B", "other"),
        track("C"),
        [track("D"), track("E", "other")],
    ]
    made = read(lines)
    assert [one["operations"][0]["call"] for one in made] == [1, 1, 2, 3, 2]
    sent = [one["operations"][0]["data"]["properties"] for one in made]
    assert [one.get("plan") for one in sent] == ["pro", None, "pro", "pro", None]
    assert {one["$device_id"] for one in sent} == {"<device_id>", "<device_id:2>"}
    assert made[0]["super_properties"]["plan"] == "pro"


def test_a_line_that_is_bad_becomes_an_error_and_the_rest_still_run() -> None:
    lines = [
        "nonsense",
        {"settings": [], "messages": []},
        {"messages": {}},
        {"messages": [1]},
        {"page": "x", "messages": []},
        {"page": {"url": 1}, "messages": []},
        {"calls": {}, "messages": []},
        "[]",
        track("A"),
    ]
    made = run(lines)
    assert [line.failed for line in made] == [True] * 8 + [False]
    errors = [json.loads(line.text)["error"] for line in made[:8]]
    assert errors[2:6] == [
        "messages has to be a list of JSON objects",
        "messages[0] has to be a JSON object",
        'page has to be a JSON object such as {"url": "https://…", "referrer": "https://…"}',
        "the url of page has to be a text",
    ]


def test_a_page_without_settings_has_those_of_the_file() -> None:
    visit = {"messages": [track("A", properties={"plan": "pro"}), track("B")]}
    (made,) = read([visit])
    assert [one["data"]["properties"]["token"] for one in made["operations"]] == ["tok", "tok"]
    assert made["super_properties"]["plan"] == "pro"
    (own,) = read([{**visit, "settings": {"token": "t"}}])
    assert "plan" not in own["super_properties"]


def test_an_envelope_around_one_message_is_a_page_of_its_own() -> None:
    made = read([track("A", properties={"plan": "pro"}), {"settings": {"token": "t"}, "message": track("B")}])
    properties = made[1]["operations"][0]["data"]["properties"]
    assert properties["token"] == "t"
    assert "plan" not in properties


def test_the_clock_is_the_message_s_timestamp_else_the_given_one() -> None:
    visit = {
        "messages": [track("A", timestamp="2026-11-24T22:00:01.5Z"), track("B"), track("C", timestamp="?")]
    }
    (made,) = read([visit])
    assert [one["data"]["properties"]["time"] for one in made["operations"]] == [
        NOW / 1000 + 1.5,
        NOW / 1000,
        NOW / 1000,
    ]


def test_reloads_go_to_the_first_page_unless_they_or_the_next_message_name_another() -> None:
    cart = {"page": {"url": "https://www.shop.example/cart", "referrer": ""}}
    visit = {
        "page": {"url": "https://www.shop.example/#top", "referrer": "https://blog.example/"},
        "calls": [
            {"method": "track"},
            {"method": "reload"},
            {"method": "track"},
            {"method": "reload", "url": "https://www.shop.example/cart#x"},
            {"method": "track"},
            {"method": "reload"},
            {"method": "track"},
        ],
        "messages": [track("A"), track("B"), track("C", context=cart), track("D", context=cart)],
    }
    (made,) = read([visit])
    urls = [one["data"]["properties"]["$current_url"] for one in made["operations"]]
    assert urls == [
        "https://www.shop.example/#top",
        "https://www.shop.example/#top",
        "https://www.shop.example/cart#x",
        "https://www.shop.example/cart",
    ]
    referrers = [one["data"]["properties"].get("$referrer") for one in made["operations"]]
    assert referrers == ["https://blog.example/", None, None, None]


def test_calls_on_which_the_page_s_code_fails_are_named() -> None:
    (made,) = read([{"messages": [track("A"), {"type": "track", "anonymousId": "a"}]}])
    assert len(made["operations"]) == 1
    assert made["failed"] == {"2": "The event's name is not a text: the page's code ends with a TypeError."}


def test_bounds_hold_and_what_is_nested_deep_is_an_error_or_runs() -> None:
    small = Bounds(message=300, nodes=20, decoded=600)
    lines = [track("A", properties={"x": "y" * 400}), {"messages": [track("A")] * 9}, track("B")]
    assert [line.failed for line in run(lines, bounds=small)] == [True, True, False]
    many = {"messages": [track("A", properties={"x": [0] * 250})] * 2}
    assert [line.failed for line in run([many], bounds=Bounds(nodes=20))] == [True]
    (made,) = run(['{"type":"track","event":"A","properties":{"a":' + "[" * 505 + "]" * 505 + "}}"])
    assert not made.failed


def test_calls_say_that_alias_had_no_second_argument() -> None:
    alias = {"type": "alias", "userId": "new", "previousId": "other", "anonymousId": "a", "context": PAGE}
    originals: list[Any] = []
    for calls in (
        [],
        [{"method": "alias", "args": ["new"]}],
        [{"method": "alias", "args": ["new", "given"]}],
    ):
        (made,) = read([{"calls": calls, "messages": [alias]}])
        originals.append(made["operations"][0]["data"]["properties"]["distinct_id"])
    assert originals == ["other", "$device:<device_id>", "given"]
