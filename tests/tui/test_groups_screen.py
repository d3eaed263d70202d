"""The screen of Group Analytics: the four parts of each group key, and which events carry it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from cohort import GROUP_STREAM, STREAM, call, groups_of, lines_of
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from rich.cells import cell_len
from textual.pilot import Pilot

from segtap.core.aggregates.model import EventCoverage, GroupKeyCheck, Groups, PartCheck
from segtap.core.api.models import Coverage
from segtap.core.checks.examples.example import presets
from segtap.core.messages import JsonObject, message_number
from segtap.core.settings import Destination
from segtap.core.verdict import SEVERITY_WEIGHT
from segtap.tui.app import SegtapApp
from segtap.tui.render.glyphs import ASCII, UNICODE
from segtap.tui.render.group import all_lines, event_lines, known_lines, standing_mark, teaches
from segtap.tui.screens import live_screen
from segtap.tui.screens.groups import GroupsScreen, with_events_in_place

AppOn = Callable[..., SegtapApp]
SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])


def viewer_of(groups: Groups) -> FakeViewer:
    viewer = FakeViewer(lines_of(GROUP_STREAM))
    viewer.known_groups = groups
    return viewer


async def opened(pilot: Pilot[object]) -> GroupsScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    await pilot.press("p")
    await until(pilot, lambda: isinstance(app.screen, GroupsScreen), "the screen")
    screen = app.screen
    assert isinstance(screen, GroupsScreen)
    await until(pilot, lambda: screen.groups is not None and (screen.parts.rows or screen.teaches.display))
    await until(pilot, lambda: not any(worker.group == "messages" for worker in app.workers))
    await pilot.pause()
    return screen


async def test_four_parts_with_what_mends_them(app_on: AppOn) -> None:
    async with app_on(viewer_of(groups_of())).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        what, words = screen.copied()
        assert what == "Group Analytics"
        assert "Mixpanel's group keys, by mixpanel_group_keys: $group_id" in words
        assert "3 of 4 parts" in words
        for line in (
            "✓ key agreed          yes",
            "✓ group profile       yes",
            "✓ key on user profile yes",
            "✖ key on events       partly",
            "→ send context.groupId with every event",
            "P Pricing",
        ):
            assert line in words, line
        assert "to look at" in str(screen.banner.render())


async def test_keys_that_nobody_knows_are_never_assumed(app_on: AppOn) -> None:
    async with app_on(viewer_of(groups_of(known=None))).run_test(size=(120, 40)) as pilot:
        _, words = (await opened(pilot)).copied()
        assert "Mixpanel's group keys are unknown" in words
        assert 'mixpanel_group_keys = ["$group_id"]' in words
        assert "? key agreed          unknown" in words


async def test_evidence_leads_to_its_message(app_on: AppOn) -> None:
    app = app_on(viewer_of(groups_of()))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        place = ("", "$group_id", "key on events", "message", str(message_number(13, 0)))
        screen.parts.select(place)
        assert screen.parts.key == place
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.list.selected == message_number(13, 0))


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_an_event_leads_to_its_messages(app_on: AppOn, size: tuple[int, int]) -> None:
    """On a wide terminal events stand beside the parts, on others below them."""
    app = app_on(viewer_of(groups_of()))
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot)
        wide = size[0] > 100
        assert screen.query_one("#events-panel").display is wide
        if wide:
            await pilot.press("tab")
        (screen.events if wide else screen.parts).select(("", "$group_id", "event", "Order Completed"))
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.source.text == 'event:"Order Completed"')


async def test_a_key_leads_to_what_carries_it_and_escape_back(app_on: AppOn) -> None:
    viewer = viewer_of(groups_of())
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window))
        main = app.main
        assert main is not None
        main.filter_by("type:track")
        await until(pilot, lambda: main.source.text == "type:track")
        screen = await opened(pilot)
        assert ("groups", "type:track") in viewer.calls
        assert "that match type:track" in str(screen.banner.render())
        screen.parts.select(("", "$group_id", "key"))
        await pilot.press("enter")
        term = 'mp."$group_id"? or mp.$set."$group_id"? or mp.$group_key="$group_id"'
        await until(pilot, lambda: app.screen is main and main.source.text == f"type:track ({term})")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, GroupsScreen))
        back = app.screen
        assert isinstance(back, GroupsScreen)
        await until(pilot, lambda: back.parts.key == ("", "$group_id", "key"))
        assert main.source.text == main.filter_bar.text == "type:track"


async def test_it_keeps_fresh_and_the_cursor_stays(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of(groups_of())
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        place = ("", "$group_id", "event", "Order Completed")
        screen.parts.select(place)
        new = (call("track", "user-77", event="New", properties={}) for _ in range(9))
        more = (*GROUP_STREAM, *new)
        viewer.known_groups = groups_of(more)
        viewer.add(*story(9, len(GROUP_STREAM) + 1))
        await until(pilot, lambda: "New" in screen.copied()[1])
        assert screen.parts.key == place


@pytest.mark.parametrize("known", [None, ()])
async def test_without_groups_it_teaches(app_on: AppOn, known: tuple[str, ...] | None) -> None:
    nothing = groups_of((call("track", "u", event="A", properties={}),), known=known)
    assert not nothing.keys
    async with app_on(viewer_of(nothing)).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        text = str(screen.teaches.render())
        assert "analytics.group(" in text
        assert "mixpanel_group_keys" in text
        assert ("has no group key" in text) is (known == ())
        await pilot.press("y", "escape")
        assert pilot.app.screen is not screen


CLASSIC = Destination(kind="classic-cloud", settings={"token": "t" * 32})
FIRM = {"groupIdentifierTraits": ["firm_id"]}


@pytest.mark.parametrize(
    ("settings", "known", "calls", "said", "not_said"),
    [
        (
            {},
            None,
            0,
            ("second argument", '{ company_id: "acme", ', 'group_identifier_traits = ["company_id"]'),
            (),
        ),
        (
            {},
            None,
            2,
            ("2 group calls came", "Group Identifier Traits is empty", 'traits = ["organization_id"]'),
            ("No message", "company_id"),
        ),
        (FIRM, None, 0, ('{ firm_id: "acme", ', 'mixpanel_group_keys = ["firm_id"]'), ("traits = [",)),
        ({}, ("org.id",), 0, ('{ "org.id": "acme", ', 'group_identifier_traits = ["org.id"]'), ()),
    ],
)
def test_on_classic_the_key_is_a_trait(
    settings: JsonObject,
    known: tuple[str, ...] | None,
    calls: int,
    said: tuple[str, ...],
    not_said: tuple[str, ...],
) -> None:
    destination = msgspec.structs.replace(CLASSIC, settings={**CLASSIC.settings, **settings})
    group = call("group", "u", groupId="acme", traits={"name": "Acme", "organization_id": "acme"})
    text = "\n".join(teaches(groups_of((group,) * calls, known, destination)))
    assert all(words in text for words in said)
    assert not any(words in text for words in ("$group_id", "context.groupId", *not_said))
    assert "Group Identifier Traits" in text or settings


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, ("context.groupId with every event", 'mixpanel_group_keys = ["$group_id"]')),
        (("firm",), ('set group_key = "firm"', "Send firm as a property", 'mixpanel_group_keys = ["firm"]')),
    ],
)
def test_on_actions_the_key_is_that_of_the_mapping(
    known: tuple[str, ...] | None, said: tuple[str, ...]
) -> None:
    text = "\n".join(teaches(groups_of((), known)))
    assert all(words in text for words in said)


def test_the_keys_to_write_down_are_those_that_are_meant() -> None:
    """And no key that is a group's own id."""
    recipe = (
        call("group", "u", groupId="acme", traits={"company_id": "acme"}),
        call("identify", "u", traits={"company_id": "acme"}),
        call("track", "u", event="Paid", properties={"company_id": "acme"}),
    )
    (*_, line) = known_lines(groups_of(recipe, None), 100, UNICODE)
    assert 'mixpanel_group_keys = ["company_id"]' in "".join(text for text, _ in line.spans)
    mapped = presets("groupIdentifyUser", group_key={"@path": "$.groupId"})
    own = Destination(settings={"projectToken": "t" * 32}, subscriptions=mapped)
    text = "".join(
        text
        for line in all_lines(groups_of(recipe, None, own), 100, UNICODE, {}, 0, events=True)
        for text, _ in line.spans
    )
    assert '["acme"]' not in text
    assert "an id as Group Key" in text


