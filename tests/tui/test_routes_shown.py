"""`F` shows list and panes as messages stand on one of several routes to Mixpanel."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from details import NOW, order
from engines import engine_settings, post, running_engine, track
from engines import until as engine_until
from fake_viewer import AT, FakeViewer, state, story, until
from pane_host import Host
from pane_host import screen as drawn
from subscriptions import events

from segtap.core.api.models import MessageDetail, RouteState, SentWith
from segtap.core.delivery import Delivery, DeliveryCounts, DeliveryState, Outcome, RouteStanding, summed
from segtap.core.errors import InputError
from segtap.core.settings import DestinationSettings, RouteSettings
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.app import SegtapApp
from segtap.tui.cli.tail import _arrivals, _check_route
from segtap.tui.widgets.delivery_pane import DeliveryPane
from segtap.tui.widgets.mixpanel_pane import MixpanelPane

AppOn = Callable[..., SegtapApp]


async def test_the_key_turns_through_the_routes(app_on: AppOn, tmp_path: Path) -> None:
    async with MixpanelServer() as us:
        away = DestinationSettings(kind="classic-cloud", token="0f1e2d3c4b5a69788796a5b4c3d2e1f0")
        away = msgspec.structs.replace(away, mixpanel_url="http://127.0.0.1:9")
        settings = msgspec.structs.replace(
            engine_settings(tmp_path, mixpanel_url=us.url),
            routes=(RouteSettings(name="us"), RouteSettings(name="eu", to=away)),
            subscriptions=(events(),),
        )
        async with running_engine(settings, forwarding=True) as (engine, client):
            await post(engine.url, track("m-1"))
            await engine_until(
                client, lambda state: state.routes[0].sent == 1 and state.routes[1].waiting == 1
            )
            app = app_on(client)
            async with app.run_test(size=(200, 60)) as pilot:
                await until(pilot, lambda: app.main is not None and app.main.detail is not None)
                main = app.main
                assert main is not None
                assert "us 1 sent" in drawn(pilot)
                assert "eu 1 waiting" in drawn(pilot)
                assert main.detail is not None
                assert main.detail.route == "us"

                def shows(route: str, state: DeliveryState) -> bool:
                    line, detail = main.list.selection.summary, main.detail
                    same = line is not None and detail is not None and line.delivery is state
                    return same and detail is not None and detail.route == route

                await pilot.press("F")
                await until(pilot, lambda: shows("us", DeliveryState.SENT))
                assert "List and panes show the route us alone" in drawn(pilot)
                await pilot.press("F")
                await until(pilot, lambda: shows("eu", DeliveryState.WAITING))
                assert "/import" not in drawn(pilot)
                await pilot.press("5")
                await until(pilot, lambda: "us sent, eu waiting" in drawn(pilot))

                # A decision is about the route that is shown.
                await pilot.press("b")
                await until(pilot, lambda: "drop what is still to be sent" in drawn(pilot))
                await pilot.press("d")
                await until(pilot, lambda: "along the route eu alone" in drawn(pilot))
                await pilot.press("y")
                await engine_until(client, lambda state: state.routes[1].waiting == 0)
                assert (await client.state()).routes[0].sent == 1

                await post(engine.url, track("m-2"))
                await until(pilot, lambda: len(main.list.window) == 2)
                await pilot.press("F")
                await until(pilot, lambda: shows("us", DeliveryState.OFF))
                assert "List and panes show" not in drawn(pilot)


async def test_with_one_route_the_key_says_so(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(3)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        await pilot.press("F")
        await until(pilot, lambda: bool(app._notifications))
        assert "There is one route to Mixpanel" in next(iter(app._notifications)).message


async def test_the_key_names_the_filter_of_a_single_route(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), routes=(RouteState(name="us", kind="mixpanel", filter="type:track"),))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        await pilot.press("F")
        await until(pilot, lambda: bool(app._notifications))
        words = "There is one route to Mixpanel, us, which takes type:track"
        assert words in next(iter(app._notifications)).message


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_what_is_tried_again_along_a_route_is_read_whole(app_on: AppOn, size: tuple[int, int]) -> None:
    us = RouteState(name="us", kind="mixpanel", sent=50)
    europe = RouteState(name="europe", kind="mixpanel", waiting=19, uncertain=6)
    viewer = FakeViewer(
        story(3),
        forwarding=True,
        routes=(us, europe),
        deliveries=DeliveryCounts(sent=25, waiting=19, uncertain=6),
        retrying="europe: Mixpanel /track: 503 busy",
        next_try=AT,
    )
    app = app_on(viewer)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        assert app.main is not None
        said, line = app.main.header.render().plain.split("\n")[:2]
        assert "+ europe" in said
        assert "us 50 sent · europe 19 waiting, 6 uncertain  ▲ europe: " in line
        assert line.rstrip().endswith(", next try 10:41:02")
        assert (" Mixpanel  25 sent" in line) == (size[0] == 200)
        assert ("F route" in app.main.key_bar.render().plain) == (size[0] > 80)


def along(*ways: tuple[str, DeliveryState], shown: str, **changes: object) -> MessageDetail:
    """An order, which has three requests along the route that is shown, on several routes."""
    standings = tuple(RouteStanding(*one) for one in ways)
    made = order(delivery=summed(state for _, state in ways))
    return msgspec.structs.replace(made, route=shown, standings=standings, **changes)


def tried(
    route: str, outcome: Outcome, words: str = "", endpoint: str = "/track", status: int = 0
) -> Delivery:
    return Delivery(7 << 20, 1, NOW, endpoint, outcome, status=status, words=words, route=route)


async def test_the_delivery_pane_says_along_which_routes_a_message_stands_so() -> None:
    waiting, sent, refused = DeliveryState.WAITING, DeliveryState.SENT, DeliveryState.REFUSED
    accepted = tried("us", Outcome.SENT, status=200)
    pane = DeliveryPane()
    async with Host(pane).run_test(size=(120, 24)) as pilot:

        async def said(detail: MessageDetail) -> str:
            pane.detail = detail
            await pilot.pause()
            return drawn(pilot)

        pane.tell(state(forwarding=True))
        text = await said(along(("us", sent), ("eu", waiting), shown="us", deliveries=(accepted,)))
        assert "Waiting along eu: owed to Mixpanel." in text, "how many requests eu gets is not known here"
        assert "so far" not in text, "the attempt was along the other route"
        assert "request 2 of 3, " in text
        text = await said(along(("us", waiting), ("eu", waiting), shown="us"))
        assert "Waiting along us and eu: owed to Mixpanel." in text
        text = await said(along(("us", waiting), ("eu", sent), shown="us", deliveries=(accepted,)))
        assert "Waiting along us: 3 requests owed to Mixpanel." in text
        text = await said(along(("us", sent), ("eu", sent), shown="us"))
        assert "Mixpanel accepted all requests along us and eu." in text
        two = (tried("us", Outcome.REFUSED, status=400), tried("eu", Outcome.REFUSED, status=400))
        text = await said(along(("us", refused), ("eu", refused), shown="us", deliveries=two))
        assert "Mixpanel refused 2 requests along us and eu." in text
        assert "request 2, " in text, "of how many along eu is not known here"
        dropped = tried("eu", Outcome.DROPPED, "dropped: you decided so", "")
        text = await said(
            along(("us", sent), ("eu", DeliveryState.OFF), shown="us", deliveries=(accepted, dropped))
        )
        assert "Dropped along eu: what was not sent" in text
        assert "  eu  dropped" in text
        assert "no answer" not in text


async def test_requests_are_shown_at_the_address_of_their_own_route() -> None:
    account = SentWith("segtap.1a2b3c", 123, "EU_ACCOUNT", "the project token")
    us = RouteState(name="us", kind="mixpanel", mixpanel_url="http://127.0.0.1:81")
    eu = RouteState(
        name="eu", kind="mixpanel", region="eu", mixpanel_url="http://127.0.0.1:82", service_account=account
    )
    engine = state(mixpanel_url="http://127.0.0.1:81", routes=(us, eu))
    waiting = ("us", DeliveryState.WAITING), ("eu", DeliveryState.WAITING)
    pane = MixpanelPane()
    async with Host(pane).run_test(size=(120, 24)) as pilot:
        pane.follow(engine)
        pane.detail = along(*waiting, shown="us")
        await pilot.pause()
        assert "POST http://127.0.0.1:81/import" in drawn(pilot)
        assert "segtap.1a2b3c" not in drawn(pilot)
        pane.detail = along(*waiting, shown="eu")
        await pilot.pause()
        assert "POST http://127.0.0.1:82/import" in drawn(pilot)
        assert "Basic segtap.1a2b3c:••••" in drawn(pilot)
        pane.follow(msgspec.structs.replace(engine, routes=()))
        await pilot.pause()
        assert "POST http://127.0.0.1:81/import" in drawn(pilot)
    assert engine.along("eu").region == "eu"
    assert engine.along("") is engine
    assert msgspec.structs.replace(engine, routes=(eu,)).along("eu").region == engine.region


async def test_tail_prints_messages_as_they_stand_on_one_route(tmp_path: Path) -> None:
    async with MixpanelServer() as us:
        away = DestinationSettings(
            token="0f1e2d3c4b5a69788796a5b4c3d2e1f0", mixpanel_url="http://127.0.0.1:9"
        )
        settings = msgspec.structs.replace(
            engine_settings(tmp_path, mixpanel_url=us.url),
            routes=(RouteSettings(name="us"), RouteSettings(name="eu", filter='event:"Order"', to=away)),
            subscriptions=(events(),),
        )
        async with running_engine(settings, forwarding=True) as (engine, client):
            async with contextlib.aclosing(_arrivals(client, "", "eu")) as arrivals:
                following = asyncio.ensure_future(anext(arrivals))
                sent = 0
                while not following.done():
                    sent += 1
                    await post(engine.url, track(f"m-{sent}"))
                    await asyncio.wait([following], timeout=0.2)
                summary, _ = await following
                assert summary.delivery is DeliveryState.NONE, "the route does not take it"
            with pytest.raises(InputError, match=r"named nowhere\. \[\[routes\]\] has us, eu"):
                await anext(_arrivals(client, "", "nowhere"))
    alone = FakeViewer(story(1), routes=(RouteState(name="us", kind="mixpanel"),))
    with pytest.raises(InputError, match="one route to Mixpanel: leave out --route"):
        _check_route("us", await alone.state())
