"""The classic cloud destination: what the vectors lack, by Segment's page on it and its published code.

The page: https://segment.com/docs/connections/destinations/catalog/mixpanel/ ("Mixpanel (Legacy)").
"""

from __future__ import annotations

import base64
import copy
import json
from typing import Any, ClassVar

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.destinations.kinds import translator
from segtap.core.messages import CALL_TYPES, Json, JsonObject
from segtap.core.segment_names import destination_of
from segtap.core.settings import ClassicSettings, Destination, DestinationSettings, Secret, Settings
from segtap.core.verdict import OutgoingRequest, Translation

NOW = 1_795_557_600_000
TIME = "2026-11-24T21:00:00Z"
DAY = 86_400_000


def translate(message: dict[str, Any], *, now: int = NOW, **options: Any) -> Translation:
    given_settings = {"token": "tok", **options}
    return translator(Destination("classic-cloud", given_settings)).translate(
        {"timestamp": TIME, **message}, now=now
    )


def requests(message: dict[str, Any], **options: Any) -> list[OutgoingRequest]:
    made = translate(message, **options)
    assert made.rejected is None
    for operation in made.operations:
        request = operation.request
        assert json.loads(base64.b64decode(request.data or "")) == request.body
    return [operation.request for operation in made.operations]


def bodies(message: dict[str, Any], **options: Any) -> list[Any]:
    return [request.body for request in requests(message, **options)]


def properties(message: dict[str, Any] | None = None, **options: Any) -> Any:
    return bodies({"type": "track", "event": "x", **(message or {})}, **options)[-1]["properties"]


def traits(given_traits: Any, **message: Any) -> Any:
    body, *_ = bodies({"type": "identify", "traits": given_traits, **message}, people=True)
    return body["$set"]


class TestWhereItGoes:
    @pytest.mark.parametrize(("eu", "host"), [(False, "api.mixpanel.com"), (True, "api-eu.mixpanel.com")])
    def test_enable_european_union_endpoint(self, eu: bool, host: str) -> None:
        (request,) = requests({"type": "track", "event": "x"}, enableEuropeanUnionEndpoint=eu)
        assert request.url == f"https://{host}/track"

    def test_events_older_than_five_days_are_imported_and_need_the_key(self) -> None:
        old = {"type": "track", "event": "x", "timestamp": "2026-11-18T00:00:00Z"}
        (request,) = requests(old, apiKey="k")
        assert request.url.endswith("/import")
        assert request.query == {"verbose": 1, "api_key": "k"}
        refused = translate(old)
        assert refused.operations == ()
        assert refused.rejected == '.apiKey is required if "track" or "screen" message is older than 5 days.'

    def test_nothing_older_than_five_years_is_taken(self) -> None:
        then = NOW - round(5 * 365.25 * DAY)
        message = {"type": "alias", "timestamp": then, "userId": "a", "previousId": "b"}
        assert translate(message).rejected is None
        assert "last five years" in str(translate(message, now=NOW + 1).rejected)

    def test_without_a_token_nothing_is_sent(self) -> None:
        assert translate({"type": "track", "event": "x"}, token="").rejected == 'setting "token" is required'

    def test_without_a_timestamp_the_clock_counts(self) -> None:
        made = translator(Destination("classic-cloud", {"token": "tok"})).translate(
            {"type": "track", "event": "x"}, now=NOW
        )
        body: Any = made.operations[0].request.body
        assert body["properties"]["time"] == NOW // 1000


