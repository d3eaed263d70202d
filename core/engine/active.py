"""How an engine reads messages just now: the destination, its translator and gate, put in place as one.

Everything that reads goes through one `ActiveSettings`, so that other settings can take its place while
the engine runs, and list, panes and forwarder change together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from .. import repair
from ..api.models import Coverage, MessageDetail
from ..checks import adjusted, check_settings
from ..checks.stream import StreamChecker
from ..destinations import translator
from ..destinations.actions.faults import subscription_faults
from ..destinations.explain import explain
from ..destinations.gate import GatedTranslator, filter_faults, gate_of
from ..errors import InputError
from ..messages import JsonObject, Message
from ..pipeline.envelope import read_object
from ..pipeline.stages import inspect
from ..settings import Settings, destination_of, previewed
from ..verdict import Explanation, Finding, Translation, Verdict

LARGE_TO_EXPLAIN = 8 * 1024
"""Bytes of a message from which explaining it takes longer than others should wait."""
LOOK_AT_MEMORY = 4_096
"""Every so many messages it is looked whether the rules on the stream had to forget some."""

logger = logging.getLogger(__name__)


class ActiveSettings:
    """Translates and inspects by the settings in force. Pure, between two calls of `use`, but for `observe`.

    `stream` are the rules on the stream; what they saw stays known when the settings change.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises InputError as `use`."""
        self.stream = StreamChecker()
        self.covered = Coverage()
        """The messages that the rules on the stream and the table of users have seen."""
        self._told = False
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Read by these settings from now on.

        Raises InputError for a tracking plan that cannot be read; the previous settings then stay in force.
        """
        destination = previewed(destination_of(settings))
        gate = gate_of(settings)
        gated = GatedTranslator(translator(destination), gate)
        checks = check_settings(settings)
        self.destination, self._translator, self._gate = destination, gated, gate
        self._check_settings = checks
        self._repairs = settings.repair
        self.stream.use(checks, destination)
        plan_faults = () if checks.plan is None else checks.plan.faults
        self.faults = (*filter_faults(settings.filters), *subscription_faults(destination), *plan_faults)
        """Which filters stop everything, which subscriptions can never send, which rules of the tracking plan
        check nothing, and why."""

    def translate(self, document: JsonObject, *, now: int) -> Translation:
        """See `Translator`: what the forwarder sends is what is shown."""
        translation = self._translator.translate(document, now=now)
        if not self._repairs:
            return translation
        identity = self._check_settings.identity
        return repair.repaired(translation, document, self._repairs, identity=identity).translation

    def inspect(self, message: Message) -> Verdict:
        """What the message becomes, and what the rules say of it."""
        return inspect(
            message,
            self._translator,
            self.destination,
            settings=self._check_settings,
            repairs=self._repairs,
        )

    def adjust(self, message: Message, found: Sequence[Finding]) -> list[Finding]:
        """What `[[rules]]` leave of the findings, and with which severity."""
        return adjusted(found, message.document, self._check_settings.rules)

    def observe(self, message: Message, translation: Translation) -> tuple[Finding, ...]:
        """What the message completes in the stream; it counts as seen from there on."""
        found = self.stream.observe(message, translation, message.received_at)
        self._cover(message)
        if not self.covered.messages % LOOK_AT_MEMORY and self.stream.forgotten and not self._told:
            self._told = True
            logger.warning("the rules on the stream have %s", self.stream.forgotten)
        return found

    def learning(self, *, older: bool, behind: int) -> None:
        """Say how many messages of the journal are still to be read, and whether there are older ones."""
        self.covered = msgspec.structs.replace(self.covered, older=older, behind=behind)

    def count_user(self, message: Message, translation: Translation) -> None:
        """Take a message into the table of users alone, which was begun again."""
        self.stream.identities.add(translation, message.id, message.document)
        self._cover(message)

    def forget(self) -> None:
        """Forget every message that was observed."""
        self.stream.reset()
        self.covered = Coverage()

    def forget_users(self) -> None:
        """Begin the table of users again."""
        self.stream.forget_users()
        self.covered = Coverage()

    def _cover(self, message: Message) -> None:
        known = self.covered
        self.covered = Coverage(
            messages=known.messages + 1,
            first=min(known.first or message.id, message.id),
            last=max(known.last, message.id),
            since=min(known.since or message.received_at, message.received_at),
            until=max(known.until, message.received_at),
            older=known.older,
            behind=known.behind,
        )

    async def why(self, detail: MessageDetail) -> MessageDetail:
        """`explained`, in a thread when the message is large: ingest gets its turns meanwhile."""
        if len(detail.document) > LARGE_TO_EXPLAIN:
            return await asyncio.to_thread(self.explained, detail)
        return self.explained(detail)

    def explained(self, detail: MessageDetail) -> MessageDetail:
        """The detail with why its translation is as it is."""
        if not detail.document or detail.unread:
            return detail
        try:
            whole = read_object(detail.document, bounds=None)
            explanation = msgspec.structs.replace(
                explain(
                    self._gate.reduced(whole),
                    self.destination,
                    detail.verdict.translation,
                    now=detail.summary.received_at,
                ),
                taken_out=self._gate.taken_out(whole),
            )
        except (InputError, RecursionError):
            # Nested deeper than can be followed: it is shown all the same, without its sources.
            explanation = Explanation()
        explanation = repair.explained(explanation, detail.verdict.repairs)
        return msgspec.structs.replace(detail, explanation=explanation)
