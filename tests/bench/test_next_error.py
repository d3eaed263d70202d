"""Going to the next error among 100,000 messages, against one SQL query that looks at each of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from measured import least_cpu

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Receipt, message_number
from segtap.core.query import Names, parse
from segtap.core.stores.base import Condition, Entry, Judged
from segtap.core.stores.sqlite import search
from segtap.core.stores.sqlite.rows import pack_receipt
from segtap.core.stores.sqlite.schema import connect_reader
from segtap.core.stores.sqlite.store import Store

MESSAGES, TOGETHER = 100_000, 1_000
AT = 1_790_000_000_000
BAD = 50_500
"""The one message with an error."""
ROUNDS = 5
MOST = 0.3
"""Times what the query takes; 0.01 to 0.07 when this was written."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("errors") / "journal.db"
    store = Store(path)
    receipt = Receipt(uid="u", received_at=AT, method="POST", path="/v1/batch", body=b"{}")
    for start in range(0, MESSAGES, TOGETHER):
        (seq,) = store.append([pack_receipt(receipt)])
        entries: list[Entry] = []
        for place in range(TOGETHER):
            bad = int(start + place == BAD)
            event = f"Event {place % 60}"
            line = Summary(
                message_number(seq, place),
                AT + start + place,
                "track",
                event,
                f"user-{place}",
                "web",
                bad,
                0,
                0,
                DeliveryState.OFF,
                f"m-{start + place}",
            )
            judged = Judged(
                errors=bad, rules={"insert-id-charset": "error"} if bad else {}, sent=True, revision="1"
            )
            entries.append(Entry(line, False, event.lower(), names=Names(event=event), judged=judged))
        store.index(entries, seq)
    store.checkpoint("TRUNCATE")
    store.close()
    return path


@pytest.mark.bench
@pytest.mark.parametrize("filter", ["warn:error", "event warn:error", 'event:"event 20" warn:error'])
def test_the_next_error_is_found_without_looking_at_the_others(path: Path, filter: str) -> None:
    query = parse(filter)
    (sql, parameters), (sql_judged, of_judged) = query.to_sql(), query.to_sql(judged=True)
    condition = Condition(
        sql,
        tuple(parameters),
        lambda found: found.entry.summary.errors > 0,
        query.stretch_test(),
        sql_judged=sql_judged,
        parameters_judged=tuple(of_judged),
    )
    with closing(connect_reader(path)) as db:

        def go() -> None:
            for before, after in ((None, 0), (1 << 62, None)):
                page = search.page(db, before, after, 1, condition)
                assert [line.message_id for line in page.summaries] == [f"m-{BAD}"]

        def look_at_all() -> None:
            assert db.execute(
                "SELECT count(*) FROM messages WHERE warnings > 1 OR name = '-'"
            ).fetchone() == (0,)

        ratio = least_cpu(go, ROUNDS) / least_cpu(look_at_all, ROUNDS)
    print(f"{filter}: {ratio:.2f} of a query over all")
    assert ratio < MOST
