"""Searching the panes, jumping to keys, folding to a level and copying values, under the keys of a reader."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from details import attempts, order
from pane_host import Host, screen

from segtap.tui.model.json_search import find_key, find_text, key_rank, spans_of
from segtap.tui.widgets.delivery_pane import DeliveryPane
from segtap.tui.widgets.json_view import JsonView
from segtap.tui.widgets.pane_search import Searching
from segtap.tui.widgets.segment_pane import SegmentPane
from segtap.tui.widgets.warnings_pane import WarningsPane
from segtap.tui.widgets.wire_pane import WirePane

pytestmark = pytest.mark.usefixtures("still")

DOCUMENT: Any = {
    "event": "Order Completed",
    "properties": {"orderId": 7, "items": [{"sku": "order"}, {"sku": "B2"}]},
    "ordered": True,
}


def test_text_is_found_in_keys_and_values_in_the_order_of_the_rows() -> None:
    hits = find_text(DOCUMENT, "$", "order")
    assert hits.paths == ["$.event", "$.properties.orderId", "$.properties.items[0].sku", "$.ordered"]
    assert hits.first == 0
    assert find_text(DOCUMENT, "$", "Order").paths == ["$.event"], "a capital letter asks for itself"
    assert find_text(DOCUMENT, "$", "true").paths == ["$.ordered"]
    assert find_text(DOCUMENT, "$", "order", start="$.properties.items").first == 2
    assert find_text(DOCUMENT, "$", "order", start="$.nowhere").first == 0


def test_keys_are_found_by_their_letters_the_best_first() -> None:
    assert find_key(DOCUMENT, "$", "oid").paths == ["$.properties.orderId"]
    assert find_key(DOCUMENT, "$", "order").paths == ["$.properties.orderId", "$.ordered"]
    assert find_key(DOCUMENT, "$", "sku").paths == [
        "$.properties.items[0].sku",
        "$.properties.items[1].sku",
    ]
    assert [key_rank(key, "user") for key in ("user", "userId", "my_user", "unseer", "none")] == [
        *(0, 1, 2),
        *(3, None),
    ]


def test_no_more_hits_are_found_than_somebody_could_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.tui.model.json_search.MOST", 3)
    assert find_text(["x"] * 5, "$", "x") == (["$[0]", "$[1]", "$[2]"], 0, True)
    assert not find_text(["x"] * 3, "$", "x").more


def test_a_letter_that_changes_length_in_small_is_no_reason_to_mark_the_wrong_place() -> None:
    assert spans_of("İstanbul ist", "ist") == []
    assert spans_of("Istanbul ist", "ist") == [(0, 3), (9, 12)]


async def test_a_slash_searches_the_pane_and_n_goes_on() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        pane.detail = order()
        pane.json.rows.focus()
        await pilot.pause()
        await pilot.press("slash", *"order")
        assert "/ order" in screen(pilot)
        assert "1 of " in screen(pilot)
        await pilot.press("enter", "n")
        assert pane.json.rows.has_focus
        assert pane.json.rows.row is not None
        assert pane.json.rows.row.path != "$.event"
        assert "2 of " in screen(pilot)
        await pilot.press("N")
        assert "1 of " in screen(pilot)
        await pilot.press("slash", *"zzz")
        assert "not in this pane" in screen(pilot)
        await pilot.press("escape")
        assert pane.json.rows.has_focus
        assert "not in this pane" not in screen(pilot)
        assert not pane.searching


async def test_a_search_unfolds_what_it_finds_and_goes_on_in_the_next_message() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        pane.detail = order()
        pane.json.rows.focus()
        await pilot.pause()
        assert "timezone" not in screen(pilot), "the context is folded at first"
        await pilot.press("slash", *"Europe/", "enter")
        assert "timezone" in screen(pilot)
        pane.detail = order(id=8 << 20)
        await pilot.pause()
        assert "1 of 1" in screen(pilot)


async def test_an_apostrophe_jumps_to_a_key() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        pane.detail = order()
        pane.json.rows.focus()
        await pilot.pause()
        await pilot.press("apostrophe", *"tmzn", "enter")
        assert pane.json.rows.row is not None
        assert pane.json.rows.row.path == "$.context.timezone"
        assert not pane.searching, "Enter ends the jump"


async def test_every_pane_can_be_searched() -> None:
    for pane, text, count in (
        (WirePane(), "Order", "1 of "),
        (WarningsPane(), "uuid", "1 of 1"),
        (DeliveryPane(), "service", "1 of 1"),
    ):
        async with Host(pane).run_test(size=(100, 30)) as pilot:
            pane.detail = order(bad=True, deliveries=attempts())
            await pilot.pause()
            next(widget for widget in pane.query("*") if widget.focusable).focus()
            await pilot.pause()
            await pilot.press("slash", *text)
            await pilot.pause()
            assert count in screen(pilot), type(pane).__name__
            await pilot.press("down", "up", "enter", "n", "escape")
            assert not pane.searching


async def test_text_as_it_is_sent_shows_the_hit_that_is_gone_to() -> None:
    pane = WirePane()
    async with Host(pane).run_test(size=(60, 12)) as pilot:
        pane.detail = order()
        pane.text.focus()
        await pilot.pause()
        await pilot.press("slash", *"europe", "enter")
        assert "Europe/Paris" in screen(pilot)
        assert pane.text.scroll_offset.y > 0


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was copied."""
    texts: list[str] = []
    for module in ("json_reader", "warnings_pane"):
        monkeypatch.setattr(
            f"segtap.tui.widgets.{module}.copy", lambda app, text: texts.append(text) or "by test"
        )
    return texts


