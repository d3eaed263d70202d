"""Questions about `[[routes]]`: where each leads, whether it can get there, and whether its sources send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from ..api.models import RouteState
from ..engine.relays import leads_back
from ..masks import mask_token
from ..relay.itself import is_itself, upstream_of
from ..relay.objects import place_fault
from ..settings import RouteSettings, Settings
from ..text import clean, counted
from .diagnosis import Diagnosis, Standing
from .facts import Facts

_SHOWN = 5
"""Write keys that are named."""


class _Here(msgspec.Struct, frozen=True):
    """The hosts and the port that the settings let segtap listen on."""

    hosts: tuple[str, ...]
    port: int


def routes(facts: Facts) -> Iterator[Diagnosis]:
    """Yield each of `[[routes]]`, and that none of them leads to Mixpanel."""
    settings = facts.settings
    if settings.routes and not leads_to_mixpanel(settings):
        yield Diagnosis(
            check="routes",
            title="Routes",
            standing="note",
            words="none of [[routes]] is of kind mixpanel: nothing is sent to Mixpanel",
            fix='if messages are to go there, too, add one with kind = "mixpanel"',
        )
    states = {one.name: one for one in facts.routes}
    seen = Counter(case.detail.write_key for case in facts.cases if case.detail.source_kind == "segment")
    named = {key: source.name for source in settings.sources for key in source.write_keys}
    for route in settings.routes:
        yield _route(route, settings, seen, states.get(route.name), named)


def leads_to_mixpanel(settings: Settings) -> bool:
    """Return True if some messages go to Mixpanel: without `[[routes]]`, or by one of them."""
    return not settings.routes or any(route.kind == "mixpanel" for route in settings.routes)


def _route(
    route: RouteSettings,
    settings: Settings,
    seen: Counter[str],
    state: RouteState | None,
    named: Mapping[str, str],
) -> Diagnosis:
    """Return the gravest that is to be said of a route, with how it stands."""
    title = f"Route {route.name}: {_where(route, state)}"
    words, fix, standing = _of_place(route, settings)
    if not fix and state is not None and state.fault:
        words, standing = clean(state.fault), "warning"
        fix = "do what the fault asks for; what is owed waits meanwhile"
    if not fix:
        words, fix, standing = _of_keys(route, seen, named)
    if not fix and state is not None and (state.refused or state.stuck):
        what = "messages" if route.kind == "mixpanel" else "requests"
        words, standing = f"some of its {what} do not arrive", "warning"
        fix = "look at what the other side answered: open a message in the list, its deliveries name it"
    stands = _counts(state) if state is not None else ""
    return Diagnosis(
        check="route",
        title=title,
        standing=standing,
        words=f"{words} · {stands}" if stands else words,
        fix=fix,
    )


def _where(route: RouteSettings, state: RouteState | None) -> str:
    if state is not None and state.to:
        return clean(state.to)
    if route.kind == "segment":
        return f"Segment at {upstream_of(route).origin}"
    return f"the archive {clean(route.url)}" if route.kind == "archive" else "Mixpanel"


def _of_place(route: RouteSettings, settings: Settings) -> tuple[str, str, Standing]:
    """Return what is wrong with where a route leads, as far as this machine tells: words, fix, standing."""
    listening = _Here(settings.ingest.host, settings.ingest.port)
    if route.kind == "segment" and listening.port and is_itself(upstream_of(route).url, listening):
        return leads_back(route), "set its url to another server, or leave it out", "error"
    if route.kind == "archive" and (fault := place_fault(route)):
        return fault, "mend that, or set url of the route to another place", "error"
    return "", "", "good"


def _of_keys(route: RouteSettings, seen: Counter[str], named: Mapping[str, str]) -> tuple[str, str, Standing]:
    """Return whether the sources that a route is for have sent anything. `named` are names by write keys."""

    def shown(key: str) -> str:
        short = mask_token(key) or "none"
        return clean(f"{short} ({named[key]})" if key in named else short)

    if not route.write_keys:
        return "takes the messages of every source", "", "good"
    missing = [key for key in route.write_keys if not seen[key]]
    total = sum(seen.values())
    if not missing:
        taken = sum(seen[key] for key in set(route.write_keys))
        return f"takes {taken:,} of {counted(total, 'message')}, by write key", "", "good"
    if not total:
        return f"takes the messages of {counted(len(route.write_keys), 'write key')}", "", "good"
    others = ", ".join(shown(key) for key, _ in seen.most_common(_SHOWN))
    keys = ", ".join(map(shown, missing[:_SHOWN])) + (" …" if len(missing) > _SHOWN else "")
    return (
        f"no message has the write key {keys}, of {counted(total, 'message')} with {others}",
        "compare write_keys of the route with the source's key in Segment (Settings, API Keys), and with the"
        " one that the SDK sends",
        "warning" if len(missing) == len(set(route.write_keys)) else "note",
    )


def _counts(state: RouteState) -> str:
    """Return how many requests, or messages, of a route stand where; "" for none."""
    counts = {
        "sent": state.sent,
        "waiting": state.waiting,
        "stuck": state.stuck,
        "refused": state.refused,
        "uncertain": state.uncertain,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
