"""Processes that a test starts: none outlives its test, whatever happens."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

PATIENCE = 30.0
"""Seconds that a process has to end when it is asked to."""


@contextlib.contextmanager
def running(command: Sequence[str], *, text: bool = True) -> Iterator[subprocess.Popen[Any]]:
    """Run a command during the block, with pipes for its output; end it after that, by force if needed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.communicate(timeout=PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
