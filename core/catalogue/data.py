"""Rules on what events carry, as data."""

from __future__ import annotations

from .rule import Rule

_EVENTS = ("track", "page", "screen")

_SEGMENT_MIXPANEL = "https://segment.com/docs/connections/destinations/catalog/actions-mixpanel/"
_SEGMENT_CODE = "https://github.com/segmentio/action-destinations/tree/main/packages/destination-actions/src/destinations/mixpanel"
_MIXPANEL_TRACK = "https://developer.mixpanel.com/reference/track-event"
_MIXPANEL_TYPES = "https://docs.mixpanel.com/docs/data-structure/property-reference/data-type"
_MIXPANEL_EU = "https://docs.mixpanel.com/docs/privacy/eu-residency"
_MIXPANEL_GEO = "https://docs.mixpanel.com/docs/tracking-best-practices/geolocation"

TRACK_TOO_OLD = Rule(
    id="track-too-old",
    severity="error",
    kind="request",
    applies_to=("/track", "/import"),
    what="The event is more than five days old, and nothing would let it in",
    why="/track takes the last five days only, and says nothing of what it leaves out. /import takes older "
    "events, with the project's API secret.",
    fix="set api_secret_env under [destination], so that old events can go to /import",
    source=_MIXPANEL_TRACK,
)
DATE_FORMAT = Rule(
    id="date-format",
    severity="warning",
    also=("info",),
    kind="request",
    applies_to=("/import", "/track", "/engage", "/groups"),
    what="A date is written in a way that Mixpanel takes for text or for a number",
    why="Reports filter and sort by time where a value is ISO 8601 in UTC, not where it is anything else. "
    "Digits alone (20261124, 1795557600) may be an id: they are judged under the name of a date only.",
    fix="send ISO 8601 in UTC, such as 2026-11-24T10:41:03Z",
    source=_MIXPANEL_TYPES,
)
REGION_MISMATCH = Rule(
    id="region-mismatch",
    severity="error",
    kind="request",
    what="Requests go to another region than the project's",
    why="Mixpanel does not ingest what reaches another region's endpoint than the project's, though it may "
    "answer 200. Only the project's settings say where it stores its data: project_region repeats it here.",
    fix="give Segment's destination the endpoint of the project's region, and write that as region under "
    "[destination]",
    source=_MIXPANEL_EU,
)
SERVICE_ACCOUNT = "send with a service account: service_account_env and project_id under [destination]"
API_SECRET_DEPRECATED = Rule(
    id="api-secret-deprecated",
    severity="info",
    also=("error",),
    kind="request",
    applies_to=("/import",),
    what="Events go to Mixpanel with the project's API secret",
    why="Requests with a project's secret are refused from 2027-03-03 on: no event arrives then.",
    fix=f"{SERVICE_ACCOUNT}. In Segment, do not empty the secret: what an empty one does depends on the "
    "destination's version",
    source="https://developer.mixpanel.com/reference/project-secret",
)
COUNTRY_CODE = Rule(
    id="country-code",
    severity="warning",
    kind="request",
    applies_to=("/import", "/track", "/engage"),
    what="A country is not a two-letter code",
    why="Mixpanel's country reports know ISO codes: US and United States become two countries.",
    fix="send the ISO 3166 code, such as US, as context.location.country",
    source=_MIXPANEL_GEO,
)
BOT_TRAFFIC = Rule(
    id="bot-traffic",
    severity="warning",
    kind="request",
    applies_to=("/import", "/track"),
    what="A crawler's events reach Mixpanel",
    why="Mixpanel's SDK in the browser leaves out the crawlers that it knows. What comes by Segment's "
    "servers is not filtered: each visit of Googlebot is a new user.",
    fix="drop them with a destination filter on context.userAgent, or make no call for a crawler",
    source="https://docs.mixpanel.com/docs/tracking-best-practices/bot-traffic",
)
UTM_MISSING = Rule(
    id="utm-missing",
    severity="info",
    applies_to=_EVENTS,
    what="A campaign does not reach Mixpanel",
    why="Segment takes the five utm_ properties out of context.campaign. A server must fill that in, and "
    "other keys in it are left out.",
    fix="fill context.campaign (name, source, medium, term, content); send other keys as properties",
    source=_SEGMENT_MIXPANEL,
)
SUPER_PROPERTIES_CLOUD = Rule(
    id="super-properties-cloud",
    severity="info",
    applies_to=_EVENTS,
    what="Super properties are expected in cloud mode",
    why="They live in Mixpanel's SDK in the browser or app. Segment's servers keep nothing between events.",
    fix="send the values as properties of each event",
    source=_SEGMENT_MIXPANEL,
)
PURCHASE_DOUBLE_COUNT = Rule(
    id="purchase-double-count",
    severity="info",
    also=("error",),
    kind="request",
    applies_to=("/import",),
    what="One order becomes several events",
    why="Segment sends a Product Purchased for each product beside the order: reports over all events count "
    "them again. Mixpanel takes 2,000 events a request at most.",
    fix="filter reports by event, or turn off generatePurchaseEventPerProduct in the subscription",
    source=_SEGMENT_CODE,
)

DATA_RULES: tuple[Rule, ...] = (
    TRACK_TOO_OLD,
    DATE_FORMAT,
    REGION_MISMATCH,
    API_SECRET_DEPRECATED,
    COUNTRY_CODE,
    BOT_TRAFFIC,
    UTM_MISSING,
    SUPER_PROPERTIES_CLOUD,
    PURCHASE_DOUBLE_COUNT,
)
