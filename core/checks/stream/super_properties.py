"""Super properties that a page counts on in cloud mode: traits of identify that no later event has."""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue.data import SUPER_PROPERTIES_CLOUD
from ...destinations.integrations import bundled
from ...text import shown
from ...verdict import Finding
from ..spec_names import SPEC
from .memory import Recent
from .observed import StreamLimits
from .seen import Seen

BROWSER = "analytics.js"
"""The library in which traits become super properties once Mixpanel's SDK runs beside it."""
_OF_PERSONS = frozenset((*SPEC.traits, "id", "company", "created"))
"""Traits that say who somebody is: nobody misses them on events."""
_SHOWN = 5


class SuperProperties:
    """Remembers the traits of each user, and which of them were named: each trait is named once."""

    def __init__(self, limits: StreamLimits) -> None:
        self._traits: Recent[str, tuple[str, ...]] = Recent(limits.texts)
        self._named: Recent[str, bool] = Recent(limits.texts)

    def look(self, seen: Seen) -> Iterator[Finding]:
        """Find super-properties-cloud where a user was identified with traits that an event lacks."""
        said = seen.said
        if said.library != BROWSER or not said.distinct_id or said.replay:
            return
        if said.type == "identify":
            listed = _listed_only(seen)
            own = tuple(
                [
                    name
                    for name in said.names
                    if name not in _OF_PERSONS
                    and name not in self._named
                    and (listed is None or name in listed)
                ]
            )
            if own:
                self._traits.put(said.distinct_id, own)
            return
        if said.type != "track" or not said.events:
            return
        known = self._traits.get(said.distinct_id)
        if not known:
            return
        sent = said.events[0].properties
        if all(name in sent or name in self._named for name in known) or bundled(seen.document) is not None:
            return  # of a page in device mode each has them
        lacking = [name for name in known if name not in sent and self._named.first_time(name, True)]
        if lacking:
            yield _not_on_event(lacking)


def _listed_only(seen: Seen) -> tuple[str, ...] | None:
    """Return the only traits that device mode registers, None if it registers all of them."""
    classic = seen.settings.classic
    if seen.destination.kind != "classic-cloud" or classic.set_all_traits_by_default:
        return None
    return classic.super_properties


def _not_on_event(names: list[str]) -> Finding:
    listed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    one = len(names) == 1
    return SUPER_PROPERTIES_CLOUD.finding(
        "$.properties",
        f"identify had the {'trait' if one else 'traits'} {shown(listed, 120)[1:-1]}, and this event has not:"
        f" in device mode Mixpanel's SDK would add {'it' if one else 'them'} as"
        f" {'a super property' if one else 'super properties'}",
    )