async def test_it_copies_as_text(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(live_screen, "copy", lambda app, text: copied.append(text) or "there")
    async with app_on(viewer_of(groups_of())).run_test(size=(160, 50)) as pilot:
        await opened(pilot)
        await pilot.press("y")
        assert "key on user profile" in copied[0]
        assert "Order Completed" in copied[0]


@pytest.mark.parametrize("width", [20, 44, 76, 140])
def test_every_line_fits(width: int) -> None:
    odd = "\x1b[31m注文が完了しました🛒" * 30
    part = PartCheck("key on events", "partly", f'3 of 9 lack "{odd}"', (5,), f"send {odd}")
    check = GroupKeyCheck(odd, (part,) * 4, (EventCoverage(odd, 9_999, 20_000), EventCoverage("", 0, 1)))
    groups = Groups(keys=(check,), in_use=True)
    for marks in (UNICODE, ASCII):
        for line in all_lines(groups, width, marks, {5: story(1)[0]}, 0, events=True):
            text = "".join(piece for piece, _ in line.spans)
            assert "\x1b" not in text
            assert marks is UNICODE or text.isascii()
            if line.key[:2] != ("known", "toml"):
                assert cell_len(text) <= max(width, 44), text


def test_every_standing_has_its_own_mark_and_bars_say_what_is_lacking() -> None:
    for marks in (UNICODE, ASCII):
        wrong = {standing_mark("no", one, marks) for one in SEVERITY_WEIGHT}
        assert len({*wrong, standing_mark("yes", None, marks), standing_mark("unknown", None, marks)}) == 5
        assert standing_mark("partly", "error", marks) == standing_mark("no", "error", marks)
    check = GroupKeyCheck(
        "k", (), (EventCoverage("a", 999, 1), EventCoverage("b", 1, 999), EventCoverage("c", 2, 0))
    )
    bars = ["".join(text for text, _ in line.spans)[-12:] for line in event_lines(check, 80, UNICODE)[1:]]
    assert bars == ["━" * 11 + "─", "━" + "─" * 11, "━" * 12]


@pytest.mark.usefixtures("still")
@size_of
@pytest.mark.parametrize("name", ["partly", "unknown", "ascii", "empty"])
async def test_pictures(same_grid: SameGrid, app_on: AppOn, name: str, size: tuple[int, int]) -> None:
    groups = groups_of(known=None if name == "unknown" else ("$group_id", "company_id"))
    if name == "empty":
        groups = msgspec.structs.replace(groups_of(STREAM[5:7], known=None), keys=())
    app = app_on(viewer_of(groups), plain=name == "ascii")

    async def run(pilot: Pilot[object]) -> None:
        screen = await opened(pilot)
        if name == "partly":
            screen.parts.select(("", "$group_id", "key on events", "0"))
            screen.parts.select(("", "$group_id", "key on events", "head"))
        await pilot.pause()

    await same_grid(app, size, run)


def test_events_stay_in_their_places_while_they_are_counted() -> None:
    """The engine tells those that lack the key most first, which changes with every message."""

    def told(**counts: tuple[int, int]) -> Groups:
        events = sorted(
            (EventCoverage(name, *one) for name, one in counts.items()), key=lambda one: -one.lacking
        )
        return Groups(keys=(GroupKeyCheck("company_id", (), tuple(events)),))

    def order(groups: Groups) -> list[str]:
        return [event.event for event in groups.keys[0].events]

    first = told(A=(0, 5), B=(0, 4), C=(3, 0), D=(2, 0))
    then = told(A=(0, 6), B=(0, 9), C=(9, 0), D=(2, 1), E=(0, 7))
    assert order(then) == ["B", "E", "A", "D", "C"]
    kept = with_events_in_place(then, first)
    assert order(kept) == ["A", "B", "D", "E", "C"]
    assert kept.keys[0].events[1] == EventCoverage("B", 0, 9)
    assert with_events_in_place(then, kept) == kept
    assert with_events_in_place(then, Groups()).keys[0].key == "company_id"


@pytest.mark.parametrize("known", [None, ()])
async def test_nothing_is_said_of_groups_before_all_is_read(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch, known: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of(Groups(known=known, covered=Coverage(messages=40, behind=9_010)))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app_main(pilot) is not None)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, GroupsScreen))
        screen = pilot.app.screen
        assert isinstance(screen, GroupsScreen)
        await until(pilot, lambda: "reading …  0%, 40 of 9,050 so far" in str(screen.banner.render()))
        assert not screen.has_class("-empty")
        viewer.known_groups = msgspec.structs.replace(
            groups_of(known=known), covered=Coverage(messages=50, behind=9_000)
        )
        await until(pilot, lambda: screen.parts.rows)
        assert "so far" in str(screen.parts_panel.border_title)
        assert "mixpanel_group_keys = [" not in screen.copied()[1], "more keys may be found"
        viewer.known_groups = groups_of(known=known)
        await until(pilot, lambda: "reading" not in str(screen.banner.render()))
        assert ("mixpanel_group_keys = [" in screen.copied()[1]) == (known is None)


def app_main(pilot: Pilot[object]) -> object:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    return app.main and app.main.detail
