"""The stages that a message walks through at Segment, in order, and the verdict at the end of them. Pure.

`segment` comes first: would Segment take the message at all. Then come the parts of the settings (`parts`),
and at last `subscriptions`, which make the requests. Checks and repairs come after the stages and are not
stages themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, get_args

from ..checks import SECOND_RECEIPT, adjusted, called, check, objection
from ..messages import JsonObject, Marks, Message
from ..objections import Objection, first_rejection
from ..repair import Repaired, mended_findings, repaired
from ..verdict import Finding, NotSent, Stage, StageResult, Translation, Verdict
from .compiled import CompiledSettings
from .parts import Part, Passage

STAGES: tuple[Stage, ...] = tuple(stage for stage in get_args(Stage) if stage)
"""Segment's pipeline, in order."""


def run(message: Message, settings: CompiledSettings, now: int | None = None) -> Verdict:
    """Judge a message: walk it through the stages, check it, and make the repairs.

    `now`, in milliseconds, is the clock of stages and rules; by default the moment the message was received,
    so that judging it again later gives the same. The rules judge what Segment would send, before repairs.
    A message that Segment would refuse is judged like any other, but makes no request. A second receipt is
    not translated: Segment would drop it. Nor is a message that is too large to be read.
    """
    if message.unread:
        return _unread(message, settings)
    if message.marks & Marks.SECOND_RECEIPT:
        return second_receipt(called(message.document), message.objections, settings)
    at = message.received_at if now is None else now
    walked = walk(message.document, message.objections, settings, at)
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
    )
    if walked.refusal is not None:
        refused = Translation(not_sent=walked.refusal)
        return Verdict(refused, findings, objections=message.objections, stages=walked.results)
    if not settings.repairs:
        return Verdict(walked.translation, findings, objections=message.objections, stages=walked.results)
    made = mend(walked.translation, walked.document, settings)
    return Verdict(
        made.translation,
        mended_findings(findings, made),
        made.repairs,
        objections=message.objections,
        stages=walked.results,
    )


def remake(message: Message, settings: CompiledSettings) -> Repaired:
    """Make the requests of a message again, as they are in its verdict, without asking the rules."""
    if message.unread:
        return Repaired(_unread(message, settings).translation)
    if message.marks & Marks.SECOND_RECEIPT:
        return Repaired(Translation())
    walked = walk(message.document, message.objections, settings, message.received_at)
    if walked.refusal is not None:
        return Repaired(Translation(not_sent=walked.refusal))
    return mend(walked.translation, walked.document, settings)


class Step(NamedTuple):
    """What one part made of the message before it: the message after it, or why the message stops.

    `reached` is the message as it reached the part's stage.
    """

    part: Part
    before: JsonObject
    made: JsonObject | NotSent
    reached: JsonObject

    def notes(self) -> Iterator[Finding]:
        """Yield what the rules say of the part; paths lead into the message before it."""
        if self.part.notes is not None:
            yield from self.part.notes(self.before, self.reached)


class Walked(NamedTuple):
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
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> Walked:
    """Walk a message through the stages, up to the one that stops it.

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
    passage = Passage(document, now)
    for part in settings.parts:
        if part.stage != stage:
            stage = part.stage
            if passage.reached is not document:
                passage = passage._replace(reached=document)
        made = part.apply(document, passage)
        if part.name:
            steps.append(Step(part, document, made, passage.reached))
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


def mend(translation: Translation, document: JsonObject, settings: CompiledSettings) -> Repaired:
    """Make the repairs of the settings in a translation."""
    if not settings.repairs:
        return Repaired(translation)
    return repaired(translation, document, settings.repairs, identity=settings.checks.identity)


def requested(message: Message, settings: CompiledSettings, now: int) -> Repaired:
    """Make a message's requests as it stands, by subscriptions and repairs, whatever other stages say."""
    document = message.document
    return mend(settings.translator.translate(document, now=now), document, settings)


def second_receipt(named: str, objections: tuple[Objection, ...], settings: CompiledSettings) -> Verdict:
    """Return the verdict on a copy of a message that Segment received before: it would drop it.

    `named` is what the message is called.
    """
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
