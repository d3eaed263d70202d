"""`segtap open`: reads files into a journal of their own, as if their messages were received then.

Each request says in a header which file it comes from, and how far that was read: a later run on the same
journal goes on there, wherever an earlier one ended.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from .. import stores
from ..codec.streamed import unpacked
from ..errors import InputError, JournalError
from ..messages import Receipt
from ..pipeline.opened import BEGIN, Fault, Opened, Place, opened
from ..settings import JournalSettings
from ..stores import START, Stores

FROM = "segtap-opened-from"
"""The header that says which file a request was read from, and how far it was read then."""
LIMIT = 1 << 42
"""Bytes of a journal that files are opened in: none of their messages makes room for another one."""
FAULTS = 10
"""Lines without a message that are kept of a file; all of them are counted."""
_DATABASE = b"SQLite format 3\0"
_CHUNK = 256 * 1024
_HEAD = 64 * 1024
"""Bytes by which a file is known again."""
_UNDER_WAY = 512
"""Requests that wait for the disk together."""
_STRETCH = 256


class ReadFile(msgspec.Struct):
    """What was read of a file. An earlier run had read it up to `before`.

    `ended` says why the rest of it was not read. `read` of its `size` bytes have been read so far; the size
    of what comes through a pipe is 0.
    """

    name: str
    size: int = 0
    read: int = 0
    before: Place = BEGIN
    messages: int = 0
    requests: int = 0
    passed_over: int = 0
    broken: int = 0
    faults: list[Fault] = []
    first: int = 0
    last: int = 0
    ended: str = ""

    def count(self, step: Opened) -> None:
        """Count a step of reading."""
        self.messages += step.messages
        self.passed_over += step.passed_over
        self.broken += len(step.faults)
        self.faults += step.faults[: max(0, FAULTS - len(self.faults))]
        if step.receipt is not None:
            self.requests += 1
            at = step.receipt.received_at
            self.first = min(self.first or at, at)
            self.last = max(self.last, at)

    @property
    def whole(self) -> bool:
        """True if every value of the file was read."""
        return not self.broken and not self.ended


Progress = Callable[[ReadFile], None]


async def read_files(
    files: list[tuple[str, BinaryIO]], journal: str, *, progress: Progress = lambda file: None
) -> list[ReadFile]:
    """Read files into the journal at a path; "" reads them only. Returns what was read of each.

    Values that the journal has from an earlier run are not read again. Raises JournalError for a journal that
    holds other messages.
    """
    if not journal:
        return [await _read(name, file, None, {}, progress) for name, file in files]
    async with _opened_journal(journal) as kept:
        known = await _known(kept)
        return [await _read(name, file, kept, known, progress) for name, file in files]


def journal_settings(path: str) -> JournalSettings:
    """Return the settings of a journal that files are opened in."""
    return JournalSettings(path=path, max_bytes=LIMIT)


@asynccontextmanager
async def _opened_journal(path: str) -> AsyncGenerator[Stores]:
    kept = await stores.open(journal_settings(path))
    try:
        yield kept
    finally:
        await kept.close()


async def _read(
    name: str, file: BinaryIO, kept: Stores | None, known: dict[str, Place], progress: Progress
) -> ReadFile:
    result = ReadFile(name=name, size=_size(name))
    head = file.read(_HEAD)
    if head.startswith(_DATABASE):
        result.ended = f"this is a database. To see a journal of segtap: segtap --journal {name}"
        return result
    digest, result.before = _known_as(head, known)
    under_way: deque[Awaitable[object]] = deque()

    def chunks() -> Iterator[bytes]:
        for chunk in chain((head,), iter(lambda: file.read(_CHUNK), b"")):
            result.read += len(chunk)
            progress(result)
            yield chunk

    now = time.time_ns() // 1_000_000
    try:
        for step in opened(_readable(chunks(), result), now=now, skip=result.before):
            if step.receipt is not None and kept is not None:
                marked = _marked(step.receipt, f"{digest} {step.upto.values} {step.upto.messages}")
                under_way.append(kept.receipts.append(marked))
                while len(under_way) > _UNDER_WAY:
                    await under_way.popleft()
            result.count(step)
    finally:
        await asyncio.gather(*under_way)
    progress(result)
    return result


def _readable(chunks: Iterator[bytes], result: ReadFile) -> Iterator[bytes]:
    """Yield a file's bytes, unpacked, up to where it cannot be read any further."""
    try:
        yield from unpacked(chunks)
    except (InputError, OSError) as error:
        result.ended = str(error)


def _marked(receipt: Receipt, place: str) -> Receipt:
    return msgspec.structs.replace(receipt, headers=(*receipt.headers, (FROM, place)))


def _known_as(head: bytes, known: dict[str, Place]) -> tuple[str, Place]:
    """Return what names a file that begins so, and how far it was read before.

    A file that has grown begins as it did.
    """
    for digest, place in known.items():
        length = digest.partition(":")[2]
        if length.isdecimal() and _digest(head[: int(length)]) == digest:
            return digest, place
    return _digest(head), BEGIN


def _digest(head: bytes) -> str:
    return f"{blake2b(head, digest_size=16).hexdigest()}:{len(head)}"


async def _known(kept: Stores) -> dict[str, Place]:
    """Return how far each file was read that the journal has messages of."""
    known: dict[str, Place] = {}
    after, others = START, False
    while receipts := await kept.receipts.read(after, _STRETCH):
        for receipt in receipts:
            match (receipt.header(FROM) or "").split():
                case [digest, values, messages] if values.isdecimal() and messages.isdecimal():
                    place = Place(int(values), int(messages))
                    known[digest] = max(known.get(digest, BEGIN), place)
                case _:
                    others = True
        after = receipts[-1].seq
    if others and not known:
        raise JournalError(
            f"{kept.path} holds messages that an engine received. Name a journal of its own: --journal NEW."
        )
    return known


def _size(name: str) -> int:
    try:
        return Path(name).stat().st_size
    except OSError:
        return 0
