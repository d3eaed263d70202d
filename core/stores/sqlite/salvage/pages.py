"""The pages of a SQLite file, the newest ones of its log (`-wal`) over them, as far as they can be read."""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..place import companions
from .records import TABLE_LEAF, rows

MAGIC = b"SQLite format 3\0"
FILE_HEADER = 100
_SIZES = tuple(512 << power for power in range(8))
_USUAL = 4096
_KINDS = frozenset({0x02, 0x05, 0x0A, 0x0D})
_LOG_HEADER, _FRAME_HEADER = 32, 24
_LITTLE, _BIG = 0x377F0682, 0x377F0683
_SAMPLE, _ENOUGH = 4_000, 50
_WORD = 0xFFFFFFFF


class _Frame(NamedTuple):
    number: int
    commit: int
    """Pages of the whole file where it ends a transaction, else 0."""
    at: int
    sound: bool


class Pages:
    """Pages by number, from 1. `log_damaged`: committed pages of the log are not what was written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._log: BinaryIO | None = None
        try:
            self._length = path.stat().st_size
            log = companions(path)[0]
            if log.is_file() and log.stat().st_size > _LOG_HEADER:
                self._log = log.open("rb", buffering=0)
            self.size = self._page_size()
            self.count = -(-self._length // self.size)
            self.log_damaged = False
            self._over: dict[int, int] = {}
            self._older: list[int] = []
            if self._log is not None:
                self._lay_over(self._log)
            self.usable = self._usable()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()
        if self._log is not None:
            self._log.close()

    def page(self, number: int) -> bytes:
        """Return the bytes of a page; empty where there is none, or only a part of it."""
        if self._log is not None and number in self._over:
            return self._whole(self._log, self._over[number])
        if not 1 <= number <= self.count:
            return b""
        return self._whole(self._file, (number - 1) * self.size)

    def _whole(self, file: BinaryIO, at: int) -> bytes:
        data = self._read(file, at, self.size)
        return data if len(data) == self.size else b""

    @staticmethod
    def _read(file: BinaryIO, at: int, length: int) -> bytes:
        file.seek(at)
        return file.read(length)

    def _page_size(self) -> int:
        """Return what the headers say, or SQLite's usual size, unless pages begin like pages at
        another one.
        """
        stated: list[int] = []
        header = self._read(self._file, 0, FILE_HEADER)
        if len(header) >= 18:
            size = int.from_bytes(header[16:18], "big")
            stated.append(65536 if size == 1 else size)
        if self._log is not None:
            stated.append(int.from_bytes(self._read(self._log, 8, 4), "big"))
        likeness = {
            size: self._likeness(size) for size in dict.fromkeys((*stated, _USUAL, *_SIZES)) if size in _SIZES
        }
        enough = max(likeness.values()) / 3
        return next(size for size, like in likeness.items() if like >= enough)

    def _usable(self) -> int:
        """Return bytes of a page that hold something: some builds of SQLite leave room at the end of each.

        The header says how many; it is believed if more rows can be read that way.
        """
        header = self._read(self._file, 0, FILE_HEADER)
        reserved = header[20] if len(header) == FILE_HEADER else 0
        if not reserved:
            return self.size
        sample = [
            page
            for number in range(2, min(self.count, _SAMPLE) + 1)
            if (page := self.page(number)) and page[0] == TABLE_LEAF
        ][:_ENOUGH]

        def readable(usable: int) -> int:
            return sum(
                cell.values is not None for page in sample for cell in rows(page, 0, usable, self.page)
            )

        return max(self.size, self.size - reserved, key=readable)

    def _likeness(self, size: int) -> float:
        """Return what share of the pages begins with a kind of page, the first one left out."""
        pages = self._length // size
        if pages < 2:
            return 0.0
        step = max(1, pages // _SAMPLE)
        looked = range(1, pages, step)
        like = sum(self._read(self._file, page * size, 1)[0] in _KINDS for page in looked)
        return like / len(looked)

    # --- the log -----------------------------------------------------------------------------------

    def _lay_over(self, log: BinaryIO) -> None:
        frames = self._frames(log)
        last = max((place for place, frame in enumerate(frames) if frame.commit), default=-1)
        for frame in frames[: last + 1]:
            if not frame.sound:
                self.log_damaged = True
                self._older.append(frame.at)
                continue
            if frame.number in self._over:
                self._older.append(self._over[frame.number])
            self._over[frame.number] = frame.at
            self.count = max(self.count, frame.commit, frame.number)

    def older(self) -> Iterator[bytes]:
        """Yield what a damaged log leaves in doubt: pages with a wrong checksum, and what sound ones
        replaced.

        A transaction of which a page is lost may have moved rows there from a page that it replaced.
        """
        if not self.log_damaged or self._log is None:
            return
        for at in self._older:
            yield self._whole(self._log, at)
        for number in self._over:
            yield self._whole(self._file, (number - 1) * self.size)

    def _frames(self, log: BinaryIO) -> list[_Frame]:
        """Return the frames that belong to the log as it is now; older ones behind them bear other salts."""
        header = self._read(log, 0, _LOG_HEADER)
        magic, _, _, _, *salts, first, second = struct.unpack(">8I", header)
        step = _FRAME_HEADER + self.size
        heads: list[tuple[int, tuple[int, ...], bytes]] = []
        at = _LOG_HEADER
        while len(head := self._read(log, at, _FRAME_HEADER)) == _FRAME_HEADER:
            heads.append((at, struct.unpack(">6I", head), head))
            at += step
        if not heads:
            return []
        known = Counter(values[2:4] for _, values, _ in heads)
        mine = tuple(salts)
        if mine not in known:
            mine = heads[0][1][2:4]  # the header itself is damaged
        order = "big" if magic == _BIG else "little"
        before = (first, second)
        frames: list[_Frame] = []
        for at, (number, commit, *salt, one, two), head in heads:
            if tuple(salt) == mine:
                data = self._read(log, at + _FRAME_HEADER, self.size)
                sound = len(data) == self.size and _checksum(head[:8] + data, before, order) == (one, two)
                if 0 < number <= _MOST_PAGES and len(data) == self.size:
                    frames.append(_Frame(number, commit, at + _FRAME_HEADER, sound))
                before = (one, two)
            elif not frames:
                before = (one, two)
        return frames


_MOST_PAGES = 1 << 31


def _checksum(data: bytes, before: tuple[int, int], order: str) -> tuple[int, int]:
    """Return SQLite's checksum of a frame, which goes on from the one before it."""
    words = array("I", data)
    if order != _ORDER:
        words.byteswap()
    one, two = before
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _WORD
        two = (two + second + one) & _WORD
    return one, two


_ORDER = "little" if struct.pack("=I", 1)[0] else "big"
