"""Where requests go, and where the Mixpanel project stores its data: they must agree, or all is lost."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..checks.region import MIGRATE, endpoint_setting
from ..settings import API_HOSTS, SEGMENT_REGIONS, Region
from .diagnosis import Diagnosis, Standing
from .facts import Facts

_NO_HOSTS = ("api.eu.mixpanel.com", "api.in.mixpanel.com")
"""Names that people guess, and that do not resolve."""
_TITLE = "Region: where requests go, and where the project stores its data"
LOOK = "Mixpanel: Project Settings, Data Residency"


def region(facts: Facts) -> Iterator[Diagnosis]:
    """Compare the endpoint with the region in which the project stores its data."""
    to = facts.settings.destination
    host = urlsplit(to.mixpanel_url).hostname or ""
    if host in _NO_HOSTS:
        right = f"https://api-{host.split('.')[1]}.mixpanel.com"
        words = f"mixpanel_url names {host}, which does not exist"
        yield _verdict("error", words, f'mixpanel_url = "{right}"')
        return
    endpoint = (
        f"Segment's endpoint: {_named(to.region)}, {API_HOSTS[to.region].removeprefix('https://')}"
        f" ([destination] region{facts.assumed('destination.region')})"
    )
    if to.mixpanel_url:
        endpoint += "; segtap itself sends to mixpanel_url, whose region it does not know"
    workspace = facts.settings.segment.workspace_region
    note = (
        f". Segment's workspace is in {_named(workspace)}, which says nothing of the project's region"
        if workspace
        else ""
    )
    if not to.project_region:
        words = (
            f"{endpoint} · the project's region: unknown, for neither requests nor answers contain it. What"
            f" reaches another region's endpoint is not ingested, though the answer may be a 200{note}"
        )
        fix = f'look there: {LOOK}; then write project_region = "us" (or "eu", "in") under [destination]'
        yield _verdict("unknown", words, fix)
        return
    project = f"the project stores its data in {_named(to.project_region)} ([destination] project_region)"
    if to.project_region == to.region:
        yield Diagnosis(check="region", title=_TITLE, standing="good", words=f"{endpoint} · {project}{note}")
        return
    words = f"{endpoint} · {project}: what is sent is not ingested{note}"
    fix = f"{endpoint_setting(facts.destination.kind, to.project_region)}; {MIGRATE}"
    yield _verdict("error", words, fix)


def _verdict(standing: Standing, words: str, fix: str) -> Diagnosis:
    return Diagnosis(
        check="region", rule="region-mismatch", title=_TITLE, standing=standing, words=words, fix=fix
    )


def _named(region: Region) -> str:
    return SEGMENT_REGIONS[region]
