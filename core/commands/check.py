"""`segtap check`: lines of messages in, what the rules find in each out. Pure: the clock is handed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..checks import CheckSettings, adjusted, objection
from ..checks.settings import DEFAULTS
from ..checks.stream import Loose, StreamChecker
from ..destinations import translator
from ..destinations.gate import Gate, GatedTranslator
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds
from ..ingest.objections import known_call, overflows
from ..ingest.parts import head_of
from ..messages import Json, JsonObject, Marks
from ..objections import first_rejection, rejection
from ..pipeline.lines import Copies, Given, TooLarge, Unreadable, given_messages
from ..pipeline.stages import inspect_document
from ..settings import Destination
from ..verdict import SEVERITY_WEIGHT, Finding, with_findings

MOST_HELD = 1_000
"""Messages that are held back because a later one may clear them of a mistake."""
NO_DOCUMENT: JsonObject = {}


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One message and what the rules found in it, or a line that could not be read (`error`).

    `line` counts from 1. `message_id` is the message's own, whatever its type; `name` is what it is
    called for a person: `track Order Completed`. `nowhere`: nothing of it is sent to Mixpanel.
    """

    line: int
    message_id: Json = None
    call: str = ""
    name: str = ""
    findings: tuple[Finding, ...] = ()
    nowhere: bool = False
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
        """The same messages, counted as they pass."""
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
    *,
    destination: Destination,
    clock: Callable[[], int],
    settings: CheckSettings = DEFAULTS,
    gate: Gate | None = None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Checked]:
    """Check messages, envelopes or batches, one JSON object a line; blank lines are passed over.

    Envelopes are those of `segtap translate`; of a batch every message is checked on its own. The clock
    of a message is its envelope's `now`, else its receivedAt, else `clock()`, in milliseconds. `settings` is
    what rules judge by, `gate` what Segment asks before any subscription. The lines are one stream: what
    several messages show together is found in the one that completes it. A message that later ones may still
    clear of a mistake is held back until they decide it, at most `MOST_HELD` messages long. A line that
    cannot be read is passed on with its error, and the rest still run. Of a message beyond `bounds` only that
    is found: it is not read.
    """
    stream = StreamChecker(settings, destination)
    held = _Held(stream, settings)
    copies = Copies()
    for given in given_messages(lines, destination=destination, bounds=bounds):
        match given:
            case Unreadable():
                yield from held.pass_on(Checked(line=given.line, error=given.error))
            case TooLarge():
                yield from held.pass_on(_unread(given, settings))
            case Given():
                yield from held.pass_on(_check(given, clock, settings, stream, gate, copies), given.message)
    yield from held.rest()


class _Held:
    """Messages that were checked, in their order, held back while a later one may clear them of a mistake."""

    def __init__(self, stream: StreamChecker, settings: CheckSettings) -> None:
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
        """A message with what was found of it since."""
        late = self._late.pop(number, None) if document else None
        if late is None:
            return checked
        found = [*checked.findings, *adjusted(late, document, self._settings.rules)]
        found.sort(key=lambda finding: SEVERITY_WEIGHT[finding.severity])
        return msgspec.structs.replace(checked, findings=tuple(found))


def _unread(given: TooLarge, settings: CheckSettings) -> Checked:
    """What is said of a message that is too large to be read."""
    head = head_of(given.data)
    call = known_call(head.get("type"))
    findings = adjusted([objection(rejection(given.why))], head, settings.rules)
    return Checked(
        line=given.line,
        message_id=head.get("messageId"),
        call=call,
        name=_name(head, call),
        findings=tuple(findings),
        nowhere=True,
    )


def _check(
    given: Given,
    clock: Callable[[], int],
    settings: CheckSettings,
    stream: StreamChecker,
    gate: Gate | None,
    copies: Copies,
) -> Checked:
    message, destination, call = given.message, given.destination, given.call
    objections, now = given.all_objections(), given.now(clock)
    translate = translator(destination)
    verdict = inspect_document(
        message,
        given.length,
        translate if gate is None else GatedTranslator(translate, gate),
        destination,
        now,
        objections,
        overflows=overflows(given.numbers),
        settings=settings,
    )
    marks = Marks.NONE
    if first_rejection(objections) is not None:
        marks = Marks.WOULD_REJECT
    elif copies.is_copy(given, now):
        marks = Marks.SECOND_RECEIPT
    id = message.get("messageId")
    observed = Loose(
        document=message,
        type=call,
        message_id=id if isinstance(id, str) else "",
        id=given.line,
        marks=marks,
    )
    stream.use(settings, destination)
    completed = stream.observe(observed, verdict.translation, now)
    verdict = with_findings(verdict, adjusted(completed, message, settings.rules))
    return Checked(
        line=given.line,
        message_id=message.get("messageId"),
        call=call,
        name=_name(message, call),
        findings=verdict.findings,
        nowhere=not verdict.translation.operations,
    )


def _name(message: JsonObject, call: str) -> str:
    named = message.get("event") if call == "track" else message.get("name")
    return f"{call} {named}" if isinstance(named, str) and named else call or "no type"
