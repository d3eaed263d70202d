"""The insert functions of the settings, each with its node process: messages in, recorded outcomes out."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from ..json_text import deeper_than, json_bytes
from ..masks import Masks, masks_of, secrets_in_functions
from ..messages import JsonObject
from ..outcomes import NO_HANDLER, FunctionEffect, FunctionOutcome, changes_between
from ..settings import InsertFunction
from .child import Answer, ChildFault, Limits, NodeChild, NotRunnable, document_of
from .libraries import LIBRARIES

AT_ONCE = 64
"""Messages that are sent to a process at a time."""
MAX_DEPTH = 512
TRIES = 2
"""Processes in a row that may end without an answer, before the rest of the messages is given up."""
REASON_LENGTH = 500
USUAL = Limits()

_DROPS = {
    "DropEvent": "",
    "EventNotSupported": "Segment calls it an unsupported event type",
    "InvalidEventPayload": "Segment rejects the message",
    "ValidationError": "Segment rejects the message",
    "RetryError": "Segment tries again for four hours, segtap does not",
}
"""The errors that a function throws on purpose, and what Segment does then."""


class InsertFunctions:
    """Runs the insert functions of the settings. Processes start with the first message; `close` ends them.

    `report` is called with a function's title and what is wrong with its process, "" once it answers again,
    from the thread that runs it. Can be used from several threads.
    """

    def __init__(
        self,
        functions: Sequence[InsertFunction],
        *,
        report: Callable[[str, str], None] | None = None,
        limits: Limits | None = None,
        node: str | None = None,
    ) -> None:
        node = shutil.which("node") if node is None else node
        masks = masks_of(secrets_in_functions(functions))
        self.functions = tuple(functions)
        self._runners = [
            _Runner(place, one, node or "", limits or USUAL, masks, report or _ignore)
            for place, one in enumerate(functions)
        ]

    def run(self, function: int, documents: Sequence[JsonObject]) -> list[FunctionOutcome]:
        """Return what the function at this place makes of each document. Never raises for what code does."""
        return self._runners[function].run(documents)

    def unusable(self) -> tuple[str, ...]:
        """Name the enabled functions that cannot be run, as far as is known, and say why."""
        named = ((one, runner.unusable()) for one, runner in zip(self.functions, self._runners, strict=True))
        return tuple(f"{one.words} ({why})" for one, why in named if one.enabled and why)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """End all processes at once; what is being run ends with a fault."""
        for runner in self._runners:
            runner.stop()

    def close(self) -> None:
        """Do the same, and wait until nothing runs any more."""
        self.stop()
        for runner in self._runners:
            runner.close()


class _Runner:
    """One function and its process, started again after a fault."""

    def __init__(
        self,
        place: int,
        function: InsertFunction,
        node: str,
        limits: Limits,
        masks: Masks,
        report: Callable[[str, str], None],
    ) -> None:
        self._place = place
        self._function = function
        self._node = node
        self._limits = limits
        self._masks = masks
        self._report = report
        self._lock = threading.Lock()
        self._child: NodeChild | None = None
        self._closed = False
        self._tries = TRIES
        self._broken = ""
        try:
            self._code = code_of(function)
        except OSError as error:
            self._code, self._broken = "", f"{function.file} cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            self._code, self._broken = "", f"{function.file} is not UTF-8 text"

    def unusable(self) -> str:
        """Say why the function cannot be run, "" if it can as far as is known."""
        return self._broken or ("" if self._node else "node is not installed")

    def run(self, documents: Sequence[JsonObject]) -> list[FunctionOutcome]:
        with self._lock:
            done: list[FunctionOutcome] = []
            while len(done) < len(documents):
                some = documents[len(done) : len(done) + AT_ONCE]
                done += self._some(some)
            return done

    def stop(self) -> None:
        self._closed = True
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        with self._lock:
            self._end()

    def _some(self, documents: Sequence[JsonObject]) -> list[FunctionOutcome]:
        """Run one batch: the message that ends the process gets a fault, those after it another process."""
        done: list[FunctionOutcome] = []
        in_a_row, why = 0, ""
        while len(done) < len(documents) and in_a_row < self._tries:
            if unusable := self.unusable():
                return [*done, *self._all("not_imitated", unusable, len(documents) - len(done))]
            before = len(done)
            try:
                self._ask(documents, done)
                in_a_row = 0
            except NotRunnable as error:
                self._end()
                self._broken = self._words(str(error))
            except ChildFault as error:
                self._end()
                why = "the process was stopped" if self._closed else str(error)
                in_a_row = in_a_row + 1 if len(done) == before else 1
                done.append(self._outcome("fault", why))
                self._report(self._function.title, f"{self._function.words} failed: {why}.")
        if len(done) < len(documents):
            given_up = f"it was not run: {why}, for the messages before this one"
            done += self._all("fault", given_up, len(documents) - len(done))
            self._tries = 1
        elif not in_a_row:
            self._tries = TRIES
            self._report(self._function.title, "")
        return done

    def _ask(self, documents: Sequence[JsonObject], done: list[FunctionOutcome]) -> None:
        """Add the outcomes of the messages that have none yet. Raises ChildFault, NotRunnable."""
        if self._closed:
            raise ChildFault("the process was stopped")
        if self._child is None:
            function = self._function
            self._child = NodeChild(
                self._node,
                file=Path(function.file).name,
                code=self._code,
                settings=function.settings,
                network=function.network,
                limits=self._limits,
            )
        waiting = documents[len(done) :]
        answers = self._child.ask([json_bytes(one) for one in waiting])
        for document, answer in zip(waiting, answers, strict=True):
            done.append(self._read(document, answer))

    def _read(self, document: JsonObject, answer: Answer) -> FunctionOutcome:
        """Turn an answer of the harness into the outcome."""
        logs = tuple(self._words(line) for line in answer.logs)
        if answer.effect == "event":
            made = None if answer.event is None else document_of(answer.event)
            if made is None or deeper_than(made, MAX_DEPTH):
                return self._outcome("failed", "what it returned cannot be read as an event", logs)
            changes = changes_between(document, made)
            return FunctionOutcome(self._place, "passed", logs=logs, changes=changes)
        if answer.effect == "no_handler":
            why = f"{NO_HANDLER}{answer.reason}" if answer.reason else "it has no handler for this type"
            return self._outcome("no_handler", why, logs)
        if answer.effect == "nothing":
            return self._outcome("dropped", f"it returned {answer.reason} instead of the event", logs)
        return self._error(answer, logs)

    def _error(self, answer: Answer, logs: tuple[str, ...]) -> FunctionOutcome:
        missing = answer.reason.removesuffix(" is not defined")
        if answer.error == "ReferenceError" and missing in LIBRARIES:
            why = f"it uses {LIBRARIES[missing]} as {missing}, which segtap does not have"
            return self._outcome("not_imitated", why, logs)
        if answer.error == "NoNetwork" or (answer.fetched and not self._function.network):
            return self._outcome("not_imitated", "it calls fetch, and network is false", logs)
        words = f"it threw {answer.error}: {answer.reason}" if answer.reason else f"it threw {answer.error}"
        if answer.error not in _DROPS:
            return self._outcome("failed", words, logs)
        then = _DROPS[answer.error]
        return self._outcome("dropped", f"{words} ({then})" if then else words, logs)

    def _all(self, effect: FunctionEffect, why: str, count: int) -> list[FunctionOutcome]:
        return [self._outcome(effect, why)] * count

    def _outcome(self, effect: FunctionEffect, why: str, logs: tuple[str, ...] = ()) -> FunctionOutcome:
        return FunctionOutcome(self._place, effect, self._words(why), logs)

    def _words(self, text: str) -> str:
        """Return a text of the code's without secrets, and cut."""
        text = self._masks.text(text)
        return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 1] + "…"

    def _end(self) -> None:
        if self._child is not None:
            with contextlib.suppress(OSError):
                self._child.close()
            self._child = None


def code_of(function: InsertFunction) -> str:
    """Read the function's file. Raises OSError, UnicodeDecodeError."""
    return Path(function.file).expanduser().read_text(encoding="utf-8")


def _ignore(function: str, text: str) -> None:
    """Do nothing."""
