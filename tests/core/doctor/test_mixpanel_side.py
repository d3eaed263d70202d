"""What only Mixpanel's side can hide is named with the event's name, and as what cannot be seen from here."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_helpers import NOW
from doctoring import settings_of, verdicts_of
from streams import ANONYMOUS, call, iso

CHECKS = ("lexicon", "dropdowns", "merge-delay", "time-zone")
CLASSIC = '[destination]\nkind = "classic-cloud"\n[classic]\npeople = true\n'
MAST = call("track", userId="u-1", event="Mast Raised")


@pytest.mark.parametrize("text", ["", CLASSIC], ids=["actions", "classic"])
def test_each_says_where_to_look_with_the_events_name(tmp_path: Path, text: str) -> None:
    told = {one.check: one for one in verdicts_of(settings_of(tmp_path, text), MAST)}
    for check in ("lexicon", "dropdowns", "time-zone"):
        said = told[check]
        assert said.standing in ("unknown", "note")
        assert '"Mast Raised"' in said.words
        assert "cannot be seen from here" in said.words
        assert said.fix.startswith("look there: ")
    for status in ("Hidden", "Blocked", "Merged", "Pending"):
        assert status in told["lexicon"].words
    assert "Lexicon" in told["lexicon"].fix
    assert "Project Settings, Timezone" in told["time-zone"].fix
    assert "merge-delay" not in told


def test_ids_that_were_joined_take_a_day_to_show(tmp_path: Path) -> None:
    page = call("page", anonymousId=ANONYMOUS, name="Front")
    login = call("identify", 60, userId="u-1", anonymousId=ANONYMOUS)
    told = {one.check: one for one in verdicts_of(settings_of(tmp_path), page, login)}
    assert "up to 24 hours" in told["merge-delay"].words
    assert '"Viewed Front"' in told["merge-delay"].words


def test_events_of_more_than_a_month_ago_are_in_no_menu(tmp_path: Path) -> None:
    old = call("track", userId="u-1", event="Sail Cut", timestamp=iso(NOW - 31 * 86_400_000))
    recent = call("track", userId="u-1", event="Sail Hoisted", timestamp=iso(NOW - 29 * 86_400_000))
    told = {one.check: one for one in verdicts_of(settings_of(tmp_path), MAST, old, recent)}
    assert (told["dropdowns"].standing, told["dropdowns"].messages) == ("unknown", (old["messageId"],))
    assert '1 event with an older time: "Sail Cut"' in told["dropdowns"].words


def test_where_nothing_is_sent_there_is_nothing_to_look_for(tmp_path: Path) -> None:
    blocked = '[segment]\nblocked_events = ["Mast Raised"]\n'
    for text, messages in (("", []), (blocked, [MAST]), (CLASSIC, [call("alias", userId="u-1")])):
        told = {one.check for one in verdicts_of(settings_of(tmp_path, text), *messages)}
        assert not told & set(CHECKS)


def test_of_many_events_the_most_frequent_are_named(tmp_path: Path) -> None:
    many = [call("track", n, userId="u-1", event=f"Step {n % 6}") for n in range(14)]
    told = {one.check: one for one in verdicts_of(settings_of(tmp_path), *many)}
    assert '"Step 0", "Step 1", "Step 2", "Step 3" and 2 more' in told["lexicon"].words
