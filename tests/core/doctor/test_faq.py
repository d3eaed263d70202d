"""The questions of Mixpanel's guide, answered for the destination from messages and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from check_helpers import NOW
from doctoring import read, settings_of
from streams import ANONYMOUS, call

from segtap.core.catalogue import BY_ID
from segtap.core.doctor import Facts
from segtap.core.doctor.faq import OBSERVED, QUESTIONS, Answer, answer, find_questions
from segtap.core.doctor.faq.text import answer_lines
from segtap.core.segment_names import destination_of

CLASSIC = '[destination]\nkind = "classic-cloud"\n[classic]\nconsolidated_page_calls = true\npeople = true\n'
ACTIONS = '[destination]\nkind = "actions"\nproject_region = "eu"\n'


def answered(id: str, folder: Path, text: str, *messages: dict[str, Any]) -> Answer:
    settings = settings_of(folder, text)
    facts = Facts(settings, destination_of(settings), read(messages, settings), source="x", now=NOW)
    (question,) = find_questions(id)
    return answer(question, facts, str)


def said(made: Answer) -> str:
    return "\n".join(line for _, line in answer_lines(made, 400))


@pytest.mark.parametrize(
    ("words", "id"),
    [
        ("Loaded a Page", "pages"),
        ("page names", "pages"),
        ("Use Mixpanel People", "missing-profiles"),
        ("mp_lib", "connection-mode"),
        ("Segment: analytics.js", "connection-mode"),
        ("super properties", "super-properties"),
        ("data residency", "regions"),
        ("duplicates", "duplicates"),
        ("time zones", "time-zones"),
        ("timezone", "time-zones"),
        ("utm_source", "utm"),
        ("historical import", "history"),
        ("Group Analytics", "groups"),
        ("device mode", "connection-mode"),
        ("missing events", "missing-events"),
    ],
)
def test_questions_are_found_by_the_words_of_the_guide(words: str, id: str) -> None:
    assert [one.id for one in find_questions(words)][:1] == [id]


def test_every_question_is_whole() -> None:
    assert find_questions(" ") == list(QUESTIONS)
    assert find_questions("no such thing") == []
    assert OBSERVED.keys() <= {one.id for one in QUESTIONS}
    for one in QUESTIONS:
        assert find_questions(one.id) == [one]
        assert BY_ID.keys() >= set(one.rules)
        for kind in ("actions", "classic-cloud"):
            lines = list(answer_lines(answer(one, None, str), 76))
            assert len(lines) <= 32, "about a screen, for both destinations"
            assert one.general(kind)


def test_what_is_of_one_destination_is_said_of_it(tmp_path: Path) -> None:
    page = call("page", userId="u-1", name="Home")
    classic, actions = answered("pages", tmp_path, CLASSIC, page), answered("pages", tmp_path, ACTIONS, page)
    assert 'became "Loaded a Page"' in said(classic)
    assert 'became "Viewed Home"' in said(actions)
    assert 'Loaded a Page" is an event of Mixpanel (Legacy)' in said(actions)
    assert "Mixpanel (Legacy)\n" not in said(actions), "one destination, no headings for two"
    people = said(answered("missing-profiles", tmp_path, ACTIONS, page))
    assert "has no switch for People" in people
    assert "Use Mixpanel People is on" in said(answered("missing-profiles", tmp_path, CLASSIC, page))


def test_messages_answer(tmp_path: Path) -> None:
    track = call(
        "track",
        event="Paid",
        userId="u-1",
        anonymousId=ANONYMOUS,
        context={"library": {"name": "analytics.js"}},
    )
    assert '"Segment Actions: analytics.js" (1)' in said(
        answered("connection-mode", tmp_path, ACTIONS, track)
    )
    assert '"Segment: analytics.js" (1)' in said(answered("connection-mode", tmp_path, CLASSIC, track))
    assert '"Paid": timestamp ' in said(answered("time-zones", tmp_path, ACTIONS, track))
    old = {**track, "timestamp": "2020-01-01T00:00:00.000Z"}
    assert "1 event older than five days" in said(answered("history", tmp_path, ACTIONS, track, old))
    order = {**track, "event": "Order Completed", "properties": {"products": [{"sku": "a"}, {"sku": "b"}]}}
    assert '"Product Purchased" (2)' in said(answered("purchases", tmp_path, ACTIONS, order))
    assert "Product Purchased (" not in said(answered("purchases", tmp_path, CLASSIC, order))
    regions = answered("regions", tmp_path, ACTIONS, track)
    assert [one.check for one in regions.verdicts][:1] == ["region"], "the gravest first"
    assert regions.verdicts[0].standing == "error"


def test_without_messages_and_settings_it_holds_in_general(tmp_path: Path) -> None:
    for made in (answer(QUESTIONS[0], None, str), answered("regions", tmp_path, "")):
        assert {about for about, _ in made.general} == {"Mixpanel (Actions)", "Mixpanel (Legacy), cloud mode"}
    assert "holds in general" in said(answer(QUESTIONS[0], None, str))
    assert {about for about, _ in answered("pages", tmp_path, CLASSIC).general} == {""}
