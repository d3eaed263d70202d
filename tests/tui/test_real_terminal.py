"""Bare `segtap` as a user runs it: a terminal, its own engine, traffic, keys, an end, and a second start."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
from pathlib import Path

import httpx
import pytest

pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

from terminals import Terminal, in_terminal

from segtap.core.stores.sqlite.schema import APPLICATION_ID

pytestmark = pytest.mark.terminal

FIRST_START = r"Listening on (http://127\.0\.0\.1:\d+)"


def send(url: str, event: str) -> None:
    body = {"writeKey": "k", "event": event, "userId": "user-7", "messageId": event.replace(" ", "-")}
    httpx.post(f"{url}/v1/track", json=body, trust_env=False).raise_for_status()


def asked(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True).stdout


def quit_of(terminal: Terminal) -> None:
    terminal.type("q")
    terminal.wait_for_end()
    assert b"\x1b[?1049l" in terminal.raw, "the terminal is given back"
    assert "Traceback" not in terminal.drawn


@pytest.mark.parametrize("size", [(20, 10), (80, 24), (200, 60)])
def test_start_traffic_quit_and_start_again(tmp_path: Path, size: tuple[int, int]) -> None:
    with in_terminal("--port", "0", folder=tmp_path, size=size) as terminal:
        # At 20 columns the address is broken over two lines, so the engine's own note is asked for it.
        terminal.wait_for("Point an SDK")
        url = (
            "http://127.0.0.1:"
            + next((tmp_path / "state" / "segtap" / "engines").iterdir()).stem.split("-")[1]
        )
        if size[0] >= 80:
            assert terminal.wait_for(FIRST_START)[1] == url
        send(url, "Signed Up")
        terminal.wait_for("Signed Up")
        quit_of(terminal)
        with pytest.raises(httpx.ConnectError):
            send(url, "Too late")
    with in_terminal("--port", "0", folder=tmp_path, size=size) as terminal:
        terminal.wait_for("Signed Up")
        assert "Point an SDK" not in terminal.drawn, "what came before is still there"
        quit_of(terminal)


def test_keys_typed_at_once_filter(tmp_path: Path) -> None:
    with in_terminal("--port", "0", "--ephemeral", folder=tmp_path, size=(120, 40)) as terminal:
        url = terminal.wait_for(FIRST_START)[1]
        for event in ("Order Placed", "Cart Viewed", "Order Shipped"):
            send(url, event)
        terminal.wait_for("3 received")
        since = len(terminal.raw)
        terminal.type("/order\r")
        terminal.wait_for(r"2 of 3", since=since)
        since = len(terminal.raw)
        terminal.type("\x1b")
        terminal.wait_for("Cart Viewed", since=since)  # Esc and a key right behind it would be another key
        quit_of(terminal)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("xterm-256color", "Copied the Segment pane: sent by tmux to"),
        ("vt100", "Copied the Segment pane: in tmux's buffer"),
    ],
)
def test_copying_in_tmux_as_it_is_by_default(tmp_path: Path, term: str, words: str) -> None:
    server = ("tmux", "-S", str(tmp_path / "tmux"), "-f", os.devnull)
    try:
        with in_terminal(
            *("--port", "0", "--ephemeral"),
            folder=tmp_path,
            size=(160, 40),
            environ={"TERM": term, "COLORTERM": ""},
            within=(*server, "-u", "new-session"),
        ) as terminal:
            url = terminal.wait_for(FIRST_START)[1]
            send(url, "Signed Up")
            for keys, shown in (("", '"user-7"'), ("c", words)):  # the message's pane first
                terminal.type(keys)
                terminal.until(lambda: shown in asked(*server, "capture-pane", "-p").decode(), shown)  # noqa: B023
            buffer = asked(*server, "show-buffer")
            assert json.loads(buffer)["event"] == "Signed Up"
            terminal.type("q")
            terminal.wait_for_end()  # all that tmux sent to the terminal was read
            copied = re.findall(rb"\x1b\]52;[^;]*;([A-Za-z0-9+/=]*)", terminal.raw)
            assert [base64.b64decode(text) for text in copied] == ([buffer] if term != "vt100" else [])
    finally:
        subprocess.run([*server, "kill-server"], capture_output=True, check=False)


@pytest.mark.parametrize(
    "environ", [{"TERM": "dumb"}, {"LC_ALL": "C", "LANG": "C"}, {"TERM": "vt100"}], ids=["dumb", "C", "vt100"]
)
def test_a_terminal_without_unicode_gets_ascii(tmp_path: Path, environ: dict[str, str]) -> None:
    with in_terminal(
        "--port", "0", "--ephemeral", folder=tmp_path, size=(120, 40), environ={"PYTHONUTF8": "0", **environ}
    ) as terminal:
        url = terminal.wait_for(FIRST_START)[1]
        send(url, "Größe gewählt 🛒")
        terminal.wait_for(r"Gr\?\?e gew\?hlt \?")
        for number in range(30):
            send(url, f"Event {number}")
        terminal.wait_for(r"Event 29")  # the list has a scrollbar now
        terminal.type("r")
        terminal.wait_for("Replayed")
        terminal.type("?")
        terminal.wait_for("Find a key, a word")
        since = len(terminal.raw)
        terminal.type("\x1b")
        terminal.wait_for("Event 28", since=since)  # the notification has Event 29
        since = len(terminal.raw)
        terminal.type("\x10")
        terminal.wait_for("All marked: replay now", since=since)  # in the palette of commands
        terminal.process.terminate()
        terminal.wait_for_end()
        assert terminal.raw.isascii()
        assert "\\u" not in terminal.drawn, "nothing is left to the stream to write as an escape"


def given_back(terminal: Terminal) -> None:
    """The terminal is as it was before the screen, with the cursor, without the mouse and with its title."""
    for name, on, off in (
        ("alternate screen", b"\x1b[?1049h", b"\x1b[?1049l"),
        ("mouse", b"\x1b[?1000h", b"\x1b[?1000l"),
        ("cursor", b"\x1b[?25l", b"\x1b[?25h"),
        ("keys", b"\x1b[>", b"\x1b[<u"),
    ):
        assert terminal.raw.rfind(on) < terminal.raw.rfind(off), name


def test_a_taken_port_is_asked_about_in_the_terminal_as_it_was(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with in_terminal("--port", str(port), "--ephemeral", folder=tmp_path, size=(120, 40)) as terminal:
            terminal.wait_for(rf"segtap: Port {port} on 127\.0\.0\.1 is taken")
            terminal.wait_for(r"Listen on \d+ instead\? \[Y/n\]")
            given_back(terminal)
            terminal.type("n\r")
            terminal.wait_for_end(130)
        with in_terminal("--port", str(port), "--ephemeral", folder=tmp_path, size=(120, 40)) as terminal:
            other = terminal.wait_for(r"Listen on (\d+) instead\? \[Y/n\]")[1]
            terminal.type("\r")
            terminal.wait_for(rf"Listening on http://127\.0\.0\.1:{other},")
            quit_of(terminal)


def test_the_mouse_can_be_left_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "segtap.toml").write_text("[screen]\nmouse = false\n")
    with in_terminal("--port", "0", "--ephemeral", folder=tmp_path, size=(120, 40)) as terminal:
        terminal.wait_for(FIRST_START)
        quit_of(terminal)
        assert b"\x1b[?1000h" not in terminal.raw


def test_an_engine_that_cannot_start_ends_the_screen(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with contextlib.closing(sqlite3.connect(journal)) as db:
        db.execute("PRAGMA user_version = 9999")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    before = journal.read_bytes()
    with in_terminal("--port", "0", "--journal", str(journal), folder=tmp_path, size=(120, 40)) as terminal:
        terminal.wait_for(r"segtap  ● starting …")
        terminal.wait_for_end(2)
        given_back(terminal)
        last = terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()
        assert "segtap: " in last
        assert "newer segtap" in last
        assert "Traceback" not in terminal.drawn
    assert journal.read_bytes() == before


def test_what_is_typed_before_anything_is_drawn_counts(tmp_path: Path) -> None:
    with in_terminal("--port", "0", "--ephemeral", folder=tmp_path, size=(120, 40)) as terminal:
        terminal.type("/signed")
        url = terminal.wait_for(r"● (http://127\.0\.0\.1:\d+) ")[1]
        since = len(terminal.raw)
        for event in ("Order Placed", "Signed Up"):
            send(url, event)
        terminal.wait_for("1 of 2", since=since)
        terminal.process.terminate()
        terminal.wait_for_end()


def test_quitting_before_the_engine_answers(tmp_path: Path) -> None:
    with in_terminal("--port", "0", "--ephemeral", folder=tmp_path, size=(120, 40)) as terminal:
        terminal.wait_for(r"segtap  ● starting …")
        quit_of(terminal)
        given_back(terminal)
        assert not list((tmp_path / "state" / "segtap" / "engines").glob("*.json"))
