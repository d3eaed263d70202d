"""Rules on device mode, as data: what Mixpanel's own SDK sends, or does not send, from the page itself."""

from __future__ import annotations

from .rule import Rule

_SEGMENT_INTEGRATION = (
    "https://github.com/segmentio/analytics.js-integrations/tree/master/integrations/mixpanel"
)
_SEGMENT_CLASSIC = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"
_MIXPANEL_PYTHON = "https://github.com/mixpanel/mixpanel-python"

RESET_NOT_IN_MIXPANEL = Rule(
    id="reset-not-in-mixpanel",
    severity="error",
    kind="request",
    applies_to=("/track",),
    what="The next user is joined to the former one: Mixpanel's SDK was not reset",
    why="analytics.reset() changes nothing in Mixpanel's SDK. In device mode it keeps the former user's "
    "distinct_id and super properties: what a visitor does after the logout is counted for that user, and "
    "the next $identify names both.",
    fix="call mixpanel.reset() wherever the page calls analytics.reset()",
    source="https://github.com/segmentio/analytics.js/issues/128",
)
INCREMENT_NOT_A_NUMBER = Rule(
    id="increment-not-a-number",
    severity="error",
    kind="request",
    applies_to=("/engage",),
    what="An increment is not a number",
    why="In device mode the classic destination hands the property on as it is ($add). Mixpanel adds numbers "
    "only, and the profile keeps its old value.",
    fix="send a number",
    source="https://developer.mixpanel.com/reference/profile-numerical-add",
)
REVENUE_NOT_ON_PROFILE = Rule(
    id="revenue-not-on-profile",
    severity="warning",
    kind="request",
    applies_to=("/track",),
    what="Revenue of an event does not reach the user's profile",
    why="The classic destination calls people.track_charge, and current versions of Mixpanel's web SDK do "
    "nothing there: in device mode profiles get no $transactions. The event itself has its revenue.",
    fix='add it up instead: prop_increments = ["revenue"] under [classic], and the same in Segment '
    "(Properties to Increment)",
    source=_SEGMENT_INTEGRATION,
)
SUPER_PROPERTY_RESERVED = Rule(
    id="super-property-reserved",
    severity="error",
    applies_to=("track", "page", "identify"),
    what="distinct_id or time is registered as a super property",
    why="In device mode Mixpanel's SDK writes super properties over its own: a registered distinct_id "
    "renames the user, a registered time dates every later event of that browser alike. Unless a list says "
    "which, all traits are registered.",
    fix="take it off super_properties under [classic], and off Properties to send as Super Properties in "
    "Segment; give a trait another name",
    source=_SEGMENT_INTEGRATION,
)
PEOPLE_OFF_ENGAGE = Rule(
    id="people-off-engage",
    severity="info",
    kind="request",
    applies_to=("/engage",),
    what="A profile is written although Use Mixpanel People is off",
    why="The setting stops the traits alone. At the first identify with an id after a page load, Mixpanel's "
    "web SDK sends the first referrer and campaign to /engage in any case, and group calls send their keys.",
    fix="nothing, if such profiles do no harm; people = true under [classic], and the same in Segment, for "
    "profiles with traits",
    source=_SEGMENT_CLASSIC,
)
SDK_ALIAS_DIRECT = Rule(
    id="sdk-alias-direct",
    severity="info",
    kind="stream",
    what="alias() of Mixpanel's Python library would not come here",
    why="It ignores the consumer that it was configured with, and posts to api.mixpanel.com at once: such a "
    "call reaches the project even in a test, and is never seen here.",
    fix="if the program calls alias(), replace the call in tests; with the simplified ID merge remove it",
    source=_MIXPANEL_PYTHON,
)

DEVICE_RULES: tuple[Rule, ...] = (
    RESET_NOT_IN_MIXPANEL,
    INCREMENT_NOT_A_NUMBER,
    REVENUE_NOT_ON_PROFILE,
    SUPER_PROPERTY_RESERVED,
    PEOPLE_OFF_ENGAGE,
    SDK_ALIAS_DIRECT,
)
