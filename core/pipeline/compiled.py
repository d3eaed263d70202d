"""The settings that a message is judged by, compiled once: destination, stages, rules and repairs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..checks import CheckSettings, check_settings
from ..checks.settings import DEFAULTS
from ..destinations import Translator, translator
from ..destinations.filters import Filters
from ..settings import (
    Destination,
    DestinationFilter,
    RepairName,
    SegmentSettings,
    Settings,
    destination_of,
    previewed,
)


class CompiledSettings(msgspec.Struct, frozen=True):
    """What the stages, the rules and the repairs need of the settings.

    `blocked` are the events that the source's schema blocks, `consent` the categories that a message with
    consent preferences must agree to.
    """

    destination: Destination
    translator: Translator
    checks: CheckSettings
    blocked: frozenset[str]
    consent: tuple[str, ...]
    filters: Filters
    repairs: tuple[RepairName, ...]

    def to(self, destination: Destination) -> CompiledSettings:
        """Return the same settings for another destination, such as an envelope's."""
        if destination is self.destination:
            return self
        return msgspec.structs.replace(self, destination=destination, translator=translator(destination))

    @property
    def configured(self) -> bool:
        """True if a stage other than the subscriptions is configured."""
        return bool(self.blocked or self.consent or self.filters)


def compiled(
    destination: Destination,
    checks: CheckSettings = DEFAULTS,
    *,
    segment: SegmentSettings = SegmentSettings(),  # noqa: B008 - frozen
    filters: Sequence[DestinationFilter] = (),
    repairs: Sequence[RepairName] = (),
) -> CompiledSettings:
    """Compile settings that are given one by one."""
    return CompiledSettings(
        destination,
        translator(destination),
        checks,
        frozenset(segment.blocked_events),
        tuple(segment.consent_categories),
        Filters(filters),
        tuple(repairs),
    )


def compile_settings(settings: Settings) -> CompiledSettings:
    """Compile the whole settings. Raises InputError for a tracking plan that cannot be used."""
    return compiled(
        previewed(destination_of(settings)),
        check_settings(settings),
        segment=settings.segment,
        filters=settings.filters,
        repairs=settings.repair,
    )
