"""Rules of Segment's own spec, as data; what the spec names is in spec.json."""

from __future__ import annotations

from .rule import Rule

_SEGMENT_COMMON = "https://segment.com/docs/connections/spec/common/"
_SEGMENT_IDENTIFY = "https://segment.com/docs/connections/spec/identify/"
_SEGMENT_ECOMMERCE = "https://segment.com/docs/connections/spec/ecommerce/v2/"

COMMON_FIELD_NAME = Rule(
    id="common-field-name",
    severity="warning",
    what="A field of the message is misspelt, or stands in the wrong place",
    why="Segment knows its fields by their exact names: another spelling reaches no destination.",
    fix="write the field as Segment's spec does",
    source=_SEGMENT_COMMON,
)
MISPLACED_FIELD = Rule(
    id="misplaced-field",
    severity="warning",
    applies_to=("track", "page", "screen", "identify", "group"),
    what="A field stands where destinations do not look for it",
    why="Identify and group calls have traits; track, page and screen calls have properties, and their "
    "group in context.groupId. What stands elsewhere reaches no report.",
    fix="move it to traits, properties or context.groupId, as the call has them",
    source=_SEGMENT_COMMON,
)
COMMON_FIELD_TYPE = Rule(
    id="common-field-type",
    severity="warning",
    what="A field of the message holds the wrong kind of value",
    why="Destinations look for an object or a text there, and find nothing.",
    fix="send the kind of value that Segment's spec names",
    source=_SEGMENT_COMMON,
)
SPEC_EVENT_NAME = Rule(
    id="spec-event-name",
    severity="warning",
    also=("info",),
    applies_to=("track",),
    what="An event's name is nearly one of Segment's spec",
    why="Destinations know the names of the spec letter by letter: what is done for Order Completed is not "
    "done for Order Complete.",
    fix="use the spec's name, or one that is plainly your own",
    source=_SEGMENT_ECOMMERCE,
)
SPEC_PROPERTY_MISSING = Rule(
    id="spec-property-missing",
    severity="info",
    applies_to=("track",),
    what="An event of Segment's spec lacks a property that it lives by",
    why="Without it destinations cannot tell what was bought, viewed or installed.",
    fix="send the property",
    source=_SEGMENT_ECOMMERCE,
)
SPEC_PROPERTY_NAME = Rule(
    id="spec-property-name",
    severity="warning",
    applies_to=("track",),
    what="A property's name is nearly one of Segment's spec",
    why="Destinations read order_id, not orderId: the value is not found.",
    fix="use the spec's name",
    source=_SEGMENT_ECOMMERCE,
)
SPEC_PROPERTY_TYPE = Rule(
    id="spec-property-type",
    severity="warning",
    applies_to=("track",),
    what="A property of Segment's spec holds the wrong kind of value",
    why='Mixpanel cannot add up "free", and Segment makes no Product Purchased of products that are no list '
    "of objects.",
    fix="send numbers as numbers, and products as a list of objects",
    source=_SEGMENT_ECOMMERCE,
)
TRAIT_NAME = Rule(
    id="trait-name",
    severity="warning",
    applies_to=("identify",),
    what="A trait's name is nearly one of those that Segment reserves",
    why="Segment's destination makes $first_name of firstName only: the profile shows no name, and "
    "first_name stands beside it.",
    fix="write the trait as Segment's spec does",
    source=_SEGMENT_IDENTIFY,
)
TRAIT_TYPE = Rule(
    id="trait-type",
    severity="warning",
    applies_to=("identify",),
    what="A reserved trait holds the wrong kind of value",
    why="Mixpanel shows and searches profiles by these, and cannot use an object or a list there.",
    fix="send the kind of value that Segment's spec names",
    source=_SEGMENT_IDENTIFY,
)

SPEC_RULES: tuple[Rule, ...] = (
    COMMON_FIELD_NAME,
    MISPLACED_FIELD,
    COMMON_FIELD_TYPE,
    SPEC_EVENT_NAME,
    SPEC_PROPERTY_MISSING,
    SPEC_PROPERTY_NAME,
    SPEC_PROPERTY_TYPE,
    TRAIT_NAME,
    TRAIT_TYPE,
)
