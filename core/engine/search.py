"""Finds the messages that match a filter: the index narrows, and what it does not know is read.

A line is decided by what the index has of it, as far as that goes. Only for the lines that are left is the
request read: of its messages no more than the paths of the filter, where that is possible.

It is over 350 lines because the three kinds of candidate must decide a filter alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable

import msgspec

from ..api.models import Page, Summary
from ..delivery import DeliveryState
from ..errors import RequestRefused
from ..index.holding import records_in
from ..index.receipts import ReceiptReader
from ..index.summaries import NAME_LIMIT, delivery_of, judged_of, origin_of
from ..messages import JsonObject, Marks, Message, Receipt, position_of, seq_of
from ..query import Facts, Judgement, Names, Query, Tally, names_of, refusal_text, searched_text
from ..query.partial import PartialReader, reader_of
from ..query.sets import NamedSet
from ..query.sql import CUT_AT
from ..sources.bounds import Bounds
from ..sources.decode import inflate
from ..stores.base import Condition, Found, Readable
from ..verdict import Verdict

STRETCH = 2_000
"""Lines that are found together."""


class Search:
    """Searches for the messages that match one filter. `tally` explains an answer without messages.

    The tally of a search that this one continues can be given to it.
    """

    def __init__(
        self,
        stores: Readable,
        reader: ReceiptReader,
        query: Query,
        bounds: Bounds,
        tally: Tally | None = None,
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._query = query = reader.sets.named(query)
        self._sets = reader.sets.of(query)
        nested = any(one.queries for one in self._sets)  # their filters may ask for other paths
        self._partial = None if nested else reader_of(query, min(bounds.message, 2 * bounds.nodes))
        self.tally = Tally() if tally is None else tally

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        late: Callable[[], bool] | None = None,
    ) -> Page:
        """Return a stretch of the list, see `ReadableIndex.page`. `reached` is where to go on from.

        Soon after `late` returns True, the search ends with what was found. Raises FilterFault
        when a regular expression takes too long.
        """
        newest = (await self._stores.index.page(limit=1)).summaries
        page = await self._page(before, after, limit, late)
        reached = max(line.id for line in (*newest, *page.summaries)) if newest or page.summaries else 0
        if after is not None and page.searched_to:
            reached = page.searched_to
        elif page.more and page.summaries and not page.searched_to:
            reached = page.summaries[-1].id
        notes = () if page.summaries or page.searched_to else tuple(self.tally.notes())
        return msgspec.structs.replace(page, reached=reached, notes=notes)

    async def matches(self, after: int = 0) -> AsyncIterator[tuple[Summary, ...]]:
        """Yield the lines that match, those above an id, oldest first, some at a time."""
        more = True
        while more:
            page = await self._page(None, after, STRETCH, None)
            if page.summaries:
                yield page.summaries
                after = page.summaries[-1].id
            more = page.more

    async def _page(
        self, before: int | None, after: int | None, limit: int, late: Callable[[], bool] | None
    ) -> Page:
        condition = msgspec.structs.replace(self.condition(), late=late)
        return await self._stores.index.page(before=before, after=after, limit=limit, condition=condition)

    def condition(self) -> Condition:
        """Return the filter for one query of the index."""
        sql, parameters = self._query.to_sql()
        judged, of_judged = self._query.to_sql(judged=True)
        held = _Held(self._reader, self._partial)
        test = self._query.document_test()

        def matches(found: Found) -> bool:
            candidate = LineCandidate(found, held)
            for one in self._sets:
                candidate.note(one, self.tally)
            return self._query.matches(candidate, self.tally)

        def positions(receipt: Receipt) -> Collection[int] | None:
            if receipt.seq != self.tally.decided[0]:
                self.tally.decided = receipt.seq, looked_at(receipt)
            return self.tally.decided[1]

        def looked_at(receipt: Receipt) -> Collection[int] | None:
            documents = held.documents(receipt)
            if documents is None or test is None:
                return None
            found = DocumentCandidate()
            chosen: list[int] = []
            for position, document in enumerate(documents):
                found.value = document
                if test(found, self.tally):
                    chosen.append(position)
            return chosen

        narrowed = None if test is None or self._partial is None else positions
        texts = self._query.stretch_test()
        return Condition(
            sql,
            tuple(parameters),
            matches,
            texts,
            narrowed,
            sql_judged="" if judged == sql else judged,
            parameters_judged=tuple(of_judged),
        )


class _Held:
    """Reads messages for candidates, and holds what the last request gave: neighbours are often in one."""

    def __init__(self, reader: ReceiptReader, partial: PartialReader | None) -> None:
        self._reader = reader
        self._partial = partial
        self._seq = -1
        self._receipt: Receipt | None = None
        self._documents: list[JsonObject] | None = None
        self._has_documents = False
        self._messages: dict[int, Message] = {}
        self._whole = False

    def receipt(self, found: Found) -> Receipt | None:
        """Return the request of a line; None if it is no longer there."""
        seq = seq_of(found.entry.summary.id)
        if seq != self._seq:
            self._hold(seq, found.receipt())
        return self._receipt

    def _hold(self, seq: int, receipt: Receipt | None) -> None:
        self._seq, self._receipt = seq, receipt
        self._has_documents = self._whole = False
        self._messages = {}

    def message(self, found: Found) -> Message | None:
        """Return the message of a line; None for a refused request, or one that cannot be read."""
        receipt, id = self.receipt(found), found.entry.summary.id
        if receipt is None or receipt.refused is not None or found.entry.summary.refused:
            return None
        if id not in self._messages and not self._whole:
            # The first of a request is read alone, with the second all of them are.
            self._whole = bool(self._messages)
            read = self._reader.messages(receipt, None if self._whole else {position_of(id)})
            self._messages |= {} if isinstance(read, str) else {one.id: one for one in read}
        return self._messages.get(id)

    def document(self, found: Found) -> JsonObject | None:
        """Return what the filter's paths lead to; None if the message has to be read as a whole."""
        receipt = self.receipt(found)
        documents = None if receipt is None else self.documents(receipt)
        if not documents:
            return None if documents is None else {}
        position = position_of(found.entry.summary.id)
        return documents[position] if position < len(documents) else None

    def documents(self, receipt: Receipt) -> list[JsonObject] | None:
        """Return what the filter's paths lead to in each message of a request, see `_documents`."""
        if self._partial is None or receipt.refused is not None:
            return None
        if receipt.seq != self._seq:
            self._hold(receipt.seq, receipt)
        if not self._has_documents:
            self._has_documents = True
            self._documents = _documents(receipt, self._partial)
        return self._documents

    def verdict(self, message: Message, found: Found) -> Verdict:
        """Translate and judge a message, with the marks of its line and what the stream's rules found."""
        marked = msgspec.structs.replace(message, marks=Marks(found.entry.summary.marks))
        reader = self._reader
        # What insert functions made of it stands in the kept verdict alone.
        verdict = (
            reader.known(marked, found.entry.judged) if reader.runs_functions else reader.verdict(marked)
        )
        return reader.whole(marked, verdict, found.entry.findings)


