"""What a move between the destinations costs: each difference where it shows, and where it does not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from details import MESSAGES, NOW
from hypothesis import given
from hypothesis import strategies as st
from vectors import vectors

from segtap.core.compare import (
    Comparison,
    Sides,
    as_json,
    compare,
    destination_for,
    sides_of,
)
from segtap.core.compare.catalogue import DIFFERENCES
from segtap.core.compare.lines import compare_lines
from segtap.core.compare.table import Tally, cells, fitted, text_of, whole_lines
from segtap.core.errors import InputError
from segtap.core.pairs.records import pairs_of, records_of, same
from segtap.core.pipeline.lines import Given, given_messages
from segtap.core.segment_names import STAND_IN_TOKEN
from segtap.core.settings import (
    ClassicSettings,
    Destination,
    DestinationSettings,
    Secret,
    Settings,
    Subscription,
)

SECRET, TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "a1b2c3d4e5f60718293a4b5c6d7e8ff9"
DESTINATION = DestinationSettings(token=TOKEN, api_secret=Secret(SECRET))
PEOPLE = ClassicSettings(people=True)


def settings(classic: ClassicSettings = PEOPLE, **destination: Any) -> Settings:
    return Settings(destination=msgspec.structs.replace(DESTINATION, **destination), classic=classic)


def compared(message: Any, by: Settings, now: int = NOW, **changes: Any) -> Comparison:
    actions = destination_for(by, "actions")
    return compare(
        message,
        msgspec.structs.replace(actions, **changes) if changes else actions,
        destination_for(by, "classic-cloud"),
        now,
    )


def message(name: str, /, drop: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A captured message with fields replaced and, under `drop`, left out; `context_x` is the context's x."""
    made = json.loads(json.dumps(MESSAGES[name]))
    for key, value in changes.items():
        holder, _, inner = key.partition("__")
        if inner:
            made.setdefault(holder, {})[inner] = value
        else:
            made[key] = value
    for key in drop:
        holder, _, inner = key.partition("__")
        if inner:
            made.get(holder, {}).pop(inner, None)
        else:
            made.pop(key, None)
    return made


ALIAS = {"type": "alias", "userId": "u-1", "previousId": "anon-1", "messageId": "m-1"}
GROUP = {
    "type": "group",
    "userId": "u-1",
    "groupId": "acme",
    "traits": {"company": "acme", "plan": "pro", "createdAt": "2024-01-02T03:04:05.678Z"},
    "messageId": "m-2",
}
INCREMENT = (
    Subscription(
        'type = "track"',
        "incrementProperties",
        {"user_id": {"@path": "$.userId"}, "increment": {"revenue": {"@path": "$.properties.revenue"}}},
    ),
)
COMPANIES = ClassicSettings(people=True, group_identifier_traits=("company",))

