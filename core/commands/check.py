"""`segtap check`: lines of messages in, what the rules find in each out. Pure: the clock is handed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..checks import adjusted, called
from ..checks.stream import StreamChecker, digest
from ..errors import InputError, MappingError
from ..messages import RAW_TYPE, Json, JsonObject, Marks, Message
from ..pipeline import CompiledSettings
from ..pipeline.answer import answer
from ..pipeline.functions import RunFunction, run_none, with_outcomes
from ..pipeline.lines import Copies, Given, Unreadable, given_messages
from ..pipeline.reading import TOO_DEEP
from ..pipeline.stages import Walked, judged
from ..query import names_of
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..verdict import SEVERITY_WEIGHT, Finding, Verdict, with_findings

MOST_HELD = 1_000
"""Messages that are held back because a later one may clear them of a mistake."""
NO_DOCUMENT: JsonObject = {}


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One message and what the rules found in it, or a line that could not be read (`error`).

    `line` counts from 1. `message_id` is the message's own, whatever its type; `name` is what it is
    called for a person: `track Order Completed`. `nowhere`: nothing of it is sent to Mixpanel. `answer` says
    what became of it at every stage, and `verdict` is the verdict on it by itself.
    """

    line: int
    message_id: Json = None
    call: str = ""
    name: str = ""
    findings: tuple[Finding, ...] = ()
    nowhere: bool = False
    answer: JsonObject = NO_DOCUMENT
    verdict: Verdict | None = None
    error: str | None = None


class Tally(msgspec.Struct):
    """What was found so far."""

    messages: int = 0
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    wrong: int = 0
    """Messages with an error or a warning."""
    nowhere: int = 0
    """Messages of which nothing is sent."""
    unreadable: int = 0

    def counting(self, checked: Iterable[Checked]) -> Iterator[Checked]:
        """Yield the same messages, counted as they pass."""
        for one in checked:
            self.add(one)
            yield one

    def add(self, one: Checked) -> None:
        """Count one message."""
        if one.error is not None:
            self.unreadable += 1
            return
        self.messages += 1
        severities = [finding.severity for finding in one.findings]
        self.errors += severities.count("error")
        self.warnings += severities.count("warning")
        self.notes += severities.count("info")
        self.wrong += "error" in severities or "warning" in severities
        self.nowhere += one.nowhere

    @property
    def exit_code(self) -> int:
        """0 when nothing of severity error was found and every line could be read, else 1."""
        return 1 if self.errors or self.unreadable else 0


def check_lines(
    lines: Iterable[str | bytes],
    settings: CompiledSettings,
    *,
    clock: Callable[[], int],
    bounds: Bounds = DEFAULT_BOUNDS,
    whole: bool = False,
    functions: RunFunction = run_none,
) -> Iterator[Checked]:
    """Check messages, envelopes or batches, one JSON object a line; blank lines are skipped.

    Envelopes are those of `segtap translate`; of a batch every message is checked on its own. The clock
    of a message is its envelope's `now`, else its receivedAt, else `clock()`, in milliseconds. The lines are
    one stream: what several messages show together is found in the one that completes it. A message that
    later ones may still clear of a mistake is held back until they decide it, at most `MOST_HELD` messages
    long. A line that cannot be read is passed on with its error, and the rest still run. Of a message beyond
    `bounds` only that is found: it is not read. With `whole`, each has its `answer` and its verdict.
    `functions` runs the insert functions of the settings.
    """
    stream = StreamChecker(settings.checks, settings.destination)
    held = _Held(stream, settings)
    copies = Copies()
    for given in given_messages(lines, destination=settings.destination, bounds=bounds):
        if isinstance(given, Unreadable):
            yield from held.pass_on(Checked(line=given.line, error=given.error))
        elif given.message.unread:
            yield from held.pass_on(_check_unread(given, settings, whole=whole))
        else:
            try:
                checked = _check(given, clock, settings, stream, copies, functions, whole=whole)
            except (InputError, MappingError) as error:
                checked = Checked(line=given.line, error=str(error))
            except RecursionError:
                checked = Checked(line=given.line, error=TOO_DEEP)
            yield from held.pass_on(checked, given.message.document)
    yield from held.rest()


