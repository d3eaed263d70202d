"""Which engines run here: one private file for each, so that attach, tail and replay find URL and token."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from .. import private_files
from ..errors import EngineError
from ..state_folder import make_folder, state_folder
from .ports import is_loopback

logger = logging.getLogger(__name__)

FOLDER = "engines"

EngineKind = Literal["screen", "tail", "forward", "proxy", "engine", "embedded"]
"""What runs an engine: the command of that name, a process of its own, or another program within itself."""


class EngineNote(msgspec.Struct, frozen=True, kw_only=True):
    """The way to reach a running engine. `journal` is its file's path, or "" for a throw-away one.

    `owner` is the process that started the engine as a child of its own and starts another if it dies; 0:
    none.
    """

    pid: int
    url: str
    urls: tuple[str, ...]
    token: str
    version: str
    journal: str = ""
    kind: EngineKind = "engine"
    owner: int = 0

    def __repr__(self) -> str:
        return f"EngineNote(pid={self.pid}, url={self.url!r}, journal={self.journal!r})"


def folder() -> Path:
    """Return where the notes lie: `engines/` in the user's state folder."""
    return state_folder() / FOLDER


def note_path(note: EngineNote) -> Path:
    """Return the file that holds the note."""
    return folder() / f"{note.pid}-{urlsplit(note.url).port}.json"


def write_note(note: EngineNote) -> Path:
    """Keep the note, readable by its owner only; returns its file. Raises EngineError."""
    path = note_path(note)
    try:
        make_folder(state_folder().resolve())
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        private_files.create(path, msgspec.json.encode(note))
    except OSError as error:
        raise EngineError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def remove_note(path: Path) -> None:
    """Forget an engine that stopped."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s cannot be removed: %s", path, error)


def running() -> list[EngineNote]:
    """Return all engines of this user that run, newest first. Notes of ended processes are removed."""
    return running_and_ended()[0]


def running_and_ended() -> tuple[list[EngineNote], list[EngineNote]]:
    """Return all engines of this user that run, newest first, and those that ended without removing their
    notes, which are removed.
    """
    found: list[tuple[float, EngineNote]] = []
    ended: list[EngineNote] = []
    try:
        files = list(folder().glob("*.json"))
    except OSError:
        return [], []
    for path in files:
        try:
            note = msgspec.json.decode(path.read_bytes(), type=EngineNote)
            written = path.stat().st_mtime
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            logger.debug("%s is not the note of an engine: %s", path, error)
            continue
        if runs(note.pid):
            found.append((written, note))
        else:
            remove_note(path)
            ended.append(note)
    return [note for _, note in sorted(found, key=lambda pair: pair[0], reverse=True)], ended


def note_of(url: str) -> EngineNote:
    """Return the note of the engine that listens at the URL. Raises EngineError, which lists the others."""
    notes, wanted = running(), _place(url)
    for note in notes:
        if wanted in {_place(known) for known in note.urls}:
            return note
    raise EngineError(f"No segtap of this user listens at {url}. {_instead(notes)}")


def find_engine(url: str = "", *, journal: str = "") -> tuple[str, str]:
    """Return URL and token of a running engine: at `url`, else with that journal file, else the newest one.

    Raises EngineError, which lists what is running instead.
    """
    if url:
        note, wanted = note_of(url), _place(url)
        return next(known for known in note.urls if _place(known) == wanted), note.token
    notes = running()
    if journal:
        match = [note for note in notes if note.journal == journal]
        if not match:
            raise EngineError(f"No segtap runs on {journal}. {_instead(notes)}")
        return match[0].url, match[0].token
    if not notes:
        raise EngineError(f"No segtap is running. {_instead(notes)}")
    return notes[0].url, notes[0].token


def same_place(one: str, other: str) -> bool:
    """Return whether two URLs name the same endpoint; every loopback name of this machine is one host."""
    return _place(one) == _place(other)


def _instead(notes: list[EngineNote]) -> str:
    if not notes:
        return "Start one with: segtap"
    return f"Running: {', '.join(note.url for note in notes)}."


def _place(url: str) -> tuple[str, int]:
    """Return host and port to compare by; every name of this machine is the same host."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
    host = (parts.hostname or "").lower()
    local = host == "localhost" or is_loopback(host)
    return ("localhost" if local else host), port or (443 if parts.scheme == "https" else 80)


def runs(pid: int) -> bool:
    """Return whether a process runs; on Windows always True."""
    if sys.platform == "win32":
        # There os.kill(pid, 0) ends the process; a stale note is found out by connecting.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
