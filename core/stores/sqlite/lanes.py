"""The threads that queries run in, each with a connection that cannot write.

Text search reads whole stretches of the list, so it has a thread and a connection for itself: nothing waits
behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from .faults import SQLITE_ERRORS, closed_fault, code_of, free_cursors, store_fault
from .rows import lenient_text
from .schema import connect_reader

P = ParamSpec("P")
T = TypeVar("T")

_NUDGE = 0.02
"""Seconds between two interruptions of a query that holds up the opening of the journal."""


class Lane:
    """One thread with one connection, opened when it is first needed."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._closed = False
        self._pauses = 0
        self._gate = threading.Lock()
        """Held while a query runs, and while the journal is opened again."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"segtap-journal-{name}")

    async def run(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return the query's answer. Raises JournalError where the file cannot be read, or is closed."""
        if self._closed:
            raise closed_fault(self._path)

        def call() -> T:
            while True:
                pauses = self._pauses
                try:
                    with self._gate:
                        if self._db is None:
                            self._db = connect_reader(self._path)
                        return query(self._db, *args, **kwargs)
                except BaseException as error:
                    free_cursors(error)
                    interrupted = pauses != self._pauses and _is_interrupt(error)
                    if not interrupted and not self._reads_leniently(error):
                        raise

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except SQLITE_ERRORS as error:
            raise store_fault(error, self._path) from error

    def _reads_leniently(self, error: BaseException) -> bool:
        """Return True if the query stumbled on a damaged text, and will not do so again."""
        if not isinstance(error, sqlite3.OperationalError) or "decode" not in str(error):
            return False
        if self._db is None or self._db.text_factory is lenient_text:
            return False
        self._db.text_factory = lenient_text
        return True

    @contextlib.contextmanager
    def paused(self, opens_at: Callable[[], Path]) -> Generator[None]:
        """Close the connection and run no query within it; the one under way is run again afterwards."""
        self._pauses += 1
        while not self._gate.acquire(timeout=_NUDGE):
            if self._db is not None:
                self._db.interrupt()
        try:
            self._close()
            yield
        finally:
            self._path = opens_at()
            self._gate.release()

    def stop(self) -> None:
        """Take no more queries."""
        self._closed = True

    def close(self) -> None:
        """Wait for the query under way and close the connection."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def _is_interrupt(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and code_of(error) == sqlite3.SQLITE_INTERRUPT


class Reader:
    """The lanes that queries run in."""

    def __init__(self, path: Path) -> None:
        self.quick = Lane(path, "reader")
        self.search = Lane(path, "search")

    @contextlib.contextmanager
    def paused(self, opens_at: Callable[[], Path]) -> Generator[None]:
        """Keep every connection closed within it; `opens_at` says afterwards where they are opened again."""
        with self.quick.paused(opens_at), self.search.paused(opens_at):
            yield

    async def close(self) -> None:
        """Let queries end, and close."""
        for lane in (self.quick, self.search):
            lane.stop()
        for lane in (self.quick, self.search):
            await asyncio.to_thread(lane.close)
