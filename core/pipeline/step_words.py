"""What a part of a stage did to one message, in words, apart from the paths that it changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalogue.settings import NOT_IMITATED
from ..outcomes import FunctionOutcome, outcome_of
from ..verdict import NotSent
from .parts import Step


def doubts_of(step: Step, outcomes: Sequence[FunctionOutcome]) -> list[str]:
    """Return why what is shown of the part is not what Segment makes of the message, where segtap knows."""
    part = step.part
    if part.function is not None:
        outcome = outcome_of(part.function, outcomes)
        if outcome is None:
            return ["it was not run"]
        return [outcome.reason] if outcome.effect == "not_imitated" else []
    if part.notes is None or isinstance(step.made, NotSent):
        return []
    return [
        one.message if one.path == "$" else f"{one.path[2:]} is {one.message}"
        for one in part.notes(step.before, step.reached)
        if one.rule == NOT_IMITATED.id
    ]


def matched(step: Step) -> bool:
    """Return False if the part has a condition, and it does not hold for the message."""
    return step.part.matches is None or step.part.matches(step.before, step.reached)
