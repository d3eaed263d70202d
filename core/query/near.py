"""How close a message comes to a filter, and what it has in place of what the filter asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from difflib import SequenceMatcher

import msgspec

from ..messages import Json
from ..text import shown
from .candidate import Candidate
from .evaluate import field_values, in_record, test_of
from .query import Query
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
from .values import MISSING, present, single_at, type_of
from .wildcards import fold

ALIKE = 0.75
"""How similar two names of events are, from 0 to 1, of which one may be a slip for the other."""
_COMMON = frozenset(("type", "key", "source", "origin", "library", "sent", "delivery", "warn"))
"""Fields that many messages agree in by chance."""


class NearMiss(msgspec.Struct, frozen=True):
    """A message that fails conditions of a filter: how many, the first of them, and what it has there."""

    failures: float
    condition: str
    has: str

    def __str__(self) -> str:
        return f"{self.condition}: {self.has}"


class Nearness:
    """Compares messages with one filter, condition by condition."""

    def __init__(self, query: Query) -> None:
        node = query.node
        self.conditions: Sequence[Node] = () if node is None else conditions_of(node)
        self._tests = [test_of(condition) for condition in self.conditions]
        self._telling = [
            not isinstance(one, TimeTerm | Not) and not (isinstance(one, FieldTerm) and one.field in _COMMON)
            for one in self.conditions
        ]
        self._tally = Tally()

    def of(self, candidate: Candidate) -> NearMiss | None:
        """Return how a message misses the filter; None if it matches, or has too little of it.

        Raises FilterFault when a regular expression takes too long.
        """
        failed = [number for number, test in enumerate(self._tests) if not test(candidate, self._tally)]
        if not failed:
            return None
        alike = any(_alike(self.conditions[number], candidate) for number in failed)
        held = len(self.conditions) - len(failed)
        telling = sum(self._telling) - sum(self._telling[number] for number in failed)
        if not (alike or telling or (held and len(failed) == 1)):
            return None
        condition = self.conditions[failed[0]]
        return NearMiss(len(failed) - (0.5 if alike else 0), str(condition), has(condition, candidate))


def conditions_of(node: Node) -> tuple[Node, ...]:
    """Return the parts of a filter that all have to match, in their order."""
    if isinstance(node, Every):
        return tuple(one for part in node.parts for one in conditions_of(part))
    return (node,)


def has(condition: Node, candidate: Candidate) -> str:
    """Return what a message has where it fails a condition: `has total "12" (text)`."""
    match condition:
        case Not(inner):
            return _is_there(inner, candidate)
        case FieldTerm(field):
            return f"has {_listed(field, field_values(field, candidate))}"
        case TimeTerm():
            at = datetime.fromtimestamp(candidate.facts.received_at / 1000)
            return f"was received at {at.isoformat(timespec='milliseconds')}"
        case Comparison(path, _, value):
            return f"has {_at(path, candidate, type_of(value))}"
        case Search(path):
            return f"has {_at(path, candidate, 'text')}"
        case Present(path):
            return f"has no {path.steps[-1]}"
        case Word():
            return "does not hold it"
        case Some() | Every():
            return "matches no part of it"


def _is_there(inner: Node, candidate: Candidate) -> str:
    if isinstance(inner, Word):
        return "holds it"
    if isinstance(inner, Present):
        return f"has {_at(inner.path, candidate, '')}"
    return "matches the rest of it" if isinstance(inner, Some | Every | Not) else has(inner, candidate)


def _listed(field: str, values: Sequence[str]) -> str:
    return f"{field} {', '.join(shown(value) for value in values)}" if values else f"no {field}"


def _at(path: Path, candidate: Candidate, wanted: str) -> str:
    """Return the name and the value at a path, with its type where that is not the one wanted."""
    name = path.steps[-1]
    value = _value_at(path, candidate)
    if value is MISSING:
        nothing = path.root == MIXPANEL and not any(True for _ in candidate.records())
        return f"no {name}: nothing is sent to Mixpanel" if nothing else f"no {name}"
    kind = type_of(value)
    typed = f" ({kind})" if wanted and kind not in (wanted, "other") else ""
    return f"{name} {shown(value)}{typed}"


def _value_at(path: Path, candidate: Candidate) -> Json:
    if path.root != MIXPANEL:
        return _found(candidate.document(), path.steps)
    found = (_found(*in_record(record, path.steps[1:])) for record in candidate.records())
    return next((value for value in found if value is not MISSING), MISSING)


def _found(value: Json, steps: Sequence[str]) -> Json:
    return single_at(value, steps) if present(value, steps) else MISSING


def _alike(condition: Node, candidate: Candidate) -> bool:
    """Return True if the name of a message's event is nearly one that the condition asks for."""
    match condition:
        case FieldTerm("event", values):
            wanted = [fold(value.literal) for value in values if value.literal]
        case Comparison(Path(("event",) | ("name",)), "=", str(name)):
            wanted = [fold(name)]
        case _:
            return False
    name = fold(candidate.names().event)
    return any(SequenceMatcher(None, name, one).ratio() >= ALIKE for one in wanted)
