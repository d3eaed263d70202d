"""The tables, and how a connection to them is opened.

`receipts` is the truth: one row a request, written before it is acknowledged. `messages` and
`deliveries` are the index behind it. `meta` holds what must change in the same transaction as they do:

- `last_seq`: the highest number given out when receipts were last deleted (numbers are never used twice)
- `indexed`: receipts up to this one have their messages in the index
- `counts`: the totals of `messages`, as JSON
- `severities`: the worst severity of each rule by the settings that judged, see `tally`; it may be missing
- `snapshot`: which parts of `snapshots` are whole, see that module; it may be missing
- `settings`: those that the last engine ran with, as JSON without secrets; it may be missing
- `filled`, `fill`: messages of the receipts after the one and up to the other lack what this version keeps of
  them; missing when none do

What many messages have in common stands once: `kinds` has their type, event, source and library, `verdicts`
what translation and rules say of them. `uses` counts the messages that refer to a row. `texts` has the
searched texts of about a hundred messages in a row, compressed. Queries read the view `lines`, which puts a
message together again. `tallies`, `minutes`, `hours` and `standings` are totals of `messages`, see `tally`.

The module is over 350 lines, for the tables are read together with the steps from their earlier versions.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...errors import JournalError, JournalTooNew
from ...messages import Marks
from . import snapshots
from .faults import foreign_fault

VERSION = 6
"""2: messages have `findings`. 3: the totals count errors and warnings. 4: `owed`, and new delivery words.
5: what filters and summaries ask. 6: `kinds`, `verdicts` and `texts`; messages of earlier versions are filled
in behind."""
APPLICATION_ID = 0x73677470  # "sgtp"

OWED = "owed = 1"
"""What rotation must keep. Queries repeat this condition, or SQLite does not use the partial index."""

TABLES = (
    "deliveries",
    "messages",
    "receipts",
    "tallies",
    "minutes",
    "hours",
    "standings",
    "kinds",
    "verdicts",
    "texts",
    "snapshots",
)
"""Those that are emptied when the journal is cleared."""

_TOTALS = """
CREATE TABLE tallies (
    type TEXT NOT NULL,
    event TEXT NOT NULL,
    rule TEXT NOT NULL,
    messages INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    silent INTEGER NOT NULL,
    worst INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (rule, type, event)
) WITHOUT ROWID;
CREATE TABLE minutes (
    minute INTEGER NOT NULL,
    rule TEXT NOT NULL,
    type TEXT NOT NULL,
    event TEXT NOT NULL,
    messages INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    PRIMARY KEY (minute, rule, type, event)
) WITHOUT ROWID;
CREATE TABLE standings (
    type TEXT NOT NULL,
    event TEXT NOT NULL,
    delivery TEXT NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (type, event, delivery)
) WITHOUT ROWID;
"""

_MESSAGES = f"""
CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    write_key TEXT NOT NULL,
    library TEXT NOT NULL,
    origin TEXT NOT NULL,
    uses INTEGER NOT NULL
);
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    revision TEXT NOT NULL,
    rules TEXT NOT NULL,
    notes INTEGER NOT NULL,
    sent INTEGER,
    verdict BLOB NOT NULL,
    uses INTEGER NOT NULL
);
CREATE INDEX verdicts_by_revision ON verdicts (revision);
CREATE TABLE texts (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    ids BLOB NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    judged INTEGER,
    name TEXT,
    user TEXT,
    errors INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    marks INTEGER NOT NULL,
    delivery TEXT NOT NULL,
    message_id TEXT NOT NULL,
    wanted INTEGER NOT NULL,
    findings BLOB NOT NULL,
    owed INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    anonymous_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    text_cut INTEGER NOT NULL
);
CREATE INDEX messages_by_message_id ON messages (message_id, received_at) WHERE message_id != '';
CREATE INDEX messages_owed ON messages (owed) WHERE {OWED};
"""

_LINES = """
CREATE VIEW lines AS SELECT
    messages.id AS id, received_at, type, coalesce(name, event) AS name,
    coalesce(user, CASE user_id WHEN '' THEN anonymous_id ELSE user_id END) AS user,
    source, errors, warnings, marks, delivery, message_id, wanted, findings, owed,
    kind, event, user_id, anonymous_id, group_id, write_key, library, origin, text_cut,
    judged, coalesce(notes, 0) AS notes, coalesce(rules, '') AS rules, sent,
    coalesce(revision, '') AS revision, coalesce(verdict, x'') AS verdict
