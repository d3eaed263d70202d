"""Each rule on the stream: real messages of which the last one trips it, and others that do not."""

import itertools
from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW, classic, verdict_on
from streams import ANONYMOUS, again, call, iso, observed, uuid

from segtap.core.catalogue import rules
from segtap.core.catalogue.stream import STREAM_RULES
from segtap.core.checks import CheckSettings
from segtap.core.checks.stream import StreamLimits
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.settings import Destination, IdentityMode

Sequence = list[dict[str, Any]]
SIMPLIFIED = CheckSettings(identity="simplified")
KEYS = CheckSettings(group_keys=("$group_id",))
OTHER_KEYS = CheckSettings(group_keys=("company_id", "$Group_ID"))
SMALL = StreamLimits(hot_shard=4, page_names=(3,), event_names=(4,))

ALIASING = Destination(
    settings=DESTINATION.settings, subscriptions=(*preset_subscriptions(), *optional_subscriptions())
)
"""With a subscription for alias calls, which no preset is."""

ORDER = call("track", userId="u-1", event="Order Completed", properties={"total": 12, "order_id": "1"})
LOGIN = call("identify", 1, userId="u-1", anonymousId=ANONYMOUS)
GROUP = call("group", 2, userId="u-1")
DAY = NOW // 86_400_000 * 86_400_000
"""The beginning of a calendar day."""
ANON_PAGE = call("page", anonymousId=ANONYMOUS)


SERVER = {"library": {"name": "analytics-node", "version": "3.1.0"}, "ip": "203.0.113.7"}
CLASSIC = Destination(kind="classic-cloud", settings={"token": "0" * 32, "people": True})
OF_CLASSIC = ("merge-unfit",)


def identified(at: float, user: str, anonymousId: Any = ..., **traits: str) -> dict[str, Any]:
    return call(
        "identify", at, userId=user, anonymousId=anonymousId, traits=traits, context={"ip": "203.0.113.7"}
    )


def tracks(count: int, **changes: Any) -> Sequence:
    """Different events of one user, seconds apart."""
    return [
        call("track", 10 + 5 * number, **({"properties": {"step": number}} | changes))
        for number in range(count)
    ]


def pages(names: str) -> Sequence:
    return [call("page", 5 * n, userId="u-1", name=name) for n, name in enumerate(names.split())]


