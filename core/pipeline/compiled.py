"""The settings that a message is judged by, compiled once: destination, stages, rules and repairs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..checks import CheckSettings, check_settings
from ..checks.settings import DEFAULTS, with_faults
from ..destinations.base import Translator
from ..destinations.kinds import translator
from ..segment_names import destination_of, previewed
from ..settings import Destination, DestinationFilter, InsertFunction, RepairName, SegmentSettings, Settings
from ..transformations import Transformation
from .parts import Part, StageSettings, parts_of


class CompiledSettings(msgspec.Struct, frozen=True):
    """What the stages, the rules and the repairs need of the settings.

    `stages` are the settings of the stages before the subscriptions, `parts` the same compiled.
    """

    destination: Destination
    translator: Translator
    checks: CheckSettings
    stages: StageSettings
    parts: tuple[Part, ...]
    repairs: tuple[RepairName, ...]

    @property
    def runs_functions(self) -> bool:
        """True if an insert function is enabled."""
        return any(one.enabled for one in self.stages.insert_functions)

    def to(self, destination: Destination) -> CompiledSettings:
        """Return the same settings for another destination, such as an envelope's."""
        if destination is self.destination:
            return self
        parts = self.parts
        if destination.kind != self.destination.kind:
            parts = parts_of(self.stages, destination.kind)
        return msgspec.structs.replace(
            self, destination=destination, translator=translator(destination), parts=parts
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
        return msgspec.structs.replace(self, stages=stages, parts=parts_of(stages, kind), checks=checks)


def compiled(
    destination: Destination,
    checks: CheckSettings = DEFAULTS,
    *,
    segment: SegmentSettings = SegmentSettings(),  # noqa: B008 - frozen
    transformations: Sequence[Transformation] = (),
    filters: Sequence[DestinationFilter] = (),
    insert_functions: Sequence[InsertFunction] = (),
    repairs: Sequence[RepairName] = (),
) -> CompiledSettings:
    """Compile settings that are given one by one."""
    stages = StageSettings(segment, tuple(transformations), tuple(filters), tuple(insert_functions))
    return CompiledSettings(
        destination,
        translator(destination),
        checks,
        stages,
        parts_of(stages, destination.kind),
        tuple(repairs),
    )


def compile_settings(settings: Settings) -> CompiledSettings:
    """Compile the whole settings. Raises InputError for a tracking plan that cannot be used."""
    return compiled(
        previewed(destination_of(settings)),
        check_settings(settings),
        segment=settings.segment,
        transformations=settings.transformations,
        filters=settings.filters,
        insert_functions=settings.insert_functions,
        repairs=settings.repair,
    )
