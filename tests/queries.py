"""Messages as the filter language sees them, for its tests: a candidate that counts what is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import msgspec

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.messages import JsonObject, Marks
from segtap.core.query import Facts, Judgement, Names, names_of, parse, quoted, searched_text
from segtap.core.query.wildcards import encodable, fold
from segtap.core.stores.base import Condition, Entry, Judged
from segtap.core.stores.sqlite.rows import (
    KIND_COLUMNS,
    MESSAGE_COLUMNS,
    VERDICT_COLUMNS,
    kind_of,
    pack_entry,
    verdict_of,
)
from segtap.core.stores.sqlite.schema import TABLE


class Row(msgspec.Struct, kw_only=True):
    """A message with what is known of it. `read` notes what a filter asked for."""

    document: JsonObject
    type: str = "track"
    received_at: int = 1_000_000
    write_key: str = "wk"
    origin: str = "sdk"
    marks: Marks = Marks.NONE
    delivery: DeliveryState = DeliveryState.OFF
    rules: Collection[str] = ()
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    sent: bool = True
    records: Sequence[JsonObject] = ()
    read: list[str] = msgspec.field(default_factory=list)

    def candidate(self) -> Asked:
        return Asked(self)

    @property
    def facts(self) -> Facts:
        return Facts(
            received_at=self.received_at,
            type=self.type,
            message_id=encodable(str(self.document.get("messageId", ""))),
            marks=int(self.marks),
            delivery=self.delivery,
        )

    @property
    def names(self) -> Names:
        return names_of(self.document, self.type, write_key=self.write_key, origin=self.origin)


class Asked:
    """The candidate of a row."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.facts = row.facts

    def names(self) -> Names:
        self._row.read.append("names")
        return self._row.names

    def judgement(self) -> Judgement:
        row = self._row
        row.read.append("judgement")
        return Judgement(
            rules=row.rules, errors=row.errors, warnings=row.warnings, notes=row.notes, sent=row.sent
        )

    def text(self) -> str:
        self._row.read.append("text")
        return searched_text(self._row.document)

    def document(self) -> JsonObject:
        self._row.read.append("document")
        return self._row.document

    def records(self) -> Sequence[JsonObject]:
        self._row.read.append("records")
        return self._row.records


def table(rows: Sequence[Row], *, name_limit: int = 128, judged: bool = False) -> sqlite3.Connection:
    """The index's tables in memory with these rows, numbered from 0.

    Each third one is not judged yet, unless all are `judged`.
    """
    unknown = () if judged else range(2, len(rows), 3)
    db = sqlite3.connect(":memory:")
    db.executescript(TABLE)
    for id, row in enumerate(rows):
        facts, names = row.facts, row.names
        texts = {name: getattr(names, name)[:name_limit] for name in Names.__struct_fields__}
        entry = Entry(
            Summary(
                id,
                facts.received_at,
                facts.type,
                "",
                "",
                "",
                row.errors if id not in unknown else 0,
                row.warnings if id not in unknown else 0,
                facts.marks,
                facts.delivery,
                facts.message_id[:name_limit],
            ),
            True,
            names=Names(**{**texts, "origin": names.origin}),
            judged=Judged(
                notes=row.notes, rules=dict.fromkeys(row.rules, "info"), sent=row.sent, revision="r1"
            )
            if id not in unknown
            else Judged(),
        )
        verdict = verdict_of(entry.judged)
        insert(db, "kinds", f"id, {KIND_COLUMNS}, uses", (id + 1, *kind_of(entry), 1))
        if verdict is not None:
            insert(db, "verdicts", f"id, {VERDICT_COLUMNS}, uses", (id + 1, *verdict, 1))
        insert(
            db, "messages", MESSAGE_COLUMNS, pack_entry(entry, id + 1, None if verdict is None else id + 1)
        )
    return db


def insert(db: sqlite3.Connection, table: str, columns: str, values: Sequence[object]) -> None:
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({','.join('?' * len(values))})", values)


def holding(text: str) -> Condition:
    """The condition of a page that holds a text."""
    test = parse(quoted(text)).stretch_test()
    return Condition(matches=lambda found: fold(text) in (found.text() or ""), texts=test)
