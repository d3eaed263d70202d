"""Whether Segment sends a message to the destination at all: what it asks before any subscription. Pure.

In Segment's order: blocked events of the source's schema, consent, `integrations` of the message, what a
device-mode SDK sends itself, destination filters; and what filters take out of a message. Sources:
`enabled()` of Segment's facade (only booleans count; an object of options means yes), and Segment's pages on
the integrations object, consent and filters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import FilterNotFql, MappingError
from ..mapping.filters import compile_filter, filter_fault
from ..messages import Json, JsonObject
from ..paths import child
from ..settings import DestinationFilter, DestinationKind, FilterAction, SegmentSettings, Settings
from ..verdict import NotSent, TakenOut, Translation
from .base import Translator
from .field_filters import Fields, allow_properties, drop_properties, missing

NAMES: dict[DestinationKind, tuple[str, ...]] = {
    "actions": ("Mixpanel (Actions)", "Actions Mixpanel"),
    "classic-cloud": ("Mixpanel", "Mixpanel (Legacy)"),
}
"""What the integrations object and `_metadata.bundled` call each destination. Segment's page on the classic
one gives both of its names; neither stops the Actions destination."""

MOBILE = (
    "analytics-ios",
    "analytics-android",
    "analytics-swift",
    "analytics-kotlin",
    "analytics-react-native",
)
"""Libraries whose device-mode destinations set themselves to false, lest the cloud sends the same again."""


ORDER: tuple[FilterAction, ...] = ("sample", "drop", "drop_properties", "allow_properties")
"""The order in which Segment applies filters, whatever theirs is."""
REDUCE: dict[FilterAction, Callable[[JsonObject, Fields], JsonObject]] = {
    "drop_properties": drop_properties,
    "allow_properties": allow_properties,
}

Condition = Callable[[JsonObject], bool]


def bundled(document: JsonObject, names: Sequence[str] = NAMES["classic-cloud"]) -> tuple[str, str] | None:
    """Find a device-mode SDK that the sender has loaded: the path in the message, and its name.

    Without `names` it is Mixpanel's SDK, which only the classic destination loads.
    """
    metadata = document.get("_metadata")
    listed = metadata.get("bundled") if isinstance(metadata, dict) else None
    for index, name in enumerate(listed) if isinstance(listed, list) else ():
        if isinstance(name, str) and name in names:
            return f"$._metadata.bundled[{index}]", name
    return None


class Gate:
    """What keeps messages, or some of their fields, from one destination, compiled once."""

    def __init__(
        self,
        kind: DestinationKind,
        segment: SegmentSettings = SegmentSettings(),  # noqa: B008 - frozen
        filters: tuple[DestinationFilter, ...] = (),
    ) -> None:
        """Never raises: a filter whose condition cannot be judged stops every message, as at Segment."""
        self._names = NAMES[kind]
        self._blocked = frozenset(segment.blocked_events)
        self._categories = segment.consent_categories
        ordered = sorted(filters, key=lambda one: ORDER.index(one.action))
        self._unjudged: list[tuple[DestinationFilter, MappingError]] = []
        compiled: list[tuple[DestinationFilter, Condition]] = []
        for one in ordered:
            if not one.enabled:
                continue
            try:
                compiled.append((one, compile_filter(one.condition)))
            except MappingError as fault:
                self._unjudged.append((one, fault))
        self._dropping = [(one, takes) for one, takes in compiled if _drops(one)]
        self._reducing = [(one, takes) for one, takes in compiled if one.action in REDUCE]

    def stops(self, document: JsonObject) -> NotSent | None:
        """Why Segment would not send the message, or None. Never raises on a message."""
        return (
            self._event_blocked(document)
            or self._no_consent(document)
            or self._switched_off(document)
            or self._sent_by_device(document)
            or self._filtered(document)
        )

    def _event_blocked(self, document: JsonObject) -> NotSent | None:
        event = document.get("event")
        if document.get("type") != "track" or not isinstance(event, str) or event not in self._blocked:
            return None
        return NotSent(
            "$.event", "the event is blocked at its source: blocked_events under [segment]", "schema"
        )

    def _no_consent(self, document: JsonObject) -> NotSent | None:
        """Without a consent object all is sent; with one, each category of the destination must be true."""
        context = document.get("context")
        consent = context.get("consent") if isinstance(context, dict) else None
        if not self._categories or not isinstance(consent, dict) or not consent:
            return None
        path = "$.context.consent.categoryPreferences"
        given = consent.get("categoryPreferences")
        preferences = given if isinstance(given, dict) else {}
        for category in self._categories:
            if preferences.get(category) is not True:
                return NotSent(child(path, category), f"no consent to {category}", "integrations")
        return None

    def _switched_off(self, document: JsonObject) -> NotSent | None:
        integrations = document.get("integrations")
        if not isinstance(integrations, dict):
            return None
        named = [name for name in self._names if name in integrations]
        for name in named:
            if integrations[name] is False:
                why = f"integrations.{name} is false"
                if _library(document).startswith(MOBILE):
                    why += ", as mobile SDKs set it when they send to Mixpanel from the device"
                return NotSent(child("$.integrations", name), why, "integrations")
        if named:
            return None
        for everything in ("All", "all"):
            if integrations.get(everything) is False:
                return NotSent(
                    f"$.integrations.{everything}", f"integrations.{everything} is false", "integrations"
                )
        return None

    def _sent_by_device(self, document: JsonObject) -> NotSent | None:
        found = bundled(document, self._names)
        if found is None:
            return None
        path, name = found
        return NotSent(path, f"_metadata.bundled names {name}: the device sends it itself", "integrations")

    def _filtered(self, document: JsonObject) -> NotSent | None:
        for one, fault in self._unjudged:
            what = "is not FQL" if isinstance(fault, FilterNotFql) else "cannot be followed by segtap"
            named = f"the condition of the destination filter {one.name or one.condition!r} {what}"
            return NotSent("$", f"{named}, so that no message is sent", "filters")
        for one, takes in self._dropping:
            if takes(document):
                what = "drops it" if one.action == "drop" else "lets none of them through"
                return NotSent("$", f"the destination filter {one.name or one.condition!r} {what}", "filters")
        return None

    def reduced(self, document: JsonObject) -> JsonObject:
        """The message without what filters take out of it: the very same object when they take nothing.

        Every condition is judged on the message as it came. Never raises on a message.
        """
        for one in self._taking(document):
            document = REDUCE[one.action](document, one.fields)
        return document

    def taken_out(self, document: JsonObject) -> tuple[TakenOut, ...]:
        """What each filter takes out of the message, told for a person. Never raises on a message."""
        found: list[TakenOut] = []
        for one in self._taking(document):
            reduced = REDUCE[one.action](document, one.fields)
            if paths := tuple(missing(document, reduced)):
                found.append(TakenOut(one.name or one.condition, paths))
            document = reduced
        return tuple(found)

    def _taking(self, document: JsonObject) -> list[DestinationFilter]:
        return [one for one, takes in self._reducing if takes(document)]


def _drops(one: DestinationFilter) -> bool:
    """True if the filter drops every message it matches. Other samples are random and cannot be predicted."""
    return one.action == "drop" or (one.action == "sample" and one.percent <= 0)


def _library(document: JsonObject) -> str:
    context = document.get("context")
    library: Json = context.get("library") if isinstance(context, dict) else None
    name = library.get("name") if isinstance(library, dict) else None
    return name if isinstance(name, str) else ""


class GatedTranslator:
    """A translator behind a gate: what Segment would not send makes no request."""

    def __init__(self, translator: Translator, gate: Gate) -> None:
        self._translator = translator
        self._gate = gate

    def translate(self, document: JsonObject, *, now: int) -> Translation:
        """See `Translator`."""
        stopped = self._gate.stops(document)
        return (
            self._translator.translate(self._gate.reduced(document), now=now)
            if stopped is None
            else Translation(not_sent=stopped)
        )


def gate_of(settings: Settings) -> Gate:
    """The gate that the settings describe."""
    return Gate(settings.destination.kind, settings.segment, settings.filters)


def filter_faults(filters: Sequence[DestinationFilter]) -> tuple[str, ...]:
    """Name the filters that are on and whose condition cannot be judged, and say why."""
    faults = (
        (f"filter {number}{f' ({one.name})' if one.name else ''}", filter_fault(one.condition))
        for number, one in enumerate(filters, start=1)
        if one.enabled
    )
    return tuple(f"{name} stops every message: {fault}" for name, fault in faults if fault)
