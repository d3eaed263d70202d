"""How many examples Hypothesis tries: a fifth by default, and all of them in `.ci/run`."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

SHARE = float(os.environ.get("SEGTAP_TEST_EXAMPLES", "0.2"))
"""`SEGTAP_TEST_EXAMPLES=1 pytest` tries all; 10 tries ten times as many."""


def examples(count: int, **others: Any) -> settings:
    """Return Hypothesis's settings for `count` examples in `.ci/run`, without its limit of 200 ms an example.

    That limit measures the machine, not the code.
    """
    return settings(max_examples=max(1, round(count * SHARE)), deadline=None, **others)
