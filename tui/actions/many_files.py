"""Take many messages out of segtap: into a file, as a scenario, or onto the clipboard."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from ...core.commands import bulk
from ...core.errors import InputError
from ...core.private_files import replace
from ...core.text import size
from .context import Context, ask, ask_for
from .many_run import These, run

FILE = "segtap-export.jsonl"
SCENARIO = "scenario"
MOST_COPIED = 10_000
"""Messages that are copied at most: a clipboard is not a file."""
MOST_RECORDED = 10_000
"""Messages of a scenario at most: `segtap record` writes larger ones."""


async def export(on: Context, these: These) -> None:
    """Ask for a file, and write the messages to it as `segtap export` does."""
    about = f"Write {these.what} to a file, one a line, as segtap export does."
    name = await ask_for(on, "Export", about, FILE, "a file")
    if not name:
        return
    path, exists = _path(name)
    if exists and not await ask(
        on, f"{path} exists. Replace it by {these.what}?", yes="Replace it", no="Keep it"
    ):
        return
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        on.notify(f"{path} cannot be written: {error.strerror or error}.", severity="error")
        return
    with file:
        await run(
            on,
            these,
            "Exporting",
            f"exported to {path}",
            lambda lines, progress: bulk.export(on.viewer, lines, progress, file.write),
        )


async def record(on: Context, these: These) -> None:
    """Ask for a name, and write the messages and their requests as `segtap record` does."""
    if these.count > MOST_RECORDED:
        on.notify(
            f"{these.count:,} messages are too many: at most {MOST_RECORDED:,} are recorded here. segtap"
            " record has no limit.",
            severity="warning",
        )
        return
    about = (
        f"Write {these.what} and their requests to NAME.jsonl. Later, segtap replay NAME.jsonl --expect says"
        " what has changed."
    )
    name = await ask_for(on, "Record scenario", about, SCENARIO, "a name")
    if not name:
        return
    path, exists = _path(name if name.endswith(".jsonl") else f"{name}.jsonl")
    if exists and not await ask(
        on, f"{path} exists. Replace it by {these.what}?", yes="Replace it", no="Keep it"
    ):
        return
    await run(
        on,
        these,
        "Recording",
        f"recorded in {path.resolve()}",
        lambda lines, progress: bulk.record(on.viewer, lines, progress, partial(_replace, path)),
    )


def _replace(path: Path, data: bytes) -> None:
    try:
        replace(path.resolve(), data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None


def _path(name: str) -> tuple[Path, bool]:
    """Return the path that was typed, and whether there is a file."""
    path = Path(name).expanduser()
    return path, path.exists()


async def copy_lines(on: Context, these: These) -> None:
    """Copy the messages, one a line."""
    from ..clipboard import copy

    if these.count > MOST_COPIED:
        on.notify(
            f"{these.count:,} messages are too many to copy: at most {MOST_COPIED:,} are. Export them.",
            severity="warning",
        )
        return
    lines: list[bytes] = []
    progress = await run(
        on,
        these,
        "Reading",
        "read",
        lambda found, progress: bulk.export(on.viewer, found, progress, lines.append),
    )
    if progress.stopped or not lines:
        return
    text = b"".join(lines)
    route = copy(on.whole_app, text.decode("utf-8", "replace"))
    on.notify(f"Copied {len(lines):,} messages, {size(len(text))}, as JSON lines: {route}")
