"""`segtap why`: what happens to a message, stage by stage, and whether it reaches Mixpanel. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from ..checks.not_imitated import concerning
from ..destinations.explain import explain
from ..messages import RAW_TYPE, JsonObject, Marks, Message
from ..not_imitated import NotImitated
from ..objections import first_rejection
from ..outcomes import FunctionOutcome, outcome_of
from ..paths import changes
from ..pipeline import STAGES, CompiledSettings
from ..pipeline.functions import RunFunction, run_none, with_outcomes
from ..pipeline.parts import Step
from ..pipeline.stages import Walked, judged
from ..pipeline.step_words import doubts_of, matched
from ..query import names_of
from ..text import counted, shorten, shown
from ..verdict import Finding, NotSent, Operation, Stage, Translation

Mark = Literal["passed", "unchanged", "changed", "stopped", "unknown", "log"]
PATHS_SHOWN = 6
_BY_ITSELF = "Mixpanel's own SDK sends it to Mixpanel (device mode): it does not come to Segment's stages."
NAMES = 80


class Line(NamedTuple):
    """What one stage, or one part of it, does to the message."""

    mark: Mark
    stage: Stage
    words: str


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """A message's way to Mixpanel. `title` names the message, `end` says where the way ends."""

    title: str
    lines: tuple[Line, ...]
    reaches: bool
    end: str
    findings: tuple[Finding, ...] = ()
    """The errors and warnings of the rules."""


def why(message: Message, settings: CompiledSettings, *, now: int, functions: RunFunction = run_none) -> Why:
    """Walk a message through the stages, and say what each does to it.

    `functions` runs the insert functions of the settings.
    """
    (message,) = with_outcomes([message], settings, functions, now)
    verdict, walked = judged(message, settings, now)
    title = _title(message)
    findings = tuple(one for one in verdict.findings if one.severity != "info")
    if message.source_kind == "mixpanel":
        return Why(
            title=title, lines=(), reaches=True, end=_by_itself(verdict.translation), findings=findings
        )
    refused = _refused(message)
    if refused:
        lines = (Line("stopped", "segment", refused),)
        return Why(title=title, lines=lines, reaches=False, end=_stopped_at("segment"), findings=findings)
    lines = tuple(_lines(message, walked, settings, now))
    stopped: Stage | None = next((line.stage for line in lines if line.mark == "stopped"), None)
    if stopped is not None:
        return Why(title=title, lines=lines, reaches=False, end=_stopped_at(stopped), findings=findings)
    doubts = any(line.mark == "unknown" for line in lines)
    requests = counted(len(verdict.translation.operations), "request")
    end = f"It reaches Mixpanel, with {requests}."
    if doubts:
        end = f"It reaches Mixpanel, with {requests}, unless what segtap does not imitate stops it."
    return Why(title=title, lines=lines, reaches=True, end=end, findings=findings)


def _by_itself(translation: Translation) -> str:
    """Return what becomes of a record of Mixpanel's own SDK, which the page or app sends itself."""
    kept = translation.not_sent
    return _BY_ITSELF if kept is None else f"{_BY_ITSELF} segtap does not forward it: {kept.reason}."


def _refused(message: Message) -> str:
    """Return why Segment does not pass the message on at all, or ""."""
    if message.unread:
        return "; ".join(one.text for one in message.objections)
    if message.marks & Marks.SECOND_RECEIPT:
        return "Segment drops this copy: the same messageId came within the last 24 hours"
    rejection = first_rejection(message.objections)
    return "" if rejection is None else rejection.text


def _lines(message: Message, walked: Walked, settings: CompiledSettings, now: int) -> Iterator[Line]:
    """Yield the lines of all stages up to the one that stops the message."""
    parts = _not_imitated(message, walked, settings)
    stopped = walked.translation.not_sent
    for stage in STAGES:
        yield from _unknown(stage, parts)
        steps = [step for step in walked.steps if step.part.stage == stage]
        for step in steps:
            yield from _of_step(step, message.outcomes)
            yield from _logs(step, message.outcomes)
        if stopped is not None and stopped.stage == stage:
            if not any(isinstance(step.made, NotSent) for step in steps):
                yield Line("stopped", stage, f"{stopped.reason} ({stopped.path})")
            return
        if stage == "segment":
            changed = "; ".join(one.text for one in message.objections)
            yield Line("passed", stage, changed or "Segment accepts it")
        elif stage == "integrations":
            yield Line("passed", stage, "its integrations object and consent allow Mixpanel")
        elif stage == "subscriptions":
            yield from _of_subscriptions(walked, settings, now)


