"""How an engine reads messages just now: the destination, its translator and gate, put in place as one.

Everything that reads goes through one `ActiveSettings`, so that other settings can take its place while
the engine runs, and list, panes and forwarder change together.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..aggregates.gathered import Gathered
from ..api.models import MessageDetail
from ..checks import adjusted
from ..checks.stream import Digest, StreamChecker
from ..destinations.actions.faults import subscription_faults
from ..destinations.filters import filter_faults
from ..destinations.transformations import transformation_faults
from ..identities.table import Identities
from ..index.revision import revision_of
from ..index.ways import ways_of
from ..masks import masks_of, secrets_in_settings
from ..messages import Message, SourceKind
from ..objections import Objection
from ..outcomes import FunctionOutcome
from ..pipeline import CompiledSettings, compile_settings, run
from ..pipeline.explain import explained
from ..pipeline.kept import kept_fault, kept_outcomes, unpack_verdict
from ..pipeline.stages import remake, second_receipt, sent
from ..repair import Repaired
from ..settings import Settings, with_one_plan
from ..stores.base import Judged
from ..verdict import Finding, Translation, Verdict

LARGE_TO_EXPLAIN = 8 * 1024
"""Bytes of a message from which explaining it takes longer than others should wait."""
LOOK_AT_MEMORY = 4_096
"""Every so many messages it is looked whether the rules on the stream had to forget some."""

logger = logging.getLogger(__name__)


class ActiveSettings:
    """Translates and inspects by the settings in force. Pure, between two calls of `use`, but for `observe`.

    `stream` are the rules on the stream; what they saw stays known when the settings change. `gathered` are
    the users and groups of the messages so far; they are new whenever other settings would make others.
    """

    def __init__(self, settings: Settings) -> None:
        """Raise InputError as `use` does."""
        self.stream = StreamChecker()
        self.gathered_by = ""
        """The revision of the settings that users and groups follow from."""
        self._reported = False
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Read by these settings from now on.

        Raises InputError for a tracking plan that cannot be read; the previous settings then stay in force.
        """
        compiled = compile_settings(settings)
        checks, destination = compiled.checks, compiled.destination
        self.ways = ways_of(settings)
        """The routes to Mixpanel where there are several, else None."""
        self.compiled, self.destination = compiled, destination
        self.runs_functions = compiled.runs_functions
        self.revision = revision_of(settings)
        """Names what verdicts are made by; see `revision_of`."""
        self.stream.use(checks, destination)
        self.settings = settings
        gathered_by = revision_of(msgspec.structs.replace(with_one_plan(settings, ""), rules=()))
        if gathered_by != self.gathered_by:
            self.gathered_by = gathered_by
            self.gather(self.new_gathered())
        each = compiled.each if self.ways is None else self.ways.compiled
        self.faults = (
            *transformation_faults(settings.transformations, destination.kind),
            *filter_faults(settings.filters),
            *_faults_of(each),
            *settings.source_faults,
        )
        """Which transformations and filters stop everything, which subscriptions can never send, which rules
        of the tracking plan check nothing, and why."""
        self.masks = masks_of(secrets_in_settings(settings))
        """Masks the secrets of these settings in everything that viewers and the log get."""

    def owed(self, message: Message) -> Translation:
        """See `OwedTranslator`: what the forwarder sends is what is shown."""
        return sent(message, self.compiled)

    def judge(self, message: Message) -> Verdict:
        """Judge the message, by the clock of the moment it was received."""
        return run(message, self.compiled) if self.ways is None else self.ways.judge(message)

    def translated(self, message: Message) -> Translation:
        """Return the translation that the verdict on a message holds, without asking the rules."""
        return remake(message, self._compiled_for(message)).translation

    def compiled_along(self, route: str) -> CompiledSettings:
        """Return the settings by which messages are translated along a route."""
        return self.compiled if self.ways is None or route not in self.ways else self.ways[route].compiled

    def _compiled_for(self, message: Message) -> CompiledSettings:
        """Return the settings of the first route for the message's source."""
        if self.ways is None:
            return self.compiled
        return self.ways.first(message.write_key, message.source_kind).compiled

    def restore(self, message: Message, kept: Judged) -> Verdict | None:
        """Return the verdict that the index keeps, its requests made again; None if it is stale.

        With several routes it is not known which of them made it: it is made again.
        """
        if kept.revision != self.revision or self.ways is not None:
            return None
        if outcomes := self.outcomes(kept):
            message = msgspec.structs.replace(message, outcomes=outcomes)
        # A message that could not be judged, or took too long, is not translated again.
        fault = kept_fault(kept.verdict)
        made = Repaired(Translation(rejected=fault)) if fault else remake(message, self.compiled)
        return unpack_verdict(kept.verdict, made)

    def outcomes(self, kept: Judged) -> tuple[FunctionOutcome, ...]:
        """Return what insert functions made of a message, as the index keeps it; () if that is stale."""
        if not self.runs_functions or kept.revision != self.revision:
            return ()
        return kept_outcomes(kept.verdict) or ()

    def adjust(self, named: str, found: Sequence[Finding]) -> list[Finding]:
        """Return the findings that `[[rules]]` do not silence, with the severity that they set.

        `named` is what the message is called.
        """
        return adjusted(found, named, self.compiled.checks.rules)

    def copied(self, named: str, objections: tuple[Objection, ...], source_kind: SourceKind) -> Verdict:
        """Return the verdict on a copy of a message, which Segment, or Mixpanel, would drop."""
        return second_receipt(named, objections, self.compiled, source_kind)

    def observe(self, given: Digest) -> tuple[Finding, ...]:
        """Return what the rules on the stream find; they have seen the message from then on."""
        found = self.stream.observe(given)
        self.gathered.follow(given.said)
        if not self.stream.observed % LOOK_AT_MEMORY:
            self._look_at_memory()
        return found

    def learn(self, given: Digest, users: Identities) -> None:
        """Show the rules on the stream a message that is gathered apart from them.

        `users` is a table of the messages that were shown to them in this way before.
        """
        self.stream.observe(given, users)
        if not self.stream.observed % LOOK_AT_MEMORY:
            self._look_at_memory()

    def _look_at_memory(self) -> None:
        if not self._reported and self.stream.forgotten:
            self._reported = True
            logger.warning("the rules on the stream have %s", self.stream.forgotten)

    def new_gathered(self) -> Gathered:
        """Return users and groups of no message, for the settings in force."""
        settings = self.settings
        return Gathered(settings.identity, self.destination, settings.mixpanel_group_keys)

    def gather(self, gathered: Gathered) -> None:
        """Use these users and groups from now on, and add new messages to them."""
        self.gathered = gathered
        self.stream.identities = gathered.users

    def forget(self) -> None:
        """Forget every message that was observed."""
        self.stream.reset()
        self.gather(self.new_gathered())

    async def why(self, detail: MessageDetail) -> MessageDetail:
        """Call `explained`, in a thread if the message is large, so that ingest can run."""
        if len(detail.document) > LARGE_TO_EXPLAIN:
            return await asyncio.to_thread(self.explained, detail)
        return self.explained(detail)

    def explained(self, detail: MessageDetail) -> MessageDetail:
        """Add the source of every translated value to the detail."""
        return explained(detail, self.compiled_along(detail.route))


def _faults_of(each: Iterable[CompiledSettings]) -> Iterator[str]:
    """Yield which subscriptions can never send, and which rules of plans check nothing, each once.

    What only a source's own settings have begins with its name.
    """
    known: set[str] = set()
    for one in each:
        plan = one.checks.plan
        for fault in (*subscription_faults(one.destination), *(plan.faults if plan is not None else ())):
            words = f"the source {one.source}: {fault}" if one.source else fault
            if fault not in known and words not in known:
                known.add(words)
                yield words