class TestPages:
    """Prioritization of settings: "In Cloud-mode, Segment sends events for each option you select"."""

    PAGE: ClassVar[dict[str, Any]] = {"type": "page", "category": "Docs", "name": "Start"}
    TODAY: ClassVar[dict[str, Any]] = {"eventIncrements": []}

    def names(self, message: dict[str, Any], *on: str, today: bool = True) -> list[str]:
        options: dict[str, Any] = {"consolidatedPageCalls": False, **dict.fromkeys(on, True)}
        return [body["event"] for body in bodies(message, **options, **(self.TODAY if today else {}))]

    def test_consolidated_page_calls_are_on_by_default(self) -> None:
        assert [body["event"] for body in bodies(self.PAGE)] == ["Loaded a Page"]
        assert [body["event"] for body in bodies({**self.PAGE, "type": "screen"})] == ["Loaded a Screen"]

    def test_each_option_that_is_on_makes_an_event(self) -> None:
        assert self.names(self.PAGE, "trackAllPages", "trackCategorizedPages", "trackNamedPages") == [
            "Loaded a Page",
            "Viewed Docs Start Page",
            "Viewed Start Page",
        ]
        both = self.names(self.PAGE, "consolidatedPageCalls", "trackAllPages")
        assert both == ["Loaded a Page", "Loaded a Page"]

    def test_the_release_of_2017_took_the_first_that_applies(self) -> None:
        on = ("trackCategorizedPages", "trackNamedPages")
        assert self.names(self.PAGE, *on, today=False) == ["Viewed Docs Start Page"]
        assert self.names({"type": "page", "name": "Start"}, *on, today=False) == ["Viewed Start Page"]

    def test_a_page_that_no_option_takes_is_unmatched(self) -> None:
        made = translate({"type": "page"}, consolidatedPageCalls=False, trackNamedPages=True)
        assert made == Translation(unmatched=True)

    def test_operations_say_which_option_made_them(self) -> None:
        made = translate(self.PAGE, trackNamedPages=True, **self.TODAY)
        assert [one.action for one in made.operations] == ["page consolidated", "page named"]


class TestPeople:
    def test_identify_sends_nothing_unless_people_is_on(self) -> None:
        assert translate({"type": "identify", "userId": "u"}) == Translation(unmatched=True)

    def test_event_increments_are_for_known_users(self) -> None:
        """Incrementing events: an increment, and "a user trait of Last + {{ event.name }}"."""
        message = {"type": "track", "event": "Logged In"}
        on: dict[str, Any] = {"people": True, "eventIncrements": ["logged in"]}
        add, last, event = bodies({**message, "userId": "u"}, **on)
        assert add == {
            "$distinct_id": "u",
            "$token": "tok",
            "mp_lib": "Segment.io",
            "$add": {"Logged In": 1},
        }
        assert last["$set"] == {"Last Logged In": "2026-11-24T21:00:00"}
        assert event["event"] == "Logged In"
        assert len(bodies({**message, "anonymousId": "a"}, **on)) == 1
        assert len(bodies({**message, "userId": "u"}, **{**on, "people": False})) == 1

    def test_increments_count_generated_page_names(self) -> None:
        """Incrementing events: "use the dynamically generated event name"."""
        page = {"type": "page", "name": "Signup", "userId": "u"}
        made = bodies(
            page,
            people=True,
            consolidatedPageCalls=False,
            trackNamedPages=True,
            eventIncrements=["Viewed Signup Page"],
        )
        assert made[0]["$add"] == {"Viewed Signup Page": 1}

    def test_properties_to_increment_take_numbers(self) -> None:
        """Incrementing properties: "when you attach a number to the property"."""
        own = {"Items Purchased": 5, "price": "7", "used": True}
        add, event = bodies(
            {"type": "track", "event": "x", "userId": "u", "properties": own},
            people=True,
            propIncrements=["items purchased", "price", "used"],
        )
        assert add["$add"] == {"Items Purchased": 5}
        assert event["properties"]["Items Purchased"] == 5

    def test_a_device_token_is_a_union_of_its_own(self) -> None:
        message = {"type": "identify", "userId": "u", "context": {"device": {"token": "t"}}}
        assert [sorted(body)[:3] for body in bodies(message, people=True)] == [
            ["$distinct_id", "$ignore_time", "$ip"]
        ] * 2
        assert bodies(message, people=True)[1]["$union"] == {"$ios_devices": ["t"]}

    def test_active_false_keeps_last_seen(self) -> None:
        """Bypass "Last Seen" in server-side calls."""
        message = {"type": "identify", "userId": "u", "context": {"active": False, "ip": "1.2.3.4"}}
        (body,) = bodies(message, people=True)
        assert (body["$ignore_time"], body["$ip"]) == (True, "1.2.3.4")

    def test_revenue_is_appended_and_says_when(self) -> None:
        message = {
            "type": "track",
            "event": "Order Completed",
            "userId": "u",
            "properties": {"total": "$9.50"},
        }
        _, revenue = requests(message)
        assert (revenue.method, revenue.url, revenue.query) == (
            "GET",
            "https://api.mixpanel.com/engage",
            {"ip": 0, "verbose": 1},
        )
        assert revenue.body == {
            "$distinct_id": "u",
            "$token": "tok",
            "$append": {"$transactions": {"$time": "2026-11-24T21:00:00", "$amount": 9.5}},
        }


