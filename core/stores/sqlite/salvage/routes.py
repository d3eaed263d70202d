"""Copies what is owed to mirrors and archives, and what came of their requests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set

from ....delivery import Handover, Outcome
from .. import requests
from .records import Value
from .tables import Found

_LAST = frozenset((Outcome.SENT, Outcome.REFUSED, Outcome.DROPPED))
"""The outcomes after which a request is not handed over again."""


def copy_requests(
    db: sqlite3.Connection,
    receipts: Set[int],
    owed: Iterable[Found],
    handed: Iterable[Found],
    routes: Mapping[int, Sequence[str]],
    *,
    doubtful: bool,
) -> int:
    """Owe to routes what was owed to them, and return how many debts that are.

    `receipts` are the numbers of the requests that were copied, `owed` and `handed` the rows of the two
    tables, `routes` has the names of the routes of each request
    that was copied. If `doubtful`, rows may be missing: a request is then owed to its routes unless it can be
    read what came of it there. What is handed over twice does no harm: Segment drops a copy, and an archive's
    object is written over.
    """
    requests.make(db)
    handovers = [one for found in handed if (one := _handover(found.cell.values)) is not None]
    requests.record(db, handovers, ())
    debts = {debt: None for found in owed if (debt := _debt(found.cell.values)) is not None}
    if doubtful:
        done = {(one.receipt, one.route) for one in handovers if one.outcome in _LAST}
        every = ((seq, route) for seq, names in routes.items() for route in names)
        debts |= {debt: None for debt in every if debt not in done}
    names: dict[int, list[str]] = {}
    for seq, route in debts:
        if seq in receipts:
            names.setdefault(seq, []).append(route)
    requests.owe(db, names)
    return sum(map(len, names.values()))


def _debt(values: Sequence[Value] | None) -> tuple[int, str] | None:
    match values:
        case (_, str(route), int(seq)):
            return seq, route
        case _:
            return None


def _handover(values: Sequence[Value] | None) -> Handover | None:
    match values:
        case (_, str(route), int(seq), int(at), str(what), int(status), str(words), int(attempt), int(took)):
            if what not in set(Outcome):
                return None
            return Handover(route, seq, at, Outcome(what), status, words, attempt, took)
        case _:
            return None