CASES: dict[str, tuple[tuple[Any, Settings], str, tuple[Any, Settings]]] = {
    # id: (the message that shows it, the settings), what is said, (one that does not, its settings)
    "actions-refuses": (
        ({**GROUP, "traits": None, "groupId": None}, settings()),
        "",
        (GROUP, settings()),
    ),
    "actions-sends-nothing": ((ALIAS, settings()), "no preset does", (MESSAGES["order"], settings())),
    "actions-stopped": (
        (message("order", integrations={"Mixpanel (Actions)": False}), settings()),
        "integrations.Mixpanel (Actions) is false",
        (message("order", integrations={"All": False}), settings()),
    ),
    "union": (
        (message("identify", context__device={"token": "push-1"}), settings()),
        '$ios_devices: "push-1"',
        (MESSAGES["identify"], settings()),
    ),
    "list-overwritten": (
        (MESSAGES["identify"], settings()),
        "tags, [1 item], replaces",
        (message("identify", traits__tags="a"), settings()),
    ),
    "revenue": (
        (MESSAGES["order"], settings()),
        "27.5 is no longer appended",
        (message("order", drop=("properties__revenue",)), settings()),
    ),
    "event-increment": (
        (MESSAGES["order"], settings(ClassicSettings(people=True, event_increments=("order completed",)))),
        '"Order Completed" is no longer counted, nor its last time kept (Last Order Completed)',
        (MESSAGES["order"], settings(ClassicSettings(event_increments=("order completed",)))),
    ),
    "property-increment": (
        (MESSAGES["order"], settings(ClassicSettings(people=True, prop_increments=("revenue",)))),
        "revenue: 27.5 is no longer added up",
        (MESSAGES["order"], settings(ClassicSettings(people=True, prop_increments=("order_id",)))),
    ),
    "set-once": (
        (
            GROUP,
            settings(
                ClassicSettings(group_identifier_traits=("company",), group_traits_to_set_once=("plan",))
            ),
        ),
        "plan was set once, and is written every time",
        (GROUP, settings(ClassicSettings(group_identifier_traits=("company",)))),
    ),
    "legacy-super-properties": (
        (
            message("order", context__traits={"plan": "pro"}),
            settings(ClassicSettings(legacy_super_properties=True)),
        ),
        "$plan",
        (message("order", context__traits={"plan": "pro"}), settings()),
    ),
    "traits-on-events": (
        (message("order", context__traits={"plan": "pro", "email": "a@b.c"}), settings()),
        "plan, $email",
        (MESSAGES["order"], settings()),
    ),
    "profile-device": (
        (MESSAGES["identify"], settings()),
        "$os, $os_version",
        (message("identify", context={"ip": "203.0.113.7"}), settings()),
    ),
    "name-parts": (
        (message("identify", traits__name="Zoë Maria Klein"), settings()),
        '$first_name "Zoë", $last_name "Maria Klein"',
        (message("identify", traits__firstName="Zoë", traits__lastName="Klein"), settings()),
    ),
    "ignore-time": (
        (MESSAGES["identify"], settings()),
        "context.active is false",
        (message("identify", context__active=True), settings()),
    ),
    "sender-address": (
        (message("identify", drop=("context__ip",)), settings()),
        "there is no context.ip",
        (MESSAGES["identify"], settings()),
    ),
    "reserved-property": (
        (message("order", **{"properties__$group_id": "x"}), settings()),
        'properties.$group_id, "x", is dropped',
        (message("order", **{"properties__$group_id": "acme"}), settings()),
    ),
    "values-left-out": (
        (message("identify", **{"traits__$phone": "+49"}), settings()),
        'traits.$phone, "+49", is dropped',
        (message("identify", traits__phone="+49"), settings()),
    ),
    "values-covered": (
        (message("order", properties__plan="yearly", context__traits={"plan": "monthly"}), settings()),
        'properties.plan, "yearly", is replaced by "monthly"',
        (message("order", properties__plan="yearly", context__traits={"plan": "yearly"}), settings()),
    ),
    "name-tag": (
        (MESSAGES["order"], settings()),
        'mp_name_tag, "u-1"',
        (message("order", properties__mp_name_tag="own"), settings()),
    ),
    "classic-refuses": (
        (message("order", timestamp="2026-11-01T00:00:00.000Z"), Settings()),
        ".apiKey is required",
        (message("order", timestamp="2026-11-01T00:00:00.000Z"), settings()),
    ),
    "classic-sends-nothing": (
        (MESSAGES["identify"], settings(ClassicSettings())),
        "Use Mixpanel People is off",
        (MESSAGES["identify"], settings()),
    ),
    "classic-stopped": (
        (message("order", integrations={"Mixpanel": False}), settings()),
        "integrations.Mixpanel is false",
        (MESSAGES["order"], settings()),
    ),
    "insert-id-undocumented": (
        (MESSAGES["order"], settings()),
        "in Actions, and set by Segment, value unknown, in the classic one",
        (message("order", properties={"$insert_id": "own"}), settings()),
    ),
    "identity-link": (
        (MESSAGES["identify"], settings()),
        '"anon-1"',
        (message("identify", drop=("anonymousId",)), settings()),
    ),
    "merge-ids": (
        (MESSAGES["page"], settings()),
        "$device_id",
        (message("page", drop=("anonymousId", "userId")), settings()),
    ),
    "purchase-per-product": (
        (MESSAGES["order"], settings()),
        "a Product Purchased beside the order",
        (message("order", properties__products=[]), settings()),
    ),
    "event-name": (
        (message("page", name="Home"), settings()),
        '"Viewed Home" in Actions, "Loaded a Page" in the classic one',
        (MESSAGES["order"], settings()),
    ),
    "page-double-count": (
        (message("page", name="Home"), settings(ClassicSettings(track_named_pages=True))),
        '"Loaded a Page" and "Viewed Home Page" in the classic one; 1 event in Actions',
        (message("page", name="Home"), settings()),
    ),
    "nested-as-text": (
        (MESSAGES["order"], settings()),
        "nested: an object in Actions",
        (message("order", drop=("properties__nested",)), settings()),
    ),
    "time-unit": (
        (MESSAGES["order"], settings()),
        "1795516863211 in Actions, 1795516863 in the classic one",
        (ALIAS, settings()),
    ),
    "mp-lib": (
        (MESSAGES["order"], settings()),
        '"Segment Actions: @segment/analytics-node" in Actions',
        (message("order", properties__mp_lib="Segment: @segment/analytics-node"), settings()),
    ),
    "renamed-properties": (
        (MESSAGES["order"], settings()),
        "$app_build_number in Actions, $app_release in the classic one",
        (message("order", drop=("context__app",)), settings()),
    ),
    "created-date": (
        (MESSAGES["identify"], settings()),
        '"2024-01-02T03:04:05.678Z" in Actions, "2024-01-02T03:04:05" in the classic one',
        (message("identify", drop=("traits__createdAt",)), settings()),
    ),
    "group-key": (
        (GROUP, settings(COMPANIES)),
        '$group_id="acme" in Actions, company="acme" in the classic one',
        (GROUP, settings(ClassicSettings(group_identifier_traits=("$group_id",)))),
    ),
    "region": (
        (MESSAGES["order"], settings(region="in")),
        "api-in.mixpanel.com in Actions, api.mixpanel.com in the classic one",
        (MESSAGES["order"], settings(region="eu")),
    ),
}


