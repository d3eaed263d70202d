"""Copying: which road is taken, and what is told of it."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from pane_host import Host
from textual.widgets import Static

from segtap.tui import clipboard
from segtap.tui.clipboard import copy, osc52, tools


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for long texts."""
    monkeypatch.setattr(clipboard, "folder", lambda: tmp_path / "copies")
    return tmp_path / "copies"


def tool(folder: Path, name: str, *, status: int = 0) -> Path:
    """A stand-in for a clipboard program that keeps what it is given."""
    program = folder / name
    program.write_text(f"#!/bin/sh\ncat > {folder}/copied\nexit {status}\n")
    program.chmod(0o755)
    return folder / "copied"


async def copied(text: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What is told, and what the terminal got."""
    written: list[str] = []
    app = Host(Static())
    async with app.run_test():
        driver = app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        told = copy(app, text, environ=environ)
        monkeypatch.undo()
    return told, "".join(written)


def test_the_sequence_carries_the_text_as_base64() -> None:
    assert osc52("né".encode()) == f"\x1b]52;c;{base64.b64encode('né'.encode()).decode()}\a"


def test_in_tmux_it_is_wrapped_as_well_with_every_escape_doubled() -> None:
    plain, wrapped = osc52(b"x", tmux=True).split("\x1bPtmux;")
    assert plain == osc52(b"x")
    assert wrapped == osc52(b"x").replace("\x1b", "\x1b\x1b") + "\x1b\\"


async def test_from_afar_only_the_terminal_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tool(tmp_path, "xclip")
    environ = {"SSH_CONNECTION": "1", "DISPLAY": ":0", "PATH": str(tmp_path), "TERM": "xterm-256color"}
    told, written = await copied("secret sauce", environ, monkeypatch)
    assert told == "sent to the terminal's clipboard (OSC 52)"
    assert osc52(b"secret sauce") in written
    assert not kept.exists()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
async def test_at_home_a_tool_of_the_desktop_takes_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tool(tmp_path, "xclip")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    told, written = await copied("né", {"DISPLAY": ":0", "PATH": os.environ["PATH"]}, monkeypatch)
    assert told == "on the clipboard, with xclip"
    assert osc52("né".encode()) in written
    assert kept.read_text("utf-8") == "né"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
async def test_a_tool_that_fails_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path, "wl-copy", status=1)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    environ = {"WAYLAND_DISPLAY": "wayland-0", "PATH": os.environ["PATH"]}
    told, written = await copied("x", environ, monkeypatch)
    assert told == "sent to the terminal's clipboard (OSC 52)"
    assert osc52(b"x") in written


def fake_tmux(folder: Path, *, features: str = "bpaste,clipboard,focus", oldest: bool = False) -> Path:
    """A stand-in for tmux that keeps what it is given; the oldest does not know -w."""
    program = folder / "tmux"
    program.write_text(
        "#!/bin/sh\n"
        f'case "$1 $2" in\n"load-buffer -w") {"exit 1" if oldest else f"cat > {folder}/copied"};;\n'
        f'"load-buffer -") cat > {folder}/copied;;\n'
        f'"display-message -p") echo "{features}";;\nesac\n'
    )
    program.chmod(0o755)
    return folder / "copied"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "sent by tmux to the terminal's clipboard, and in tmux's own buffer"),
        (
            {"features": "bpaste,focus"},
            "in tmux's buffer (its prefix and ] paste it); its terminal has no clipboard that tmux knows of",
        ),
        ({"oldest": True}, "in tmux's buffer (its prefix and ] paste it)"),
    ],
    ids=["clipboard", "none", "old tmux"],
)
@pytest.mark.parametrize("length", [1, 100_000])
async def test_in_tmux_its_own_command_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str, length: int
) -> None:
    kept = fake_tmux(tmp_path, **options)
    environ = {"TMUX": "/tmp/t,1,0", "PATH": f"{tmp_path}:{os.environ['PATH']}", "TERM": "tmux-256color"}
    told, written = await copied("é" * length, environ, monkeypatch)
    assert told == words
    assert kept.read_text("utf-8") == "é" * length
    assert "52;" not in written, "tmux ignores it by default"


@pytest.mark.parametrize(
    ("environ", "osc"),
    [
        ({"TMUX": "/nowhere,1,0", "TERM": "tmux-256color", "PATH": ""}, True),
        ({"TERM": "screen-256color"}, True),
        ({"TERM": "linux"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal", "SSH_TTY": "/dev/pts/1"}, False),
    ],
    ids=["tmux does not answer", "tmux on another machine", "console", "no clipboard"],
)
async def test_where_the_clipboard_is_not_sure_a_file_has_it(
    state: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], osc: bool
) -> None:
    told, written = await copied("kept", environ, monkeypatch)
    (path,) = map(state.joinpath, os.listdir(state))
    assert told.endswith(f", so it is in {path}")
    assert path.read_text() == "kept"
    assert ("]52;" in written) == osc


async def test_what_is_too_long_goes_to_a_file_that_only_its_owner_reads(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, written = await copied("é" * 40_000, {}, monkeypatch)
    (path,) = map(state.joinpath, os.listdir(state))
    assert told == f"78.1 KB is too much for a terminal's clipboard, so it is in {path}"
    assert path.read_text("utf-8") == "é" * 40_000
    assert "]52;" not in written
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_no_file_can_be_written_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(clipboard, "folder", lambda: blocked)
    monkeypatch.setattr(clipboard.tempfile, "gettempdir", lambda: str(blocked))
    app = Host(Static())
    async with app.run_test():
        assert copy(app, "x" * 100_000, environ={}).startswith("nothing was copied.")


@pytest.mark.parametrize(
    ("platform", "environ", "name"),
    [
        ("darwin", {}, "pbcopy"),
        ("win32", {}, "clip.exe"),
        ("linux", {"WSL_DISTRO_NAME": "Ubuntu"}, "clip.exe"),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "wl-copy"),
        ("linux", {"DISPLAY": ":0"}, "xclip"),
        ("linux", {}, None),
    ],
)
def test_the_tool_of_each_desktop(
    tmp_path: Path, platform: str, environ: dict[str, str], name: str | None
) -> None:
    for program in ("pbcopy", "clip.exe", "wl-copy", "xclip"):
        tool(tmp_path, program)
    found = [tool.name for tool in tools({**environ, "PATH": str(tmp_path)}, platform)]
    assert found[:1] == ([] if name is None else [name])
