"""What is counted of the entries that a journal in memory holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..verdict import SEVERITY_WEIGHT, Severity
from .base import SENT, CountedField, Entry
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


def values_of(entries: Iterable[Entry], field: CountedField) -> dict[str, int]:
    """Return how many entries have each value of a field, see `Index.values`."""
    found: Counter[str] = Counter()
    for entry in entries:
        names, judged = entry.names, entry.judged
        match field:
            case "rule":
                found.update(judged.rules.keys())
            case "sent":
                found["" if judged.sent is None else SENT[judged.sent]] += 1
            case "type":
                found[entry.summary.type] += 1
            case "event":
                found[names.event] += 1
            case "key":
                found[names.write_key] += 1
            case "library":
                found[names.library] += 1
            case "origin":
                found[names.origin] += 1
    del found[""]
    return dict(found)
