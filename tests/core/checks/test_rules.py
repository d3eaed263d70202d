"""Each rule on a real message that is wrong, and on one that is right."""

import tomllib
from typing import Any

import msgspec
import pytest
from check_helpers import (
    DESTINATION,
    NOW,
    TRANSLATOR,
    every_real_message,
    findings,
    found,
    inspected,
    real_message,
    verdict_on,
)
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.catalogue import rules
from segtap.core.catalogue.calls import RULES
from segtap.core.checks import MAX_FINDINGS, check
from segtap.core.checks.request import event_records
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.messages import CALL_TYPES
from segtap.core.objections import change, rejection
from segtap.core.text import clean

UUID = "6d5dc550-92e6-4f3d-8356-fc8ca0a56b3c"


def track(**properties: Any) -> dict[str, Any]:
    return real_message("python", "track", event="Signed Up", properties=properties)


def with_context(message: dict[str, Any], **context: Any) -> dict[str, Any]:
    message["context"] = {**message["context"], **context}
    return message


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"end": 1}
    for _ in range(depth - 1):
        value = {"inner": value}
    return value


WRONG: list[tuple[str, dict[str, Any], str, str, str]] = [
    # rule, message, severity, path, words
    ("unmatched", real_message("python", "alias"), "warning", "$.type", "no subscription takes alias calls"),
    (
        "rejected-by-destination",
        real_message("python", "track", event=...),
        "error",
        "$",
        "Segment's destination refuses it: The root value is missing the required field 'event'.",
    ),
    (
        "insert-id-charset",
        track() | {"messageId": "order_991"},
        "error",
        "$.messageId",
        'messageId "order_991": Mixpanel takes letters, digits and - only',
    ),
    (
        "insert-id-length",
        track() | {"messageId": f"job-{UUID}"},
        "warning",
        "$.messageId",
        f'messageId "job-{UUID}" has 40 bytes: Mixpanel documents 36 at most',
    ),
    (
        "insert-id-missing",
        real_message("node", "page", messageId=...),
        "warning",
        "$.messageId",
        "no messageId was sent: sent again, this event counts twice",
    ),
    (
        "placeholder-user-id",
        real_message("python", "track", userId="undefined"),
        "error",
        "$.userId",
        'userId "undefined" is a placeholder: Mixpanel refuses it as distinct_id',
    ),
    (
        "no-identity",
        real_message("next", "track", userId=None, anonymousId=...),
        "warning",
        "$.userId",
        "no userId and no anonymousId: the event belongs to no user",
    ),
    (
        "identify-without-user-id",
        real_message("next", "identify", userId=None),
        "info",
        "$.userId",
        "no userId: the traits go to the visitor's own profile",
    ),
    (
        "alias-without-previous-id",
        real_message("node", "alias", previousId=...),
        "error",
        "$.previousId",
        "no previousId: there is nothing to join to userId",
    ),
    (
        "group-without-traits",
        real_message("node", "group", traits=...),
        "error",
        "$.traits",
        "no traits: Segment's destination refuses a group call without them",
    ),
    (
        "time-out-of-range",
        real_message("python", "track", timestamp="2027-01-03T22:00:01Z"),
        "error",
        "$.timestamp",
        "the event's time is in 40 days: Mixpanel takes an hour ahead at most",
    ),
    (
        "timestamp-suspect",
        real_message("python", "track", timestamp=1795557464),
        "warning",
        "$.timestamp",
        "timestamp 1795557464 looks like seconds; Segment reads milliseconds, which lands in 1970",
    ),
    (
        "page-name-missing",
        real_message("next", "page"),
        "warning",
        "$.name",
        'no name: the event is "Viewed ", as for every other page without one',
    ),
    (
        "reserved-property",
        track(length=12),
        "warning",
        "$.properties.length",
        'property "length": it breaks Mixpanel\'s own web SDK',
    ),
    (
        "insert-id-forbidden",
        track() | {"messageId": "undefined"},
        "error",
        "$.messageId",
        'messageId "undefined" is a placeholder: Mixpanel refuses the event',
    ),
    (
        "no-client-ip",
        with_context(real_message("node", "track"), ip=None, userAgent="Mozilla/5.0"),
        "warning",
        "$.context.ip",
        "context has the user's userAgent but no ip: Mixpanel cannot tell the place",
    ),
]

RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("unmatched", real_message("python", "track")),
    ("rejected-by-destination", real_message("python", "track")),
    ("insert-id-charset", track() | {"messageId": UUID}),
    ("insert-id-length", track() | {"messageId": UUID}),
    ("insert-id-missing", real_message("node", "page")),
    ("placeholder-user-id", real_message("python", "track", userId="nobody@example.com")),
    ("placeholder-user-id", real_message("python", "track", userId=None, anonymousId=UUID)),
    ("no-identity", real_message("next", "track", userId=None)),
    ("identify-without-user-id", real_message("next", "identify")),
    ("alias-without-previous-id", real_message("node", "alias")),
    ("group-without-traits", real_message("node", "group", traits={})),
    ("time-out-of-range", real_message("python", "track", timestamp="2026-11-24T22:59:00Z")),
    ("time-out-of-range", real_message("python", "track", timestamp="1971-01-01T00:00:00Z")),
    ("timestamp-suspect", real_message("python", "track")),
    ("timestamp-suspect", real_message("python", "track", timestamp="2026-11-24")),
    ("timestamp-suspect", real_message("python", "track", timestamp=1795557464000)),
    ("timestamp-suspect", real_message("python", "track", timestamp=...)),
    ("page-name-missing", real_message("python", "page")),
    ("reserved-property", track(size=12, Length=3)),
    ("insert-id-forbidden", track() | {"messageId": "00000000-0000-4000-8000-000000000001"}),
    ("no-client-ip", real_message("node", "track")),
    ("no-client-ip", real_message("next", "track")),
]


@pytest.mark.parametrize(
    ("rule", "message", "severity", "path", "words"), WRONG, ids=[row[0] for row in WRONG]
)
def test_a_wrong_message_is_named(
    rule: str, message: dict[str, Any], severity: str, path: str, words: str
) -> None:
    (finding,) = found(message, rule)
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message
    assert finding.fix


@pytest.mark.parametrize(("rule", "message"), RIGHT, ids=[row[0] for row in RIGHT])
def test_a_right_message_is_left_alone(rule: str, message: dict[str, Any]) -> None:
    assert found(message, rule) == []


BY_INGEST = {"segment-would-reject", "segment-would-change", "second-receipt"}
"""Rules that repeat what ingest saw; their tests are those of inspect."""

CLASSIC_ONLY = {"page-double-count", "insert-id-undocumented"}
"""Rules of the classic destination; see test_classic_rules."""


def test_every_rule_has_both_examples() -> None:
    assert len(rules()) == len({rule.id for rule in rules()})
    ids = [rule.id for rule in RULES]
    assert {row[0] for row in WRONG} == set(ids) - BY_INGEST - CLASSIC_ONLY
    assert {row[0] for row in RIGHT} == set(ids) - BY_INGEST - CLASSIC_ONLY


def test_the_catalogue_is_complete() -> None:
    for rule in rules():
        assert rule.what
        assert rule.why.endswith(".")
        assert rule.fix
        assert rule.source.startswith("https://")
        if rule.kind not in ("request", "settings"):
            assert set(rule.applies_to) <= set(CALL_TYPES)
        else:
            assert set(rule.applies_to) <= {"/import", "/track", "/engage", "/groups"}


def test_real_sdk_messages_are_only_found_wrong_where_they_are() -> None:
    warned = {
        (message["type"], finding.rule)
        for message in every_real_message()
        for finding in findings(message)
        if finding.severity != "info"
    }
    # The captured page() of analytics.js has no name, its alias() joins a user to himself, no preset takes
    # alias(), and the anonymous ids of the servers are "anon-1".
    assert warned == {
        ("page", "page-name-missing"),
        ("alias", "alias-without-previous-id"),
        ("alias", "unmatched"),
        ("identify", "anonymous-id-not-uuid4"),
    }


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [
        ("1795557464", "looks like seconds"),
        (1795557464000000, "looks like microseconds"),
        ("2026-13-45T00:00:00Z", "is not a date of the calendar"),
        ("yesterday", "is no ISO 8601 date"),
        ("Tue Nov 24 2026", "is no ISO 8601 date"),
        ("1970-01-21T18:45:57.464Z", "lies in early 1970: seconds were taken for milliseconds"),
        (True, "is not a date"),
        ([], "is not a date"),
        ("9" * 5000, "is not a date"),
        (10**400, "looks like microseconds"),
    ],
)
def test_odd_timestamps(timestamp: Any, words: str) -> None:
    message = real_message("python", "track")
    message |= {"timestamp": "2026-11-24T22:00:00Z", "originalTimestamp": timestamp}
    (finding,) = found(message, "timestamp-suspect")
    assert words in finding.message
    assert len(finding.message) < 200


