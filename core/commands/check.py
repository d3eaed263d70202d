"""`segtap check`: lines of messages in, what the rules find in each out. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..checks import WOULD_REJECT, CheckSettings, adjusted, objection
from ..checks.settings import DEFAULTS
from ..checks.stream import Loose, StreamChecker
from ..destinations import translator
from ..envelope import batch_items, read_envelope
from ..errors import InputError, MappingError
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds, over
from ..ingest.decode import NotJson, Repair, read_json
from ..ingest.objections import (
    REJECT,
    known_call,
    message_id_objections,
    missing_parts,
    numbers_within,
    overflows,
    repair_texts,
    size_objections,
    type_objection,
)
from ..ingest.parse import head_of
from ..inspection import Finding, with_findings
from ..inspector import inspect_document
from ..json_text import to_json
from ..mapping.dates import read_time
from ..messages import CALL_TYPES, Json, JsonObject, Marks
from ..settings import Destination


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One message and what the rules found in it, or a line that could not be read (`error`).

    `line` counts from 1. `message_id` is the message's own, whatever its type; `name` is what it is
    called for a person: `track Order Completed`.
    """

    line: int
    message_id: Json = None
    call: str = ""
    name: str = ""
    findings: tuple[Finding, ...] = ()
    error: str | None = None


class Tally(msgspec.Struct):
    """What was found so far."""

    messages: int = 0
    errors: int = 0
    warnings: int = 0
    notes: int = 0
    wrong: int = 0
    """Messages with an error or a warning."""
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
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Checked]:
    """Check messages, envelopes or batches, one JSON object a line; blank lines are passed over.

    Envelopes are those of `segtap translate`; of a batch every message is checked on its own. The clock
    of a message is its envelope's `now`, else its receivedAt, else `clock()`, in milliseconds. `settings` is
    what rules judge by. The lines are one stream: what several messages show together is found in the one
    that completes it. A line that cannot be read is passed on with its error, and the rest still run. Of a
    message beyond `bounds` only that is found: it is not read.
    """
    run = _Run(destination, clock, settings, bounds)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield from _check_line(number, line, run)
        except (InputError, MappingError, NotJson) as error:
            yield Checked(line=number, error=str(error))


class _Run:
    """What holds for all lines, and what the rules on the stream have seen of them."""

    def __init__(
        self, destination: Destination, clock: Callable[[], int], settings: CheckSettings, bounds: Bounds
    ) -> None:
        self.destination = destination
        self.clock = clock
        self.settings = settings
        self.bounds = bounds
        self.stream = StreamChecker(settings, destination)


def _check_line(number: int, line: str | bytes, run: _Run) -> Iterator[Checked]:
    data = line.strip() if isinstance(line, bytes) else line.strip().encode("utf-8", "surrogatepass")
    if why := over(data, run.bounds):
        try:
            items = batch_items(data)
        except NotJson as error:
            raise InputError(f"not JSON: {error}") from error
        if items is None:
            yield _unread(number, data, why, run)
            return
        for item in items:
            yield from _check_line(number, item, run)
        return
    try:
        value, repairs = read_json(data)
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError("not a JSON object: write one Segment message, or one envelope, a line")
    # Numbers are those of one message; the rest holds for the whole line.
    objections = repair_texts(tuple(repair for repair in repairs if repair.what != "number"))
    batch = value.get("batch")
    if isinstance(batch, list) and value.get("type") not in CALL_TYPES:
        for position, item in enumerate(batch):
            if not isinstance(item, dict):
                yield Checked(line=number, error="an item of the batch is no JSON object")
                continue
            # Its own text is not at hand: as compact JSON it is what an SDK would send.
            length = len(to_json(item).encode())
            numbers = numbers_within(repairs, f"$.batch[{position}]")
            yield _check(number, item, length, run.destination, run, None, objections, numbers)
        return
    envelope = read_envelope(value, run.destination)
    bare = envelope.message is value
    length = len(data) if bare else len(to_json(envelope.message).encode())
    numbers = numbers_within(repairs, "$" if bare else "$.message")
    yield _check(
        number, envelope.message, length, envelope.destination, run, envelope.now, objections, numbers
    )


def _unread(number: int, data: bytes, why: str, run: _Run) -> Checked:
    """What is said of a message that is too large to be read."""
    head = head_of(data)
    call = known_call(head.get("type"))
    findings = adjusted([objection(f"{REJECT}{why}")], head, run.settings.rules)
    return Checked(
        line=number,
        message_id=head.get("messageId"),
        call=call,
        name=_name(head, call),
        findings=tuple(findings),
    )


def _check(
    number: int,
    message: JsonObject,
    length: int,
    destination: Destination,
    run: _Run,
    now: int | None,
    objections: list[str],
    numbers: tuple[Repair, ...],
) -> Checked:
    call = known_call(message.get("type"))
    objections = [
        *objections,
        *repair_texts(numbers),
        *(missing_parts(message, call) if call else [type_objection(message.get("type"))]),
        *size_objections(length),
        *message_id_objections(message.get("messageId")),
    ]
    if now is None:
        received = message.get("receivedAt")
        now = read_time(received) if isinstance(received, str) else None
    if now is None:
        now = run.clock()
    inspection = inspect_document(
        message,
        length,
        translator(destination),
        destination,
        now,
        objections,
        overflows=overflows(numbers),
        settings=run.settings,
    )
    rejected = any(words.startswith(WOULD_REJECT) for words in objections)
    id = message.get("messageId")
    observed = Loose(
        document=message,
        type=call,
        message_id=id if isinstance(id, str) else "",
        marks=Marks.WOULD_REJECT if rejected else Marks.NONE,
    )
    run.stream.use(run.settings, destination)
    completed = run.stream.observe(observed, inspection.translation, now)
    inspection = with_findings(inspection, adjusted(completed, message, run.settings.rules))
    return Checked(
        line=number,
        message_id=message.get("messageId"),
        call=call,
        name=_name(message, call),
        findings=inspection.findings,
    )


def _name(message: JsonObject, call: str) -> str:
    named = message.get("event") if call == "track" else message.get("name")
    return f"{call} {named}" if isinstance(named, str) and named else call or "no type"
