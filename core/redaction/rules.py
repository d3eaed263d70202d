"""Redaction rules, compiled, and what they make of one JSON value. Pure.

A value that a rule takes becomes the text `redacted`, or `redacted-` and a hash: equal values have equal
hashes, so that users and groups stay apart, and a hash is allowed wherever Mixpanel allows an id. What is
redacted already stays as it is, so that a replay changes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from fnmatch import translate
from typing import NamedTuple
from urllib.parse import unquote

import regex

from ..errors import SettingsError
from ..json_text import json_bytes
from ..messages import Json
from ..settings import Redaction

DROPPED = "redacted"
_HASH_DIGITS = 24
_DONE = re.compile(rf"{DROPPED}(?:-[0-9a-f]{{{_HASH_DIGITS}}})?")
_PATTERN_SECONDS = 0.1
"""How long a pattern may search one text. A text that takes longer is redacted whole."""
_MOST_STEPS = 10_000
"""Names of members whose way through the paths is remembered."""
ANY_DEPTH = "**"
KEPT = frozenset({"type", "writeKey", "$token"})
"""Members of a message or record that are never redacted: without them it cannot be read or sent."""

Names = tuple[re.Pattern[str] | None, ...]
"""The parts of a path: each matches one name, None any number of them."""
State = tuple[int, int]
"""A rule, and how many parts of its path are matched."""
States = tuple[State, ...]


class _Rule(NamedTuple):
    names: Names
    pattern: regex.Pattern[str] | None
    hash: bool


class Rules:
    """The rules of `[[redact]]`. `key` makes hashes that nobody can find again by trying values.

    Raises SettingsError for a path or a pattern that cannot be read.
    """

    def __init__(self, rules: Sequence[Redaction], key: str = "") -> None:
        self._key = key.encode()
        self._rules = [_compiled(rule, number) for number, rule in enumerate(rules, start=1)]
        self._patterns = tuple(rule for rule in self._rules if not rule.names)
        self._start: States = tuple((number, 0) for number, rule in enumerate(self._rules) if rule.names)
        self._steps: dict[tuple[States, str], tuple[States, tuple[int, ...]]] = {}
        self.hides_address = self.at(("context", "ip"), "192.0.2.1") != "192.0.2.1"
        """True if a rule takes `context.ip`, which would be filled in from the connection otherwise."""

    def __bool__(self) -> bool:
        return bool(self._rules)

    def value(self, root: Json, *, device: bool = False) -> Json:
        """Return a message or record with what the rules take redacted; changes it in place.

        `device`: it is a record of Mixpanel's own SDKs, whose properties name the project's token.
        """
        # Without recursion: messages may be nested deep.
        top: list[Json] = [root]
        stack: list[tuple[list[Json] | dict[str, Json], States, tuple[_Rule, ...], int]] = [
            (top, self._start, self._patterns, -1)
        ]
        while stack:
            holder, states, patterns, depth = stack.pop()
            if isinstance(holder, list):
                for place, item in enumerate(holder):
                    if isinstance(item, list | dict):
                        stack.append((item, states, patterns, depth + (holder is top)))
                    else:
                        holder[place] = self._matched(item, patterns)
                continue
            renamed = False
            for name, item in holder.items():
                if (depth == 0 and name in KEPT) or (device and depth == 1 and name == "token"):
                    continue
                inner, matched = self._step(states, name)
                within = patterns
                for number in matched:
                    rule = self._rules[number]
                    if rule.pattern is None:
                        item = self._taken(item, rule)
                    else:
                        within = (*within, rule)
                renamed = renamed or (bool(patterns) and self._matched(name, patterns) != name)
                if isinstance(item, list | dict):
                    holder[name] = item
                    stack.append((item, inner, within, depth + 1))
                else:
                    holder[name] = self._matched(item, within)
            if renamed:
                pairs = list(holder.items())
                holder.clear()
                holder.update((str(self._matched(name, patterns)), item) for name, item in pairs)
        return top[0]

    def at(self, names: Sequence[str], value: str) -> str:
        """Return the text of a field that is named by its path, as in a pixel's query."""
        if names[-1] in KEPT:
            return value
        states, patterns = self._start, self._patterns
        for name in names:
            states, matched = self._step(states, name)
            for number in matched:
                rule = self._rules[number]
                if rule.pattern is not None:
                    patterns = (*patterns, rule)
                else:  # a rule that takes what is above it takes it, too
                    value = str(self._taken(value, rule))
        return str(self._matched(value, patterns))

    def text(self, text: str) -> str:
        """Return a text with what the patterns without a path find redacted."""
        return str(self._matched(text, self._patterns))

    def _step(self, states: States, name: str) -> tuple[States, tuple[int, ...]]:
        """Return where the paths stand below a member of that name, and the rules that take the member."""
        found = self._steps.get((states, name))
        if found is not None:
            return found
        below: dict[State, None] = {}
        taken: dict[int, None] = {}
        for number, at in states:
            names = self._rules[number].names
            while at < len(names) and names[at] is None:
                below[number, at] = None
                at += 1
            if at == len(names):
                taken[number] = None
            elif (part := names[at]) is not None and part.fullmatch(name):
                if at + 1 == len(names):
                    taken[number] = None
                else:
                    below[number, at + 1] = None
        if len(self._steps) >= _MOST_STEPS:
            self._steps.clear()
        made = self._steps[states, name] = tuple(below), tuple(sorted(taken))
        return made

    def _taken(self, value: Json, rule: _Rule) -> Json:
        if value is None or (isinstance(value, str) and _DONE.fullmatch(value)):
            return value
        return self._instead(value if isinstance(value, str) else json_bytes(value).decode(), rule)

    def _instead(self, text: str, rule: _Rule) -> str:
        if not rule.hash:
            return DROPPED
        data = text.encode("utf-8", "surrogatepass")
        digest = hmac.new(self._key, data, "sha256") if self._key else hashlib.sha256(data)
        return f"{DROPPED}-{digest.hexdigest()[:_HASH_DIGITS]}"

    def _matched(self, value: Json, patterns: Sequence[_Rule]) -> Json:
        """Return a text or number with what the patterns find in it redacted."""
        if not patterns or value is None or isinstance(value, bool | list | dict):
            return value
        before = text = value if isinstance(value, str) else json_bytes(value).decode()
        for rule in patterns:
            text = self._found(text, rule)
        return value if text == before else text

    def _found(self, text: str, rule: _Rule) -> str:
        assert rule.pattern is not None
        if _DONE.fullmatch(text):
            return text

        def instead(found: regex.Match[str]) -> str:
            return self._instead(found[0], rule) if found[0] else ""

        try:
            made = rule.pattern.sub(instead, text, timeout=_PATTERN_SECONDS)
            if "%" in made and (plain := unquote(made)) != made:
                # In an address, what is looked for may be percent-encoded.
                again = rule.pattern.sub(instead, plain, timeout=_PATTERN_SECONDS)
                made = again if again != plain else made
        except TimeoutError:
            return self._instead(text, rule)
        return made


def _compiled(rule: Redaction, number: int) -> _Rule:
    place = f"redaction rule {number}" + (f" ({rule.name})" if rule.name else "")
    if not rule.path and not rule.pattern:
        raise SettingsError(f"{place} has neither path nor pattern.")
    pattern = None
    if rule.pattern:
        try:
            pattern = regex.compile(rule.pattern)
        except regex.error as error:
            raise SettingsError(f"{place}: the pattern cannot be read: {error}.") from error
        if pattern.search(""):
            raise SettingsError(f"{place}: the pattern matches the empty text, and so everything.")
    return _Rule(_names(rule.path, place), pattern, rule.action == "hash")


def _names(path: str, place: str) -> Names:
    if not path:
        return ()
    parts = re.split(r"(?<!\\)\.", path.removeprefix("$."))
    if not all(parts):
        raise SettingsError(f"{place}: the path {path!r} has an empty part.")
    if parts[-1] == ANY_DEPTH and len(parts) == 1:
        raise SettingsError(f"{place}: the path {path!r} would take whole messages.")
    return tuple(
        None if part == ANY_DEPTH else re.compile(translate(part.replace("\\.", "."))) for part in parts
    )
