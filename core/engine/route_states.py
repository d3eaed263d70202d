"""What there is to say of one of `[[routes]]`: where it leads, and how much of it stands where."""

from __future__ import annotations

from ..api.models import RouteState
from ..delivery import DeliveryCounts
from ..forward.credentials import sent_with
from ..masks import mask_token, project_in_words
from ..relay.itself import upstream_of
from ..settings import RouteSettings, Settings
from ..text import clean


def mixpanel_state(route: RouteSettings, settings: Settings, of: DeliveryCounts, fault: str) -> RouteState:
    """Return how a route to Mixpanel stands: it counts messages, held ones as waiting."""
    to = settings.for_route(route.name).destination
    return RouteState(
        name=route.name,
        kind=route.kind,
        to=where(route, settings),
        write_keys=route.write_keys,
        filter=route.filter,
        region=to.region,
        mixpanel_url=to.mixpanel_url,
        service_account=sent_with(to),
        waiting=of.waiting + of.held,
        sent=of.sent,
        refused=of.refused,
        uncertain=of.uncertain,
        stuck=of.stuck,
        fault=fault,
    )


def where(route: RouteSettings, settings: Settings) -> str:
    """Return where a route leads, in words."""
    if route.kind == "mixpanel":
        to = settings.for_route(route.name).destination
        return project_in_words(mask_token(to.token), to.region, to.mixpanel_url, to.project_region)
    if route.kind == "segment":
        return f"Segment at {upstream_of(route).origin}"
    return f"the archive {clean(route.url)}"
