"""A Segment message beside what Mixpanel gets: which field becomes which, field by field. Pure.

It follows the explanation of the message, which leads every value of a request back to a field as sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from ..messages import Json
from ..pairs.records import same
from ..paths import child
from ..places import in_body
from ..text import shown
from ..verdict import Explanation, Operation

FieldState = Literal["same", "changed", "dropped", "added"]
"""A field arrives as it was sent or as another value, does not arrive, or was not in the message."""

OUTERMOST = frozenset(
    ("type", "integrations", "_metadata", "sentAt", "receivedAt", "originalTimestamp", "writeKey")
)
"""Members of a message for Segment itself: nothing is lost when they do not arrive."""
_TARGET = re.compile(r"requests\[\d+\]\.body(?:\[(\d+)\])?\.?(?:properties\.)?(.*)", re.DOTALL)
MARKS: dict[FieldState, str] = {"same": " ", "changed": "~", "dropped": "-", "added": "+"}


class FieldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the message and the field of a request that it becomes; one of them may be missing.

    `source` and `target` are their paths, "" for none; `request` is the number of the request. `why` says
    where an added value comes from, or what changed the value on its way.
    """

    state: FieldState
    source: str = ""
    value: Json = None
    target: str = ""
    result: Json = None
    request: int = 0
    why: str = ""


def field_rows(
    document: Json, operations: Sequence[Operation], explanation: Explanation
) -> tuple[FieldRow, ...]:
    """Return the fields of the message in their order, then what the destination added."""
    arrived: dict[str, list[FieldRow]] = {}
    added: list[FieldRow] = []
    values = dict(leaves(document, "$"))
    for number, operation in enumerate(operations):
        for path, result in leaves(operation.request.body, in_body(number)):
            found = explanation.source_at(path)
            source = "" if found is None else found.stands_at
            why = "" if found is None else found.via or ("" if source == found.source else found.source)
            if source not in values:
                why = "" if found is None else found.source
                added.append(FieldRow(state="added", target=path, result=result, request=number, why=why))
                continue
            value = values[source]
            state: FieldState = "same" if same(value, result) else "changed"
            arrived.setdefault(source, []).append(
                FieldRow(
                    state=state,
                    source=source,
                    value=value,
                    target=path,
                    result=result,
                    request=number,
                    why=why,
                )
            )
    rows: list[FieldRow] = []
    for path, value in values.items():
        rows += arrived.get(path) or (
            [] if _for_segment(path) else [FieldRow(state="dropped", source=path, value=value)]
        )
    return (*rows, *added)


def leaves(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Yield every value that holds no others, with its path; empty objects and arrays are such values."""
    waiting: list[tuple[str, Json]] = [(path, value)]
    while waiting:
        place, inner = waiting.pop()
        if isinstance(inner, dict) and inner:
            waiting += [(child(place, key), one) for key, one in reversed(inner.items())]
        elif isinstance(inner, list) and inner:
            waiting += [(child(place, at), inner[at]) for at in range(len(inner) - 1, -1, -1)]
        else:
            yield place, inner


def short_source(path: str) -> str:
    """Return a field of the message without the `$.` in front."""
    return path.removeprefix("$.")


def short_target(path: str) -> str:
    """Return a field of a request without the request and `properties`; of a later record: `#2 revenue`."""
    found = _TARGET.fullmatch(path)
    if found is None:
        return path
    record, inner = int(found[1] or 0), found[2]
    return f"#{record + 1} {inner}" if record else inner


def words(rows: Sequence[FieldRow]) -> str:
    """Return how many fields become what, as a text."""
    names: dict[FieldState, str] = {
        "same": "unchanged",
        "changed": "changed",
        "dropped": "dropped",
        "added": "added by Segment",
    }
    counted = {state: sum(row.state == state for row in rows) for state in names}
    return ", ".join(f"{counted[state]:,} {name}" for state, name in names.items() if counted[state])


def lines(rows: Sequence[FieldRow], operations: Sequence[Operation]) -> Iterator[str]:
    """Yield the rows as lines of text, for a terminal or the clipboard."""
    several = len(operations) > 1
    for row in rows:
        left = f"{short_source(row.source)} {shown(row.value, 200)}" if row.source else "(not in the message)"
        right = f"{short_target(row.target)} {shown(row.result, 200)}" if row.target else "(dropped)"
        where = f"  {endpoint(operations[row.request])}" if several and row.target else ""
        yield f"{MARKS[row.state]} {left} → {right}{where}{f'  ({row.why})' if row.why else ''}"


def endpoint(operation: Operation) -> str:
    """Return the path of a request's URL: `/import`."""
    return urlsplit(operation.request.url).path


def _for_segment(path: str) -> bool:
    return path[2:].partition(".")[0].partition("[")[0] in OUTERMOST
