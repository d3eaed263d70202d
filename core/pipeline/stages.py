"""The stages that a message walks through at Segment, in order, and the verdict at the end of them. Pure.

Each stage is a function of the message and the settings. It returns the document, changed or not, or the
reason why the message stops there. Checks and repairs come after the stages and are not stages themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from ..checks import SECOND_RECEIPT, adjusted, called, check, objection
from ..destinations.integrations import stopped_by_integrations
from ..messages import JsonObject, Marks, Message
from ..objections import Objection, first_rejection
from ..repair import Repaired, mended_findings, repaired
from ..verdict import NotSent, Stage, StageResult, Translation, Verdict
from .compiled import CompiledSettings

StageFunction: TypeAlias = Callable[
    [JsonObject, Sequence[Objection], CompiledSettings, int], "JsonObject | NotSent | Translation"
]
"""From the document so far, the objections to the message, the settings and the clock to what the stage makes
of the document: itself where the stage does nothing."""


def segment(
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> JsonObject | NotSent:
    """Stop a message that Segment would refuse."""
    refusal = first_rejection(objections)
    return document if refusal is None else NotSent("$", refusal.text, "segment")


def schema(
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> JsonObject | NotSent:
    """Stop an event that its source's schema blocks."""
    if not settings.blocked or document.get("type") != "track":
        return document
    event = document.get("event")
    if not isinstance(event, str) or event not in settings.blocked:
        return document
    why = "the event is blocked at its source: blocked_events under [segment]"
    return NotSent("$.event", why, "schema")


def integrations(
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> JsonObject | NotSent:
    """Stop a message by its integrations object, by missing consent, or because a device sends it itself."""
    return stopped_by_integrations(document, settings.destination.kind, settings.consent) or document


def filters(
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> JsonObject | NotSent:
    """Apply the destination filters: stop the message, or take fields out of it."""
    if not settings.filters:
        return document
    return settings.filters.stops(document) or settings.filters.reduced(document)


def subscriptions(
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> Translation:
    """Run the destination: its subscriptions map the document to requests."""
    return settings.translator.translate(document, now=now)


class PipelineStage(NamedTuple):
    """A stage's name and its function, None for a stage that cannot be configured yet."""

    name: Stage
    apply: StageFunction | None


STAGES: tuple[PipelineStage, ...] = (
    PipelineStage("segment", segment),
    PipelineStage("schema", schema),
    PipelineStage("source_function", None),
    PipelineStage("source_transformations", None),
    PipelineStage("integrations", integrations),
    PipelineStage("filters", filters),
    PipelineStage("destination_transformations", None),
    PipelineStage("insert_function", None),
    PipelineStage("subscriptions", subscriptions),
)
"""Segment's pipeline. A stage without a function has its place here; segtap does not imitate it, and as
nothing can be configured for it, it does nothing to a message."""
_IMITATED: tuple[tuple[Stage, StageFunction], ...] = tuple(
    (stage.name, stage.apply) for stage in STAGES if stage.apply is not None
)


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
    made = mend(walked.translation, message.document, settings)
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
    return mend(walked.translation, message.document, settings)


class Walked(NamedTuple):
    """What the stages made of a message.

    `translation` is what the destination makes of it, whatever Segment's refusal, which is `refusal`.
    """

    translation: Translation
    results: tuple[StageResult, ...]
    refusal: NotSent | None


def walk(
    document: JsonObject, objections: Sequence[Objection], settings: CompiledSettings, now: int
) -> Walked:
    """Walk a message through the stages, up to the one that stops it.

    A refusal by Segment ends the walk only in name: what the destination would make of the message is worked
    out for the rules.
    """
    refusal, translation = None, Translation()
    results: list[StageResult] = []
    for name, apply in _IMITATED:
        made = apply(document, objections, settings, now)
        if made is document:
            continue
        if isinstance(made, Translation):
            translation = made
        elif isinstance(made, NotSent):
            results.append(StageResult(name, "stopped", made.path, made.reason))
            if name == "segment":
                refusal = made
                continue
            translation = Translation(not_sent=made)
            break
        else:
            results.append(StageResult(name, "changed"))
            document = made
    return Walked(translation, tuple(results), refusal)


def mend(translation: Translation, document: JsonObject, settings: CompiledSettings) -> Repaired:
    """Make the repairs of the settings in a translation."""
    if not settings.repairs:
        return Repaired(translation)
    return repaired(translation, document, settings.repairs, identity=settings.checks.identity)


def requested(message: Message, settings: CompiledSettings, now: int) -> Repaired:
    """Make a message's requests as it stands, by subscriptions and repairs, whatever other stages say."""
    document = message.document
    return mend(subscriptions(document, message.objections, settings, now), document, settings)


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