@pytest.mark.parametrize("id", [entry.id for entry in DIFFERENCES])
def test_each_difference_is_told_where_it_shows_and_only_there(id: str) -> None:
    shows, words, does_not = CASES[id]
    told = [loss.words for loss in compared(*shows).losses if loss.id == id]
    assert told
    assert any(words in one for one in told), told
    other = compared(*does_not)
    assert [loss.words for loss in other.losses if loss.id == id] == []
    assert [loss.words for loss in compared(*shows).losses] == [loss.words for loss in _turned(*shows).losses]


def _turned(given: Any, by: Settings) -> Comparison:
    return compare(given, destination_for(by, "classic-cloud"), destination_for(by, "actions"), NOW)


def test_an_increment_that_a_subscription_makes_is_not_lost() -> None:
    by = settings(ClassicSettings(people=True, prop_increments=("revenue",)))
    ids = {loss.id for loss in compared(MESSAGES["order"], by, subscriptions=INCREMENT).losses}
    assert "property-increment" not in ids
    assert "revenue" in ids


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"properties__ip": "203.0.113.9"}, ['properties.ip, "203.0.113.9", is replaced by "203.0.113.7"']),
        (
            {
                "properties__utm_source": "poster",
                "properties__utm_term": "moss",
                "context__campaign": {"source": "mail"},
            },
            [
                'properties.utm_source, "poster", is replaced by "mail"',
                'properties.utm_term, "moss", is dropped',
            ],
        ),
        # Neither destination sends a time of one's own.
        ({"properties__time": "10:30"}, []),
    ],
)
def test_what_the_classic_destination_lays_over_properties(changes: dict[str, Any], words: list[str]) -> None:
    covered = compared(message("order", context__ip="203.0.113.7", **changes), settings())
    assert [loss.words for loss in covered.losses if loss.id == "values-covered"] == words


def test_a_message_without_a_type_is_compared() -> None:
    takes_all = Subscription("event != null", "trackEvent", {"event": {"@path": "$.event"}})
    made = compared({"event": "Paid", "properties": {"a": 1}}, settings(), subscriptions=(takes_all,))
    assert made.one.records[0].name == "Paid"


def test_every_difference_names_a_public_document() -> None:
    assert len({entry.id for entry in DIFFERENCES}) == len(DIFFERENCES)
    for entry in DIFFERENCES:
        assert entry.source.startswith("https://")


def test_records_are_paired_by_name_and_a_lone_one_stays_alone() -> None:
    by = settings(ClassicSettings(track_all_pages=True, track_named_pages=True))
    page = compared(message("page", name="Home"), by)
    assert [pair.title for pair in page.pairs] == [
        "event Viewed Home | Loaded a Page",
        "event Loaded a Page",
        "event Viewed Home Page",
    ]
    order = compared(MESSAGES["order"], settings())
    assert [(pair.title, pair.one is None, pair.other is None) for pair in order.pairs] == [
        ("event Order Completed", False, False),
        ("event Product Purchased", False, True),
        ("profile $append", True, False),
    ]