class TestTraits:
    def test_mixpanels_own_names_in_whatever_spelling(self) -> None:
        made = traits({"first_name": " Ann ", "LAST NAME": "Lee", "created_at": "2026-01-02", "token": "x"})
        assert made == {
            "$first_name": "Ann",
            "$last_name": "Lee",
            "$name": "Ann Lee",
            "$created": "2026-01-02T00:00:00",
            "trait_token": "x",
        }

    @pytest.mark.parametrize(
        ("created", "sent"),
        [
            (1_700_000_000, "2023-11-14T22:13:20"),
            ("1700000000000", "2023-11-14T22:13:20"),
            ("2026-01-02T03:04:05.678+01:00", "2026-01-02T02:04:05"),
            ("Nov 20 2026", "2026-11-20T00:00:00"),
            ("9999-99-01", "+010007-03-01T00:00"),
            ("0050-01-01", "1950-01-01T00:00:00"),
        ],
    )
    def test_created_is_a_date_without_zone(self, created: Any, sent: str) -> None:
        assert traits({"created": created}) == {"$created": sent}

    def test_created_at_overrides_created_and_its_numbers_are_milliseconds(self) -> None:
        """So the published code: only `created` is read as seconds, and `createdAt` is taken after it."""
        made = traits({"created": 1_700_000_000, "createdAt": 1_700_000_000})
        assert made == {"$created": "1970-01-20T16:13:20"}

    def test_a_date_that_is_none_is_left_out(self) -> None:
        assert traits({"created": "never"}) == {}

    def test_objects_become_text_and_lists_stay(self) -> None:
        assert traits({"a": {"b": [1.0, None, "2026-01-02"]}, "c": [{"d": 1}]}) == {
            "a": '{"b":[1,null,"2026-01-02T00:00:00.000Z"]}',
            "c": [{"d": 1}],
        }

    def test_traits_of_the_context_are_on_the_event_and_legacy_puts_a_dollar_before_them(self) -> None:
        message = {"context": {"traits": {"plan": "x", "email": "a@b.co"}}}
        assert properties(message)["plan"] == "x"
        legacy = properties(message, legacySuperProperties=True)
        assert (legacy["$plan"], legacy["$email"]) == ("x", "a@b.co")
        assert "plan" not in legacy


class TestEvents:
    def test_source_name_is_on_events(self) -> None:
        assert properties(sourceName="web")["segment_source_name"] == "web"
        assert "segment_source_name" not in properties(sourceName="")

    def test_no_insert_id_and_the_library_tells_the_mode(self) -> None:
        made = properties({"messageId": "m", "context": {"library": {"name": "analytics.js"}}})
        assert "$insert_id" not in made
        assert made["mp_lib"] == "Segment: analytics.js"

    def test_the_browser_comes_from_the_user_agent(self) -> None:
        made = properties({"context": {"userAgent": "Mozilla/5.0 Chrome/120.0.1 Safari/537"}})
        assert (made["$browser"], made["$browser_version"]) == ("Chrome", "120.0.1")

    @pytest.mark.parametrize(
        ("part", "value"), [("properties", "text"), ("event", 3), ("event", {}), ("properties", [1])]
    )
    def test_what_segments_code_fails_on_is_refused_in_words(self, part: str, value: Json) -> None:
        made = translate({"type": "track", "event": "x", part: value}, people=True)
        assert made.operations == ()
        assert part in str(made.rejected)


