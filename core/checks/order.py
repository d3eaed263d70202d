"""The order in which findings are told."""

from __future__ import annotations

from collections import Counter

import msgspec

from ..inspection import SEVERITY_WEIGHT, Finding

MAX_FINDINGS = 5
"""At most so many findings of one rule on one message; the last one counts the rest."""


def in_order(found: list[Finding]) -> list[Finding]:
    """Errors first, then warnings; of one rule the first few, the last of which counts the others."""
    found.sort(key=lambda finding: SEVERITY_WEIGHT[finding.severity])
    counts = Counter(finding.rule for finding in found)
    if not counts or max(counts.values()) <= MAX_FINDINGS:
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