def test_a_pair_tells_each_property_apart() -> None:
    event = compared(MESSAGES["order"], settings()).pairs[0]
    states = {row.path: row.state for row in event.rows}
    assert states["properties.order_id"] == "same"
    assert states["properties.time"] == "differs"
    assert states["properties.$insert_id"] == "one"
    assert {row.path: row.unknown for row in event.rows if row.unknown} == {
        "properties.$insert_id": ("other",)
    }
    assert states["properties.mp_name_tag"] == "other"


def _fields(pairs: Any, side: str) -> list[dict[str, Any]]:
    made = []
    for pair in pairs:
        if getattr(pair, side) is not None:
            made.append(
                {row.path: getattr(row, side) for row in pair.rows if row.state in ("same", "differs", side)}
            )
    return made


def _sorted(records: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in records)


@pytest.mark.parametrize("name", ["actions", "actions-alias-increment", "classic-cloud"])
def test_nothing_of_what_segment_sends_is_missing(name: str) -> None:
    by = settings(ClassicSettings(people=True, track_named_pages=True, group_identifier_traits=("plan",)))
    tally = Tally()
    for row in vectors(name):
        result = compared(row["message"], by, now=1_795_557_600_000)
        for side, whole in (("one", result.one), ("other", result.other)):
            records = [record.fields for record in whole.records]
            assert _sorted(_fields(result.pairs, side)) == _sorted(records)
        count = sum(
            len(one.request.body) if isinstance(one.request.body, list) else 1
            for one in result.one.translation.operations
        )
        assert len(result.one.records) == count
        tally.count(result)
        for width in (80, 120):
            for text in text_of(whole_lines(result, width, every=True)):
                assert text.isprintable()
                assert cells(text) <= width
    assert tally.messages == len(vectors(name))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_values_are_the_same_when_their_json_is(one: Any, other: Any) -> None:
    def text(value: Any) -> str:
        return json.dumps(value, sort_keys=True)

    assert same(one, other) == (text(one) == text(other))
    assert same(one, json.loads(text(one)))


@given(st.text(), st.integers(1, 60))
def test_a_fitted_text_takes_exactly_its_width(text: str, width: int) -> None:
    assert cells(fitted(text, width)) == width


def test_what_is_nested_stands_in_the_line_where_it_fits() -> None:
    call = message(
        "order", properties={"a": {"b": [1, {"c": None}]}, "long": {"x": "y" * 200}, "s": ["\ud800"]}
    )
    for width in (80, 120):
        lines = list(text_of(whole_lines(compared(call, settings()), width)))
        assert any('{"a":{"b":[1,{"c":null}]}}'[5:-1] in line for line in lines)
        assert any("{1 key}" in line for line in lines)
        assert "\n".join(lines).encode("utf-8")


def test_a_message_with_thousands_of_values_is_laid_out_in_short_lines() -> None:
    products = [{"sku": str(number)} for number in range(500)]
    call = message("order", properties={"products": products, "list": list(range(10_000))})
    result = compared(call, settings())
    assert len(result.one.records) == 501
    assert max(cells(text) for text in text_of(whole_lines(result, 100))) <= 100


def test_two_of_a_kind_are_paired_without_losses() -> None:
    by = settings()
    actions = destination_for(by, "actions")
    result = compare(MESSAGES["order"], actions, actions, NOW)
    assert result.losses == ()
    assert {row.state for pair in result.pairs for row in pair.rows} == {"same"}
    assert pairs_of(records_of(result.one.translation), ()) != ()


# Settings and lines -------------------------------------------------------------------------------


def test_a_token_that_is_not_set_keeps_no_destination_from_being_compared() -> None:
    result = compared(MESSAGES["order"], Settings())
    assert result.one.translation.rejected is None
    assert result.other.translation.rejected is None
    assert {one.settings["token"] for one in [destination_for(Settings(), "classic-cloud")]} == {
        STAND_IN_TOKEN
    }


