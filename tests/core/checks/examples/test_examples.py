"""The example of each rule makes the mistake before, and not after; the pages tell the whole story."""

from __future__ import annotations

import json
import re
from itertools import combinations, product
from typing import Any, cast

import pytest

from segtap.core.catalogue import rules
from segtap.core.catalogue.rule import Rule
from segtap.core.checks.examples import EXAMPLES
from segtap.core.checks.examples.described import DESCRIBED_EXAMPLES
from segtap.core.commands.rules import (
    MAX_LINES,
    WIDTH,
    explanation,
    read_example,
    rule_json,
    rule_markdown,
    rule_of,
    rule_table,
)
from segtap.core.errors import InputError

DESCRIBED = {
    # What was received is no message to show.
    *("segment-would-reject", "segment-would-change", "second-receipt"),
    # They take many messages.
    *(
        "identity-cluster-limit",
        "anonymous-id-churn",
        "always-new-user",
        "page-name-cardinality",
        "event-name-cardinality",
    ),
    *("hot-shard", "cloud-and-device-mode"),
    # They are seen in what Mixpanel's own SDKs send, or in a message that Segment does not send on.
    *("reset-not-in-mixpanel", "increment-not-a-number", "revenue-not-on-profile", "people-off-engage"),
    *("sdk-alias-direct", "super-property-reserved"),
}
EVERY = [pytest.param(rule, id=rule.id) for rule in rules()]
WITH = [pytest.param(rule, id=rule.id) for rule in rules() if rule.id in EXAMPLES]


def test_every_rule_has_an_example_and_only_those_are_described_that_messages_cannot_show() -> None:
    every = {rule.id for rule in rules()}
    settings = {rule.id for rule in rules() if rule.kind == "settings"}
    assert set(DESCRIBED_EXAMPLES) <= DESCRIBED | settings
    assert set(EXAMPLES) | set(DESCRIBED_EXAMPLES) == every
    assert not set(EXAMPLES) & set(DESCRIBED_EXAMPLES)


@pytest.mark.parametrize("rule", WITH)
def test_the_mistake_is_made_before_and_mended_after(rule: Rule) -> None:
    before = read_example(EXAMPLES[rule.id], rule, after=False)
    after = read_example(EXAMPLES[rule.id], rule, after=True)
    assert before.findings
    assert all(finding.rule == rule.id for finding in before.findings)
    assert after.findings == ()
    assert after.requests


FILLERS = {
    *("a", "an", "the", "is", "are", "it", "its", "of", "to", "in", "for", "and", "or", "as", "that"),
    *("this", "no", "not", "with", "by", "so", "on", "at", "be"),
}


def clauses(text: str) -> list[str]:
    return [clause for clause in re.split(r"[.:;,()]+(?:\s+|$)", text) if len(clause.split()) > 3]


def says_again(one: str, other: str) -> list[tuple[str, str]]:
    """Clauses of which one says no more than the other."""
    found: list[tuple[str, str]] = []
    for pair in product(clauses(one), clauses(other)):
        first, second = (
            {re.sub("(es|s|ed)$", "", word) for word in re.findall(r"[a-z$_]+", clause.lower())} - FILLERS
            for clause in pair
        )
        fewer = min(len(first), len(second))
        if fewer > 2 and len(first & second) > 0.8 * fewer:
            found.append(pair)
    return found


def test_a_sentence_that_is_said_again_is_found() -> None:
    assert says_again(
        "no ip: Mixpanel cannot tell the place", "Mixpanel cannot tell the place, or guesses it."
    )
    assert not says_again("no ip: Mixpanel cannot tell the place", "Reports by country miss the user.")


@pytest.mark.parametrize("rule", WITH)
def test_no_finding_says_its_sentence_twice(rule: Rule) -> None:
    """The Warnings pane shows what is wrong, why that matters and how to mend it, one below the other."""
    for finding in read_example(EXAMPLES[rule.id], rule, after=False).findings:
        assert finding.message not in finding.fix
        assert finding.fix not in finding.message
        assert len(set(clauses(finding.message))) == len(clauses(finding.message))
        for one, other in combinations((finding.message, rule.why, finding.fix), 2):
            assert says_again(one, other) == []


@pytest.mark.parametrize("rule", EVERY)
def test_the_explanation_is_whole_and_fits(rule: Rule) -> None:
    lines = list(explanation(rule))
    text = "\n".join(lines)
    assert lines[0].endswith(rule.id)
    assert rule.source in text
    assert " ".join(rule.why.split()) in " ".join(text.split())
    assert f'id = "{rule.id}"' in text
    assert all(len(line) <= WIDTH for line in lines if rule.source not in line)
    assert lines.index("Before") < lines.index("After")
    if rule.id in EXAMPLES:
        assert "POST" in text or "GET" in text
        for label in ("Before", "After"):
            assert any("become" in line for line in lines[lines.index(label) :])


def test_long_messages_are_cut() -> None:
    lines = list(explanation(rule_of("too-many-properties")))
    assert any(line.endswith("more lines") for line in lines)
    assert len(lines) < 6 * MAX_LINES


def test_secrets_of_requests_are_dots() -> None:
    text = "\n".join(explanation(rule_of("track-too-old"))) + json.dumps(rule_json(rule_of("track-too-old")))
    assert "YOUR-API-SECRET" not in text


def test_as_json() -> None:
    made = cast("dict[str, Any]", json.loads(json.dumps(rule_json(rule_of("insert-id-charset")))))
    assert made["severity"] == "error"
    before, after = made["example"]["before"], made["example"]["after"]
    assert before["messages"][0]["messageId"] == "order_991"
    assert before["findings"][0]["rule"] == "insert-id-charset"
    assert after["findings"] == []
    told = cast("dict[str, Any]", rule_json(rule_of("hot-shard"))["example"])
    assert "200,000 events a day" in told["before"]["said"][0]


def test_the_tables_have_every_rule() -> None:
    assert len(list(rule_table())) == len(rules())
    table = rule_markdown().splitlines()
    assert len(table) == len(rules()) + 2
    assert {line.replace("\\|", "").count("|") for line in table} == {6}


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("insert-id-chrset", "Did you mean insert-id-charset"),
        ("string_truncated", "Did you mean string-truncated?"),
        ("Hot-Shard", "Did you mean hot-shard?"),
        ("", "segtap rules lists them."),
        ("\x1b[31m", "There is no rule"),
    ],
)
def test_an_unknown_rule(id: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        rule_of(id)
    assert words in str(caught.value)
    assert "\x1b" not in str(caught.value)