WRONG: list[tuple[str, str, Sequence, CheckSettings, str, str]] = [
    # rule, severity, messages, settings, path, words
    ("retry", "info", [ORDER, again(ORDER, 3)], KEYS, "$.messageId", "Segment drops this copy, and Mixpanel"),
    (
        "dedupe-mismatch",
        "warning",
        [ORDER, again(ORDER, 3, timestamp=iso(NOW + 3000))],
        KEYS,
        "$.messageId",
        "another timestamp. Segment drops this copy, Mixpanel would show both until it compacts them",
    ),
    (
        "dedupe-mismatch",
        "warning",
        [again(ORDER, timestamp=iso(NOW - 90_000_000)), again(ORDER, 3, timestamp=iso(NOW))],
        KEYS,
        "$.messageId",
        "another timestamp. Segment drops this copy, Mixpanel would count both",
    ),
    (
        "dedupe-mismatch",
        "warning",
        [again(ORDER, timestamp=iso(DAY)), again(ORDER, 2 * 86_400, timestamp=iso(DAY + 64_000_000))],
        KEYS,
        "$.messageId",
        "Segment passes both on, over 24 hours apart, Mixpanel shows both until it compacts them, hours or"
        " weeks later: of one calendar day it then keeps one for each name, distinct_id and insert id",
    ),
    (
        "dedupe-mismatch",
        "warning",
        [
            again(ORDER, originalTimestamp=iso(DAY), timestamp=iso(DAY)),
            again(ORDER, 90_000, originalTimestamp=iso(DAY), timestamp=iso(DAY + 40)),
        ],
        KEYS,
        "$.messageId",
        "another time, for Segment corrects the timestamp at each receipt",
    ),
    (
        "dedupe-mismatch",
        "warning",
        [again(ORDER, timestamp=iso(DAY)), again(ORDER, 90_000, timestamp=iso(DAY + 90_000_000))],
        KEYS,
        "$.messageId",
        "Segment passes both on, over 24 hours apart, Mixpanel counts both",
    ),
    (
        "retry",
        "info",
        [again(ORDER, timestamp=iso(DAY)), again(ORDER, 90_000, timestamp=iso(DAY))],
        KEYS,
        "$.messageId",
        "Segment passes both on, over 24 hours apart, and Mixpanel shows it once",
    ),
    (
        "message-id-reused",
        "warning",
        [ORDER, again(ORDER, 94_000, event="Order Refunded", timestamp=iso(NOW))],
        KEYS,
        "$.messageId",
        "over 24 hours ago: Segment passes both on, Mixpanel keeps both, for their names differ",
    ),
    (
        "message-id-reused",
        "warning",
        [again(ORDER, timestamp=iso(DAY)), again(ORDER, 94_000, userId="u-9", properties={"total": 1})],
        KEYS,
        "$.messageId",
        "Mixpanel keeps both, for their distinct_ids differ",
    ),
    (
        "message-id-reused",
        "error",
        [
            again(ORDER, timestamp=iso(DAY)),
            again(ORDER, 94_000, timestamp=iso(DAY), properties={"total": 99, "order_id": "2"}),
        ],
        KEYS,
        "$.messageId",
        "Mixpanel shows only one of the two: name, distinct_id, time and insert id agree",
    ),
    (
        "message-id-reused",
        "warning",
        [
            again(ORDER, timestamp=iso(DAY)),
            again(ORDER, 94_000, timestamp=iso(DAY + 3_600_000), properties={"total": 99, "order_id": "2"}),
        ],
        KEYS,
        "$.messageId",
        "Mixpanel shows both until it compacts them",
    ),
    (
        "message-id-reused",
        "warning",
        [
            again(ORDER, timestamp=iso(DAY)),
            again(ORDER, 94_000, timestamp=iso(DAY + 93_000_000), properties={"total": 99, "order_id": "2"}),
        ],
        KEYS,
        "$.messageId",
        "Mixpanel keeps both, for they are of different calendar days",
    ),
    (
        "message-id-reused",
        "info",
        [LOGIN, again(LOGIN, 94_000, traits={"plan": "pro"})],
        KEYS,
        "$.messageId",
        "came before with other content, and over 24 hours ago: Segment passes both on",
    ),
    (
        "dedupe-mismatch",
        "warning",
        [again(ORDER, userId=None, anonymousId=ANONYMOUS), again(ORDER, 90_000, anonymousId=ANONYMOUS)],
        KEYS,
        "$.messageId",
        "another distinct_id. Segment passes both on, over 24 hours apart, Mixpanel counts both",
    ),
    (
        "dedupe-mismatch",
        "warning",
        [again(ORDER, filled=["$.timestamp"]), again(ORDER, 1, filled=["$.timestamp"])],
        KEYS,
        "$.messageId",
        "no timestamp of its own",
    ),
    (
        "message-id-reused",
        "error",
        [ORDER, again(ORDER, 3, properties={"total": 99, "order_id": "2"})],
        KEYS,
        "$.messageId",
        "came before with other content: this message is lost",
    ),
    (
        "message-id-reused",
        "error",
        [ORDER, again(LOGIN, 3, messageId=ORDER["messageId"])],
        KEYS,
        "$.messageId",
        "came before with another event",
    ),
    (
        "double-fired",
        "warning",
        [ORDER, again(ORDER, 1, messageId=uuid(7), timestamp=iso(NOW + 900))],
        KEYS,
        "$.messageId",
        'track "Order Completed" came twice with the same content, 900 ms apart, under two messageIds',
    ),
    (
        "double-fired",
        "warning",
        [ORDER, again(ORDER, 1, messageId=uuid(8), context={"library": {"name": "analytics-node"}})],
        KEYS,
        "$.messageId",
        "once from analytics.js, once from analytics-node",
    ),
    (
        "double-fired",
        "info",
        [LOGIN, again(LOGIN, 1, messageId=uuid(9))],
        KEYS,
        "$.messageId",
        "this identify",
    ),
    (
        "page-double-count",
        "warning",
        [
            call("page", userId="u-1", properties={"url": "https://x.example/a"}),
            call("track", 0.3, userId="u-1", event="Page Viewed", properties={"url": "https://x.example/a"}),
        ],
        KEYS,
        "$.type",
        'counted twice: by a page call "Pricing" and a track call "Page Viewed"',
    ),
    (
        "no-profile",
        "warning",
        tracks(3, userId="u-1"),
        KEYS,
        "$.userId",
        'user "u-1" has 3 events and no identify: no profile is made',
    ),
    (
        "no-profile",
        "warning",
        [again(LOGIN, traits={}), *tracks(3, userId="u-1")],
        KEYS,
        "$.userId",
        "3 events and identify came without traits",
    ),
    (
        "identify-after-track",
        "info",
        [ORDER, LOGIN],
        KEYS,
        "$.userId",
        '1 event of user "u-1" came before this identify',
    ),
    (
        "shared-device",
        "error",
        [LOGIN, call("track", 9, userId="u-2", anonymousId=ANONYMOUS)],
        KEYS,
        "$.anonymousId",
        f'"{ANONYMOUS}" belongs to "u-1": its events without a user stay theirs while "u-2" uses it',
    ),
    (
        "shared-device",
        "error",
        [
            call("track", 1, userId="u-1", anonymousId=ANONYMOUS),
            call("identify", 9, userId="u-2", anonymousId=ANONYMOUS, traits={}),
        ],
        SIMPLIFIED,
        "$.anonymousId",
        f'"{ANONYMOUS}" belongs to "u-1", the first user on it, and is not joined to "u-2"',
    ),
    (
        "identity-cluster-limit",
        "warning",
        [call("identify", n, userId="u-1", anonymousId=uuid(n)) for n in range(500)],
        KEYS,
        "$.anonymousId",
        f'"{uuid(499)}" stays apart from "u-1": together they would be more than 500 ids',
    ),
    (
        "merge-unfit",
        "error",
        [ANON_PAGE],
        SIMPLIFIED,
        "$.anonymousId",
        f'visitor "{ANONYMOUS}" becomes a known user, whom nothing joins to anybody',
    ),
    (
        "user-id-changed",
        "warning",
        [LOGIN, call("identify", 9, userId="ann-2", anonymousId=ANONYMOUS)],
        KEYS,
        "$.userId",
        '"u-1" and now "ann-2" have the same e-mail: one person, two userIds',
    ),
    (
        "user-id-shared",
        "error",
        [identified(n, "user_id", email=f"p{n}@example.com") for n in range(3)],
        KEYS,
        "$.userId",
        'userId "user_id" has 3 different e-mails: "p0@example.com", "p1@example.com", "p2@example.com"',
    ),
    (
        "user-id-shared",
        "error",
        [
            call(kind, 5 * n, userId="user_id", anonymousId=uuid(n))
            for n in range(10)
            for kind in ("track", "page")
        ],
        KEYS,
        "$.userId",
        'userId "user_id" is used on 10 devices within 10 minutes',
    ),
    (
        "id-casing",
        "warning",
        [
            call("identify", userId="Ann@example.com", traits={"plan": "pro"}),
            call("track", 9, userId="ann@example.com"),
        ],
        KEYS,
        "$.userId",
        '"Ann@example.com" came before, now "ann@example.com": two users',
    ),
    (
        "id-casing",
        "warning",
        [call("page", anonymousId=ANONYMOUS.upper()), ANON_PAGE],
        SIMPLIFIED,
        "$.anonymousId",
        f'"{ANONYMOUS.upper()}" came before, now "{ANONYMOUS}": two users',
    ),
    (
        "email-two-users",
        "warning",
        [LOGIN, call("identify", 9, userId="ann-2", anonymousId=uuid(5))],
        SIMPLIFIED,
        "$.userId",
        'came with userId "u-1" before, now with "ann-2"',
    ),
    (
        "always-new-user",
        "warning",
        [call("track", n, anonymousId=uuid(n), context=SERVER) for n in range(60)],
        KEYS,
        "$.anonymousId",
        '60 events of "analytics-node" in a row have each an anonymousId that was never seen before',
    ),
    (
        "always-new-user",
        "warning",
        [call("track", n, userId=f"request-{n}", context=SERVER) for n in range(60)],
        SIMPLIFIED,
        "$.userId",
        "have each a userId that was never seen before",
    ),
    (
        "identify-ignored",
        "error",
        [ANON_PAGE, LOGIN, call("track", 9, userId="u-1")],
        SIMPLIFIED,
        "$.anonymousId",
        f'this event has no anonymousId: 1 event of "{ANONYMOUS}" is not joined',
    ),
    (
        "identify-ignored",
        "error",
        [ANON_PAGE, LOGIN, *(call("page", n, anonymousId=ANONYMOUS) for n in range(3))],
        SIMPLIFIED,
        "$.userId",
        f'was identified on this device, and no event since then has userId: 4 events of "{ANONYMOUS}"',
    ),
    (
        "history-not-joined",
        "warning",
        [ANON_PAGE, *tracks(3, userId="u-1", anonymousId=ANONYMOUS)],
        KEYS,
        "$.anonymousId",
        f'1 event of "{ANONYMOUS}" is not joined to user "u-1": no identify has both ids',
    ),
    (
        "anonymous-to-known",
        "info",
        [ANON_PAGE, LOGIN],
        KEYS,
        "$.userId",
        f'1 event of "{ANONYMOUS}" becomes an event of user "u-1"',
    ),
    (
        "anonymous-to-known",
        "info",
        [ANON_PAGE, LOGIN, call("track", 9, userId="u-1", anonymousId=ANONYMOUS)],
        SIMPLIFIED,
        "$.userId",
        'becomes an event of user "u-1"',
    ),
    (
        "anonymous-id-churn",
        "warning",
        [call("page", 5 * n, userId="u-1", anonymousId=uuid(n)) for n in range(10)],
        KEYS,
        "$.anonymousId",
        '10 messages of user "u-1" in a row have an anonymousId that was never seen before',
    ),
    (
        "alias-order",
        "warning",
        [ORDER, call("alias", 3, userId="u-1", previousId="visitor-1")],
        KEYS,
        "$.userId",
        '"u-1" was in use before its alias call. Mixpanel\'s pages disagree',
    ),
    (
        "alias-order",
        "warning",
        [call("alias", n, userId="u-1", previousId=f"visitor-{n}") for n in range(2)],
        KEYS,
        "$.userId",
        '"u-1" was an alias before: Mixpanel keeps the first, and does not join it to "visitor-1"',
    ),
    (
        "group-key-missing-on-event",
        "error",
        [LOGIN, GROUP, call("track", 9, userId="u-1")],
        KEYS,
        "$.context.groupId",
        '"Signed Up" does not carry "$group_id", though its user is in a group',
    ),
    (
        "group-key-missing-on-event",
        "info",
        [GROUP, call("track", 9, userId="u-1")],
        CheckSettings(),
        "$.context.groupId",
        "mixpanel_group_keys is not set: unknown if it matters",
    ),
    (
        "group-key-missing-on-profile",
        "warning",
        [LOGIN, GROUP],
        KEYS,
        "$.groupId",
        'user "u-1" is in a group of "$group_id", and has no trait $group_id',
    ),
    (
        "group-key-missing-on-profile",
        "warning",
        [GROUP, again(LOGIN, 9)],
        KEYS,
        "$.traits.$group_id",
        'user "u-1" is in a group',
    ),
    (
        "group-key-mismatch",
        "error",
        [GROUP],
        OTHER_KEYS,
        "$.groupId",
        'under "$group_id"; Mixpanel\'s group keys, by the settings, are "$Group_ID" in another spelling',
    ),
    (
        "group-key-mismatch",
        "error",
        [GROUP],
        CheckSettings(group_keys=()),
        "$.groupId",
        "are none at all",
    ),
    (
        "group-value-unknown",
        "warning",
        [GROUP, call("track", 9, userId="u-2", context={"groupId": "Acme"})],
        KEYS,
        "$.context.groupId",
        '"Signed Up" carries "$group_id" "Acme", and the group is "acme": to Mixpanel these are two groups',
    ),
    (
        "group-value-unknown",
        "warning",
        [call("track", 1, userId="u-2", context={"groupId": "Acme"}), GROUP],
        KEYS,
        "$.groupId",
        'carries "$group_id" "Acme", and this group is "acme"',
    ),
    (
        "name-casing",
        "warning",
        [call("track", userId="u-1"), call("track", 9, userId="u-1", event="signed_up")],
        KEYS,
        "$.event",
        'event "signed_up" came as "Signed Up" before',
    ),
    (
        "name-casing",
        "warning",
        [LOGIN, call("identify", 9, userId="u-1", traits={"$email": "ann@example.com"})],
        KEYS,
        "$.traits.$email",
        'trait "$email" came as "email" before',
    ),
    (
        "property-type-drift",
        "warning",
        [ORDER, call("track", 9, event="Order Completed", userId="u-1", properties={"total": "12"})],
        KEYS,
        "$.properties.total",
        'total of "Order Completed" was a number before, here it is a text: "12"',
    ),
    (
        "page-name-cardinality",
        "warning",
        pages("Pricing Home Notebook-1"),
        KEYS,
        "$.name",
        '3 distinct names of pages and screens so far, the newest "Notebook-1"',
    ),
    (
        "event-name-cardinality",
        "warning",
        [call("track", 5 * n, userId="u-1", event=f"Opened {n}{n}") for n in range(4)],
        KEYS,
        "$.event",
        '4 distinct event names so far, the newest "Opened 33"',
    ),
    (
        "hot-shard",
        "warning",
        tracks(5, userId="cron"),
        KEYS,
        "$.userId",
        '"cron" has over 4 events of this day',
    ),
    (
        "clock-skew",
        "warning",
        [again(ORDER, sentAt=iso(NOW - 20 * 60_000), receivedAt=iso(NOW))],
        KEYS,
        "$.sentAt",
        'the clock of "analytics.js" is 20 min behind',
    ),
]

