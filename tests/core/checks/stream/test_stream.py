"""The rules on the stream as a whole: real sessions, memory, order, other settings, odd messages."""

import collections
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW, TRANSLATOR, real_message
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from ingesting import Sink, ask, captured, ingest_app
from streams import ANONYMOUS, again, call, iso, observed, uuid

from segtap.core.checks import CheckSettings
from segtap.core.checks.stream import Loose, StreamChecker, StreamLimits, digest
from segtap.core.checks.stream.memory import IdTable, Recent, hashed
from segtap.core.messages import CALL_TYPES, Marks, SourceKind
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import IdentityMode
from segtap.core.verdict import Finding, NotSent, Translation

SESSIONS = ("segment-analytics-next", "segment-analytics-node", "segment-analytics-python", "pixel-synthetic")


async def session(name: str, identity: IdentityMode) -> set[tuple[str, str]]:
    """What is found in a recorded session, but notes: (rule, event)."""
    checker = StreamChecker(CheckSettings(identity=identity), DESTINATION)
    found: set[tuple[str, str]] = set()
    ids: set[str] = set()
    for request in captured(name):
        if request.path.endswith("/m") or request.method == "OPTIONS":
            continue
        sink = Sink()
        target = f"{request.path}?{request.query}" if request.query else request.path
        await ask(ingest_app(sink), request.method, target, request.body, request.headers)
        for message in (one for receipt in sink.receipts for one in parse_receipt(receipt)):
            if message.message_id in ids:
                message = msgspec.structs.replace(message, marks=message.marks | Marks.SECOND_RECEIPT)
            ids.add(message.message_id)
            # As if it had been received when it was sent, and not by the app's clock that stands still.
            sent = message.document.get("sentAt")
            now = int(datetime.fromisoformat(sent).timestamp() * 1000) if isinstance(sent, str) else NOW
            message.document["receivedAt"] = iso(now)
            translation = TRANSLATOR.translate(message.document, now=now)
            for finding in checker.observe(digest(message, translation, now)):
                if finding.severity != "info":
                    found.add((finding.rule, str(message.document.get("event") or message.type)))
    return found


SENT_TWICE = {
    # Both sessions were recorded twice within seconds: the same content under new messageIds.
    "segment-analytics-next": {"Order Completed", "flat options", "screen"},
    "segment-analytics-python": {"TZ offset", "page", "screen"},
}


@pytest.mark.parametrize("identity", ["original", "simplified"])
@pytest.mark.parametrize("name", SESSIONS)
async def test_real_sessions_are_only_found_wrong_where_they_are(name: str, identity: IdentityMode) -> None:
    found = await session(name, identity)
    by_rule: dict[str, set[str]] = collections.defaultdict(set)
    for rule, event in found:
        by_rule[rule].add(event)
    # User u of the server sessions has events and no identify.
    profile = by_rule.pop("no-profile", set())
    assert len(profile) == (1 if name.endswith(("node", "python")) else 0)
    assert by_rule.pop("double-fired", set()) == SENT_TWICE.get(name, set())
    assert not by_rule


def test_what_segment_keeps_from_mixpanel_is_passed_over() -> None:
    checker = StreamChecker()
    order = call("track", userId="u-1")
    message = Loose(document=order, type="track", message_id="m-1")
    blocked = Translation(not_sent=NotSent("$.event", "blocked"))
    rejected = msgspec.structs.replace(message, marks=Marks.WOULD_REJECT)
    assert checker.observe(digest(message, blocked, NOW)) == ()
    assert checker.observe(digest(rejected, Translation(), NOW)) == ()
    assert checker.observe(digest(message, Translation(), NOW)) == ()  # the first of them that counts


def test_a_replay_is_no_copy() -> None:
    order = call("track", userId="u-1")
    checker = StreamChecker(CheckSettings(), DESTINATION)
    observed([order], checker=checker)
    assert observed([order], checker=checker, marks=Marks.REPLAY) == [[]]


def device(event: str, **properties: Any) -> Loose:
    """An event as Mixpanel's own SDK posts it."""
    document = {"event": event, "properties": {"distinct_id": f"$device:{ANONYMOUS}", **properties}}
    kind: SourceKind = "mixpanel"
    return Loose(document=document, type="track", source_kind=kind)


