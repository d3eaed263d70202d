"""One `node` process that runs the code of one insert function: started, asked over pipes, ended by force.

Everything that the code can do to it ends in a `ChildFault`: it hangs, dies, floods its output, answers with
something else, or uses too much memory. Nothing of the environment reaches the process, and the settings of
the function go over the pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar, cast

import msgspec

from ..messages import JsonObject

T = TypeVar("T")

HARNESS = Path(__file__).with_name("harness.js")
_LONG = re.compile(rb"[0-9]{19}")
_PART = 64 * 1024
START_TIMEOUT = 20.0
"""Seconds that node may take to start, on a busy machine; the harness limits the code's own start."""
_LAST_WORDS = 2_000
"""Bytes of the error output that are kept."""


class Limits(msgspec.Struct, frozen=True):
    """What the code may use: seconds for one message, bytes of memory, bytes of output for one message."""

    seconds: float = 5.0
    memory: int = 256 * 1024 * 1024
    output: int = 2 * 1024 * 1024


class ChildFault(Exception):
    """The process did not answer as it should; the text says why. It has ended."""


class NotRunnable(Exception):
    """The code cannot be run at all; the text says why."""


class Answer(msgspec.Struct, frozen=True):
    """What the harness answers for one message; `event` is the returned event as JSON text."""

    id: int
    effect: str
    reason: str = ""
    error: str = ""
    event: str | None = None
    fetched: bool = False
    logs: tuple[str, ...] = ()


class _Started(msgspec.Struct, frozen=True):
    handlers: tuple[str, ...] = ()
    error: str = ""


class NodeChild:
    """A running process. Not for several threads at once, but for `kill`."""

    def __init__(
        self, node: str, *, file: str, code: str, settings: JsonObject, network: bool, limits: Limits
    ) -> None:
        """Start it. Raises NotRunnable if the code cannot be compiled, ChildFault if the process fails."""
        self._limits = limits
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unread = 0
        self._flooded = False
        self._last_words = b""
        self._asked = 0
        try:
            self._process = subprocess.Popen(
                [node, f"--max-old-space-size={limits.memory // 1024**2}", str(HARNESS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                cwd=tempfile.gettempdir(),
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise NotRunnable(f"{node} cannot be started: {error.strerror}") from error
        self._threads = [
            threading.Thread(target=self._read, name="segtap-function-out", daemon=True),
            threading.Thread(target=self._read_errors, name="segtap-function-err", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        first = {
            "file": file,
            "code": code,
            "settings": settings,
            "network": network,
            "memory": limits.memory,
            "timeout": round(limits.seconds * 1000),
        }
        try:
            with self._writing([json.dumps(first).encode()]):
                started = self._next(_STARTED, START_TIMEOUT)
            if started.error:
                raise NotRunnable(started.error)
        except BaseException:
            self.close()
            raise

    def ask(self, events: Sequence[bytes]) -> Iterator[Answer]:
        """Yield the answer for each message, in order. Raises ChildFault where there is none."""
        first = self._asked
        self._asked += len(events)
        with self._writing([b'{"id":%d,"event":%b}' % pair for pair in enumerate(events, start=first)]):
            for id in range(first, self._asked):
                answer = self._next(_ANSWER, self._limits.seconds)
                if answer.id != id:
                    raise self._fault("it wrote something else than its answers to the output")
                yield answer

    def kill(self) -> None:
        """End the process, and those that it started; can be called from any thread, and again."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the process, and wait until nothing reads from it any more."""
        self.kill()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    @contextlib.contextmanager
    def _writing(self, lines: Sequence[bytes]) -> Generator[None]:
        """Write lines meanwhile, in a thread: a process that hangs does not read them."""
        thread = threading.Thread(target=self._write, args=(lines,), name="segtap-function-in", daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            self.kill()
            raise
        finally:
            thread.join()

    def _write(self, lines: Sequence[bytes]) -> None:
        data = memoryview(b"\n".join((*lines, b"")))
        with contextlib.suppress(OSError, ValueError):  # it has died: its silence says so
            while data:
                data = data[_pipe(self._process.stdin).write(data) :]

    def _next(self, decoder: msgspec.json.Decoder[T], seconds: float) -> T:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise self._fault(f"it did not end within {seconds:g} s") from None
        if line is None:
            raise self._fault(self._end())
        self._unread -= len(line)
        try:
            return decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._fault("it wrote something else than its answers to the output") from None

    def _fault(self, why: str) -> ChildFault:
        self.kill()
        return ChildFault(why)

    def _end(self) -> str:
        """Say why the process ended by itself."""
        status = self._process.wait()
        self._threads[1].join()
        if self._flooded:
            return "it flooded its output"
        if self._last_words.startswith(b"memory") or b"heap out of memory" in self._last_words:
            return f"it used more than {self._limits.memory // 1024**2} MB of memory"
        if status < 0:
            return f"its process was ended by signal {-status}"
        return f"its process ended with status {status}"

    def _read(self) -> None:
        rest = b""
        for part in _parts(_pipe(self._process.stdout)):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                self._unread += len(line)
                self._lines.put(line)
            if len(rest) > self._limits.output or self._unread > 16 * self._limits.output:
                self._flooded = True
                self.kill()
                break
        self._lines.put(None)

    def _read_errors(self) -> None:
        for part in _parts(_pipe(self._process.stderr)):
            self._last_words = (self._last_words + part)[-_LAST_WORDS:]


_STARTED = msgspec.json.Decoder(_Started)
_ANSWER = msgspec.json.Decoder(Answer)


def document_of(text: str) -> JsonObject | None:
    """Read an event that a function returned; None if it is not an object, or cannot be held.

    Whole numbers that no 64 bits hold become floats, which all numbers are to JavaScript.
    """
    data = text.encode("utf-8", "surrogatepass")
    try:
        if _LONG.search(data):
            value = json.loads(text, parse_int=_number)
        else:
            try:
                value = msgspec.json.decode(data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("JsonObject", value) if isinstance(value, dict) else None


def _number(digits: str) -> int | float:
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else float(value)


def _parts(pipe: IO[bytes]) -> Iterator[bytes]:
    with contextlib.suppress(OSError, ValueError):
        while part := pipe.read(_PART):
            yield part


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _environment() -> dict[str, str]:
    """Return what node needs to start, and nothing else: no secret, no option of the user's node."""
    needed = {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}
    return {"TZ": "UTC", **needed}
