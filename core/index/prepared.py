"""A message as far as it can be judged by itself: plain data, which another process can make. Pure.

What follows from the messages before it, that it is a copy and what the rules on the stream find, is added in
the order of receipt.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from ..checks.adjust import called
from ..checks.stream import Said, Whole, of_copy, said_by
from ..messages import JsonObject, Marks, Message, Receipt
from ..objections import Objection
from ..stores.base import Entry
from ..verdict import Translation, Verdict
from .summaries import delivery_of, entry_of, judged_of, summarize

_SECOND = int(Marks.SECOND_RECEIPT)


class Prepared(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message, judged by itself. `called` is its name in `[[rules]]`; `size` as in `Message`."""

    said: Said
    entry: Entry
    called: str
    objections: tuple[Objection, ...]
    fault: str
    size: int


class Source(Protocol):
    """Gives the message behind a prepared one, and its translation, to whoever needs more than that says."""

    def whole(self, id: int) -> Whole:
        """Return the message itself, and what becomes of it."""
        ...

    def document(self, id: int) -> JsonObject:
        """Return the message itself."""
        ...

    def made(self) -> Translation:
        """Return its translation, if it waits for Mixpanel."""
        ...


class Own(msgspec.Struct, frozen=True):
    """The source of a message that this process has judged."""

    known: Whole

    def whole(self, id: int) -> Whole:
        """Return the message itself, and what becomes of it."""
        return self.known

    def document(self, id: int) -> JsonObject:
        """Return the message itself."""
        return self.known.document

    def made(self) -> Translation:
        """Return its translation."""
        return self.known.translation


class JudgedMessage(msgspec.Struct, frozen=True, gc=False):
    """A prepared message, and its source."""

    prepared: Prepared
    source: Source

    def whole(self) -> Whole:
        """Return the message itself, and what becomes of it."""
        return self.source.whole(self.prepared.said.id)

    def document(self) -> JsonObject:
        """Return the message itself, without translating it."""
        return self.source.document(self.prepared.said.id)


def prepare(message: Message, verdict: Verdict, receipt: Receipt, revision: str) -> Prepared:
    """Return everything about a message that needs no other message. `revision` is the verdict's."""
    judged = judged_of(verdict, message.marks, verdict, revision)
    summary = summarize(message, verdict, receipt, (judged.errors, judged.warnings))
    return Prepared(
        said_by(message, verdict.translation, message.received_at),
        entry_of(summary, message, receipt, judged),
        called(message.document),
        message.objections,
        verdict.fault,
        message.size,
    )


def as_copy(one: Prepared, verdict: Verdict, revision: str) -> Prepared:
    """Return what a message is if its id was seen before; `verdict` is the one on such a copy."""
    line = one.entry.summary
    marks = line.marks | _SECOND
    summary = msgspec.structs.replace(
        line,
        errors=verdict.errors,
        warnings=verdict.warnings,
        marks=marks,
        delivery=delivery_of(verdict, wanted=one.entry.wanted, marks=marks),
    )
    judged = judged_of(verdict, marks, verdict, revision)
    entry = msgspec.structs.replace(one.entry, summary=summary, judged=judged, standings=())
    return Prepared(of_copy(one.said), entry, one.called, one.objections, "", one.size)
