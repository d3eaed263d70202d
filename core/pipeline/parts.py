"""The configured parts of the stages, compiled once: blocked lists, transformations, filters and functions.

A stage without parts costs a message nothing. To add a stage's parts, append them in `parts_of`, in the order
of `STAGES`; what they need of the message beside its document goes into `Passage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from ..destinations.filters import CompiledFilter, compiled_filters
from ..destinations.integrations import stopped_by_integrations
from ..destinations.schema import GENERAL, blocked_lists
from ..destinations.transformations import CompiledTransformation, Origin, for_destination
from ..messages import JsonObject
from ..outcomes import STOPS, FunctionOutcome, outcome_of, with_changes
from ..paths import changes
from ..settings import DestinationFilter, DestinationKind, InsertFunction, SegmentSettings
from ..transformations import Transformation
from ..verdict import NotSent, Stage
from .notes import Notes, filter_notes, transformation_notes


class Passage(msgspec.Struct, frozen=True):
    """A message on its way through one stage: its document as it reached the stage, and the clock.

    `outcomes` are what insert functions made of it.
    """

    reached: JsonObject
    now: int
    outcomes: Sequence[FunctionOutcome] = ()


Apply: TypeAlias = Callable[[JsonObject, Passage], "JsonObject | NotSent"]
"""From the document so far to the document after the part (the very same object where nothing changes) or the
reason why the message stops. Pure, never raises on a message, never changes the document."""


class Part(NamedTuple):
    """One configured part of a stage.

    `name` is the one that the settings give it; parts without a name are in no list of stages. `origins` say
    where what it writes into the message before it comes from; `notes` are findings on that message.
    `function` is the place of an insert function in the settings. `matches` says whether its condition holds,
    for the message before it and as it reached the stage; None if it has no condition.
    """

    stage: Stage
    name: str
    apply: Apply
    origins: Callable[[JsonObject], Sequence[Origin]] | None = None
    notes: Notes | None = None
    function: int | None = None
    matches: Callable[[JsonObject, JsonObject], bool] | None = None


class Step(NamedTuple):
    """What one part made of the message before it: the message after it, or why the message stops.

    `reached` is the message as it reached the part's stage.
    """

    part: Part
    before: JsonObject
    made: JsonObject | NotSent
    reached: JsonObject

    def origins(self) -> Sequence[Origin]:
        """List where what the part wrote into the message comes from, in the order of writing.

        What an insert function added or changed counts as set by it.
        """
        if isinstance(self.made, NotSent):
            return ()
        if self.part.origins is not None:
            return self.part.origins(self.before)
        if self.part.function is None or self.made is self.before:
            return ()
        made = changes(self.before, self.made)
        return [Origin(path, "set") for path, how in made if how != "removed"]

    @property
    def changed(self) -> bool:
        """True if the message goes on as another one."""
        return self.made is not self.before and not isinstance(self.made, NotSent)


class StageSettings(NamedTuple):
    """The settings of the stages before the subscriptions.

    `events_at` is where `blocked_events` stand.
    """

    segment: SegmentSettings = SegmentSettings()
    transformations: tuple[Transformation, ...] = ()
    filters: tuple[DestinationFilter, ...] = ()
    insert_functions: tuple[InsertFunction, ...] = ()
    events_at: str = GENERAL


def parts_of(settings: StageSettings, kind: DestinationKind) -> tuple[Part, ...]:
    """Compile the parts of all stages for a destination, in the order of the stages."""
    transformations = settings.transformations
    return (
        *(
            Part("schema", name, _alone(blocked))
            for name, blocked in blocked_lists(settings.segment, settings.events_at)
        ),
        *_functions(settings.insert_functions, "source_function"),
        *_transformations(transformations, kind, "source_transformations"),
        Part("integrations", "", _integrations(kind, settings.segment.consent_categories)),
        *(
            Part("filters", one.name, _filter(one), notes=filter_notes(one), matches=_of_reached(one.matches))
            for one in compiled_filters(settings.filters)
        ),
        *_transformations(transformations, kind, "destination_transformations"),
        *_functions(settings.insert_functions, "insert_function"),
    )


def _functions(functions: Sequence[InsertFunction], stage: Stage) -> Iterator[Part]:
    """Yield the parts that do what a function was recorded to do; without an outcome they do nothing."""
    scope = "source" if stage == "source_function" else "destination"
    for place, one in enumerate(functions):
        if one.enabled and one.scope == scope:
            yield Part(stage, one.title, _recorded(place, one, stage), function=place)


def _recorded(place: int, function: InsertFunction, stage: Stage) -> Apply:
    def recorded(document: JsonObject, passage: Passage) -> JsonObject | NotSent:
        outcome = outcome_of(place, passage.outcomes)
        if outcome is None:
            return document
        if outcome.effect in STOPS:
            path = "$.type" if outcome.effect == "no_handler" else "$"
            return NotSent(path, f"{function.words} stops it: {outcome.reason}", stage)
        return with_changes(document, outcome.changes)

    return recorded


def _transformations(
    transformations: Sequence[Transformation], kind: DestinationKind, stage: Stage
) -> Iterator[Part]:
    scoped = stage == "destination_transformations"
    for given in for_destination(transformations, kind, scoped=scoped):
        one = CompiledTransformation(given, stage)
        notes, matches = transformation_notes(one), _of_before(one.matches)
        yield Part(stage, one.name, _alone(one.apply), one.origins, notes, matches=matches)


def _of_before(matches: Callable[[JsonObject], bool]) -> Callable[[JsonObject, JsonObject], bool]:
    """Return a condition that reads the message before the part."""

    def of_before(before: JsonObject, reached: JsonObject) -> bool:
        return matches(before)

    return of_before


def _of_reached(matches: Callable[[JsonObject], bool]) -> Callable[[JsonObject, JsonObject], bool]:
    """Return a condition that reads the message as it reached the stage."""

    def of_reached(before: JsonObject, reached: JsonObject) -> bool:
        return matches(reached)

    return of_reached


def _alone(apply: Callable[[JsonObject], JsonObject | NotSent]) -> Apply:
    """Return a part that needs the document alone."""

    def of_document(document: JsonObject, passage: Passage) -> JsonObject | NotSent:
        return apply(document)

    return of_document


def _integrations(kind: DestinationKind, consent: Sequence[str]) -> Apply:
    def integrations(document: JsonObject, passage: Passage) -> JsonObject | NotSent:
        if not consent and not document.get("integrations") and "_metadata" not in document:
            return document  # most messages ask for nothing
        return stopped_by_integrations(document, kind, consent) or document

    return integrations


def _filter(one: CompiledFilter) -> Apply:
    def filtered(document: JsonObject, passage: Passage) -> JsonObject | NotSent:
        return one.apply(document, passage.reached)

    return filtered
