"""Conditions of destination filters match as in Segment's published matcher (@segment/tsub)."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any

import pytest
from conformance.filters import filter_rows
from conformance.reference import Reference
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings

from segtap.core.mapping.filters import compile_filter

EXAMPLES = 2_000


@pytest.mark.timeout(3600)
def test_conditions_match_as_in_the_published_matcher(
    published: Reference, pytestconfig: pytest.Config
) -> None:
    wanted = pytestconfig.getoption("--conformance-examples") or int(
        os.environ.get("SEGTAP_CONFORMANCE_EXAMPLES", EXAMPLES)
    )
    outcomes: Counter[Any] = Counter()

    @seed(pytestconfig.getoption("--conformance-seed"))
    @hypothesis_settings(
        max_examples=wanted,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(filter_rows())
    def agree(example: dict[str, Any]) -> None:
        theirs = published.ask({"filter": example["filter"], "messages": example["messages"]})
        matches = compile_filter(example["fql"])
        for message, taken, as_it_is in zip(
            example["messages"], theirs["taken"], theirs["asTheyAre"], strict=True
        ):
            ours = matches(message)
            outcomes[ours] += 1
            outcomes["a missing value is null"] += taken != as_it_is
            if ours is not taken:
                shown = json.dumps([example["fql"], example["filter"], message], ensure_ascii=False)
                pytest.fail(f"\nexample   {shown}\npublished {taken}\nours      {ours}", pytrace=False)

    agree()
    some = outcomes.total() / 8
    assert min(outcomes[True], outcomes[False]) > some, f"too much of one kind: {dict(outcomes)}"
    print(dict(outcomes))
