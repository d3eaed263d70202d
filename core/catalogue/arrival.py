"""The rules on what does not arrive as it was sent."""

from __future__ import annotations

from .rule import Rule

_SEGMENT_CLASSIC = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"
_SEGMENT_CODE = "https://github.com/segmentio/action-destinations/tree/main/packages/destination-actions/src/destinations/mixpanel"
_MIXPANEL_SEGMENT = "https://docs.mixpanel.com/docs/tracking-methods/integrations/segment"

PROPERTY_DROPPED = Rule(
    id="property-dropped",
    severity="warning",
    kind="request",
    what="A property, a trait or a product key does not reach Mixpanel",
    why="Segment's destination leaves out what has the name of one of its own fields, and what its mapping "
    "does not name; Mixpanel does not keep ip.",
    fix="give the property another name",
    source=_MIXPANEL_SEGMENT,
)
PROPERTY_REPLACED = Rule(
    id="property-replaced",
    severity="warning",
    kind="request",
    what="Mixpanel gets another value under the name of a property or trait",
    why="The destination fills in a value of its own under that name: from the context, the user's traits or "
    "the settings. What was sent is lost.",
    fix="give the property another name",
    source=_SEGMENT_CLASSIC,
)
PROPERTY_CONVERTED = Rule(
    id="property-converted",
    severity="info",
    kind="request",
    what="A property or trait arrives in another form than it was sent",
    why="Segment's destination makes text of objects, and other types of what its fields ask for: Mixpanel "
    "filters and adds up text, numbers, dates and lists in different ways.",
    fix="nothing, if reports can use that form; otherwise send the value in it, or in parts",
    source=_SEGMENT_CLASSIC,
)
PROPERTY_OVERRIDES_CONTEXT = Rule(
    id="property-overrides-context",
    severity="warning",
    kind="request",
    applies_to=("/import",),
    what="A property replaces what Segment takes from the context",
    why="Properties of the event are laid over those that Segment fills in, and win.",
    fix="give the property another name, or send the value in the context",
    source=_SEGMENT_CODE,
)

RULES: tuple[Rule, ...] = (
    PROPERTY_DROPPED,
    PROPERTY_REPLACED,
    PROPERTY_CONVERTED,
    PROPERTY_OVERRIDES_CONTEXT,
)
"""In the order of `segtap rules`."""