def _unknown(stage: Stage, parts: Sequence[NotImitated]) -> Iterator[Line]:
    for one in parts:
        if _stage_of(one) == stage:
            yield Line("unknown", stage, f"{one.words} is not imitated: it may change or stop the message")


def _stage_of(one: NotImitated) -> Stage:
    """Return the stage at which a part that is not imitated stands; the last one if that is unknown."""
    at_source = one.scope == "source"
    match one.kind:
        case "insert_function":
            return "source_function" if at_source else "insert_function"
        case "transformation" | "hashing":
            return "source_transformations" if at_source else "destination_transformations"
        case "tracking_plan":
            return "schema"
        case "filter":
            return "filters"
        case "switched_off" | "resource" | "field":
            return "schema" if at_source else "subscriptions"
        case _:
            return "subscriptions"


def _not_imitated(message: Message, walked: Walked, settings: CompiledSettings) -> Sequence[NotImitated]:
    """Return the parts that may change the message, but for hashing that stands at its transformation."""
    hashed = {
        ", ".join(one.hash_properties_configuration.paths)
        for one in settings.stages.transformations
        if one.enabled and one.hash_properties_configuration is not None
    }
    parts = concerning(message.document, settings.checks.not_imitated, walked.document)
    return [one for one in parts if one.kind != "hashing" or one.name not in hashed]


def _of_step(step: Step, outcomes: Sequence[FunctionOutcome]) -> Iterator[Line]:
    """Yield the lines of one part."""
    stage, name = step.part.stage, f"{shorten(step.part.name, NAMES)!r}"
    doubts = doubts_of(step, outcomes)
    if doubts and step.part.function is not None:
        yield Line("unknown", stage, f"{name} is not imitated: {doubts[0]}")
        return
    if isinstance(step.made, NotSent):
        yield Line("stopped", stage, f"{step.made.reason} ({step.made.path})")
        return
    paths = [path for path, _ in changes(step.before, step.made)]
    more = len(paths) - PATHS_SHOWN
    listed = ", ".join(paths[:PATHS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    if paths:
        yield Line("changed", stage, f"{name} changes {listed}")
    elif not doubts:
        yield Line("unchanged", stage, f"{name} {_why_unchanged(step)}")
    for words in doubts:
        yield Line("unknown", stage, words)


def _why_unchanged(step: Step) -> str:
    """Return whether a part that changes nothing concerns the message at all."""
    if not matched(step):
        return "does not match the message"
    return "changes nothing" if step.part.matches is None else "matches the message, and changes nothing"


def _logs(step: Step, outcomes: Sequence[FunctionOutcome]) -> Iterator[Line]:
    """Yield what an insert function wrote with console.log."""
    outcome = None if step.part.function is None else outcome_of(step.part.function, outcomes)
    for line in () if outcome is None else outcome.logs:
        yield Line("log", step.part.stage, f"console.log: {line}")


def _of_subscriptions(walked: Walked, settings: CompiledSettings, now: int) -> Iterator[Line]:
    translation = walked.translation
    for operation in translation.operations:
        yield Line("passed", "subscriptions", _of_operation(operation))
    if translation.rejected is not None:
        mark: Mark = "unknown" if translation.operations else "stopped"
        yield Line(mark, "subscriptions", f"the destination refuses it: {translation.rejected}")
    elif not translation.operations:
        yield Line("stopped", "subscriptions", _why_nothing(walked.document, translation, settings, now))


def _of_operation(operation: Operation) -> str:
    by = f"{shorten(operation.subscription or operation.action, NAMES)!r}"
    records = list(operation.request.records())
    events = [shown(record["event"]) for record in records if "event" in record]
    what = f"sends {', '.join(events)}" if events else f"updates {counted(len(records), 'profile')}"
    return f"{by} {what} to {operation.request.url.partition('?')[0]}"


def _why_nothing(document: JsonObject, translation: Translation, settings: CompiledSettings, now: int) -> str:
    if not translation.unmatched:
        return "it holds nothing that is sent"
    closest = explain(document, settings.destination, translation, now=now).unmatched
    return closest or "the settings of the destination send nothing for this call"


def _stopped_at(stage: Stage) -> str:
    return f"It does not reach Mixpanel: it ends at the stage {stage}."


def _title(message: Message) -> str:
    """Name the message: `track Order Completed (order_991)`."""
    document = message.document
    if message.type == RAW_TYPE:
        return f"device mode {shorten(names_of(document, RAW_TYPE).event, NAMES)}"
    name = document.get("event") if message.type == "track" else document.get("name")
    words = f"{message.type} {shorten(name, NAMES)}" if isinstance(name, str) else message.type or "message"
    id = document.get("messageId")
    return f"{words} ({shorten(id, NAMES)})" if isinstance(id, str) and id else words
