"""`=` compares a message with the one before, with its other copy, and with what Mixpanel gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from check_helpers import inspected, real_message
from details import MESSAGES, NOW, TOKEN, detail, order
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from pane_host import Host
from pane_host import screen as drawn
from textual.pilot import Pilot
from textual.widgets import Static

from segtap.core.api.models import MessageDetail, OtherCopy
from segtap.core.destinations.explain import explain
from segtap.core.masks import mask_token
from segtap.core.settings import Destination
from segtap.core.verdict import Operation, OutgoingRequest, Translation
from segtap.tui.actions.compare import compare_two
from segtap.tui.app import SegtapApp
from segtap.tui.model.before import filter_before
from segtap.tui.model.compared import SideBySide, of_copies, of_messages, of_requests
from segtap.tui.render.json import value_pieces
from segtap.tui.screens import compare as screen_module
from segtap.tui.screens.compare import Compare

ACTIONS = Destination(settings={"projectToken": "a" * 32, "apiSecret": "b" * 32})
AppOn = Callable[..., SegtapApp]
pytestmark = pytest.mark.usefixtures("still")


def changed(**changes: Any) -> MessageDetail:
    """The order again, with other properties."""
    call = MESSAGES["order"]
    properties = {**call["properties"], **changes}
    return detail({**call, "properties": {k: v for k, v in properties.items() if v is not None}})


def two() -> Compare:
    one, other = changed(), changed(revenue="27.5", coupon="AUTUMN", order_id=None)
    comparison = of_messages("with the message before", one, other, ("10:41:02 order", "10:41:03 order"))
    message = real_message("node", "track", **{**MESSAGES["order"], "messageId": "order_991"})
    verdict = inspected(message, destination=ACTIONS)
    explanation = explain(message, ACTIONS, verdict.translation, now=NOW)
    requests = msgspec.structs.replace(detail(message), verdict=verdict, explanation=explanation)
    return Compare("track Order Completed · u-1", [comparison, of_requests(requests)])


async def pushed(pilot: Pilot[Any], page: Compare) -> None:
    await pilot.app.push_screen(page)
    await until(pilot, lambda: page.view.line_count)
    await pilot.pause()


async def test_only_what_differs_is_shown_until_a_is_pressed() -> None:
    page = two()
    async with Host(Static("")).run_test(size=(120, 40)) as pilot:
        await pushed(pilot, page)
        text = drawn(pilot)
        assert "1 added, 1 removed, 1 with another type" in text
        assert "number → string" in text
        assert '"AUTUMN"' in text
        assert '"Order Completed"' not in text
        await pilot.press("a")
        assert '"Order Completed"' in drawn(pilot)
        await pilot.press("a")
        assert '"Order Completed"' not in drawn(pilot)


async def test_the_same_key_turns_to_segment_beside_mixpanel() -> None:
    page = two()
    async with Host(Static("")).run_test(size=(120, 40)) as pilot:
        await pushed(pilot, page)
        await pilot.press("equals_sign", "a")
        rows = [row for row in drawn(pilot).splitlines() if "→" in row]
        assert any("properties.revenue" in row and row.count("27.5") == 2 for row in rows)
        assert any("timestamp" in row and "time" in row and "1795516863211" in row for row in rows)
        assert any("dropped" in row for row in drawn(pilot).splitlines())
        assert "added by Segment" in drawn(pilot)
        await pilot.press("tab")
        assert page.at == 0


def identified() -> SideBySide:
    """An identify call beside its three requests, which name the project."""
    destination = Destination(settings={"projectToken": TOKEN, "apiSecret": "b" * 32})
    message = real_message("node", "identify", userId="user-1122", anonymousId="a-1", traits={"plan": "pro"})
    verdict = inspected(message, destination=destination)
    explanation = explain(message, destination, verdict.translation, now=NOW)
    return of_requests(msgspec.structs.replace(detail(message), verdict=verdict, explanation=explanation))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_project_token_is_shortened_as_in_the_pane(size: tuple[int, int]) -> None:
    page = Compare("identify user-1122", [identified()])
    async with Host(Static("")).run_test(size=size) as pilot:
        await pushed(pilot, page)
        for _ in range(page.view.line_count):
            assert TOKEN not in drawn(pilot)
            await pilot.press("down")
        assert mask_token(TOKEN) in drawn(pilot)


def test_the_project_token_of_records_is_shortened_too() -> None:
    record = {"event": "Seen", "properties": {"token": TOKEN, "$insert_id": "i-1"}}
    request = OutgoingRequest("POST", "https://api.mixpanel.com/track", "application/json", body=record)
    made = Translation((Operation("", "", request),))
    one = msgspec.structs.replace(detail(record, translation=made), source_kind="mixpanel")
    other = msgspec.structs.replace(one, source_kind="segment")
    for comparison in (of_requests(one), of_copies(other, one, "actions", 0)):
        for line in comparison.lines:
            for side in (line.left, line.right):
                drawn_value = "".join(piece.text for piece in value_pieces(side[0], 600)) if side else ""
                assert TOKEN[:12] not in drawn_value, line.label


async def test_names_of_fields_are_whole_where_they_fit() -> None:
    async with Host(Static("")).run_test(size=(200, 60)) as pilot:
        await pushed(pilot, Compare("identify user-1122", [identified()]))
        assert "$identified_id" in drawn(pilot)


async def test_the_foot_has_both_values_whole() -> None:
    long = "x" * 300
    page = Compare("a", [of_messages("b", changed(), changed(note=long), ("l", "r"))])
    async with Host(Static("")).run_test(size=(80, 24)) as pilot:
        await pushed(pilot, page)
        await pilot.press("end")
        assert long in page.foot.render().plain  # type: ignore[union-attr]
        assert "$.properties.note" in page.foot.render().plain  # type: ignore[union-attr]


async def test_what_is_copied_is_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(screen_module, "copy", lambda app, text: copied.append(text) or "in a test")
    page = two()
    async with Host(Static("")).run_test(size=(80, 24)) as pilot:
        await pushed(pilot, page)
        await pilot.press("y", "equals_sign", "y")
        assert '+   coupon  "AUTUMN"' in copied[0]
        assert "properties.revenue 27.5 → revenue 27.5" in copied[1]


async def test_copies_are_compared_as_mixpanel_gets_them() -> None:
    device = detail({"event": "Order Completed", "properties": {"revenue": 28, "$browser": "Chrome"}})
    body: Any = {"event": "Order Completed", "properties": {"revenue": 28, "$browser": "Chrome"}}
    request = msgspec.structs.replace(order().verdict.translation.operations[0].request, body=body)
    verdict = msgspec.structs.replace(device.verdict, translation=Translation((Operation("", "", request),)))
    device = msgspec.structs.replace(device, verdict=verdict)
    made = of_copies(order(), device, "actions", 7)
    found = {line.path: line.style for line in made.lines if line.differs}
    assert found["$.properties.revenue"] == "changed"
    assert (
        found["$.properties['$browser']" if "$.properties['$browser']" in found else "$.properties.$browser"]
        == "added"
    )
    assert made.other == 7


async def test_the_key_finds_the_message_before_and_leads_to_it(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(40)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 40)
        main = app.main
        assert main is not None
        names = [(line.type, line.name) for line in main.list.window.rows]
        later = next(at for at in range(39, 0, -1) if names[at] in names[:at] and names[at][0] == "track")
        earlier = max(at for at in range(later) if names[at] == names[later])
        ids = [line.id for line in main.list.window.rows]
        await main.select([ids[later]])
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == ids[later])
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, Compare))
        page = app.screen
        assert isinstance(page, Compare)
        assert [one.name for one in page.comparisons] == ["with the message before", "Segment → Mixpanel"]
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: app.screen is main and main.list.selected == ids[earlier])


async def test_two_messages_are_compared_by_their_ids(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(5)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 5)
        main = app.main
        assert main is not None
        ids = [line.id for line in main.list.window.rows]
        main.run_worker(compare_two(main, ids[3], ids[0]))
        await until(pilot, lambda: isinstance(app.screen, Compare))
        page = app.screen
        assert isinstance(page, Compare)
        assert page.comparison.other == ids[0], "the earlier one is on the left"
        await pilot.press("escape")
        assert app.screen is main


async def test_a_copy_is_the_first_comparison(app_on: AppOn) -> None:
    lines = story(3)
    viewer = FakeViewer(lines)
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        main = app.main
        assert main is not None
        assert main._detail is not None
        main._detail = msgspec.structs.replace(main._detail, copy=OtherCopy(summary=lines[0]))
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, Compare))
        page = app.screen
        assert isinstance(page, Compare)
        assert page.comparisons[0].name == "both copies at Mixpanel"


async def test_a_refused_request_has_nothing_to_compare(app_on: AppOn) -> None:
    app = app_on(FakeViewer([line for line in story(12) if line.refused]))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        await pilot.press("equals_sign")
        await until(pilot, lambda: app._notifications)
        assert "nothing to compare" in next(iter(app._notifications)).message
        assert app.screen is app.main


def test_the_message_before_is_of_the_same_event_or_user() -> None:
    assert filter_before(order()) == """type:track event="Order Completed\""""
    assert filter_before(detail({"type": "identify", "userId": "u-1"})).startswith("type:identify user:")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("turns", [0, 1], ids=["messages", "mixpanel"])
async def test_picture(same_grid: SameGrid, turns: int, size: tuple[int, int]) -> None:
    async def push(pilot: Pilot[Any]) -> None:
        await pushed(pilot, two())
        await pilot.press(*["equals_sign"] * turns)

    await same_grid(Host(Static("")), size, push)
