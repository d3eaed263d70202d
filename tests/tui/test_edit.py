"""Editing a message on the screen: what it would become as you type, and sending it through a real engine."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from engines import engine_settings, isolate, listed, post, running_engine
from fake_viewer import until
from pane_host import screen
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from segtap.core.api.client import Client
from segtap.core.delivery import DeliveryState
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Choose, Confirm
from segtap.tui.screens.edit import EditScreen
from segtap.tui.screens.name_box import NameBox

SENT = {"type": "track", "event": "Order Completed", "userId": "user-1", "messageId": "m-1"}


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)


@asynccontextmanager
async def on_screen(
    folder: Path,
    *messages: object,
    size: tuple[int, int] = (160, 45),
    mixpanel_url: str = "http://127.0.0.1:9",
) -> AsyncIterator[tuple[Pilot[object], Client]]:
    """The screen on an engine that has received these messages, with the newest one selected."""
    settings = engine_settings(folder, mixpanel_url=mixpanel_url)
    async with running_engine(settings) as (engine, client):
        await post(engine.url, *messages)
        await listed(client, len(messages))
        app = SegtapApp(client, settings, plain=False)
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.main is not None and app.main.detail is not None)
            yield pilot, client


async def editing(pilot: Pilot[object]) -> EditScreen:
    """Wait for the edit screen, with the text checked."""
    await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
    edit = pilot.app.screen
    assert isinstance(edit, EditScreen)
    await until(pilot, lambda: edit.checked is not None)
    return edit


async def noted(pilot: Pilot[object], text: str) -> None:
    await until(pilot, lambda: any(text in note.message for note in pilot.app._notifications), text)


@pytest.mark.parametrize(("answer", "same"), [("n", False), ("s", True)])
async def test_an_edited_message_is_sent_with_a_new_message_id_or_the_same(
    tmp_path: Path, answer: str, same: bool
) -> None:
    async with on_screen(tmp_path, SENT) as (pilot, client):
        await pilot.press("e")
        edit = await editing(pilot)
        assert json.loads(edit.editor.text) == SENT
        edit.editor.load_text(edit.editor.text.replace("Order Completed", "Order Paid"))
        await until(pilot, lambda: edit.checked == edit.editor.text)
        assert "1 changed" in str(edit.changes.render())
        await until(pilot, lambda: "Order Paid" in edit.mixpanel.copy_text())
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        assert "Forwarding is off" in pilot.app.screen.question  # type: ignore[attr-defined]
        await pilot.press(answer)
        await noted(pilot, "Sent the edited “Order Completed” through segtap.")
        first, edited = await listed(client, 2)
        detail = await client.detail(edited.id)
        assert detail.summary.name == "Order Paid"
        assert (detail.summary.message_id == "m-1") is same
        assert detail.replay_of is not None
        assert detail.replay_of.id == first.id


async def test_an_edited_message_is_validated_at_mixpanel(tmp_path: Path) -> None:
    async with (
        MixpanelServer() as mixpanel,
        on_screen(tmp_path, SENT, mixpanel_url=mixpanel.url) as (pilot, client),
    ):
        await pilot.press("e")
        await editing(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        assert f"unless v sends it once to project a1b2…f9 at {mixpanel.url}" in pilot.app.screen.question  # type: ignore[attr-defined]
        await pilot.press("v")
        await noted(pilot, "“Order Completed”: /import 200 OK, 1 of 1 imported")
        _, edited = await listed(client, 2)
        state = await client.state()
    assert edited.delivery is DeliveryState.SENT
    assert (state.forwarding, state.deliveries.off) == (False, 1)
    assert [event["properties"]["$insert_id"] for event in mixpanel.events] == [edited.message_id]


async def test_an_edited_message_is_sent_to_another_server(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    async with (
        running_engine(engine_settings(tmp_path / "there")) as (other, there),
        on_screen(tmp_path, SENT) as (pilot, client),
    ):
        await pilot.press("e")
        await editing(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.press("u")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox))
        pilot.app.screen.query_one(Input).value = other.url
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        await pilot.press("s")
        await noted(pilot, "“Order Completed” to /v1/track: ")
        (received,) = await listed(there, 1)
        assert received.message_id == "m-1"
        assert len(await listed(client, 1)) == 1, "nothing came into this engine"


async def test_a_text_that_is_not_a_message_is_said_and_not_sent(tmp_path: Path) -> None:
    async with on_screen(tmp_path, SENT) as (pilot, client):
        await pilot.press("e")
        edit = await editing(pilot)
        edit.editor.load_text('{\n  "type": "track",\n  "event" "E"\n}')
        await until(pilot, lambda: edit.fault.display)
        assert str(edit.fault.render()).startswith("Line 3, column 11: expecting ':' delimiter")
        await pilot.press("f2")
        await noted(pilot, "This text cannot be sent")
        assert isinstance(pilot.app.screen, EditScreen)
        assert len(await listed(client, 1)) == 1


async def test_esc_ends_a_search_of_what_it_becomes_before_it_leaves(tmp_path: Path) -> None:
    async with on_screen(tmp_path, SENT) as (pilot, _):
        await pilot.press("e")
        edit = await editing(pilot)
        await pilot.press("f3", "slash", *"order", "enter")
        assert edit.mixpanel.searching
        await pilot.press("escape")
        assert not edit.mixpanel.searching
        assert pilot.app.screen is edit
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, EditScreen))


async def test_esc_drops_changes_only_after_a_question(tmp_path: Path) -> None:
    async with on_screen(tmp_path, SENT) as (pilot, client):
        await pilot.press("e")
        edit = await editing(pilot)
        await pilot.press("x", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is edit)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: not isinstance(pilot.app.screen, EditScreen | Confirm))
        await pilot.press("e")
        await editing(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, EditScreen))
        assert len(await listed(client, 1)) == 1


async def test_what_the_request_said_for_a_message_of_a_batch_is_part_of_the_text(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        import httpx

        async with httpx.AsyncClient() as http:
            body = {"batch": [SENT], "context": {"ip": "203.0.113.7"}, "writeKey": "K"}
            assert (await http.post(f"{engine.url}/v1/batch", json=body)).status_code == 200
            assert (
                await http.post(f"{engine.url}/v1/page", json={"userId": "u", "name": "Home"})
            ).status_code == 200
        batch, page = await listed(client, 2)
        from segtap.tui.model.edited_text import editable_text

        text = json.loads(editable_text(await client.detail(batch.id)))
        assert text["context"] == {"ip": "203.0.113.7"}
        assert "receivedAt" not in text
        text = json.loads(editable_text(await client.detail(page.id)))
        assert text["type"] == "page"
        assert not {"receivedAt", "timestamp", "originalTimestamp", "sentAt"} & set(text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_both_sides_can_be_seen_at_every_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async with on_screen(tmp_path, SENT, size=size) as (pilot, _):
        await pilot.press("e")
        edit = await editing(pilot)
        await until(pilot, lambda: '"event": "Order Completed"' in screen(pilot))
        await pilot.press("f3")
        await until(pilot, lambda: "distinct_id" in screen(pilot))
        assert edit.editor.display
        await pilot.press("f3")
        await until(pilot, lambda: '"event": "Order Completed"' in screen(pilot))
        assert edit.editor.has_focus


@pytest.fixture
def suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app be suspended, which a test has no terminal for."""

    @contextmanager
    def suspend(_: App[object]) -> Iterator[None]:
        yield

    monkeypatch.setattr(App, "suspend", suspend)


