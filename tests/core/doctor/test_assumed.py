"""A diagnosis that rests on a setting which nobody gave says that it is assumed; others do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctoring import settings_of, verdicts_of
from streams import ANONYMOUS, call

CLASSIC = '[destination]\nkind = "classic-cloud"\n'
LOGIN = call("identify", userId="u-1", anonymousId=ANONYMOUS, traits={"plan": "pro"})
ORDER = call("track", 60, userId="u-1", anonymousId=ANONYMOUS)
PAGE = call("page", 90, userId="u-1", name="Front")
PLACEHOLDER = call("track", 120, userId="undefined")


@pytest.mark.parametrize(
    ("check", "name", "without", "given"),
    [
        ("settings", "identity", "", 'identity = "original"\n'),
        ("settings", "destination.kind", "", '[destination]\nkind = "actions"\n'),
        ("region", "destination.region", "", '[destination]\nregion = "us"\n'),
        ("identity", "identity", "", 'identity = "original"\n'),
        ("joining", "identity", "", 'identity = "original"\n'),
        ("users", "identity", "", 'identity = "original"\n'),
        ("classic-features", "classic.people", "", "[classic]\npeople = true\n"),
        (
            "pages",
            "classic.consolidated_page_calls",
            CLASSIC,
            f"{CLASSIC}[classic]\nconsolidated_page_calls = true\n",
        ),
        ("profiles", "classic.people", CLASSIC, f"{CLASSIC}[classic]\npeople = false\n"),
    ],
)
def test_what_nobody_gave_is_assumed(tmp_path: Path, check: str, name: str, without: str, given: str) -> None:
    for text, assumed in ((without, True), (given, False)):
        told = verdicts_of(settings_of(tmp_path, text), LOGIN, ORDER, PAGE, PLACEHOLDER)
        words = next(one.words for one in told if one.check == check)
        tail = words.partition("ssumed")[2]
        assert (name in tail) == assumed, words


def test_a_variable_or_a_flag_gives_a_setting_as_a_file_does(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "", SEGTAP_IDENTITY="simplified", SEGTAP_REGION="eu")
    words = {one.check: one.words for one in verdicts_of(settings, LOGIN, ORDER)}
    assert "identity" not in words["settings"].partition("Assumed")[2]
    assert "assumed" not in words["region"]
    assert "Simplified ID Merge" in words["settings"]
