"""The summary on the screen: what is wrong first, rows that stay where they are, a way to each message."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_viewer import AT, FakeViewer, story, summary, tallies_of_lines, until
from grids import SameGrid
from pane_host import screen as drawn_screen
from textual.pilot import Pilot
from textual.widgets import Static

from segtap.core.aggregates.counts import overview_of
from segtap.core.aggregates.model import UNKNOWN, EventCount, Overview, RuleCount, Slot, SourceCount
from segtap.core.api.models import Coverage
from segtap.core.messages import Marks
from segtap.core.modes import Mode
from segtap.core.verdict import Translation, Verdict
from segtap.tui.app import SegtapApp
from segtap.tui.render.glyphs import ASCII, UNICODE
from segtap.tui.render.summary import (
    MODE,
    bar,
    call_mark,
    delivery_words,
    event_head,
    event_spans,
    event_words,
    joined,
    joining,
    mode_word,
    rule_head,
    rule_spans,
    short,
    sources_words,
    span_words,
    step_words,
    text_lines,
)
from segtap.tui.screens import live_screen
from segtap.tui.screens.rule_story import RuleStory
from segtap.tui.screens.summary import SummaryScreen
from segtap.tui.widgets.ranked_list import kept_order

SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
AppOn = Callable[..., SegtapApp]


async def opened(pilot: Pilot[object]) -> SummaryScreen:
    """The summary, once it has its numbers."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.state is not None, "the main screen")
    await pilot.press("s")
    await until(pilot, lambda: isinstance(app.screen, SummaryScreen), "the summary")
    screen = app.screen
    assert isinstance(screen, SummaryScreen)
    await until(pilot, lambda: screen._overview is not None, "its numbers")
    await pilot.pause()
    return screen


def words(widget: Static) -> str:
    return str(widget.content)


def many(count: int) -> Overview:
    """A summary with rules and events of every kind, and names that would act on a terminal."""
    slots = tuple(Slot(AT // 5000 * 5000 + at * 5_000, at % 9, at % 3, at % 2) for at in range(count))
    rules = tuple(
        RuleCount(
            rule=f"rule-{number}-\x1b[31m",
            severity=("error", "warning", "info")[number // 3],  # pyright: ignore[reportArgumentType]
            messages=10 ** (number % 5),
            first=AT,
            last=AT,
            newest=(1,),
            slots=tuple(at % (number + 1) for at in range(count)),
            events=(),
        )
        for number in range(9)
    )
    events = tuple(
        EventCount(
            type="track",
            name=name,
            messages=12_345,
            errors=1_234,
            warnings=0,
            silent=3,
            delivery={},
            newest=(1,),
            slots=(1,) * count,
            rules=(),
        )
        for name in ("Order\x1b[2J Completed", "注文が完了しました 🛒" * 9, "\u202eabc")
    )
    return Overview(
        covered=Coverage(messages=900, since=AT, until=AT + count * 5_000),
        step=5_000,
        slots=slots,
        rules=rules,
        events=events,
        events_total=3,
        sources=tuple(SourceCount(name, 9) for name in ("", "wk\x1b[2J", "注文" * 90)),
    )


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({}, ""),
        ({"web": 1_204}, ""),
        ({"web": 1_204, "": 3}, "2 sources: web 1,204, no write key 3"),
        ({"web": 1_204, "ios": 310, "k\x1b": 1}, "3 sources: web 1,204, ios 310 …"),
    ],
)
def test_several_sources_are_counted(sources: dict[str, int], words: str) -> None:
    assert sources_words([SourceCount(*one) for one in sources.items()]) == words


@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [38, 60, 76, 96, 117, 197])
def test_lines_keep_to_the_width_and_hold_nothing_that_acts(width: int, marks: object) -> None:
    assert marks in (UNICODE, ASCII)
    chosen = ASCII if marks.ascii else UNICODE
    from rich.cells import cell_len

    overview = many(100)
    rows = [rule_spans(rule, overview, 10_000, chosen, width) for rule in overview.rules]
    rows += [event_spans(event, overview, chosen, width) for event in overview.events]
    for spans in rows:
        text = "".join(part for part, _ in spans)
        assert cell_len(text) <= width, text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert chosen is UNICODE or text.isascii()
    assert len({cell_len("".join(part for part, _ in spans[:2])) for spans in rows[:9]}) == 1
    assert cell_len(rule_head(width)) <= width
    assert cell_len(event_head(width, chosen)) <= width
    assert "\x1b" not in "\n".join(text_lines(overview, chosen))


