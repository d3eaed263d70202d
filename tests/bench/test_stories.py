"""The timeline of a rare user among 100,000 messages, against one SQL query that looks at each of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from fault_log import no_faults
from measured import least_cpu

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.engine.stories import user_condition
from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import Receipt, message_number
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.query import Names
from segtap.core.stores.base import Entry, Judged
from segtap.core.stores.sqlite import search
from segtap.core.stores.sqlite.rows import pack_receipt
from segtap.core.stores.sqlite.schema import connect_reader
from segtap.core.stores.sqlite.store import Store
from segtap.core.stories.user import ids_of
from segtap.core.verdict import Translation, Verdict

MESSAGES, TOGETHER = 100_000, 1_000
AT = 1_790_000_000_000
ROUNDS = 5
MOST = 6.0
"""Times what the query takes."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stories") / "journal.db"
    store = Store(path)
    receipt = Receipt(uid="u", received_at=AT, method="POST", path="/v1/batch", body=b"{}")
    for start in range(0, MESSAGES, TOGETHER):
        (seq,) = store.append([pack_receipt(receipt)])
        entries: list[Entry] = []
        for place in range(TOGETHER):
            number = start + place
            user = "rare" if number == MESSAGES // 2 else f"user-{number % 10_000}"
            id = message_number(seq, place)
            line = Summary(
                id, AT + number, "track", "A", user, "web", 0, 0, 0, DeliveryState.OFF, f"m-{number}"
            )
            judged = Judged(sent=True, revision="1")
            entries.append(Entry(line, False, "a", names=Names(event="A", user_id=user), judged=judged))
        store.index(entries, seq)
    store.checkpoint("TRUNCATE")
    store.close()
    return path


@pytest.mark.bench
def test_a_rare_user_is_found_soon(path: Path) -> None:
    reader = ReceiptReader(parse_receipt, lambda message: Verdict(Translation()), no_faults())

    def bare() -> None:
        with closing(connect_reader(path)) as db:
            query = "SELECT count(*) FROM messages WHERE user_id = 'rare' OR anonymous_id = 'rare'"
            assert db.execute(query).fetchone() == (1,)

    def story() -> None:
        condition = user_condition(reader, ids_of(None, "rare"), {}, {})
        with closing(connect_reader(path)) as db:
            assert len(search.page(db, None, None, 200, condition).summaries) == 1

    ratio = least_cpu(story, ROUNDS) / least_cpu(bare, ROUNDS)
    assert ratio < MOST, f"{ratio:.2f} times the query"
