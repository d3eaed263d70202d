"""How messages stand on each of several routes to Mixpanel; with one route the tables are not made.

With them comes a column of `deliveries` that names the route. Totals follow the rows by triggers. Each
function is given the connection, and is part of the transaction of the one who calls it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence

from ...delivery import OWED_STATES, Delivery, DeliveryCounts, DeliveryState, Owed, RouteStanding, summed
from .rows import DELIVERY_COLUMNS, unpack_delivery, unpack_owed

_TABLES = """
CREATE TABLE routed (
    id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    route TEXT NOT NULL,
    delivery TEXT NOT NULL,
    owed INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    warnings INTEGER NOT NULL
);
CREATE UNIQUE INDEX routed_by_message ON routed (id, route);
CREATE INDEX routed_owed ON routed (route, id) WHERE owed = 1;
CREATE TABLE routed_totals (
    route TEXT NOT NULL,
    delivery TEXT NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (route, delivery)
) WITHOUT ROWID;
CREATE TRIGGER routed_added AFTER INSERT ON routed BEGIN
    INSERT INTO routed_totals VALUES (new.route, new.delivery, 1)
    ON CONFLICT (route, delivery) DO UPDATE SET messages = messages + 1;
END;
CREATE TRIGGER routed_gone AFTER DELETE ON routed BEGIN
    UPDATE routed_totals SET messages = messages - 1 WHERE route = old.route AND delivery = old.delivery;
END;
CREATE TRIGGER routed_moved AFTER UPDATE OF delivery ON routed WHEN old.delivery != new.delivery BEGIN
    UPDATE routed_totals SET messages = messages - 1 WHERE route = old.route AND delivery = old.delivery;
    INSERT INTO routed_totals VALUES (new.route, new.delivery, 1)
    ON CONFLICT (route, delivery) DO UPDATE SET messages = messages + 1;
