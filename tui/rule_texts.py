"""The rules' own words for the screen, read when they are first needed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.checks import Rule


@cache
def rules_by_id() -> dict[str, Rule]:
    """All rules, by their ids."""
    from ..core.checks import rules  # with all the destinations' tables: not before somebody reads

    return {rule.id: rule for rule in rules()}