def test_numbers_fit_their_cells() -> None:
    numbers = (7, 99_999, 100_000, 999_999, 1_000_000, 1_250_000)
    assert [short(number, 5) for number in numbers] == ["7", "100k", "100k", "1.0M", "1.0M", "1.2M"]
    assert [short(number, 7) for number in numbers[2:6]] == ["100,000", "999,999", "1.0M", "1.2M"]


def test_bars_and_slots() -> None:
    assert bar(0, 10, 8, UNICODE) == ""
    assert bar(1, 1_000, 8, UNICODE) == "╸"
    assert bar(10, 10, 8, UNICODE) == "━" * 8
    assert bar(5, 10, 8, ASCII) == "####"
    counts = [1, 2, 3, 4, 5, 6, 7]
    assert joining(3, 7, 7) == 1
    assert joining(3, 7, 4) == 2
    assert joined(counts, 3, 2) == [1, 5, 9, 13]
    assert joined([*counts, 8], 3, 2)[:4] == [1, 5, 9, 13], "the same are put together when one comes"
    assert (step_words(30_000), step_words(300_000), step_words(7 * 86_400_000)) == (
        "30 s",
        "5 min",
        "7 days",
    )
    assert span_words(AT, AT + 60_000) == "10:41:02 to 10:42:02"
    assert span_words(AT, AT + 86_400_000) == "24 Nov 10:41 to 25 Nov 10:41"


def test_rows_stay_where_they_are_while_they_are_read() -> None:
    a, b, c, d = ("a",), ("b",), ("c",), ("d",)
    assert kept_order([a, b, c], [(c, 1), (b, 1), (a, 1)]) == [a, b, c]
    assert kept_order([a, b], [(c, 0), (d, 1), (b, 1), (a, 1)]) == [c, a, b, d]
    assert kept_order([a, b], [(b, 0), (a, 1)]) == [b, a], "what became an error goes to the errors"
    assert kept_order([a, b, c], [(c, 1)]) == [c]


async def test_what_is_wrong_stands_first(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(24)))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert [row.key for row in screen.rules.rows] == [
            ("rule", "insert-id-charset"),
            ("rule", "placeholder-user-id"),
        ]
        assert screen.rules.has_focus
        assert [row.key[2] for row in screen.events.rows][:2] == ["not JSON: byte 112", "Order Completed"]
        assert "4 wrong" in words(screen.banner)
        assert "The insert id has characters" in words(screen.foot)
        await pilot.press("tab")
        assert screen.events.has_focus
        assert "answered with 4xx" in words(screen.foot)
        await pilot.press("down")
        assert "2 refused" in words(screen.foot)
        assert "insert-id-charset 2" in words(screen.foot)


@pytest.mark.parametrize("key", ["escape", "s", "q"])
async def test_a_key_leads_back(app_on: AppOn, key: str) -> None:
    app = app_on(FakeViewer(story(3)))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.main)
        assert app.is_running


@size_of
async def test_enter_on_a_rule_lists_its_messages_and_escape_leads_back(
    app_on: AppOn, size: tuple[int, int]
) -> None:
    app = app_on(FakeViewer(story(60)))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 60)
        main = app.main
        assert main is not None
        await pilot.press("home", "down")
        selected = main.list.selected
        await opened(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen is main and main.source.text == "rule:placeholder-user-id")
        await until(pilot, lambda: len(main.list.window) == 15 and not main.source.searching)
        assert main.list.has_focus
        assert main.filter_bar.display
        await pilot.press("enter", "escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen), "back in the summary")
        screen = app.screen
        assert isinstance(screen, SummaryScreen)
        await until(pilot, lambda: screen.rules.key == ("rule", "placeholder-user-id"), "its row")
        assert screen.rules.has_focus
        await until(pilot, lambda: main.list.selected == selected and len(main.list.window) == 60)
        assert main.source.text == main.filter_bar.text == ""
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main)


