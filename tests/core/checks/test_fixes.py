"""Every fix is followed by the letter: the finding is gone, nothing else is wrong, and nothing less is sent.

`fixes.follow` does what a fix says to the message. What needs settings or several messages is done by the
rule's own example, and `BY_PERSON` says what a person does where no example can show it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from check_helpers import NOW, real_message, verdict_on
from fixes import follow, map_field

from segtap.core.catalogue import rules
from segtap.core.checks import CheckSettings
from segtap.core.checks.examples import EXAMPLES, MESSAGE_EXAMPLES
from segtap.core.checks.examples.arrival import ARRIVAL_EXAMPLES
from segtap.core.checks.examples.example import ANONYMOUS, Example, call, track
from segtap.core.checks.examples.values import VALUE_EXAMPLES
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.settings import ClassicSettings, Destination, DestinationKind, IdentityMode, Subscription
from segtap.core.verdict import Finding, Operation, Translation

EVERY_EXAMPLE = {**MESSAGE_EXAMPLES, **ARRIVAL_EXAMPLES, **VALUE_EXAMPLES}
KINDS: tuple[DestinationKind, ...] = ("actions", "classic-cloud")
MERGES: tuple[IdentityMode, ...] = ("original", "simplified")

SETTINGS: dict[DestinationKind, dict[str, Any]] = {
    "actions": {"projectToken": "0" * 32},
    "classic-cloud": {
        "token": "0" * 32,
        "apiKey": "k",
        "people": True,
        "groupIdentifierTraits": ["company_id"],
        "trackNamedPages": True,
        "consolidatedPageCalls": False,
    },
}
"""Destinations that nothing is wrong with. The examples bring settings of their own."""

_BIG = 12345678901234567890
_LOST = "classic-feature-lost"
_SERVER = {"library": {"name": "analytics-python"}, "userAgent": "Mozilla/5.0", "ip": "203.0.113.7"}
_GROUP = {"name": "Acme", "company_id": "acme"}
SITUATIONS: list[tuple[str, dict[str, Any]]] = [
    # rule, message: other ways to make the mistake than the rule's own example
    *(
        ("placeholder-user-id", call(kind, **{field: id}, **more))
        for id in (
            "undefined",
            "{{id}}",
            "Some(u1)",
            "[object Object]",
            "(null)",
            "NaN",
            '["u1"]',
            '"u1"',
            "userId",
        )
        for kind, more in (
            ("track", {"event": "Paid"}),
            ("page", {"name": "Pricing"}),
            ("identify", {"anonymousId": ANONYMOUS, "traits": {"plan": "pro"}}),
            ("group", {"groupId": "acme", "traits": _GROUP}),
        )
        for field in ("userId", "anonymousId")
        if field not in more
    ),
    ("placeholder-user-id", call("identify", anonymousId="Some(a1)", traits={"plan": "pro"})),
    ("placeholder-user-id", call("identify", anonymousId="undefined", traits={"plan": "pro"})),
    ("placeholder-user-id", call("alias", previousId="undefined")),
    ("placeholder-group-id", track("Paid", context={"groupId": "undefined"})),
    ("placeholder-group-id", track("Paid", context={"groupId": "{{group}}"})),
    (
        "placeholder-group-id",
        call("group", groupId="[object Object]", traits=_GROUP),
    ),
    *(("id-whitespace", track("Paid", userId=id)) for id in ("u1 ", "\tu1", "u1\u200b", "   ")),
    ("id-whitespace", track("Paid", userId=None, anonymousId=f" {ANONYMOUS}")),
    ("id-whitespace", call("identify", anonymousId=f"{ANONYMOUS} ", traits={"plan": "pro"})),
    ("id-whitespace", call("identify", userId="  ", anonymousId=ANONYMOUS, traits={"plan": "pro"})),
    ("id-whitespace", call("alias", previousId=" u0")),
    ("id-whitespace", call("group", groupId="acme", traits={"name": "A", "company_id": "acme "})),
    ("id-whitespace", call("group", groupId=" acme", traits=_GROUP)),
    ("id-whitespace", track("Paid", context={"groupId": " acme"})),
    *(("event-name", track(event)) for event in ("Paid ", "\nPaid", "Pa\x00id", "   ", " Order Completed")),
    *(("event-name", call("track", event=event)) for event in (5, 4.5, True, ["Paid"], {"name": "Paid"})),
    ("event-name", call("page", name=" Pricing")),
    ("event-name", call("screen", name="Home\u00a0")),
    *(
        ("reserved-event-name", track(name))
        for name in ("$identify", "$merge", "$create_alias", "$session_end")
    ),
    *(
        ("property-name", track("Paid", {name: 1, "plan": "pro"}))
        for name in ("", " ", "plan ", "\tseats", "a\x00")
    ),
    ("property-name", track("Paid", {"cart": [{" id": 1}]})),
    ("property-name", call("identify", traits={" plan": "pro", "address": {"": 1}})),
    (
        "property-name",
        call("group", groupId="acme", traits={**_GROUP, " plan": "pro"}),
    ),
    ("property-name", call("page", name="Pricing", properties={" plan": "pro"})),
    *(("number-precision", track("Paid", {"n": n})) for n in (2**53 + 1, -_BIG, 10**400, float("inf"))),
    ("number-precision", track("Order Completed", {"order_id": "1", "total": _BIG, "products": []})),
    ("number-precision", track("Paid", {"a": [{"b": [_BIG]}]})),
    ("number-precision", call("identify", traits={"account": _BIG, "age": _BIG})),
    (
        "number-precision",
        call("group", groupId="acme", traits={**_GROUP, "n": _BIG}),
    ),
    ("number-precision", track("Paid", userId=_BIG)),
    *(
        ("number-as-text", track("Order Completed", {"order_id": "1", "products": [], "total": total}))
        for total in ("9,99", "12 €", "1.234,56", "$5", " 5 ", "5", "1,234", "10%", "-3")
    ),
    ("number-as-text", track("Cart Viewed", {"products": [{"product_id": "1", "price": "19"}]})),
    ("number-as-text", track("Paid", {"revenue": "€27"})),
    ("number-as-text", call("identify", traits={"age": "7"})),
    # Rules that were there before.
    ("country-code", track("Paid", {"mp_country_code": "de"})),
    ("country-code", call("identify", traits={"$country_code": "Germany"})),
    ("array-too-long", track("Order Completed", {"order_id": "1", "products": [{"product_id": "1"}] * 255})),
    ("array-too-long", track("Paid", {"a": {"ids": list(range(255))}})),
    ("too-many-properties", track("Paid", {"wide": {f"k{n}": n for n in range(255)}})),
    *(
        ("property-dropped", track("Paid", {name: "x-1"}, context=_SERVER))
        for name in ("id", "time", "distinct_id", "$user_id", "$insert_id", "$anon_id", "$group_id")
    ),
    *(
        ("property-dropped", call("identify", traits={name: "x-1", "plan": "pro"}))
        for name in ("$email", "$name", "$phone", "$created", "$first_name", "$last_name", "$username")
    ),
    ("property-dropped", call("group", groupId="acme", traits={"company_id": "acme", "$name": "Acme"})),
    ("property-dropped", track("Paid", {"ip": "203.0.113.9"}, context={"library": _SERVER["library"]})),
    ("property-dropped", track("Paid", {"ip": "203.0.113.9"}, context=_SERVER)),
    ("property-dropped", track("Paid", {"utm_term": "a"}, context={"campaign": {"source": "mail"}})),
    *(
        ("property-replaced", track("Paid", {name: "x-1"}, context={**_SERVER, "traits": {"plan": "pro"}}))
        for name in ("plan", "time", "distinct_id", "token", "mp_lib", "mp_name_tag")
    ),
    ("property-replaced", track("Paid", {"utm_source": "a"}, context={"campaign": {"source": "mail"}})),
    ("property-replaced", call("page", name="Pricing", properties={"name": "Prices"})),
    ("property-replaced", call("identify", traits={"id": "x-1", "plan": "pro"})),
    ("property-overrides-context", track("Paid", {"ip": "203.0.113.9"}, context={"ip": "203.0.113.7"})),
    ("property-overrides-context", track("Paid", {"$device_id": "d-1"}, anonymousId=ANONYMOUS)),
    ("property-overrides-context", track("Paid", {"token": "t"})),
    *(
        ("reserved-property", track("Paid", {name: 1}))
        for name in ("bucket", "$ignore", "alias", "mp_original_x", "$distinct_id", "$time", "$event_name")
    ),
    ("reserved-property", track("Paid", {"$ignore": "yes"})),
    ("reserved-property", call("identify", traits={"$last_seen": "2026-11-24T10:00:00Z"})),
    ("reserved-property", call("group", groupId="acme", traits={**_GROUP, "$distinct_id": "acme"})),
    ("reserved-property", call("identify", traits={"phone": "4915112345678"})),
    *(
        ("insert-id-forbidden", call(kind, messageId=id, **more))
        for id in (
            "undefined",
            "null",
            "0",
            "-1",
            "n/a",
            "[]",
            "00000000-0000-0000-0000-000000000000",
            "NULL",
        )
        for kind, more in (("track", {"event": "Paid"}), ("page", {"name": "Pricing"}))
    ),
    *(
        (rule, message)
        for rule, traits in (
            ("string-truncated", {"bio": "moss " * 80}),
            ("string-truncated", {"b" * 300: 1}),
            ("string-truncated", {"links": ["moss " * 80]}),
            ("nesting-too-deep", {"tree": {"twig": {"twig": {"twig": {"leaf": 1}}}}}),
            ("too-many-properties", {f"k{n}": n for n in range(2001)}),
            ("too-many-properties", {"wide": {f"k{n}": n for n in range(256)}}),
            ("property-too-large", {"log": ["moss " * 40] * 2000}),
            ("date-format", {"renewal_date": "11/24/26"}),
            ("date-format", {"born": "Nov 24, 1990", "due": "20261124", "seats": {"added_at": "1795557600"}}),
        )
        for message in (
            call("identify", traits=traits),
            call("group", groupId="acme", traits={**_GROUP, **traits}),
        )
    ),
    ("string-truncated", track("Paid", {"p" * 300: 1})),
    ("string-truncated", track("Paid", {"items": [{"p" * 300: 1}]})),
    ("property-too-large", track("Paid", {"log": ["moss " * 40] * 50})),
    ("property-too-large", track("Paid", {"log": {f"k{n}": "moss " * 40 for n in range(50)}})),
    *(
        ("date-format", track("Paid", {"start_date": date}))
        for date in ("2026-11-24T10:41:03+02:00", "24-11-2026", "20261124", "1795557600000", "11/24/26")
    ),
    ("rejected-by-destination", call("track", event="Paid", properties=["pro"])),
    ("rejected-by-destination", call("identify", traits="pro", anonymousId=ANONYMOUS)),
    ("rejected-by-destination", track("Order Completed", {"order_id": "1", "products": 3})),
    ("misplaced-field", call("identify", traits=None, properties="pro")),
    ("misplaced-field", track("Paid", traits={"plan": "pro"})),
    ("misplaced-field", track("Paid", group_id="acme")),
    ("misplaced-field", call("identify", context={**_SERVER, "traits": {"plan": "pro"}})),
    ("no-identity", call("page", name="Pricing", userId=None)),
    ("no-identity", track("Paid", userId="", anonymousId=ANONYMOUS)),
    ("date-format", track("Paid", {"shipped_at": "24.11.2026", "born": "Tue Nov 24 2026 22:00:00"})),
    ("timestamp-suspect", track("Paid", timestamp="1970-01-21T18:45:57.464Z")),
    ("timestamp-suspect", track("Paid", timestamp="yesterday")),
    ("timestamp-suspect", track("Paid", timestamp="2026-11-24T22:30:00Z")),
    ("timestamp-suspect", call("page", name="Pricing", timestamp="2026-11-24T22:30:00Z")),
    ("no-client-ip", call("identify", context={**_SERVER, "ip": None}, traits={"plan": "pro"})),
    ("common-field-name", track("Paid", anonymous_id=ANONYMOUS)),
    ("common-field-name", track("Paid", user_agent="Mozilla/5.0")),
    ("common-field-name", track("Paid", context={"group_id": "acme"})),
    ("common-field-type", track("Paid", context={"page": "/pricing"})),
    ("spec-property-missing", track("Order Completed", {"total": 5})),
    ("spec-property-name", track("Order Completed", {"orderId": "1", "products": [{"productId": "1"}]})),
    ("spec-property-type", track("Order Completed", {"order_id": "1", "products": "shoes"})),
]

LESS = {
    "placeholder-user-id": "the id itself was the mistake, which the classic destination repeats",
    "placeholder-group-id": "the id itself was the mistake",
    "id-whitespace": "an id of nothing but spaces was the mistake",
    "common-field-type": "the classic destination makes a property of each letter of a text",
    "number-precision": "1e400 becomes null, and is replaced or left out",
    "property-name": "one of two of the same name is left out",
    "too-many-properties": "Mixpanel refuses the event as it is",
    "event-too-large": "Mixpanel refuses the event as it is",
    "array-too-long": "Mixpanel refuses the event as it is",
    "nesting-too-deep": "Mixpanel refuses the event as it is",
    "property-too-large": "a list of one element stands for the large one",
    "property-dropped": "what is meant as Segment's field stands there instead",
    "reserved-event-name": "an order to join ids is not an event",
}
"""Rules whose fix may send fewer properties, and why."""


class Sent(msgspec.Struct):
    """What is found in a message, and what is sent of it."""

    findings: Sequence[Finding]
    translation: Translation

    def wrong(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity != "info"]

    def records(self) -> int:
        return sum(1 for _ in self._records())

    def values(self) -> int:
        """How many properties, traits and other values reach Mixpanel."""
        return sum(len(record.get("properties") or record.get("$set") or ()) for record in self._records())

    def _records(self) -> Iterator[dict[str, Any]]:
        for operation in self.translation.operations:
            yield from operation.request.records()


def fine(kind: DestinationKind) -> Destination:
    return Destination(kind, SETTINGS[kind])


def sent(message: dict[str, Any], destination: Destination, judged_by: CheckSettings) -> Sent:
    size = len(json.dumps(message))
    made = verdict_on(message, destination, NOW, size=size, settings=judged_by)
    return Sent(made.findings, made.translation)


def mistakes() -> Iterator[Any]:
    """Every message that makes a mistake, for each destination and each ID merge."""
    examples = [
        (id, example.before[-1])
        for id, example in EVERY_EXAMPLE.items()
        if example.plan is None and not example.settings_before
    ]
    for number, (rule, message) in enumerate([*examples, *SITUATIONS]):
        for kind in KINDS:
            for merge in MERGES:
                yield pytest.param(rule, message, kind, merge, id=f"{rule}-{number}-{kind}-{merge}")


@pytest.mark.parametrize(("rule", "message", "kind", "merge"), [*mistakes()])
def test_a_fix_that_is_followed_mends_it(
    rule: str, message: dict[str, Any], kind: DestinationKind, merge: IdentityMode
) -> None:
    destination, judged_by = fine(kind), CheckSettings(identity=merge)
    before = sent(message, destination, judged_by)
    known = {finding.rule for finding in before.wrong()}
    for finding in before.wrong():
        followed, mapped = follow(message, finding), map_field(destination, finding)
        if followed is None and mapped is None:
            assert finding.rule in {*NOT_IN_THE_MESSAGE, *BY_PERSON}, finding
            continue
        after = sent(followed or message, mapped or destination, judged_by)
        assert (finding.rule, finding.path) not in [(one.rule, one.path) for one in after.findings], finding
        assert [one for one in after.wrong() if one.rule not in known] == [], finding
        assert after.records() >= before.records() or finding.rule == "array-too-long", finding
        if finding.rule not in LESS:
            assert after.values() >= before.values(), finding


@pytest.mark.parametrize(("rule", "message"), SITUATIONS, ids=[row[0] for row in SITUATIONS])
def test_every_situation_makes_its_mistake(rule: str, message: dict[str, Any]) -> None:
    made = {
        finding.rule
        for kind in KINDS
        for merge in MERGES
        for finding in sent(message, fine(kind), CheckSettings(identity=merge)).findings
    }
    assert rule in made


# -- what one message cannot follow ----------------------------------------------------------------------

BY_PERSON = {
    "segment-would-reject": "sends what Segment takes: there is no message to mend where there is none",
    "segment-would-change": "knows that Segment decides the value; nothing is wrong",
    "second-receipt": "knows that the client tried again; nothing is wrong",
    "documentation-differs": "looks at what has arrived in Mixpanel",
    "insert-id-undocumented": "sends smaller batches, less often; nothing is wrong with the message",
    "cloud-and-device-mode": "switches one connection mode of Segment's destination off",
    "reset-not-in-mixpanel": "calls mixpanel.reset() in the page: see test_device_rules",
    "increment-not-a-number": "sends a number: see test_device_rules, for it is found in what the SDK sends",
    "revenue-not-on-profile": "adds revenue up in the settings: see test_device_rules",
    "super-property-reserved": "takes it off the list of the settings: see test_device_rules",
    "people-off-engage": "turns People on in the settings: see test_device_rules",
    "sdk-alias-direct": "knows whether the program calls alias(); nothing is wrong with what came",
    "identity-cluster-limit": "keeps one userId, and the anonymousId of each device",
    "anonymous-id-churn": "keeps the anonymousId where the server made a new one",
    "always-new-user": "sends one id for all events of a user; nothing is wrong with a job over all users",
    "page-name-cardinality": "names the kind of page, and sends the title as a property",
    "event-name-cardinality": "names the kind of event, and sends what varies as a property",
    "identify-without-user-id": "knows whether these are a visitor's traits; then nothing is wrong",
    "bot-traffic": "drops a crawler's messages in a destination filter: see test_bots",
    "hot-shard": "gives services and tests ids of their own, or maps none: see the stream's tests",
    "property-converted": "knows whether reports can use that form; nothing is lost",
    "token-unverified": "asks Mixpanel with segtap doctor --online",
    "refused-with-200": "mends what the answer names",
    "not-imitated": "knows what the function does; nothing is wrong",
    "filter-not-fql": "mends the condition of the destination filter in Segment",
    "transformation-not-fql": "mends the condition of the transformation in Segment",
}
"""Rules whose fix only a person can do, and what they do."""

NOT_IN_THE_MESSAGE = {
    "unmatched": "a subscription is added, or People turned on",
    "alias-ignored": "the call is removed from the code",
    "alias-without-previous-id": "with the simplified ID merge the call is removed from the code",
    "page-double-count": "a page option is turned off",
    "subscription-double-count": "a trigger is narrowed, or a subscription switched off",
    "group-set-once": "a trait is taken off the list of the settings",
    "group-key-not-a-name": "the group key of the subscription's mapping is left empty",
    "track-too-old": "the API secret is set",
    "region-mismatch": "the endpoint is set to the region of the project",
    "api-secret-deprecated": "a service account is set",
    "classic-feature-lost": "what is not missed is taken out of [classic]",
    "increment-ignored": "People is turned on, or the page option that makes the event",
    "too-many-group-keys": "a trait is taken off the list of the settings",
    "purchase-double-count": "a setting of the subscription is turned off",
    "property-dropped": "the mapping is changed where it leaves the value out",
    "array-overwritten": "the sender sends the whole list, which no single message shows",
    "transformation-keeps-old-name": "the transformation drops the old name, too: see test_stage_notes",
    "insert-function-no-handler": "the function gets the handler: see test_functions",
    "sampled-at-random": "the sample of the settings gets a path: see test_stage_notes",
    "plan-violation": "the plan says what is right",
    "plan-unplanned-event": "the plan says what is right",
    "plan-unplanned-property": "the plan says what is right",
    **{
        rule.id: "several messages show it"
        for rule in rules()
        if rule.kind == "stream" and rule.id not in BY_PERSON
    },
}
"""Rules whose fix is not in the message alone, and where it is. Their examples follow it."""

SURPLUS = {
    "retry": "the copy",
    "double-fired": "the copy",
    "page-double-count": "the second event of the page",
    "subscription-double-count": "the second event of the message",
    "alias-ignored": "the alias, which Mixpanel ignores",
    "alias-without-previous-id": "the alias, which Mixpanel ignores",
    "group-set-once": "what was set once and what is set now go in one request",
    "too-many-group-keys": "the group under a key that Mixpanel does not know",
    "purchase-double-count": "the event of each product",
    "anonymous-to-known": "nothing: its example shows a visitor who stays one",
}
"""Rules whose fix sends fewer records, and which."""


def with_people(example: Example) -> Example:
    """The example with Use Mixpanel People on: the classic destination sends no profile without it."""
    before, after = example.settings_before, example.settings_after
    return msgspec.structs.replace(
        example,
        settings_before={"people": True, **before},
        settings_after=None if after is None else {"people": True, **after},
    )


def by_example() -> Iterator[Any]:
    """The examples with each destination and ID merge with which they make the mistake."""
    for id in NOT_IN_THE_MESSAGE:
        for kind in KINDS:
            for merge in MERGES:
                if id in EXAMPLES:
                    example = with_people(msgspec.structs.replace(EXAMPLES[id], kind=kind, identity=merge))
                    if any(finding.rule == id for finding in observed(example, after=False).findings):
                        yield pytest.param(id, example, id=f"{id}-{kind}-{merge}")


def observed(example: Example, *, after: bool) -> Sent:
    """All that is found in an example's messages, those that several of them show included."""
    destination, judged_by = example.destination(after=after), example.checks(after=after)
    if destination.kind == "classic-cloud":  # whose People is off by default
        settings = {"people": True, **destination.settings}
        destination = msgspec.structs.replace(destination, settings=settings)
    stream = StreamChecker(judged_by, destination)
    found: list[Finding] = []
    operations: list[Operation] = []
    for number, message in enumerate(example.after if after else example.before):
        size = len(json.dumps(message))
        verdict = verdict_on(message, destination, NOW, size=size, settings=judged_by)
        loose = Loose(document=message, type=message["type"], message_id=str(message.get("messageId", "")))
        found += [*verdict.findings, *stream.observe(digest(loose, verdict.translation, NOW + number))]
        operations += verdict.translation.operations
    return Sent(found, Translation(tuple(operations)))


