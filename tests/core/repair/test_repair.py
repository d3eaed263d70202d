import base64
import copy
import json
import uuid
from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, TRANSLATOR, every_real_message, real_message, verdict_on
from hypothesis import given
from hypothesis import strategies as st

from segtap.core.checks import CheckSettings
from segtap.core.destinations.kinds import translator
from segtap.core.engine.active import ActiveSettings
from segtap.core.index.replay import replay_receipts
from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.repair import MENDS, NAMESPACE, Repaired, explained, repaired
from segtap.core.settings import (
    REPAIR_NAMES,
    Destination,
    DestinationSettings,
    IdentityMode,
    RepairName,
    Settings,
)
from segtap.core.verdict import Explanation, PropertySource, Repair, Translation, Verdict

CLASSIC = Destination(
    kind="classic-cloud", settings={"token": "t", "people": True, "consolidatedPageCalls": True}
)


def mended(
    message: dict[str, Any],
    *names: RepairName,
    identity: IdentityMode = "original",
    destination: Destination = DESTINATION,
) -> Repaired:
    made = translator(destination).translate(message, now=NOW)
    return repaired(made, message, names, identity=identity)


def body(made: Repaired | Translation | Verdict, request: int = 0) -> Any:
    translation = made if isinstance(made, Translation) else made.translation
    return translation.operations[request].request.body


def verdict(message: dict[str, Any], *names: RepairName, identity: IdentityMode = "original") -> Verdict:
    settings = CheckSettings(identity=identity)
    return verdict_on(message, DESTINATION, NOW, size=900, settings=settings, repairs=names)


def anonymous(**changes: Any) -> dict[str, Any]:
    identify: dict[str, Any] = {
        "userId": ...,
        "anonymousId": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "traits": {"plan": "pro"},
    }
    return real_message("node", "identify", **(identify | changes))


def test_without_a_name_nothing_is_changed() -> None:
    for message in every_real_message():
        made = TRANSLATOR.translate(message, now=NOW)
        assert repaired(made, message, ()).translation is made


def test_the_translation_and_the_message_stay_as_they_were() -> None:
    for message in [*every_real_message(), anonymous()]:
        made = TRANSLATOR.translate(message, now=NOW)
        before = copy.deepcopy((made, message))
        repaired(made, message, REPAIR_NAMES, identity="simplified")
        assert (made, message) == before


class TestInsertId:
    def test_an_id_that_mixpanel_refuses_becomes_a_uuid_made_of_it(self) -> None:
        message = real_message("python", "track", event="Tried", messageId="order_991")
        made = mended(message, "insert-id")
        after = str(uuid.uuid5(NAMESPACE, "order_991"))
        assert body(made)[0]["properties"]["$insert_id"] == after
        assert made.repairs == (
            Repair("insert-id", 0, "requests[0].body[0].properties.$insert_id", "order_991", after),
        )

    def test_the_namespace_never_changes_lest_retries_count_twice(self) -> None:
        assert str(NAMESPACE) == "d3b533ea-d6ed-556d-b454-fb5efd17550b"
        assert str(uuid.uuid5(NAMESPACE, "order_991")) == "571c67b2-814c-54fd-bf93-317489077f63"

    def test_ids_that_are_too_long_are_shortened_and_good_ones_left(self) -> None:
        long = real_message("next", "track")
        assert len(body(mended(long, "insert-id"))[0]["properties"]["$insert_id"]) == 36
        good = real_message("python", "track", event="Tried", messageId=str(uuid.uuid4()))
        assert mended(good, "insert-id").repairs == ()

    def test_every_product_of_an_order_keeps_an_id_of_its_own(self) -> None:
        products = [{"sku": f"S{n}"} for n in range(3)]
        order = real_message(
            "python",
            "track",
            event="Order Completed",
            messageId="order_991",
            properties={"products": products},
        )
        ids = [record["properties"]["$insert_id"] for record in body(mended(order, "insert-id"))]
        assert len(ids) == len(set(ids)) == 4
        assert all(uuid.UUID(one).version == 5 for one in ids)

    def test_lone_surrogates_do_no_harm(self) -> None:
        message = real_message("python", "track", event="Tried", messageId="\ud800")
        assert uuid.UUID(body(mended(message, "insert-id"))[0]["properties"]["$insert_id"])


