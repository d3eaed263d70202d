"""What an engine and its worker processes say to each other: frames of a length and a msgpack value.

The engine sends settings and work; a worker answers with what it made of the receipts, in their order, in one
answer or in several. Nothing else goes over the two pipes, and both ends are of one version.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ..api.models import Summary
from ..checks.stream import Said
from ..delivery import RouteStanding
from ..messages import Receipt
from ..objections import Objection
from ..query import Names
from ..settings import Settings
from ..stores.base import Entry, Judged
from ..verdict import Translation
from .encoded import Encoded
from .prepared import Prepared

LENGTH = struct.Struct("<I")
"""Stands before each value: how many bytes it has."""


class Use(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Judge by these settings from now on. The answer has no receipts, but their revision."""

    settings: Settings


class Work(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Judge the messages in these receipts. `texts` are their bodies, as far as they were inflated before.

    `one_by_one`: say of each message that it begins. `given_up` are messages of the receipt that are not to
    be judged, by their position in it, and why.
    """

    receipts: tuple[Receipt, ...]
    texts: tuple[bytes | None, ...]
    one_by_one: bool = False
    given_up: tuple[tuple[int, str], ...] = ()


class Encode(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Make the records of owed messages. `marks` has the id and the marks of each, by receipt."""

    receipts: tuple[Receipt, ...]
    marks: tuple[tuple[tuple[int, int], ...], ...]


class AnsweredMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The parts of a `Prepared` message, with its packed translation if it waits for Mixpanel.

    `judged` is the place of what the index keeps of its verdict, in the receipt's `judged`.
    """

    said: Said
    summary: Summary
    wanted: bool
    text: str
    names: Names
    judged: int
    text_cut: bool
    called: str
    objections: tuple[Objection, ...]
    fault: str
    size: int
    translation: msgspec.Raw
    standings: tuple[RouteStanding, ...] = ()


class AnsweredReceipt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A receipt's messages, or `why` it has none. `unable`: its messages cannot be packed.

    `judged` has each value once: most messages share it with others.
    """

    messages: tuple[AnsweredMessage, ...] = ()
    judged: tuple[Judged, ...] = ()
    why: str = ""
    unable: bool = False

    def prepared(self) -> list[Prepared]:
        """Return the messages put together again."""
        judged = self.judged
        return [
            Prepared(
                one.said,
                Entry(
                    one.summary,
                    one.wanted,
                    one.text,
                    (),
                    one.names,
                    judged[one.judged],
                    one.text_cut,
                    one.standings,
                ),
                one.called,
                one.objections,
                one.fault,
                one.size,
            )
            for one in self.messages
        ]


def answered_receipt(messages: Sequence[tuple[Prepared, msgspec.Raw]]) -> AnsweredReceipt:
    """Return the answer for a receipt: its messages with their packed translations, `NOTHING` for none."""
    judged: dict[int, int] = {}
    values: list[Judged] = []
    answered: list[AnsweredMessage] = []
    for one, translation in messages:
        entry = one.entry
        place = judged.get(id(entry.judged))
        if place is None:
            place = judged[id(entry.judged)] = len(values)
            values.append(entry.judged)
        answered.append(
            AnsweredMessage(
                one.said,
                entry.summary,
                entry.wanted,
                entry.text,
                entry.names,
                place,
                entry.text_cut,
                one.called,
                one.objections,
                one.fault,
                one.size,
                translation,
                entry.standings,
            )
        )
    return AnsweredReceipt(tuple(answered), tuple(values))


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The next receipts of the work, judged by settings of this revision.

    Without receipts it only says that the worker is at work. `fault` is what failed last, as in `Faults`;
    `log` are the lines that belong in the engine's log. `begins` is the position of the message that is
    judged next, -1 where that is not asked. `encoded` answers an `Encode`.
    """

    revision: str
    receipts: tuple[AnsweredReceipt, ...]
    fault: str = ""
    log: tuple[str, ...] = ()
    begins: int = -1
    encoded: Encoded | None = None


class PackedAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer as a worker sends it: each receipt is packed by itself, for one of them may fail."""

    revision: str
    receipts: tuple[msgspec.Raw, ...]
    fault: str = ""
    log: tuple[str, ...] = ()
    begins: int = -1
    encoded: Encoded | None = None


Order: TypeAlias = Use | Work | Encode

pack = msgspec.msgpack.Encoder().encode
read_order = msgspec.msgpack.Decoder[Order](Order).decode
read_answer = msgspec.msgpack.Decoder(Answer).decode
read_translation = msgspec.msgpack.Decoder(Translation).decode
NOTHING = msgspec.Raw(pack(None))


def frame(value: msgspec.Struct) -> bytes:
    """Return a value as it is written to a pipe."""
    data = pack(value)
    return LENGTH.pack(len(data)) + data
