"""Super properties of device mode in the Segment pane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from details import order
from fake_viewer import FakeViewer, story, until
from pane_host import Host, screen

from segtap.core.api.models import MessageDetail, SuperProperties, SuperProperty
from segtap.tui.app import SegtapApp
from segtap.tui.widgets.segment_pane import SegmentPane

pytestmark = pytest.mark.usefixtures("still")

AT = 1_795_516_863_211


def at(message: int, **changes: Any) -> SuperProperties:
    base = SuperProperties(
        registered=(
            SuperProperty("mp_lib", "Segment: web", "page load", None, 0),
            SuperProperty("tags", ["a", "b"], "identify", AT, 7),
            SuperProperty("plan", "pro", "track Order Completed", AT, message),
        ),
        host="www.shop.example",
        identified=True,
        sent=1,
        messages=3,
    )
    return msgspec.structs.replace(base, **changes)


def received(id: int = 9) -> MessageDetail:
    message = order()
    return msgspec.structs.replace(message, summary=msgspec.structs.replace(message.summary, id=id))


async def shown(found: SuperProperties | None, *keys: str, size: tuple[int, int] = (120, 34)) -> str:
    pane = SegmentPane()
    async with Host(pane).run_test(size=size) as pilot:
        pane.detail = received()
        await pilot.pause()
        pane.json.rows.focus()
        await pilot.press("P")
        if found is not None:
            pane.put_super_properties(9, found)
        await pilot.pause()
        await pilot.press(*keys)
        return screen(pilot)


async def test_it_shows_what_is_registered_by_which_call_and_since_when() -> None:
    text = await shown(at(9))
    assert "Segment ─ super properties" in text
    assert "Device mode on www.shop.example, after this message" in text
    assert "The page sends 1 record for it" in text
    assert "Cloud mode never keeps any" in text
    assert "as if one page load" in text
    plan = next(line for line in text.splitlines() if "plan" in line)
    assert plan.endswith("this message")
    tags = next(line for line in text.splitlines() if "tags" in line)
    assert "10:41:03 identify" in tags
    library = next(line for line in text.splitlines() if "mp_lib" in line)
    assert library.endswith("page load")
    order = [text.index(name) for name in ("plan", "tags", "mp_lib")]
    assert order == sorted(order)


async def test_it_says_what_is_not_known() -> None:
    text = await shown(at(9, cut=True, identified=False, sent=0, messages=500))
    assert "The page sends nothing for it" in text
    assert "No identify with an id yet" in text
    assert "the newest 500 messages, for at most 500 earlier ones are read, of this anonymousId" in text
    text = await shown(SuperProperties(why="Turn it on in segtap.toml."))
    assert "Turn it on in segtap.toml." in text
    assert "Cloud mode" not in text
    assert "Reading the earlier messages" in await shown(None)


async def test_the_same_key_leads_back_to_the_message_and_so_do_others() -> None:
    for key in ("P", "a"):
        text = await shown(at(9), key)
        assert "super properties" not in text
        assert "Order Completed" in text


async def test_a_place_in_the_message_leads_back_to_it() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        pane.detail = received()
        await pilot.pause()
        pane.json.rows.focus()
        await pilot.press("P")
        pane.put_super_properties(9, at(9))
        assert '"plan": "pro"' in pane.copy_text()
        assert pane.show_path("$.messageId")
        assert not pane.super_properties
        pane.put_super_properties(8, SuperProperties(why="another message"))
        await pilot.press("P")
        assert '"plan": "pro"' in pane.copy_text()


async def test_a_pasted_message_has_none() -> None:
    pane = SegmentPane()
    async with Host(pane).run_test(size=(100, 30)) as pilot:
        pane.detail = received(0)
        await pilot.pause()
        pane.json.rows.focus()
        await pilot.press("P")
        assert "A pasted message is not in the journal" in screen(pilot)


async def test_the_screen_asks_the_engine_for_each_message(app_on: Callable[..., SegtapApp]) -> None:
    viewer = FakeViewer(story(3))
    viewer.registered = at(viewer.lines[2].id)
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app, SegtapApp) and pilot.app.main is not None)
        app = pilot.app
        assert isinstance(app, SegtapApp)
        assert app.main is not None
        main = app.main
        await until(pilot, lambda: main.segment.detail is not None, "a message")
        await pilot.press("1", "P")
        await until(pilot, lambda: "10:41:03 identify" in screen(pilot), "its super properties")
        await pilot.press("K")
        before = ("super_properties", viewer.lines[1].id)
        await until(pilot, lambda: before in viewer.calls, "those of the message before")
