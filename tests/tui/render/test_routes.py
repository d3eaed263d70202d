"""Where forwarding leads and how routes stand, in words."""

from __future__ import annotations

from details import order
from fake_viewer import state
from msgspec.structs import replace

from segtap.core.api.models import RouteState
from segtap.core.delivery import DeliveryState, Handover, Outcome, RouteStanding
from segtap.tui.render.routes import (
    handover_lines,
    off_words,
    sends_to,
    short_where,
    standing_of,
    title_along,
)

MIXPANEL = RouteState(
    name="web", kind="mixpanel", to="project a1b2…f9 at the endpoint in the US", write_keys=("w",)
)
MIRROR = RouteState(
    name="mirror", kind="segment", to="Segment at https://api.segment.io", sent=1200, waiting=3, stuck=1
)
ARCHIVE = RouteState(name="kept", kind="archive", to="the archive /kept")


def test_where_forwarding_leads() -> None:
    assert "project" in sends_to(state())
    assert short_where(state(), "US a1b2") == "US a1b2"
    both = state(routes=(MIXPANEL, MIRROR, ARCHIVE))
    assert sends_to(both) == (
        "project a1b2…f9 at the endpoint in the US, Segment at https://api.segment.io and the archive /kept"
    )
    assert short_where(both, "US a1b2") == "US a1b2 + mirror + kept"
    assert short_where(state(routes=(MIRROR,)), "US a1b2") == "mirror"


def test_every_project_that_forwarding_leads_to_is_named() -> None:
    both = state(routes=(MIXPANEL, replace(MIXPANEL, name="eu"), MIRROR))
    assert short_where(both, "US a1b2") == "US a1b2 + eu + mirror"


def test_how_routes_stand() -> None:
    assert [piece.plain for piece in standing_of((MIRROR, ARCHIVE))] == [
        "mirror 1,200 sent, 3 waiting, 1 stuck",
        "kept 0 sent",
    ]


def test_why_a_message_does_not_go_to_mixpanel() -> None:
    message = replace(order(), write_key="v")
    assert off_words(message, ()) == ""
    assert off_words(message, (MIRROR,)) == "Not sent to Mixpanel: no route leads there."
    assert "the route web does not take its write key" in off_words(message, (MIXPANEL, MIRROR))
    assert off_words(replace(message, write_key="w"), (MIXPANEL,)) == ""
    some = replace(MIXPANEL, write_keys=(), filter="type:track")
    assert off_words(message, (some,)) == "Not sent to Mixpanel: the route web takes type:track."
    taken = replace(message, route="web", standings=(RouteStanding("web", DeliveryState.OFF),))
    assert off_words(taken, (some,)) == "", "it was received while forwarding was off"


def test_a_route_that_does_not_take_a_message_is_named() -> None:
    nothing = order(delivery=DeliveryState.NONE)
    message = replace(nothing, route="eu", standings=(RouteStanding("us", DeliveryState.SENT),))
    assert off_words(message, ()) == "Not sent along eu: that route does not take it."
    assert off_words(replace(message, route="us"), ()) == ""
    assert off_words(nothing, ()) == ""


def test_the_requests_of_several_routes_have_its_name_above_them() -> None:
    assert title_along(order(), "1 of 3") == "1 of 3"
    ways = (RouteStanding("us", DeliveryState.SENT), RouteStanding("eu", DeliveryState.SENT))
    assert title_along(replace(order(), route="eu", standings=ways), "1 of 3") == "eu · 1 of 3"
    assert title_along(replace(order(), route="us", standings=ways[:1]), "1 of 3") == "1 of 3"


def test_what_became_of_a_request() -> None:
    refused = Handover("mirror", 1, 1_000, Outcome.REFUSED, 400, "bad \x1b[31m write key", 2, 15)
    message = replace(order(), routes=("mirror", "kept"), handovers=(refused,))
    lines = [line.plain for line in handover_lines(message, 3_000)]
    assert "  mirror 400  refused" in lines[1]
    assert lines[2] == "  “bad ␛[31m write key”"
    assert lines[3] == "  the whole request, 2 s ago  attempt 2  15 ms"
    assert lines[5] == "kept  waiting"
    assert handover_lines(order(), 3_000) == []