FROM messages LEFT JOIN kinds ON kinds.id = kind LEFT JOIN verdicts ON verdicts.id = judged;
"""
"""A message with what it has in common with others, under one name for each."""

_LINES_BEFORE = {
    **dict.fromkeys(("id", "received_at", "type", "name", "user", "source", "errors", "warnings"), "''"),
    **dict.fromkeys(("marks", "delivery", "message_id", "wanted"), "''"),
    "findings": "x''",
    "owed": "0",
    "kind": "NULL",
    **dict.fromkeys(("event", "user_id", "anonymous_id", "group_id", "write_key", "library"), "''"),
    "origin": "'sdk'",
    "text_cut": "1",
    "judged": "NULL",
    "notes": "0",
    "rules": "''",
    "sent": "NULL",
    "revision": "''",
    "verdict": "x''",
}
"""The columns of `lines`, and what stands for those that a file of an earlier version lacks."""

TABLE = f"""
CREATE TABLE receipts (
    seq INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    form INTEGER NOT NULL,
    data BLOB NOT NULL
);
{_MESSAGES}
{_LINES}
{_TOTALS}
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY,
    message INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    at INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    words TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    place INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    took INTEGER NOT NULL
);
CREATE INDEX deliveries_by_message ON deliveries (message);
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('last_seq', 0), ('indexed', 0), ('counts', '{{}}');
"""

_FROM: dict[int, str] = {
    1: "ALTER TABLE messages ADD COLUMN findings BLOB NOT NULL DEFAULT x'';",
    2: """
        UPDATE meta SET value = json_set(
            value,
            '$.errors', (SELECT count(*) FROM messages WHERE errors),
            '$.warnings', (SELECT count(*) FROM messages WHERE warnings AND NOT errors)
        ) WHERE key = 'counts';
    """,
    3: f"""
        DROP INDEX messages_owed;
        ALTER TABLE messages ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;
        UPDATE messages SET owed = delivery IN ('waiting', 'held'), delivery = CASE delivery
            WHEN 'not wanted' THEN 'off' WHEN 'taken' THEN 'sent' WHEN 'nothing to send' THEN 'none'
            ELSE delivery END;
        CREATE INDEX messages_owed ON messages (owed) WHERE {OWED};
        UPDATE deliveries SET outcome = 'sent' WHERE outcome = 'taken';
        UPDATE meta SET value = json_set(
            json_remove(value, '$.unsent', '$.waiting', '$.taken', '$.refused_by_mixpanel'),
            '$.deliveries', json((
                SELECT json_group_object(delivery, n) FROM (
                    SELECT delivery, count(*) AS n FROM messages
                    WHERE NOT marks & {int(Marks.REFUSED)} GROUP BY delivery
                )
            ))
        ) WHERE key = 'counts';
    """,
    4: f"""
        ALTER TABLE messages ADD COLUMN event TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN anonymous_id TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN group_id TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN write_key TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN library TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN origin TEXT NOT NULL DEFAULT 'sdk';
        ALTER TABLE messages ADD COLUMN text_cut INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE messages ADD COLUMN common INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE messages ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE messages ADD COLUMN rules TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN sent INTEGER;
        ALTER TABLE messages ADD COLUMN revision TEXT NOT NULL DEFAULT '';
        ALTER TABLE messages ADD COLUMN verdict BLOB NOT NULL DEFAULT x'';
        {_TOTALS}
    """,
    5: f"""
        DROP INDEX messages_by_message_id;
        DROP INDEX messages_owed;
        ALTER TABLE messages RENAME TO messages_before;
        {_MESSAGES}
        {_LINES}
        INSERT INTO kinds SELECT NULL, type, source, event, write_key, library, origin, count(*)
            FROM messages_before GROUP BY type, source, event, write_key, library, origin;
        INSERT INTO messages SELECT
            one.id, received_at, kinds.id, NULL, nullif(name, one.event),
            nullif(user, CASE user_id WHEN '' THEN anonymous_id ELSE user_id END), errors, warnings, marks,
            delivery, message_id, wanted, findings, owed, user_id, anonymous_id, group_id, text_cut
            FROM messages_before AS one JOIN kinds USING (type, source, event, write_key, library, origin)
            ORDER BY one.id;
        DROP TABLE messages_before;
        DROP TABLE IF EXISTS common_texts;
        DELETE FROM tallies;
        DELETE FROM minutes;
        DELETE FROM standings;
        UPDATE meta SET value = json_set(value, '$.judged', 0) WHERE key = 'counts';
        DELETE FROM meta WHERE key IN ('filled', 'fill');
        INSERT INTO meta SELECT 'filled', 0;
        INSERT INTO meta SELECT 'fill', value FROM meta WHERE key = 'indexed';
    """,
}
"""What brings a file of each earlier version to the next one."""

_HOURS = """
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    rule TEXT NOT NULL,
    type TEXT NOT NULL,
    event TEXT NOT NULL,
    messages INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    PRIMARY KEY (hour, rule, type, event)
) WITHOUT ROWID;
INSERT INTO hours (hour, rule, type, event, messages, errors, warnings)
SELECT minute / 60, rule, type, event, sum(messages), sum(errors), sum(warnings)
FROM minutes GROUP BY 1, 2, 3, 4;
"""
"""Made where it is missing: `minutes` put together, for summaries of long times."""

WITH_ERRORS = "messages_with_errors"
_WITH_ERRORS = f"CREATE INDEX IF NOT EXISTS {WITH_ERRORS} ON messages (id) WHERE errors > 0"
"""Made where it is missing, in a tenth of a second for a million messages: where the errors are."""

_BUSY_SECONDS = 5.0
LOG_KEPT = 64 * 1024 * 1024
"""Bytes to which a log that once grew larger is cut when it starts over."""


def connect_writer(path: Path) -> sqlite3.Connection:
    """Return the one connection that writes; makes the tables in an empty file, and brings older ones up to
    date.

    Raises sqlite3.Error, JournalTooNew for a later version's file, JournalError for another program's.
    """
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    try:
        version = check_version(connection, path)
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise JournalError(
                f"The disk that holds {path} cannot keep a journal (no shared memory: a network drive?). "
                "Choose another file with --journal PATH."
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_KEPT}")
        connection.execute("PRAGMA cache_size = -32000")
        if version < VERSION:
            steps = "".join(_FROM[step] for step in range(version, VERSION)) if version else TABLE
            connection.executescript(
                f"BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {VERSION}; COMMIT;"
            )
            # From the start the file alone says what it is, should its log be lost.
            connection.execute("PRAGMA wal_checkpoint").fetchone()
        connection.execute(snapshots.TABLE)
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'hours'").fetchone():
            connection.executescript(f"BEGIN IMMEDIATE; {_HOURS} COMMIT;")
        connection.execute(_WITH_ERRORS)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write. Others than its thread may interrupt and close it, one at a
    time.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if 0 < version < VERSION:
            _make_lines(connection)
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_lines(connection: sqlite3.Connection) -> None:
    """Give a connection to a file of an earlier version the view `lines`, which the file stays without."""
    names = {name for _, name, *_ in connection.execute("PRAGMA table_info(messages)")}
    columns = ", ".join(
        name if name in names else f"{default} AS {name}" for name, default in _LINES_BEFORE.items()
    )
    connection.execute(f"CREATE TEMP VIEW lines AS SELECT {columns} FROM main.messages")


def connect_checkpointer(path: Path) -> sqlite3.Connection:
    """Return a connection that only moves the log into the file. It is attached to the log that is
    there now.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def connect_aside(path: Path) -> sqlite3.Connection:
    """Return a connection that sees the file alone, without its log, and makes, locks and changes nothing.

    A file that this process has open as a database must be read this way: closing a plain handle of it drops
    the locks of all the others.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's version, 0 for an empty one. Raises where it is a database that this segtap cannot
    use.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID:
        if tables or application or version:
            raise foreign_fault(path)
        return 0
    if version > VERSION:
        raise JournalTooNew(
            f"{path} was written by a newer segtap (its version {version}, this one knows {VERSION}). "
            "Update segtap, or use another file with --journal PATH."
        )
    return int(version)
