"""The first answer about 100,000 messages, against one SQL query that counts the same file by event."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from measured import least_cpu

from segtap.core.aggregates.counts import MOST_EVENTS, NEWEST, step_of
from segtap.core.aggregates.gathered import Gathered
from segtap.core.api.models import Summary
from segtap.core.checks.stream import Loose, said_by
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Receipt, message_number
from segtap.core.query import Names
from segtap.core.settings import Destination
from segtap.core.stores.base import Entry, Judged
from segtap.core.stores.sqlite import totals
from segtap.core.stores.sqlite.rows import pack_receipt
from segtap.core.stores.sqlite.schema import connect_reader
from segtap.core.stores.sqlite.store import Store
from segtap.core.verdict import Operation, OutgoingRequest, Translation

MESSAGES, TOGETHER = 100_000, 1_000
AT, SPAN = 1_790_000_000_000, 20 * 86_400_000
RULES = ("insert-id-charset", "ip-missing", "placeholder-user-id", "order-total", "os-missing")
ROUNDS = 3
MOST_SUMMARY = 2.0
"""Times what the query takes; 0.8 when this was written."""
MOST_USERS = 4.0
"""Times what the query takes, to restore a tenth as many users; 0.04 when this was written."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("summing") / "journal.db"
    draw, store = random.Random(1), Store(path)
    receipt = Receipt(uid="u", received_at=AT, method="POST", path="/v1/batch", body=b"{}")
    for start in range(0, MESSAGES, TOGETHER):
        (seq,) = store.append([pack_receipt(receipt)])
        entries: list[Entry] = []
        for place in range(TOGETHER):
            event, user = f"Event {draw.randrange(60)}", f"user-{draw.randrange(10_000)}"
            rules = dict.fromkeys(draw.sample(RULES, draw.randrange(3)), "warning")
            at = AT + (start + place) * SPAN // MESSAGES
            line = Summary(
                message_number(seq, place),
                at,
                "track",
                event,
                user,
                "web",
                0,
                len(rules),
                0,
                DeliveryState.OFF,
                f"m-{start + place}",
            )
            judged = Judged(warnings=len(rules), rules=rules, sent=True, revision="1")
            entries.append(Entry(line, False, event, names=Names(event=event, user_id=user), judged=judged))
        store.index(entries, seq)
    store.checkpoint("TRUNCATE")
    store.close()
    return path


def bare(path: Path) -> float:
    def query() -> None:
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute(
                "SELECT event, delivery, count(*) FROM lines GROUP BY event, delivery"
            ).fetchall()
            assert len(rows) == 60

    return least_cpu(query, ROUNDS)


@pytest.mark.bench
def test_the_first_summary_takes_no_longer_than_counting_by_event(path: Path) -> None:
    def summary() -> None:
        with closing(connect_reader(path)) as db:
            found = totals.tallies(db, step_of, MOST_EVENTS, NEWEST)
            assert (found.messages, found.events_total, len(found.rules)) == (MESSAGES, 60, len(RULES))

    ratio = least_cpu(summary, ROUNDS) / bare(path)
    print(f"summary: {ratio:.2f} of a query")
    assert ratio < MOST_SUMMARY


@pytest.mark.bench
def test_the_users_of_the_last_engine_are_there_as_soon(path: Path) -> None:
    destination = Destination()
    gathered = Gathered("original", destination, None)
    for number in range(1, MESSAGES // 10):
        request = OutgoingRequest(
            "POST", "https://x/import", body=[{"event": "E", "properties": {"distinct_id": f"user-{number}"}}]
        )
        document = {"type": "track", "userId": f"user-{number}"}
        loose = Loose(document=document, type="track", id=number)
        gathered.add(said_by(loose, Translation((Operation("s", "trackEvent", request),)), AT))
    parts = list(gathered.packed())

    def restored() -> None:
        again = Gathered("original", destination, None)
        assert again.restore(parts)
        assert again.users.ids.total == MESSAGES // 10 - 1

    ratio = least_cpu(restored, ROUNDS) / bare(path)
    print(f"users: {ratio:.2f} of a query")
    assert ratio < MOST_USERS
