"""Why a message becomes what it becomes, for the one message that somebody looks at. Pure."""

from __future__ import annotations

import msgspec

from ..api.models import MessageDetail
from ..destinations.explain import explain
from ..errors import InputError
from ..repair import explained as explained_by_repairs
from ..verdict import Explanation
from .compiled import CompiledSettings
from .reading import read_document


def explained(detail: MessageDetail, settings: CompiledSettings) -> MessageDetail:
    """Add the source of every translated value to the detail, or which triggers came closest."""
    if not detail.document or detail.unread:
        return detail
    verdict = detail.verdict
    try:
        whole = read_document(detail.document)
        explanation = msgspec.structs.replace(
            explain(
                settings.filters.reduced(whole),
                settings.destination,
                verdict.translation,
                now=detail.summary.received_at,
            ),
            taken_out=settings.filters.taken_out(whole),
        )
    except (InputError, RecursionError):
        # Nested deeper than can be followed: it is shown all the same, without its sources.
        explanation = Explanation()
    return msgspec.structs.replace(detail, explanation=explained_by_repairs(explanation, verdict.repairs))
