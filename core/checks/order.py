"""Which findings of a message are reported, and in which order."""

from __future__ import annotations

from collections import Counter

import msgspec

from ..verdict import SEVERITY_WEIGHT, Finding

MAX_FINDINGS = 25
"""The most findings of one rule that are reported on one message; the last one counts the others."""

_FORM = frozenset(("property-replaced", "property-converted"))
_ARRIVAL = frozenset(("property-dropped", *_FORM))

NARROWER: dict[str, frozenset[str]] = {
    "placeholder-user-id": frozenset(("id-whitespace",)),
    "placeholder-group-id": frozenset(("id-whitespace",)),
    "event-name": frozenset(("spec-event-name", "common-field-type")),
    "property-name": frozenset(("spec-property-name", "trait-name")),
    "number-precision": frozenset(
        ("number-as-text", "date-format", "spec-property-type", "trait-type", *_ARRIVAL)
    ),
    "number-as-text": _FORM,
    "date-format": _FORM,
    "spec-property-name": _ARRIVAL,
    "spec-property-type": _FORM,
    "trait-type": _FORM,
}
"""For rules that say more about a value: the rules that they silence at the same path."""


def narrowed(found: list[Finding]) -> list[Finding]:
    """Leave out the findings on a value about which a narrower rule says more."""
    silent: set[tuple[str, str]] = set()
    for finding in found:
        if finding.rule in NARROWER:
            silent.update((finding.path, broader) for broader in NARROWER[finding.rule])
    return [finding for finding in found if (finding.path, finding.rule) not in silent] if silent else found


def in_order(found: list[Finding]) -> list[Finding]:
    """Sort errors first, then warnings; keep so many of each rule, the last of which counts the others."""
    if len(found) == 2:  # nearly always
        first, second = found
        ordered = SEVERITY_WEIGHT[first.severity] <= SEVERITY_WEIGHT[second.severity]
        return found if ordered else [second, first]
    found.sort(key=lambda finding: SEVERITY_WEIGHT[finding.severity])
    if len(found) <= MAX_FINDINGS:
        return found
    counts = Counter(finding.rule for finding in found)
    if max(counts.values()) <= MAX_FINDINGS:
        return found
    kept: list[Finding] = []
    taken: Counter[str] = Counter()
    for finding in found:
        taken[finding.rule] += 1
        place, left = taken[finding.rule], counts[finding.rule] - MAX_FINDINGS
        if place < MAX_FINDINGS or (place == MAX_FINDINGS and left == 0):
            kept.append(finding)
        elif place == MAX_FINDINGS:
            kept.append(msgspec.structs.replace(finding, message=f"{finding.message} (and {left:,} more)"))
    return kept
