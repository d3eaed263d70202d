"""`segtap translate`: its lines equal what Segment's published code sends, and bad lines stay lines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from vectors import vector_lines, vectors

from segtap.core.commands.check import check_lines
from segtap.core.commands.translate import Line, translate_lines
from segtap.core.messages import JsonObject
from segtap.core.pipeline import compiled
from segtap.core.settings import Destination, RepairName

NOW = 1_795_557_600_000
SETTINGS: JsonObject = {"projectToken": "tok", "apiSecret": "hidden"}


def run(
    lines: Iterable[str | bytes],
    *,
    destination: Destination = Destination(settings=SETTINGS),  # noqa: B008 - frozen
    repairs: Sequence[RepairName] = (),
    **options: Any,
) -> list[Line]:
    settings = compiled(destination, repairs=repairs)
    return list(translate_lines(lines, settings, clock=lambda: NOW, **options))


def one(line: str | bytes, **options: Any) -> dict[str, Any]:
    (made,) = run([line], **options)
    return json.loads(made.text)


def properties(line: str) -> dict[str, Any]:
    return one(line)["requests"][0]["body"][0]["properties"]


@pytest.mark.parametrize("name", ["actions", "actions-alias-increment", "custom-mappings"])
def test_equals_what_segments_own_code_sends(name: str) -> None:
    differing: list[str] = []
    for row, line in zip(vectors(name), run(vector_lines(name), show_secrets=True), strict=True):
        made = json.loads(line.text)
        if [made["requests"], made["rejected"]] != [row["requests"], row["rejected"]]:
            differing.append(f"want {row['requests']} {row['rejected']}\ngot  {line.text}")
        assert made["messageId"] == row["message"].get("messageId")
        assert not line.failed
    assert not differing, f"{len(differing)} differ, the first:\n{differing[0]}"


CLASSIC = Destination(kind="classic-cloud")


def without_browser(request: dict[str, Any]) -> dict[str, Any]:
    """The request without what a user-agent parser of 2017 made, its base64 decoded."""
    decoded = json.loads(base64.b64decode(request.pop("data")))
    for body in (request["body"], decoded):
        for part in ("properties", "$set"):
            for name in ("$browser", "$browser_version"):
                body.get(part, {}).pop(name, None)
    return {**request, "decoded": decoded}


def test_equals_what_segments_classic_code_sends() -> None:
    name, differing = "classic-cloud", list[str]()
    lines = run(vector_lines(name), destination=CLASSIC, show_secrets=True)
    for row, line in zip(vectors(name), lines, strict=True):
        made = json.loads(line.text)
        want, got = ([without_browser(request) for request in side["requests"]] for side in (row, made))
        if [got, made["rejected"]] != [want, row["rejected"]]:
            differing.append(f"want {want} {row['rejected']}\ngot  {got} {made['rejected']}")
    assert not differing, f"{len(differing)} differ, the first:\n{differing[0]}"


def test_the_vectors_are_all_there() -> None:
    counts = {
        "actions": 400,
        "actions-alias-increment": 80,
        "custom-mappings": 500,
        "classic-cloud": 300,
    }
    assert {name: len(vector_lines(name)) for name in counts} == counts


class TestEnvelope:
    def test_a_bare_message_takes_the_given_settings_and_clock(self) -> None:
        made = one('{"type": "track", "event": "Signed Up", "messageId": "m1", "userId": "u"}')
        request = made["requests"][0]
        assert request["url"] == "https://api.mixpanel.com/import?strict=1"
        assert request["body"][0]["properties"]["time"] == NOW
        assert list(made) == ["messageId", "requests", "rejected", "warnings"]

    def test_an_envelope_brings_its_own_settings_and_clock(self) -> None:
        envelope = {
            "now": "2020-01-01T00:00:00Z",
            "settings": {"projectToken": "other", "apiRegion": "EU 🇪🇺", "strictMode": "0"},
            "message": {"type": "track", "event": "x"},
            "unknown": [1],
        }
        request = one(json.dumps(envelope))["requests"][0]
        assert request["url"] == "https://api-eu.mixpanel.com/import?strict=0"
        assert request["body"][0]["properties"]["time"] == 1_577_836_800_000

    def test_a_segment_call_with_a_field_named_message_is_no_envelope(self) -> None:
        line = '{"type": "track", "event": "x", "messageId": "m", "message": {"type": "page"}}'
        assert one(line)["messageId"] == "m"

    def test_subscriptions_that_are_off_do_not_run(self) -> None:
        subscription = {
            "subscribe": 'type = "track"',
            "partnerAction": "trackEvent",
            "mapping": {"event": {"@path": "$.event"}},
        }
        envelope = {"settings": {}, "message": {"type": "track", "event": "x"}}
        assert len(one(json.dumps({**envelope, "subscriptions": [subscription]}))["requests"]) == 1
        off = [{**subscription, "enabled": False}]
        assert one(json.dumps({**envelope, "subscriptions": off}))["requests"] == []

    @pytest.mark.parametrize(
        ("envelope", "words"),
        [
            ('{"settings": {}, "message": 3}', "message"),
            ('{"settings": 3, "message": {}}', "settings"),
            ('{"settings": {}, "message": {}, "now": "never"}', "now"),
            ('{"settings": {}, "message": {}, "subscriptions": {}}', "subscriptions"),
            ('{"settings": {}, "message": {}, "subscriptions": [3]}', "subscriptions[0]"),
            ('{"settings": {}, "message": {}, "subscriptions": [{}]}', "subscriptions[0]"),
        ],
    )
    def test_an_envelope_that_cannot_be_used_says_which_part(self, envelope: str, words: str) -> None:
        (line,) = run([envelope])
        assert line.failed
        assert words in json.loads(line.text)["error"]


class TestSecrets:
    MESSAGE = '{"type": "track", "event": "x"}'

    def test_the_api_key_of_a_classic_request_is_masked_unless_asked_for(self) -> None:
        line = json.dumps(
            {"settings": {"token": "tok", "apiKey": "k-1"}, "message": {"type": "track", "event": "x"}}
        )
        (masked,) = run([line], destination=CLASSIC)
        assert json.loads(masked.text)["requests"][0]["query"] == {"verbose": 1, "api_key": "••••"}
        (shown,) = run([line], destination=CLASSIC, show_secrets=True)
        assert json.loads(shown.text)["requests"][0]["query"] == {"verbose": 1, "api_key": "k-1"}

    def test_authorization_is_masked_unless_asked_for(self) -> None:
        (line,) = run([self.MESSAGE])
        assert "aGlkZGVuOg==" not in line.text
        assert json.loads(line.text)["requests"][0]["authorization"] == "Basic ••••"
        shown = one(self.MESSAGE, show_secrets=True)
        assert shown["requests"][0]["authorization"] == "Basic aGlkZGVuOg=="

    def test_without_a_secret_the_project_token_is_the_user(self) -> None:
        shown = one(
            self.MESSAGE, show_secrets=True, destination=Destination(settings={"projectToken": "tok"})
        )
        assert shown["requests"][0]["authorization"] == "Basic dG9rOg=="


class TestBadLines:
    @pytest.mark.parametrize(
        "line",
        [
            "nope",
            "[1]",
            "3",
            "{",
            b"\xff{}",
            "[" * 100_000,
            '{"a":' * 600 + "1" + "}" * 600,
            '{"type": "track", "event": "x", "properties": {"a": ' + "[" * 600 + "]" * 600 + "}}",
        ],
    )
    def test_becomes_one_error_line_and_the_rest_still_run(self, line: str | bytes) -> None:
        bad, good = run([line, '{"type": "track", "event": "x", "messageId": "m"}'])
        assert bad.failed
        assert list(json.loads(bad.text)) == ["error"]
        assert not good.failed
        assert json.loads(good.text)["messageId"] == "m"

    def test_blank_lines_are_passed_over(self) -> None:
        assert run(["", "  \n"]) == []


class TestNumbersAsJavaScriptReadsThem:
    @pytest.mark.parametrize(
        ("written", "sent"),
        [
            ("1.0", "1"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("9007199254740993", "9007199254740992"),
            ("12345678901234567890", "12345678901234567000"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"),
            ("1e400", "null"),
            ("NaN", "null"),
            ("-Infinity", "null"),
            ("1e21", "1e+21"),
            ("0.1", "0.1"),
            ("9" * 5000, "null"),
        ],
    )
    def test_in_properties(self, written: str, sent: str) -> None:
        (line,) = run([f'{{"type": "track", "event": "x", "properties": {{"n": {written}}}}}'])
        number = json.loads(line.text)["requests"][0]["body"][0]["properties"]["n"]
        assert (number, type(number)) == (json.loads(sent), type(json.loads(sent)))

    def test_the_last_of_two_keys_counts(self) -> None:
        assert properties('{"type": "track", "event": "x", "properties": {"a": 1, "a": 2}}')["a"] == 2

    def test_an_unpaired_surrogate_is_read_as_segment_reads_it(self) -> None:
        made = one('{"type": "track", "event": "\\ud800"}')
        assert made["requests"][0]["body"][0]["event"] == "\ufffd"
        assert "segment-would-change" in [finding["rule"] for finding in made["warnings"]]


def test_warnings_are_those_of_check() -> None:
    line = '{"settings": {"projectToken": "p"}, "message": {"type": "track"}}'
    (checked,) = check_lines([line], compiled(Destination(settings=SETTINGS)), clock=lambda: NOW)
    assert one(line)["warnings"] == [msgspec.to_builtins(finding) for finding in checked.findings]
    assert {"segment-would-reject"} <= {finding.rule for finding in checked.findings}


def test_requests_are_made_of_what_segment_would_refuse() -> None:
    made = one('{"type": "track", "event": "A", "integrations": {"All": false}, "properties": {"n": NaN}}')
    assert made["requests"][0]["body"][0]["event"] == "A"
    assert made["warnings"][0]["rule"] == "segment-would-reject"
