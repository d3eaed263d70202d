"""Rules on ids, names and values as they are written, as data."""

from __future__ import annotations

from .rule import Rule

_EVENTS = ("track", "page", "screen")

_SEGMENT_SPEC = "https://segment.com/docs/connections/spec/common/"
_SEGMENT_TRACK = "https://segment.com/docs/connections/spec/track/"
_JSON_NUMBERS = (
    "https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Number/MAX_SAFE_INTEGER"
)
_MIXPANEL_TYPES = "https://docs.mixpanel.com/docs/data-structure/property-reference/data-type"
_MIXPANEL_DEBUGGING = "https://docs.mixpanel.com/docs/tracking-best-practices/debugging"
_MIXPANEL_GROUPS = "https://docs.mixpanel.com/docs/data-structure/group-analytics"
_MIXPANEL_SESSIONS = "https://docs.mixpanel.com/docs/features/sessions"

ID_WHITESPACE = Rule(
    id="id-whitespace",
    severity="warning",
    what="An id has spaces around it",
    why="Mixpanel compares ids sign by sign, so that one person has two histories.",
    fix="send the id without the spaces",
    source=_MIXPANEL_DEBUGGING,
)
PLACEHOLDER_GROUP_ID = Rule(
    id="placeholder-group-id",
    severity="error",
    what="A group's id is a placeholder, not an id",
    why="Every group that has it is one group to Mixpanel, with the properties of whichever came last.",
    fix="send the group's id, or leave it out until the group is known",
    source=_MIXPANEL_GROUPS,
)
EVENT_NAME = Rule(
    id="event-name",
    severity="warning",
    applies_to=_EVENTS,
    what="An event's name is not text, or has spaces or control characters that nobody sees",
    why='Reports show two events that look alike: " Signed Up" is another event than "Signed Up".',
    fix="send the name as text, such as Signed Up, with no spaces around it",
    source=_SEGMENT_TRACK,
)
RESERVED_EVENT_NAME = Rule(
    id="reserved-event-name",
    severity="warning",
    also=("error",),
    applies_to=_EVENTS,
    what="An event has a name that Mixpanel reads itself",
    why="Mixpanel takes it for an event of its own: it joins ids by $identify, $create_alias and $merge, "
    "counts sessions, or hides it.",
    fix="give the event a name of your own, without the $",
    source=_MIXPANEL_SESSIONS,
)
PROPERTY_NAME = Rule(
    id="property-name",
    severity="warning",
    what="A property or trait has no name, or one with spaces or control characters that nobody sees",
    why="Mixpanel compares names sign by sign: each holds some of the values, and reports list both.",
    fix="write the name without spaces around it",
    source=_MIXPANEL_DEBUGGING,
)
NUMBER_PRECISION = Rule(
    id="number-precision",
    severity="warning",
    what="A number is too large for JavaScript to hold exactly",
    why="Segment reads numbers as JavaScript does, which rounds integers beyond 9007199254740992 and makes "
    "null of what is beyond 1.8e308: long ids become other ids.",
    fix="send long ids as text",
    source=_JSON_NUMBERS,
)
NUMBER_AS_TEXT = Rule(
    id="number-as-text",
    severity="info",
    also=("warning",),
    what="An amount is sent as text",
    why="Mixpanel adds up and compares numbers only: a text stays out of every sum, average and range.",
    fix="send the number without quotes, spaces, currency and thousands separators",
    source=_MIXPANEL_TYPES,
)

VALUE_RULES: tuple[Rule, ...] = (
    PLACEHOLDER_GROUP_ID,
    ID_WHITESPACE,
    EVENT_NAME,
    RESERVED_EVENT_NAME,
    PROPERTY_NAME,
    NUMBER_PRECISION,
    NUMBER_AS_TEXT,
)