@pytest.mark.parametrize(("rule", "example"), [*by_example()])
def test_an_example_mends_it_and_nothing_else_is_wrong(rule: str, example: Example) -> None:
    before, after = observed(example, after=False), observed(example, after=True)
    known = {finding.rule for finding in before.wrong()} - {rule}
    assert [one for one in after.wrong() if one.rule not in known] == []
    assert all(finding.fix for finding in before.findings if finding.rule == rule)
    if rule not in SURPLUS:
        assert after.records() >= before.records()


def test_every_rule_is_followed_or_has_its_reason() -> None:
    followed: set[str] = set()
    for rule, message in [
        *((id, example.before[-1]) for id, example in EVERY_EXAMPLE.items()),
        *SITUATIONS,
    ]:
        example = EXAMPLES[rule]
        for kind in KINDS:
            for settings in ({}, example.settings_before):
                made = sent(message, Destination(kind, {**SETTINGS[kind], **settings}), example.checks())
                followed |= {one.rule for one in made.findings if follow(message, one) is not None}
    for rule in rules():
        assert rule.id in followed or rule.id in NOT_IN_THE_MESSAGE or rule.id in BY_PERSON, rule.id
    assert not set(BY_PERSON) & set(NOT_IN_THE_MESSAGE)


def test_the_words_of_every_fix_are_known() -> None:
    """A fix whose words change is followed anew, or it is known why not."""
    for rule in rules():
        if rule.id not in BY_PERSON and rule.id not in NOT_IN_THE_MESSAGE:
            assert re.match(r"[a-z]", rule.fix), rule.id


