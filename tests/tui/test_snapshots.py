"""Pictures of the screen at three sizes. `pytest --snapshot-update` makes them anew; look at them then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version

import pytest
from fake_viewer import FakeViewer, story, until
from textual.pilot import Pilot
from textual.widgets import Static

from segtap.core.delivery import DeliveryCounts
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.widgets.pane import Pane

DRAWN_WITH = {"textual": "8.2.8", "rich": "15.0.0"}

pytestmark = [
    pytest.mark.usefixtures("still"),
    pytest.mark.skipif(
        any(version(name) != number for name, number in DRAWN_WITH.items()),
        reason=f"the pictures were drawn with {DRAWN_WITH}, which draw other pictures in other versions",
    ),
]

SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])

AppOn = Callable[..., SegtapApp]
Compare = Callable[..., bool]


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
        if matches is not None:
            await until(pilot, lambda: len(main.list.window) == matches and not main.feeding.searching)
        if main.list.selected is not None:
            await until(
                pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected
            )
        if main.empty.display:
            await until(pilot, lambda: main.empty.query_one(Static).region.height > 10, "the lines for SDKs")
        await until(pilot, lambda: main.header.lost.startswith(lost))
        await pilot.pause()

    return run


@size_of
def test_empty(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    app = app_on(FakeViewer(settings_from=""))
    assert snap_compare(app, terminal_size=size, run_before=settle(0))


@size_of
def test_traffic(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(60))

    def more() -> None:
        viewer.add(*story(37, 61), deliveries=DeliveryCounts(waiting=3, sent=14))

    run = settle(60, *["up"] * 9, then=more, matches=97)
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=run)


@size_of
def test_filtered(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(60, "slash", *"completed", matches=10)
    assert snap_compare(app_on(FakeViewer(story(60))), terminal_size=size, run_before=run)


@size_of
def test_filter_that_nothing_passes(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(60, "slash", *"nowhere", matches=0)
    assert snap_compare(app_on(FakeViewer(story(60))), terminal_size=size, run_before=run)


@size_of
def test_replay(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(23))

    async def run(pilot: Pilot[object]) -> None:
        # The list follows, so that the new message is the selected one.
        await settle(23, "r", matches=24)(pilot)
        await until(pilot, lambda: bool(pilot.app.screen.query("Toast")))
        # The panes say "holding" until the list has rested on the new message.
        await until(pilot, lambda: not any(pane.holding for pane in pilot.app.screen.query(Pane)))
        await pilot.pause()

    assert snap_compare(app_on(viewer), terminal_size=size, run_before=run)
    assert ("replay", (message_number(23, 0),)) in viewer.calls


@size_of
def test_forwarding(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(
        story(24), forwarding=True, sent_since_on=14, deliveries=DeliveryCounts(waiting=2, sent=14)
    )
    run = settle(24, *["up"] * 9)  # onto one that Mixpanel refused
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=run)


@size_of
def test_halted(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    fault = "Mixpanel refuses the credentials: 401 Invalid credentials. What waits is kept."
    viewer = FakeViewer(
        story(24), forwarding=True, halted=True, fault=fault, deliveries=DeliveryCounts(waiting=2, sent=14)
    )
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=settle(24, *["up"] * 5))


@size_of
def test_started_again(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    """Everything from before is there; forwarding is off, and what was owed waits."""
    viewer = FakeViewer(story(24), deliveries=DeliveryCounts(waiting=2, sent=6, refused=2, off=6))
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=settle(24, *["up"] * 10))


@size_of
def test_refused_request(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(24, *["up"] * 6, "1", "4")
    assert snap_compare(app_on(FakeViewer(story(24))), terminal_size=size, run_before=run)


@size_of
def test_fault(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(
        story(24),
        exposed=True,
        phone_urls=("http://192.168.1.5:8765",),
        fault="The journal is full: 1 GiB is owed to Mixpanel. SDKs are told to come back.",
    )
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=settle(24))


@size_of
def test_lost(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(24))
    run = settle(24, then=viewer.stop, lost="No engine answers")
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=run)


@size_of
def test_a_pane(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    run = settle(24, "home", "down", "down", "4")
    assert snap_compare(app_on(FakeViewer(story(24))), terminal_size=size, run_before=run)


@size_of
def test_the_question_before_forwarding(snap_compare: Compare, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(24), deliveries=DeliveryCounts(off=1204), teed=2)
    assert snap_compare(app_on(viewer), terminal_size=size, run_before=settle(24, "f"))


def test_ascii(snap_compare: Compare, app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(24)), plain=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=settle(24))


def test_twenty_columns(snap_compare: Compare, app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), forwarding=True)
    assert snap_compare(app_on(viewer), terminal_size=(20, 10), run_before=settle(24, "up"))
