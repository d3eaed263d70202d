"""Going to the next error among 100,000 messages, against one SQL query that looks at each of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from big_journal import write_journal
from measured import least_cpu

from segtap.core.query import parse
from segtap.core.stores.base import Condition
from segtap.core.stores.sqlite import search
from segtap.core.stores.sqlite.schema import connect_reader

MESSAGES = 100_000
BAD = 50_500
"""The one message with an error."""
ROUNDS = 5
MOST = 0.3
"""Times what the query takes; 0.01 to 0.07 when this was written."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("errors") / "journal.db"
    write_journal(path, MESSAGES, {BAD})
    return path


@pytest.mark.bench
@pytest.mark.parametrize("filter", ["warn:error", "event warn:error", 'event:"event 40" warn:error'])
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
                assert [line.message_id for line in page.summaries] == [f"m_{BAD}"]

        def look_at_all() -> None:
            assert db.execute(
                "SELECT count(*) FROM messages WHERE warnings > 1 OR name = '-'"
            ).fetchone() == (0,)

        ratio = least_cpu(go, ROUNDS) / least_cpu(look_at_all, ROUNDS)
    print(f"{filter}: {ratio:.2f} of a query over all")
    assert ratio < MOST
