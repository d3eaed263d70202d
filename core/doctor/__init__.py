"""`segtap doctor`: the questions of Mixpanel's and Segment's FAQ, answered from settings and messages.

Each check is a function from `Facts` to verdicts; all of them are pure. `source` brings the messages, and
`online` asks Mixpanel when it may, `routes_online` the servers of the routes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .credential_checks import secret, service_account, token
from .diagnosis import Diagnosis, Standing
from .facts import Facts
from .judged import judged
from .mixpanel_side import mixpanel_side
from .modes import modes
from .online import ask_mixpanel, with_own_secrets
from .pages_check import pages
from .region_check import region
from .routes_check import routes
from .routes_online import ask_routes
from .seen import connection_mode, profiles
from .settings_checks import (
    filters,
    not_imitated,
    order_of_stages,
    people,
    strict,
    subscriptions,
    transformations,
)
from .source import Messages, newest_messages
from .sources_check import sources
from .topics import others, refused_here, topics
from .traffic_checks import delivery, groups, identity, traffic

__all__ = [
    "CHECKS",
    "Diagnosis",
    "Facts",
    "Messages",
    "Standing",
    "ask_mixpanel",
    "ask_routes",
    "diagnose",
    "newest_messages",
    "with_own_secrets",
]

CHECKS: tuple[Callable[[Facts], Iterator[Diagnosis]], ...] = (
    judged,
    traffic,
    sources,
    region,
    token,
    service_account,
    secret,
    routes,
    strict,
    transformations,
    filters,
    order_of_stages,
    not_imitated,
    subscriptions,
    connection_mode,
    modes,
    refused_here,
    delivery,
    people,
    profiles,
    pages,
    identity,
    groups,
    topics,
    others,
    mixpanel_side,
)
"""In the order of the output."""


def diagnose(facts: Facts) -> list[Diagnosis]:
    """Return every diagnosis, in the order of the questions."""
    return [diagnosis for check in CHECKS for diagnosis in check(facts)]
