"""How the whole screen looks at three sizes: see `tests/grids.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from textual.pilot import Pilot

from segtap.core.delivery import DeliveryCounts
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.widgets.caption import Caption

pytestmark = pytest.mark.usefixtures("still")

SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])

AppOn = Callable[..., SegtapApp]


def settle(
    count: int,
    *keys: str,
    then: Callable[[], None] | None = None,
    matches: int | None = None,
    lost: str = "",
) -> Callable[[Pilot[object]], Awaitable[None]]:
    """Wait for the messages, press keys, let something happen, and wait until all is drawn."""

    async def run(pilot: Pilot[object]) -> None:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.state is not None)
        main = app.main
        assert main is not None
        await until(pilot, lambda: len(main.list.window) == count)
        await pilot.press(*keys)
        if then is not None:
            then()
        if keys[:1] == ("slash",) and matches is not None:
            await until(pilot, lambda: main.source.text == "".join(keys[1:]), "the whole filter")
        if matches is not None:
            await until(pilot, lambda: main.source.text == main.filter_bar.box.value, "all that was typed")
            await until(pilot, lambda: len(main.list.window) == matches and not main.source.searching)
        if main.list.selected is not None:
            await until(
                pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected
            )
            await until(pilot, lambda: not main.caption.holding, "the panes' titles")
        if matches == 0:
            await until(pilot, lambda: main.detail is None, "empty panes")
        if main.empty.display:
            await until(pilot, lambda: main.empty.text.region.height > 10, "the lines for SDKs")
        await until(pilot, lambda: main.header.lost.startswith(lost))
        await until(pilot, lambda: not main.caption.holding)
        await pilot.pause()

    return run


@size_of
async def test_empty(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    app = app_on(FakeViewer(settings_from=""))
    await same_grid(app, size, settle(0))


@size_of
async def test_traffic(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(60))

    def more() -> None:
        viewer.add(*story(37, 61), deliveries=DeliveryCounts(waiting=3, sent=14))

    run = settle(60, *["up"] * 9, then=more, matches=97)
    await same_grid(app_on(viewer), size, run)


@size_of
async def test_filtered(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(60, "slash", *"completed", matches=10)
    await same_grid(app_on(FakeViewer(story(60))), size, run)


@size_of
async def test_filter_that_nothing_passes(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(60, "slash", *"nowhere", matches=0)
    await same_grid(app_on(FakeViewer(story(60))), size, run)


@size_of
async def test_replay(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(23))

    async def run(pilot: Pilot[object]) -> None:
        # The list follows, so that the new message is the selected one.
        await settle(23, "r", matches=24)(pilot)
        await until(pilot, lambda: bool(pilot.app.screen.query("Toast")))
        # The panes say "holding" until the list has rested on the new message.
        await until(pilot, lambda: not pilot.app.screen.query_one(Caption).holding)
        await pilot.pause()

    await same_grid(app_on(viewer), size, run)
    assert ("replay", (message_number(23, 0),)) in viewer.calls


@size_of
async def test_forwarding(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(
        story(24), forwarding=True, sent_since_on=14, deliveries=DeliveryCounts(waiting=2, sent=14)
    )
    run = settle(24, *["up"] * 9)  # onto one that Mixpanel refused
    await same_grid(app_on(viewer), size, run)


@size_of
async def test_halted(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    fault = "Mixpanel refuses the credentials: 401 Invalid credentials. What waits is kept."
    viewer = FakeViewer(
        story(24), forwarding=True, halted=True, fault=fault, deliveries=DeliveryCounts(waiting=2, sent=14)
    )
    await same_grid(app_on(viewer), size, settle(24, *["up"] * 5))


@size_of
async def test_started_again(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    """Everything from before is there; forwarding is off, and what was owed waits."""
    viewer = FakeViewer(story(24), deliveries=DeliveryCounts(waiting=2, sent=6, refused=2, off=6))
    await same_grid(app_on(viewer), size, settle(24, *["up"] * 10))


@size_of
async def test_refused_request(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(24, *["up"] * 6, "1", "4")
    await same_grid(app_on(FakeViewer(story(24))), size, run)


@size_of
async def test_fault(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(
        story(24),
        exposed=True,
        phone_urls=("http://192.168.1.5:8765",),
        fault="The journal is full: 1 GiB is owed to Mixpanel. SDKs are told to come back.",
    )
    await same_grid(app_on(viewer), size, settle(24))


@size_of
async def test_lost(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(24))
    run = settle(24, then=viewer.stop, lost="No engine answers")
    await same_grid(app_on(viewer), size, run)


@size_of
async def test_a_pane(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(24, "home", "down", "down", "4")
    await same_grid(app_on(FakeViewer(story(24))), size, run)


@size_of
async def test_the_question_before_forwarding(
    same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]
) -> None:
    viewer = FakeViewer(story(24), deliveries=DeliveryCounts(off=1204), teed=2)
    await same_grid(app_on(viewer), size, settle(24, "f"))


async def test_ascii(same_grid: SameGrid, app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(24)), plain=True)
    await same_grid(app, (120, 40), settle(24))


async def test_twenty_columns(same_grid: SameGrid, app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), forwarding=True)
    await same_grid(app_on(viewer), (20, 10), settle(24, "up"))