class _Held:
    """Messages that were checked, in their order, held back while a later one may clear them of a mistake."""

    def __init__(self, stream: StreamChecker, settings: CompiledSettings) -> None:
        self._stream = stream
        self._settings = settings
        self._held: deque[tuple[int, Checked, JsonObject]] = deque()
        """Each with its number in the stream."""
        self._late: dict[int, list[Finding]] = {}
        """What was found of messages after they were read, by their numbers."""

    def pass_on(self, checked: Checked, document: JsonObject = NO_DOCUMENT) -> Iterator[Checked]:
        """Take in the next message, and yield those of which all is known now."""
        if not self._held and self._stream.waiting is None:
            yield checked
            return
        self._held.append((self._stream.observed, checked, document))
        if len(self._held) > MOST_HELD:
            self._settle(self._held[0][0])
        waiting = self._stream.waiting
        while self._held and (waiting is None or self._held[0][0] < waiting):
            yield self._whole(*self._held.popleft())

    def rest(self) -> Iterator[Checked]:
        """Yield what is still held back: no other message comes."""
        self._settle(None)
        while self._held:
            yield self._whole(*self._held.popleft())

    def _settle(self, upto: int | None) -> None:
        for number, finding in self._stream.settle(upto):
            self._late.setdefault(number, []).append(finding)

    def _whole(self, number: int, checked: Checked, document: JsonObject) -> Checked:
        """Return a message with what was found of it since."""
        late = self._late.pop(number, None) if document else None
        if late is None:
            return checked
        found = [*checked.findings, *adjusted(late, called(document), self._settings.checks.rules)]
        found.sort(key=lambda finding: SEVERITY_WEIGHT[finding.severity])
        return msgspec.structs.replace(checked, findings=tuple(found))


def _check_unread(given: Given, settings: CompiledSettings, *, whole: bool) -> Checked:
    """Check a message that is too large to be read."""
    verdict, walked = judged(given.message, settings)
    checked = _checked(given, verdict.findings, nowhere=True)
    return _with_answer(checked, given.message, verdict, walked) if whole else checked


def _check(
    given: Given,
    clock: Callable[[], int],
    settings: CompiledSettings,
    stream: StreamChecker,
    copies: Copies,
    functions: RunFunction,
    *,
    whole: bool,
) -> Checked:
    now = given.now(clock)
    settings = given.settings_in(settings)
    (message,) = with_outcomes([given.message], settings, functions, now)
    verdict, walked = judged(message, settings, now)
    if not message.marks & Marks.WOULD_REJECT and copies.is_copy(given, now):
        message = msgspec.structs.replace(message, marks=Marks.SECOND_RECEIPT)
    stream.use(settings.checks, settings.destination)
    completed = stream.observe(digest(message, verdict.translation, now))
    verdict = with_findings(verdict, adjusted(completed, called(message.document), settings.checks.rules))
    checked = _checked(given, verdict.findings, nowhere=not verdict.translation.operations)
    return _with_answer(checked, given.message, verdict, walked) if whole else checked


def _with_answer(checked: Checked, message: Message, verdict: Verdict, walked: Walked) -> Checked:
    return msgspec.structs.replace(checked, answer=answer(message, verdict, walked), verdict=verdict)


def _checked(given: Given, findings: tuple[Finding, ...], *, nowhere: bool) -> Checked:
    document, call = given.message.document, given.message.type
    return Checked(
        line=given.line,
        message_id=document.get("messageId"),
        call=call,
        name=name_of(document, call),
        findings=findings,
        nowhere=nowhere,
    )


def name_of(message: JsonObject, call: str) -> str:
    """Return what a message is called for a person: `track Order Completed`."""
    if call == RAW_TYPE:
        return f"device mode {names_of(message, call).event}"
    named = message.get("event") if call == "track" else message.get("name")
    return f"{call} {named}" if isinstance(named, str) and named else call or "no type"
