"""Makes a function of a filter that says whether a message matches.

What costs little is asked first: the line before the text, the text before the message, that before its
translation. So a filter on `type` reads no message, and one on `mp.` translates only what is left.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from ..messages import Json, JsonObject
from .candidate import Candidate, Facts, Names
from .expressions import SECONDS, compiled, found
from .fields import IS_MARKS
from .searched import BETWEEN
from .tally import Tally
from .terms import (
    MIXPANEL,
    Comparison,
    Every,
    FieldTerm,
    Node,
    Not,
    Path,
    Present,
    Search,
    Some,
    TimeTerm,
    Word,
)
from .values import MISSING, compared, present, single_at, values_at
from .wildcards import Wildcard, fold

Test = Callable[[Candidate, Tally], bool]


class Cost(enum.IntEnum):
    """What a term has to read, the cheapest first."""

    FACTS = 0
    NAMES = 1
    TEXT = 2
    JUDGEMENT = 3
    DOCUMENT = 4
    RECORDS = 5


def cost_of(node: Node) -> Cost:
    """Return the most that a filter has to read."""
    match node:
        case Not(inner):
            return cost_of(inner)
        case Every(parts) | Some(parts):
            return max(map(cost_of, parts))
        case Word():
            return Cost.TEXT
        case FieldTerm(field):
            return Cost.FACTS if field in _FACTS else Cost.NAMES if field in _NAMES else Cost.JUDGEMENT
        case TimeTerm():
            return Cost.FACTS
        case Present(path) | Comparison(path) | Search(path):
            return Cost.RECORDS if path.root == MIXPANEL else Cost.DOCUMENT


def test_of(node: Node) -> Test:
    """Make the function of a filter."""
    match node:
        case Not(inner):
            negated = test_of(inner)
            return lambda candidate, tally: not negated(candidate, tally)
        case Every(parts):
            every = _cheapest_first(parts)
            return lambda candidate, tally: all(test(candidate, tally) for test in every)
        case Some(parts):
            some = _cheapest_first(parts)
            return lambda candidate, tally: any(test(candidate, tally) for test in some)
        case Word():
            return _word(node)
        case FieldTerm():
            return _field(node)
        case TimeTerm("since", _, at):
            return lambda candidate, tally: candidate.facts.received_at >= at
        case TimeTerm(_, _, at):
            return lambda candidate, tally: candidate.facts.received_at <= at
        case Present(path):
            return _at(path, lambda value, steps, tally: present(value, steps))
        case Comparison():
            return _comparison(node)
        case Search():
            return _search(node)


class HasDocument(Protocol):
    """What is asked of a candidate when nothing but its document is."""

    def document(self) -> JsonObject:
        """Return the message, or as much of it as the filter asks for."""
        ...


DocumentTest = Callable[[HasDocument, Tally], bool]


def document_test(node: Node) -> DocumentTest | None:
    """Make the function of those parts of a filter that ask for the document alone; None for no such part."""
    if _asks_document_alone(node):
        return cast(DocumentTest, test_of(node))
    if isinstance(node, Every):
        tests = [cast(DocumentTest, test_of(part)) for part in node.parts if _asks_document_alone(part)]
        if tests:
            return lambda candidate, tally: all(test(candidate, tally) for test in tests)
    return None


def _asks_document_alone(node: Node) -> bool:
    match node:
        case Not(inner):
            return _asks_document_alone(inner)
        case Every(parts) | Some(parts):
            return all(map(_asks_document_alone, parts))
        case Present(path) | Comparison(path) | Search(path):
            return path.root != MIXPANEL
        case _:
            return False


def _cheapest_first(parts: Sequence[Node]) -> list[Test]:
    return [test_of(part) for part in sorted(parts, key=cost_of)]


# -- words and fields


def _word(term: Word) -> Test:
    wanted = term.text.folded()
    literal = wanted.literal
    if literal is not None:
        return lambda candidate, tally: literal in candidate.text()

    def matches(candidate: Candidate, tally: Tally) -> bool:
        text = candidate.text()
        return wanted.within(text) and any(map(wanted.within, text.split(BETWEEN)))

    return matches


_FACTS: dict[str, Callable[[Facts], tuple[str, ...]]] = {
    "type": lambda facts: (facts.type,),
    "delivery": lambda facts: (facts.delivery.value,),
    "id": lambda facts: (facts.message_id,),
    "is": lambda facts: (*facts.sets, *(value for value, mark in IS_MARKS.items() if facts.marks & mark)),
}
_NAMES: dict[str, Callable[[Names], tuple[str, ...]]] = {
    "event": lambda names: (names.event,),
    "user": lambda names: (names.user_id, names.anonymous_id),
    "group": lambda names: (names.group_id,),
    "key": lambda names: (names.write_key,),
    "source": lambda names: (names.write_key,),
    "library": lambda names: (names.library,),
    "origin": lambda names: (names.origin,),
}
"""What a message has for each field."""


def _warn(candidate: Candidate) -> tuple[str, ...]:
    judged = candidate.judgement()
    found = [
        *(["error"] if judged.errors else []),
        *(["warning"] if judged.warnings else []),
        *(["info"] if judged.notes else []),
    ]
    return (*found, "any") if found else ("none",)


_JUDGED: dict[str, Callable[[Candidate], tuple[str, ...]]] = {
    "rule": lambda candidate: tuple(candidate.judgement().rules),
    "warn": _warn,
    "sent": lambda candidate: ("yes" if candidate.judgement().sent else "no",),
}


def field_values(field: str, candidate: Candidate) -> tuple[str, ...]:
    """Return what a message has for a field of the table, without the empty ones."""
    if facts := _FACTS.get(field):
        found = facts(candidate.facts)
    elif names := _NAMES.get(field):
        found = names(candidate.names())
    else:
        found = _JUDGED[field](candidate)
    return tuple(filter(None, found))


def _field(term: FieldTerm) -> Test:
    wanted = tuple(value.folded() for value in (*term.values, *term.keys))
    if facts := _FACTS.get(term.field):
        return lambda candidate, tally: _one_of(facts(candidate.facts), wanted)
    if names := _NAMES.get(term.field):
        return lambda candidate, tally: _one_of(names(candidate.names()), wanted)
    judged = _JUDGED[term.field]
    return lambda candidate, tally: _one_of(judged(candidate), wanted)


def _one_of(texts: Sequence[str], wanted: Sequence[Wildcard]) -> bool:
    """Return True if one of the texts is one of the values; an empty text is none."""
    return any(
        text and any(value.whole(folded) for value in wanted) for text in texts for folded in (fold(text),)
    )


# -- paths

Look = Callable[[Json, Sequence[str], Tally], bool]


def _at(path: Path, look: Look) -> Test:
    """Return the test of a term with a path: `look` is given where it begins, and the steps from there."""
    root, *rest = path.steps
    if root != MIXPANEL:
        return lambda candidate, tally: look(candidate.document(), path.steps, tally)

    def one_record_matches(candidate: Candidate, tally: Tally) -> bool:
        return any(look(*in_record(record, rest), tally) for record in candidate.records())

    return one_record_matches


def in_record(record: JsonObject, steps: Sequence[str]) -> tuple[Json, Sequence[str]]:
    """Return where a path into a record begins: an event's properties, its name, or the record of a
    profile.
    """
    properties = record.get("properties")
    if isinstance(properties, dict) and "event" in record and steps[0] != "event":
        return properties, steps
    return record, steps


def _comparison(term: Comparison) -> Test:
    asked = compared(term)
    types, wanted, compare = asked.types, asked.value, asked.compare

    def look(value: Json, steps: Sequence[str], tally: Tally) -> bool:
        single = single_at(value, steps)
        kind = type(single)
        if kind in types:  # `holds` and `would_hold` without their calls, for nearly every message
            return single != wanted if compare is None else compare(single, wanted)
        if single is MISSING:
            return False
        if kind is not list:
            if not asked.holds(single) and asked.would_hold(single):
                tally.other(term, single)
            return compare is None and single is not None
        other: Json = None
        for one in values_at(value, steps):
            if asked.holds(one):
                return True
            if other is None and asked.would_hold(one):
                other = one
        if other is not None:
            tally.other(term, other)
        return False

    return _at(term.path, look)


def _search(term: Search) -> Test:
    expression = compiled(term.regex)

    def look(value: Json, steps: Sequence[str], tally: Tally) -> bool:
        ends = time.monotonic() + SECONDS
        try:
            for one in values_at(value, steps):
                if isinstance(one, str) and found(expression, one, ends - time.monotonic()):
                    return True
        except TimeoutError:
            tally.late(term)
        return False

    return _at(term.path, look)
