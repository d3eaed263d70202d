"""Judging receipts, message by message, whatever a message does to the code that reads it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from ..checks.stream import Whole
from ..faults import Faults
from ..messages import Message, Receipt
from ..verdict import FAULT_RULE, Finding, Translation, Verdict
from .prepared import JudgedMessage, Own, prepare
from .ways import Ways

logger = logging.getLogger(__name__)

READING = "reading"
"""The part of an engine that faults of reading and judging belong to."""

Inspect = Callable[[Message], Verdict]
Together = Callable[[Sequence[Message]], Sequence[Verdict]]
"""Judges each of several messages, faster than one by one."""


class Parse(Protocol):
    """The function `parse_receipt` of the intake: the messages of a receipt, all or some positions."""

    def __call__(self, receipt: Receipt, only: Collection[int] | None = None, /) -> list[Message]: ...


class Judging:
    """Parses and judges receipts, and continues after a failure: a bug on one message stops no other.

    What failed is reported to `faults`, with the message's id.
    """

    def __init__(self, parse: Parse, inspect: Inspect, faults: Faults) -> None:
        self._parse = parse
        self._inspect = inspect
        self._faults = faults

    @property
    def revision(self) -> str:
        """What names verdicts that are made now, "" if none are kept."""
        return ""

    @property
    def ways(self) -> Ways | None:
        """The routes to Mixpanel where there are several, else None."""
        return None

    def messages(self, receipt: Receipt, only: Collection[int] | None = None) -> list[Message] | str:
        """Return the messages of an accepted receipt (at the positions in `only`), or what failed."""
        # Broad handlers stand here, in `verdict`, and in the reader's `observation`: whatever a message does
        # to the code that reads it, it is kept, it is shown with the fault, and those behind it are read.
        try:
            return self._parse(receipt, only)
        except Exception as error:
            logger.exception("receipt %d cannot be read", receipt.seq)
            words = f"segtap failed to read request {receipt.seq}: {type(error).__name__}: {error}"
            self._faults.report(READING, words)
            return words

    def verdict(self, message: Message, inspect: Inspect | None = None) -> Verdict:
        """Return what the message becomes and what the rules find, or the fault as its only finding.

        `inspect` judges by other settings than those of all messages.
        """
        try:
            return (inspect or self._inspect)(message)
        except Exception as error:
            logger.exception("message %d cannot be translated", message.id)
            words = f"segtap failed on message {message.id}: {type(error).__name__}: {error}"
            fix = "Export this message and report it to segtap with the log's traceback; it is not sent."
            return self.faulty(words, fix)

    def faulty(self, words: str, fix: str) -> Verdict:
        """Report that a message cannot be judged, and return that as its verdict."""
        self._faults.report(READING, words)
        finding = Finding(FAULT_RULE, "error", "$", words, fix)
        return Verdict(Translation(rejected=words), (finding,), fault=words)

    def together(
        self, messages: Sequence[Message], receipt: Receipt, inspect: Together
    ) -> list[JudgedMessage]:
        """Judge messages, each by itself."""
        if self.ways is not None:
            return [self.judged(message, receipt) for message in messages]
        try:
            verdicts = inspect(messages)
        except Exception:
            # One of them is the cause: the others have their verdicts.
            verdicts = [self.verdict(message) for message in messages]
        pairs = zip(messages, verdicts, strict=True)
        return [self._prepared(message, verdict, receipt) for message, verdict in pairs]

    def judged(self, message: Message, receipt: Receipt) -> JudgedMessage:
        """Judge a message by itself, along each of its routes if there are several."""
        if (ways := self.ways) is not None:
            return ways.judged(message, receipt, self.verdict, self.revision)
        return self._prepared(message, self.verdict(message), receipt)

    def _prepared(self, message: Message, verdict: Verdict, receipt: Receipt) -> JudgedMessage:
        revision = self.revision
        whole = Whole(message.document, verdict.translation)
        return JudgedMessage(prepare(message, verdict, receipt, revision), Own(whole))
