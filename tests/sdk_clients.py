"""What tests with real SDKs share: a running endpoint, npm packages, and a way to run Node scripts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ingesting import Sink

from segtap.core.messages import Message
from segtap.core.pipeline.intake import parse_receipt


class Endpoint:
    """A running endpoint and what came in."""

    def __init__(self, sink: Sink, port: int) -> None:
        self.sink = sink
        self.url = f"http://127.0.0.1:{port}"

    def messages(self) -> list[Message]:
        """What was acknowledged, in order."""
        return [message for receipt in self.sink.taken for message in parse_receipt(receipt)]


async def run_command(command: list[str], folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}\n{out.decode()}\n{err.decode()}"
    return out.decode()


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other test processes out of a folder during the block; where there is no `flock`, do nothing."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        yield


def npm_installed(source: Path, folder: Path) -> Path:
    """Install the packages of `source/package.json` in `folder`, and copy the scripts beside it there."""
    with one_at_a_time(folder):
        wanted = (source / "package.json").read_text()
        stamp = folder / "installed.json"
        if not stamp.exists() or stamp.read_text() != wanted:
            (folder / "package.json").write_text(wanted)
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
            asyncio.run(run_command(command, folder))
            stamp.write_text(wanted)
        for script in source.glob("*.mjs"):
            shutil.copy(script, folder)
    return folder


class Node:
    """Runs scripts with the packages in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def evaluate(self, code: str) -> str:
        """Run the text of an ES module; gives what it printed. An unhandled rejection is a failure."""
        return await run_command(["node", "--input-type=module", "--eval", code], self.folder)

    async def run(self, script: str, *arguments: str) -> str:
        """Run to its end; gives what it printed. Fails with its words when it fails."""
        return await run_command(["node", script, *arguments], self.folder)


class Visit(NamedTuple):
    """What a page did: its requests (method, URL) to other origins, and its errors."""

    requests: list[list[str]]
    errors: list[str]


class Browser:
    """Runs scripts in a page of Chromium."""

    def __init__(self, folder: Path, chromium: str) -> None:
        self.folder = folder
        self.chromium = chromium

    async def visit(self, script: str) -> Visit:
        """Bundle and run a script until the promise that it leaves in `window.done` is kept."""
        printed = await run_command(["node", "drive.mjs", self.chromium, script], self.folder)
        return Visit(**json.loads(printed))


def nobody_listens() -> str:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