@pytest.mark.parametrize(
    ("event", "name", "rules"),
    [
        ("Signed Up", "track", ["cloud-and-device-mode"]),
        ("Signed In", "track", []),
        ("$mp_web_page_view", "page", ["page-double-count"]),
    ],
)
def test_cloud_and_device_mode_together(event: str, name: str, rules: list[str]) -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    cloud = call(name, anonymousId=ANONYMOUS)
    url = cloud["context"]["page"]["url"]
    cloud["properties"] = {"url": url}
    observed([cloud], checker=checker)
    found = checker.observe(digest(device(event, **{"$current_url": url}), Translation(), NOW + 400))
    assert [one.rule for one in found] == rules
    later = call(name, 600, anonymousId=ANONYMOUS, properties={"url": url})
    assert observed([later], checker=checker) == [[]]


def two_modes(found: Sequence[Finding]) -> list[str]:
    return [one.rule for one in found if one.rule == "cloud-and-device-mode"]


def test_a_page_counts_twice_under_two_names() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    cloud = call("page", anonymousId=ANONYMOUS)
    observed([cloud], checker=checker)
    sent = device(
        "Loaded a Page", **{"time": NOW / 1000 + 0.2, "$current_url": cloud["context"]["page"]["url"]}
    )
    assert two_modes(checker.observe(digest(sent, Translation(), NOW + 5_000))) == ["cloud-and-device-mode"]
    # Each copy once: the same record again has no other copy.
    assert two_modes(checker.observe(digest(sent, Translation(), NOW + 5_000))) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"time": NOW / 1000 + 0.6},  # another call of the same name
        {"time": NOW / 1000, "$current_url": "https://other.example/"},
        {"time": NOW / 1000, "token": "f" * 32},
    ],
)
def test_what_is_no_copy_is_counted_once(properties: dict[str, Any]) -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    observed([call("track", anonymousId=ANONYMOUS)], checker=checker)
    assert two_modes(checker.observe(digest(device("Signed Up", **properties), Translation(), NOW))) == []


def test_the_copy_of_the_cloud_may_come_last_and_from_a_server() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    sent = device("Signed Up", time=NOW / 1000)
    assert two_modes(checker.observe(digest(sent, Translation(), NOW))) == []
    (found,) = observed([call("track", 0.1, anonymousId=ANONYMOUS)], checker=checker)
    assert two_modes(found) == ["cloud-and-device-mode"]
    by_server = real_message("python", "track", event="Signed Up", userId=ANONYMOUS, messageId=uuid(7))
    del by_server["context"]["page"]
    (found,) = observed([by_server | {"timestamp": iso(NOW + 2_000)}], checker=checker)
    assert two_modes(found) == ["cloud-and-device-mode"]


ASSUMED = CheckSettings(kind_assumed=True)


def severities(found: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.fix) for one in found if one.rule == "cloud-and-device-mode"]


@pytest.mark.parametrize("device_first", [False, True])
@pytest.mark.parametrize(
    ("settings", "more", "severity"),
    [
        (ASSUMED, {}, "info"),
        (ASSUMED, {"_metadata": {"bundled": ["Mixpanel"], "unbundled": []}}, "info"),
        (ASSUMED, {"_metadata": {"bundled": [], "unbundled": ["Salesforce"]}}, "info"),
        (ASSUMED, {"_metadata": {"bundled": [], "unbundled": ["Mixpanel"]}}, "warning"),
        (ASSUMED, {"_metadata": {"unbundled": ["Actions Mixpanel"]}}, "warning"),
        (ASSUMED, {"_metadata": {"unbundled": "Mixpanel"}}, "info"),
        (CheckSettings(), {"_metadata": {"bundled": ["Mixpanel"], "unbundled": []}}, "warning"),
    ],
)
def test_two_modes_are_a_mistake_only_where_both_are_known_to_be_on(
    settings: CheckSettings, more: dict[str, Any], severity: str, device_first: bool
) -> None:
    checker = StreamChecker(settings, DESTINATION)
    sent = digest(device("Signed Up", time=NOW / 1000), Translation(), NOW)
    cloud = call("track", anonymousId=ANONYMOUS, **more)
    found: list[Finding] = []
    if device_first:
        found += checker.observe(sent)
    for each in observed([cloud], checker=checker):
        found += each
    if not device_first:
        found += checker.observe(sent)
    ((level, fix),) = severities(found)
    assert level == severity
    assert ('kind = "classic-cloud"' in fix) == (severity == "info")


