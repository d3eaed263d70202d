"""Every rule, as data: what it is, why it matters, how to mend it, where that is documented."""

from __future__ import annotations

from .rule import Rule

_EVENTS = ("track", "page", "screen")

_SEGMENT_API = "https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/"
_SEGMENT_SPEC = "https://segment.com/docs/connections/spec/common/"
_SEGMENT_CLASSIC = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"
_SEGMENT_MIXPANEL = "https://segment.com/docs/connections/destinations/catalog/actions-mixpanel/"
_SEGMENT_CODE = "https://github.com/segmentio/action-destinations/tree/main/packages/destination-actions/src/destinations/mixpanel"
_MIXPANEL_IMPORT = "https://developer.mixpanel.com/reference/import-events"
_MIXPANEL_DEDUPE = "https://developer.mixpanel.com/reference/event-deduplication"
_MIXPANEL_RESERVED = "https://docs.mixpanel.com/docs/data-structure/property-reference/reserved-properties"
_MIXPANEL_SEGMENT = "https://docs.mixpanel.com/docs/tracking-methods/integrations/segment"
_MIXPANEL_GEO = "https://docs.mixpanel.com/docs/tracking-best-practices/geolocation"
_MIXPANEL_ALIAS = "https://developer.mixpanel.com/reference/identity-create-alias"

# What Segment does with the message, before any destination -------------------------------------

SEGMENT_WOULD_REJECT = Rule(
    id="segment-would-reject",
    severity="error",
    what="Segment would refuse the message",
    why="It never reaches Mixpanel: Segment answers 400, or drops it after answering 200.",
    fix="send what Segment's Tracking API takes: valid JSON, 32 KB a message at most, with a type, with "
    "userId or anonymousId, and with an event name if it is a track call",
    source=_SEGMENT_API,
)
SEGMENT_WOULD_CHANGE = Rule(
    id="segment-would-change",
    severity="info",
    what="Segment would hand the message on otherwise than it is read here",
    why="A value depends on Segment's servers, or is replaced by them.",
    fix="nothing, when that is what you expect",
    source=_SEGMENT_API,
)
SECOND_RECEIPT = Rule(
    id="second-receipt",
    severity="info",
    what="The same messageId came before within 24 hours",
    why="Segment drops repeated messageIds, so that a retry counts once.",
    fix="nothing, when this is a retry; a new event needs a new messageId",
    source=_SEGMENT_API,
)

# What the destination does with it -------------------------------------------------------------

UNMATCHED = Rule(
    id="unmatched",
    severity="warning",
    also=("info",),
    kind="request",
    what="No subscription takes the message, or it is stopped before",
    why="Segment sends nothing where no trigger matches or a setting of the classic destination is off, and "
    "does not say so. Where the message or a filter asks for it, this is a note.",
    fix="add a subscription whose trigger matches it, if Mixpanel should have it",
    source=_SEGMENT_MIXPANEL,
)
REJECTED_BY_DESTINATION = Rule(
    id="rejected-by-destination",
    severity="error",
    kind="request",
    what="Segment's destination refuses the message",
    why="A required field is missing or has the wrong type, so that nothing is sent.",
    fix="give the named field the value that it needs",
    source=_SEGMENT_CODE,
)

# Identity of the event --------------------------------------------------------------------------

