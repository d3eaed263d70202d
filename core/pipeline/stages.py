"""The stages that a message walks through at Segment, in order, and the verdict at the end of them. Pure.

`segment` comes first: would Segment take the message at all. Then come the parts of the settings (`parts`),
and at last `subscriptions`, which make the requests. Checks and repairs come after the stages and are not
stages themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

import msgspec

from ..checks import SECOND_RECEIPT, adjusted, called, check, objection
from ..messages import JsonObject, Marks, Message, SourceKind
from ..objections import Objection, first_rejection
from ..outcomes import FunctionOutcome
from ..repair import Repaired, mended_findings, repaired
from ..verdict import Finding, NotSent, Stage, StageResult, Translation, Verdict
from .compiled import CompiledSettings
from .device import device_translation, device_verdict
from .functions import function_findings, not_imitated
from .origins import Origins
from .parts import Passage, Step

_SECOND = int(Marks.SECOND_RECEIPT)  # an operation on flags costs as much as a whole stage
STAGES: tuple[Stage, ...] = tuple(stage for stage in get_args(Stage) if stage)
"""Segment's pipeline, in order."""


def run(message: Message, settings: CompiledSettings, now: int | None = None) -> Verdict:
    """Judge a message: walk it through the stages, check it, and make the repairs.

    `now`, in milliseconds, is the clock of stages and rules; by default the moment the message was received,
    so that judging it again later gives the same. The rules judge what Segment would send, before repairs.
    A message that Segment would refuse is judged like any other, but makes no request. A second receipt is
    not translated: Segment would drop it. Nor is a message that is too large to be read. What the message's
    source says in `[[sources]]` wins, here and in all functions below that are given a message.
    """
    return judged(message, settings, now)[0]


def run_together(messages: Sequence[Message], settings: CompiledSettings) -> list[Verdict]:
    """Judge each message by itself, as `run` does by the time of its receipt.

    All of them walk the stages before the first is checked: code that has just run is still in the
    processor's cache, and takes a sixth less time.
    """
    by = [settings.for_source(one.write_key) for one in messages]
    walked = [_passed(one, own, one.received_at) for one, own in zip(messages, by, strict=True)]
    found = zip(messages, by, walked, strict=True)
    return [_concluded(one, own, one.received_at, passed)[0] for one, own, passed in found]


def judged(message: Message, settings: CompiledSettings, now: int | None = None) -> tuple[Verdict, Walked]:
    """Judge a message as `run` does, and return with the verdict what the stages made of the message."""
    at = message.received_at if now is None else now
    settings = settings.for_source(message.write_key)
    return _concluded(message, settings, at, _passed(message, settings, at))


def _passed(message: Message, settings: CompiledSettings, at: int) -> Walked | None:
    """Return what the stages make of a message; None for one that does not come to them."""
    if message.unread or message.source_kind == "mixpanel" or int(message.marks) & _SECOND:
        return None
    return walk(message.document, message.objections, settings, at, message.outcomes)


def _concluded(
    message: Message, settings: CompiledSettings, at: int, walked: Walked | None
) -> tuple[Verdict, Walked]:
    """Check what the stages made of a message, and repair it."""
    if walked is None:
        if message.source_kind == "mixpanel" and not message.marks & Marks.SECOND_RECEIPT:
            made = device_verdict(message, settings, at)
            return made, Walked(message.document, made.translation)
        made = (
            _unread(message, settings)
            if message.unread
            else second_receipt(called(message.document), message.objections, settings, message.source_kind)
        )
        return made, Walked(message.document, made.translation, made.stages)
    findings = check(
        message.document,
        walked.translation,
        settings.destination,
        now=at,
        original_size=len(message.original),
        objections=message.objections,
        filled=message.filled,
        overflows=message.overflows,
        settings=settings.checks,
        delivered=walked.document,
        as_sent=Origins(message.document, walked.steps).finding if walked.steps else None,
        notes=_notes(message, walked, settings) if walked.steps else (),
    )
    # In the order of the fields, none of which is a repair or a fault.
    verdict = Verdict(
        walked.translation, findings, (), "", message.objections, walked.results, message.outcomes
    )
    if walked.refusal is not None:
        return msgspec.structs.replace(verdict, translation=Translation(not_sent=walked.refusal)), walked
    if not settings.repairs:
        return verdict, walked
    mended = mend(walked.translation, walked.document, settings)
    verdict = msgspec.structs.replace(
        verdict,
        translation=mended.translation,
        findings=mended_findings(findings, mended),
        repairs=mended.repairs,
    )
    return verdict, walked


def remake(message: Message, settings: CompiledSettings) -> Repaired:
    """Make the requests of a message again, as they are in its verdict, without asking the rules."""
    settings = settings.for_source(message.write_key)
    if message.marks & Marks.SECOND_RECEIPT:
        return Repaired(Translation())
    if message.source_kind == "mixpanel":
        return Repaired(device_translation(message, settings.destination))
    if message.unread:
        return Repaired(_unread(message, settings).translation)
    walked = walk(message.document, message.objections, settings, message.received_at, message.outcomes)
    if walked.refusal is not None:
        return Repaired(Translation(not_sent=walked.refusal))
    return mend(walked.translation, walked.document, settings)


