"""Every table of rules there is. A new module of rules has its own table, and adds it here.

An id stands in one table only: functions of several modules may yield findings of the same rule.
"""

from __future__ import annotations

from .catalogue import RULES
from .data_catalogue import DATA_RULES
from .plan_catalogue import RULES as PLAN_RULES
from .rule import Rule
from .settings_catalogue import SETTINGS_RULES
from .spec_catalogue import SPEC_RULES
from .stream_catalogue import STREAM_RULES
from .users_catalogue import USER_RULES

CATALOGUES: tuple[tuple[Rule, ...], ...] = (
    RULES,
    USER_RULES,
    DATA_RULES,
    SPEC_RULES,
    STREAM_RULES,
    PLAN_RULES,
    SETTINGS_RULES,
)
"""In the order of `segtap rules`."""

ALL_RULES: tuple[Rule, ...] = tuple(rule for table in CATALOGUES for rule in table)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in ALL_RULES}