def _documents(receipt: Receipt, partial: PartialReader) -> list[JsonObject] | None:
    """Read what a filter asks for of a request's messages: [] if none can match, None if that fails."""
    if receipt.method != "POST" or receipt.source_kind != "segment":
        return None
    try:
        body = inflate(receipt.body, receipt.header("content-encoding") or "")
    except RequestRefused:
        return None
    return partial.documents(body) if partial.may_match(body) else []


class LineCandidate:
    """A line of the index as the filter language sees it."""

    def __init__(self, found: Found, held: _Held) -> None:
        self._found = found
        self._held = held
        self._sets: tuple[str, ...] = ()

    def note(self, one: NamedSet, tally: Tally) -> None:
        """Note whether a set holds the message. Sets of refused requests are empty."""
        line = self._found.entry.summary
        if not line.refused and one.has(line.id, self, tally):
            self._sets = (*self._sets, one.name)

    @property
    def facts(self) -> Facts:
        """The message's line."""
        line = self._found.entry.summary
        message_id = line.message_id
        if len(message_id) >= NAME_LIMIT and (message := self._held.message(self._found)) is not None:
            message_id = message.message_id
        return Facts(
            received_at=line.received_at,
            type=line.type,
            message_id=message_id,
            marks=line.marks,
            delivery=line.delivery,
            sets=self._sets,
        )

    def names(self) -> Names:
        """Return what fields ask beside the line."""
        names = self._found.entry.names
        if self._found.filled and all(len(text) < CUT_AT for text in msgspec.structs.astuple(names)):
            return names
        receipt, message = self._held.receipt(self._found), self._held.message(self._found)
        if receipt is None or message is None:
            return names if receipt is None else Names(origin=origin_of(receipt))
        return names_of(
            message.document, message.type, write_key=message.write_key, origin=origin_of(receipt)
        )

    def judgement(self) -> Judgement:
        """Return what translation and rules say."""
        line, judged = self._found.entry.summary, self._found.entry.judged
        if self._found.filled and judged.sent is not None:
            return Judgement(
                rules=judged.rules,
                errors=judged.errors,
                warnings=judged.warnings,
                notes=judged.notes,
                sent=judged.sent,
            )
        message = self._held.message(self._found)
        if message is None:
            return Judgement(errors=line.errors, warnings=line.warnings)
        return judgement_of(line.marks, self._held.verdict(message, self._found))

    def text(self) -> str:
        """Return what words are searched in."""
        text = self._found.text() if self._found.filled else None
        if text is not None and not self._found.entry.text_cut:
            return text
        receipt, message = self._held.receipt(self._found), self._held.message(self._found)
        if message is not None:
            return searched_text(message.document, message.filled)
        return (text or "") if receipt is None else refusal_text(receipt)

    def document(self) -> JsonObject:
        """Return the message, or as much of it as the filter asks for."""
        document = self._held.document(self._found)
        if document is not None:
            return document
        message = self._held.message(self._found)
        return {} if message is None else message.document

    def records(self) -> Iterable[JsonObject]:
        """Return the records of its requests to Mixpanel."""
        message = self._held.message(self._found)
        return () if message is None else records_in(self._held.verdict(message, self._found).translation)