@pytest.mark.parametrize(("settings", "severity"), [(CheckSettings(), "warning"), (ASSUMED, "info")])
def test_a_page_view_of_the_device_counts_twice_if_a_destination_is_on(
    settings: CheckSettings, severity: str
) -> None:
    cloud = call("page", anonymousId=ANONYMOUS)
    url = cloud["context"]["page"]["url"]
    cloud["properties"] = {"url": url}
    sent = digest(device("$mp_web_page_view", **{"$current_url": url}), Translation(), NOW + 400)
    for device_first in (False, True):
        checker = StreamChecker(settings, DESTINATION)
        found = [*checker.observe(sent)] if device_first else []
        for each in observed([cloud], checker=checker):
            found += each
        found += () if device_first else checker.observe(sent)
        assert [one.severity for one in found if one.rule == "page-double-count"] == [severity]


def test_what_segtap_forwards_is_known_to_be_sent() -> None:
    checker = StreamChecker(ASSUMED, DESTINATION)
    document = call("track", anonymousId=ANONYMOUS)
    translation = TRANSLATOR.translate(document, now=NOW)
    checker.observe(digest(Loose(document=document, type="track", wanted=True), translation, NOW))
    found = checker.observe(digest(device("Signed Up", time=NOW / 1000), Translation(), NOW))
    assert [level for level, _ in severities(found)] == ["warning"]


def test_an_event_of_a_server_is_held_against_the_users_device() -> None:
    for settings, severity in ((CheckSettings(), "warning"), (ASSUMED, "info")):
        checker = StreamChecker(settings, DESTINATION)
        by_server = real_message("python", "track", event="Signed Up", userId=ANONYMOUS, messageId=uuid(7))
        del by_server["context"]["page"]
        observed([by_server | {"timestamp": iso(NOW)}], checker=checker)
        found = checker.observe(digest(device("Signed Up", time=NOW / 1000 + 2), Translation(), NOW + 2_000))
        assert [level for level, _ in severities(found)] == [severity]


def test_a_message_that_is_not_sent_counts_nothing_twice() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    document = call("track", anonymousId=ANONYMOUS)
    bundled = Translation(not_sent=NotSent("$._metadata.bundled[0]", "the device sends it itself"))
    checker.observe(digest(Loose(document=document, type="track"), bundled, NOW))
    found = checker.observe(digest(device("Signed Up", time=NOW / 1000), Translation(), NOW))
    assert two_modes(found) == []


def test_other_settings_judge_what_was_seen_before() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    observed([call("track", n, event=f"Step {n}", userId="u-1") for n in range(2)], checker=checker)
    checker.use(CheckSettings(identity="simplified"), DESTINATION)
    (found,) = observed([call("track", 9, userId="u-1")], checker=checker)
    assert "no-profile" in {one.rule for one in found}


def test_users_of_another_merge_are_none() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION)
    observed([call("track", userId="u-1")], checker=checker)
    checker.use(CheckSettings(), DESTINATION)
    assert checker.identities.ids.total == 1
    checker.use(CheckSettings(identity="simplified"), DESTINATION)
    assert checker.identities.ids.total == 0


@pytest.mark.parametrize("year", [1969, 2200])
def test_a_message_may_be_received_at_any_time(year: int) -> None:
    received = int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)
    checker = StreamChecker(CheckSettings(), DESTINATION)
    message = call("track", userId="u-1")
    translation = TRANSLATOR.translate(message, now=received)
    loose = Loose(document=message, type="track", message_id=message["messageId"])
    checker.observe(digest(loose, translation, received))
    assert [one.rule for one in checker.observe(digest(loose, translation, received))] == ["retry"]


def test_reset_forgets() -> None:
    order = call("track", userId="u-1")
    checker = StreamChecker(CheckSettings(), DESTINATION)
    first = observed([order], checker=checker)
    checker.reset()
    assert observed([order], checker=checker) == first


def test_the_oldest_are_forgotten_and_counted() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION, limits=StreamLimits(ids=256 * 8))
    first = call("track", userId="u-1")
    observed([first], checker=checker)
    assert not checker.forgotten
    assert str(checker.forgotten) == ""
    for number in range(6_000):
        message = Loose(
            document={"type": "track", "event": "E", "userId": f"u-{number}"},
            type="track",
            message_id=f"m-{number}",
        )
        checker.observe(digest(message, Translation(), NOW + 10_000 + 1000 * number))
    forgotten = checker.forgotten
    assert 3_000 < forgotten.message_ids < 6_000
    assert 3_000 < forgotten.users < 6_000
    assert str(forgotten).startswith("forgotten, the oldest first: ")
    assert observed([again(first, 9_000)], checker=checker) == [[]]
    (newest,) = observed(
        [
            {
                "type": "track",
                "event": "F",
                "userId": "u-5999",
                "messageId": "m-5999",
                "now": NOW + 6_000_000,
            }
        ],
        checker=checker,
    )
    assert next(one.rule for one in newest) == "message-id-reused"