def editor(folder: Path, code: str) -> str:
    """Return the command of an editor that runs this code with the file's path as `file`."""
    script = folder / "editor.py"
    script.write_text(f"import pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n{code}\n", "utf-8")
    return f"{sys.executable} {script}"


@pytest.mark.usefixtures("suspended")
async def test_the_users_editor_changes_the_text_which_is_then_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = "file.write_text(file.read_text().replace('user-1', 'user-9') + chr(10))"
    check = "assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0"
    monkeypatch.setenv("VISUAL", editor(tmp_path, f"{check}\n{change}"))
    async with on_screen(tmp_path, SENT) as (pilot, _):
        await pilot.press("E")
        edit = await editing(pilot)
        assert json.loads(edit.editor.text)["userId"] == "user-9"
        assert "1 changed" in str(edit.changes.render())


@pytest.mark.usefixtures("suspended")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit(3)", "ended with 3; the text stays as it was"),
        ("pass", "The text was not changed."),
        ("file.unlink()", "cannot be used on message.json"),
    ],
)
async def test_an_editor_that_gives_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, code))
    async with on_screen(tmp_path, SENT) as (pilot, _):
        await pilot.press("E")
        await noted(pilot, said)
        assert not isinstance(pilot.app.screen, EditScreen)


@pytest.mark.usefixtures("suspended")
@pytest.mark.parametrize(
    ("command", "said"), [("", "No editor is set"), ("/no/such/editor", "cannot be used")]
)
async def test_an_editor_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    async with on_screen(tmp_path, SENT) as (pilot, _):
        await pilot.press("E")
        await noted(pilot, said)


