"""What tests with real SDKs share: a running endpoint, and a way to run Node scripts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ingesting import Sink

from segtap.core.ingest.parse import parse_receipt
from segtap.core.messages import Message


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


class Node:
    """Runs the scripts of `node/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def run(self, script: str, *arguments: str) -> str:
        """Run to its end; gives what it printed. Fails with its words when it fails."""
        return await run_command(["node", script, *arguments], self.folder)
