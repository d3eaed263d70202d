"""`F` shows list and panes as messages stand on one of several routes to Mixpanel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from engines import engine_settings, post, running_engine, track
from engines import until as engine_until
from fake_viewer import FakeViewer, story, until
from pane_host import screen as drawn
from subscriptions import events

from segtap.core.delivery import DeliveryState
from segtap.core.settings import DestinationSettings, RouteSettings
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.app import SegtapApp

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
