"""Rules on Mixpanel's limits, as data."""

from __future__ import annotations

from .rule import Rule

_MIXPANEL_IMPORT = "https://developer.mixpanel.com/reference/import-events"
_MIXPANEL_TYPES = "https://docs.mixpanel.com/docs/data-structure/property-reference/data-type"

_EVENTS = ("/import", "/track")
_ALL = (*_EVENTS, "/engage", "/groups")

TOO_MANY_PROPERTIES = Rule(
    id="too-many-properties",
    severity="error",
    also=("warning",),
    kind="request",
    applies_to=_ALL,
    what="An event, a profile or an object has more properties than Mixpanel takes",
    why="Mixpanel refuses an event with 255 properties or more, itself or in an object. A profile has 2,000 "
    "at most: what is beyond is not added. An object in a profile has 255.",
    fix="send fewer properties: those that reports need",
    source=_MIXPANEL_IMPORT,
)
ARRAY_TOO_LONG = Rule(
    id="array-too-long",
    severity="error",
    kind="request",
    applies_to=_EVENTS,
    what="A list of an event has 255 elements or more",
    why="Mixpanel refuses the event. A profile's lists have no such limit: their size counts.",
    fix="send fewer elements, or their count",
    source=_MIXPANEL_IMPORT,
)
NESTING_TOO_DEEP = Rule(
    id="nesting-too-deep",
    severity="error",
    also=("warning",),
    kind="request",
    applies_to=_ALL,
    what="Objects are nested more than three deep",
    why="An event does not arrive at all. What becomes of a profile's property, Mixpanel does not say.",
    fix="flatten the object: address_city instead of address.city",
    source=_MIXPANEL_IMPORT,
)
PROPERTY_TOO_LARGE = Rule(
    id="property-too-large",
    severity="warning",
    kind="request",
    applies_to=_ALL,
    what="A list or an object is larger than Mixpanel documents",
    why="Its pages do not say what becomes of a larger one. The limits are 8 KB on events and 256 KB on "
    "profiles.",
    fix="send fewer elements, or the parts that matter as properties of their own",
    source=_MIXPANEL_TYPES,
)
EVENT_TOO_LARGE = Rule(
    id="event-too-large",
    severity="error",
    kind="request",
    applies_to=_EVENTS,
    what="The event has 1 MB or more",
    why="Mixpanel refuses the event.",
    fix="leave out what reports do not need",
    source=_MIXPANEL_IMPORT,
)
STRING_TRUNCATED = Rule(
    id="string-truncated",
    severity="warning",
    kind="request",
    applies_to=_ALL,
    what="A text is longer than 255 bytes, or a name than 255 characters",
    why="Mixpanel cuts it off there and says nothing: the tail of a long URL is lost, and long names that "
    "begin alike become one.",
    fix="send the parts that matter as properties of their own",
    source=_MIXPANEL_TYPES,
)

TOO_MANY_GROUP_KEYS = Rule(
    id="too-many-group-keys",
    severity="info",
    also=("warning",),
    kind="request",
    applies_to=("/groups",),
    what="One call writes groups under more keys than a Mixpanel project has",
    why="A project has 3 group keys, 6 with an Enterprise plan. Groups under any other key show up nowhere.",
    fix="leave the keys that Mixpanel's project settings do not list out of the mapping (classic: Group "
    "Identifier Traits)",
    source="https://docs.mixpanel.com/docs/data-structure/group-analytics",
)

LIMIT_RULES: tuple[Rule, ...] = (
    TOO_MANY_PROPERTIES,
    ARRAY_TOO_LONG,
    NESTING_TOO_DEEP,
    PROPERTY_TOO_LARGE,
    EVENT_TOO_LARGE,
    STRING_TRUNCATED,
    TOO_MANY_GROUP_KEYS,
)
