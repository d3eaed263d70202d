"""Redacts receipts on their way to the log, by the rules in force."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..ingest.first_look import FirstLook
from ..messages import Receipt
from ..redaction.receipts import redacted
from ..redaction.rules import Rules
from ..settings import Redaction, Settings

AT_ONCE = 64 * 1024
"""Bytes of a body up to which it is redacted on the loop: a few milliseconds."""


class Redacting:
    """Redacts by `[[redact]]` of the settings, which may change at any time.

    `looked` holds bodies as they were received, for who reads them: those are forgotten.
    """

    def __init__(self, settings: Callable[[], Settings], looked: FirstLook) -> None:
        self._settings = settings
        self._looked = looked
        self._made: tuple[tuple[Redaction, ...], Rules] = (), Rules(())

    async def receipt(self, receipt: Receipt) -> Receipt:
        """Return what may be stored of a receipt: all of it where no rule is set."""
        settings = self._settings()
        if not settings.redact:
            return receipt
        rules = self._rules(settings)
        self._looked.text(receipt.uid)
        if len(receipt.body) <= AT_ONCE:
            return redacted(receipt, rules)
        return await asyncio.to_thread(redacted, receipt, rules)

    def _rules(self, settings: Settings) -> Rules:
        if self._made[0] is not settings.redact:
            self._made = settings.redact, Rules(settings.redact, settings.ingest.redact_key.reveal())
        return self._made[1]
