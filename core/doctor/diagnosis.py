"""What the doctor says of one question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from ..verdict import SEVERITY_WEIGHT, Severity

Standing = Literal["good", "note", "unknown", "warning", "error"]

SEVERITY_STANDING: dict[Severity, Standing] = {"error": "error", "warning": "warning", "info": "note"}
"""Where a finding stands: it is as grave here as in `segtap check` and on the screen."""

MARKS: dict[Standing, str] = {"good": "✔", "note": "·", "unknown": "?", "warning": "▲", "error": "✖"}
ASCII_MARKS: dict[Standing, str] = {"good": "+", "note": ".", "unknown": "?", "warning": "!", "error": "x"}

EVIDENCE = 5
"""Messages that a diagnosis names."""


def gravest(severities: Iterable[Severity]) -> Severity:
    """Return the gravest of some severities; without any, that of a note."""
    return min((*severities, "info"), key=SEVERITY_WEIGHT.__getitem__)


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question of the FAQ.

    `words` say where it stands and by what evidence, `messages` are the messageIds of some that show it,
    `fix` is what to do, "" when nothing is to be done. `rule` is the rule that tells more, if one does:
    `segtap explain RULE`.
    """

    check: str
    title: str
    standing: Standing
    words: str
    messages: tuple[str, ...] = ()
    fix: str = ""
    rule: str = ""
