"""The engines of this user on this machine: which there are, how they stand, and how to end one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ..api.client import Client
from ..api.models import EngineState
from ..errors import EngineError, SegtapError
from ..serve.notes import EngineNote, running_and_ended, runs

ANSWER_TIMEOUT = 5.0
END_TIMEOUT = 20.0
"""Seconds that an engine has to answer, and to end."""
_POLL = 0.02


class RunningEngineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A running engine, for a list. `journal` is "" for a throw-away one; `since` is in milliseconds.

    `forwarding` is `on`, `off`, `halted` or `dry run`.
    """

    url: str
    port: int
    pid: int
    kind: str
    forwarding: str
    version: str
    since: int
    journal: str


def forwarding_of(state: EngineState) -> str:
    """Return how an engine's forwarding stands: `on`, `off`, `halted` or `dry run`."""
    if not state.forwarding:
        return "off"
    return "dry run" if state.dry_run else "halted" if state.halted else "on"


async def list_engines() -> tuple[list[RunningEngineRow], list[str]]:
    """Return the engines that answer, newest first, and a sentence for each that does not."""
    notes, ended = running_and_ended()
    words = [
        f"{note.url} is not listed: process {note.pid} ended without removing its note, which is removed now."
        for note in ended
    ]
    rows: list[RunningEngineRow] = []
    for note, state in zip(notes, await asyncio.gather(*map(_state_or_fault, notes)), strict=True):
        if isinstance(state, EngineState):
            rows.append(_row(note, state))
        else:
            words.append(f"{note.url} is not listed: {state}")
    return rows, words


def engine_to_stop(notes: list[EngineNote]) -> EngineNote:
    """Return the only engine that runs. Raises EngineError if there is none, or more than one."""
    if not notes:
        raise EngineError("No segtap is running.")
    if len(notes) > 1:
        urls = ", ".join(note.url for note in notes)
        raise EngineError(f"{len(notes)} engines run. Name the one to stop: {urls}.")
    return notes[0]


async def state_of(note: EngineNote) -> EngineState:
    """Return the state of an engine after checking that it is the one of the note. Raises EngineError."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT), Client(note.url, note.token) as client:
            state = await client.state()
    except TimeoutError:
        raise EngineError(f"process {note.pid} does not answer at {note.url}.") from None
    if state.pid != note.pid:
        raise EngineError(f"process {state.pid} listens there, not {note.pid}.")
    return state


def waiting_and_lost(state: EngineState) -> int:
    """Return how many messages still have to be forwarded and would be lost if the engine ended now.

    A dry run forwards none.
    """
    loses = state.ephemeral and state.forwarding and not state.dry_run
    return state.deliveries.waiting if loses else 0


async def stop_engine(note: EngineNote) -> None:
    """Ask the engine to end, and wait until it has. Raises EngineError if it cannot be asked, or goes on.

    An engine of a screen or of `segtap tail` ends with the command that started it, which would else start
    another one.
    """
    if sys.platform == "win32":
        raise EngineError("Windows cannot ask a process to end cleanly. Quit its screen, else press Ctrl-C.")
    if note.kind == "embedded":
        raise EngineError(
            f"The engine at {note.url} is part of process {note.pid}, another program. End that."
        )
    target = note.owner if note.kind in ("screen", "tail") and note.owner else note.pid
    try:
        os.kill(target, signal.SIGTERM)
    except OSError as error:
        raise EngineError(f"Process {target} cannot be asked to end: {error.strerror}.") from error
    try:
        async with asyncio.timeout(END_TIMEOUT):
            while _still_runs(note.pid):  # noqa: ASYNC110 – nothing tells when another program's process ends
                await asyncio.sleep(_POLL)
    except TimeoutError:
        raise EngineError(
            f"Process {note.pid} was asked to end and is still finishing; segtap ps shows whether it has."
        ) from None


async def _state_or_fault(note: EngineNote) -> EngineState | str:
    try:
        return await state_of(note)
    except SegtapError as error:
        return str(error)


def _row(note: EngineNote, state: EngineState) -> RunningEngineRow:
    return RunningEngineRow(
        url=note.url,
        port=urlsplit(note.url).port or 0,
        pid=note.pid,
        kind=note.kind,
        forwarding=forwarding_of(state),
        version=state.version,
        since=state.started_at,
        journal="" if state.ephemeral else state.journal,
    )


def _still_runs(pid: int) -> bool:
    """Return whether a process runs. One that has ended and whose parent has not noticed does not."""
    if not runs(pid):
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return runs(pid)  # no such file system here, or it ended just now
    return status.rpartition(")")[2].split()[0] != "Z"
