"""Reading kept receipts again: one message's detail, a pasted message, the export.

Nothing of this is stored: parsing and verdict are pure, so they are done when somebody looks.

It is over 350 lines because a detail, a pasted message and the export find and judge a message by the same
steps.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from itertools import chain

import msgspec

from ..api.models import MessageDetail, Summary
from ..checks import called
from ..checks.stream import Digest, Whole
from ..delivery import Handover, Owed, RouteStanding, standing_along
from ..errors import InputError, RequestRefused
from ..faults import Faults
from ..messages import JsonObject, Marks, Message, Origin, Receipt, position_of, seq_of
from ..pipeline.batches import body_of
from ..pipeline.reading import read_value
from ..query.named import NamedSource
from ..query.sets import Sets, no_sources
from ..sources.decode import compression
from ..sources.mixpanel.exported import exported_record
from ..stores.base import Judged, Readable
from ..stores.stretches import receipts_at
from ..text import clean, shorten
from ..verdict import FAULT_RULE, Finding, Translation, Verdict, with_findings
from .details import damage_of, detail_of, view_of
from .documents import Documents
from .judging import READING, Inspect, Judging, Parse
from .keeper import Functions, Keeper
from .marks import as_marked, with_marks
from .prepared import JudgedMessage, as_copy
from .replay import original_of, replays_of
from .summaries import summarize, summary_along
from .ways import Ways

logger = logging.getLogger(__name__)


Observe = Callable[[Digest], tuple[Finding, ...]]
"""What a message completes in the stream so far; it counts as seen from there on."""
Adjust = Callable[[str, Sequence[Finding]], Sequence[Finding]]
"""What is left of the findings on a message called so, and with which severity."""


LARGE = 256 * 1024
LARGE_COMPRESSED = LARGE // 16
"""Bytes of a body from which it is read in a thread, so that ingest gets its turns meanwhile."""
LARGE_MESSAGE = 32 * 1024
"""The same for one message to be translated and checked. Segment accepts none that is larger."""
GIVEN_AT_ONCE = 50
"""Messages that are read before others get a turn on the loop: some milliseconds."""


class ReceiptReader(Judging):
    """Parses and judges receipts, and reads kept ones again.

    `observe` are the rules on the stream, if there are any; `adjust` gives what they found the severity that
    the settings want. `keeper` knows which of the verdicts in the index are still right. `functions` run
    before a message is judged. What failed is reported to `faults`, with the message's id. `sources` are
    those that filters can name.
    """

    def __init__(
        self,
        parse: Parse,
        inspect: Inspect,
        faults: Faults,
        *,
        observe: Observe | None = None,
        adjust: Adjust | None = None,
        keeper: Keeper | None = None,
        functions: Functions | None = None,
        sources: Callable[[], Sequence[NamedSource]] = no_sources,
    ) -> None:
        super().__init__(parse, inspect, faults)
        self.sets = Sets(sources)
        """What filters ask for by a name: what viewers have marked, and sources."""
        self._functions = functions
        self._observe = observe
        self._adjust = adjust
        self._keeper = keeper
        self._documents = Documents(parse)

    async def read(self, receipt: Receipt, only: Collection[int] | None = None) -> list[Message] | str:
        """Call `messages`, in a thread if the body is large."""
        if is_large(receipt):
            return await asyncio.to_thread(self.messages, receipt, only)
        return self.messages(receipt, only)

    async def inspected(self, message: Message, kept: Judged | None = None, route: str = "") -> Verdict:
        """Return the verdict that is kept, or a new one if it is stale; for a large message in a thread.

        With a `route` it is the verdict along that one of several routes to Mixpanel.
        """
        if self.runs_functions and (kept is None or kept.revision != self.revision):
            (message,) = await self.recorded([message])
        if message.size > LARGE_MESSAGE:
            return await asyncio.to_thread(self.known, message, kept, route)
        return self.known(message, kept, route)

    def known(self, message: Message, kept: Judged | None, route: str = "") -> Verdict:
        """Return the verdict that is kept, or make it again if it is stale or asked along a route."""
        if self.ways is not None and route in self.ways:
            return self.verdict(message, self.ways[route].judge)
        if kept is not None and self._keeper is not None:
            try:
                verdict = self._keeper.restore(message, kept)
            except Exception:
                logger.exception("the verdict on message %d cannot be read", message.id)
                verdict = None
            if verdict is not None:
                return verdict
        return self.verdict(message)

    @property
    def runs_functions(self) -> bool:
        """True if insert functions have to run before a message is judged."""
        return self._functions is not None and self._functions.needed

    async def recorded(self, messages: list[Message]) -> list[Message]:
        """Return the messages with what insert functions make of them."""
        return messages if self._functions is None else await self._functions.record(messages)

    @property
    def revision(self) -> str:
        """What names verdicts that are made now, "" if none are kept."""
        return "" if self._keeper is None else self._keeper.revision

    @property
    def ways(self) -> Ways | None:
        """The routes to Mixpanel where there are several, else None."""
        return None if self._keeper is None else self._keeper.ways

    async def translated(self, message: Message) -> Translation:
        """Return what the message becomes, without asking the rules: in a thread for a large message."""
        if self._keeper is None:
            return (await self.inspected(message)).translation
        if message.size > LARGE_MESSAGE:
            return await asyncio.to_thread(self._translation, message, self._keeper)
        return self._translation(message, self._keeper)

    def _translation(self, message: Message, keeper: Keeper) -> Translation:
        try:
            return keeper.translated(message)
        except Exception:
            logger.exception("message %d cannot be translated", message.id)
            return Translation()

    def again(self, receipt: Receipt, id: int) -> Whole:
        """Return the message of this id, which came in the receipt, and what becomes of it."""
        message = next(one for one in self._parse(receipt, {position_of(id)}) if one.id == id)
        keeper = self._keeper
        translation = self.verdict(message).translation if keeper is None else keeper.translated(message)
        return Whole(message.document, translation)

    def document(self, receipt: Receipt, id: int) -> JsonObject:
        """Return the message of this id, which came in the receipt."""
        return self._documents.of(receipt, id)

    def as_copy(self, one: JudgedMessage) -> JudgedMessage:
        """Return a message as it is if its id was seen before."""
        prepared = one.prepared
        if self._keeper is None:
            verdict = Verdict(Translation(), objections=prepared.objections)
        else:
            verdict = self._keeper.copied(prepared.called, prepared.objections, prepared.said.source_kind)
        return JudgedMessage(as_copy(prepared, verdict, self.revision), one.source)

    def adjusted(self, named: str, found: Sequence[Finding]) -> Sequence[Finding]:
        """Return findings on a message that is called so, as the settings in force want them."""
        return found if self._adjust is None else self._adjust(named, found)

    def observation(self, given: Digest) -> tuple[Finding, ...]:
        """Return what the rules on the stream find; call it once for each message, in their order."""
        if self._observe is None:
            return ()
        try:
            return self._observe(given)
        except Exception as error:
            logger.exception("message %d cannot be observed", given.said.id)
            words = f"segtap failed on message {given.said.id}: {type(error).__name__}: {error}"
            self._faults.report(READING, words)
            fix = "Export this message and report it to segtap with the log's traceback."
            return (Finding(FAULT_RULE, "error", "$", words, fix),)

    def whole(self, message: Message, verdict: Verdict, found: Sequence[Finding]) -> Verdict:
        """Return the verdict with the stream's findings, adjusted by the settings in force."""
        return with_findings(verdict, self.adjusted(called(message.document), found)) if found else verdict

    async def detail(self, stores: Readable, id: int, route: str = "") -> MessageDetail:
        """Return everything about one message or refused request. Raises InputError if it does not exist.

        With several routes to Mixpanel the verdict is that along `route`, or along the message's first one.
        """
        summary = await stores.index.summary(id)
        receipt = await stores.receipts.get(seq_of(id)) if summary is not None else None
        if summary is None or receipt is None:
            raise InputError(
                f"Message {id} is no longer in the journal: it was cleared, or made room for newer ones."
            )
        if receipt.damaged:
            return await self._damaged(stores, summary, receipt)
        read: list[Message] | str = "" if summary.refused else await self.read(receipt, {position_of(id)})
        message = None if isinstance(read, str) else next((m for m in read if m.id == id), None)
        if message is None:
            return MessageDetail(
                summary=summary,
                document=b"",
                original=b"",
                verdict=Verdict(Translation()),
                receipt=view_of(receipt, with_body=True),
                routes=receipt.routes,
                handovers=await _handovers(stores, receipt),
            )
        marked = as_marked(message, summary.marks)
        found = (await stores.index.findings([id])).get(id, ())
        kept = (await stores.index.verdicts([id])).get(id)
        shown, standings = await self._along(stores, marked, route)
        if self.runs_functions and kept is not None and self._keeper is not None and shown:
            marked = msgspec.structs.replace(marked, outcomes=self._keeper.outcomes(kept))
        verdict = self.whole(marked, await self.inspected(marked, kept, shown), found)
        deliveries = tuple(await stores.outbox.deliveries(id))
        if route:
            one = standing_along(standings, route)
            summary = summary_along(summary, one)
            deliveries = tuple(tried for tried in deliveries if tried.route in ("", route))
        return msgspec.structs.replace(
            detail_of(summary, marked, receipt, verdict, deliveries),
            replay_of=await original_of(stores, receipt, id),
            replays=await replays_of(stores, summary),
            routes=receipt.routes,
            handovers=await _handovers(stores, receipt),
            route=shown,
            standings=standings,
        )

    async def _along(
        self, stores: Readable, message: Message, route: str
    ) -> tuple[str, tuple[RouteStanding, ...]]:
        """Return the route whose verdict is shown, and how a message stands on all of its own.

        Raises InputError for a route that is not there.
        """
        if (ways := self.ways) is None:
            return "", ()
        if route and route not in ways:
            raise InputError(f"There is no route to Mixpanel that is named {shorten(clean(route), 80)}.")
        standings = (await stores.index.standings([message.id])).get(message.id, ())
        own = next((one.route for one in standings if one.route in ways), "")
        return route or own or ways.first(message.write_key, message.source_kind).name, standings

    async def _damaged(self, stores: Readable, summary: Summary, receipt: Receipt) -> MessageDetail:
        """Return what remains of a message whose request cannot be read: its line and its deliveries."""
        marks = int(summary.marks | Marks.REFUSED | Marks.DAMAGED)
        return MessageDetail(
            summary=msgspec.structs.replace(summary, marks=marks),
            document=b"",
            original=b"",
            verdict=damage_of(receipt),
            deliveries=tuple(await stores.outbox.deliveries(summary.id)),
            receipt=view_of(receipt),
        )

    async def given(self, texts: Sequence[bytes]) -> list[Message]:
        """Return messages of a file, each as its JSON text, to be replayed unchanged. Raises InputError."""
        found: list[Message] = []
        for start in range(0, len(texts), GIVEN_AT_ONCE):
            some = texts[start : start + GIVEN_AT_ONCE]
            found += [self._as_if_received(text, "replay")[0] for text in some]
            # Let ingest run in between.
            await asyncio.sleep(0)
        return found

    async def pasted(self, text: bytes) -> MessageDetail:
        """Read the JSON text of a Segment message as if it were received now, without storing it.

        Raises InputError if segtap would refuse it.
        """
        message, receipt = self._as_if_received(text)
        verdict = await self.inspected(message)
        return detail_of(summarize(message, verdict, receipt), message, receipt, verdict)

    def _as_if_received(self, text: bytes, origin: Origin = "sdk") -> tuple[Message, Receipt]:
        value, _ = read_value(text)
        if not isinstance(value, dict):
            raise InputError("This is not a Segment message: it is not a JSON object.")
        exported = exported_record(text)
        receipt = Receipt(
            uid=uuid.uuid4().hex,
            received_at=time.time_ns() // 1_000_000,
            method="POST",
            path="/v1/batch" if exported is None else exported.endpoint,
            headers=(("content-type", "application/json"),),
            body=body_of([text]) if exported is None else exported.text,
            origin=origin,
            source_kind="segment" if exported is None else "mixpanel",
        )
        try:
            messages = self._parse(receipt)
        except RequestRefused as error:
            raise InputError(f"This is not a Segment message: {error}") from error
        if exported is not None and messages and not messages[0].document:
            raise InputError(f"This is not a record for Mixpanel: {messages[0].objections[0].words}.")
        if not messages:
            raise InputError("This is not a Segment message: there is nothing in it.")
        return messages[0], receipt

    async def by_receipt(self, stores: Readable, ids: Collection[int]) -> AsyncIterator[list[Message]]:
        """Yield the messages of these ids, those of one request at a time, oldest first; never an empty list.

        Ids of refused requests or of none are left out.
        """
        places: dict[int, set[int]] = {}
        for id in sorted(ids):
            places.setdefault(seq_of(id), set()).add(position_of(id))
        given = 0
        async for receipt in receipts_at(stores.receipts, list(places)):
            if receipt.refused is not None:
                continue
            messages = await self.read(receipt, places[receipt.seq])
            if messages and not isinstance(messages, str):
                yield messages
                given += len(messages)
                if given >= GIVEN_AT_ONCE:
                    given = 0
                    # Let ingest run in between.
                    await asyncio.sleep(0)

    async def documents(self, stores: Readable, ids: Collection[int]) -> list[Message]:
        """Return everything that `by_receipt` yields."""
        return [message async for messages in self.by_receipt(stores, ids) for message in messages]

    async def load_from(self, receipt: Receipt, lines: Mapping[int, Summary]) -> list[Message]:
        """Return the messages of a receipt that have a line, with its marks."""
        if receipt.refused is not None:
            return []
        read = await self.read(receipt)
        if isinstance(read, str):
            return []
        return [as_marked(message, lines[message.id].marks) for message in read if message.id in lines]

    async def load(self, stores: Readable, lines: Sequence[Summary]) -> list[Message]:
        """Return everything that `loading` yields."""
        return [message async for messages in self.loading(stores, lines) for message in messages]

    async def loading(
        self, stores: Readable, lines: Sequence[Summary] | Sequence[Owed]
    ) -> AsyncIterator[list[Message]]:
        """Yield the messages of lines of the list, with the marks that the lines have, oldest first.

        They also have the outcomes of insert functions: those run on all messages together. Without
        functions, the messages of one request are yielded at a time.
        """
        marks = {line.id: line.marks for line in lines}
        if self.runs_functions:
            together = [with_marks(marks, read) async for read in self.by_receipt(stores, marks)]
            yield await self.with_outcomes(stores, list(chain.from_iterable(together)))
            return
        async for read in self.by_receipt(stores, marks):
            yield with_marks(marks, read)

    async def with_outcomes(self, stores: Readable, messages: list[Message]) -> list[Message]:
        """Return the messages with the outcomes of insert functions that the index keeps, or new ones."""
        keeper = self._keeper
        if not self.runs_functions:
            return messages
        if keeper is not None:
            kept = await stores.index.verdicts([message.id for message in messages])
            messages = [
                msgspec.structs.replace(message, outcomes=keeper.outcomes(kept[message.id]))
                if message.id in kept
                else message
                for message in messages
            ]
        return await self.recorded(messages)


async def _handovers(stores: Readable, receipt: Receipt) -> tuple[Handover, ...]:
    """Return what came of handing a request to its routes."""
    return tuple(await stores.requests.handovers(receipt.seq)) if receipt.routes else ()


def is_large(receipt: Receipt) -> bool:
    """Return True if reading the receipt takes longer than others should wait."""
    return len(receipt.body) > (LARGE_COMPRESSED if compression(receipt.body) else LARGE)
