"""Why a message becomes what it becomes, for the one message that somebody looks at. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ..api.models import MessageDetail
from ..destinations.explain import explain
from ..errors import InputError
from ..json_text import json_bytes
from ..messages import JsonObject
from ..outcomes import FunctionOutcome, outcome_of
from ..paths import changes
from ..repair import explained as explained_by_repairs
from ..verdict import Explanation, NotSent, StageStep, TakenOut
from .compiled import CompiledSettings
from .origins import Origins
from .parts import Step
from .reading import read_document
from .stages import Walked, walk
from .step_words import doubts_of, matched


def explained(detail: MessageDetail, settings: CompiledSettings) -> MessageDetail:
    """Add the source of every translated value to the detail, or which triggers came closest."""
    if not detail.document or detail.unread or detail.source_kind == "mixpanel":
        return detail
    verdict, settings = detail.verdict, settings.for_source(detail.write_key)
    try:
        whole = read_document(detail.document)
        now = detail.summary.received_at
        walked = walk(whole, (), settings, now, verdict.outcomes)
        explanation = explain(walked.document, settings.destination, verdict.translation, now=now)
        if walked.steps:
            explanation = _with_stages(explanation, whole, walked, verdict.outcomes)
    except (InputError, RecursionError):
        # Nested deeper than can be followed: it is shown all the same, without its sources.
        explanation = Explanation()
    return msgspec.structs.replace(detail, explanation=explained_by_repairs(explanation, verdict.repairs))


def _with_stages(
    explanation: Explanation, document: JsonObject, walked: Walked, outcomes: Sequence[FunctionOutcome]
) -> Explanation:
    """Add what each part of a stage did, and lead every source back to the field as sent."""
    origins = Origins(document, walked.steps)
    listed = explanation.sources
    sources = [origins.source(one) for one in listed]
    for one in listed:
        if one.place:
            sources.extend(origins.within(one))
    return msgspec.structs.replace(
        explanation,
        sources=tuple(sources),
        taken_out=tuple(_taken_out(walked)),
        steps=tuple([_step(step, outcomes) for step in walked.steps]),
        hashed=tuple(_hashed(document, walked)),
    )


def _step(step: Step, outcomes: Sequence[FunctionOutcome]) -> StageStep:
    part = step.part
    outcome = None if part.function is None else outcome_of(part.function, outcomes)
    logs = () if outcome is None else outcome.logs
    if isinstance(step.made, NotSent):
        return StageStep(part.stage, part.name, stopped=step.made.reason, logs=logs)
    paths = tuple(path for path, _ in changes(step.before, step.made))
    return StageStep(
        part.stage,
        part.name,
        paths,
        json_bytes(step.made) if paths else b"",
        logs=logs,
        doubts=tuple(doubts_of(step, outcomes)),
        matched=matched(step),
    )


def _taken_out(walked: Walked) -> Iterator[TakenOut]:
    """Yield the fields that each blocked list and filter takes out of the message."""
    for step in walked.steps:
        if step.part.stage in ("schema", "filters") and not isinstance(step.made, NotSent):
            removed = [path for path, kind in changes(step.before, step.made) if kind == "removed"]
            if removed:
                yield TakenOut(step.part.name, tuple(removed))


def _hashed(document: JsonObject, walked: Walked) -> Iterator[str]:
    """Yield the fields of the message as sent that Segment hashes."""
    for index, step in enumerate(walked.steps):
        for origin in step.origins():
            if origin.how == "hashed":
                yield Origins(document, walked.steps[: index + 1]).as_sent(origin.path).path
