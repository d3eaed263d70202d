"""Messages as the filter language sees them, for its tests: a candidate that counts what is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import msgspec

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.messages import JsonObject, Marks
from segtap.core.query import Facts, Judgement, Names, names_of, parse, quoted, searched_parts, searched_text
from segtap.core.query.searched import BETWEEN
from segtap.core.query.wildcards import encodable, fold
from segtap.core.stores.base import Condition, Entry, Judged
from segtap.core.stores.sqlite.rows import ALL_COLUMNS, pack_entry
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


def table(rows: Sequence[Row], *, text_limit: int = 1000, name_limit: int = 128) -> sqlite3.Connection:
    """The index's table in memory with these rows, numbered from 0. Each third one is not judged yet."""
    db = sqlite3.connect(":memory:")
    db.executescript(TABLE)
    for id, row in enumerate(rows):
        facts, names = row.facts, row.names
        own, common = searched_parts(row.document)
        common = common[:text_limit]
        whole = f"{own[:text_limit]}{BETWEEN}{common}" if common else own[:text_limit]
        texts = {name: getattr(names, name)[:name_limit] for name in Names.__struct_fields__}
        entry = Entry(
            Summary(
                id,
                facts.received_at,
                facts.type,
                "",
                "",
                "",
                row.errors if id % 3 != 2 else 0,
                row.warnings if id % 3 != 2 else 0,
                facts.marks,
                facts.delivery,
                facts.message_id[:name_limit],
            ),
            True,
            whole,
            names=Names(**{**texts, "origin": names.origin}),
            judged=Judged(
                notes=row.notes, rules=dict.fromkeys(row.rules, "info"), sent=row.sent, revision="r1"
            )
            if id % 3 != 2
            else Judged(),
            text_cut=max(len(own), len(searched_parts(row.document)[1])) > text_limit,
            common_from=min(len(own), text_limit) if common else -1,
        )
        if common:
            db.execute("INSERT INTO common_texts VALUES (?, ?)", (id + 1, common))
        values = pack_entry(entry, id + 1 if common else 0)
        db.execute(f"INSERT INTO messages ({ALL_COLUMNS}) VALUES ({','.join('?' * len(values))})", values)
    return db


def holding(text: str) -> Condition:
    """The condition of a page that holds a text."""
    sql, parameters = parse(quoted(text)).to_sql()
    return Condition(sql, tuple(parameters), lambda found: fold(text) in found.entry.text)