def test_real_messages_need_no_fix_but_their_own() -> None:
    message = real_message("python", "track")
    assert sent(message, fine("actions"), CheckSettings()).wrong() == []


def test_a_subscription_that_adds_up_ends_what_the_move_lost() -> None:
    """The fix of classic-feature-lost: an incrementProperties subscription."""
    used = ClassicSettings(people=True, event_increments=("Logged In",), prop_increments=("seats",))
    lost = CheckSettings(classic=used)
    message = track("Logged In", {"seats": 3})
    assert len([one for one in sent(message, fine("actions"), lost).findings if one.rule == _LOST]) == 2
    increments = Subscription(
        'type = "track"',
        "incrementProperties",
        {
            "user_id": {"@path": "$.userId"},
            "increment": {"seats": {"@path": "$.properties.seats"}, "Logged In": 1},
        },
    )
    own = Destination(settings=SETTINGS["actions"], subscriptions=(*preset_subscriptions(), increments))
    assert [one for one in sent(message, own, lost).findings if one.rule == _LOST] == []


@pytest.mark.parametrize(
    ("message", "kind", "fix"),
    [
        (call("track", properties={"plan": "pro"}), "actions", "send the event's name as text"),
        (call("track", event={"a": 1}), "actions", "send the event's name as text"),
        (call("track", event=5), "classic-cloud", "send the event's name as text"),
        (
            track("Paid", timestamp="2019-01-01T00:00:00Z"),
            "classic-cloud",
            "send the right timestamp, if this one",
        ),
        (call("track", event="Paid", properties="pro"), "actions", "send an object as properties"),
        (call("track", event="Paid", properties=["pro"]), "classic-cloud", "send an object as properties"),
        (track("Order Completed", {"products": 3}), "actions", "send a list of objects as products"),
        (track("Paid", timestamp="yesterday"), "actions", "send ISO 8601 in UTC as timestamp"),
    ],
)
def test_each_refusal_has_a_fix_of_its_own(message: dict[str, Any], kind: DestinationKind, fix: str) -> None:
    made = sent(message, fine(kind), CheckSettings()).findings
    (finding,) = [one for one in made if one.rule == "rejected-by-destination"]
    assert fix in finding.fix


def test_with_the_simplified_merge_an_alias_without_previous_id_leads_nowhere_else() -> None:
    for kind in KINDS:
        made = sent(call("alias"), fine(kind), CheckSettings(identity="simplified")).wrong()
        assert len(made) == 1
        assert made[0].fix.startswith("remove the alias call")
