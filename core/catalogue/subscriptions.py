"""Rules on what the workspace's subscriptions make of a message, as data."""

from __future__ import annotations

from .rule import Rule

_EVENTS = ("track", "page", "screen")

_SEGMENT_ACTIONS = "https://segment.com/docs/connections/destinations/actions/"
_SEGMENT_MIXPANEL = "https://segment.com/docs/connections/destinations/catalog/actions-mixpanel/"

SUBSCRIPTION_DOUBLE_COUNT = Rule(
    id="subscription-double-count",
    severity="warning",
    kind="request",
    applies_to=("/import",),
    what="Several subscriptions make an event of the same message",
    why="Segment runs every subscription whose trigger takes the message. Mixpanel counts each event, or "
    "keeps one of them where name, insert id, time and user are the same.",
    fix="leave the message to one subscription: narrow a trigger, or switch a subscription off",
    source=_SEGMENT_ACTIONS,
)
OS_MISSING = Rule(
    id="os-missing",
    severity="info",
    kind="stream",
    applies_to=_EVENTS,
    what="Events of a browser have no Operating System",
    why="analytics.js sends the system as context.userAgentData.platform, and Segment's presets read it from "
    "context.os.name. Without one source's events the report by Operating System is incomplete.",
    fix='map OS Name in the subscription: os_name = { "@path" = "$.context.userAgentData.platform" }',
    source=_SEGMENT_MIXPANEL,
)

SUBSCRIPTION_RULES: tuple[Rule, ...] = (SUBSCRIPTION_DOUBLE_COUNT, OS_MISSING)
