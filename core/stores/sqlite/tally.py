"""Totals that are kept in step with the message rows: of the whole journal, by event and by rule."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ...delivery import DeliveryCounts
from ...messages import Marks
from ...verdict import SEVERITY_WEIGHT
from ..base import Counts, Judged
from ..tallies import MINUTE, counted_as

_STATES = DeliveryCounts.__struct_fields__
_REFUSED_REQUESTS = "refused requests"
"""Apart from the delivery `refused`, which is Mixpanel's answer."""
# Plain numbers: operations on flags cost more than the rest.
_REFUSED, _TEED = int(Marks.REFUSED), int(Marks.TEED)
_OTHERS = ("received", "teed", "errors", "warnings", "judged")
_LIGHTEST = len(SEVERITY_WEIGHT)
_REVISIONS = 4
"""Settings whose severities are kept."""
_NEVER = 1 << 62
"""Later than any message."""

COUNTED = "marks, delivery, errors, warnings, id, received_at, type, name, event, rules, sent, kind, judged"
"""Columns of the view `lines`."""


class Row(NamedTuple):
    """What of a message's row is counted, and which rows it shares with others; in the order of `COUNTED`."""

    marks: int
    delivery: str
    errors: int
    warnings: int
    id: int = 0
    received_at: int = 0
    type: str = ""
    name: str = ""
    event: str = ""
    rules: str = ""
    sent: int | None = None
    kind: int | None = None
    judged: int | None = None

    @classmethod
    def read(cls, row: Sequence[object]) -> Row:
        """Return the row with nothing in the places where it is damaged."""
        marks, delivery, errors, warnings, id, received_at, type, name, event, rules, sent, kind, judged = row
        return cls(
            _number(marks),
            _text(delivery),
            _number(errors),
            _number(warnings),
            _number(id),
            _number(received_at),
            _text(type),
            _text(name),
            _text(event),
            _text(rules),
            sent if isinstance(sent, int) else None,
            kind if isinstance(kind, int) else None,
            judged if isinstance(judged, int) else None,
        )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def facets(marks: int, delivery: str, errors: int, warnings: int, sent: int | None) -> tuple[str, ...]:
    """Return the totals that a row adds to: fields of Counts, and the delivery's word for a message."""
    names = ["errors"] if errors else ["warnings"] if warnings else []
    if marks & _REFUSED:
        return (*names, _REFUSED_REQUESTS)
    if marks & _TEED:
        names.append("teed")
    if sent is not None:
        names.append("judged")
    return (*names, "received", delivery)


class Tally:
    """Totals that change by addition; treated as immutable: `with_changes` makes the next one."""

    def __init__(self, totals: Counter[str]) -> None:
        self._totals = totals
        self.counts = Counts(
            **{name: totals[name] for name in _OTHERS},
            refused=totals[_REFUSED_REQUESTS],
            deliveries=DeliveryCounts(**{state: totals[state] for state in _STATES}),
        )

    def with_changes(self, changes: Iterable[tuple[Row, int]]) -> Tally:
        """Return the tally after `(row, how many more of it)` of each change."""
        folded: Counter[tuple[int, str, int, int, int | None]] = Counter()
        for row, more in changes:
            folded[row.marks, row.delivery, row.errors, row.warnings, row.sent] += more
        totals = self._totals.copy()
        for counted, more in folded.items():
            for name in facets(*counted):
                totals[name] += more
        return Tally(totals)

    def encode(self) -> str:
        """Return the text that the journal keeps."""
        return msgspec.json.encode(self.counts).decode()

    @classmethod
    def decode(cls, text: str) -> Tally:
        """Read the text that the journal keeps. Raises msgspec.DecodeError."""
        counts = msgspec.json.decode(text, type=Counts)
        totals = Counter({name: getattr(counts, name) for name in _OTHERS})
        totals[_REFUSED_REQUESTS] = counts.refused
        totals.update(msgspec.structs.asdict(counts.deliveries))
        return cls(totals)


_Alike = tuple[str, str, str, str, int, int, int]
"""What rows have in common that add the same to the same totals."""
_Key = tuple[str, str, str]
"""Type, event and rule; the rule is "" for all messages of an event."""

