"""What is counted of the entries that a journal in memory holds."""

from __future__ import annotations

from collections.abc import Iterable

from ..verdict import SEVERITY_WEIGHT, Severity
from .base import Entry
from .tallies import Line


def line_of(entry: Entry) -> Line:
    """Return what is counted of an entry."""
    line, judged = entry.summary, entry.judged
    return Line(
        line.id,
        line.received_at,
        line.type,
        line.name,
        entry.names.event,
        line.marks,
        line.errors,
        line.warnings,
        line.delivery,
        judged.sent,
        tuple(judged.rules),
        entry.names.write_key,
    )


def severities_of(entries: Iterable[Entry]) -> dict[str, Severity]:
    """Return the worst severity that each rule has in these entries."""
    severities: dict[str, Severity] = {}
    for entry in entries:
        for rule, severity in entry.judged.rules.items():
            before = severities.setdefault(rule, severity)
            severities[rule] = min(before, severity, key=SEVERITY_WEIGHT.__getitem__)
    return severities