def line_candidates(reader: ReceiptReader) -> Callable[[Found], LineCandidate]:
    """Return what makes candidates of lines of the index; neighbours share the request that they read."""
    held = _Held(reader, None)
    return lambda found: LineCandidate(found, held)


class DocumentCandidate:
    """A candidate of which nothing but the document is asked."""

    __slots__ = ("value",)

    value: JsonObject

    def document(self) -> JsonObject:
        """Return the document, or as much of it as the filter asks for."""
        return self.value


class NewMessage:
    """A candidate that is not in the index yet. Whether it is a second receipt is not known."""

    def __init__(self, message: Message, receipt: Receipt, reader: ReceiptReader, query: Query) -> None:
        self.message = message
        self._receipt = receipt
        self._reader = reader
        self._asks_delivery = query.asks("delivery")
        self._verdict: Verdict | None = None

    @property
    def facts(self) -> Facts:
        """The message's line, with its delivery if the filter asks for that."""
        message, delivery = self.message, DeliveryState.NONE
        if self._asks_delivery:
            delivery = delivery_of(self._judged(), wanted=message.wanted, marks=message.marks)
        return Facts(
            received_at=message.received_at,
            type=message.type,
            message_id=message.message_id,
            marks=int(message.marks),
            delivery=delivery,
        )

    def names(self) -> Names:
        """Return what fields ask beside the line."""
        message = self.message
        return names_of(
            message.document, message.type, write_key=message.write_key, origin=origin_of(self._receipt)
        )

    def judgement(self) -> Judgement:
        """Return what translation and rules say; the rules on the stream say nothing yet."""
        return judgement_of(int(self.message.marks), self._judged())

    def text(self) -> str:
        """Return what words are searched in."""
        return searched_text(self.message.document, self.message.filled)

    def document(self) -> JsonObject:
        """Return the message."""
        return self.message.document

    def records(self) -> Iterable[JsonObject]:
        """Return the records of its requests to Mixpanel."""
        return records_in(self._judged().translation)

    def _judged(self) -> Verdict:
        if self._verdict is None:
            self._verdict = self._reader.verdict(self.message)
        return self._verdict


def judgement_of(marks: int, verdict: Verdict) -> Judgement:
    """Return what fields ask of a verdict."""
    judged = judged_of(verdict, Marks(marks))
    return Judgement(
        rules=judged.rules,
        errors=judged.errors,
        warnings=judged.warnings,
        notes=judged.notes,
        sent=bool(judged.sent),
    )
