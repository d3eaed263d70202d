"""The bell and notifications of the desktop: which bytes go to which terminal, and when."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fake_viewer import FakeViewer, story, until

from segtap.core.settings import NotifyKind, ScreenSettings, Settings
from segtap.tui import notification
from segtap.tui.app import SegtapApp
from segtap.tui.notification import call, understood

KITTY = "\x1b]99;i=segtap:d=0;segtap\x1b\\\x1b]99;i=segtap:p=body;2 messages\x1b\\"


@pytest.mark.parametrize(
    ("environ", "sequence"),
    [
        ({"TERM": "xterm-kitty"}, "99"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "9"),
        ({"TERM": "xterm-ghostty"}, "9"),
        ({"TERM": "foot"}, "777"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "777"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"}, "777"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, ""),
        ({"TERM": "linux"}, ""),
        ({"TERM": "screen", "VTE_VERSION": "7600"}, ""),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x", "KITTY_WINDOW_ID": "1"}, "99"),
        ({}, ""),
    ],
)
def test_a_terminal_gets_the_sequence_that_it_understands(environ: Mapping[str, str], sequence: str) -> None:
    assert understood(environ) == sequence


@pytest.mark.parametrize(
    ("kind", "environ", "written", "bells"),
    [
        ("off", {"TERM": "xterm-kitty"}, "", 0),
        ("bell", {"TERM": "xterm-kitty"}, "", 1),
        ("desktop", {"TERM": "xterm-kitty"}, KITTY, 0),
        ("desktop", {"TERM_PROGRAM": "WezTerm"}, "\x1b]9;segtap: 2 messages\x1b\\", 0),
        ("desktop", {"TERM": "foot"}, "\x1b]777;notify;segtap;2 messages\x1b\\", 0),
        ("desktop", {"TERM": "linux"}, "", 1),
        (
            "desktop",
            {"TERM": "tmux-256color", "TMUX": "/tmp/x", "TERM_PROGRAM": "tmux", "VTE_VERSION": "7600"},
            "\x1bPtmux;\x1b\x1b]777;notify;segtap;2 messages\x1b\x1b\\\x1b\\",
            1,
        ),
        ("desktop", {"TERM": "tmux-256color", "TMUX": "/tmp/x"}, "", 1),
    ],
)
async def test_what_is_written(
    kind: NotifyKind,
    environ: Mapping[str, str],
    written: str,
    bells: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = SegtapApp(FakeViewer(story(3)), Settings(), plain=False)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.main is not None and app.main.state is not None)
        sent, rung = list[str](), list[int]()
        driver = app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", sent.append)
        monkeypatch.setattr(app, "bell", lambda: rung.append(1))
        call(app, kind, "2 messages", environ=environ)  # type: ignore[arg-type]
        assert ("".join(sent), len(rung)) == (written, bells)


def test_text_cannot_end_the_sequence() -> None:
    made = notification.notification("777", "a;b\x1b\\\a\x9cc")
    assert made.count("\x1b") == 2
    assert "\a" not in made
    assert "\x9c" not in made
    assert made.startswith("\x1b]777;notify;segtap;a,b")


@pytest.mark.parametrize("kind", ["bell", "off"])
async def test_the_first_error_rings_and_a_key_arms_it_again(
    kind: NotifyKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = FakeViewer(story(3), errors=4)
    settings = Settings(screen=ScreenSettings(notify=kind))
    now = [100.0]
    app = SegtapApp(viewer, settings, plain=False, clock=lambda: now[0])
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.main is not None and app.main.state is not None)
        rung = list[int]()
        monkeypatch.setattr(app, "bell", lambda: rung.append(1))
        main = app.main
        assert main is not None

        async def errors(count: int) -> None:
            viewer.know(errors=count)
            await until(pilot, lambda: main.state is not None and main.state.errors == count)

        await errors(5)
        await errors(6)
        now[0] += 100
        await errors(7)
        assert len(rung) == (kind == "bell"), "once for three, as nobody looked"
        await pilot.press("down")
        await errors(8)
        assert len(rung) == 2 * (kind == "bell")
