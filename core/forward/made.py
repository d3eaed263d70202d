"""What the forwarder makes of a message: records, or the state of a message that has none. Pure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from ..delivery import DeliveryState
from ..messages import Message, SourceKind
from ..verdict import Translation
from .credentials import ServiceAccount
from .records import Record, records_of
from .unsent import why_nothing

logger = logging.getLogger(__name__)

Made: TypeAlias = "list[Record] | DeliveryState"
"""A message's records, or the state of one that has none."""


class OwedTranslator(Protocol):
    """Says what Mixpanel gets of a message that was received."""

    def owed(self, message: Message) -> Translation:
        """Return what the destination makes of the message, by the time of its receipt."""
        ...


def made_of(
    message: int,
    type: str,
    marks: int,
    translate: Callable[[], Translation],
    account: ServiceAccount | None,
    source_kind: SourceKind = "segment",
) -> Made:
    """Return the records of a message, whose translation `translate` returns."""
    try:
        translation = translate()
        if translation.not_sent is not None and translation.operations:
            return DeliveryState.OFF  # a record of another project than is configured by now
        if why_nothing(translation, type, marks, source_kind):
            return DeliveryState.NONE
        if account is not None:
            translation = account.on_all(translation)
        return records_of(message, translation)
    except Exception:
        # Any error, for mappings, templates and Liquid run on whatever clients send: one message that
        # trips over a mistake of ours must not keep the messages behind it from being sent. It is logged,
        # and the message shows as failed.
        logger.exception("message %d cannot be translated", message)
        return DeliveryState.FAULT


def made_from(message: Message, translator: OwedTranslator, account: ServiceAccount | None) -> Made:
    """Return the records of a message that was read."""
    again = partial(translator.owed, message)
    return made_of(message.id, message.type, message.marks, again, account, message.source_kind)
