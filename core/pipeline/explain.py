"""Why a message becomes what it becomes, for the one message that somebody looks at. Pure."""

from __future__ import annotations

import msgspec

from ..api.models import MessageDetail
from ..destinations.explain import explain
from ..errors import InputError
from ..paths import changes
from ..repair import explained as explained_by_repairs
from ..verdict import Explanation, NotSent, TakenOut
from .compiled import CompiledSettings
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
        explanation = msgspec.structs.replace(
            explain(walked.document, settings.destination, verdict.translation, now=now),
            taken_out=_taken_out(walked),
        )
    except (InputError, RecursionError):
        # Nested deeper than can be followed: it is shown all the same, without its sources.
        explanation = Explanation()
    return msgspec.structs.replace(detail, explanation=explained_by_repairs(explanation, verdict.repairs))


def _taken_out(walked: Walked) -> tuple[TakenOut, ...]:
    """List the fields that each part of a stage takes out of the message."""
    return tuple(
        TakenOut(step.part.name, paths)
        for step in walked.steps
        if step.part.stage in ("schema", "filters") and not isinstance(step.made, NotSent)
        if (paths := tuple(path for path, kind in changes(step.before, step.made) if kind == "removed"))
    )