END;
ALTER TABLE deliveries ADD COLUMN route TEXT NOT NULL DEFAULT '';
"""
TABLES = ("routed", "routed_totals")
DELIVERY_COLUMNS_BY_ROUTE = f"{DELIVERY_COLUMNS}, route"
_IDS_A_QUERY = 500
_STATES = {state.value: state for state in DeliveryState}
_REST = """
UNION ALL
SELECT id, marks, delivery, received_at FROM messages
WHERE messages.owed = 1 AND delivery != 'held' AND id > ?3
AND NOT EXISTS (SELECT 1 FROM routed AS other WHERE other.id = messages.id)
"""
"""Messages that became owed while there was one route."""


def made(db: sqlite3.Connection) -> bool:
    """Return whether the file has the tables."""
    return db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'routed_totals'").fetchone() is not None


def make(db: sqlite3.Connection) -> None:
    """Make the tables, which are not there."""
    statement = ""
    for part in _TABLES.split(";"):  # executescript would end the transaction
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


def add(db: sqlite3.Connection, rows: Iterable[tuple[int, Sequence[RouteStanding]]]) -> None:
    """Write how new messages stand on their routes."""
    db.executemany(
        "INSERT INTO routed (id, place, route, delivery, owed, errors, warnings)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                id,
                place,
                one.route,
                one.delivery.value,
                int(one.delivery in OWED_STATES),
                one.errors,
                one.warnings,
            )
            for id, standings in rows
            for place, one in enumerate(standings)
        ],
    )


def revise(db: sqlite3.Connection, rows: Iterable[tuple[int, Sequence[RouteStanding]]]) -> None:
    """Write the marks of messages that were judged again."""
    db.executemany(
        "UPDATE routed SET errors = ?, warnings = ? WHERE id = ? AND route = ?",
        [(one.errors, one.warnings, id, one.route) for id, standings in rows for one in standings],
    )


def move(
    db: sqlite3.Connection, route: str, states: Sequence[tuple[int, DeliveryState]], owing: Collection[int]
) -> None:
    """Write the states of messages on a route; one that has no route yet goes along this one from then on."""
    db.executemany(
        "INSERT INTO routed (id, place, route, delivery, owed, errors, warnings)"
        " SELECT id, 0, ?, ?, ?, errors, warnings FROM messages WHERE id = ?"
        " ON CONFLICT (id, route) DO UPDATE SET delivery = excluded.delivery, owed = excluded.owed",
        [(route, state.value, int(state in OWED_STATES or id in owing), id) for id, state in states],
    )


def spoil(db: sqlite3.Connection, first: int, end: int) -> None:
    """Owe nothing of some messages: what they were received in cannot be read."""
    db.execute(
        "UPDATE routed SET delivery = ?, owed = 0 WHERE id >= ? AND id < ? AND owed = 1",
        (DeliveryState.FAULT.value, first, end),
    )


def sums(db: sqlite3.Connection, ids: Collection[int]) -> tuple[dict[int, DeliveryState], set[int]]:
    """Return the states of messages over all of their routes, and which of them are owed along any."""
    states: dict[int, list[DeliveryState]] = {}
    owed: set[int] = set()
    for some in _stretches(list(ids)):
        rows = db.execute(f"SELECT id, delivery, owed FROM routed WHERE id IN ({_places(some)})", some)
        for id, delivery, is_owed in rows:
            states.setdefault(id, []).append(_state(delivery))
            if is_owed:
                owed.add(id)
    return {id: summed(found) for id, found in states.items()}, owed


def present(db: sqlite3.Connection, ids: Collection[int]) -> dict[int, DeliveryState]:
    """Return the states of messages as their lines have them."""
    found: dict[int, DeliveryState] = {}
    for some in _stretches(list(ids)):
        rows = db.execute(f"SELECT id, delivery FROM messages WHERE id IN ({_places(some)})", some)
        found.update((id, _state(delivery)) for id, delivery in rows)
    return found


def owed(db: sqlite3.Connection, route: str, after: int, limit: int, rest: bool) -> list[Owed]:
    """Return the messages to be sent along a route, oldest first; `rest`: also those that have no route.

    The tables have to be there.
    """
    rows = db.execute(
        "SELECT routed.id AS id, marks, routed.delivery AS delivery, received_at FROM routed"
        " JOIN messages ON messages.id = routed.id"
        " WHERE routed.owed = 1 AND routed.route = ?1 AND routed.delivery != 'held' AND routed.id > ?3"
        f"{_REST if rest else ''} ORDER BY id LIMIT ?2",
        (route, limit, after),
    )
    return [unpack_owed(*row) for row in rows]


def standings(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, tuple[RouteStanding, ...]]:
    """Return how messages stand on each of their routes, without those that have none."""
    if not made(db):
        return {}
    found: dict[int, list[RouteStanding]] = {}
    for some in _stretches(ids):
        rows = db.execute(
            "SELECT id, route, delivery, errors, warnings FROM routed"
            f" WHERE id IN ({_places(some)}) ORDER BY id, place",
            some,
        )
        for id, route, delivery, errors, warnings in rows:
            found.setdefault(id, []).append(RouteStanding(route, _state(delivery), errors, warnings))
    return {id: tuple(standing) for id, standing in found.items()}


def counts(db: sqlite3.Connection) -> dict[str, DeliveryCounts]:
    """Return how many messages stand where on each route."""
    if not made(db):
        return {}
    found: dict[str, dict[str, int]] = {}
    rows = db.execute("SELECT route, delivery, messages FROM routed_totals WHERE messages != 0")
    for route, delivery, messages in rows:
        found.setdefault(route, {})[_state(delivery).value] = messages
    return {route: DeliveryCounts(**states) for route, states in found.items()}


def forget(db: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> None:
    """Forget the messages from one id of a span to before the other."""
    db.executemany("DELETE FROM routed WHERE id >= ? AND id < ?", spans)


def deliveries_of(
    db: sqlite3.Connection, ids: Sequence[int], route: str, rest: bool
) -> dict[int, list[Delivery]]:
    """Return the attempts for some messages along a route, oldest first; those without any are left out.

    With `rest`, attempts that name no route are among them. The tables have to be there.
    """
    found: dict[int, list[Delivery]] = {}
    for some in _stretches(ids):
        rows = db.execute(
            f"SELECT {DELIVERY_COLUMNS_BY_ROUTE} FROM deliveries"
            f" WHERE message IN ({_places(some)}) AND route IN (?, ?) ORDER BY number",
            (*some, route, "" if rest else route),
        )
        for row in rows:
            delivery = unpack_delivery(row)
            found.setdefault(delivery.message, []).append(delivery)
    return found


def _state(word: object) -> DeliveryState:
    """Return a state; a damaged word counts as a fault, so that nothing is sent."""
    return _STATES.get(str(word), DeliveryState.FAULT)


def _stretches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + _IDS_A_QUERY] for at in range(0, len(ids), _IDS_A_QUERY))


def _places(values: Sequence[int]) -> str:
    return ",".join("?" * len(values))