@pytest.mark.parametrize(
    ("user", "severity"),
    [
        ("null", "error"),
        ("NULL", "warning"),
        (0, "error"),
        (False, "error"),
        ("N/A", "warning"),
        ("<nil>", "error"),
    ],
)
def test_placeholders_in_other_spellings_are_only_suspected(user: Any, severity: str) -> None:
    (finding,) = found(real_message("python", "track", userId=user), "placeholder-user-id")
    assert finding.severity == severity


def test_an_empty_user_id_hides_the_anonymous_one() -> None:
    (finding,) = found(real_message("next", "track", userId=""), "no-identity")
    assert finding.message == 'userId "" wins over anonymousId: the event belongs to no user'


HASH = "0123456789abcdef0123456789abcdef"
BY_SDK = "(Segment's SDK makes such ids)"
BY_PRODUCT = "(Segment puts the product's number before the order's)"


def order(message_id: str) -> dict[str, Any]:
    products = [{"product_id": str(number), "price": 1} for number in range(12)]
    return real_message("python", "track", messageId=message_id, properties={"products": products})


@pytest.mark.parametrize(
    ("message", "cause", "where"),
    [
        (real_message("node", "track"), BY_SDK, "$.messageId"),
        (real_message("next", "track"), BY_SDK, "$.messageId"),
        (track() | {"messageId": f"ajs-next-{HASH}"}, BY_SDK, "$.messageId"),
        (track() | {"messageId": f"node-{HASH}-{UUID}"}, BY_SDK, "$.messageId"),
        (real_message("python", "track"), BY_PRODUCT, "requests[0].body[1].properties.$insert_id"),
        (order(UUID), BY_PRODUCT, "requests[0].body[1].properties.$insert_id"),
        (order(f"ajs-{HASH}"), BY_SDK, "requests[0].body[1].properties.$insert_id"),
    ],
    ids=["node", "next", "next of old", "node of old", "product", "products", "product of analytics.js"],
)
def test_an_insert_id_that_segment_makes_is_a_note_with_a_mapping_that_shortens_it(
    message: dict[str, Any], cause: str, where: str
) -> None:
    (finding,) = found(message, "insert-id-length")
    assert (finding.severity, finding.path) == ("info", where)
    assert finding.message.endswith(cause)
    assert "UUID" not in finding.fix
    # The mapping does what the fix says of it.
    mapping = tomllib.loads(finding.fix.partition("shorten it: ")[2])
    presets = [
        msgspec.structs.replace(one, mapping={**one.mapping, **mapping})
        for one in preset_subscriptions()
        if one.partner_action in ("trackEvent", "trackPurchase")
    ]
    mapped = msgspec.structs.replace(DESTINATION, subscriptions=tuple(presets))
    made = inspected(message, destination=mapped)
    assert not [one for one in made.findings if one.rule.startswith("insert-id")]
    ids = [properties["$insert_id"] for _, _, properties in event_records(made.translation)]
    assert len(set(ids)) == len(ids) > 0


@pytest.mark.parametrize("message_id", ["x" * 37, f"1{UUID}", f"my-next-{HASH}", f"{HASH}-{HASH}"])
def test_an_insert_id_that_somebody_chose_is_a_warning(message_id: str) -> None:
    (finding,) = found(track() | {"messageId": message_id}, "insert-id-length")
    assert (finding.severity, finding.fix) == ("warning", "send a UUID as messageId: 36 characters")


