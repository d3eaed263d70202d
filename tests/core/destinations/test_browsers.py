"""Browser names and versions from user agents."""

from __future__ import annotations

import pytest

from segtap.core.destinations.browsers import browser
from segtap.core.mapping import MISSING

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.1.2 Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "name", "version"),
    [
        (CHROME, "Chrome", "120.0.1.2"),
        (CHROME + " OPR/106.0.2", "Opera", "106.0.2"),
        (CHROME + " OPR/106.0 Mini", "Opera Mini", MISSING),
        (CHROME + " Edg/120.1", "Microsoft Edge", "120.1"),
        (CHROME + " Edg/120", "Microsoft Edge", MISSING),
        ("Mozilla/5.0 (BLACKBERRY; U; BlackBerry 9.9)", "BlackBerry", "9.9"),
        ("Mozilla/5.0 (iPhone) Version/17.2 Mobile Safari/604.1", "Mobile Safari", "17.2"),
        ("Mozilla/5.0 (Macintosh) Version/17.2 Safari/605", "Safari", "17.2"),
        ("Mozilla/5.0 (Android 13; Mobile)", "Android Mobile", MISSING),
        ("Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "11.0"),
        ("Mozilla/5.0 (iPhone) FBIOS/1.2", "Facebook Mobile", MISSING),
        ("curl/8.0", "", MISSING),
    ],
)
def test_first_rule_that_matches_counts(user_agent: str, name: str, version: object) -> None:
    assert browser(user_agent) == (name, version)


def test_a_huge_user_agent_is_read_and_not_kept() -> None:
    assert browser("x" * 1_000_000 + " Firefox/121.0") == ("Firefox", "121.0")
