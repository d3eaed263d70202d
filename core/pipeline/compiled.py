"""The settings that a message is judged by, compiled once: destination, stages, rules and repairs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..checks import CheckSettings, check_settings
from ..checks.settings import DEFAULTS, with_faults
from ..destinations.base import Translator
from ..destinations.kinds import translator
from ..destinations.schema import GENERAL
from ..errors import InputError
from ..segment_names import destination_of, previewed
from ..settings import Destination, DestinationFilter, InsertFunction, RepairName, SegmentSettings, Settings
from ..transformations import Transformation
from .parts import Part, StageSettings, parts_of


class CompiledSettings(msgspec.Struct, frozen=True):
    """What the stages, the rules and the repairs need of the settings.

    `stages` are the settings of the stages before the subscriptions, `parts` the same compiled. `by_key`
    holds the settings for messages with these write keys, where `[[sources]]` have settings of their own;
    `source` is the name of the one whose settings these are.
    """

    destination: Destination
    translator: Translator
    checks: CheckSettings
    stages: StageSettings
    parts: tuple[Part, ...]
    repairs: tuple[RepairName, ...]
    by_key: dict[str, CompiledSettings] = {}
    source: str = ""

    def for_source(self, write_key: str) -> CompiledSettings:
        """Return the settings for messages with this write key."""
        return self.by_key.get(write_key, self) if self.by_key else self

    def without_key_as(self, write_key: str) -> CompiledSettings:
        """Return the same settings, but messages without a write key go by those for this one."""
        own = self.for_source(write_key)
        return self if own is self else msgspec.structs.replace(self, by_key={**self.by_key, "": own})

    @property
    def each(self) -> tuple[CompiledSettings, ...]:
        """These settings, and those of each source that has its own."""
        return (self, *{id(one): one for one in self.by_key.values()}.values())

    @property
    def runs_functions(self) -> bool:
        """True if an insert function is enabled."""
        return any(one.enabled for one in self.stages.insert_functions)

    def to(self, destination: Destination) -> CompiledSettings:
        """Return the same settings for another destination, such as an envelope's, whatever the source."""
        if destination is self.destination:
            return self
        parts = self.parts
        if destination.kind != self.destination.kind:
            parts = parts_of(self.stages, destination.kind)
        checks = self.checks
        if checks.subscriptions_of and destination.subscriptions is not self.destination.subscriptions:
            checks = msgspec.structs.replace(checks, subscriptions_of="")
        return msgspec.structs.replace(
            self,
            destination=destination,
            translator=translator(destination),
            checks=checks,
            parts=parts,
            by_key={},
        )

    def with_stages(
        self,
        transformations: Sequence[Transformation] | None,
        filters: Sequence[DestinationFilter] | None,
    ) -> CompiledSettings:
        """Return the same settings with an envelope's transformations or filters; None keeps these."""
        stages = self.stages
        if transformations is not None:
            stages = stages._replace(transformations=tuple(transformations))
        if filters is not None:
            stages = stages._replace(filters=tuple(filters))
        if stages is self.stages:
            return self
        kind = self.destination.kind
        checks = with_faults(self.checks, stages.transformations, stages.filters, kind)
        return msgspec.structs.replace(
            self, stages=stages, parts=parts_of(stages, kind), checks=checks, by_key={}
        )


def compiled(
    destination: Destination,
    checks: CheckSettings = DEFAULTS,
    *,
    segment: SegmentSettings = SegmentSettings(),  # noqa: B008 - frozen
    transformations: Sequence[Transformation] = (),
    filters: Sequence[DestinationFilter] = (),
    insert_functions: Sequence[InsertFunction] = (),
    repairs: Sequence[RepairName] = (),
    events_at: str = GENERAL,
) -> CompiledSettings:
    """Compile settings that are given one by one."""
    stages = StageSettings(
        segment, tuple(transformations), tuple(filters), tuple(insert_functions), events_at
    )
    return CompiledSettings(
        destination,
        translator(destination),
        checks,
        stages,
        parts_of(stages, destination.kind),
        tuple(repairs),
    )


def compile_settings(settings: Settings, *, stages: bool = True) -> CompiledSettings:
    """Compile the whole settings, and those for each of `[[sources]]`.

    Without `stages`, requests are made by subscriptions and mappings alone. Raises InputError for a tracking
    plan that cannot be used.
    """
    general = _compiled_one(settings, stages=stages)
    by_key: dict[str, CompiledSettings] = {}
    for source in settings.sources:
        if not source.differs:
            continue
        try:
            own = _compiled_one(source.over(settings), stages=stages)
        except InputError as error:
            raise InputError(f"The source {source.name}: {error}") from None
        own = msgspec.structs.replace(own, source=source.name)
        by_key |= dict.fromkeys(source.write_keys, own)
    return msgspec.structs.replace(general, by_key=by_key) if by_key else general


def _compiled_one(settings: Settings, *, stages: bool) -> CompiledSettings:
    destination, checks = previewed(destination_of(settings)), check_settings(settings)
    if not stages:
        return compiled(destination, checks, repairs=settings.repair)
    return compiled(
        destination,
        checks,
        segment=settings.segment,
        transformations=settings.transformations,
        filters=settings.filters,
        insert_functions=settings.insert_functions,
        repairs=settings.repair,
        events_at=str(settings.places["segment.blocked_events"])
        if settings.source_saying("segment.blocked_events")
        else GENERAL,
    )
