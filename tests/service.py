"""`segtap forward` as a service runs it, beside a Mixpanel that accepts everything: for measuring.

Linux only: memory and CPU are read from /proc.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from measured import family

SERVER = Path(__file__).parent / "counting_server.py"
PATIENCE = 60.0
"""Seconds for a service to start, and to stop."""


@dataclass
class Service:
    """A running `segtap forward`."""

    process: subprocess.Popen[bytes]
    url: str
    journal: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def metrics(self) -> dict[str, float]:
        """Return the metrics that have no labels, by name."""
        with urllib.request.urlopen(f"{self.url}/_segtap/metrics", timeout=30) as answer:
            lines = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
        return {words[0]: float(words[1]) for words in lines if "{" not in words[0]}

    def resident(self) -> tuple[int, int]:
        """Return the bytes in memory of the engine, and of its workers together."""
        sizes = [_resident(pid) for pid in family(self.process.pid)]
        return sizes[0], sum(sizes[1:])

    def disk(self) -> int:
        """Return the bytes of the journal with its log."""
        files = self.journal.parent.glob(f"{self.journal.name}*")
        return sum(file.stat().st_size for file in files)


@contextlib.contextmanager
def accepting() -> Iterator[str]:
    """Run a Mixpanel that accepts everything, in a process of its own; yields its URL."""
    with subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().decode().strip()}"
        finally:
            server.kill()


@contextlib.contextmanager
def service(folder: Path, mixpanel: str, *options: str, cpus: Collection[int] = ()) -> Iterator[Service]:
    """Run `segtap forward` in a folder, on some of the machine's CPUs if they are given."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / "journal.db"
    environ = {**os.environ, "MIXPANEL_TOKEN": "0" * 32, "MIXPANEL_SECRET": "s" * 32}
    environ |= dict.fromkeys(("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), str(folder))
    command = [
        *(
            sys.executable,
            "-c",
            "from segtap.tui.cli import main; main()",
            "forward",
            "--port",
            "0",
            "--journal",
            str(journal),
        ),
        *("--mixpanel-url", mixpanel, *options),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log)
    try:
        if cpus:
            os.sched_setaffinity(process.pid, cpus)
        yield Service(process, _url(folder, process), journal)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _url(folder: Path, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for note in folder.rglob("engines/*.json"):
            with contextlib.suppress(ValueError):  # it is being written
                return json.loads(note.read_text())["url"]
        time.sleep(0.05)
    raise RuntimeError(f"segtap forward does not start: {(folder / 'log').read_text()}")


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # a worker that has just ended
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024
