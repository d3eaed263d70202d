"""Finds the copy of a message that came the other way: by Segment, or by Mixpanel's SDK in the page.

Nothing of it is stored: the lines received about the same time are paired again, as the rules on the stream
pair them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from ..api.models import CopyRow, MessageDetail, OtherCopy, Summary
from ..catalogue.stream import CLOUD_AND_DEVICE_MODE
from ..errors import InputError
from ..index.receipts import ReceiptReader
from ..messages import RAW_TYPE, JsonObject, position_of, seq_of
from ..pairs import Action, Pairing, cloud_actions, device_action, given_parts, is_of_project, parts_of
from ..pairs.records import Pair, pairs_of, records_of
from ..pipeline.reading import read_document
from ..query import parse, quoted
from ..segment_names import project_token
from ..settings import Destination, DestinationKind
from ..sources.bounds import Bounds
from ..stores.base import Readable
from .search import Search

AROUND = 60_000
"""Milliseconds between the receipts of two copies: Mixpanel's SDK sends in batches."""
LOOKED_AT = 100
"""Lines that are looked at before the message, and as many after it."""
MOST_ROWS = 60


class Copies:
    """Finds copies in one journal. `destination` is the one that Segment sends to.

    What a page sends to another project than that of the destination is no copy: the two are never counted
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
        if document is None:
            return detail
        actions = self._actions(document, detail.source_kind == "mixpanel")
        if not actions:
            return detail
        lines = await self._around(detail.summary, filter_of(actions))
        other = await self._other(detail.summary, document, lines)
        if other is None:
            return detail
        there = await self._reader.detail(self._stores, other.id)
        cloud, device = (there, detail) if detail.source_kind == "mixpanel" else (detail, there)
        rows = rows_of(cloud, device, self._kind)
        copy = OtherCopy(summary=other, rows=rows[:MOST_ROWS], cut=max(0, len(rows) - MOST_ROWS))
        return msgspec.structs.replace(detail, copy=copy)

    async def _around(self, line: Summary, filter: str) -> list[Summary]:
        """Return the lines about the same time that may be copies, the message itself left out."""
        since, until = (_iso(line.received_at + by) for by in (-AROUND, AROUND))
        query = parse(f'({filter}) since:"{since}" until:"{until}"')
        search = Search(self._stores, self._reader, query, self._bounds)
        before = await search.page(before=line.id, limit=LOOKED_AT)
        after = await search.page(after=line.id, limit=LOOKED_AT)
        return [one for one in (*before.summaries, *after.summaries) if one.id != line.id]

    async def _other(self, own: Summary, document: JsonObject, lines: Iterable[Summary]) -> Summary | None:
        """Pair the lines in their order, and return the one that the message is paired with."""
        pairing, by_id, partner = Pairing(), {own.id: own}, dict[int, int]()
        documents = {own.id: document}
        for line in lines:
            read = await self._read(line)
            if read is not None:
                by_id[line.id], documents[line.id] = line, read
        for id in sorted(documents):
            one, raw = documents[id], by_id[id].type == RAW_TYPE
            for action in self._actions(one, raw):
                parts = parts_of(one) if raw else given_parts(one)
                found = pairing.add(
                    id, "device" if raw else "cloud", action, parts, float(by_id[id].received_at)
                )
                if found is not None:
                    partner.setdefault(id, found)
                    partner.setdefault(found, id)
        other = partner.get(own.id)
        return None if other is None else by_id[other]

    def _actions(self, document: JsonObject, raw: bool) -> tuple[Action, ...]:
        if not raw:
            return cloud_actions(document)
        action = device_action(document) if is_of_project(document, self._project) else None
        return () if action is None else (action,)

    async def _read(self, line: Summary) -> JsonObject | None:
        receipt = await self._stores.receipts.get(seq_of(line.id))
        if receipt is None or line.refused:
            return None
        read = await self._reader.read(receipt, {position_of(line.id)})
        return (
            None if isinstance(read, str) else next((one.document for one in read if one.id == line.id), None)
        )


def may_have_copy(detail: MessageDetail, device_traffic: bool) -> bool:
    """Return True if it is worth looking for the other copy of a message."""
    if detail.unread or not detail.document:
        return False
    if detail.source_kind == "mixpanel" or device_traffic:
        return True
    return any(one.rule == CLOUD_AND_DEVICE_MODE.id for one in detail.verdict.findings)


def filter_of(actions: Iterable[Action]) -> str:
    """Return the filter for the lines that may be copies of actions, of both modes."""
    names = [name for action in actions for name in action.names]
    if any("\n" in name for name in names):
        return "type:raw,identify,group,alias"
    return f"type:raw,track event:{','.join(map(quoted, names))} or type:page,screen"


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
