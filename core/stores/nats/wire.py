"""Receipts and outcomes as messages of a stream, and back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Literal, cast

import msgspec
from isal import isal_zlib

from ...delivery import Delivery, DeliveryState
from ...errors import JournalError
from ..sqlite.rows import ReceiptRow

_HEAD = struct.Struct(">Bq")
"""The form of a receipt's row, and when it was received."""
_WINDOW = -15
PARTS = "Segtap-Parts"
"""The header of a receipt that is too large for one message: the positions of the messages before it that "
"hold
its beginning."""

NoteKind = Literal["outcome", "decision", "claim", "cleared", "gone"]


class Moved(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The new state of a message, and whether something of it is still owed whatever the state."""

    id: int
    state: DeliveryState
    owing: bool = False


class Note(msgspec.Struct, frozen=True, array_like=True):
    """One message of the stream of outcomes.

    An `outcome` comes from the engine that holds the partition, a `decision` from any other: it counts for
    those messages only that are still in the state that it was based on. `claim`: engine `by` holds the
    partition from here on. `cleared`: the receipts up to `upto` are gone; `gone`: those in `seqs`.
    """

    kind: NoteKind
    by: str
    lines: tuple[Delivery, ...] = ()
    moved: tuple[Moved, ...] = ()
    based: dict[int, DeliveryState] = {}
    upto: int = 0
    seqs: tuple[int, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Note).decode
_deflate = cast("Callable[[bytes, int, int], bytes]", isal_zlib.compress)  # pyright: ignore[reportUnknownMemberType]
_inflate = cast("Callable[[bytes, int], bytes]", isal_zlib.decompress)  # pyright: ignore[reportUnknownMemberType]
_BadStream = cast("type[Exception]", isal_zlib.error)


def pack_row(row: ReceiptRow) -> bytes:
    """Return a receipt's row as the content of a message."""
    return _HEAD.pack(row.form, row.received_at) + row.data


def unpack_row(data: bytes) -> ReceiptRow:
    """Return the row in the content of a message; one that holds nothing readable if another program wrote
    it.
    """
    if len(data) < _HEAD.size:
        return ReceiptRow(0, 0, data)
    form, received_at = _HEAD.unpack_from(data)
    return ReceiptRow(received_at, 1 if form else 0, data[_HEAD.size :])


def pieces(data: bytes, most: int) -> list[bytes]:
    """Return data in pieces of at most so many bytes."""
    return [data[start : start + most] for start in range(0, len(data), most)] or [b""]


def pack_note(note: Note) -> bytes:
    """Return a note as the content of a message."""
    return _deflate(_encode(note), 1, _WINDOW)


def unpack_note(data: bytes) -> Note | None:
    """Return the note in the content of a message, None if another program wrote it."""
    try:
        return _decode(_inflate(data, _WINDOW))
    except (_BadStream, msgspec.MsgspecError, ValueError, EOFError):
        return None


def pack_notes(note: Note, most: int) -> list[bytes]:
    """Return a note as the contents of as many messages as it needs, each of at most so many bytes.

    A message's lines and its state stay together, the state in the last one that has a line of it.
    """
    data = pack_note(note)
    if len(data) <= most:
        return [data]
    ids = list(dict.fromkeys([*(line.message for line in note.lines), *(one.id for one in note.moved)]))
    if len(ids) > 1:
        first, second = set(ids[: len(ids) // 2]), set(ids[len(ids) // 2 :])
        return [*pack_notes(_only(note, first), most), *pack_notes(_only(note, second), most)]
    if len(note.lines) > 1:
        half = len(note.lines) // 2
        before = msgspec.structs.replace(note, lines=note.lines[:half], moved=())
        after = msgspec.structs.replace(note, lines=note.lines[half:])
        return [*pack_notes(before, most), *pack_notes(after, most)]
    raise JournalError(
        f"What became of a message takes {len(data)} bytes, more than a message of NATS may have ({most}). "
        "Raise max_payload in the server's configuration."
    )


def _only(note: Note, ids: set[int]) -> Note:
    return msgspec.structs.replace(
        note,
        lines=tuple(line for line in note.lines if line.message in ids),
        moved=tuple(one for one in note.moved if one.id in ids),
        based={id: state for id, state in note.based.items() if id in ids},
    )


def last_moves(moved: Sequence[Moved]) -> list[Moved]:
    """Return the last state of each message."""
    return list({one.id: one for one in moved}.values())