def test_a_server_call_that_tells_nothing_of_the_client_is_a_note() -> None:
    (finding,) = found(real_message("python", "page"), "no-client-ip")
    assert finding.severity == "info"


def test_many_properties_are_a_warning_before_they_are_an_error() -> None:
    (finding,) = found(track(**{f"p{n}": n for n in range(210)}), "too-many-properties")
    assert finding.severity == "warning"


def test_many_findings_of_one_rule_are_counted() -> None:
    truncated = found(track(**{f"p{n}": "x" * 300 for n in range(50)}), "string-truncated")
    assert len(truncated) == MAX_FINDINGS
    assert truncated[-1].message.endswith("(and 25 more)")


def test_every_trait_that_is_lost_is_named() -> None:
    traits = {f"${name}": "x" for name in ("email", "name", "phone", "username", "first_name", "last_name")}
    message = real_message("node", "identify", traits={**traits, "$created": "2026-01-01T00:00:00Z"})
    named = {finding.path for finding in found(message, "property-dropped")}
    assert named == {f"$.traits.{name}" for name in (*traits, "$created")}


def test_errors_come_first() -> None:
    message = track(length=1, ids=list(range(255)))
    severities = [finding.severity for finding in findings(message)]
    assert severities[0] == "error"
    assert severities == sorted(severities, key=["error", "warning", "info"].index)


def test_strange_values_are_quoted_harmlessly() -> None:
    message = track(**{"\x1b[31m" + "k" * 500: "x" * 300, "ip": "\x1b]0;owned\x07" * 50})
    message["messageId"] = "\x1b[2J\u202e" + "m" * 500
    for finding in findings(message):
        assert "\x1b" not in finding.message
        assert "\u202e" not in finding.message
        assert len(finding.message) < 250
        assert len(finding.path) < 400


def test_objections_become_findings() -> None:
    words = "Segment would reject this: 40.1 KB, its limit is 32 KB"
    given = (rejection("40.1 KB, its limit is 32 KB"), change("no ip is filled in"))
    verdict = inspected(real_message("python", "track"), objections=given)
    told = {(finding.rule, finding.severity, finding.message) for finding in verdict.findings}
    assert ("segment-would-reject", "error", words) in told
    assert ("segment-would-change", "info", "no ip is filled in") in told
    assert verdict.errors == 1


def test_one_mistake_is_told_once() -> None:
    message = real_message("node", "group", traits=...)
    assert inspected(message).translation.rejected
    assert [finding.rule for finding in findings(message) if finding.severity == "error"] == [
        "group-without-traits"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    (
        *("messageId", "userId", "anonymousId", "previousId", "groupId", "timestamp", "originalTimestamp"),
        *("event", "name", "properties", "traits", "context", "integrations"),
    )
)


@examples(300)
@given(st.sampled_from([*CALL_TYPES, "", 7, None, []]), st.dictionaries(FIELDS, JSON, max_size=8))
def test_no_message_breaks_the_rules(call: Any, fields: dict[str, Any]) -> None:
    message = {"type": call, **fields}
    for finding in verdict_on(message, DESTINATION, NOW, size=0).findings:
        assert finding.message == clean(finding.message)
        assert finding.path.startswith(("$", "requests"))


def test_a_message_nested_beyond_reason_is_checked() -> None:
    value: Any = 1
    for _ in range(300):
        value = [value]
    assert found(track(deep=value, deeper=nested(300)), "nesting-too-deep")


def test_an_alias_of_a_user_to_himself_is_useless() -> None:
    (finding,) = found(real_message("next", "alias"), "alias-without-previous-id")
    assert finding.severity == "warning"
    assert finding.message == 'previousId "u-1" is the userId itself: there is nothing to join'


def test_without_a_clock_nothing_is_in_the_future() -> None:
    message = real_message("python", "page", timestamp="2099-01-01T00:00:00Z")
    translation = TRANSLATOR.translate(message, now=NOW)

    def judged(now: int | None) -> list[str]:
        return [finding.rule for finding in check(message, translation, DESTINATION, now=now)]

    assert "time-out-of-range" in judged(NOW)
    assert "time-out-of-range" not in judged(None)
