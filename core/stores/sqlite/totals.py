"""Reads the messages of the file in numbers: by event, by rule and over time; see `Index.tallies`.

A small journal is counted line by line. Of a large one the tables of totals are read, see `tally`.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from ...messages import RAW_TYPE, Marks
from ...verdict import SEVERITY_WEIGHT, Severity
from ..base import SENT, Condition, CountedField
from ..tallies import (
    FINE,
    MINUTE,
    UNKNOWN,
    EventKey,
    EventTally,
    Line,
    RuleTally,
    StepOf,
    Stretch,
    Tallies,
    tallies_of,
    top_events,
)
from .message_rows import IDS_A_QUERY, places
from .progress import Span
from .reader import ENDLESS
from .search import Search, unfilled
from .tally import COUNTED, HOUR, Row, Severities

_SEVERITIES: dict[int, Severity] = {weight: severity for severity, weight in SEVERITY_WEIGHT.items()}
_COLUMNS = f"{COUNTED}, write_key"
_LOOK_BACK = 500
"""Lines up to the newest of an event or a rule among which others of it are looked for."""


def tallies(db: sqlite3.Connection, step_of: StepOf, events: int, newest: int) -> Tallies:
    """Return the journal in numbers, from one state of the file."""
    db.execute("BEGIN")
    try:
        start, end = unfilled(db)
        (missing,) = db.execute(
            "SELECT count(*) FROM messages WHERE id >= ? AND id < ?", (start, end)
        ).fetchone()
        (lines,) = db.execute("SELECT coalesce(sum(messages), 0) FROM tallies WHERE rule = ''").fetchone()
        if lines <= FINE:
            rows = db.execute(f"SELECT {_COLUMNS} FROM lines WHERE id >= ? OR id < ?", (end, start))
            found = tallies_of(map(_line, rows), _severities(db), step_of, events, newest)
        else:
            found = _from_tables(db, step_of, events, newest)
        return msgspec.structs.replace(found, missing=missing)
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")  # nothing was written


def stretch(
    db: sqlite3.Connection, condition: Condition, before: int | None, after: int | None, limit: int
) -> Stretch:
    """Return what is counted of the lines that fulfil a condition, see `Index.stretch`."""
    order = "ASC" if after is not None else "DESC"
    db.execute("BEGIN")
    try:
        looked, low, high = db.execute(
            "SELECT count(*), min(id), max(id) FROM (SELECT id FROM messages WHERE id > ? AND id < ? "
            f"ORDER BY id {order} LIMIT ?)",
            (after or 0, ENDLESS if before is None else before, limit),
        ).fetchone()
        if not looked:
            return Stretch()
        lacking = unfilled(db)
        search = Search(db, condition, lacking)
        chosen = {line.id for line in search.lines(Span(low - 1, high + 1), newest_first=False)}
        return Stretch(
            lines=tuple(map(_line, _rows(db, sorted(chosen)))),
            severities=_severities(db),
            looked=looked,
            first=low,
            last=high,
        )
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")  # nothing was written


def _rows(db: sqlite3.Connection, ids: Sequence[int]) -> Iterator[Sequence[object]]:
    """Yield what is counted of the messages with these ids."""
    for start in range(0, len(ids), IDS_A_QUERY):
        some = ids[start : start + IDS_A_QUERY]
        yield from db.execute(f"SELECT {_COLUMNS} FROM lines WHERE id IN ({places(some)}) ORDER BY id", some)


def _line(columns: Sequence[object]) -> Line:
    *counted, key = columns
    row = Row.read(counted)
    return Line(
        row.id,
        row.received_at,
        row.type,
        row.name,
        row.event,
        row.marks,
        row.errors,
        row.warnings,
        row.delivery,
        None if row.sent is None else bool(row.sent),
        row.rules.split(),
        key if isinstance(key, str) else "",
    )


def newest_with(db: sqlite3.Connection, rules: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return the newest message for each of these rules and each type, see `Index.newest`."""
    rows = db.execute(
        f"SELECT rule, type, max(newest) FROM tallies WHERE rule IN ({','.join('?' * len(rules))}) "
        "GROUP BY rule, type",
        rules,
    )
    return {(rule, type): id for rule, type, id in rows}


def values(db: sqlite3.Connection, field: CountedField) -> dict[str, int]:
    """Return how many messages have each value of a field, see `Index.values`."""
    if field == "sent":
        rows = db.execute("SELECT sent, sum(uses) FROM verdicts WHERE sent IS NOT NULL GROUP BY sent")
        return {SENT[bool(sent)]: messages for sent, messages in rows}
    if field == "rule":
        query = "SELECT rule, sum(messages) FROM tallies WHERE rule != '' GROUP BY rule"
    else:
        column = "write_key" if field == "key" else field
        query = f"SELECT {column}, sum(uses) FROM kinds WHERE {column} != '' GROUP BY {column}"
    return {
        str(value): messages
        for value, messages in db.execute(query)
        if isinstance(messages, int) and messages > 0
    }


def _severities(db: sqlite3.Connection) -> dict[str, Severity]:
    weights = dict(
        db.execute("SELECT rule, min(worst) FROM tallies WHERE rule != '' GROUP BY rule").fetchall()
    )
    row = db.execute("SELECT value FROM meta WHERE key = 'severities'").fetchone()
    if row is not None:
        weights |= Severities.decode(str(row[0])).weights()
    return {rule: _SEVERITIES.get(weight, "info") for rule, weight in weights.items()}


