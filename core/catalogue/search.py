"""Finding the rule for words that somebody pastes: this program's, Segment's or Mixpanel's. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from . import ALL_RULES
from .known_as import KNOWN_AS
from .rule import Rule

SHORTEST = 3
"""Fewer letters are too little to find a phrase of another system by."""
_APART = re.compile(r"[^\w$…]+")
_PLURAL = re.compile(r"(?<=\w{3}[^s])s\Z")
_ANY = "…"


def find_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules that a text speaks of, in the order of the catalogue; all of them for "".

    What other systems say goes first: a pasted text that contains such a phrase, or part of one. Only when
    no phrase fits, rules are found by the words in their own texts.
    """
    wanted = _plain(text)
    if not wanted:
        return ALL_RULES
    own = tuple(rule for rule in ALL_RULES if wanted in rule.id or text.strip().lower() in _own(rule))
    known = tuple(rule for rule in ALL_RULES if _is_known(rule.id, wanted))
    if known:
        return tuple(rule for rule in ALL_RULES if rule in known or rule in own)
    if own:
        return own
    return tuple(rule for rule in ALL_RULES if all(f" {word}" in _plain_own(rule) for word in wanted.split()))


def _is_known(id: str, wanted: str) -> bool:
    """Return whether one of the rule's phrases is in the text, or the text, perhaps still being typed, in
    one.
    """
    partly = len(wanted) >= SHORTEST
    return any(
        pattern.search(wanted) is not None or (partly and f" {wanted}" in f" {plain}")
        for plain, pattern in _phrases(id)
    )


@cache
def _phrases(id: str) -> Sequence[tuple[str, re.Pattern[str]]]:
    made: list[tuple[str, re.Pattern[str]]] = []
    for phrase in KNOWN_AS.get(id, ()):
        plain = _plain(phrase)
        parts = [re.escape(part.strip()) for part in plain.split(_ANY)]
        made.append((plain, re.compile(rf"(?<!\S){' (?:.* )?'.join(parts)}(?!\S)")))
    return made


@lru_cache(512)
def _plain(text: str) -> str:
    """Return the text in lower case and singular, with one space for whatever stands between words: quotes
    and line ends differ.
    """
    return " ".join(_PLURAL.sub("", word) for word in _APART.sub(" ", text.lower()).split())


def _own(rule: Rule) -> str:
    return f"{rule.id} {rule.what} {rule.why} {rule.fix}".lower()


@cache
def _plain_own(rule: Rule) -> str:
    return f" {_plain(_own(rule))}"
