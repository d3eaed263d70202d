"""Questions about what arrives in Mixpanel and what does not, answered for each destination."""

from __future__ import annotations

from .question import ACTIONS, DEDUPE, GUIDE, IMPORT, Question

ARRIVING: tuple[Question, ...] = (
    Question(
        id="regions",
        title="Why does no data appear in my project?",
        words=(
            "EU",
            "India",
            "region",
            "data residency",
            "endpoint",
            "Enable European Union Endpoint",
            "no data",
        ),
        actions=(
            "Mixpanel stores the data of a project in one region: US, EU or India. Segment has to send "
            "to the endpoint of that region: the setting Data Residency of Mixpanel (Actions). What "
            "reaches another region's endpoint is not ingested, although the answer may be 200.",
            "Mixpanel shows the project's region under Project Settings, Data Residency. The region of "
            "Segment's workspace says nothing about it. A project with data has to be migrated to "
            "change its region.",
        ),
        classic=(
            "Mixpanel stores the data of a project in one region: US, EU or India. Segment has to send "
            "to the endpoint of that region: the setting Enable European Union Endpoint of Mixpanel "
            "(Legacy). What reaches another region's endpoint is not ingested, although the answer may "
            "be 1.",
            "Mixpanel shows the project's region under Project Settings, Data Residency. The region of "
            "Segment's workspace says nothing about it. A project with data has to be migrated to "
            "change its region.",
        ),
        checks=(
            "region",
            "token",
            "delivery",
        ),
        rules=(
            "region-mismatch",
            "token-unverified",
        ),
        source=GUIDE,
    ),
    Question(
        id="missing-events",
        title="Why are events missing?",
        words=(
            "missing events",
            "events not appearing",
            "filtered",
            "discarded",
            "No matching mapping",
        ),
        actions=(
            "A message passes Segment's API, the schema, the integrations object and consent, "
            "destination filters and the triggers of the subscriptions; then Mixpanel checks each event "
            "of the request. Each of these may stop it. The Mixpanel pane and segtap check name the one "
            "that did.",
            'If no enabled subscription takes the call, Segment says "No matching mapping", and its '
            'Event Tester "You may not have any subscriptions that match this event".',
        ),
        classic=(
            "A message passes Segment's API, the schema, the integrations object and consent, and "
            "destination filters; then the settings of the destination decide. The Mixpanel pane and "
            "segtap check name what stopped it.",
            "Mixpanel (Legacy) says nothing of what it drops: page calls while no page option is on, "
            "group calls without a Group Identifier Trait, traits while Use Mixpanel People is off.",
        ),
        checks=(
            "ingest",
            "not-sent",
            "filters",
            "subscriptions",
            "delivery",
            "strict",
            "lexicon",
            "dropdowns",
        ),
        rules=(
            "unmatched",
            "rejected-by-destination",
            "segment-would-reject",
        ),
        source=GUIDE,
    ),
    Question(
        id="missing-profiles",
        title="Why are there events, but no user profiles?",
        words=(
            "people",
            "Use Mixpanel People",
            "missing profiles",
            "user profile",
            "traits",
        ),
        actions=(
            "Only an identify call with traits writes a profile (/engage, $set). Track, page and screen "
            "calls never do. Mixpanel (Actions) has no switch for People: Use Mixpanel People is a "
            "setting of Mixpanel (Legacy).",
            "Look for identify calls without traits, and for a preset Identify Calls that is missing or off.",
        ),
        classic=(
            "Only an identify call writes a profile, and only while Use Mixpanel People is on. "
            "Segment's page says that it is off by default.",
            "With Automatically set all Traits off, only the traits listed under People Properties are sent.",
        ),
        checks=(
            "people",
            "profiles",
        ),
        rules=("no-profile",),
        source=GUIDE,
    ),
    Question(
        id="duplicates",
        title="Why are events duplicated?",
        words=(
            "duplicate",
            "twice",
            "insert_id",
            "retry",
            "deduplication",
            "batch",
        ),
        actions=(
            "Mixpanel keeps one of several events with the same name, distinct_id, time and $insert_id. "
            "Mixpanel (Actions) sends the messageId as $insert_id, so that Segment's retries are not "
            "counted twice. Two calls with two messageIds are two events.",
            "Other causes: device mode beside cloud mode, two subscriptions that take the same call, "
            "and Order Completed, which also becomes one Product Purchased for each product.",
        ),
        classic=(
            "The published code of Mixpanel (Legacy) sends no $insert_id; Segment's page documents one "
            "made of messageId, project and event. Whether a retry is counted twice cannot be known "
            "from outside.",
            "Mixpanel's guide names the cause of retries: huge batches at the same time. Send smaller "
            "batches, less often. Other causes: several page options at once, and device mode beside "
            "cloud mode.",
        ),
        checks=(
            "duplicates",
            "insert-id",
            "pages",
            "connection-mode",
        ),
        rules=(
            "double-fired",
            "dedupe-mismatch",
            "insert-id-undocumented",
            "page-double-count",
        ),
        source=DEDUPE,
    ),
    Question(
        id="lost-properties",
        title="Why does a property not arrive?",
        words=(
            "property id",
            "reserved",
            "context",
            "dropped",
            "truncated",
        ),
        actions=(
            "Properties named id, time, distinct_id, $insert_id, $user_id, $anon_id and $group_id are "
            "not sent under their name: Segment writes its own values there. Of context only the mapped "
            "fields are sent: Mixpanel has no equivalent of it.",
            "To send more, map it in the subscription, or write it into the properties.",
        ),
        classic=(
            "context.traits, the campaign and what Segment sets itself cover properties of the same "
            "name; objects become text. Of context only some fields are sent: Mixpanel has no "
            "equivalent of it.",
        ),
        checks=(
            "lost-properties",
            "names",
        ),
        rules=(
            "property-dropped",
            "property-replaced",
            "property-converted",
            "reserved-property",
        ),
        source=GUIDE,
    ),
    Question(
        id="connection-mode",
        title="Is this cloud mode or device mode?",
        words=(
            "mp_lib",
            "Mixpanel Library",
            "cloud mode",
            "device mode",
            "Segment: web",
            "Segment: analytics.js",
        ),
        actions=(
            "In cloud mode Segment's servers send the events, in device mode Mixpanel's own SDK in the "
            "page or app does. The property Mixpanel Library (mp_lib) tells: Mixpanel (Actions) sends "
            '"Segment Actions: analytics.js" and so on. "Segment: analytics.js" is Mixpanel (Legacy) in '
            'cloud mode, "Segment: web" in device mode. Mixpanel\'s guide names only those two.',
            "Mixpanel Web (Actions), the newer destination for pages, is device mode as well: it loads "
            'Mixpanel\'s SDK, whose mp_lib is "web". With its setting Source Name it registers '
            "segment_source_name as a super property, which also autocaptured events carry; without, nobody "
            "can tell it from a page's own SDK.",
            "Filter by mp_lib in Mixpanel to see which events came through Segment.",
        ),
        classic=(
            "In cloud mode Segment's servers send the events, in device mode Mixpanel's own SDK in the "
            'page or app does. The property Mixpanel Library (mp_lib) tells: "Segment: analytics.js" is '
            'cloud mode, "Segment: web" is device mode.',
            "Filter by mp_lib in Mixpanel to see which events came through Segment.",
        ),
        checks=("connection-mode",),
        rules=("cloud-and-device-mode",),
        source=GUIDE,
    ),
    Question(
        id="credentials",
        title="Which credentials does Segment need?",
        words=(
            "token",
            "API secret",
            "secret",
            "service account",
            "Invalid credentials",
            "401",
        ),
        actions=(
            "The project token (Mixpanel: Project Settings, Overview) is needed in any case. The API "
            "Secret of Mixpanel (Actions) authenticates /import; Mixpanel retires project secrets on "
            "2027-03-03.",
        ),
        classic=(
            "The project token (Mixpanel: Project Settings, Overview) is needed in any case. The API "
            "Secret is needed for events that are older than five days.",
        ),
        checks=(
            "token",
            "api-secret",
            "service-account",
        ),
        rules=(
            "token-unverified",
            "api-secret-deprecated",
        ),
        source=ACTIONS,
    ),
    Question(
        id="time-zones",
        title="Why are events hours off?",
        words=(
            "time zone",
            "timezone",
            "UTC",
            "clock",
            "timestamp",
            "wrong time",
        ),
        actions=(
            "Segment sends time in milliseconds since 1970, UTC, from the message's timestamp, which "
            "Segment corrects by the sender's clock (sentAt). Mixpanel shows it in the time zone of the "
            "project: Project Settings. A timestamp without a zone is read as UTC.",
        ),
        classic=(
            "Segment sends time in seconds since 1970, UTC, from the message's timestamp, which Segment "
            "corrects by the sender's clock (sentAt). Mixpanel shows it in the time zone of the "
            "project: Project Settings. A timestamp without a zone is read as UTC.",
        ),
        checks=(
            "clock",
            "time-zone",
        ),
        rules=(
            "timestamp-suspect",
            "clock-skew",
            "date-format",
        ),
        source=IMPORT,
    ),
    Question(
        id="debugging",
        title="How do I see what Segment sends to Mixpanel?",
        words=(
            "debug",
            "debugger",
            "base64",
            "decode",
            "validate",
        ),
        actions=(
            "Select a message: the Mixpanel pane shows each request, {request.next} turns to the next "
            "one, and the foot names the field that a value comes from. {decode.open} opens anything "
            "pasted, such as the base64 of Segment's debugger; segtap decode does so without a screen.",
        ),
        classic=(
            "Select a message: the Mixpanel pane shows each request, {request.next} turns to the next "
            "one. {decode.open} opens anything pasted, such as the base64 that Mixpanel (Legacy) sends "
            "and Segment's debugger shows; segtap decode does so without a screen.",
        ),
        checks=("delivery",),
        rules=(),
        source=GUIDE,
    ),
)
