"""The rules of device mode that the vectors do not reach, by the section of the simulation they belong to.

Sources: the code of mixpanel-browser 2.83 and of Segment's integration, and runs of both in a page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.destinations.device.integration import CANNOT_JOIN, NOT_A_TEXT
from segtap.core.destinations.device.normal import PlaceholderIds
from segtap.core.destinations.device.options import read_options
from segtap.core.destinations.device.page import Page, parameter_of, site_of
from segtap.core.destinations.device.simulation import open_page, reload, send
from segtap.core.destinations.device.state import Browser, Cause, Step
from segtap.core.messages import CALL_TYPES, JsonObject

HOME = Page("https://www.shop.example/")
TIME = "2026-11-24T22:00:00Z"
NOW = 1_795_557_600


class Tab:
    """A browser in which one message after the other is sent."""

    def __init__(self, page: Page = HOME, **settings: Any) -> None:
        self.options = read_options({"token": "tok", **settings})
        self.ids = PlaceholderIds()
        self.browser: Browser = open_page(page, self.options, self.ids)
        self.last = Step(self.browser)

    def send(self, type: str, **fields: Any) -> list[Any]:
        message = {"type": type, "anonymousId": "anon", "timestamp": TIME, **fields}
        self.last = send(self.browser, message, self.options, self.ids)
        self.browser = self.last.browser
        return [operation.data for operation in self.last.operations]

    def track(self, properties: Any = None, event: str = "Seen", **fields: Any) -> Any:
        """Send an event and return its properties as Mixpanel gets them."""
        return self.send("track", event=event, properties=properties or {}, **fields)[-1]["properties"]

    def identify(self, traits: Any = None, user_id: Any = "u") -> list[Any]:
        return self.send("identify", userId=user_id, traits=traits or {})

    @property
    def store(self) -> JsonObject:
        return self.browser.store.properties


def operations(records: list[Any], kind: str) -> list[Any]:
    return [record[kind] for record in records if kind in record]


class TestSettings:
    """Section 1."""

    def test_mixpanels_own_options_work_among_the_settings(self) -> None:
        tab = Tab(api_host="https://events.shop.example/path", property_blacklist=["plan", "$current_url"])
        sent = tab.track({"plan": "pro", "size": 1})
        assert tab.last.operations[0].host == "events.shop.example"
        assert sent["size"] == 1
        assert not {"plan", "$current_url"} & set(sent)

    def test_the_eu_endpoint_goes_before_api_host(self) -> None:
        tab = Tab(api_host="https://events.shop.example", enableEuropeanUnionEndpoint=True)
        tab.track()
        assert tab.last.operations[0].host == "api-eu.mixpanel.com"

    def test_what_is_not_a_list_of_texts_counts_as_empty(self) -> None:
        options = read_options({"superProperties": "plan", "peopleProperties": [1, None], "people": 1})
        assert options.super_properties == options.people_properties == ()
        assert options.people

    def test_the_name_of_the_store(self) -> None:
        assert read_options({"token": "t"}).store_name == "mp_t_mixpanel"
        assert read_options({"token": "t", "cookieName": "shop"}).store_name == "mp_shop"


class TestPages:
    """Section 2."""

    def test_yahoo_has_its_keyword_elsewhere(self) -> None:
        page = Page(HOME.url, "https://search.yahoo.com/search?q=no&p=red+shoes")
        sent = Tab(page).track()
        assert (sent["$search_engine"], sent["mp_keyword"]) == ("yahoo", "red shoes")

    def test_google_has_it_under_q(self) -> None:
        assert Tab(Page(HOME.url, "https://www.google.de/?q=a%20b")).track()["mp_keyword"] == "a b"

    @pytest.mark.parametrize(
        ("url", "name", "value"),
        [
            ("https://a.example/?x=1&y=%C3%BC+z#y=2", "y", "ü z"),
            ("https://a.example/?y=%E0%A4%A", "y", "%E0%A4%A"),
            ("https://a.example/?y=%FF", "y", "%FF"),
            ("https://a.example/?yy=1", "y", ""),
        ],
    )
    def test_parameters_are_decoded_as_the_sdk_does(self, url: str, name: str, value: str) -> None:
        assert parameter_of(url, name) == value

    def test_subdomains_share_a_cookie_with_cross_subdomain_cookies(self) -> None:
        shop, app = Page("https://www.shop.example/"), Page("https://app.shop.example:8080/x")
        on, off = read_options({"crossSubdomainCookie": True}), read_options({})
        assert shop.store_key(on) == app.store_key(on) == ".shop.example"
        assert (shop.store_key(off), app.store_key(off)) == ("www.shop.example", "app.shop.example")
        local = read_options({"crossSubdomainCookie": True, "persistence": "localStorage"})
        assert app.store_key(local) == "https://app.shop.example:8080"

    @pytest.mark.parametrize(
        ("host", "site"),
        [("a.b.shop.com", "shop.com"), ("a.shop.co.uk", "shop.co.uk"), ("localhost", ""), ("127.0.0.1", "")],
    )
    def test_the_site_is_guessed(self, host: str, site: str) -> None:
        assert site_of(host) == site

    def test_a_message_from_another_host_is_a_page_load_with_a_store_of_its_own(self) -> None:
        tab = Tab()
        tab.identify({"plan": "pro"})
        elsewhere = {"page": {"url": "https://blog.shop.example/", "referrer": HOME.url}}
        sent = tab.track(context=elsewhere)
        assert (sent["distinct_id"], sent["$referrer"]) == ("$device:<device_id:2>", HOME.url)
        assert "plan" not in sent
        back = tab.track(context={"page": {"url": HOME.url + "cart"}})
        assert (back["distinct_id"], back["plan"]) == ("u", "pro")

    def test_another_url_of_the_host_is_the_same_page_load(self) -> None:
        tab = Tab()
        tab.identify()
        assert tab.browser.identified
        url = HOME.url + "cart?utm_source=x"
        sent = tab.track(context={"page": {"url": url, "referrer": ""}})
        assert (sent["$current_url"], sent["utm_source"]) == (url, "x")
        assert tab.browser.identified

    def test_campaign_parameters_stay_for_later_pages_and_click_ids_do_not(self) -> None:
        tab = Tab(Page(HOME.url + "?utm_source=ad&gclid=g"))
        assert {"utm_source", "gclid"} <= set(tab.track())
        tab.browser = reload(tab.browser, HOME, tab.options, tab.ids)
        sent = tab.track()
        assert sent["utm_source"] == "ad"
        assert "gclid" not in sent

    def test_causes_say_which_call_registered_a_property_and_when(self) -> None:
        tab = Tab(people=True)
        tab.send("page", name="Home")
        tab.identify({"plan": "free", "size": 1})
        tab.identify({"plan": "pro", "size": 1})
        tab.send("group", groupId="acme", userId="u")
        causes = tab.browser.store.causes
        assert causes["$device_id"] == Cause(0, "page load", None)
        assert causes["size"] == Cause(2, "identify", NOW * 1000)
        assert causes["plan"] == Cause(3, "identify", NOW * 1000)
        assert set(tab.browser.store.super_properties) >= {"plan", "size", "mp_lib"}
        assert not {"__mps", "__mpso"} & set(tab.browser.store.super_properties)


class TestEvents:
    """Section 3."""

    def test_time_has_milliseconds_as_fraction(self) -> None:
        tab = Tab()
        assert tab.track()["time"] == NOW
        assert tab.track(timestamp="2026-11-24T22:00:00.250Z")["time"] == NOW + 0.25

    def test_super_properties_override_click_ids_of_the_url(self) -> None:
        tab = Tab(Page(HOME.url + "?utm_source=ad&gclid=g"), superProperties=["gclid"])
        tab.track({"gclid": "registered"})
        assert tab.track()["gclid"] == "registered"

    def test_texts_are_cut_after_255_utf_16_units(self) -> None:
        sent = Tab().track({"wide": "😀" * 200, "plain": "x" * 300, "list": ["ü" * 300]})
        assert (len(sent["plain"]), len(sent["list"][0])) == (255, 255)
        assert sent["wide"] == "😀" * 127 + "\ud83d"
        assert Tab().track({"fits": "😀" * 127 + "x"})["fits"] == "😀" * 127 + "x"

    def test_length_wrecks_an_event(self) -> None:
        assert Tab().track({"length": 3, "plan": "pro"}) == {}
        assert Tab().track({"length": "3", "plan": "pro"})["plan"] == "pro"
        assert Tab().track({"box": {"length": 3, "width": 2, "0": "kept"}})["box"] == {"0": "kept"}

    def test_length_as_trait_wrecks_every_later_event(self) -> None:
        tab = Tab(people=True)
        records = tab.identify({"length": 3, "plan": "pro"})
        assert operations(records, "$set") == [{}]
        sent = tab.track({"size": 1})
        assert sent["size"] == 1
        assert not {"plan", "distinct_id", "$user_id"} & set(sent)
        assert tab.store["plan"] == "pro"

    def test_a_list_as_length_is_no_number(self) -> None:
        assert Tab().track({"length": [3], "plan": "pro"})["plan"] == "pro"


class TestPeople:
    """Section 4: the queue of people operations, before the first identify with an id."""

    def anonymous(self, *events: JsonObject, traits: Any = None, **settings: Any) -> list[Any]:
        """Send events with increments, then identify, and return the records of the identify."""
        tab = Tab(people=True, **settings)
        for properties in events:
            assert len(tab.send("track", event="Bought", properties=properties)) == 1
        if traits is not None:
            assert tab.send("identify", traits=traits, userId=None) == []
        return tab.identify()

    def test_reserved_names_are_left_out_of_profiles(self) -> None:
        tab = Tab(people=True)
        (values, *_) = operations(tab.identify({"$token": "x", "$device_id": "y", "plan": "pro"}), "$set")
        assert values == {"plan": "pro", "id": "u"}

    def test_added_numbers_and_null_are_a_sum(self) -> None:
        records = self.anonymous({"n": 2}, {"n": None}, {"n": 3.5}, propIncrements=["N"])
        assert operations(records, "$add") == [{"n": 5.5}]

    def test_added_texts_and_lists_are_put_together_and_only_what_begins_with_a_number_is_sent(self) -> None:
        records = self.anonymous({"a": "12.50", "b": [7]}, {"a": "x"}, propIncrements=["a", "b"])
        assert operations(records, "$add") == [{"a": "012.50x", "b": "07"}]
        queued: JsonObject = {"__mpa": {"soon": "soon", "n": "2"}}
        assert operations(self.anonymous(queued, superProperties=["__mpa"]), "$add") == [{"n": "2"}]

    def test_an_increment_is_added_onto_a_queued_set(self) -> None:
        tab = Tab(people=True, propIncrements=["score"])
        tab.identify({"score": 7}, user_id=None)
        tab.track({"score": 3})
        assert tab.store["__mps"] == {"score": 10}
        assert operations(tab.identify(), "$set")[0] == {"score": 10}

    def test_a_queued_set_replaces_queued_increments_and_unions(self) -> None:
        tab = Tab(people=True, propIncrements=["score"])
        tab.track({"score": 3})
        tab.identify({"tags": ["a"]}, user_id=None)
        assert tab.store["__mpa"] == {"score": 3}
        tab.identify({"score": 7, "tags": "none"}, user_id=None)
        assert (tab.store["__mpa"], tab.store["__mpu"]) == ({}, {})
        assert tab.store["__mps"] == {"score": 7, "tags": "none"}

    def test_queued_unions_hold_each_value_once_by_strict_equality(self) -> None:
        tab = Tab(people=True)
        tab.identify({"tags": [1, "1", True, None, {}]}, user_id=None)
        tab.identify({"tags": [1.0, "1", False, None, {}]}, user_id=None)
        assert tab.store["__mpu"] == {"tags": [1, "1", True, None, {}, False, {}]}

    def test_the_queues_are_sent_in_their_order(self) -> None:
        records = self.anonymous({"n": 1}, traits={"plan": "pro", "tags": ["a"]}, propIncrements=["n"])
        kinds = [next(iter(record)) for record in records]
        assert kinds == ["$set", "$set_once", "$add", "$union", "event", "$set", "$union"]

    def test_set_once_keeps_the_first_value(self) -> None:
        tab = Tab(Page(HOME.url + "?utm_source=first"))
        tab.browser = reload(tab.browser, Page(HOME.url + "?utm_source=second"), tab.options, tab.ids)
        assert operations(tab.identify(), "$set_once")[0]["initial_utm_source"] == "first"


class TestDates:
    """Section 5."""

    def test_dates_in_lists_of_group_traits_become_empty_objects(self) -> None:
        tab = Tab(groupIdentifierTraits=["company"])
        traits = {"since": "2026-01-02", "visits": ["2026-01-02", 1, {"at": "2026-01-02"}]}
        (values, *_) = operations(tab.send("group", groupId="g", userId="u", traits=traits), "$set_once")
        assert values == {"since": "2026-01-02T00:00:00", "visits": [{}, 1, {"at": {}}]}

    def test_dates_in_lists_of_properties_are_iso_texts(self) -> None:
        assert Tab().track({"days": ["2026-01-02"]})["days"] == ["2026-01-02T00:00:00.000Z"]

    def test_parts_out_of_range_roll_over_and_other_texts_stay(self) -> None:
        sent = Tab().track({"a": "2026-13-45", "b": "20261124", "c": "2026-01-02 later"})
        assert (sent["a"], sent["b"], sent["c"]) == (
            "2027-02-14T00:00:00.000Z",
            "20261124",
            "2026-01-02 later",
        )

    def test_created_that_is_no_date(self) -> None:
        tab = Tab()
        tab.identify({"created": "soon"})
        assert tab.store["$created"] == "NaN-NaN-NaNTNaN:NaN:NaN.NZ"


class TestIdentify:
    """Section 6."""

    def test_only_the_exact_name_is_replaced_by_mixpanels(self) -> None:
        tab = Tab()
        tab.identify({"first_name": "Ann", "Email": "a@b.co"})
        assert tab.store["$first_name"] == tab.store["first_name"] == "Ann"
        assert tab.store["$email"] == tab.store["Email"] == "a@b.co"

    def test_phones_stand_in_for_the_phone(self) -> None:
        tab = Tab()
        tab.identify({"phones": ["1", "2"]})
        assert tab.store["$phone"] == "1"

    def test_listed_lists_are_unions(self) -> None:
        tab = Tab(people=True, setAllTraitsByDefault=False, peopleProperties=["tags"])
        assert operations(tab.identify({"tags": ["a"], "other": ["b"]}), "$union") == [{"tags": ["a"]}]

    def test_the_union_of_super_properties_is_made_of_texts(self) -> None:
        tab = Tab()
        tab.identify({"tags": [{"a": 1}, "10", None]})
        tab.identify({"tags": [9, True, "10"]})
        assert tab.store["tags"] == ["9", "10", "[object Object]", "null", "true"]


class TestSdkIdentify:
    """Section 7."""

    def test_an_id_that_looks_like_a_device_is_refused(self) -> None:
        tab = Tab()
        assert tab.identify(user_id="$device:x") == []
        assert tab.store["distinct_id"] == "$device:<device_id>"
        assert not tab.browser.identified

    def test_without_a_device_id_the_former_id_stands_for_it(self) -> None:
        tab = Tab(people=True, superProperties=["$device_id"])
        tab.track({"$device_id": ""})
        (first, *_) = tab.identify()
        assert tab.store["$had_persisted_distinct_id"] is True
        assert first["$device_id"] == "$device:<device_id>"
        assert first["$had_persisted_distinct_id"] is True

    def test_users_who_switch_without_reset_are_linked(self) -> None:
        tab = Tab()
        tab.identify(user_id="first")
        (event,) = tab.identify(user_id="second")
        assert event["properties"]["$anon_distinct_id"] == "first"


class TestTrack:
    """Section 8."""

    def test_a_text_under_the_new_name_is_continued_as_a_text(self) -> None:
        sent = Tab().track({"products_skus": "text", "products": [{"sku": 1}, {"sku": 2}]})
        assert sent["products_skus"] == "text1,2"

    def test_another_value_under_the_new_name_ends_the_pages_code(self) -> None:
        tab = Tab(superProperties=["plan"])
        message = {"plan": "pro", "products_skus": 7, "products": [{"sku": 1}]}
        assert tab.send("track", event="Bought", properties=message) == []
        assert tab.last.failed == CANNOT_JOIN
        assert "plan" not in tab.store

    def test_an_event_that_is_no_text_ends_the_pages_code(self) -> None:
        tab = Tab()
        assert tab.send("track", properties={}) == []
        assert tab.last.failed == NOT_A_TEXT

    def test_a_listed_time_overrides_every_later_events_time(self) -> None:
        tab = Tab(superProperties=["time"])
        tab.track({"time": 1})
        assert tab.track()["time"] == 1

    def test_increments_of_known_users_go_out_raw(self) -> None:
        tab = Tab(people=True, propIncrements=["n"])
        tab.identify()
        records = tab.send("track", event="Bought", properties={"n": "soon"})
        assert operations(records, "$add") == [{"n": "soon"}]


class TestPageCalls:
    """Section 9."""

    def test_category_and_name_are_properties(self) -> None:
        (event,) = Tab().send("page", category="Docs", name="Start", properties={"path": "/"})
        assert event["event"] == "Loaded a Page"
        assert (event["properties"]["category"], event["properties"]["name"]) == ("Docs", "Start")

    def test_screens_do_nothing(self) -> None:
        assert Tab().send("screen", name="Start") == []


class TestGroups:
    """Section 10."""

    @pytest.mark.parametrize("missing", ["groupId", "userId"])
    def test_without_an_id_nothing_is_sent(self, missing: str) -> None:
        message = {"groupId": "g", "userId": "u", "traits": {"size": 1}, missing: ""}
        assert Tab(groupIdentifierTraits=["company"]).send("group", **message) == []

    def test_names_that_group_records_need_are_left_out(self) -> None:
        tab = Tab(groupIdentifierTraits=["company"])
        (record,) = tab.send("group", groupId="g", userId="u", traits={"$group_id": "x", "size": 1})
        assert record == {
            "$set_once": {"size": 1},
            "$group_key": "company",
            "$group_id": "g",
            "$token": "tok",
        }


class TestAlias:
    """Section 11."""

    def alias(self, tab: Tab, previous: Any, known: bool = False, original: Any = None) -> list[Any]:
        message: JsonObject = {
            "type": "alias",
            "userId": "new",
            "anonymousId": "anon",
            "previousId": previous,
            "timestamp": TIME,
        }
        step = send(tab.browser, message, tab.options, tab.ids, original=original, original_known=known)
        tab.browser = step.browser
        return [operation.data for operation in step.operations]

    @pytest.mark.parametrize("previous", ["u", "anon", None])
    def test_what_analytics_js_fills_in_is_not_the_original(self, previous: Any) -> None:
        tab = Tab(superProperties=["distinct_id"])
        tab.identify(user_id="u")
        tab.track({"distinct_id": "mine"}, userId="u")
        created, identified = self.alias(tab, previous)
        assert created["properties"]["distinct_id"] == "mine"
        assert identified["properties"]["$anon_distinct_id"] == "mine"

    def test_the_integration_sees_what_the_caller_gave(self) -> None:
        tab = Tab()
        (created, *_) = self.alias(tab, "anon", known=True, original="anon")
        assert created["properties"]["distinct_id"] == "anon"
        (created, *_) = self.alias(Tab(), "other")
        assert created["properties"]["distinct_id"] == "other"

    def test_an_original_that_is_the_alias_identifies_only(self) -> None:
        tab = Tab()
        records = self.alias(tab, "new", known=True, original="new")
        assert [record.get("event", "profile") for record in records] == ["profile", "$identify"]
        assert tab.store["distinct_id"] == "new"


NAMES = st.sampled_from(
    [
        "length",
        "tags",
        "plan",
        "created",
        "name",
        "email",
        "products",
        "distinct_id",
        "time",
        "1",
        "$set",
        "__mps",
    ]
) | st.text(max_size=4)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-01-02", "a@b.co", "$device:x", "u", "12.50", "x" * 300, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
IDS = ["userId", "anonymousId", "previousId", "groupId"]
FIELDS = [*IDS, "event", "properties", "traits", "name", "category", "timestamp", "integrations", "context"]
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(CALL_TYPES) | JSON},
        optional=dict.fromkeys(FIELDS, JSON),
    ),
    max_size=4,
)
SETTINGS = st.dictionaries(
    st.sampled_from(["people", "setAllTraitsByDefault", "trackNamedPages", "consolidatedPageCalls"]), JSON
)
LISTS = ["tags", "plan", "distinct_id", "__mps", "$device_id", "time", "length", "products_1s", "event"]


def run(messages: list[JsonObject], make: Callable[[], Tab]) -> tuple[Browser, list[Any]]:
    tab = make()
    records: list[Any] = []
    for message in messages:
        step = send(tab.browser, message, tab.options, tab.ids, now=NOW * 1000)
        tab.browser = step.browser
        records += step.operations
    return tab.browser, records


@given(MESSAGES, SETTINGS, st.lists(st.sampled_from(LISTS)), st.text(max_size=9))
@examples(100)
def test_no_message_makes_it_raise_and_nothing_but_clock_and_ids_comes_from_outside(
    messages: list[JsonObject], settings: JsonObject, listed: list[str], url: str
) -> None:
    def tab() -> Tab:
        lists = dict.fromkeys(
            ("superProperties", "peopleProperties", "propIncrements", "eventIncrements"), listed
        )
        return Tab(Page(f"https://{url}", url), **{**lists, "groupIdentifierTraits": listed, **settings})

    before = json.dumps(messages)
    browser, records = run(messages, tab)
    assert json.dumps(messages) == before
    again = run(messages, tab)
    assert json.dumps(browser.store.properties) == json.dumps(again[0].store.properties)
    assert [json.dumps(one.data) for one in records] == [json.dumps(one.data) for one in again[1]]
