"""Every table of rules there is. A new module of rules has its own table, and adds it here.

An id stands in one table only: functions of several modules may yield findings of the same rule.
"""

from __future__ import annotations

from .arrival import RULES as ARRIVAL_RULES
from .calls import RULES
from .classic import CLASSIC_RULES
from .data import DATA_RULES
from .device import DEVICE_RULES
from .limits import LIMIT_RULES
from .plan import RULES as PLAN_RULES
from .rule import Rule
from .settings import SETTINGS_RULES
from .spec import SPEC_RULES
from .stages import STAGE_RULES
from .stream import STREAM_RULES
from .subscriptions import SUBSCRIPTION_RULES
from .users import USER_RULES
from .values import VALUE_RULES

CATALOGUES: tuple[tuple[Rule, ...], ...] = (
    RULES,
    ARRIVAL_RULES,
    LIMIT_RULES,
    SUBSCRIPTION_RULES,
    USER_RULES,
    VALUE_RULES,
    DATA_RULES,
    CLASSIC_RULES,
    DEVICE_RULES,
    SPEC_RULES,
    STREAM_RULES,
    PLAN_RULES,
    SETTINGS_RULES,
    STAGE_RULES,
)
"""In the order of `segtap rules`."""

ALL_RULES: tuple[Rule, ...] = tuple(rule for table in CATALOGUES for rule in table)

BY_ID: dict[str, Rule] = {rule.id: rule for rule in ALL_RULES}


def rules() -> tuple[Rule, ...]:
    """Return every rule, in the order of `segtap rules`."""
    return ALL_RULES
