"""Routes on the screen: where forwarding leads, how mirrors and archives stand, and single requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from ...core.api.models import EngineState, MessageDetail, RouteState
from ...core.delivery import DeliveryState, Handover, Outcome, standing_along
from ...core.masks import project_in_words
from ...core.otherwise import OtherDetail
from ...core.text import clean, joined
from .attempt import attempt_lines
from .message import DELIVERY_COLOR

WORDS: dict[Outcome, tuple[str, str]] = {
    Outcome.SENT: ("sent", "$mark-ok"),
    Outcome.REFUSED: ("refused", "$mark-error"),
    Outcome.STUCK: ("stuck", "$mark-error"),
    Outcome.DROPPED: ("dropped", "$dim"),
}


def to_mixpanel(state: EngineState) -> bool:
    """Return whether a route leads to Mixpanel; without `[[routes]]` one does."""
    return not state.routes or any(route.kind == "mixpanel" for route in state.routes)


def whole_routes(state: EngineState) -> tuple[RouteState, ...]:
    """Return the mirrors and archives."""
    return tuple(route for route in state.routes if route.kind != "mixpanel")


def mixpanel_routes(state: EngineState) -> tuple[RouteState, ...]:
    """Return the routes to Mixpanel that the settings name."""
    return tuple(route for route in state.routes if route.kind == "mixpanel")


def several(state: EngineState) -> tuple[RouteState, ...]:
    """Return the routes to Mixpanel if there are several, else none."""
    found = mixpanel_routes(state)
    return found if len(found) > 1 else ()


def along(detail: MessageDetail) -> tuple[str, ...]:
    """Return on which of several routes a message stands as its line says; none with one route."""
    if len(detail.standings) < 2:
        return ()
    return tuple(one.route for one in detail.standings if one.delivery is detail.summary.delivery)


def title_along(detail: MessageDetail, place: str) -> str:
    """Return what the title above the requests says: which of several routes they are for, and repairs."""
    other = isinstance(detail, OtherDetail)
    route = detail.route if len(detail.standings) > 1 and not other else ""
    return " · ".join(part for part in (route, place, "repaired" if detail.verdict.repairs else "") if part)


def standings_line(detail: MessageDetail) -> list[Content]:
    """Return how a message stands on each of several routes to Mixpanel, as one line; none without them."""
    if not detail.standings:
        return []
    pieces = [
        Content.assemble(
            (f"{one.route} ", "bold $foreground" if one.route == detail.route else "$dim"),
            (one.delivery.value, DELIVERY_COLOR[one.delivery]),
        )
        for one in detail.standings
    ]
    return [Content(", ").join(pieces)]


def sends_to(state: EngineState) -> str:
    """Name everything that forwarding sends to, for a sentence."""
    if not state.routes:
        return project_in_words(state.project, state.region, state.mixpanel_url, state.project_region)
    return joined([clean(route.to) for route in state.routes])


def sends_along(state: EngineState, name: str) -> str:
    """Name what one of several routes to Mixpanel sends to; without several what forwarding sends to."""
    found = next((route for route in several(state) if route.name == name), None)
    return sends_to(state) if found is None else f"{clean(found.to)} (route {name})"


def short_where(state: EngineState, project: str) -> str:
    """Return where forwarding leads, for the header: the project, as it is given, and the names of others."""
    names = [route.name for route in whole_routes(state)]
    further = [route.name for route in mixpanel_routes(state)[1:]]
    return " + ".join([project, *further, *names] if to_mixpanel(state) else names)


def standing_of(routes: Iterable[RouteState]) -> list[Content]:
    """Return how routes stand, a piece for each: `mirror 12 sent, 3 waiting`."""
    pieces: list[Content] = []
    for route in routes:
        counts = [
            (route.sent, "sent", "$mark-ok"),
            (route.refused, "refused", "bold $mark-error"),
            (route.waiting, "waiting", "$mark-waiting"),
            (route.stuck, "stuck", "bold $mark-error"),
            (route.uncertain, "uncertain", "$mark-warning"),
        ]
        parts = [Content.styled(f"{count:,} {word}", style) for count, word, style in counts if count]
        parts = parts or [Content.styled("0 sent", "$dim")]
        pieces.append(Content.assemble((f"{route.name} ", "$dim"), Content(", ").join(parts)))
    return pieces


def off_words(detail: MessageDetail, routes: Sequence[RouteState]) -> str:
    """Return why a message does not go to Mixpanel, if that is because of the routes; "" if it is not."""
    left = detail.summary.delivery in (DeliveryState.NONE, DeliveryState.OFF)
    if left and detail.standings and standing_along(detail.standings, detail.route) is None:
        return f"Not sent along {detail.route}: that route does not take it."
    if detail.summary.delivery is not DeliveryState.OFF or not routes or detail.source_kind == "mixpanel":
        return ""
    leading = [route for route in routes if route.kind == "mixpanel"]
    if not leading:
        return "Not sent to Mixpanel: no route leads there."
    if len(leading) > 1:
        return "" if detail.standings else "Not sent to Mixpanel: no route there takes it."
    (to,) = leading
    if to.write_keys and detail.write_key not in to.write_keys:
        return f"Not sent to Mixpanel: the route {to.name} does not take its write key."
    if to.filter and not detail.standings:
        return f"Not sent to Mixpanel: the route {to.name} takes {clean(to.filter)}."
    return ""


def handover_lines(detail: MessageDetail, now: int) -> list[Content]:
    """Return what became of a message's whole request along each route."""
    lines: list[Content] = []
    for name in detail.routes:
        found = [one for one in detail.handovers if one.route == name]
        lines.append(Content(""))
        if not found:
            lines.append(Content.assemble((f"{name}  ", "bold $foreground"), ("waiting", "$mark-waiting")))
        for one in found:
            lines += _handover(one, now)
    return lines


def _handover(one: Handover, now: int) -> list[Content]:
    outcome = WORDS.get(one.outcome, (one.outcome.value, "$dim"))
    to = f"{one.route} {one.status}" if one.status else one.route
    return attempt_lines(one, to, outcome, what="the whole request, ", now=now)