class TestDevicePrefix:
    def test_the_profile_of_an_unknown_user_gets_the_prefix(self) -> None:
        made = mended(anonymous(), "device-prefix", identity="simplified")
        id = anonymous()["anonymousId"]
        assert body(made, 1)["$distinct_id"] == f"$device:{id}"
        assert made.repairs == (
            Repair("device-prefix", 1, "requests[1].body.$distinct_id", id, f"$device:{id}"),
        )

    def test_only_with_the_simplified_id_merge_and_without_a_user(self) -> None:
        assert mended(anonymous(), "device-prefix").repairs == ()
        known = anonymous(userId="u-1")
        assert mended(known, "device-prefix", identity="simplified").repairs == ()
        prefixed = anonymous(anonymousId="$device:x")
        assert mended(prefixed, "device-prefix", identity="simplified").repairs == ()

    def test_events_carry_their_device_id_and_need_none(self) -> None:
        event = real_message("next", "track", userId=None)
        assert mended(event, "device-prefix", identity="simplified").repairs == ()


class TestSkipEmptyIdentify:
    def test_identify_of_nobody_is_not_sent_and_the_profile_is(self) -> None:
        before = TRANSLATOR.translate(anonymous(), now=NOW)
        made = mended(anonymous(), "skip-empty-identify")
        assert [one.request.url for one in before.operations] == [
            "https://api.mixpanel.com/track",
            "https://api.mixpanel.com/engage",
        ]
        assert made.translation.operations == before.operations[1:]
        (repair,) = made.repairs
        assert (repair.request, repair.path, repair.after) == (None, "requests[0].body", None)
        assert body(before) == repair.before

    def test_one_that_names_a_user_is_sent(self) -> None:
        assert mended(real_message("node", "identify"), "skip-empty-identify").repairs == ()

    def test_findings_follow_requests_to_their_new_numbers(self) -> None:
        message = anonymous(traits={"$country_code": "Germany"})
        made = verdict(message, "skip-empty-identify", "country-code", "device-prefix", identity="simplified")
        assert [repair.request for repair in made.repairs] == [None, 0, 0]
        assert {repair.path for repair in made.repairs[1:]} == {
            "requests[0].body.$distinct_id",
            "requests[0].body.$set.$country_code",
        }


class TestCountryCode:
    def test_a_name_becomes_its_code_in_events_and_profiles(self) -> None:
        event = real_message("node", "track", context={"location": {"country": "Germany"}})
        made = mended(event, "country-code")
        assert body(made)[0]["properties"]["mp_country_code"] == "DE"
        assert (made.repairs[0].before, made.repairs[0].after) == ("Germany", "DE")
        profile = real_message("node", "identify", traits={"$country_code": "usa"})
        assert body(mended(profile, "country-code"), 1)["$set"]["$country_code"] == "US"

    def test_codes_and_what_is_no_country_stay(self) -> None:
        for country in ("DE", "Atlantis", ""):
            event = real_message("node", "track", context={"location": {"country": country}})
            assert mended(event, "country-code").repairs == ()

    def test_only_a_mended_country_is_said_to_be(self) -> None:
        def of(country: str) -> str:
            event = real_message("node", "track", context={"location": {"country": country}})
            found = verdict(event, "country-code").findings
            return next(one.severity for one in found if one.rule == "country-code")

        assert (of("Germany"), of("Atlantis")) == ("info", "warning")


class TestNoClientIp:
    def test_events_and_profiles_without_an_address_get_0(self) -> None:
        event = real_message("node", "track", event="Tried", context={})
        made = mended(event, "no-client-ip")
        assert body(made)[0]["properties"]["ip"] == 0
        assert made.repairs[0] == Repair("no-client-ip", 0, "requests[0].body[0].properties.ip", None, 0)
        profile = real_message("node", "identify", context={})
        assert body(mended(profile, "no-client-ip"), 1)["$ip"] == "0"

    def test_an_address_that_is_known_stays(self) -> None:
        for call in ("track", "identify"):
            message = real_message("node", call, context={"ip": "203.0.113.7"})
            assert mended(message, "no-client-ip").repairs == ()

    def test_groups_and_joins_are_left_alone(self) -> None:
        group = mended(real_message("node", "group", context={}), "no-client-ip")
        assert group.repairs == ()
        assert "ip" not in body(mended(real_message("node", "identify", context={}), "no-client-ip"))

    def test_the_classic_destination_says_it_in_the_query_already(self) -> None:
        profile = real_message("node", "identify", context={})
        assert mended(profile, "no-client-ip", destination=CLASSIC).repairs == ()


def test_the_classic_destinations_base64_holds_the_repaired_body() -> None:
    event = real_message("node", "track", event="Tried", timestamp="2026-11-24T22:00:00Z", context={})
    made = mended(event, "no-client-ip", destination=CLASSIC)
    assert made.repairs
    for operation in made.translation.operations:
        data = operation.request.data
        assert data is not None
        assert json.loads(base64.b64decode(data)) == operation.request.body
    assert body(made)["properties"]["ip"] == 0


