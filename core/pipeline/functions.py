"""Insert functions in the pipeline: what is to be run, and what the recorded outcomes mean. Pure.

The pipeline runs no code. `with_outcomes` asks somebody who does, `core.functions` at the engine's edge, for
one document after another, and records the answers in the messages. Everything else reads these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from ..catalogue.settings import NOT_IMITATED
from ..catalogue.stages import INSERT_FUNCTION_NO_HANDLER
from ..messages import JsonObject, Marks, Message
from ..outcomes import NO_HANDLER, FunctionOutcome, outcome_of
from ..settings import InsertFunction
from ..verdict import Finding, NotSent, StageResult
from .compiled import CompiledSettings
from .parts import Part, Passage

RunFunction: TypeAlias = Callable[[int, Sequence[JsonObject]], Sequence[FunctionOutcome]]
"""From a function's place in the settings and documents to what the function makes of each."""


_NEVER_RUN = Marks.SECOND_RECEIPT | Marks.WOULD_REJECT


def run_none(function: int, documents: Sequence[JsonObject]) -> list[FunctionOutcome]:
    """Run nothing: for who has no process to run functions in."""
    return [FunctionOutcome(function, "not_imitated", "it was not run")] * len(documents)


class Wanted(NamedTuple):
    """The next function to be run on a message, and the document that reaches it."""

    function: int
    document: JsonObject


def wanted(message: Message, settings: CompiledSettings, now: int) -> Wanted | None:
    """Return what is to be run on a message next, None if it has every outcome that it needs."""
    if message.unread or message.marks & _NEVER_RUN:
        return None
    document = message.document
    passage = Passage(document, now, message.outcomes)
    stage = ""
    for part in settings.parts:
        if part.stage != stage:
            stage, passage = part.stage, msgspec.structs.replace(passage, reached=document)
        if part.function is not None and outcome_of(part.function, message.outcomes) is None:
            return Wanted(part.function, document)
        made = part.apply(document, passage)
        if isinstance(made, NotSent):
            return None
        document = made
    return None


def with_outcomes(
    messages: Sequence[Message], settings: CompiledSettings, run: RunFunction, now: int | None = None
) -> list[Message]:
    """Return the messages with the outcomes of every function that they come to.

    Those that a message has already are kept. `now` is the clock, by default the moment each was received.
    """
    made = list(messages)
    if not settings.runs_functions:
        return made
    waiting = range(len(made))
    while waiting:
        asked: dict[int, list[tuple[int, JsonObject]]] = {}
        for index in waiting:
            message = made[index]
            own = settings.for_source(message.write_key)
            next_one = wanted(message, own, message.received_at if now is None else now)
            if next_one is not None:
                asked.setdefault(next_one.function, []).append((index, next_one.document))
        for function, some in asked.items():
            outcomes = run(function, [document for _, document in some])
            for (index, _), outcome in zip(some, outcomes, strict=True):
                message = made[index]
                made[index] = msgspec.structs.replace(message, outcomes=(*message.outcomes, outcome))
        waiting = [index for some in asked.values() for index, _ in some]
    return made


def not_imitated(part: Part, outcomes: Sequence[FunctionOutcome]) -> Iterator[StageResult]:
    """Name a function that did not do what Segment's would, and say why."""
    outcome = None if part.function is None else outcome_of(part.function, outcomes)
    if outcome is None or outcome.effect == "not_imitated":
        reason = "it was not run" if outcome is None else outcome.reason
        yield StageResult(part.stage, "not_imitated", "$", reason, part.name)


def function_findings(
    outcomes: Sequence[FunctionOutcome], functions: Sequence[InsertFunction]
) -> Iterator[Finding]:
    """Yield what the rules say of outcomes: a type without handler, a function that is not imitated."""
    for outcome in outcomes:
        if outcome.function >= len(functions):
            continue
        words = functions[outcome.function].words
        if outcome.effect == "no_handler":
            yield INSERT_FUNCTION_NO_HANDLER.finding(
                "$.type", f"{words} drops it: {outcome.reason}", fix=_handler_fix(outcome.reason)
            )
        elif outcome.effect == "not_imitated":
            yield NOT_IMITATED.finding("$", f"segtap does not imitate {words}: {outcome.reason}")


def _handler_fix(reason: str) -> str | None:
    """Return the handler to add, None where the reason names none."""
    name = reason.removeprefix(NO_HANDLER)
    if not name.startswith("on"):
        return None
    return f"add the handler, if only to return the event: async function {name}(event) {{ return event }}"
