"""Rules on the settings and on Mixpanel's answers, as data; `segtap doctor` and the Delivery pane judge."""

from __future__ import annotations

from .rule import Rule

TOKEN_UNVERIFIED = Rule(
    id="token-unverified",
    severity="error",
    kind="settings",
    applies_to=("/track", "/engage", "/groups"),
    what="Nobody knows whether the project token is right",
    why="/track, /engage and /groups answer 1 to any token: with a wrong one everything is lost, without an "
    "error.",
    fix="segtap doctor --online asks Mixpanel whether it knows the token",
    source="https://developer.mixpanel.com/reference/track-event",
)
REFUSED_WITH_200 = Rule(
    id="refused-with-200",
    severity="error",
    kind="settings",
    applies_to=("/track", "/engage", "/groups"),
    what="Mixpanel refuses a request with status 200",
    why="The refusal is in the answer's body (0, or status 0), which Segment does not read: the profile or "
    "group is not written, and Segment counts it as sent.",
    fix="mend what the answer names in the Delivery pane, and replay the message",
    source="https://developer.mixpanel.com/reference/profile-set",
)
FILTER_NOT_FQL = Rule(
    id="filter-not-fql",
    severity="error",
    kind="settings",
    what="The condition of a destination filter is not FQL",
    why="Segment sends no message at all to a destination with such a filter: it cannot know which ones the "
    "filter was meant to keep back.",
    fix="mend the condition in Segment and under [[filters]], or switch the filter off (enabled = false)",
    source="https://www.twilio.com/docs/segment/api/public-api/fql#error-handling",
)
NOT_IMITATED = Rule(
    id="not-imitated",
    severity="info",
    kind="settings",
    what="Segment may change the message in a way that segtap does not imitate",
    why="The workspace has insert functions, blocked properties, or other parts between the source and "
    "Mixpanel that segtap cannot run. What it shows is what Mixpanel gets without them.",
    fix="nothing, if you know what they do; remove from [[not_imitated]] what Segment no longer has",
    source="https://www.twilio.com/docs/segment/connections/functions/insert-functions",
)

SETTINGS_RULES: tuple[Rule, ...] = (TOKEN_UNVERIFIED, REFUSED_WITH_200, FILTER_NOT_FQL, NOT_IMITATED)