async def test_rows_narrow_the_filter_further_and_each_escape_goes_back_one(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(60)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 60)
        main = app.main
        assert main is not None
        await pilot.press("slash", *"user:user-77 or user:ada", "enter")
        await until(pilot, lambda: main.source.text == "user:user-77 or user:ada")
        screen = await opened(pilot)
        await pilot.press("enter")
        by_rule = "(user:user-77 or user:ada) rule:insert-id-charset"
        await until(pilot, lambda: app.screen is main and main.source.text == by_rule)
        await until(pilot, lambda: len(main.list.window) == 5)
        screen = await opened(pilot)
        assert [row.key for row in screen.events.rows] == [("event", "track", "Order Completed")]
        await pilot.press("tab", "enter")
        await until(pilot, lambda: main.source.text.endswith('type:track event:"Order Completed"'))
        await until(pilot, lambda: app.screen is main)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen) and main.source.text == by_rule)
        await until(pilot, lambda: getattr(app.screen.focused, "id", "") == "events")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen))
        assert main.source.text == main.filter_bar.text == "user:user-77 or user:ada"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main)
        await pilot.press("escape")
        await until(pilot, lambda: main.source.text == "" and len(main.list.window) == 60)
        assert app.screen is main


@size_of
async def test_enter_on_a_bar_lists_the_messages_of_that_time(app_on: AppOn, size: tuple[int, int]) -> None:
    app = app_on(FakeViewer(story(600)))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 600)
        main = app.main
        assert main is not None
        screen = await opened(pilot)
        await pilot.press("shift+tab")
        assert screen.bars.has_focus
        assert sum(bar.messages for bar in screen.bars.bars) == 600
        await pilot.press("home", "right", "right", "left")
        chosen = screen.bars.bars[1]
        assert f"{chosen.messages} messages, {chosen.errors} with errors" in drawn_screen(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is main and len(main.list.window) == chosen.messages)
        assert all(chosen.start <= row.received_at < chosen.end for row in main.list.window.rows)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen) and app.screen.bars.has_focus)
        back = app.screen
        assert isinstance(back, SummaryScreen)
        assert back.bars.cursor == 1
        await pilot.press("end")
        assert back.bars.cursor == len(back.bars.bars) - 1
        await pilot.click(back.bars, offset=(1, 0))
        assert back.bars.cursor == 0
        await pilot.click(back.bars, offset=(1, 0), times=2)
        await until(pilot, lambda: app.screen is main, "a double click opens it")
        assert main.source.text.startswith("since:")


async def test_another_filter_ends_the_way_back(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(60)))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.source.text == "rule:insert-id-charset")
        await pilot.press("slash", "end", *" pricing", "enter")
        await until(pilot, lambda: main.source.text == "rule:insert-id-charset pricing")
        await pilot.press("escape")
        await until(pilot, lambda: main.source.text == "")
        assert app.screen is main


