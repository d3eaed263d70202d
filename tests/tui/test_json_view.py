"""The JSON view under the keys of a person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from details import NOW
from fake_viewer import until
from pane_host import Host, screen

from segtap.tui.render import clock
from segtap.tui.render.json import parse
from segtap.tui.widgets.json_view import JsonView

pytestmark = pytest.mark.usefixtures("still")

DOCUMENT: Any = {
    "event": "Order Completed",
    "timestamp": "2026-11-24T10:41:03.211Z",
    "properties": {
        "revenue": 59.80,
        "products": [{"sku": "A1"}, {"sku": "B2"}],
        "note": "a\x1b[31mred\nline",
    },
    "userId": None,
}


def lines(view: JsonView) -> list[str]:
    """What the rows show, without the blanks at the right."""
    return [view.rows.render_line(y).text.rstrip() for y in range(view.rows.size.height)]


def text_of(view: JsonView) -> str:
    return "\n".join(lines(view)).rstrip()


async def test_values_stand_in_columns_with_their_types_to_be_seen() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(90, 20)) as pilot:
        view.show(parse(json.dumps(DOCUMENT).replace("59.8", "59.80")), filled=["$.timestamp"])
        await pilot.pause()
        assert text_of(view) == "\n".join(
            (
                '    event       "Order Completed"',
                '    timestamp   "2026-11-24T10:41:03.211Z"  10:41:03.211 · 4 s ago  filled in by Segment…',
                "  ▾ properties  {3}",
                "      revenue   59.80",
                "    ▾ products  [2]",
                "      ▾ 0  {1}",
                '          sku  "A1"',
                "      ▾ 1  {1}",
                '          sku  "B2"',
                '      note      "a␛[31mred⏎line"',
                "    userId      null",
            )
        )


async def test_keys_fold_unfold_and_walk() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.show(DOCUMENT)
        view.rows.focus()
        await pilot.press("down", "down", "left")
        assert len(view.rows.document) == 4
        assert "▸ properties  {3}  revenue 59.8, products [2]" in text_of(view)
        await pilot.press("right", "right")
        assert view.rows.row is not None
        assert view.rows.row.path == "$.properties.revenue"
        await pilot.press("down", "down", "left", "left")
        assert view.rows.row is not None
        assert view.rows.row.path == "$.properties.products"
        await pilot.press("minus")
        assert [row for row in lines(view) if row] == lines(view)[:4]
        await pilot.press("plus", "end")
        assert view.rows.row is not None
        assert view.rows.row.path == "$.userId"
        await pilot.press("home", "k")
        assert view.rows.cursor == 0


async def test_a_path_is_unfolded_scrolled_to_and_marked() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 10)) as pilot:
        view.show({"far": [{"x": number} for number in range(5000)], "near": 1})
        await pilot.pause()
        assert view.show_path("$.far[4321].x")
        await pilot.pause()
        assert "→" in next(line for line in lines(view) if "x  4321" in line)
        assert not view.show_path("$.nowhere")
        assert "→" not in text_of(view)


async def test_findings_are_marked_and_shine_through_folded_containers() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.show(
            DOCUMENT, flags={"$.properties.products[1].sku": "warning", "$.properties.revenue": "error"}
        )
        await pilot.pause()
        shown = lines(view)
        assert [line[0] for line in shown if "revenue" in line] == ["✖"]
        assert [line[0] for line in shown if "B2" in line] == ["▲"]
        assert [line[0] for line in shown if "properties" in line] == [" "]
        view.rows.focus()
        await pilot.press("minus")
        assert [line[0] for line in lines(view) if "properties" in line] == ["✖"]


async def test_the_foot_tells_the_whole_value_and_the_other_clock() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(40, 20)) as pilot:
        view.show({"long": "x" * 5000, "time": 1795516863, "url": "https://example.com/" + "a" * 60})
        view.rows.focus()
        await pilot.pause()
        assert "4.9 KB in all" in str(view.foot.render())
        await pilot.press("down")
        assert "2026-11-24T10:41:03.000Z" in str(view.foot.render())
        await pilot.press("down")
        assert "a" * 60 in str(view.foot.render())
        assert lines(view)[2].endswith('…"')


async def test_wide_characters_keep_every_line_inside() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(30, 10)) as pilot:
        view.show(
            {"日本語のキー": "値" * 40, "a": "e\u0301" * 40, "👨‍👩‍👧": "👨‍👩‍👧" * 20, "x": ["長い" * 20]}
        )
        await pilot.pause()
        for y in range(6):
            strip = view.rows.render_line(y)
            assert strip.cell_length == view.rows.scrollable_content_region.width
        cut = [line for line in lines(view) if '"' in line]
        assert len(cut) == 4
        assert all(line.endswith('…"') for line in cut)


async def test_the_next_document_keeps_place_and_folds() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.show(DOCUMENT)
        view.rows.focus()
        await pilot.press("down", "down", "enter", "down")
        view.show({**DOCUMENT, "event": "Order Refunded", "userId": "user-77"})
        await pilot.pause()
        assert view.rows.row is not None
        assert view.rows.row.path == "$.userId"
        assert "sku" not in text_of(view)
        view.show({"other": 1})
        assert view.rows.cursor == 0


@pytest.mark.parametrize("size", [(20, 5), (8, 3), (1, 1)])
async def test_any_terminal_is_survived(size: tuple[int, int]) -> None:
    view = JsonView()
    async with Host(view).run_test(size=size) as pilot:
        view.show({**DOCUMENT, "deep": json.loads("[" * 60 + "1" + "]" * 60)})
        view.rows.focus()
        await pilot.press("end", "pageup", "plus", "end", "left", "home")
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert "event" in text_of(view)


@pytest.mark.parametrize("value", [{}, [], "alone", 7, None])
async def test_a_bare_value_is_shown_too(value: Any) -> None:
    view = JsonView()
    async with Host(view).run_test(size=(40, 5)) as pilot:
        view.show(value)
        view.rows.focus()
        await pilot.press("down", "enter", "left", "right", "plus", "minus")
        assert text_of(view).strip() == json.dumps(value)


async def test_how_long_ago_a_time_was_stays_true(monkeypatch: pytest.MonkeyPatch) -> None:
    view = JsonView()
    async with Host(view).run_test(size=(80, 20)) as pilot:
        view.show({"event": "E", "time": NOW})
        await pilot.press("tab", "down")
        await until(pilot, lambda: "just now" in screen(pilot) and "just now" in view.foot.render().plain)
        monkeypatch.setattr(clock, "now", lambda: NOW + 5_000)
        await until(pilot, lambda: "5 s ago" in screen(pilot) and "5 s ago" in view.foot.render().plain)


async def test_any_date_and_numbers_named_as_times_are_read_out() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(90, 20)) as pilot:
        view.show(
            {
                "shipped": "2026-11-24T10:41:03.211Z",
                "expires_at": 1795516863,
                "sent_at_ms": 1795516863000,
                "paidAtMs": 1795516863000,
                "createdOn": "2020-01-02T03:04:05Z",
                "format_ms": 1795516863,
                "revenue": 1795516863,
                "day": "2026-11-24",
                "format": 1795516863,
            }
        )
        await pilot.pause()
        shown = {line.split()[0]: line for line in lines(view) if line}
        assert shown["shipped"].endswith("10:41:03.211 · 4 s ago")
        for name in ("expires_at", "sent_at_ms", "paidAtMs"):
            assert "10:41:03.000 · " in shown[name]
        assert shown["createdOn"].endswith("2 Jan 2020, 03:04:05.000"), "how long ago is of no use"
        assert all(
            shown[name].endswith(("1795516863", '24"')) for name in ("revenue", "day", "format", "format_ms")
        )


async def test_what_changed_is_marked_and_the_foot_tells_what_it_was() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.show(DOCUMENT)
        view.rows.focus()
        view.rows.mark_changes({"$.properties.revenue": "was 42", "$.event": "new"})
        await pilot.pause()
        shown = lines(view)
        assert [line for line in shown if line.startswith("~")] == [
            '~   event       "Order Completed"  new',
            "~     revenue   59.8  was 42",
        ]
        await pilot.press("minus")
        assert any(line.startswith("~ ▸ properties") for line in lines(view)), "through what is folded"
        assert "new, in the last message" in str(view.foot.render())
        view.show({"event": "another"})
        await pilot.pause()
        assert not any(line.startswith("~") for line in lines(view))


async def test_a_long_text_says_how_long_it_is_and_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr("segtap.tui.screens.value.copy", lambda app, text: copied.append(text) or "by test")
    inside = json.dumps({"deep": ["x" * 10] * 40})
    view = JsonView()
    async with Host(view).run_test(size=(80, 24)) as pilot:
        view.show({"long": "y" * 5000, "json": inside, "short": "z"})
        view.rows.focus()
        await pilot.pause()
        assert lines(view)[0].endswith('…" 5,000 characters')
        await pilot.press("enter")
        assert "$.long ─ 5,000 characters" in screen(pilot)
        await pilot.press("c", "escape", "down", "enter")
        assert copied == ["y" * 5000]
        assert '"deep": [' in screen(pilot), "JSON in a text is shown as JSON"
        await pilot.press("enter", "down", "enter")
        assert view.rows.row is not None
        assert view.rows.row.path == "$.short"
        assert len(pilot.app.screen_stack) == 1, "a short text has nothing to open"


async def test_a_long_list_is_cut_with_a_count_and_listed_on() -> None:
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.show({"list": list(range(1_500)), "end": True})
        view.rows.focus()
        await pilot.press("enter", "end", "up")
        assert "… 1,400 more, Enter lists them" in text_of(view)
        assert "1,400 more items of $.list" in str(view.foot.render())
        await pilot.press("enter")
        assert view.rows.row is not None
        assert view.rows.row.path == "$.list[100]"
        await pilot.press("end", "up")
        assert "… 400 more" in text_of(view)


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_value_too_long_for_its_row_is_shown_in_a_very_long_document_too(wrapped: bool) -> None:
    document = {"a_name_of_some_length": "x" * 45, **{f"key {number}": number for number in range(2_000)}}
    view = JsonView()
    async with Host(view).run_test(size=(60, 20)) as pilot:
        view.rows.wrap(wrapped)
        view.show(document)
        await pilot.pause()
        assert '"xxxxx' in lines(view)[0]
        assert "key 0" in lines(view)[1], "each row has one line"
