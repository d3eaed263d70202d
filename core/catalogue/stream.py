"""The rules on the stream, as data: mistakes that only several messages together show."""

from __future__ import annotations

from .identities import IDENTITY_RULES
from .rule import Rule

_EVENTS = ("track", "page", "screen")

_MIXPANEL_DEDUPE = "https://developer.mixpanel.com/reference/event-deduplication"
_MIXPANEL_SEGMENT = "https://docs.mixpanel.com/docs/tracking-methods/integrations/segment"
_MIXPANEL_SIMPLIFIED = (
    "https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-simplified"
)
_MIXPANEL_ALIAS = "https://developer.mixpanel.com/reference/identity-create-alias"
_MIXPANEL_GROUPS = "https://docs.mixpanel.com/docs/data-structure/group-analytics"
_MIXPANEL_LIMITS = "https://docs.mixpanel.com/docs/data-structure/events-and-properties"
_MIXPANEL_TYPES = "https://docs.mixpanel.com/docs/data-structure/property-reference/data-type"
_MIXPANEL_HOT_SHARD = "https://developer.mixpanel.com/reference/hot-shard-limits"
_MIXPANEL_DEBUGGING = "https://docs.mixpanel.com/docs/tracking-best-practices/debugging"
_SEGMENT_SPEC = "https://segment.com/docs/connections/spec/common/"
_SEGMENT_IDENTITY = "https://segment.com/docs/connections/spec/identify/"

# The same message again ----------------------------------------------------------------------------

RETRY = Rule(
    id="retry",
    severity="info",
    kind="stream",
    applies_to=_EVENTS,
    what="The same event came again under its messageId, as a retry does",
    why="Event, distinct_id, time and insert id agree, so that Mixpanel shows it once.",
    fix="nothing",
    source=_MIXPANEL_DEDUPE,
)
DEDUPE_MISMATCH = Rule(
    id="dedupe-mismatch",
    severity="warning",
    also=("info",),
    kind="stream",
    applies_to=_EVENTS,
    what="The same messageId came again, but Mixpanel would not take the two for one",
    why="Mixpanel's reports show one event only where name, distinct_id, time and insert id agree. Segment "
    "drops the second within 24 hours; what comes later, or by another way, counts twice. For events of one "
    "calendar day that may end when Mixpanel compacts its data.",
    fix="send a retry as it was first sent, with its own timestamp and the same userId",
    source=_MIXPANEL_DEDUPE,
)
MESSAGE_ID_REUSED = Rule(
    id="message-id-reused",
    severity="error",
    also=("warning", "info"),
    kind="stream",
    what="A messageId is used for another message",
    why="Segment drops the second as a copy of the first when it comes within 24 hours. Later, Mixpanel may "
    "take two of the same name for one: it compares name, distinct_id, time and insert id alone.",
    fix="make a new UUID for each message",
    source=_MIXPANEL_DEDUPE,
)
DOUBLE_FIRED = Rule(
    id="double-fired",
    severity="warning",
    also=("info",),
    kind="stream",
    what="The same content came twice within seconds, under two messageIds",
    why="Nobody can tell that they are one: Mixpanel counts both.",
    fix="look for a handler that is bound twice, or a call in the client and another on the server",
    source=_MIXPANEL_DEBUGGING,
)
CLOUD_AND_DEVICE_MODE = Rule(
    id="cloud-and-device-mode",
    severity="warning",
    also=("info",),
    kind="stream",
    what="Both connection modes are on: an event reaches Mixpanel from the browser and through Segment",
    why="The two copies share neither insert id nor distinct_id, so Mixpanel counts both. This is a "
    "note while segtap only assumes that Segment sends one of them: see segtap help modes.",
    fix="switch one connection mode off",
    source=_MIXPANEL_SEGMENT,
)
# Users ----------------------------------------------------------------------------------------------

NO_PROFILE = Rule(
    id="no-profile",
    severity="error",
    also=("warning",),
    kind="stream",
    applies_to=_EVENTS,
    what="A user has events, but no identify with traits",
    why="Events make no profile: Mixpanel shows the user without name, email or anything else.",
    fix="call identify with traits when the user signs up or in",
    source=_MIXPANEL_SEGMENT,
)
IDENTIFY_AFTER_TRACK = Rule(
    id="identify-after-track",
    severity="info",
    kind="stream",
    applies_to=("identify",),
    what="Events of the user came before the identify call",
    why="Until identify comes they have no profile, and stand apart from what was done before logging in.",
    fix="call identify first, and track after it",
    source=_SEGMENT_IDENTITY,
)

# Groups -----------------------------------------------------------------------------------------------

