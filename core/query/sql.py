"""Compiles a filter to a condition of SQL that narrows the candidates.

It may let too much through, never too little. Each term gives two conditions: `may` is true for every row
that matches, and maybe for others; `must` only for rows that match, and maybe not for all. `not` swaps them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from ..chosen import MARKED
from .fields import IS_MARKS
from .terms import Comparison, Every, FieldTerm, Node, Not, Present, Search, Some, TimeTerm, Word
from .wildcards import Wildcard

COLUMNS = frozenset(
    (
        *("received_at", "type", "errors", "warnings", "marks", "delivery", "message_id"),
        *("event", "user_id", "anonymous_id", "group_id", "write_key", "library", "origin"),
        *("notes", "rules", "sent"),
    )
)
"""The columns of the index that filters ask."""
_OF_KINDS = frozenset(("type", "event", "write_key", "library", "origin"))
"""Columns of `kinds`: what many messages have in common, which is looked at once for all of them."""

TEXT_COLUMNS: dict[str, tuple[str, ...]] = {
    "event": ("event",),
    "user": ("user_id", "anonymous_id"),
    "group": ("group_id",),
    "key": ("write_key",),
    "source": ("write_key",),
    "library": ("library",),
    "id": ("message_id",),
}
"""The columns of each field with texts."""
FIXED_COLUMNS = {"type": "type", "delivery": "delivery", "origin": "origin"}
PATH_COLUMNS: dict[tuple[str, ...], tuple[str, str]] = {
    ("userId",): ("user_id", ""),
    ("anonymousId",): ("anonymous_id", ""),
    ("groupId",): ("group_id", ""),
    ("event",): ("event", "type = 'track'"),
    ("name",): ("event", "type IN ('page', 'screen')"),
    ("context", "library", "name"): ("library", ""),
}
"""The columns of paths, and the condition under which a column is that path's."""

CUT_AT = 128
"""A text of this many characters may be cut in its column."""
_MOST_STARS = 3
_MOST_PATTERN = 1_000
"""Bytes of a pattern that LIKE is given; SQLite refuses very long ones, and many stars take long."""


class Part(msgspec.Struct, frozen=True):
    """A condition with its parameters."""

    condition: str
    parameters: tuple[str | int, ...] = ()


class Bounds(msgspec.Struct, frozen=True):
    """The two conditions of a term."""

    may: Part
    must: Part


TRUE, FALSE = Part("1"), Part("0")
UNKNOWN = Bounds(TRUE, FALSE)


def narrowing(
    node: Node | None, columns: Collection[str] = COLUMNS, *, judged: bool = False
) -> tuple[str, list[str | int]]:
    """Return the condition that a filter's matches fulfil, and its parameters.

    With `judged` it holds for a table in which every message is judged, and an index of the messages with
    an error can answer it.
    """
    if node is None:
        return "1", []
    may = _Compiler(frozenset(columns), judged).bounds(node).may
    return may.condition, list(may.parameters)


