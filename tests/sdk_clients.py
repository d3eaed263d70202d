"""What tests with real SDKs share: a running endpoint, npm packages, and a way to run Node scripts."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

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


class Visit:
    """What pages did, known once the browser is closed.

    `requests` are those to other origins (method, URL, body), as the browser reports them: none of a page
    that closes. `posted` is what pages of scripts posted, in order, those that close as well: URL, body, and
    whether the browser was online. `errors` is what the console says.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.posted: list[tuple[str, str, bool]] = []
        self.errors: list[str] = []

    def bodies(self, url: str) -> list[bytes]:
        """The bodies of what was posted to URLs that begin so, in order."""
        return [
            body for method, sent_to, body in self.requests if method == "POST" and sent_to.startswith(url)
        ]


class Browser:
    """Runs scripts in pages of Chromium. One browser serves all visits, each in a profile of its own."""

    def __init__(self, folder: Path, chromium: str) -> None:
        self.folder = folder
        self.chromium = chromium
        self._command = ["node", "play.mjs", chromium]
        self._process: subprocess.Popen[bytes] | None = None

    async def visit(self, script: str) -> Visit:
        """Bundle and run a script until the promise that it leaves in `window.done` is kept."""
        async with self.play([{"open": script}, {"run": "window.done"}, {"idle": True}]) as visit:
            pass
        return visit

    @contextlib.asynccontextmanager
    async def play(self, acts: list[dict[str, Any]]) -> AsyncIterator[Visit]:
        """Play the acts, which play.mjs explains; the profile stays open within the block."""
        visit = Visit()
        done = await self._ask(acts)
        assert "error" not in done, done["error"]
        try:
            yield visit
        finally:
            found = await self._ask(None)
            visit.requests = [
                (method, url, base64.b64decode(body)) for method, url, body in found["requests"]
            ]
            visit.posted = [(url, body, online) for url, body, online in found["posted"]]
            visit.errors = found["errors"]

    async def _ask(self, line: Any) -> dict[str, Any]:
        """Give the browser's process a line, starting it if it does not run, and return its answer."""
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._command, cwd=self.folder, stdin=pipe, stdout=pipe)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()
        try:
            answer = await asyncio.to_thread(self._process.stdout.readline)
        except BaseException:
            self.close(kill=True)  # what it would answer belongs to no later question
            raise
        assert answer, "the browser's process has ended"
        return json.loads(answer)

    def close(self, *, kill: bool = False) -> None:
        """End the browser."""
        if self._process is not None:
            with self._process as process:
                if kill:
                    process.kill()
            self._process = None


def nobody_listens() -> str:
    """An address where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
