"""`[[hold]]`: the messages that wait for the user before they are forwarded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from ..messages import JsonObject
from ..query import Facts, Judgement, Names, Query, Tally, names_of, parse, searched_text
from ..query.named import NamedSource, by_source
from ..query.sets import no_sources
from ..query.sql import CUT_AT
from ..settings import Hold
from ..stores.base import Entry
from ..verdict import Translation
from .prepared import JudgedMessage
from .summaries import NAME_LIMIT


class Holding:
    """The hold filters in force, which `filters` returns and which may change at any time, as may `sources`.

    What is sent by hand, a replay or an edited message, is not held. A message on which a regular expression
    takes too long to be searched for is held.
    """

    def __init__(
        self, filters: Callable[[], Sequence[Hold]], sources: Callable[[], Sequence[NamedSource]] = no_sources
    ) -> None:
        self._filters = filters
        self._sources = sources
        self._made: tuple[Sequence[Hold], Sequence[NamedSource], tuple[Query, ...]] = (), (), ()

    def holds(self, entry: Entry, one: JudgedMessage) -> bool:
        """Return True if a new message, which `entry` is the row of, waits for the user."""
        if entry.names.origin == "replay" or not (queries := self._queries()):
            return False
        candidate = NewLine(entry, one)
        for query in queries:
            tally = Tally()
            if query.matches(candidate, tally) or tally.undecided:
                return True
        return False

    def _queries(self) -> tuple[Query, ...]:
        filters, sources = self._filters(), self._sources()
        if self._made[0] is not filters or self._made[1] is not sources:
            queries = tuple(by_source(parse(one.filter), sources) for one in filters)
            self._made = filters, sources, queries
        return self._made[2]


class NewLine:
    """A message with its row of the index, before that is written, as the filter language sees it."""

    def __init__(self, entry: Entry, one: JudgedMessage) -> None:
        self._entry = entry
        self._one = one

    @property
    def facts(self) -> Facts:
        """The message's line."""
        line = self._entry.summary
        message_id = line.message_id
        if len(message_id) >= NAME_LIMIT and isinstance(whole := self.document().get("messageId"), str):
            message_id = whole
        return Facts(
            received_at=line.received_at,
            type=line.type,
            message_id=message_id,
            marks=line.marks,
            delivery=line.delivery,
        )

    def names(self) -> Names:
        """Return what fields ask beside the line."""
        names = self._entry.names
        if all(len(text) < CUT_AT for text in msgspec.structs.astuple(names)):
            return names
        type = self._entry.summary.type
        return names_of(self.document(), type, write_key=names.write_key, origin=names.origin)

    def judgement(self) -> Judgement:
        """Return what translation and rules say."""
        judged = self._entry.judged
        return Judgement(
            rules=judged.rules,
            errors=judged.errors,
            warnings=judged.warnings,
            notes=judged.notes,
            sent=bool(judged.sent),
        )

    def text(self) -> str:
        """Return what words are searched in."""
        return searched_text(self.document()) if self._entry.text_cut else self._entry.text

    def document(self) -> JsonObject:
        """Return the message."""
        return self._one.document()

    def records(self) -> Iterable[JsonObject]:
        """Return the records of its requests to Mixpanel."""
        return records_in(self._one.source.made())


def records_in(translation: Translation) -> Iterator[JsonObject]:
    """Yield the records of a message's requests to Mixpanel."""
    for operation in translation.operations:
        yield from operation.request.records()
