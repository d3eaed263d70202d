"""The dialogs: their harmless default, the help that is made of the keys, the box that decodes."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from details import MESSAGES, TOKEN, order
from fake_viewer import state
from pane_host import Host, screen
from textual import events
from textual.widgets import Static

from segtap.core.api.models import EngineState, MessageDetail
from segtap.core.errors import EngineError
from segtap.core.json_text import json_bytes
from segtap.core.messages import JsonObject
from segtap.core.settings import DestinationSettings, Settings
from segtap.tui import keys, pane_keys
from segtap.tui.screens.confirm import Answer, Choose, Confirm, Option
from segtap.tui.screens.decode import DecodeBox
from segtap.tui.screens.help import Help
from segtap.tui.screens.pasted import Inspect
from segtap.tui.screens.rule_story import RuleStory

pytestmark = pytest.mark.usefixtures("still")


WAYS = [
    Option("leave", "Leave it halted", "n"),
    Option("again", "Try again", "t"),
    Option("settings", "Read the settings again", "s"),
    Option("off", "Turn forwarding off", "o"),
]


class TestChoose:
    @pytest.mark.parametrize("size", [(20, 12), (40, 14), (80, 24), (120, 40)])
    async def test_all_answers_are_in_sight_and_all_can_be_read(self, size: tuple[int, int]) -> None:
        question = "\n\n".join(f"Paragraph {number} of what is wrong." for number in range(1, 9))
        app = Host(Static())
        async with app.run_test(size=size) as pilot:
            app.push_screen(Choose(question, WAYS))
            await pilot.pause()
            for answer in app.screen.query(Answer):
                assert app.screen.region.contains_region(answer.region)
                assert answer.region.area
            seen = screen(pilot)
            for _ in range(40):
                await pilot.press("pagedown")
                await pilot.pause()
                seen += screen(pilot)
            assert all(f"Paragraph {number}" in " ".join(seen.split()) for number in range(1, 9))

    @pytest.mark.parametrize(
        ("pressed", "answer"),
        [
            (("enter",), "leave"),
            (("escape",), "leave"),
            (("q",), "leave"),
            (("n",), "leave"),
            (("t",), "again"),
            (("s",), "settings"),
            (("o",), "off"),
            (("down", "enter"), "again"),
            (("up", "enter"), "off"),
            (("tab", "tab", "space"), "settings"),
            (("j", "k", "enter"), "leave"),
        ],
    )
    async def test_enter_at_once_and_escape_are_harmless(self, pressed: Sequence[str], answer: str) -> None:
        heard: list[str | None] = []
        app = Host(Static())
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(Choose("How to go on?", WAYS), heard.append)
            await pilot.pause()
            await pilot.press(*pressed)
            await pilot.pause()
        assert heard == [answer]

    async def test_a_click_answers(self) -> None:
        heard: list[str | None] = []
        app = Host(Static())
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(Choose("How to go on?", WAYS), heard.append)
            await pilot.pause()
            await pilot.click("#settings")
        assert heard == ["settings"]


class TestConfirm:
    @pytest.mark.parametrize("size", [(20, 10), (40, 12), (80, 24)])
    async def test_both_answers_are_in_sight_and_all_can_be_read(self, size: tuple[int, int]) -> None:
        question = "\n\n".join(f"Paragraph {number} of what will happen then." for number in range(1, 9))
        app = Host(Static())
        async with app.run_test(size=size) as pilot:
            app.push_screen(Confirm(question, "Turn forwarding on", "Keep it off"))
            await pilot.pause()
            for answer in app.screen.query(Answer):
                assert app.screen.region.contains_region(answer.region)
                assert answer.region.area
            seen = screen(pilot)
            for _ in range(30):
                await pilot.press("pagedown")
                await pilot.pause()
                seen += screen(pilot)
            assert all(f"Paragraph {number}" in " ".join(seen.split()) for number in range(1, 9))

    @pytest.mark.parametrize(
        ("pressed", "answer"),
        [
            (("enter",), False),
            (("escape",), False),
            (("n",), False),
            (("q",), False),
            (("y",), True),
            (("right", "enter"), True),
            (("tab", "space"), True),
            (("right", "left", "enter"), False),
        ],
    )
    async def test_only_a_plain_yes_is_yes(self, pressed: Sequence[str], answer: bool) -> None:
        heard: list[bool | None] = []
        app = Host(Static())
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(Confirm("Forget all [14] messages?", "Forget them", "Keep them"), heard.append)
            await pilot.pause()
            await pilot.press(*pressed)
            await pilot.pause()
        assert heard == [answer]

    async def test_a_click_answers(self) -> None:
        heard: list[bool | None] = []
        app = Host(Static())
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(Confirm("Really?"), heard.append)
            await pilot.pause()
            await pilot.click("#yes")
        assert heard == [True]

    async def test_a_small_terminal_still_shows_the_answers(self) -> None:
        app = Host(Static())
        async with app.run_test(size=(20, 14)) as pilot:
            app.push_screen(Confirm("Really?"))
            await pilot.pause()
            assert app.screen.query_one("#no").region.width > 0
            assert app.screen.query_one("#no").has_focus


class TestHelp:
    async def test_every_key_is_on_the_page(self) -> None:
        screen = Help()
        app = Host(Static())
        async with app.run_test(size=(120, 40)) as pilot:
            app.push_screen(screen)
            await pilot.pause()
            page = str(screen.page.render())
        for group in (*keys.groups().values(), *pane_keys.groups().values()):
            for key in group:
                assert key.text in page
                assert key.label in page

    async def test_typing_finds_a_key_by_word_or_by_itself(self) -> None:
        screen = Help()
        app = Host(Static())
        async with app.run_test(size=(120, 40)) as pilot:
            app.push_screen(screen)
            await pilot.pause()
            await pilot.press(*"unfold")
            page = str(screen.page.render())
            assert "Unfold everything" in page
            assert "Quit" not in page
            screen.search.value = "q"
            await pilot.pause()
            assert "Quit" in str(screen.page.render())
            assert "request" not in str(screen.page.render()).replace("a refused request", "")
            screen.search.value = "no such thing"
            await pilot.pause()
            assert "No key, mark, question or rule" in str(screen.page.render())
            await pilot.press("down", "pagedown", "up", "escape")
            assert app.screen is not screen

    async def test_an_error_of_another_system_finds_rules_and_enter_opens_one(self) -> None:
        screen = Help()
        app = Host(Static())
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(screen)
            await pilot.pause()
            screen.search.value = "errAliasAlreadyExists"
            await pilot.pause()
            page = str(screen.page.render())
            assert "alias-order" in page
            assert "alias-ignored" in page
            await pilot.press("down", "down", "up", "down", "enter")
            story = app.screen
            assert isinstance(story, RuleStory)
            assert story.rule is screen.found[1]
            await pilot.press("escape", "escape")
            assert app.screen is not screen

    def test_no_two_keys_of_one_pane_clash(self) -> None:
        for owner, entries in pane_keys.PANE_KEYS.items():
            pressed = [name for key in entries for name in key.keys.split(",")]
            assert len(pressed) == len(set(pressed)), owner
        names = [
            key.id for key in (*keys.KEYS, *(key for group in pane_keys.PANE_KEYS.values() for key in group))
        ]
        assert len(names) == len(set(names))


class Engine:
    """Reads pasted messages; keeps which."""

    def __init__(self, *, down: bool = False, mixpanel_url: str = "") -> None:
        self.read: list[JsonObject] = []
        self.down = down
        self.mixpanel_url = mixpanel_url

    async def inspect(self, text: bytes) -> MessageDetail:
        if self.down:
            raise EngineError("The engine went away. Start it again.")
        self.read.append(json.loads(text))
        return order(bad=True)

    async def state(self) -> EngineState:
        return state(mixpanel_url=self.mixpanel_url)

    async def settings(self) -> Settings:
        return Settings(destination=DestinationSettings(region="eu"))


async def settled(pilot: Any) -> None:
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


class TestDecode:
    async def test_layers_come_off_and_the_json_opens(self) -> None:
        inner = json.dumps({"event": "Seen", "properties": {"token": "t", "$insert_id": "i"}})
        box = DecodeBox("data=" + base64.urlsafe_b64encode(inner.encode()).decode().rstrip("="))
        app = Host(Static())
        async with app.run_test(size=(100, 30)) as pilot:
            app.push_screen(box)
            await settled(pilot)
            told = str(box.verdict.render())
            assert "form field data → base64" in told
            assert "Mixpanel events" in told
            assert box.json.rows.document.value == json.loads(inner)

    @pytest.mark.parametrize(
        ("pasted", "why"),
        [
            ('{"a": 1}', "no Segment message (type, event) and no Mixpanel body"),
            (
                '[{"event": "A", "properties": {}}, {"$set": {}, "$distinct_id": "u"}]',
                "This list holds Mixpanel events and Mixpanel profile updates: paste them apart",
            ),
            ("no json", "There is no Segment message and no Mixpanel body here to open."),
        ],
    )
    async def test_what_cannot_be_opened_is_told(self, pasted: str, why: str) -> None:
        box = DecodeBox(pasted)
        app = Host(Static())
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            app.push_screen(box)
            await settled(pilot)
            assert "F2" not in str(box.verdict.render())
            await pilot.press("f2")
            await settled(pilot)
            assert app.screen is box
            assert [why in notice.message for notice in app._notifications] == [True]

    async def test_typing_and_mending_decodes_again(self) -> None:
        box = DecodeBox()
        app = Host(Static())
        async with app.run_test(size=(100, 30)) as pilot:
            app.push_screen(box)
            await settled(pilot)
            await pilot.press(*'{"a":')
            await settled(pilot)
            assert "No JSON was found" in str(box.verdict.render())
            assert not box.json.display
            await pilot.press(*"1}")
            await settled(pilot)
            assert box.json.rows.document.value == {"a": 1}

    async def test_a_paste_goes_in_once(self) -> None:
        body = "data=" + base64.b64encode(b'[{"event": "Seen", "properties": {}}]').decode()
        box = DecodeBox()
        app = Host(Static())
        async with app.run_test(size=(100, 30)) as pilot:
            app.push_screen(box)
            await settled(pilot)
            app.post_message(events.Paste(body))
            await settled(pilot)
            await settled(pilot)
            assert box.box.text == body
            assert box.json.rows.document.value == [{"event": "Seen", "properties": {}}]

    async def test_a_long_paste_is_decoded_whole_but_not_put_into_the_editor(self) -> None:
        message = {"type": "track", "event": "Long", "userId": "u", "properties": {"x": "y" * 200_000}}
        box = DecodeBox()
        app = Host(Static())
        async with app.run_test(size=(100, 30)) as pilot:
            app.push_screen(box)
            await settled(pilot)
            box.box.post_message(events.Paste(base64.b64encode(json.dumps(message).encode()).decode()))
            await settled(pilot)
            await settled(pilot)
            assert len(box.box.text) < 1000
            assert "260.5 KB pasted" in box.box.text
            assert box.json.rows.document.value == message
            await pilot.press("x")
            await settled(pilot)
            assert box.decoded is None

    async def test_segment_messages_open_in_the_panes(self) -> None:
        engine = Engine()
        batch = {"batch": [{"type": "track", "event": "A"}, {"type": "track", "event": "B"}]}
        box = DecodeBox(json.dumps(batch), viewer=engine)  # type: ignore[arg-type]
        app = Host(Static())
        async with app.run_test(size=(120, 40)) as pilot:
            app.push_screen(box)
            await settled(pilot)
            assert "opens 2 messages in the panes" in str(box.verdict.render())
            await pilot.press("f2")
            await settled(pilot)
            assert isinstance(app.screen, Inspect)
            await pilot.press("J")
            await settled(pilot)
            assert "2 of 2" in str(app.screen.banner.render())
            assert engine.read == batch["batch"]
            await pilot.press("J", "escape")
            assert app.screen is box

    async def test_a_pasted_message_shows_where_the_engine_sends_requests(self) -> None:
        engine = Engine(mixpanel_url="http://127.0.0.1:9999")
        box = DecodeBox(json.dumps(MESSAGES["order"]), viewer=engine)  # type: ignore[arg-type]
        app = Host(Static())
        async with app.run_test(size=(120, 40)) as pilot:
            app.push_screen(box)
            await settled(pilot)
            await pilot.press("f2")
            await settled(pilot)
            screen = app.screen
            assert isinstance(screen, Inspect)
            assert "POST http://127.0.0.1:9999/import?strict=1" in str(screen.mixpanel.head.render())

    @pytest.mark.parametrize("size", [(80, 24), (120, 40)])
    async def test_a_mixpanel_body_opens_in_the_panes_as_one_request(self, size: tuple[int, int]) -> None:
        """As mixpanel-browser sent it: base64 in a form field, several events, one of which is wrong."""
        engine = Engine(mixpanel_url="http://127.0.0.1:9999")
        bad = {
            "event": "Late",
            "properties": {"token": TOKEN, "distinct_id": "u-1", "$insert_id": "order_991"},
        }
        good = {"event": "Soon", "properties": {"token": TOKEN, "distinct_id": "u-1", "$insert_id": "a-1"}}
        text = "data=" + base64.b64encode(json.dumps([good, bad]).encode()).decode()
        box = DecodeBox(text, viewer=engine)  # type: ignore[arg-type]
        app = Host(Static())
        async with app.run_test(size=size) as pilot:
            app.push_screen(box)
            await settled(pilot)
            assert "opens 2 events as one request in the panes" in str(box.verdict.render())
            await pilot.press("f2")
            await settled(pilot)
            await settled(pilot)
            screen = app.screen
            assert isinstance(screen, Inspect)
            assert engine.read == []
            assert "Pasted Mixpanel body" in str(screen.banner.render())
            assert screen.mixpanel.has_focus_within
            assert "POST https://api-eu.mixpanel.com/track" in str(screen.mixpanel.head.render())
            assert screen.mixpanel.json.rows.document.value == [good, bad]
            assert "A Mixpanel body has no Segment message." in screen.segment.copy_text()
            assert "No URL was pasted" in screen.segment.copy_text()
            assert screen.wire.copy_text() == text
            assert screen.wire.json.rows.document.value == [good, bad]
            await pilot.press("4", "enter")
            await settled(pilot)
            row = screen.mixpanel.json.rows.row
            assert row is not None
            assert row.path == "requests[0].body[1].properties.$insert_id"
            await pilot.press("1", "a", "J", "escape")
            assert app.screen is box

    async def test_an_engine_that_is_gone_is_told(self) -> None:
        box = DecodeBox(json.dumps(MESSAGES["order"]), viewer=Engine(down=True))  # type: ignore[arg-type]
        app = Host(Static())
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            app.push_screen(box)
            await settled(pilot)
            await pilot.press("f2")
            await settled(pilot)
            assert app.screen is box
            assert [notice.message for notice in app._notifications] == [
                "The engine went away. Start it again."
            ]


class TestInspect:
    @pytest.mark.parametrize("size", [(80, 24), (120, 40)])
    async def test_a_warning_leads_to_its_place(self, size: tuple[int, int]) -> None:
        screen = Inspect(Engine(), [json_bytes(MESSAGES["order"])], order(bad=True))  # type: ignore[arg-type]
        app = Host(Static())
        async with app.run_test(size=size) as pilot:
            app.push_screen(screen)
            await settled(pilot)
            await pilot.press("4")
            await settled(pilot)
            assert screen.warnings.has_focus_within
            await pilot.press("enter")
            await settled(pilot)
            assert screen.mixpanel.has_focus_within
            row = screen.mixpanel.json.rows.row
            assert row is not None
            assert row.path == "requests[0].body[0].properties.$insert_id"