INSERT_ID_CHARSET = Rule(
    id="insert-id-charset",
    severity="error",
    also=("warning",),
    kind="request",
    applies_to=("/import", "/track"),
    what="The insert id has characters that Mixpanel refuses",
    why="Segment sends messageId as $insert_id, and strict import refuses an event whose $insert_id holds "
    "anything but letters, digits and hyphens. Mixpanel documents that of /import alone: /track, to which "
    "its SDKs and the classic destination send, answers 200 either way, and nothing says whether the event "
    "is kept and known by such an id. There it is a warning.",
    fix="send a UUID as messageId",
    source=_MIXPANEL_IMPORT,
)
INSERT_ID_LENGTH = Rule(
    id="insert-id-length",
    severity="warning",
    also=("info",),
    kind="request",
    applies_to=("/import", "/track"),
    what="The insert id is longer than the 36 bytes that Mixpanel documents",
    why="Mixpanel does not say what becomes of longer ones: they may be refused, or not be deduplicated. "
    "Where Segment itself makes the id so long, this is a note.",
    fix="send a UUID as messageId: 36 characters",
    source=_MIXPANEL_IMPORT,
)
INSERT_ID_FORBIDDEN = Rule(
    id="insert-id-forbidden",
    severity="error",
    also=("warning",),
    kind="request",
    applies_to=("/import", "/track"),
    what="The insert id is a placeholder",
    why="Mixpanel refuses the ids that code leaves behind where a value is missing: undefined, null, 0, the "
    "UUID of zeros and others of its list, as $insert_id and as distinct_id. It documents that of /import "
    "alone: on /track this is a warning.",
    fix="send a UUID as messageId",
    source=_MIXPANEL_IMPORT,
)
INSERT_ID_UNDOCUMENTED = Rule(
    id="insert-id-undocumented",
    severity="info",
    kind="request",
    applies_to=("/track", "/import"),
    what="Nobody outside of Segment knows the insert id that the classic destination sends",
    why="Mixpanel knows a repeated event by its insert id: without one each copy is an event of its own.",
    fix="nothing can be done to a message; Mixpanel's guide names huge batches at once as the cause of "
    "duplicates: send smaller ones, less often",
    source=_SEGMENT_CLASSIC,
)
INSERT_ID_MISSING = Rule(
    id="insert-id-missing",
    severity="warning",
    kind="request",
    applies_to=("/import", "/track"),
    what="An event has a new insert id each time that it is sent",
    why="Nobody can tell a retry from another event. From Segment it is the messageId: the client sends "
    "none, or the mapping does not read it.",
    fix="send a UUID as messageId, and the same one on every retry",
    source=_MIXPANEL_DEDUPE,
)

# Identity of the user ---------------------------------------------------------------------------

PLACEHOLDER_USER_ID = Rule(
    id="placeholder-user-id",
    severity="error",
    also=("warning",),
    what="An id is a placeholder, not a person's id",
    why="Nobody can tell whose events these are: Mixpanel drops what comes under the words that it lists, "
    "and makes one person of all who share another.",
    fix="leave userId out until the user is known, and send anonymousId",
    source=_MIXPANEL_IMPORT,
)
NO_IDENTITY = Rule(
    id="no-identity",
    severity="warning",
    also=("error",),
    kind="request",
    applies_to=("/import", "/track", "/engage"),
    what="An event or a profile belongs to no user",
    why="Its distinct_id is empty: Mixpanel leaves the event out of users, funnels and retention, and "
    "refuses the profile.",
    fix="send userId, or anonymousId for unknown users",
    source=_MIXPANEL_IMPORT,
)
IDENTIFY_WITHOUT_USER_ID = Rule(
    id="identify-without-user-id",
    severity="info",
    also=("warning",),
    kind="request",
    applies_to=("/track", "/engage"),
    what="An identify call goes out without a userId",
    why="The traits go to the profile of the anonymousId, and nothing is joined to a user. That is right for "
    "a visitor; where the mapping loses the userId, it is a warning.",
    fix="nothing, if these are a visitor's traits: an identify call with userId and this anonymousId joins "
    "them to the user",
    source=_SEGMENT_CODE,
)
ALIAS_WITHOUT_PREVIOUS_ID = Rule(
    id="alias-without-previous-id",
    severity="error",
    also=("warning",),
    kind="request",
    applies_to=("/track",),
    what="An alias names one id",
    why="Mixpanel cannot use a $create_alias that names one id.",
    fix="send the id that was used before as previousId",
    source=_MIXPANEL_ALIAS,
)
GROUP_WITHOUT_TRAITS = Rule(
    id="group-without-traits",
    severity="error",
    kind="request",
    applies_to=("/groups",),
    what="A group call has no traits",
    why="The group gets no profile: reports know its id and nothing more.",
    fix="send at least one trait, such as the group's name",
    source=_SEGMENT_CODE,
)

