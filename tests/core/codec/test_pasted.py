"""A pasted Mixpanel body as the request that it is, and what the rules find in it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from segtap.core.api.models import MessageDetail
from segtap.core.catalogue import rules
from segtap.core.checks import MAX_FINDINGS, CheckSettings, check_records
from segtap.core.codec import decode
from segtap.core.codec.pasted import mixpanel_detail, records_in, without_secrets
from segtap.core.messages import Json
from segtap.core.settings import RuleSetting
from segtap.core.verdict import Operation, OutgoingRequest, Translation

NOW = 1_795_557_800_000
GOOD: dict[str, Json] = {
    "event": "Order Completed",
    "properties": {
        "token": "0123456789abcdef0123456789abcdef",
        "time": 1_795_557_763.873,
        "distinct_id": "u-1",
        "$insert_id": "xvgms6i0qm43st9z",
        "revenue": 59.8,
    },
}
PROFILE: dict[str, Json] = {"$token": "t" * 32, "$distinct_id": "u-1", "$set": {"plan": "pro"}}
GROUP: dict[str, Json] = {
    "$token": "t" * 32, "$group_key": "company", "$group_id": "acme", "$set": {"name": "Acme"},
}  # fmt: skip


def event(**properties: Json) -> dict[str, Json]:
    """The good event with other properties; None takes one away."""
    mine = {**GOOD["properties"], **properties}  # type: ignore[dict-item]
    return {"event": GOOD["event"], "properties": {k: v for k, v in mine.items() if v is not None}}


def read(text: str, **options: Any) -> MessageDetail:
    return mixpanel_detail(text, decode(text), **{"region": "us", "now": NOW, **options})


def request_of(detail: MessageDetail) -> OutgoingRequest:
    return detail.verdict.translation.operations[0].request


def found(body: Json, path: str = "/track", **settings: Any) -> set[tuple[str, str]]:
    request = OutgoingRequest("POST", f"https://api.mixpanel.com{path}", body=body)
    findings = check_records(
        Translation((Operation("", "", request),)), now=NOW, settings=CheckSettings(**settings)
    )
    return {(finding.rule, finding.path.removeprefix("requests[0].body")) for finding in findings}


class TestRequest:
    def test_base64_of_a_form_is_one_request_to_track(self) -> None:
        text = "data=" + base64.b64encode(json.dumps([GOOD, event(x=1)]).encode()).decode()
        detail = read(text, region="eu")
        request = request_of(detail)
        assert (request.method, request.url) == ("POST", "https://api-eu.mixpanel.com/track")
        assert request.content_type == "application/x-www-form-urlencoded"
        assert request.body == [GOOD, event(x=1)]
        assert detail.summary.name == "2 events: Order Completed"
        assert detail.source_kind == "mixpanel"
        assert detail.original.decode() == text
        assert detail.objections == (
            "No URL was pasted: /track of api-eu.mixpanel.com is where such records go",
        )
        assert detail.verdict.findings == ()

    @pytest.mark.parametrize(
        ("body", "path"), [([GOOD], "/import"), ([PROFILE], "/engage"), (GROUP, "/groups")]
    )
    def test_json_goes_where_its_kind_goes(self, body: Json, path: str) -> None:
        request = request_of(read(json.dumps(body)))
        assert request.url == f"https://api.mixpanel.com{path}"
        assert request.content_type == "application/json"
        assert request.body == body

    def test_a_url_says_host_path_and_query(self) -> None:
        data = quote(base64.b64encode(json.dumps(GOOD).encode()).decode(), safe="")
        detail = read(f"https://api-in.mixpanel.com/track/?ip=1&data={data}&api_key=sesame12345")
        request = request_of(detail)
        assert (request.method, request.url) == ("GET", "https://api-in.mixpanel.com/track/")
        assert request.query == {"ip": "1", "api_key": "••••"}
        assert request.content_type is None
        assert detail.objections == ()
        assert b"sesame" not in detail.original

    def test_a_path_alone_is_completed(self) -> None:
        data = quote(json.dumps(PROFILE), safe="")
        detail = read(f"POST /engage/?verbose=1&data={data} HTTP/1.1")
        assert request_of(detail).method == "POST"
        assert request_of(detail).url == "https://api.mixpanel.com/engage/"
        assert detail.objections == ("No host was pasted: it is shown as api.mixpanel.com's",)

    @pytest.mark.parametrize(
        "credentials",
        ["-u 'sesame:'", "-usesame:", "--user=sesame:", "-H 'Authorization: Basic c2VzYW1l'"],
    )
    def test_the_credentials_of_a_curl_command_are_dots(self, credentials: str) -> None:
        text = (
            f"curl -X POST 'https://api.mixpanel.com/import?strict=1' {credentials} "
            f"-H 'Content-Type: application/json' -d '{json.dumps([GOOD])}'"
        )
        detail = read(text)
        request = request_of(detail)
        assert (request.method, request.url) == ("POST", "https://api.mixpanel.com/import")
        assert request.query == {"strict": "1"}
        assert request.authorization == "Basic ••••"
        whole = repr(detail)
        assert "sesame" not in whole
        assert "c2VzYW1l" not in whole
        assert b"Order Completed" in detail.original

    def test_secrets_of_other_texts(self) -> None:
        assert without_secrets("https://me:secretpw@host/x?api_secret=abc&a=1") == (
            "https://••••@host/x?api_secret=••••&a=1"
        )
        assert without_secrets('{"api_key": "abc"}') == '{"api_key": "••••"}'
        assert without_secrets("data=e30=&api_key=abc") == "data=e30=&api_key=••••"
        # An event may well have a property that is called user, or say -u.
        assert without_secrets('{"event": "-u x"}') == '{"event": "-u x"}'

    def test_what_was_read_generously_is_told(self) -> None:
        detail = read('{"event": "A", "properties": {"x": NaN, "time": 1795557763}}')
        assert any("NaN at $.properties.x" in words for words in detail.objections)

    def test_other_texts_are_no_mixpanel_body(self) -> None:
        assert records_in(decode('{"a": 1}')) == 0
        assert records_in(decode('{"type": "track", "event": "A", "userId": "u"}')) == 0
        assert records_in(decode(json.dumps([GOOD, GOOD]))) == 2
        assert records_in(decode(json.dumps(PROFILE))) == 1


class TestRules:
    @pytest.mark.parametrize(
        ("body", "path"),
        [
            (GOOD, "/track"),
            ([GOOD], "/track/"),
            (event(time=1_795_557_763_873, token=None), "/import"),
            (event(n=12345678901234567890, zip="94107"), "/track"),  # no JavaScript reads it
            (event(distinct_id="$device:c6368b92-89e3-4c92-aff2-c218918225e4"), "/track"),
            (PROFILE, "/engage"),
            (GROUP, "/groups/"),
            (
                {"event": "$create_alias", "properties": {"token": "t", "distinct_id": "a", "alias": "b"}},
                "/track",
            ),
        ],
    )
    def test_what_is_right_is_left_alone(self, body: Json, path: str) -> None:
        assert found(body, path) == set()

    @pytest.mark.parametrize(
        ("body", "path", "rule", "place"),
        [
            (event(**{"$insert_id": "order_991"}), "/track", "insert-id-charset", ".properties.$insert_id"),
            (event(**{"$insert_id": "a" * 37}), "/track", "insert-id-length", ".properties.$insert_id"),
            (event(**{"$insert_id": None}), "/track", "insert-id-missing", ".properties"),
            (
                event(mp_lib="Segment: web", **{"$insert_id": None}),
                "/track",
                "insert-id-missing",
                ".properties",
            ),
            (
                event(mp_lib="Segment: analytics.js", **{"$insert_id": None}),
                "/track",
                "insert-id-undocumented",
                ".properties.$insert_id",
            ),
            (event(distinct_id="null"), "/track", "placeholder-user-id", ".properties.distinct_id"),
            (event(distinct_id="{{id}}"), "/track", "placeholder-user-id", ".properties.distinct_id"),
            (event(distinct_id=" u1"), "/track", "id-whitespace", ".properties.distinct_id"),
            (event(**{" plan": 1}), "/track", "property-name", ".properties[' plan']"),
            (event(cart={"": 1}), "/import", "property-name", ".properties.cart['']"),
            (event(amount="12 €"), "/track", "number-as-text", ".properties.amount"),
            ({**GOOD, "event": " Paid"}, "/track", "event-name", ".event"),
            ({**GOOD, "event": 5}, "/track", "event-name", ".event"),
            ({**PROFILE, "$distinct_id": "u1 "}, "/engage", "id-whitespace", ".$distinct_id"),
            ({**PROFILE, "$set": {"plan ": 1}}, "/engage", "property-name", ".$set['plan ']"),
            ({**GROUP, "$group_id": "acme "}, "/groups", "id-whitespace", ".$group_id"),
            (event(distinct_id=""), "/track", "no-identity", ".properties.distinct_id"),
            (event(distinct_id=None), "/track", "no-identity", ".properties"),
            (event(time=None), "/import", "time-out-of-range", ".properties"),
            (event(time="yesterday"), "/track", "time-out-of-range", ".properties.time"),
            (event(time=12), "/track", "time-out-of-range", ".properties.time"),
            (event(time=NOW / 1000 + 7200), "/track", "time-out-of-range", ".properties.time"),
            (event(token=None), "/track", "refused-with-200", ".properties"),
            (event(length=3), "/track", "reserved-property", ".properties.length"),
            (event(born="1/2/2020"), "/track", "date-format", ".properties.born"),
            (event(mp_country_code="Germany"), "/track", "country-code", ".properties.mp_country_code"),
            (event(**{"odd key": "x" * 300}), "/track", "string-truncated", ".properties['odd key']"),
            (event(a={"b": {"c": {"d": {"e": 1}}}}), "/track", "nesting-too-deep", ".properties.a.b.c.d"),
            (GOOD, "/engage", "refused-with-200", ""),
            (PROFILE, "/groups", "refused-with-200", ""),
            ({**PROFILE, "$token": ""}, "/engage", "refused-with-200", ""),
            ({**PROFILE, "$distinct_id": ""}, "/engage", "no-identity", ".$distinct_id"),
            ({**PROFILE, "$distinct_id": "undefined"}, "/engage", "placeholder-user-id", ".$distinct_id"),
            ({**PROFILE, "$set": {"born": "1/2/2020"}}, "/engage", "date-format", ".$set.born"),
            (
                {**GROUP, "$set": {"$country_code": "Germany"}},
                "/groups",
                "country-code",
                ".$set.$country_code",
            ),
            (
                {
                    "event": "$identify",
                    "properties": {"token": "t", "$identified_id": "u", "$anon_id": "not-a-uuid"},
                },
                "/track",
                "anonymous-id-not-uuid4",
                ".properties.$anon_id",
            ),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named_at_its_place(self, body: Json, path: str, rule: str, place: str) -> None:
        assert (rule, place) in found(body, path)

    def test_a_later_record_is_named_by_its_number(self) -> None:
        assert found([GOOD, event(time=12)]) == {("time-out-of-range", "[1].properties.time")}

    def test_identity_events_are_judged_by_the_mode(self) -> None:
        alias: Json = {
            "event": "$create_alias",
            "properties": {"token": "t", "distinct_id": "a", "alias": "b"},
        }
        assert found(alias, identity="simplified") == {("alias-ignored", ".event")}
        assert found(
            {**PROFILE, "$distinct_id": "d", "$device_id": "d"}, "/engage", identity="simplified"
        ) == {("anonymous-profile-prefix", ".$distinct_id")}

    def test_settings_silence_a_rule(self) -> None:
        silenced = (RuleSetting(id="time-out-of-range", severity="off", event="Order *"),)
        assert found(event(time=12), rules=silenced) == set()

    def test_many_of_a_rule_are_counted(self) -> None:
        request = OutgoingRequest("POST", "https://api.mixpanel.com/track", body=[event(time=12)] * 2000)
        findings = check_records(Translation((Operation("", "", request),)), now=NOW)
        assert len(findings) == MAX_FINDINGS
        assert findings[-1].message.endswith(f"(and {2000 - MAX_FINDINGS:,} more)")

    def test_each_is_in_the_catalogue(self) -> None:
        known = {rule.id for rule in rules()}
        for body in (
            event(time=12, distinct_id="null", length=1),
            {**PROFILE, "$token": "", "$distinct_id": ""},
        ):
            assert {rule for rule, _ in found(body)} <= known


@pytest.mark.parametrize("host", ["[bad", "a]b", "[1.2.3.4]"])
def test_an_address_that_is_no_url_costs_only_the_address(host: str) -> None:
    line = f"curl 'https://{host}/track' -d '{json.dumps([GOOD])}'"
    for text in (line, f"https://{host}/import?data={base64.b64encode(json.dumps(GOOD).encode()).decode()}"):
        detail = read(text)
        assert request_of(detail).url.startswith("https://api.mixpanel.com/")
        assert any(words.startswith("The pasted URL cannot be read") for words in detail.objections)


def test_a_request_that_is_written_out_keeps_its_headers_but_for_secrets() -> None:
    secret = base64.b64encode(b"project-secret:").decode()
    text = (
        f"> POST /import?strict=1 HTTP/1.1\n> Host: api-eu.mixpanel.com\n> Authorization: Basic {secret}\n"
        f"> Content-Type: application/json\n>\n{json.dumps([GOOD, GOOD])}\n< HTTP/1.1 200 OK\n<\n{{}}\n"
    )
    detail = read(text)
    request = request_of(detail)
    assert (request.method, request.url) == ("POST", "https://api-eu.mixpanel.com/import")
    assert (request.content_type, request.query) == ("application/json", {"strict": "1"})
    assert request.authorization == "Basic ••••"
    assert secret not in str(detail)
    assert len(list(request.records())) == 2
