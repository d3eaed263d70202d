"""Finds the copy of a message that came the other way: by Segment, or by Mixpanel's SDK in the page.

Nothing of it is stored: the lines received about the same time are paired again. The rules on the stream pair
what came so far; here all lines are known, so that one whose copy was lost takes none from another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from ..api.models import CopyRow, MessageDetail, OtherCopy, Summary
from ..catalogue.stream import CLOUD_AND_DEVICE_MODE
from ..errors import InputError
from ..index.receipts import ReceiptReader
from ..messages import JsonObject, Marks, SourceKind
from ..pairs import Action, cloud_actions, device_action, given_parts, is_of_project, parts_of
from ..pairs.pairing import Copy, copy_of, pairs_among
from ..pairs.records import OPERATORS, Pair, pairs_of, records_of
from ..pipeline.reading import read_document
from ..query import parse, quoted
from ..segment_names import project_token
from ..settings import Destination, DestinationKind
from ..sources.bounds import Bounds
from ..stores.base import Readable
from .search import Search

AROUND = 60_000
"""Milliseconds between the receipts of two copies: Mixpanel's SDK sends in batches."""
LOOKED_AT = 1_000
"""Lines that are looked at before the message, and as many after it."""
REACH = 5
"""Lines are paired that are nearer than this many times what may lie between two copies."""
SENT_AGAIN = Marks.SECOND_RECEIPT | Marks.REPLAY
"""What is left out: the page made its call once."""
PAGE_EVENTS = ("Loaded a ", "Viewed ")
"""How the events begin that page and screen calls become in device mode."""
MOST_ROWS = 60


class Copies:
    """Finds copies in one journal. `destination` is the one that Segment sends to.

    What a page sends to another project than that of the destination is not a copy: the two are never counted
    together.
    """

    def __init__(
        self, stores: Readable, reader: ReceiptReader, destination: Destination, bounds: Bounds
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._kind: DestinationKind = destination.kind
        self._project = project_token(destination)
        self._bounds = bounds

    async def added(self, detail: MessageDetail) -> MessageDetail:
        """Return the detail with its other copy, if it has one in the journal."""
        document = _document(detail)
        if document is None or detail.summary.marks & SENT_AGAIN:
            return detail
        own = self._copies(detail.summary.id, document, detail.summary.received_at, detail.source_kind)
        if not own:
            return detail
        lines = await self._around(detail.summary, filter_of([one.action for one in own]))
        other = await self._other(own, lines)
        if other is None:
            return detail
        there = await self._reader.detail(self._stores, other.id)
        cloud, device = (there, detail) if detail.source_kind == "mixpanel" else (detail, there)
        rows = rows_of(cloud, device, self._kind)
        copy = OtherCopy(summary=other, rows=rows[:MOST_ROWS], cut=max(0, len(rows) - MOST_ROWS))
        return msgspec.structs.replace(detail, copy=copy)

    async def _around(self, line: Summary, filter: str) -> dict[int, Summary]:
        """Return the lines about the same time that may be copies, by id, the message itself left out."""
        since, until = (_iso(line.received_at + by) for by in (-AROUND, AROUND))
        query = parse(f'({filter}) since:"{since}" until:"{until}"')
        search = Search(self._stores, self._reader, query, self._bounds)
        before = await search.page(before=line.id, limit=LOOKED_AT)
        after = await search.page(after=line.id, limit=LOOKED_AT)
        return {
            one.id: one
            for one in (*before.summaries, *after.summaries)
            if one.id != line.id and not one.refused and not one.marks & SENT_AGAIN
        }

    async def _other(self, own: Sequence[Copy], lines: Mapping[int, Summary]) -> Summary | None:
        """Pair the lines with each other, and return the one that the message is paired with.

        Lines that are further away in time than those that compete for the same copies are left out.
        """
        copies = [*own]
        for message in await self._reader.documents(self._stores, list(lines)):
            received = lines[message.id].received_at
            for one in self._copies(message.id, message.document, received, message.source_kind):
                if any(abs(one.time - mine.time) <= REACH * mine.action.within for mine in own):
                    copies.append(one)
        found = {id(one): other for pair in pairs_among(copies) for one, other in (pair, pair[::-1])}
        return next((lines[found[id(one)].id] for one in own if id(one) in found), None)

    def _copies(self, id: int, document: JsonObject, received: int, source: SourceKind) -> Sequence[Copy]:
        """Return a message as a copy of each action that it may be one of."""
        if source == "segment":
            parts = given_parts(document)
            return [copy_of(id, "cloud", one, parts, received, id) for one in cloud_actions(document)]
        action = device_action(document) if is_of_project(document, self._project) else None
        return [] if action is None else [copy_of(id, "device", action, parts_of(document), received, id)]


def may_have_copy(detail: MessageDetail, device_traffic: bool) -> bool:
    """Return True if it is worth looking for the other copy of a message."""
    if detail.unread or not detail.document:
        return False
    if detail.source_kind == "mixpanel" or device_traffic:
        return True
    return any(one.rule == CLOUD_AND_DEVICE_MODE.id for one in detail.verdict.findings)


def filter_of(actions: Iterable[Action]) -> str:
    """Return the filter for the lines that may be copies of actions, and for those that compete for them."""
    calls: set[str] = set()
    events: set[str] = set()
    named: set[str] = set()
    for name in (name for action in actions for name in action.names):
        what, line_break, _ = name.partition("\n")
        if not line_break:
            named.add(name)
            if name.startswith(PAGE_EVENTS):
                calls |= {"page", "screen"}
        elif what.startswith("$"):
            calls |= {"identify", "alias"}
            events.add(what)
        else:
            calls.add("identify" if what == "profile" else "group")
            events.update(OPERATORS)
    parts = [
        f"type:{types} event:{','.join(map(quoted, sorted(names)))}"
        for types, names in (("raw", events), ("raw,track", named))
        if names
    ]
    if calls:
        parts.append(f"type:{','.join(sorted(calls))}")
    return " or ".join(f"({part})" for part in parts)


def rows_of(cloud: MessageDetail, device: MessageDetail, kind: DestinationKind) -> tuple[CopyRow, ...]:
    """Return the fields in which the two copies differ, as Mixpanel gets them; () if only one is sent."""
    pairs = pairs_of(
        records_of(cloud.verdict.translation, kind), records_of(device.verdict.translation, "actions")
    )
    both = [pair for pair in pairs if pair.one is not None and pair.other is not None]
    return tuple([row for pair in both[:1] for row in _rows(pair)])


def _rows(pair: Pair) -> Iterable[CopyRow]:
    for row in pair.rows:
        if row.state in ("differs", "one", "other"):
            yield CopyRow(
                path=row.path,
                state="differs" if row.state == "differs" else "cloud" if row.state == "one" else "device",
                cloud=row.one,
                device=row.other,
            )


def _document(detail: MessageDetail) -> JsonObject | None:
    try:
        return read_document(detail.document)
    except (InputError, RecursionError):
        return None


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