async def test_it_keeps_itself_fresh_and_the_cursor_on_its_row(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer(story(24))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("tab", "down", "down", "down")
        chosen, order = screen.events.key, [row.key for row in screen.events.rows]
        asked = viewer.calls.count(("overview",))
        for _ in range(5):
            await pilot.pause(0.03)
        assert viewer.calls.count(("overview",)) == asked, "nothing came, so nothing is asked"
        viewer.add(*(summary(number, name="Invite Sent") for number in range(25, 65)))
        viewer.add(summary(65, name="Brand New", errors=1))
        await until(pilot, lambda: "Brand New" in {row.key[2] for row in screen.events.rows})
        now = [row.key for row in screen.events.rows]
        assert [key for key in now if key[2] != "Brand New"] == order, "no row overtakes another"
        assert now.index(("event", "track", "Brand New")) == 2, "behind the errors, before all others"
        assert screen.events.key == chosen
        viewer.lines.clear()
        viewer.know(received=0, refused=0)
        await until(pilot, lambda: screen.has_class("-empty"))
        viewer.add(summary(1, name="Again"))
        await until(pilot, lambda: not screen.has_class("-empty"))
        assert screen.events.key == ("event", "track", "Again")


async def test_what_is_still_to_be_read_is_said_and_asked_for(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer(story(24))
    viewer.behind = 4_200
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "reading …  0%, 24 of 4,224 so far" in words(screen.banner)
        viewer.behind = 0
        await until(pilot, lambda: "reading" not in words(screen.banner))


async def test_what_is_not_known_yet_is_not_said(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer([summary(1), summary(2)])
    viewer.behind = 9_048
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "reading …  0%, 2 of 9,050 so far" in words(screen.banner)
        shown = drawn_screen(pilot)
        assert "no errors" not in shown
        assert "No rule" not in shown
        assert "Rules ─ 0 fired so far" in shown
        await pilot.press("tab")
        assert "No rule" not in words(screen.foot)
        viewer.behind = 0
        await until(pilot, lambda: "no errors" in words(screen.banner))
        assert "No rule fired" in drawn_screen(pilot)
        assert "so far" not in drawn_screen(pilot)


async def test_with_a_filter_it_sums_up_what_matches_and_escape_stops_it(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer([summary(number, name=f"Event {number % 3}") for number in range(1, 31)])
    viewer.behind = 70
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("/", *'"Event 1"', "enter")
        await pilot.pause()
        screen = await opened(pilot)
        assert "reading …  30% of 100, 10 found so far, Esc stops" in words(screen.banner)
        assert [row.key[2] for row in screen.events.rows] == ["Event 1"]
        await pilot.press("escape")
        await until(pilot, lambda: "stopped at  30% of 100, 10 found so far" in words(screen.banner))
        summing = ("overview", '"Event 1"')
        asked = viewer.calls.count(summing)
        for _ in range(5):
            await pilot.pause(0.03)
        assert viewer.calls.count(summing) == asked, "it is not asked for any more"
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)
        viewer.behind = 0
        screen = await opened(pilot)
        assert 'in 10 messages that match "Event 1"' in words(screen.banner)
        assert screen.copied()[1].startswith('Summary of 10 messages that match "Event 1"')


async def test_a_journal_that_is_being_read_is_not_called_empty(app_on: AppOn) -> None:
    viewer = FakeViewer()
    viewer.behind = 9_050
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert not screen.has_class("-empty")
        assert "reading …  0%, 0 of 9,050 so far" in words(screen.banner)


@pytest.mark.parametrize("moved", [False, True], ids=["untouched", "moved"])
async def test_the_cursor_begins_on_the_worst_row(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    """Warnings are read first, an error later: the cursor goes to it, unless the reader is elsewhere."""
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer([summary(1, warnings=1), summary(2, name="Cart Viewed")])
    viewer.behind = 2
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert screen.rules.key == ("rule", "placeholder-user-id")
        if moved:
            await pilot.press("down")
        viewer.behind = 1
        viewer.add(summary(3, name="Order Failed", errors=1))
        await until(pilot, lambda: len(screen.rules.rows) == 2)
        viewer.behind = 0
        await until(pilot, lambda: "reading" not in words(screen.banner))
        assert screen.rules.rows[0].key == ("rule", "insert-id-charset")
        assert screen.rules.key == screen.rules.rows[1 if moved else 0].key
        assert screen.events.key == ("event", "track", "Order Failed")
        viewer.add(summary(4, name="Signup Failed", errors=2))
        await until(pilot, lambda: len(screen.events.rows) == 4)
        assert screen.events.key == ("event", "track", "Order Failed"), "once it is read, nothing moves"


async def test_a_lost_engine_is_said_and_the_numbers_stay(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer(story(24))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        viewer.stop()
        viewer.behind = 1
        screen._pulse = -1
        await until(pilot, lambda: "No engine answers" in words(screen.banner))
        assert len(screen.rules.rows) == 2
        viewer.reachable = True
        await until(pilot, lambda: "No engine" not in words(screen.banner))


async def test_the_story_of_a_rule_is_told_right_there(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(24)))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, RuleStory))
        story_screen = app.screen
        assert isinstance(story_screen, RuleStory)
        await until(pilot, lambda: "Before" in words(story_screen.page))
        told = words(story_screen.page)
        for part in ("insert-id-charset", "What", "Why", "Fix", "Source", "After", "[[rules]]"):
            assert part in told
        assert max(len(line) for line in told.splitlines() if "http" not in line) <= 76
        await pilot.press("e")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("tab", "e")  # a refused request trips none
        await pilot.pause()
        assert app.screen is screen


async def test_it_copies_as_text(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    def keep(app: object, text: str) -> str:
        copied.append(text)
        return "kept"

    monkeypatch.setattr(live_screen, "copy", keep)
    app = app_on(FakeViewer(story(24)))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("y")
    (text,) = copied
    assert "Summary of 22 messages and 2 refused requests" in text
    assert "insert-id-charset" in text
    assert "Order Completed" in text
    assert "10:41:02" in text


async def test_nothing_yet_teaches(app_on: AppOn) -> None:
    app = app_on(FakeViewer())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        screen = await opened(pilot)
        assert screen.has_class("-empty")
        await pilot.press("enter", "e", "y", "tab", "down")
        assert "segtap demo" in drawn_screen(pilot)
        assert app.screen is screen


@pytest.mark.parametrize("size", [(40, 10), (60, 17), (80, 24), (140, 30), (200, 60)])
async def test_without_unicode_nothing_beyond_ascii_reaches_the_screen(
    app_on: AppOn, size: tuple[int, int]
) -> None:
    app = app_on(FakeViewer(story(60)), plain=True)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        for widget in (screen.rules, screen.events, screen.bars):
            for y in range(widget.size.height):
                assert widget.render_line(y).text.isascii()
        for widget in (screen.banner, screen.foot, screen.keys_line, screen.rules_head, screen.events_head):
            assert words(widget).isascii()


@size_of
@pytest.mark.parametrize("name", ["full", "events", "empty", "plain", "story"])
async def test_how_it_looks(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int], name: str) -> None:
    viewer = FakeViewer(story(240) if name != "empty" else ())

    async def run(pilot: Pilot[object]) -> None:
        screen = await opened(pilot)
        await pilot.press(*{"events": ("tab", "down"), "story": ("e",)}.get(name, ()))
        if name == "story":
            await until(pilot, lambda: isinstance(pilot.app.screen, RuleStory))
            story_screen = pilot.app.screen
            assert isinstance(story_screen, RuleStory)
            await until(pilot, lambda: words(story_screen.page))
        elif name != "empty":
            await until(pilot, lambda: words(screen.foot))
        await pilot.pause()

    await same_grid(app_on(viewer, plain=name == "plain"), size, run)


def test_words_for_messages_of_no_type_that_segment_has() -> None:
    nothing = Verdict(Translation())
    kinds = ((1, Marks.WOULD_REJECT), (2, Marks.REFUSED))
    lines = [(summary(number, "", "identity", marks=int(marks)), nothing) for number, marks in kinds]
    events = overview_of(tallies_of_lines(*lines)).events
    told = {one.type: (event_words(one.type, one.name), delivery_words(one)) for one in events}
    assert told[UNKNOWN] == ("of type identity", "1 off")
    assert "answered with 4xx" in told[""][1]
    assert event_words(UNKNOWN, "") == "without a type"
    assert call_mark(UNKNOWN, UNICODE)[0] == "?"


@pytest.mark.parametrize(
    ("modes", "word"),
    [
        ((), ("", "dim")),
        (("cloud",), ("cloud", "dim")),
        (("?",), ("?", "dim")),
        (("device",), ("device", "text")),
        (("?", "device"), ("device", "text")),
        (("?", "cloud"), ("cloud?", "dim")),
        (("cloud", "device"), ("both", "text")),
    ],
)
def test_the_modes_of_an_event_in_one_word(modes: tuple[Mode, ...], word: tuple[str, str]) -> None:
    assert mode_word(modes) == word
    assert len(word[0]) <= MODE