async def test_a_message_that_cannot_be_edited_is_said(tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    async with running_engine(settings) as (engine, client):
        import httpx

        async with httpx.AsyncClient() as http:
            record = {"event": "E", "properties": {"token": "t", "distinct_id": "d"}}
            assert (
                await http.post(f"{engine.url}/track", data={"data": json.dumps(record)})
            ).status_code == 200
        await listed(client, 1)
        app = SegtapApp(client, settings, plain=False)
        async with app.run_test(size=(160, 45), notifications=True) as pilot:
            await until(pilot, lambda: app.main is not None and app.main.detail is not None)
            await pilot.press("e")
            await noted(pilot, "goes to Mixpanel verbatim")


async def test_editing_starts_with_the_value_of_the_first_error_selected(tmp_path: Path) -> None:
    wrong = {**SENT, "properties": {"total": 1}, "userId": "user-1", "messageId": "order_991"}
    async with on_screen(tmp_path, wrong) as (pilot, _):
        await pilot.press("e")
        edit = await editing(pilot)
        assert edit.editor.selected_text == "order_991"
        assert "no difference" in str(edit.changes.render())
        await pilot.press(*"abc-1")
        await until(pilot, lambda: edit.checked == edit.editor.text)
        assert "1 changed" in str(edit.changes.render())
        assert json.loads(edit.editor.text) == {**wrong, "messageId": "abc-1"}


async def test_editing_a_message_without_an_error_starts_at_its_beginning(tmp_path: Path) -> None:
    async with on_screen(tmp_path, SENT) as (pilot, _):
        await pilot.press("e")
        edit = await editing(pilot)
        assert edit.editor.selected_text == ""
        assert edit.editor.cursor_location == (0, 0)


@pytest.mark.parametrize(
    ("sent", "now", "result"),
    [
        ({}, {}, "no difference"),
        ({"timestamp": "2026-01-02T03:04:05Z"}, {"timestamp": "2026-01-02T03:04:06Z"}, "1 changed"),
        ({}, {"timestamp": "2026-01-02T03:04:05Z"}, "1 changed"),
        ({"messageId": None}, {}, "no difference"),
        ({"sentAt": "2026-01-02T03:04:05Z"}, {}, "no difference"),
        ({}, {"sentAt": "2026-01-02T03:04:05Z"}, "1 added"),
    ],
    ids=str,
)
async def test_ids_and_times_that_are_edited_count_as_changes(
    tmp_path: Path, sent: dict[str, object], now: dict[str, object], result: str
) -> None:
    message = {name: value for name, value in {**SENT, **sent}.items() if value is not None}
    async with on_screen(tmp_path, message) as (pilot, _):
        await pilot.press("e")
        edit = await editing(pilot)
        edit.editor.load_text(json.dumps({**json.loads(edit.editor.text), **now}))
        await until(pilot, lambda: edit.checked == edit.editor.text)
        assert result in str(edit.changes.render())