RIGHT: list[tuple[str, Sequence, CheckSettings]] = [
    ("retry", [ORDER, again(ORDER, 9, messageId=uuid(11))], KEYS),
    ("dedupe-mismatch", [ORDER, again(ORDER, 3)], KEYS),
    ("message-id-reused", [ORDER, again(ORDER, 3)], KEYS),
    ("double-fired", [ORDER, again(ORDER, 4, messageId=uuid(12), timestamp=iso(NOW + 4000))], KEYS),
    ("double-fired", [ORDER, again(ORDER, 1, messageId=uuid(13), userId="u-2")], KEYS),
    ("double-fired", [again(ORDER, event=5), again(ORDER, 1, messageId=uuid(15), event=6)], KEYS),
    ("double-fired", [ORDER, again(ORDER, 1, messageId=uuid(14), properties={"total": 13})], KEYS),
    (
        "page-double-count",
        [call("page", userId="u-1"), call("track", 0.3, userId="u-1", event="Pricing Opened")],
        KEYS,
    ),
    ("page-double-count", [call("page", userId="u-1"), call("page", 0.3, userId="u-1", name="Docs")], KEYS),
    ("no-profile", [LOGIN, *tracks(5, userId="u-1")], KEYS),
    ("no-profile", tracks(5, anonymousId=ANONYMOUS), KEYS),
    ("identify-after-track", [LOGIN, ORDER, again(LOGIN, 60, messageId=uuid(15))], KEYS),
    ("shared-device", [LOGIN, call("track", 9, userId="u-1", anonymousId=ANONYMOUS)], KEYS),
    ("shared-device", [LOGIN, call("identify", 9, userId="u-2", anonymousId=uuid(3))], KEYS),
    ("shared-device", [call("track", n, userId=f"u-{n}", anonymousId=ANONYMOUS) for n in range(3)], KEYS),
    (
        "identity-cluster-limit",
        [call("identify", n, userId="u-1", anonymousId=uuid(n)) for n in range(499)],
        KEYS,
    ),
    (
        "identity-cluster-limit",
        [call("page", n, userId="u-1", anonymousId=uuid(n)) for n in range(501)],
        KEYS,
    ),
    ("identity-cluster-limit", [LOGIN, again(LOGIN, 9, messageId=uuid(16))], SIMPLIFIED),
    (
        "merge-unfit",
        [call("track", userId="u-1", anonymousId=ANONYMOUS), *tracks(1, userId="u-2")],
        SIMPLIFIED,
    ),
    ("user-id-changed", [LOGIN, identified(9, "bob", email="bob@example.com", anonymousId=ANONYMOUS)], KEYS),
    ("user-id-shared", [identified(n, "u-1", email=f"p{n % 2}@example.com") for n in range(9)], KEYS),
    ("user-id-shared", [identified(n, "u-1", name="Ann Lee"[:n]) for n in range(2, 8)], KEYS),
    ("user-id-shared", [call("page", n, userId="u-1", anonymousId=uuid(n)) for n in range(20)], KEYS),
    (
        "user-id-shared",
        [
            call(kind, 400 * n, userId="u-1", anonymousId=uuid(n))
            for n in range(12)
            for kind in ("track", "page")
        ],
        KEYS,
    ),
    ("id-casing", [LOGIN, call("track", 9, userId="u-2"), call("track", 9, userId="u-1")], KEYS),
    ("email-two-users", [LOGIN, identified(9, "u-1", email="ann-2@example.com")], KEYS),
    (
        "email-two-users",
        [
            identified(1, "Ann@example.com", email="ann@example.com"),
            identified(2, "ann@example.com", email="ann@example.com"),
        ],
        KEYS,
    ),
    ("always-new-user", [call("page", n, anonymousId=uuid(n)) for n in range(90)], KEYS),
    ("always-new-user", [call("track", n, userId=f"u-{n % 50}", context=SERVER) for n in range(90)], KEYS),
    (
        "always-new-user",
        [
            message
            for n in range(90)
            for message in (
                call("identify", n, userId=f"u-{n}", context=SERVER),
                call("track", n, userId=f"u-{n}", context=SERVER),
            )
        ],
        KEYS,
    ),
    (
        "identify-ignored",
        [ANON_PAGE, LOGIN, call("track", 9, userId="u-1", anonymousId=ANONYMOUS), *tracks(1, userId="u-1")],
        SIMPLIFIED,
    ),
    ("identify-ignored", [ANON_PAGE, LOGIN, call("track", 9, userId="u-1")], KEYS),
    ("history-not-joined", [ANON_PAGE, LOGIN, *tracks(4, userId="u-1", anonymousId=ANONYMOUS)], KEYS),
    ("anonymous-to-known", [LOGIN, ORDER], KEYS),
    (
        "anonymous-id-churn",
        list(
            itertools.chain.from_iterable(
                (call("page", n, userId="u-1", anonymousId=uuid(n)) for _ in range(2)) for n in range(20)
            )
        ),
        KEYS,
    ),
    ("alias-order", [ANON_PAGE, call("alias", 3, userId="u-1", previousId=ANONYMOUS), again(ORDER, 9)], KEYS),
    ("alias-order", [ORDER, call("alias", 3, userId="u-1", previousId="u-1")], KEYS),
    (
        "group-key-missing-on-event",
        [GROUP, call("track", 9, userId="u-1", context={"groupId": "acme"})],
        KEYS,
    ),
    ("group-key-missing-on-event", [GROUP, call("track", 9, userId="u-2")], KEYS),
    (
        "group-key-missing-on-profile",
        [call("identify", userId="u-1", traits={"$group_id": ["acme"], "name": "Ann"}), GROUP],
        KEYS,
    ),
    ("group-key-mismatch", [GROUP], KEYS),
    ("group-key-mismatch", [GROUP], CheckSettings()),
    ("group-value-unknown", [GROUP, call("track", 9, userId="u-1", context={"groupId": "acme"})], KEYS),
    ("name-casing", [call("track", userId="u-1"), call("track", 9, userId="u-1", event="Signed In")], KEYS),
    (
        "property-type-drift",
        [ORDER, call("track", 9, event="Order Completed", userId="u-1", properties={"total": 12.5})],
        KEYS,
    ),
    (
        "property-type-drift",
        [ORDER, call("track", 9, event="Order Completed", userId="u-1", properties={"total": None})],
        KEYS,
    ),
    ("page-name-cardinality", pages("Pricing Home Pricing Home"), KEYS),
    ("event-name-cardinality", tracks(9, userId="u-1"), KEYS),
    ("hot-shard", tracks(4, userId="cron"), KEYS),
    ("hot-shard", [call("track", 30_000 * n, userId="cron") for n in range(9)], KEYS),
    ("clock-skew", [again(ORDER, sentAt=iso(NOW - 2000), receivedAt=iso(NOW))], KEYS),
]

