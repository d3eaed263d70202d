"""Messages that are read again, with the marks that they got on receipt. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ..messages import Marks, Message


def with_marks(marks: Mapping[int, int], messages: Sequence[Message]) -> list[Message]:
    """Return the messages that have marks, with these."""
    # A damaged request may hold another number of messages than the index knows of.
    return [as_marked(message, marks[message.id]) for message in messages if message.id in marks]


def as_marked(message: Message, marks: int) -> Message:
    """Return the message with the marks that it got on receipt, and that of one that is too large now."""
    if int(message.marks) == marks:
        return message
    now = message.marks & Marks.WOULD_REJECT if message.unread else Marks.NONE
    return msgspec.structs.replace(message, marks=Marks(marks) | now)