_UPSERT_TALLIES = """
INSERT INTO tallies (type, event, rule, messages, errors, warnings, silent, worst, first, last, newest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    messages = messages + excluded.messages, errors = errors + excluded.errors,
    warnings = warnings + excluded.warnings, silent = silent + excluded.silent,
    worst = min(worst, excluded.worst), first = min(first, excluded.first),
    last = max(last, excluded.last), newest = max(newest, excluded.newest)
"""
_UPSERT_MINUTES = """
INSERT INTO minutes (minute, type, event, rule, messages, errors, warnings) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    messages = messages + excluded.messages, errors = errors + excluded.errors,
    warnings = warnings + excluded.warnings
"""
_UPSERT_HOURS = _UPSERT_MINUTES.replace("INTO minutes (minute,", "INTO hours (hour,")
HOUR = 60
"""Minutes of the stretches in `hours`."""
_UPSERT_STANDINGS = """
INSERT INTO standings (type, event, delivery, messages) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET messages = messages + excluded.messages
"""


class Severities:
    """The worst severity that each rule has had, by the settings that judged: the newest ones last.

    Treated as immutable. Other settings, and repairs, change the severity of a rule.
    """

    def __init__(self, by_revision: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._by_revision = by_revision or {}

    def with_more(self, given: Iterable[Judged]) -> Severities:
        """Return the severities after these messages were judged; the same object if nothing is new."""
        found: dict[str, dict[str, int]] = {}
        for judged in given:
            known = found.setdefault(judged.revision, {})
            for rule, severity in judged.rules.items():
                known[rule] = min(known.get(rule, _LIGHTEST), SEVERITY_WEIGHT[severity])
        changed = dict(self._by_revision)
        new = False
        for revision, weights in found.items():
            known = changed.get(revision, {})
            more = {
                rule: weight for rule, weight in weights.items() if weight < known.get(rule, _LIGHTEST + 1)
            }
            if more or (revision and revision != next(reversed(changed), None)):
                new = True
                changed.pop(revision, None)
                changed[revision] = {**known, **more}
        return Severities(dict(list(changed.items())[-_REVISIONS:])) if new else self

    def weights(self) -> dict[str, int]:
        """Return the weight for each rule, by the newest settings that found it."""
        found: dict[str, int] = {}
        for weights in self._by_revision.values():
            found.update(weights)
        return found

    def encode(self) -> str:
        """Return the text that the journal keeps."""
        return msgspec.json.encode(self._by_revision).decode()

    @classmethod
    def decode(cls, text: str) -> Severities:
        """Read the text that the journal keeps; what is damaged counts as nothing."""
        try:
            return cls(msgspec.json.decode(text, type=dict[str, dict[str, int]]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cls()


def worst_of(given: Iterable[Judged]) -> dict[str, int]:
    """Return the weight of the worst severity that each rule has in these messages."""
    worst: dict[str, int] = {}
    for judged in given:
        for rule, severity in judged.rules.items():
            worst[rule] = min(worst.get(rule, _LIGHTEST), SEVERITY_WEIGHT[severity])
    return worst


class _Sums:
    """What changes in one row of `tallies`."""

    __slots__ = ("errors", "first", "last", "messages", "newest", "silent", "warnings")

    def __init__(self) -> None:
        self.messages = self.errors = self.warnings = self.silent = 0
        self.first, self.last, self.newest = _NEVER, 0, 0

    def sums(self) -> tuple[int, int, int, int]:
        return self.messages, self.errors, self.warnings, self.silent


def _alike_by(row: Row, more: int) -> _Alike:
    type, event = counted_as(row.type, row.name, row.event, refused=bool(row.marks & _REFUSED))
    bad = 1 if row.errors else 0
    warned = 1 if row.warnings and not bad else 0
    silent = 1 if row.sent == 0 and type else 0
    flags = bad | warned << 1 | silent << 2
    return type, event, row.rules, row.delivery, flags, row.received_at // MINUTE, more


class Changes:
    """What rows that come, go and change do to the tables of totals. `write` belongs into a transaction.

    `worst` has the weights of the worst severities that the rules of these rows have.
    """

    def __init__(self, worst: Mapping[str, int] | None = None) -> None:
        self._worst = worst or {}
        self._tallies: dict[_Key, _Sums] = {}
        self._minutes: dict[tuple[int, str, str, str], list[int]] = {}
        self._standings: Counter[_Key] = Counter()
        self._less = False

    def add(self, rows: Iterable[tuple[Row, int]]) -> None:
        """Count rows that come (1) or go (-1)."""
        alike: dict[_Alike, list[int]] = {}
        for row, more in rows:
            key = _alike_by(row, more)
            known = alike.get(key)
            if known is None:
                alike[key] = [1, row.received_at, row.received_at, row.id]
                continue
            known[0] += 1
            known[1] = min(known[1], row.received_at)
            known[2] = max(known[2], row.received_at)
            known[3] = max(known[3], row.id)
        for key, found in alike.items():
            self._alike(key, found)

    def add_alike(self, row: Row, count: int, first: int, last: int, newest: int) -> None:
        """Count rows that come, all like this one, from `first` to `last`; `newest` is the highest id."""
        self._alike(_alike_by(row, 1), (count, first, last, newest))

    def less_alike(self, row: Row, count: int) -> None:
        """Count rows that go, all like this one."""
        self._alike(_alike_by(row, -1), (count, 0, 0, 0))

    def _alike(self, key: _Alike, found: Sequence[int]) -> None:
        type, event, rules, delivery, flags, minute, more = key
        count, first, last, newest = found
        self._less = self._less or more < 0
        more *= count
        bad, warned, silent = (more if flags >> bit & 1 else 0 for bit in range(3))
        for rule in ("", *rules.split()):
            sums = self._tallies.get((type, event, rule))
            if sums is None:
                sums = self._tallies[type, event, rule] = _Sums()
            sums.messages += more
            sums.errors += bad
            sums.warnings += warned
            sums.silent += silent
            if more > 0:
                sums.first, sums.last = min(sums.first, first), max(sums.last, last)
                sums.newest = max(sums.newest, newest)
            time = (minute, "", "", rule) if rule else (minute, type, event, "")
            times = self._minutes.setdefault(time, [0, 0, 0])
            times[0] += more
            times[1] += bad
            times[2] += warned
        self._standings[type, event, delivery] += more

    def write(self, db: sqlite3.Connection) -> None:
        """Add them to the tables."""
        tallies = [
            (*key, *one.sums(), self._weight(key[2]), one.first, one.last, one.newest)
            for key, one in self._tallies.items()
            if any(one.sums())
        ]
        db.executemany(_UPSERT_TALLIES, tallies)
        db.executemany(
            _UPSERT_MINUTES, [(*key, *counts) for key, counts in self._minutes.items() if any(counts)]
        )
        hours: dict[tuple[int, str, str, str], list[int]] = {}
        for (minute, *what), counts in self._minutes.items():
            type, event, rule = what
            of_hour = hours.setdefault((minute // HOUR, type, event, rule), [0, 0, 0])
            for at, count in enumerate(counts):
                of_hour[at] += count
        db.executemany(_UPSERT_HOURS, [(*key, *counts) for key, counts in hours.items() if any(counts)])
        standings = [(*key, more) for key, more in self._standings.items() if more]
        db.executemany(_UPSERT_STANDINGS, standings)
        if self._less:
            db.executemany(
                "DELETE FROM tallies WHERE type = ? AND event = ? AND rule = ? AND messages <= 0",
                self._tallies.keys(),
            )
            db.executemany(
                "DELETE FROM minutes "
                "WHERE minute = ? AND type = ? AND event = ? AND rule = ? AND messages <= 0",
                self._minutes.keys(),
            )
            db.executemany(
                "DELETE FROM hours WHERE hour = ? AND type = ? AND event = ? AND rule = ? AND messages <= 0",
                hours.keys(),
            )
            db.executemany(
                "DELETE FROM standings WHERE type = ? AND event = ? AND delivery = ? AND messages <= 0",
                self._standings.keys(),
            )

    def _weight(self, rule: str) -> int:
        return self._worst.get(rule, _LIGHTEST)
