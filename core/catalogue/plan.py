"""The rules by which a message is held against a tracking plan; they speak only where a plan is set."""

from __future__ import annotations

from .rule import Rule

_VIOLATIONS = "https://segment.com/docs/protocols/validate/review-violations/"
_CONTROLS = "https://segment.com/docs/protocols/enforce/schema-configuration/"

PLAN_VIOLATION = Rule(
    id="plan-violation",
    severity="error",
    kind="plan",
    what="The message violates the tracking plan",
    why="A required property is missing, or a value is not of the type or form that the plan asks for."
    " Segment reports a violation, and blocks the event or omits the property where its schema controls say"
    " so.",
    fix="send what the plan describes, or change the plan",
    source=_VIOLATIONS,
)
PLAN_UNPLANNED_EVENT = Rule(
    id="plan-unplanned-event",
    severity="warning",
    kind="plan",
    applies_to=("track", "page", "screen"),
    what="The event is not in the tracking plan",
    why="Nobody has agreed to it, or its name is misspelt: case and spaces count. Segment blocks it where its"
    " schema controls say so.",
    fix="add the event to the plan, or send it under its planned name",
    source=_CONTROLS,
)
PLAN_UNPLANNED_PROPERTY = Rule(
    id="plan-unplanned-property",
    severity="warning",
    kind="plan",
    applies_to=("track", "identify", "group"),
    what="A property or trait is not in the tracking plan",
    why="Segment omits it on the way to cloud-mode destinations where its schema controls say so, and"
    " Mixpanel then never sees it.",
    fix="add it to the plan, or leave it out",
    source=_CONTROLS,
)

RULES: tuple[Rule, ...] = (PLAN_VIOLATION, PLAN_UNPLANNED_EVENT, PLAN_UNPLANNED_PROPERTY)