GROUP_KEY_MISSING_ON_EVENT = Rule(
    id="group-key-missing-on-event",
    severity="error",
    also=("info",),
    kind="stream",
    applies_to=_EVENTS,
    what="An event of a group's user does not carry the group key",
    why="Mixpanel counts an event for a group only when it has the group key as a property; group() adds it "
    "to no event.",
    fix="send the key as a property of each event; $group_id comes from context.groupId, with Actions only",
    source=_MIXPANEL_GROUPS,
)
GROUP_KEY_MISSING_ON_PROFILE = Rule(
    id="group-key-missing-on-profile",
    severity="warning",
    also=("info",),
    kind="stream",
    applies_to=("identify", "group"),
    what="The profile of a group's user does not have the group key",
    why="Reports on users cannot use the group's properties: group() writes to the group's profile only.",
    fix="send the key as a trait of identify, with the list of the user's groups",
    source=_MIXPANEL_GROUPS,
)
GROUP_KEY_MISMATCH = Rule(
    id="group-key-mismatch",
    severity="error",
    also=("warning",),
    kind="stream",
    what="Segment writes groups under another key than the one that is meant",
    why="A profile under a key that the project does not know shows up nowhere, and there is no backfill.",
    fix="set group_key in the mapping of the groupIdentifyUser subscription (classic: Group Identifier "
    "Traits) to Mixpanel's group key",
    source=_MIXPANEL_GROUPS,
)
GROUP_VALUE_UNKNOWN = Rule(
    id="group-value-unknown",
    severity="warning",
    kind="stream",
    what="A group key has a value that is not a group's id",
    why="Mixpanel takes each value for a group of its own: what carries this one is missing in the group "
    "that was meant.",
    fix="send the id that group() sends",
    source=_MIXPANEL_GROUPS,
)

# Names and values ---------------------------------------------------------------------------------------

NAME_CASING = Rule(
    id="name-casing",
    severity="warning",
    kind="stream",
    what="The same name comes in two spellings",
    why="Mixpanel tells Plan, plan and $plan apart: reports see two events or two properties.",
    fix="choose one spelling, and keep it in a tracking plan",
    source=_MIXPANEL_DEBUGGING,
)
PROPERTY_TYPE_DRIFT = Rule(
    id="property-type-drift",
    severity="warning",
    kind="stream",
    what="A property changes its type",
    why='Sums and filters of one type pass the other by: a total of 12 and one of "12" do not add up.',
    fix="send the same type each time",
    source=_MIXPANEL_TYPES,
)
PAGE_NAME_CARDINALITY = Rule(
    id="page-name-cardinality",
    severity="warning",
    kind="stream",
    applies_to=("page", "screen"),
    what="Page names go on without end",
    why="Each name makes an event of its own, and Mixpanel indexes 5,000 names.",
    fix="give pages a fixed name (Product), and the title as a property",
    source=_MIXPANEL_LIMITS,
)
EVENT_NAME_CARDINALITY = Rule(
    id="event-name-cardinality",
    severity="warning",
    kind="stream",
    applies_to=("track",),
    what="Event names go on without end",
    why="Mixpanel indexes 5,000 event names; those beyond are missing in its menus.",
    fix="name the kind of event, and send what varies as a property",
    source=_MIXPANEL_LIMITS,
)

# Amounts and clocks ---------------------------------------------------------------------------------------

HOT_SHARD = Rule(
    id="hot-shard",
    severity="warning",
    kind="stream",
    applies_to=_EVENTS,
    what="One user has more events in a day than Mixpanel takes",
    why="Beyond 200,000 a day Mixpanel renames them to $hotshard_events and takes the user away. Segment "
    "refuses a message without userId and anonymousId, so that leaving both out does not help.",
    fix="give each device, service and test an id of its own; events that are nobody's go by a subscription "
    'without the id fields, whose distinct_id is ""',
    source=_MIXPANEL_HOT_SHARD,
)
CLOCK_SKEW = Rule(
    id="clock-skew",
    severity="warning",
    kind="stream",
    what="The sender's clock is off",
    why="Segment corrects timestamp by sentAt; where a client sends no sentAt, or times as properties, they "
    "are off by as much.",
    fix="set the sender's clock by NTP",
    source=_SEGMENT_SPEC,
)

STREAM_RULES: tuple[Rule, ...] = (
    RETRY,
    DEDUPE_MISMATCH,
    MESSAGE_ID_REUSED,
    DOUBLE_FIRED,
    CLOUD_AND_DEVICE_MODE,
    NO_PROFILE,
    IDENTIFY_AFTER_TRACK,
    *IDENTITY_RULES,
    GROUP_KEY_MISSING_ON_EVENT,
    GROUP_KEY_MISSING_ON_PROFILE,
    GROUP_KEY_MISMATCH,
    GROUP_VALUE_UNKNOWN,
    NAME_CASING,
    PROPERTY_TYPE_DRIFT,
    PAGE_NAME_CARDINALITY,
    EVENT_NAME_CARDINALITY,
    HOT_SHARD,
    CLOCK_SKEW,
)
"""The rules on the stream, in the order of `segtap rules`."""