def test_secrets_are_masked_unless_asked_for() -> None:
    old = message("order", timestamp="2026-11-01T00:00:00.000Z")
    result = compared(old, settings())
    assert result.other.translation.operations[0].request.query == {"verbose": 1, "api_key": SECRET}
    hidden, whole = (json.dumps(as_json(result, show_secrets=show)) for show in (False, True))
    assert SECRET not in hidden
    assert SECRET in whole
    shown = "\n".join(text_of(whole_lines(result, 120, every=True)))
    assert SECRET not in shown
    assert TOKEN not in shown


ACTIONS, CLASSIC = Destination("actions", {"projectToken": "a"}), Destination("classic-cloud", {"token": "a"})


def sides(envelope: dict[str, Any]) -> Sides:
    (given,) = given_messages([json.dumps(envelope)], destination=ACTIONS)
    assert isinstance(given, Given)
    assert given.envelope_now == envelope.get("now")
    return sides_of(given, ACTIONS, CLASSIC)


def test_an_envelopes_settings_go_where_their_token_is_known() -> None:
    call = {"type": "track", "event": "x"}
    given = sides({"settings": {"token": "t", "people": True}, "message": call})
    assert given.other.settings == {"token": "t", "people": True}
    assert given.one.settings == {"projectToken": "t"}
    given = sides({"settings": {"projectToken": "t", "strictMode": "0"}, "message": call})
    assert given.one.settings == {"projectToken": "t", "strictMode": "0"}
    assert given.other.settings == {"token": "t"}
    both = {"actions": {"projectToken": "x"}, "classic-cloud": {"token": "y"}}
    given = sides({"settings": both, "message": call, "now": NOW})
    assert (given.one.settings, given.other.settings) == (both["actions"], both["classic-cloud"])
    with pytest.raises(InputError, match="classic-cloud have to be"):
        sides({"settings": {"classic-cloud": 1}, "message": call})


def test_subscriptions_of_an_envelope_are_those_of_actions() -> None:
    row = vectors("custom-mappings")[0]
    given = sides({key: row[key] for key in ("settings", "subscriptions", "message")})
    assert given.one.subscriptions is not None
    assert len(given.one.subscriptions) == len(row["subscriptions"])
    assert given.other.subscriptions is None


def test_lines_that_cannot_be_read_are_told_and_the_rest_still_run() -> None:
    lines = [
        json.dumps(MESSAGES["order"]),
        "",
        "nope",
        "[1]",
        "[" * 600,
        '{"message": 1, "settings": {}}',
        json.dumps({"message": MESSAGES["order"], "subscriptions": [{"subscribe": 1}]}),
        json.dumps({"type": "track"}),
    ]
    made = list(compare_lines(lines, ACTIONS, CLASSIC, clock=lambda: NOW))
    assert [(one.number, one.comparison is not None) for one in made] == [
        (1, True),
        (3, False),
        (4, False),
        (5, False),
        (6, False),
        (7, False),
        (8, True),
    ]
    assert all(one.error for one in made if one.comparison is None)


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ({"receivedAt": "2026-11-24T10:41:05.000Z"}, "/track"),
        ({"receivedAt": "2026-12-24T10:41:05.000Z"}, "/import"),
        ({"receivedAt": 7}, "/track"),
        ({}, "/track"),
    ],
)
def test_the_clock_is_when_segment_received_it(extra: Any, path: str) -> None:
    by = settings()
    (made,) = compare_lines(
        [json.dumps(message("order", **extra))],
        destination_for(by, "actions"),
        destination_for(by, "classic-cloud"),
        clock=lambda: NOW,
    )
    assert made.comparison is not None
    assert made.comparison.other.records[0].target == f"POST https://api.mixpanel.com{path}"


def test_the_summary_counts_messages_and_not_places() -> None:
    tally = Tally()
    reserved = message("order", **{"properties__$group_id": "a", "properties__$anon_id": "b"})
    tally.count(compared(reserved, settings()))
    tally.count(compared(ALIAS, settings()))
    tally.failed = 1
    lines = list(tally.lines("actions", "classic-cloud", 120))
    assert lines[0] == "2 messages compared, 1 line not read"
    assert any(line.split()[:2] == ["1", "revenue"] for line in lines)
    summary: Any = tally.as_json()["summary"]
    counts = {one["id"]: one["messages"] for one in summary["losses"]}
    assert counts["reserved-property"] == 1
    assert counts["actions-sends-nothing"] == 1
