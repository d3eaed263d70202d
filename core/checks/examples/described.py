"""Examples in words, for rules that a handful of messages cannot show: thousands of them, or answers."""

from __future__ import annotations

import msgspec


class Described(msgspec.Struct, frozen=True):
    """What is done wrong and what right, and what comes of it; a line each."""

    before: tuple[str, ...]
    after: tuple[str, ...]


DESCRIBED_EXAMPLES: dict[str, Described] = {
    "segment-would-reject": Described(
        (
            'POST /v1/track with {"event": "Paid", "userId": "user-1", "properties": {"total": NaN}}',
            "Segment answers 400: NaN is not JSON. Its Python library writes it for float('nan').",
            'POST /v1/track with {"event": "Paid", "properties": {"userId": "user-1"}}',
            "Segment answers 200 and drops it: a call needs userId or anonymousId at its top level.",
        ),
        (
            'POST /v1/track with {"event": "Paid", "userId": "user-1", "properties": {"total": null}}',
            'the same call with "anonymousId": "5efcc891-…" while the user is unknown',
        ),
    ),
    "segment-would-change": Described(
        (
            'a page call from the browser on this machine: {"type": "page", "context": {}}',
            "Segment would write the sender's public address into context.ip; here it is 127.0.0.1.",
        ),
        ('{"type": "page", "context": {"ip": "203.0.113.9"}}: what the message states itself, stays.',),
    ),
    "second-receipt": Described(
        (
            '{"type": "track", "event": "Signed Up", "userId": "user-1", "messageId": "m-1"}',
            '{"type": "track", "event": "Signed Up", "userId": "user-1", "messageId": "m-1"}',
            "The second is a copy to Segment: it drops it, and it is not sent.",
        ),
        (
            '{"type": "track", "event": "Signed Up", "userId": "user-1", "messageId": "m-1"}',
            '{"type": "track", "event": "Signed Up", "userId": "user-1", "messageId": "m-2"}',
        ),
    ),
    "cloud-and-device-mode": Described(
        (
            "mixpanel-browser in the page posts Order Completed of user-1 to /track",
            'a second later, by Segment: {"type": "track", "event": "Order Completed", "userId": "user-1"}',
            "Mixpanel counts two orders.",
        ),
        ("device mode of the Mixpanel destination is off: the event comes by Segment alone",),
    ),
    "reset-not-in-mixpanel": Described(
        (
            "device mode: user-1 logs out, analytics.reset(), then user-2 logs in on the same browser",
            '$identify: {"distinct_id": "user-2", "$anon_distinct_id": "user-1", …}',
            "What was done between the two is counted for user-1.",
        ),
        (
            "device mode: analytics.reset() and mixpanel.reset() at the logout",
            '$identify: {"distinct_id": "user-2", "$anon_distinct_id": "$device:0b2c…", …}',
        ),
    ),
    "increment-not-a-number": Described(
        (
            'device mode, Properties to Increment: revenue; analytics.track("Paid", {"revenue": "12.50"})',
            '{"$add": {"revenue": "12.50"}, "$distinct_id": "user-1"} goes to /engage',
        ),
        ('{"$add": {"revenue": 12.5}, "$distinct_id": "user-1"}',),
    ),
    "revenue-not-on-profile": Described(
        (
            'device mode, people = true under [classic]; analytics.track("Paid", {"revenue": 12.5})',
            "the event arrives, and nothing goes to /engage",
        ),
        (
            'device mode, people = true and prop_increments = ["revenue"] under [classic]; the same call',
            '{"$add": {"revenue": 12.5}, "$distinct_id": "user-1"} goes to /engage',
        ),
    ),
    "super-property-reserved": Described(
        (
            'device mode, super_properties = ["time"]; analytics.track("Paid", {"time": 1795557600})',
            "Every later event of that browser has the time of this one.",
        ),
        ('device mode, super_properties = []; analytics.track("Paid", {"time": 1795557600})',),
    ),
    "people-off-engage": Described(
        (
            'device mode, people = false under [classic]; analytics.identify("user-1")',
            '{"$set_once": {"$initial_referrer": "$direct", …}, "$distinct_id": "user-1"} goes to /engage',
        ),
        ("device mode, people = true under [classic]: the profile gets its traits as well",),
    ),
    "sdk-alias-direct": Described(
        (
            'Mixpanel("TOKEN", Consumer(events_url="http://127.0.0.1:8765/track")).track("user-1", "Paid")',
            'the same object\'s alias("user-1", "visitor-1") posts to https://api.mixpanel.com/track',
        ),
        ("a test that replaces alias(), or a project with the simplified ID merge, where nobody calls it",),
    ),
    "identity-cluster-limit": Described(
        (
            "identify calls of user-1 with 500 anonymousIds, one after the other: 501 ids",
            "Mixpanel joins 500 ids; the events of the last one belong to another user.",
        ),
        ("identify calls of user-1 with the few anonymousIds of the devices that user-1 has",),
    ),
    "anonymous-id-churn": Described(
        (
            '{"type": "track", "event": "Paid", "userId": "user-1", "anonymousId": "5efcc891-…"}',
            '{"type": "track", "event": "Paid", "userId": "user-1", "anonymousId": "0b2c9f0e-…"}',
            "and so on, ten times in a row: the server makes a new anonymousId for each request.",
        ),
        ('{"type": "track", "event": "Paid", "userId": "user-1"}',),
    ),
    "always-new-user": Described(
        (
            '{"type": "track", "event": "Answer Given", "anonymousId": "5efcc891-…"} by analytics-node',
            '{"type": "track", "event": "Answer Given", "anonymousId": "0b2c9f0e-…"}',
            "and so on, sixty times in a row: the server makes a new anonymousId for each event.",
        ),
        ('{"type": "track", "event": "Answer Given", "userId": "user-1"}, for all events of user-1',),
    ),
    "page-name-cardinality": Described(
        (
            '{"type": "page", "name": "Blue running shoes, size 43"}',
            '{"type": "page", "name": "Red running shoes, size 38"}, and so on for each product',
            'Each becomes an event of its own: "Viewed Blue running shoes, size 43".',
        ),
        ('{"type": "page", "name": "Product", "properties": {"title": "Blue running shoes, size 43"}}',),
    ),
    "event-name-cardinality": Described(
        (
            '{"type": "track", "event": "Opened invoice 4711"}',
            '{"type": "track", "event": "Opened invoice 4712"}, and so on for each invoice',
        ),
        ('{"type": "track", "event": "Invoice Opened", "properties": {"invoice": "4711"}}',),
    ),
    "hot-shard": Described(
        (
            'more than 200,000 events a day with {"userId": "load-test"}',
            'Mixpanel renames those beyond to "$hotshard_events" and takes their user away.',
        ),
        (
            '{"userId": "load-test-17"}, and so on: each run has an id of its own, with fewer events',
            "or, for events of nobody, a subscription without distinct_id, user_id and anonymous_id:",
            'Mixpanel gets "distinct_id": "" and leaves the events out of reports on users.',
        ),
    ),
    "token-unverified": Described(
        (
            'token = "1c9b0f6a…", with a typing error',
            'POST https://api.mixpanel.com/track answers 200 and {"error": null, "status": 1} all the same',
        ),
        ("segtap doctor --online: Mixpanel knows the token",),
    ),
    "refused-with-200": Described(
        (
            "POST https://api.mixpanel.com/engage?verbose=1 with a profile without $distinct_id answers 200",
            'and {"error": "$distinct_id, missing or empty", "status": 0}: the profile is not written.',
        ),
        ('the same with "$distinct_id": "user-1" answers 200 and {"error": null, "status": 1}',),
    ),
    "filter-not-fql": Described(
        (
            "a destination filter with the condition: type == 'page' && !userId",
            "FQL has one = and the word and: nothing reaches Mixpanel, whatever its type.",
        ),
        ("the same filter with the condition: type = 'page' and userId = null",),
    ),
    "transformation-not-fql": Described(
        (
            "a transformation with the condition: event == 'Old Name'",
            "FQL has one =: nothing reaches Mixpanel, whatever its type.",
        ),
        ("the same transformation with the condition: event = 'Old Name'",),
    ),
    "transformation-keeps-old-name": Described(
        (
            "a transformation renames properties.total to properties.revenue, and a message has total: 0",
            "Mixpanel gets revenue: 0 and total: 0. For total: 5 it gets revenue: 5 alone.",
        ),
        ('the same transformation with propertyDrops = ["properties.total"]',),
    ),
    "sampled-at-random": Described(
        (
            "a destination filter of the action sample with percent = 0.1",
            "Segment sends every tenth message, and nobody can say which.",
        ),
        ('the same filter with path = "userId": the same users are always in',),
    ),
    "insert-function-no-handler": Described(
        (
            "an insert function with async function onTrack(event) { return event }, and nothing else",
            "No identify, page or group call reaches Mixpanel: each of these types has no handler.",
        ),
        ("the same function with async function onIdentify(event) { return event }, and so on",),
    ),
    "not-imitated": Described(
        (
            "segtap mappings import finds an insert function on the destination, and writes into segtap.toml",
            '[[not_imitated]] with kind = "insert_function" and name = "enrich": each message says so.',
        ),
        ("the function is removed in Segment, and its entry from segtap.toml",),
    ),
}