_ids = [f"{row[0]}-{number}" for number, row in enumerate(WRONG)]


def judged(rule: str) -> Destination:
    """The destination that a row of this rule goes to."""
    return ALIASING if rule == "alias-order" else CLASSIC if rule in OF_CLASSIC else DESTINATION


@pytest.mark.parametrize(("rule", "severity", "messages", "settings", "path", "words"), WRONG, ids=_ids)
def test_the_message_that_completes_a_mistake_names_it(
    rule: str, severity: str, messages: Sequence, settings: CheckSettings, path: str, words: str
) -> None:
    destination = judged(rule)
    *before, last = observed(messages, settings=settings, limits=SMALL, destination=destination)
    (finding,) = [one for one in last if one.rule == rule]
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message
    assert finding.fix
    assert all(one.rule != rule for found in before for one in found)


@pytest.mark.parametrize(("rule", "messages", "settings"), RIGHT)
def test_messages_that_are_right_are_left_alone(
    rule: str, messages: Sequence, settings: CheckSettings
) -> None:
    destination = judged(rule)
    found = observed(messages, settings=settings, limits=SMALL, destination=destination)
    assert [one for each in found for one in each if one.rule == rule] == []


_TRACK = preset_subscriptions()[0]
OF_NOBODY = Destination(
    settings=DESTINATION.settings,
    subscriptions=(
        msgspec.structs.replace(
            _TRACK,
            mapping={
                field: value
                for field, value in _TRACK.mapping.items()
                if field not in ("distinct_id", "user_id", "anonymous_id", "device_id")
            },
        ),
    ),
)
"""A destination with a subscription without the id fields."""
CLASSIC = classic()


