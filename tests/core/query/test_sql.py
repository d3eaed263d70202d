"""SQL narrows: it never leaves out a message that matches, whatever the filter and the messages."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from queries import Row, table

from segtap.core.delivery import DeliveryState
from segtap.core.messages import CALL_TYPES, Marks
from segtap.core.query import parse
from segtap.core.query.sql import COLUMNS

TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "a",
                "A",
                "ab",
                "a b",
                "K",
                "k",
                "\u212a",
                "ß",
                "ss",
                "SS",
                "ς",
                "Σ",
                "é",
                "É",
                "İ",
                "i",
                "ﬁ",
                "fi",
            ),
            *("%", "_", "\\", "*", '"', "250", "true", "null", "x" * 140, "x" * 127 + "y"),
            *("\0", "a\0b", "\ud800", "\x1f"),
        ]
    ),
    st.text(max_size=4),
)
VALUES = st.recursive(
    st.one_of(
        TEXTS, st.none(), st.booleans(), st.sampled_from([0, -0.0, 1, 250, 250.0, 1e15, 10**15, 1e16, 2.5])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
RULES = ("insert-id-charset", "insert-id-length", "track-too-old")
ROWS = st.builds(
    Row,
    document=st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(
                ("userId", "anonymousId", "groupId", "event", "name", "messageId"), st.one_of(TEXTS, VALUES)
            ),
            "properties": VALUES,
            "context": st.fixed_dictionaries({"library": st.fixed_dictionaries({"name": TEXTS})}),
        },
    ),
    type=st.sampled_from([*CALL_TYPES, "", "raw"]),
    received_at=st.integers(0, 10),
    write_key=TEXTS,
    origin=st.sampled_from(["sdk", "pixel", "tee"]),
    marks=st.sampled_from([Marks.NONE, Marks.SECOND_RECEIPT, Marks.REPLAY | Marks.TEED, Marks.REFUSED]),
    delivery=st.sampled_from(DeliveryState),
    rules=st.lists(st.sampled_from(RULES), max_size=2, unique=True),
    errors=st.integers(0, 1),
    warnings=st.integers(0, 1),
    notes=st.integers(0, 1),
    sent=st.booleans(),
)


def quoted(text: str) -> str:
    return '"' + "".join("\\" + one if one in '"\\' else one for one in text.replace("*", "")) + '"'


LITERAL = TEXTS.map(quoted)
STARRED = st.tuples(TEXTS, st.sampled_from(["", "*"]), TEXTS).map(
    lambda parts: quoted(parts[0] + parts[2])[:-1] + parts[1] + '"'
)
FIELD_NAMES = ("event", "user", "group", "key", "source", "library", "id")
PATHS = ("userId", "anonymousId", "groupId", "event", "name", "context.library.name", "properties.a")
FIXED = [
    "type:track",
    "type:page,raw",
    "type:*a*",
    "delivery:off,sent",
    "delivery:s*",
    "origin:tee",
    "origin:*",
    "sent:yes",
    "sent:no",
    "sent:*",
    "warn:error,info",
    "warn:none",
    "warn:any",
    "warn:*",
    "rule:insert-id-length",
    "rule:insert*",
    "rule:*",
    "rule:*id*,track-too-old",
    "is:marked,second",
    "is:*",
    "since:1970-01-01T00:00:00.005Z",
    "until:1970-01-01T00:00:00.003Z",
    "properties.a?",
    "properties.a~a",
    "userId~a",
]
TERMS = st.one_of(
    LITERAL,
    STARRED,
    st.builds(
        lambda name, values: f"{name}:{','.join(values)}",
        st.sampled_from(FIELD_NAMES),
        st.lists(st.one_of(LITERAL, STARRED).filter(lambda text: text != '""'), min_size=1, max_size=2),
    ),
    st.sampled_from(FIXED),
    st.builds(
        lambda *parts: "".join(parts),
        st.sampled_from(PATHS),
        st.sampled_from(["=", "!=", ">="]),
        st.one_of(LITERAL, st.sampled_from(["250", "0", "-0", "2.5", "1e15", "1e16", "true"])),
    ),
)
FILTERS = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda texts: "(" + " or ".join(texts) + ")"),
    ),
    max_leaves=4,
)


@given(
    rows=st.lists(ROWS, min_size=1, max_size=6),
    text=FILTERS,
    columns=st.sampled_from([COLUMNS, COLUMNS - {"event", "rules"}]),
    judged=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_sql_lets_through_all_that_python_matches(
    rows: list[Row], text: str, columns: frozenset[str], judged: bool
) -> None:
    query = parse(text)
    matched = {id for id, row in enumerate(rows) if query.matches(row.candidate())}
    condition, parameters = query.to_sql(columns, judged=judged)
    with contextlib.closing(table(rows, judged=judged)) as db:
        through = {id for (id,) in db.execute(f"SELECT id FROM messages WHERE {condition}", parameters)}
    assert matched <= through, (text, condition, parameters)
    holds = query.stretch_test()
    texts = [row.candidate().text().encode() for row in rows]
    if holds is not None:
        assert matched <= {id for id, one in enumerate(texts) if holds(one)}
        assert holds(b"\0".join(texts)) or not matched


def test_sql_is_exact_where_it_can_be() -> None:
    rows = [
        Row(
            document={
                "userId": f"u-{n}",
                "event": "Order Completed" if n else "Signed Up",
                "properties": {"n": n},
            }
        )
        for n in range(2)
    ]
    for text in (
        *("event:order*", "-event:signed*", "user:U-1", "-user:u-0", "userId=u-1"),
        *("properties.n=1 type:track user:u-1", "-(type:page or user:u-0)"),
    ):
        condition, parameters = parse(text).to_sql()
        with contextlib.closing(table(rows)) as db:
            found = db.execute(f"SELECT id FROM messages WHERE {condition}", parameters).fetchall()
        assert found == [(1,)], text