class _Compiler:
    def __init__(self, columns: frozenset[str], judged: bool) -> None:
        self._columns = columns
        self._all_judged = judged

    def bounds(self, node: Node) -> Bounds:
        """Return the conditions of a filter or a part of it."""
        match node:
            case Not(inner):
                within = self.bounds(inner)
                return Bounds(_negated(within.must), _negated(within.may))
            case Every(parts):
                return _joined([self.bounds(part) for part in parts], "AND")
            case Some(parts):
                return _joined([self.bounds(part) for part in parts], "OR")
            case FieldTerm(field, values, keys):
                return self._field(field, (*values, *keys))
            case TimeTerm(field, _, at):
                return self._with(
                    "received_at", _exact(f"received_at {'>=' if field == 'since' else '<='} ?", at)
                )
            case Comparison():
                return self._comparison(node)
            case Word() | Present() | Search():
                return UNKNOWN  # see `stretches` for words

    def _with(self, names: str, bounds: Bounds) -> Bounds:
        """Return the conditions if the table has these columns (with spaces between them), else nothing."""
        return bounds if self._columns.issuperset(names.split()) else UNKNOWN

    def _field(self, field: str, values: Sequence[Wildcard]) -> Bounds:
        if field in FIXED_COLUMNS:
            column = FIXED_COLUMNS[field]
            tests = [_equals(column, value) for value in values]
            return self._with(column, _any([_shared(column, test) for test in tests]))
        if field in TEXT_COLUMNS:
            columns = TEXT_COLUMNS[field]
            tests = [_shared(column, _like(column, value)) for column in columns for value in values]
            return self._with(" ".join(columns), _any(tests))
        if field == "is":
            if any((value.literal or "").startswith(MARKED) for value in values):
                return UNKNOWN  # the index has no sets
            bits = [mark for value, mark in IS_MARKS.items() if any(one.whole(value) for one in values)]
            return self._with("marks", _exact("marks & ? != 0", sum(map(int, bits))))
        return self._judged(field, values)

    def _judged(self, field: str, values: Sequence[Wildcard]) -> Bounds:
        """Return the conditions of what is only known of messages that were judged."""
        if field == "sent":
            wanted = [
                int(answer == "yes") for answer in ("yes", "no") if any(one.whole(answer) for one in values)
            ]
            exact = _any([_of_verdicts(_exact("sent = ?", one)) for one in wanted])
            return self._with("sent", _if_known(_JUDGED, exact))
        if field == "warn":
            tests = [
                _exact(condition)
                for answer, condition in _WARN.items()
                if any(one.whole(answer) for one in values)
            ]
            found = _any(tests)
            return self._with(
                "errors warnings notes sent", found if self._all_judged else _if_known(_JUDGED, found)
            )
        tests = [_of_verdicts(_rule(value)) for value in values]
        return self._with("rules sent", _if_known(_JUDGED, _any(tests)))

    def _comparison(self, term: Comparison) -> Bounds:
        """Return the condition for a comparison: only a value that has a column of its own is compared."""
        column, condition = PATH_COLUMNS.get(term.path.steps, ("", ""))
        value = term.value
        if term.operator != "=" or not column or not isinstance(value, str):
            return UNKNOWN
        if len(value) >= CUT_AT or "\0" in value:
            return UNKNOWN
        may = Part(f"{column} = ?", (value,))
        if condition:
            may = Part(f"(NOT ({condition}) OR {column} = ?)", (value,))
        return self._with(f"{column} type", _shared(column, Bounds(may, FALSE)))


_JUDGED = "ifnull(judged, 0) IN (SELECT id FROM verdicts WHERE sent IS NOT NULL)"
_NOTES = "ifnull(judged, 0) IN (SELECT id FROM verdicts WHERE notes > 0)"
_WARN = {
    "error": "errors > 0",
    "warning": "warnings > 0",
    "info": _NOTES,
    "any": f"(errors > 0 OR warnings > 0 OR {_NOTES})",
    "none": f"(errors = 0 AND warnings = 0 AND NOT {_NOTES})",
}


def _shared(column: str, bounds: Bounds) -> Bounds:
    """Return the conditions for a message where the column may be one of `kinds`."""
    if column not in _OF_KINDS:
        return bounds
    return _each(bounds, "kind IN (SELECT id FROM kinds WHERE {})")


def _of_verdicts(bounds: Bounds) -> Bounds:
    """Return the conditions for a message where these are some for its row of `verdicts`."""
    return _each(bounds, "ifnull(judged, 0) IN (SELECT id FROM verdicts WHERE {})")


def _each(bounds: Bounds, condition: str) -> Bounds:
    def within(part: Part) -> Part:
        return part if part in (TRUE, FALSE) else Part(condition.format(part.condition), part.parameters)

    return Bounds(within(bounds.may), within(bounds.must))


