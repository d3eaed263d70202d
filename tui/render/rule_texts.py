"""The rules' own words for the screen, read when they are first needed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...core.catalogue.rule import Rule


@cache
def rules_by_id() -> dict[str, Rule]:
    """Return all rules by id."""
    from ...core.catalogue import rules  # all texts: not before somebody reads them

    return {rule.id: rule for rule in rules()}
