"""The log: one JSON object a line, for people with `jq` and for log collectors.

Lines are written by a thread of their own. A reader that stops reading (a pager, a stopped collector) fills
its pipe, and a write then blocks for as long as it pleases; the event loop must not wait for that, because
ingest would wait with it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.handlers
import os
import queue
import sys
import threading
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

import msgspec

from ..json_text import escaped
from ..masks import Masks
from ..state_folder import make_folder, state_folder

ROOT = "segtap.core"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


_masks: list[Masks] = [Masks()]


def hide(masks: Masks) -> None:
    """Mask these secrets in every line of the log from now on."""
    _masks[0] = masks


class JsonLines(logging.Formatter):
    """A formatter of JSON lines: `at` (UTC, milliseconds), `level`, `part`, `message`, whatever `extra`
    adds, `traceback` if any.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, without its newline."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "part": record.name.removeprefix(f"{ROOT}."),
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        masks, text = _masks[0], _json(line)
        # Without a backslash, every string stands in the JSON text as it is, and one search finds any secret.
        if "\\" in text or masks.find(text):
            text = masks.text(_json(masks.value(line)))
        return escaped(text)


def _json(line: dict[str, object]) -> str:
    try:
        return msgspec.json.encode(line, enc_hook=str).decode()
    except UnicodeEncodeError:  # half an emoji in a name
        return json.dumps(line, default=str)


class BackgroundHandler(logging.Handler):
    """Formats each record at once, and writes its line in a thread, in order.

    While the stream blocks, at most `most` lines are kept; those that come on top are counted and dropped,
    and one line says how many once the stream accepts lines again. A stream whose reader has gone away gets
    nothing more.
    """

    END_WAIT = 1.0
    """Seconds that `close` waits for the lines that are left: the reader may never read them."""

    def __init__(self, stream: TextIO, most: int = 10_000) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(most)
        self._dropped = 0
        self._gone = False
        self._thread = threading.Thread(target=self._write_all, name="segtap-log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line; never blocks."""
        if not self._gone:
            self._queue(record)

    def close(self) -> None:
        """Write what is left, if the stream accepts it in time."""
        try:
            self._lines.put(None, timeout=self.END_WAIT)
        except queue.Full:
            self._gone = True
        self._thread.join(self.END_WAIT)
        super().close()

    def _queue(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            # What logging's own handlers do: a record that cannot be formatted is reported on stderr.
            self.handleError(record)
            return
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._write(line)
                if self._dropped and self._lines.empty():
                    dropped, self._dropped = self._dropped, 0
                    self._write(self.format(_dropped_record(dropped)))
            except (OSError, ValueError):  # the reader went away, or the stream was closed
                self._gone = True
                return

    def _write(self, line: str) -> None:
        data = f"{line}\n"
        try:
            number = self._stream.fileno()
        except OSError:  # not a file: a stream in memory
            self._stream.write(data)
            return
        # Without Python's buffer: its lock, held by a thread that waits in a write, cannot be taken at exit.
        left = memoryview(data.encode("utf-8", "replace"))
        while left:
            left = left[os.write(number, left) :]


def _dropped_record(dropped: int) -> logging.LogRecord:
    fields: dict[str, object] = {
        "name": __name__,
        "levelno": logging.WARNING,
        "levelname": "WARNING",
        "msg": "lines of the log were dropped: the reader was too slow",
        "dropped": dropped,
    }
    return logging.makeLogRecord(fields)


def log_file() -> Path:
    """Return the file with the latest warnings and errors of all engines: `log.jsonl` in the state folder."""
    return state_folder() / "log.jsonl"


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class KeptLines(logging.handlers.RotatingFileHandler):
    """Writes warnings and errors into `log_file()`, which only its owner reads, for the report of a bug.

    Where it cannot be written, nothing is kept: the log itself has every line.
    """

    MOST = 256 * 1024
    """Bytes of the file; beyond them it becomes `log.jsonl.1`, and a new one is begun."""

    def __init__(self) -> None:
        super().__init__(log_file(), maxBytes=self.MOST, backupCount=1, encoding="utf-8", delay=True)
        self.setLevel(logging.WARNING)
        self.setFormatter(JsonLines())

    def _open(self) -> TextIOWrapper:
        make_folder(state_folder().resolve())
        return open(self.baseFilename, "a", encoding="utf-8", opener=_open_private)

    def handleError(self, record: logging.LogRecord) -> None:
        """Give up on a record that cannot be kept."""


def to_stream(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send the log of segtap and of the web server to a stream, stderr by default, and keep its warnings."""
    handlers: list[logging.Handler] = [BackgroundHandler(stream or sys.stderr), KeptLines()]
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger(ROOT).setLevel(level)