def _equals(column: str, value: Wildcard) -> Bounds:
    """Return the condition that a column of lower-case words of the language is that value."""
    if value.literal is not None:
        return _exact(f"{column} = ?", value.literal)
    return _exact(f"{column} != '' AND {column} LIKE ? ESCAPE '\\'", _pattern(value.parts))


def _like(column: str, value: Wildcard) -> Bounds:
    """Return the condition that a column with any text is that value, regardless of case.

    LIKE knows the case of ASCII only, so that texts with other characters may match, as may cut ones.
    """
    folded = value.folded()
    odd = f"length(CAST({column} AS BLOB)) != length({column})"
    cut = f"length({column}) >= {CUT_AT}"
    pattern = _pattern(folded.parts)
    if not all(part.isascii() for part in folded.parts):
        return Bounds(Part(f"({odd} OR {cut})"), FALSE)
    if len(folded.parts) > _MOST_STARS + 1 or len(pattern) > _MOST_PATTERN:
        return Bounds(Part(f"{column} != ''"), FALSE)
    same = f"{column} LIKE ? ESCAPE '\\'"
    may = Part(f"({column} != '' AND ({same} OR {odd} OR {cut}))", (pattern,))
    must = Part(f"({column} != '' AND {same} AND NOT ({odd}) AND NOT ({cut}))", (pattern,))
    return Bounds(may, must)


def _rule(value: Wildcard) -> Bounds:
    """Return the condition for one of the rules, which stand between spaces; a star may span several."""
    pattern = _pattern(("", f" {value.parts[0]}", *value.parts[1:-1], f"{value.parts[-1]} ", ""))
    if value.literal is not None:
        pattern = _pattern(("", f" {value.literal} ", ""))
        return _exact("rules LIKE ? ESCAPE '\\'", pattern)
    if len(value.parts) > _MOST_STARS + 1:
        return UNKNOWN
    return Bounds(Part("rules LIKE ? ESCAPE '\\'", (pattern,)), FALSE)


def _pattern(parts: Sequence[str]) -> str:
    """Return a pattern of LIKE."""
    return "%".join(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for part in parts)


# -- putting conditions together


def _exact(condition: str, *parameters: str | int) -> Bounds:
    part = Part(f"({condition})", parameters)
    return Bounds(part, part)


def _if_known(known: str, bounds: Bounds) -> Bounds:
    """Return the conditions where something is known; where it is not, a row may match and need not."""
    may, must = bounds.may, bounds.must
    return Bounds(
        Part(f"(NOT ({known}) OR {may.condition})", may.parameters),
        Part(f"({known} AND {must.condition})", must.parameters),
    )


def _any(bounds: Sequence[Bounds]) -> Bounds:
    return _joined(bounds, "OR") if bounds else Bounds(FALSE, FALSE)


def _negated(part: Part) -> Part:
    if part in (TRUE, FALSE):
        return FALSE if part == TRUE else TRUE
    return Part(f"(NOT {part.condition})", part.parameters)


def _joined(bounds: Sequence[Bounds], word: str) -> Bounds:
    return Bounds(
        _join([one.may for one in bounds], word),
        _join([one.must for one in bounds], word),
    )


def _join(parts: Sequence[Part], word: str) -> Part:
    """Return the parts joined by AND or OR, as a balanced tree: SQLite follows at most a thousand levels."""
    absorbing, neutral = (FALSE, TRUE) if word == "AND" else (TRUE, FALSE)
    if absorbing in parts:
        return absorbing
    left: list[Part] = [part for part in parts if part != neutral]
    if not left:
        return neutral
    while len(left) > 1:
        pairs = [left[at : at + 2] for at in range(0, len(left), 2)]
        left = [
            pair[0]
            if len(pair) == 1
            else Part(
                f"({pair[0].condition} {word} {pair[1].condition})", pair[0].parameters + pair[1].parameters
            )
            for pair in pairs
        ]
    return left[0]
