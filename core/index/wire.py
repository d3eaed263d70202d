"""What an engine and its worker processes say to each other: frames of a length and a msgpack value.

The engine sends settings and work; a worker answers with what it made of the receipts, in their order, in one
answer or in several. Nothing else goes over the two pipes, and both ends are of one version.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

import msgspec

from ..messages import Receipt
from ..settings import Settings
from ..verdict import Translation
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


class AnsweredMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message, with its packed translation if it waits for Mixpanel."""

    prepared: Prepared
    translation: msgspec.Raw


class AnsweredReceipt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A receipt's messages, or `why` it has none. `unable`: its messages cannot be packed."""

    messages: tuple[AnsweredMessage, ...] = ()
    why: str = ""
    unable: bool = False


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The next receipts of the work, judged by settings of this revision.

    Without receipts it only says that the worker is at work. `fault` is what failed last, as in `Faults`;
    `log` are the lines that belong in the engine's log. `begins` is the position of the message that is
    judged next, -1 where that is not asked.
    """

    revision: str
    receipts: tuple[AnsweredReceipt, ...]
    fault: str = ""
    log: tuple[str, ...] = ()
    begins: int = -1


class PackedAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer as a worker sends it: each receipt is packed by itself, for one of them may fail."""

    revision: str
    receipts: tuple[msgspec.Raw, ...]
    fault: str = ""
    log: tuple[str, ...] = ()
    begins: int = -1


Order: TypeAlias = Use | Work

pack = msgspec.msgpack.Encoder().encode
read_order = msgspec.msgpack.Decoder[Order](Order).decode
read_answer = msgspec.msgpack.Decoder(Answer).decode
read_translation = msgspec.msgpack.Decoder(Translation).decode
NOTHING = msgspec.Raw(pack(None))


def frame(value: msgspec.Struct) -> bytes:
    """Return a value as it is written to a pipe."""
    data = pack(value)
    return LENGTH.pack(len(data)) + data
