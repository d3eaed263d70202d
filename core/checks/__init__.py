"""The rules: a catalogue of mistakes, each with a small pure function that names it when it happens."""

from __future__ import annotations

from collections.abc import Sequence

from ..inspection import Finding, Translation
from ..messages import JsonObject
from ..settings import Destination
from .catalogue import RULES, SECOND_RECEIPT, SEGMENT_WOULD_CHANGE, SEGMENT_WOULD_REJECT
from .rule import Rule

__all__ = ["SECOND_RECEIPT", "Rule", "check", "rules"]


def rules() -> tuple[Rule, ...]:
    """The whole catalogue, in its order."""
    return RULES


def check(
    document: JsonObject,
    translation: Translation,
    destination: Destination,
    *,
    now: int,
    original_size: int = 0,
    objections: Sequence[str] = (),
    filled: Sequence[str] = (),
    would_reject: bool = True,
) -> tuple[Finding, ...]:
    """What the rules find in one message and its translation."""
    objection = SEGMENT_WOULD_REJECT if would_reject else SEGMENT_WOULD_CHANGE
    return tuple(objection.finding("$", words) for words in objections)
