"""Rules on what the classic destination does and does not do, as data."""

from __future__ import annotations

from .rule import Rule

_SEGMENT_MIXPANEL = "https://segment.com/docs/connections/destinations/catalog/actions-mixpanel/"
_SEGMENT_CLASSIC = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"

CLASSIC_FEATURE_LOST = Rule(
    id="classic-feature-lost",
    severity="warning",
    kind="request",
    what="The classic destination did something with this message that Actions does not",
    why="Mixpanel (Actions) has no increments by setting, no revenue of People, no traits to set once: after "
    "the move these numbers stand still, without an error. What [classic] of segtap.toml asks for counts as "
    "used before the move.",
    fix="add an incrementProperties subscription; take what is not missed out of [classic]",
    source=_SEGMENT_MIXPANEL,
)
INCREMENT_IGNORED = Rule(
    id="increment-ignored",
    severity="warning",
    kind="request",
    applies_to=("/engage",),
    what="An increment that the settings ask for does not happen",
    why="The classic destination counts events and adds up properties with Use Mixpanel People on, for known "
    "users, for events that are really sent under that name, and for numbers; Actions adds up numbers. All "
    "else passes without a word, and the number in the profile is too low.",
    fix="people = true under [classic]; send userId, and numbers as numbers",
    source=_SEGMENT_CLASSIC,
)
DOCUMENTATION_DIFFERS = Rule(
    id="documentation-differs",
    severity="info",
    kind="request",
    applies_to=("/engage", "/track", "/import"),
    what="Segment's page and its published code say two things of what is sent",
    why="The page on the classic destination is newer than its published code (2017). Which of the two "
    "Segment's servers do is not published: the finding says what each says, and which of them is shown.",
    fix="look in Mixpanel at what has arrived, before a report relies on it",
    source=_SEGMENT_CLASSIC,
)

CLASSIC_RULES: tuple[Rule, ...] = (
    CLASSIC_FEATURE_LOST,
    INCREMENT_IGNORED,
    DOCUMENTATION_DIFFERS,
)
