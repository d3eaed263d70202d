"""Going to the next error or warning among 100,000 messages, against SQL that looks at each of them."""

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
MOST_WITH_TEXTS = 2.2
"""Times what the query takes; 1.3 when this was written, and 3.4 with all texts unpacked."""


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


@pytest.mark.bench
def test_the_texts_of_messages_without_a_warning_are_not_unpacked(tmp_path: Path) -> None:
    """A filter for a text, which most texts would have to be unpacked for, costs little beside the query."""
    path = tmp_path / "journal.db"
    words = " ".join(f"value {n} of a message" for n in range(20))
    write_journal(path, MESSAGES, {0}, words=words)
    condition = Condition(
        "warnings > 0 OR name = '-'", (), lambda found: True, parse('"event 41 value"').stretch_test()
    )
    with closing(connect_reader(path)) as db:

        def go() -> None:
            assert not search.page(db, 1 << 62, None, 1, condition).summaries

        def look_at_all() -> None:
            assert db.execute("SELECT count(*) FROM lines WHERE warnings > 0 OR name = '-'").fetchone() == (
                0,
            )

        ratio = least_cpu(go, ROUNDS) / least_cpu(look_at_all, ROUNDS)
    print(f"{ratio:.2f} of a query over all")
    assert ratio < MOST_WITH_TEXTS