@pytest.mark.parametrize("identity", ["original", "simplified"])
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (DESTINATION, OF_NOBODY, "a subscription without the id fields"),
        (DESTINATION, DESTINATION, "an id of its own"),
        (CLASSIC, CLASSIC, "an id of its own"),
    ],
)
def test_a_fix_of_hot_shard_that_is_followed_ends_it(
    before: Destination, after: Destination, words: str, identity: IdentityMode
) -> None:
    settings = CheckSettings(identity=identity)
    events = tracks(6, userId="cron")
    own = (
        events
        if after is OF_NOBODY
        else [{**one, "userId": f"cron-{n // 2}"} for n, one in enumerate(events)]
    )
    found = observed(events, settings=settings, limits=SMALL, destination=before)
    (finding,) = [one for each in found for one in each if one.rule == "hot-shard"]
    assert words in finding.fix
    found = observed(own, settings=settings, limits=SMALL, destination=after)
    assert [one for each in found for one in each if one.rule == "hot-shard"] == []
    for message in own:
        assert message["userId"]  # Segment refuses a message without userId and anonymousId
        made = verdict_on(message, after, NOW, size=500, settings=settings)
        assert [one for one in made.findings if one.severity != "info"] == []
        assert made.translation.operations


BY_DEVICE_MODE = {"cloud-and-device-mode"}
"""See test_stream."""


