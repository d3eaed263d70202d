"""Rules on what transformations, filters and functions do to a message, as data."""

from __future__ import annotations

from .rule import Rule

_FILTERS = "https://www.twilio.com/docs/segment/connections/destinations/destination-filters"

TRANSFORMATION_NOT_FQL = Rule(
    id="transformation-not-fql",
    severity="error",
    kind="settings",
    what="The condition of a transformation is not FQL",
    why="Segment sends no message at all to a destination with a condition that it cannot read: it does not "
    "know which messages are meant.",
    fix="mend the condition in Segment and under [[transformations]], or switch the transformation off "
    "(enabled = false)",
    source="https://www.twilio.com/docs/segment/api/public-api/fql#error-handling",
)
TRANSFORMATION_KEEPS_OLD_NAME = Rule(
    id="transformation-keeps-old-name",
    severity="info",
    kind="settings",
    what="A transformation renames a property, and the old name stays as well",
    why="Segment's published code deletes the old property only if its value counts as true in JavaScript: "
    '0, false, "" and null stay. Mixpanel gets both names for these values.',
    fix="drop the old name as well, in the same transformation: propertyDrops",
    source="https://github.com/segmentio/tsub-js",
)
SAMPLED_AT_RANDOM = Rule(
    id="sampled-at-random",
    severity="info",
    kind="settings",
    what="A destination filter lets a part of such messages through, at random",
    why="Nobody can say which ones: segtap shows all of them as sent, and Mixpanel gets fewer.",
    fix="nothing, if it is meant; else give the sample a path, so that the same users are always in: "
    'path = "userId"',
    source=_FILTERS,
)

INSERT_FUNCTION_NO_HANDLER = Rule(
    id="insert-function-no-handler",
    severity="warning",
    kind="settings",
    what="An insert function has no handler for the type of the message, which drops it",
    why="Segment sends on what the handler for the type returns. Without a handler such as onIdentify every "
    "message of that type ends there, without an error at the client.",
    fix="add the handler, if only to return the event: async function onIdentify(event) { return event }",
    source="https://www.twilio.com/docs/segment/connections/functions/insert-functions",
)

STAGE_RULES: tuple[Rule, ...] = (
    TRANSFORMATION_NOT_FQL,
    TRANSFORMATION_KEEPS_OLD_NAME,
    SAMPLED_AT_RANDOM,
    INSERT_FUNCTION_NO_HANDLER,
)
