"""Calls the reader outside of the screen: the terminal's bell, or a notification of the desktop.

A notification is a sequence that the terminal itself understands, so it also works over ssh. Which one
differs: OSC 99 is kitty's, OSC 9 that of iTerm2, WezTerm and Ghostty, OSC 777 that of foot, urxvt, Konsole
and terminals made with VTE. Others get the bell, and so does tmux beside the sequence, for it hands that on
only with `allow-passthrough on`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from textual.app import App

from ..core.settings import NotifyKind
from ..core.text import clean

BELL = "\a"
TITLE = "segtap"
Sequence = Literal["99", "9", "777", ""]


def call(app: App[object], kind: NotifyKind, text: str, *, environ: Mapping[str, str] | None = None) -> None:
    """Call the reader, as the settings say."""
    if kind == "off":
        return
    environ = os.environ if environ is None else environ
    sequence = understood(environ) if kind == "desktop" else ""
    tmux = "TMUX" in environ
    driver = app._driver  # pyright: ignore[reportPrivateUsage] – Textual writes nothing but a bell
    if sequence and driver is not None:
        driver.write(notification(sequence, text, tmux=tmux))
    if not sequence or tmux:
        app.bell()


def understood(environ: Mapping[str, str]) -> Sequence:
    """Return the number of the sequence that the terminal understands, judging by its name; "" if none."""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if term.startswith("screen") and "TMUX" not in environ:
        return ""
    if "KITTY_WINDOW_ID" in environ or term == "xterm-kitty":
        return "99"
    if program in ("iTerm.app", "WezTerm", "ghostty") or environ.get("LC_TERMINAL") == "iTerm2":
        return "9"
    if "WEZTERM_PANE" in environ or "GHOSTTY_RESOURCES_DIR" in environ or term == "xterm-ghostty":
        return "9"
    if term.startswith(("foot", "rxvt")) or {"VTE_VERSION", "KONSOLE_VERSION"} & environ.keys():
        return "777"
    return ""


def notification(sequence: Sequence, text: str, *, tmux: bool = False) -> str:
    """Return the bytes of a notification, wrapped for tmux if it is in between."""
    text = clean(text)
    match sequence:
        case "99":
            made = f"\x1b]99;i={TITLE}:d=0;{TITLE}\x1b\\\x1b]99;i={TITLE}:p=body;{text}\x1b\\"
        case "9":
            made = f"\x1b]9;{TITLE}: {text}\x1b\\"
        case "777":
            made = f"\x1b]777;notify;{TITLE};{text.replace(';', ',')}\x1b\\"
        case "":
            return BELL
    if not tmux:
        return made
    inner = made.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{inner}\x1b\\"