# Time --------------------------------------------------------------------------------------------

TIME_OUT_OF_RANGE = Rule(
    id="time-out-of-range",
    severity="error",
    also=("warning",),
    kind="request",
    applies_to=("/import", "/track"),
    what="The event's time is before 1971, or more than an hour ahead",
    why="The event is lost, or counts at another time: Mixpanel may move it to the present.",
    fix="check the sender's clock, and whether seconds were taken for milliseconds",
    source=_MIXPANEL_IMPORT,
)
TIMESTAMP_SUSPECT = Rule(
    id="timestamp-suspect",
    severity="warning",
    also=("info",),
    what="The timestamp may not mean what was meant",
    why="Seconds read as milliseconds land in January 1970; a text that is not a date is refused, sent "
    "without a time, or the present stands in for it. A time that is ahead, by an hour at most, gives way to "
    "Mixpanel's own.",
    fix="send ISO 8601 in UTC, such as 2026-11-24T10:41:03.211Z",
    source=_SEGMENT_SPEC,
)

# Names -------------------------------------------------------------------------------------------

PAGE_NAME_MISSING = Rule(
    id="page-name-missing",
    severity="warning",
    applies_to=("page", "screen"),
    what="A page or screen call has no name",
    why="Reports cannot tell such pages apart: all of them are one event.",
    fix="give the call a name, such as Pricing",
    source=_SEGMENT_CODE,
)
PAGE_DOUBLE_COUNT = Rule(
    id="page-double-count",
    severity="warning",
    also=("info",),
    kind="request",
    applies_to=("/track", "/import"),
    what="One page or screen becomes several events",
    why="In cloud mode the classic destination sends an event for each page option that is on.",
    fix="leave one page option on",
    source=_SEGMENT_CLASSIC,
)
RESERVED_PROPERTY = Rule(
    id="reserved-property",
    severity="warning",
    also=("error", "info"),
    kind="request",
    applies_to=("/import", "/track", "/engage", "/groups"),
    what="A property has a name that Mixpanel keeps for itself",
    why="Its value is hidden, acted on or overwritten: reports do not show what was sent. An event whose "
    "$ignore is true, or any text but an empty one, is dropped.",
    fix="give the property another name",
    source=_MIXPANEL_RESERVED,
)

# Place -------------------------------------------------------------------------------------------

NO_CLIENT_IP = Rule(
    id="no-client-ip",
    severity="warning",
    also=("info",),
    kind="request",
    applies_to=("/import", "/track", "/engage"),
    what="Mixpanel gets no address of the user",
    why="Reports by country and city miss the user. A profile update without one moves the user to where "
    "Segment's server is: everyone in Boardman, Ashburn.",
    fix="pass the user's address as context.ip",
    source=_MIXPANEL_GEO,
)

RULES: tuple[Rule, ...] = (
    SEGMENT_WOULD_REJECT,
    SEGMENT_WOULD_CHANGE,
    SECOND_RECEIPT,
    UNMATCHED,
    REJECTED_BY_DESTINATION,
    INSERT_ID_CHARSET,
    INSERT_ID_FORBIDDEN,
    INSERT_ID_LENGTH,
    INSERT_ID_UNDOCUMENTED,
    INSERT_ID_MISSING,
    PLACEHOLDER_USER_ID,
    NO_IDENTITY,
    IDENTIFY_WITHOUT_USER_ID,
    ALIAS_WITHOUT_PREVIOUS_ID,
    GROUP_WITHOUT_TRAITS,
    TIME_OUT_OF_RANGE,
    TIMESTAMP_SUSPECT,
    PAGE_NAME_MISSING,
    PAGE_DOUBLE_COUNT,
    RESERVED_PROPERTY,
    NO_CLIENT_IP,
)
"""The whole catalogue, in the order of `segtap rules`."""
