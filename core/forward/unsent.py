"""What is not sent: messages that make no request, and everything in a dry run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..delivery import Delivery, Outcome
from ..messages import Marks, SourceKind
from ..verdict import Translation
from .records import Record

# Plain numbers: operations on flags cost as much as finding out the rest.
_SECOND, _REPLAY, _WOULD_REJECT = int(Marks.SECOND_RECEIPT), int(Marks.REPLAY), int(Marks.WOULD_REJECT)


def why_nothing(translation: Translation, type: str, marks: int, source_kind: SourceKind = "segment") -> str:
    """Return why a message makes no request, as a sentence; "" when it makes one.

    `type`, `marks` and `source_kind` are the message's.
    """
    marks = int(marks)
    if marks & _SECOND and not marks & _REPLAY:
        if source_kind == "mixpanel":
            return "Mixpanel would drop this copy: the same event with its $insert_id came before"
        return "Segment would drop this copy: the same messageId came before"
    if marks & _WOULD_REJECT:
        return translation.not_sent.reason if translation.not_sent is not None else "Segment would reject it"
    if translation.operations:
        return ""
    if translation.not_sent is not None:
        return f"Segment would not send it: {translation.not_sent.reason}"
    if translation.rejected is not None:
        return f"the destination rejects it: {translation.rejected}"
    if not translation.unmatched:
        return "no request is made of it"
    return f"no subscription takes it: {type}"


def dry_run_lines(records: Sequence[Record], earlier: Sequence[Delivery], at: int) -> list[Delivery]:
    """Return a line for each operation of a message that has no line of an earlier attempt."""
    known = {delivery.operation for delivery in earlier}
    sizes: Counter[int] = Counter()
    first: dict[int, Record] = {}
    for record in records:
        sizes[record.operation] += len(record.text)
        first.setdefault(record.operation, record)
    return [
        Delivery(
            message=record.message,
            operation=operation,
            at=at,
            endpoint=record.route.path,
            outcome=Outcome.DRY_RUN,
            words=f"dry run: {sizes[operation]} bytes not sent",
        )
        for operation, record in first.items()
        if operation not in known
    ]