class TestGroups:
    """Group: calls are sent "if, and only if" there are Group Identifier Traits and the call has one."""

    CALL: ClassVar[dict[str, Any]] = {
        "type": "group",
        "userId": "u",
        "groupId": "g",
        "traits": {"company": "acme", "name": "Acme", "n": 1},
    }

    def test_without_group_identifier_traits_it_is_ignored(self) -> None:
        assert translate(self.CALL) == Translation(unmatched=True)
        assert translate(self.CALL, groupIdentifierTraits=["team"]) == Translation(unmatched=True)

    def test_the_trait_is_key_and_its_value_the_id(self) -> None:
        (request,) = requests(self.CALL, groupIdentifierTraits=["company"])
        assert (request.method, request.url) == ("POST", "https://api.mixpanel.com/groups")
        assert request.body == {
            "$token": "tok",
            "$group_key": "company",
            "$group_id": "acme",
            "$set": {"company": "acme", "n": 1, "$name": "Acme"},
        }

    def test_group_traits_to_set_once_are_a_request_of_their_own(self) -> None:
        made = bodies(self.CALL, groupIdentifierTraits=["company"], groupTraitsToSetOnce=["n", "none"])
        assert [body.get("$set_once") for body in made] == [None, {"n": 1}]
        assert made[0]["$set"] == {"company": "acme", "$name": "Acme"}

    def test_one_call_for_several_groups(self) -> None:
        call = {**self.CALL, "traits": {"company": "acme", "team": 7}}
        made = bodies(call, groupIdentifierTraits=["company", "team", "company"])
        assert [(body["$group_key"], body["$group_id"]) for body in made] == [
            ("company", "acme"),
            ("team", 7),
        ]


def test_settings_of_the_file_reach_the_destination() -> None:
    classic = ClassicSettings(
        people=True,
        consolidated_page_calls=False,
        track_all_pages=True,
        track_categorized_pages=True,
        track_named_pages=True,
        event_increments=("a",),
        prop_increments=("n",),
        group_identifier_traits=("company",),
        group_traits_to_set_once=("since",),
        legacy_super_properties=True,
    )
    destination = DestinationSettings(
        kind="classic-cloud", token="tok", region="eu", source_name="web", api_secret=Secret("k-12345678")
    )
    made = destination_of(Settings(destination=destination, classic=classic))
    assert made.kind == "classic-cloud"
    page = {"type": "page", "name": "A", "category": "B", "userId": "u", "timestamp": TIME}
    translation = translator(made).translate(page, now=NOW)
    urls = [(one.request.url, one.request.query) for one in translation.operations]
    assert urls == [("https://api-eu.mixpanel.com/track", {"verbose": 1, "api_key": "k-12345678"})] * 3


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
    | st.sampled_from(
        ["", "2026-11-20", "2026-11-20 10:00", "1700000000123", "$12", "Order Completed", "a@b.c"]
    )
)
NAMES = (
    "userId anonymousId event name firstName last_name email phone phones created createdAt traits properties"
    " context options app device token type page url referrer network campaign source library userAgent"
    " timestamp active ip ignoreIp Mixpanel revenue total username 0 __proto__ length"
)
KEYS = st.sampled_from(NAMES.split()) | st.text(max_size=4)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=8)
PARTS = OBJECTS | VALUES


@examples(300)
@given(OBJECTS, st.sampled_from([*CALL_TYPES, None, 3]), PARTS, PARTS, PARTS, OBJECTS)
def test_no_message_makes_it_raise_or_is_changed_by_it(
    message: JsonObject, kind: Json, own: Json, user: Json, context: Json, options: JsonObject
) -> None:
    message |= {"type": kind, "properties": own, "traits": user, "context": context}
    every = {"people": True, "groupIdentifierTraits": ["name", "0"], "trackNamedPages": True, **options}
    before = copy.deepcopy(message)
    translate_it = translator(Destination("classic-cloud", {"token": "tok", **every})).translate
    made = translate_it(message, now=NOW)
    assert repr(message) == repr(before)
    assert made == translate_it(message, now=NOW)
    assert made.rejected is None or made.rejected
    for operation in made.operations:
        decoded = json.loads(base64.b64decode(operation.request.data or ""))
        assert decoded == operation.request.body


@pytest.mark.parametrize("depth", [100, 450, 5000])
def test_nesting_is_survived(depth: int) -> None:
    deep: Json = 1.0
    for _ in range(depth):
        deep = {"a": deep}
    made = translate({"type": "track", "event": "x", "properties": {"deep": deep}})
    assert bool(made.operations) == (made.rejected is None)
    assert bool(made.operations) == (depth < 5000)
