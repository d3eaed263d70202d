"""Messages as the filter language sees them, for its tests: a candidate that counts what is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import msgspec

from segtap.core.delivery import DeliveryState
from segtap.core.messages import JsonObject, Marks
from segtap.core.query import Facts, Judgement, Names, names_of, searched_text
from segtap.core.query.wildcards import encodable


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
    """An index in memory with these rows, numbered from 0. Each third one is not judged yet."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, received_at INTEGER, type TEXT, marks INTEGER, "
        "delivery TEXT, message_id TEXT, event TEXT, user_id TEXT, anonymous_id TEXT, group_id TEXT, "
        "write_key TEXT, library TEXT, origin TEXT, errors INTEGER, warnings INTEGER, notes INTEGER, "
        "rules TEXT, sent INTEGER, revision TEXT, text TEXT, text_cut INTEGER)"
    )
    for id, row in enumerate(rows):
        facts, names, text = row.facts, row.names, searched_text(row.document)
        judged = id % 3 != 2
        texts = (
            names.event,
            names.user_id,
            names.anonymous_id,
            names.group_id,
            names.write_key,
            names.library,
        )
        rules = "".join(f" {rule}" for rule in sorted(row.rules)) + " " if judged and row.rules else ""
        db.execute(
            f"INSERT INTO messages VALUES ({','.join('?' * 21)})",
            (
                id,
                facts.received_at,
                facts.type,
                facts.marks,
                facts.delivery.value,
                facts.message_id[:name_limit],
                *(one[:name_limit] for one in texts),
                names.origin,
                row.errors if judged else 0,
                row.warnings if judged else 0,
                row.notes if judged else 0,
                rules,
                int(row.sent) if judged else None,
                "r1" if judged else "",
                text[:text_limit],
                int(len(text) > text_limit),
            ),
        )
    return db
