"""The rule on regions: requests go to the endpoint of one, and the project stores its data in another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..catalogue import data as rule
from ..places import Place
from ..settings import API_HOSTS, SEGMENT_REGIONS, Destination, DestinationKind, Region
from ..text import shown
from ..verdict import Finding
from .subject import Subject

MIGRATE = (
    "or use a project whose data is stored where the requests go (the data of an existing project has to be"
    " migrated: https://docs.mixpanel.com/docs/privacy/eu-residency)"
)
_ENDPOINTS: dict[DestinationKind, dict[Region, str]] = {
    "actions": {key: f"Data Residency {name}" for key, name in SEGMENT_REGIONS.items()},
    "classic-cloud": {
        "us": "Enable European Union Endpoint off",
        "eu": "Enable European Union Endpoint on",
    },
}
"""The setting of each destination in Segment that chooses the endpoint."""


def endpoint_setting(kind: DestinationKind, region: Region) -> str:
    """Return what to set so that requests go to the endpoint of a region."""
    setting = _ENDPOINTS[kind].get(region)
    if setting is None:
        return "move to Segment's Mixpanel (Actions): the classic destination sends to the US and the EU only"
    return f'set {setting} in Segment\'s destination, and region = "{region}" under [destination]'


def may_differ(destination: Destination, stored: Region | Literal[""]) -> bool:
    """Tell whether region-mismatch may find anything; `stored` is the region of the project."""
    named = destination.settings.get("apiRegion")
    return bool(stored) or (bool(named) and named not in SEGMENT_REGIONS.values())


URL = Place("request", 0, ("url",)).text


def region_mismatch(subject: Subject) -> Iterator[Finding]:
    operations = subject.translation.operations
    if not operations:
        return
    named = subject.destination.settings.get("apiRegion")
    if subject.destination.kind == "actions" and named and named not in SEGMENT_REGIONS.values():
        known = ", ".join(SEGMENT_REGIONS.values())
        yield rule.REGION_MISMATCH.finding(
            URL,
            f"apiRegion {shown(named)} is none of {known}: Segment compares flag and all, so it is the US",
            fix=f"apiRegion is one of {known}",
        )
        return
    stored = subject.settings.project_region
    if not stored or operations[0].request.url.startswith(f"{API_HOSTS[stored]}/"):
        return
    sent = next(
        (
            name
            for key, name in SEGMENT_REGIONS.items()
            if operations[0].request.url.startswith(f"{API_HOSTS[key]}/")
        ),
        None,
    )
    if sent is not None:
        yield rule.REGION_MISMATCH.finding(
            URL,
            f"sent to Mixpanel's endpoint in {sent}, but the project stores its data in"
            f" {SEGMENT_REGIONS[stored]} (project_region): it is not ingested",
            fix=f"{endpoint_setting(subject.destination.kind, stored)}; {MIGRATE}",
        )