def _from_tables(db: sqlite3.Connection, step_of: StepOf, events: int, newest: int) -> Tallies:
    lines, refused, errors, warnings, since, until, last, different = db.execute(
        "SELECT sum(messages), sum(CASE WHEN type = '' THEN messages ELSE 0 END), "
        "sum(errors), sum(warnings), min(first), max(last), max(newest), count(*) "
        "FROM tallies WHERE rule = ''"
    ).fetchone()
    # Rows of messages that made room for newer ones are gone, but not their time in the totals.
    oldest = db.execute("SELECT id, received_at FROM messages ORDER BY id LIMIT 1").fetchone()
    first, since = oldest or (last, since)
    until = max(since, until)
    step = step_of(since, until, False)
    shares: defaultdict[str, dict[EventKey, int]] = defaultdict(dict)
    for rule, type, event, messages in db.execute(
        "SELECT rule, type, event, messages FROM tallies WHERE rule != ''"
    ):
        shares[rule][type, event] = messages
    listed = _events(db, events, newest, shares)
    keys = {(one.type, one.event) for one in listed}
    times: defaultdict[int, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    event_times: defaultdict[EventKey, dict[int, int]] = defaultdict(dict)
    rule_times: defaultdict[str, dict[int, int]] = defaultdict(dict)
    hourly = step % (HOUR * MINUTE) == 0
    table, column, unit = ("hours", "hour", HOUR * MINUTE) if hourly else ("minutes", "minute", MINUTE)
    for start, rule, type, event, *counts in db.execute(
        f"SELECT {column} * ? / ? * ? AS start, rule, type, event, sum(messages), sum(errors), sum(warnings) "
        f"FROM {table} GROUP BY start, rule, type, event",
        (unit, step, step),
    ):
        if rule:
            rule_times[rule][start] = counts[0]
            continue
        messages, bad, warned = (known + more for known, more in zip(times[start], counts, strict=True))
        times[start] = messages, bad, warned
        if (type, event) in keys:
            event_times[type, event][start] = counts[0]
    return Tallies(
        messages=lines - refused,
        refused=refused,
        errors=errors,
        warnings=warnings,
        first=first,
        last=last,
        since=since,
        until=until,
        step=step,
        keys=dict(db.execute("SELECT write_key, sum(uses) FROM kinds GROUP BY write_key").fetchall()),
        events=listed,
        events_total=different,
        rules=_rules(db, newest, shares),
        times=times,
        rule_times=rule_times,
        event_times=event_times,
    )


def _events(
    db: sqlite3.Connection, events: int, newest: int, shares: dict[str, dict[EventKey, int]]
) -> tuple[EventTally, ...]:
    found: list[EventTally] = []
    for type, event, messages, errors, warnings, silent, last in db.execute(
        "SELECT type, event, messages, errors, warnings, silent, newest FROM tallies WHERE rule = '' "
        "ORDER BY errors DESC, warnings DESC, messages DESC, type, event LIMIT ?",
        (events,),
    ).fetchall():
        delivery = db.execute(
            "SELECT delivery, messages FROM standings WHERE type = ? AND event = ?", (type, event)
        ).fetchall()
        rules = {rule: of[type, event] for rule, of in shares.items() if (type, event) in of}
        ids = _newest(db, last, newest, *_is_counted_as(type, event))
        found.append(EventTally(type, event, messages, errors, warnings, silent, ids, dict(delivery), rules))
    return tuple(found)


def _rules(
    db: sqlite3.Connection, newest: int, shares: dict[str, dict[EventKey, int]]
) -> tuple[RuleTally, ...]:
    found: list[RuleTally] = []
    severities = _severities(db)
    for rule, messages, first, last, id in db.execute(
        "SELECT rule, sum(messages), min(first), max(last), max(newest) "
        "FROM tallies WHERE rule != '' GROUP BY rule"
    ).fetchall():
        ids = _newest(db, id, newest, "instr(rules, ?)", f" {rule} ")
        events = tuple(top_events(shares[rule].items()))
        found.append(RuleTally(rule, severities.get(rule, "info"), messages, first, last, ids, events))
    return tuple(found)


def _is_counted_as(type: str, event: str) -> tuple[str, str]:
    """Return the condition for messages that are counted as this, see `counted_as`, and its parameter."""
    if type == "":
        return f"type = '' AND marks & {int(Marks.REFUSED)} AND name = ?", event
    if type == UNKNOWN:
        return f"type = '' AND NOT marks & {int(Marks.REFUSED)} AND name = ?", event
    if type == "track":
        return "type = 'track' AND name = ?", event
    if type in ("page", "screen", RAW_TYPE):
        return f"type = '{type}' AND event = ?", event
    return "type = ?", type


def _newest(db: sqlite3.Connection, last: int, many: int, condition: str, value: str) -> tuple[int, ...]:
    """Return the newest ids up to `last` for which the condition holds, of the lines just before it."""
    rows = db.execute(
        "SELECT id FROM (SELECT id, type, name, event, marks, rules FROM lines WHERE id <= ? "
        f"ORDER BY id DESC LIMIT {_LOOK_BACK}) WHERE {condition} ORDER BY id DESC LIMIT ?",
        (last, value, many),
    )
    return tuple(id for (id,) in rows)