@pytest.mark.parametrize(
    ("name", "message", "identity"),
    [
        ("insert-id", real_message("python", "track", event="Tried", messageId="order_991"), "original"),
        ("insert-id", real_message("next", "track"), "original"),
        ("device-prefix", anonymous(), "simplified"),
        ("skip-empty-identify", anonymous(), "original"),
        (
            "country-code",
            real_message("node", "track", context={"location": {"country": "Germany"}}),
            "original",
        ),
        (
            "no-client-ip",
            real_message(
                "python", "track", event="Tried", context={"library": {"name": "analytics-python"}}
            ),
            "original",
        ),
    ],
)  # fmt: skip
def test_a_finding_that_a_repair_mends_says_so(
    name: RepairName, message: dict[str, Any], identity: IdentityMode
) -> None:
    def of(made: Verdict) -> list[Any]:
        return [finding for finding in made.findings if finding.rule in MENDS[name]]

    before, after = (
        of(verdict(message, identity=identity)),
        of(verdict(message, name, identity=identity)),
    )
    assert before
    assert [one.rule for one in after] == [one.rule for one in before]
    for finding in after:
        assert finding.severity == "info"
        assert finding.message.endswith(f"(repaired before sending: {name})")
        assert "what segtap sends is mended, what Segment sends is not" in finding.fix


def test_the_findings_of_other_mistakes_stay() -> None:
    message = real_message("python", "track", event="Tried", userId="null", messageId="order_991")
    found = verdict(message, "insert-id").findings
    assert [(one.rule, one.severity) for one in found][:1] == [("placeholder-user-id", "error")]
    assert ("insert-id-charset", "info") in [(one.rule, one.severity) for one in found]


def test_what_is_shown_is_what_is_forwarded_and_a_replay_repairs_alike() -> None:
    settings = Settings(
        identity="simplified", destination=DestinationSettings(token="t"), repair=REPAIR_NAMES
    )
    reading = ActiveSettings(settings)
    document = real_message("python", "track", event="Tried", messageId="order_991", context={})
    receipt = Receipt(
        uid="r1", received_at=NOW, method="POST", path="/v1/track", body=json.dumps(document).encode()
    )
    (message,) = parse_receipt(receipt)
    shown = reading.judge(message)
    assert {repair.name for repair in shown.repairs} == {"insert-id", "no-client-ip"}
    assert reading.owed(message) == shown.translation
    (again,) = [one for sent in replay_receipts([message], wanted=True) for one in parse_receipt(sent)]
    assert again.message_id == message.message_id
    (first,), (second,) = (body(reading.judge(one)) for one in (message, again))
    assert first["properties"]["$insert_id"] == second["properties"]["$insert_id"]


def test_the_sources_of_values_follow_and_a_repaired_value_names_its_repair() -> None:
    sources = (
        PropertySource("requests[0].body.event", "a preset"),
        PropertySource("requests[1].body.$distinct_id", "$.anonymousId", place=True),
        PropertySource("requests[1].body.$set", "$.traits", place=True),
    )
    made = mended(anonymous(), "skip-empty-identify", "device-prefix", identity="simplified")
    told = explained(Explanation(sources), made.repairs)
    found = told.source_at("requests[0].body.$distinct_id")
    assert found is not None
    assert found.source.startswith('repair device-prefix, before it was "0f8fad5b')
    beside = told.source_at("requests[0].body.$set.plan")
    assert beside is not None
    assert beside.source == "$.traits.plan"
    assert told.source_at("requests[0].body.event") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
IDS = st.none() | st.just("") | st.text(max_size=50) | st.integers()
MESSAGE = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias"])},
    optional={
        "event": st.text(max_size=8),
        "messageId": IDS,
        "userId": IDS,
        "anonymousId": IDS,
        "groupId": IDS,
        "previousId": IDS,
        "properties": st.dictionaries(
            st.sampled_from(["ip", "products", "mp_country_code", "$device_id", "revenue"]), JSON
        ),
        "traits": st.dictionaries(st.sampled_from(["$country_code", "email", "plan"]), JSON),
        "context": st.fixed_dictionaries(
            {}, optional={"ip": JSON, "location": st.fixed_dictionaries({"country": IDS})}
        ),
    },
)


@given(MESSAGE, st.sets(st.sampled_from(REPAIR_NAMES)), st.booleans())
def test_repairs_never_raise_are_repeatable_and_complete(
    message: dict[str, Any], names: set[RepairName], classic: bool
) -> None:
    destination = CLASSIC if classic else DESTINATION
    made = mended(message, *names, identity="simplified", destination=destination)
    assert made == mended(message, *names, identity="simplified", destination=destination)
    again = repaired(made.translation, message, names, identity="simplified")
    assert again.repairs == ()
    assert len(made.kept) == len(made.translation.operations)
    for repair in made.repairs:
        assert repair.name in names
        assert repair.before != repair.after