def test_every_rule_has_both_examples() -> None:
    ids = {rule.id for rule in STREAM_RULES}
    assert ids <= {rule.id for rule in rules()}
    assert {row[0] for row in WRONG} - {"page-double-count"} == ids - BY_DEVICE_MODE
    assert {row[0] for row in RIGHT} - {"page-double-count"} == ids - BY_DEVICE_MODE


def test_the_classic_destination_lets_nobody_dedupe() -> None:
    classic = Destination(kind="classic-cloud", settings={"token": "0" * 32, "apiKey": "k"})
    _, found = observed([ORDER, again(ORDER, 3)], destination=classic)
    assert [(one.rule, "no insert id" in one.message) for one in found] == [("dedupe-mismatch", True)]
    later = again(ORDER, 3) | {"timestamp": "2026-11-24T21:50:00.000Z"}
    _, found = observed([ORDER, later], destination=classic)
    (finding,) = found
    assert "another timestamp" in finding.message
    assert finding.message.endswith("whether Mixpanel would count both cannot be known")


def test_the_actions_destination_is_the_one_judged_by_default() -> None:
    _, found = observed([ORDER, again(ORDER, 3)], destination=DESTINATION)
    assert [one.rule for one in found] == ["retry"]


def test_an_alias_that_is_not_sent_comes_at_any_time() -> None:
    alias = call("alias", 3, userId="u-1", previousId="visitor-1")
    assert observed([ORDER, alias])[1] == []