def test_a_table_keeps_what_it_was_given() -> None:
    table = IdTable(100_000, "QH")
    whole, half = table.columns
    for number in range(20_000):
        key = hashed(f"id-{number}")
        assert table.known(key, number) == 0
        at = table.add(key, number)
        whole[at], half[at] = number, number & 0xFFFF
    assert (len(table), table.forgotten) == (20_000, 0)
    for number in range(20_000):
        at = table.look(hashed(f"id-{number}"))
        assert at == table.known(hashed(f"id-{number}"), number)
        assert (whole[at], half[at]) == (number, number & 0xFFFF)
    assert table.look(hashed("never")) == 0


def spread(number: int) -> int:
    """A key as evenly spread as a hash, and the same in every process."""
    return (number * 0x9E3779B97F4A7C15 & (1 << 64) - 1 or 1) - (1 << 63)


def placed(table: IdTable, key: int, tick: int) -> bool:
    """See an id, whose column then says 1; return True if it was new."""
    new = not table.known(key, tick)
    at = table.add(key, tick) if new else table.look(key)
    assert table.columns[0][at] == (0 if new else 1), "what a forgotten id had is not there for a new one"
    table.columns[0][at] = 1
    return new


def test_a_full_table_forgets_what_was_not_seen_for_longest() -> None:
    table = IdTable(256 * 16, "I")
    made = sum(placed(table, spread(number), number) for number in range(3_000))
    made += placed(table, spread(0), 100_000)
    made += sum(placed(table, spread(number), number) for number in range(20_000, 26_000))
    assert table.look(spread(0))
    assert not table.look(spread(1))
    assert len(table) + table.forgotten == made
    # Seen at one moment, some have to go all the same.
    still = IdTable(256, "I")
    made = sum(placed(still, spread(number), 7) for number in range(5_000))
    assert len(still) <= 256 * 4
    assert len(still) + still.forgotten == made


def test_recent_keeps_the_newest() -> None:
    recent: Recent[str, int] = Recent(10)
    for number in range(100):
        recent.put(f"k{number}", number)
        assert recent.get("k0") is not None or number > 4
    assert recent.get("k99") == 99
    assert recent.get("k1") is None
    assert 5 <= len(recent) <= 10
    assert len(recent) + recent.forgotten == 100


def test_nothing_of_a_strange_message_acts_on_a_terminal() -> None:
    strange = "\x1b[31m\u202e\ud800"
    messages = [
        call("track", userId="u-1", event="x", properties={f"a{strange}": 1}),
        call("track", 9, userId="u-1", event="X", properties={f"A{strange}": "1"}),
        again(call("identify", 10, userId=strange, anonymousId=ANONYMOUS, messageId=uuid(1) + strange), 10),
        call("track", 20, userId="u-9", anonymousId=ANONYMOUS),
    ]
    found = [one for each in observed(messages) for one in each]
    assert {"name-casing", "shared-device"} <= {one.rule for one in found}
    for one in found:
        assert one.message.isprintable()
        one.message.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("userId", "anonymousId", "groupId", "previousId", "event", "name", "timestamp", "sentAt"),
    *("receivedAt", "properties", "traits", "context", "originalTimestamp"),
)


@examples(200)
@given(
    st.lists(
        st.tuples(st.sampled_from(CALL_TYPES), st.dictionaries(st.sampled_from(FIELDS), json_values)),
        max_size=6,
    )
)
def test_no_sequence_breaks_the_rules(messages: list[tuple[str, dict[str, Any]]]) -> None:
    for identity in ("original", "simplified"):
        checker = StreamChecker(CheckSettings(identity=identity, group_keys=("a",)), DESTINATION)
        for kind, fields in messages:
            document: dict[str, Any] = {"type": kind, **fields}
            translation = TRANSLATOR.translate(document, now=NOW)
            checker.observe(digest(Loose(document=document, type=kind, message_id="m"), translation, NOW))
