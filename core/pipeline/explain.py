"""Why a message becomes what it becomes, for the one message that somebody looks at. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..api.models import MessageDetail
from ..destinations.explain import explain
from ..errors import InputError
from ..json_text import json_bytes
from ..messages import JsonObject
from ..paths import changes
from ..repair import explained as explained_by_repairs
from ..verdict import Explanation, NotSent, StageStep, TakenOut
from .compiled import CompiledSettings
from .origins import Origins
from .parts import Step
from .reading import read_document
from .stages import Walked, walk


def explained(detail: MessageDetail, settings: CompiledSettings) -> MessageDetail:
    """Add the source of every translated value to the detail, or which triggers came closest."""
    if not detail.document or detail.unread:
        return detail
    verdict = detail.verdict
    try:
        whole = read_document(detail.document)
        now = detail.summary.received_at
        walked = walk(whole, (), settings, now, verdict.outcomes)
        explanation = explain(walked.document, settings.destination, verdict.translation, now=now)
        if walked.steps:
            explanation = _with_stages(explanation, whole, walked)
    except (InputError, RecursionError):
        # Nested deeper than can be followed: it is shown all the same, without its sources.
        explanation = Explanation()
    return msgspec.structs.replace(detail, explanation=explained_by_repairs(explanation, verdict.repairs))


def _with_stages(explanation: Explanation, document: JsonObject, walked: Walked) -> Explanation:
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
        steps=tuple(map(_step, walked.steps)),
        hashed=tuple(_hashed(document, walked)),
    )


def _step(step: Step) -> StageStep:
    stage, name = step.part.stage, step.part.name
    if isinstance(step.made, NotSent):
        return StageStep(stage, name, stopped=step.made.reason)
    paths = tuple(path for path, _ in changes(step.before, step.made))
    return StageStep(stage, name, paths, json_bytes(step.made) if paths else b"")


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
        for origin in step.part.origins(step.before) if step.part.origins is not None else ():
            if origin.how == "hashed":
                yield Origins(document, walked.steps[: index + 1]).as_sent(origin.path).path
