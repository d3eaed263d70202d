"""Pages: what they became, and which page is several events, by destination and page options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doctoring import read, settings_of, verdict_of
from streams import call

NAMED = call("page", userId="u-1", name="Attic")
BOTH = call("page", 60, userId="u-1", name="Attic", category="House")
BARE = call("page", 120, userId="u-1", name=...)
NAMES = {"consolidated": "consolidated_page_calls"}


def classic(*on: str) -> str:
    options = ("consolidated", "all", "categorized", "named")
    lines = [
        f"{NAMES.get(name, f'track_{name}_pages')} = {'true' if name in on else 'false'}" for name in options
    ]
    return "\n".join(['[destination]\nkind = "classic-cloud"\n[classic]', *lines])


@pytest.mark.parametrize(
    ("on", "messages", "standing", "words"),
    [
        ("consolidated", [], "good", 'every page is "Loaded a Page"'),
        ("consolidated", [NAMED, BOTH], "good", '2 calls became "Loaded a Page"'),
        ("all", [], "good", "track all pages"),
        ("named", [NAMED], "good", '1 call became "Viewed Attic Page"'),
        ("named", [BARE], "good", "1 call became no event"),
        ("", [], "warning", "page calls are dropped"),
        ("consolidated all", [], "warning", "Each page is several events"),
        ("consolidated named", [], "warning", "A page with a name is several events"),
        ("consolidated categorized", [], "warning", "A page with a category is several events"),
        (
            "consolidated categorized",
            [NAMED],
            "note",
            "A page with a category is several events: none was seen",
        ),
        ("categorized named", [], "note", "A page with both a category and a name is two events"),
        ("categorized named", [NAMED], "note", "two events: none was seen"),
        ("categorized named", [NAMED, BOTH], "warning", "counted 2 times"),
        ("consolidated named", [NAMED], "warning", "counted 2 times"),
    ],
)
def test_page_options(
    tmp_path: Path, on: str, messages: list[dict[str, Any]], standing: str, words: str
) -> None:
    settings = settings_of(tmp_path, classic(*on.split()))
    said = verdict_of("pages", settings, *messages)
    assert said is not None
    assert (said.standing, words in said.words) == (standing, True), said.words
    assert "assumed" not in said.words
    doubled = [
        one.severity
        for each in read(messages, settings)
        for one in each.verdict.findings
        if one.rule == "page-double-count"
    ]
    # One finding has one severity, here and in check.
    assert doubled == [] or (said.rule, said.standing) == ("page-double-count", doubled[0])


def test_options_that_nobody_gave_are_assumed(tmp_path: Path) -> None:
    said = verdict_of("pages", settings_of(tmp_path, '[destination]\nkind = "classic-cloud"\n'), NAMED)
    assert said is not None
    assert "(assumed: classic.consolidated_page_calls is not given)" in said.words


def test_actions_are_judged_by_what_pages_became(tmp_path: Path) -> None:
    said = verdict_of("pages", settings_of(tmp_path), NAMED)
    assert said is not None
    assert (said.standing, said.words) == ("good", '1 call became "Viewed Attic"')
    own = '[[subscriptions]]\npreset = "Page Calls"\n[subscriptions.mapping]\nevent = "Page"\n'
    mapped = verdict_of("pages", settings_of(tmp_path, own), NAMED, BARE)
    assert mapped is not None
    assert (mapped.standing, mapped.words) == ("good", '2 calls became "Page"')
    other = '[[subscriptions]]\npreset = "Track Calls"\n'
    lost = verdict_of("pages", settings_of(tmp_path, other), NAMED)
    assert lost is not None
    assert (lost.standing, lost.words) == ("note", "1 call became no event")
    none = verdict_of("pages", settings_of(tmp_path, other))
    assert none is not None
    assert "Viewed NAME" not in none.words


def test_a_page_without_a_name_is_as_grave_as_in_check(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    said = verdict_of("pages", settings, BARE)
    (found,) = [one for one in read([BARE], settings)[0].verdict.findings if one.rule == "page-name-missing"]
    assert said is not None
    assert (said.rule, said.standing, said.fix) == ("page-name-missing", found.severity, found.fix)