class Walked(msgspec.Struct, frozen=True):
    """What the stages made of a message.

    `document` is what the destination gets, or what reached the stage that stopped the message. `translation`
    is what the destination makes of it, whatever Segment's refusal, which is `refusal`. `steps` are the parts
    that the message came to, in order.
    """

    document: JsonObject
    translation: Translation
    results: tuple[StageResult, ...] = ()
    refusal: NotSent | None = None
    steps: tuple[Step, ...] = ()


def walk(
    document: JsonObject,
    objections: Sequence[Objection],
    settings: CompiledSettings,
    now: int,
    outcomes: Sequence[FunctionOutcome] = (),
) -> Walked:
    """Walk a message through the stages, up to the one that stops it.

    `outcomes` are what insert functions made of it; one without an outcome does nothing.

    A refusal by Segment ends the walk only in name: what the destination would make of the message is worked
    out for the rules.
    """
    refusal = None
    results: list[StageResult] = []
    if objections and (rejection := first_rejection(objections)) is not None:
        refusal = NotSent("$", rejection.text, "segment")
        results.append(StageResult("segment", "stopped", "$", rejection.text))
    steps: list[Step] = []
    stage: Stage = ""
    passage = Passage(document, now, outcomes)
    for part in settings.parts:
        if part.stage != stage:
            stage = part.stage
            if passage.reached is not document:
                passage = Passage(document, now, outcomes)
        made = part.apply(document, passage)
        if part.name:
            steps.append(Step(part, document, made, passage.reached))
        if part.function is not None and refusal is None:
            results.extend(not_imitated(part, outcomes))
        if made is document:
            continue
        if isinstance(made, NotSent):
            results.append(StageResult(stage, "stopped", made.path, made.reason, part.name))
            stopped = Translation(not_sent=made)
            return Walked(passage.reached, stopped, tuple(results), refusal, tuple(steps))
        results.append(StageResult(stage, "changed", name=part.name))
        document = made
    translation = settings.translator.translate(document, now=now)
    return Walked(document, translation, tuple(results), refusal, tuple(steps))


def _notes(message: Message, walked: Walked, settings: CompiledSettings) -> Iterator[Finding]:
    """Yield what the rules say of the parts that a message has come through, if it is sent.

    Of insert functions also if one of them stops it.
    """
    yield from function_findings(message.outcomes, settings.stages.insert_functions)
    if walked.refusal is not None or walked.translation.not_sent is not None:
        return
    for index, step in enumerate(walked.steps):
        if step.part.notes is not None:
            origins = Origins(message.document, walked.steps[:index])
            yield from map(origins.finding, step.part.notes(step.before, step.reached))


def mend(translation: Translation, document: JsonObject, settings: CompiledSettings) -> Repaired:
    """Make the repairs of the settings in a translation."""
    if not settings.repairs:
        return Repaired(translation)
    return repaired(translation, document, settings.repairs, identity=settings.checks.identity)


def requested(message: Message, settings: CompiledSettings, now: int) -> Repaired:
    """Make a message's requests as it stands, by subscriptions and repairs, whatever other stages say."""
    document, settings = message.document, settings.for_source(message.write_key)
    return mend(settings.translator.translate(document, now=now), document, settings)


def sent(message: Message, settings: CompiledSettings) -> Translation:
    """Return what is sent of a message that Segment accepted, with repairs, by the time of its receipt."""
    settings = settings.for_source(message.write_key)
    if message.source_kind == "mixpanel":
        return device_translation(message, settings.destination)
    walked = walk(message.document, (), settings, message.received_at, message.outcomes)
    return mend(walked.translation, walked.document, settings).translation


def second_receipt(
    named: str,
    objections: tuple[Objection, ...],
    settings: CompiledSettings,
    source_kind: SourceKind = "segment",
) -> Verdict:
    """Return the verdict on a copy of a message received before: Segment, or Mixpanel, would drop it.

    `named` is what the message is called.
    """
    if source_kind == "mixpanel":
        words = "Mixpanel would drop this copy: the same event with its $insert_id came before"
        fix = "nothing, when this is a retry; a new event needs a new $insert_id"
        note = SECOND_RECEIPT.finding("$.properties.$insert_id", words, fix=fix)
    else:
        words = "Segment would drop this copy: its messageId came before"
        note = SECOND_RECEIPT.finding("$.messageId", words)
    findings = tuple(adjusted((note,), named, settings.checks.rules))
    return Verdict(Translation(), findings, objections=objections)


def _unread(message: Message, settings: CompiledSettings) -> Verdict:
    notes = [objection(one) for one in message.objections]
    reason = "; ".join(one.text for one in message.objections)
    return Verdict(
        Translation(not_sent=NotSent("$", reason, "segment")),
        tuple(adjusted(notes, called(message.document), settings.checks.rules)),
        objections=message.objections,
        stages=(StageResult("segment", "stopped", "$", reason),),
    )