async def test_y_copies_the_value_and_its_path(copied: list[str]) -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        detail = order()
        pane.detail = msgspec.structs.replace(detail, document=detail.document.replace(b"27.5", b"27.50"))
        pane.json.rows.focus()
        await pilot.pause()
        pane.json.show_path("$.properties.revenue", move=True)
        await pilot.press("y", "Y")
        assert copied == ["27.50", "$.properties.revenue"], "the number as it was spelled"
        pane.json.show_path("$.properties", move=True)
        await pilot.press("y")
        assert copied[-1].startswith('{\n  "')
        assert '"revenue": 27.50' in copied[-1]
        pane.json.show_path("$.event", move=True)
        await pilot.press("y")
        assert copied[-1] == "Order Completed", "a text without its quotes"


async def test_y_copies_a_warning_and_the_path_of_its_place(copied: list[str]) -> None:
    pane = WarningsPane()
    async with Host(pane).run_test(size=(90, 30)) as pilot:
        pane.detail = order(bad=True)
        await pilot.pause()
        pane.options.focus()
        await pilot.press("y", "Y")
        assert "insert-id-charset" in copied[0]
        assert copied[1] == "requests[0].body[0].properties.$insert_id"


async def test_a_comma_and_a_digit_fold_to_a_level() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(90, 60)) as pilot:
        pane.detail = order()
        pane.json.rows.focus()
        await pilot.pause()
        tree = pane.json.rows.document
        await pilot.press("comma", "1")
        assert len(tree) == len(tree.value)  # type: ignore[arg-type]
        level_one = len(tree)
        await pilot.press("comma", "2")
        level_two = len(tree)
        await pilot.press("comma", "9")
        assert level_one < level_two < len(tree)
        await pilot.press("comma", "j", "2")
        assert len(tree) > level_two, "another key ends the waiting"


async def test_the_level_holds_for_the_next_messages_until_all_is_unfolded() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(90, 60)) as pilot:
        pane.detail = order()
        rows = pane.json.rows
        rows.focus()
        await pilot.pause()
        whole = rows.row_count
        await pilot.press("comma", "1")
        folded = rows.row_count
        assert folded < whole
        pane.detail = order(bad=True)
        await pilot.pause()
        assert rows.row_count <= folded + 1
        rows.show_path("$.properties")
        await pilot.press("g")
        rows.move_to(next(at for at in range(rows.row_count) if rows.document.row(at).path == "$.properties"))
        await pilot.press("enter")
        opened = rows.row_count
        assert opened > folded
        pane.detail = order()
        await pilot.pause()
        assert rows.row_count >= opened - 1, "what is opened by hand stays open"
        await pilot.press("plus")
        pane.detail = order(bad=True)
        await pilot.pause()
        assert rows.row_count >= whole - 1


async def test_a_search_lists_the_items_of_a_long_array_as_far_as_it_goes() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.show([f"item {number}" for number in range(500)])
        view.rows.search(Searching("item"))
        view.rows.focus()
        await pilot.press("end")
        assert "400 more" in screen(pilot), "the row of the others is no hit itself"
        view.rows.search(Searching("item 321"))
        view.rows.keep_hit()
        await pilot.pause()
        assert view.rows.row is not None
        assert view.rows.row.path == "$[321]"
