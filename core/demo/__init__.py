"""Believable traffic for those who have no SDK at hand, sent by Segment's own Python client.

The client runs in a process of its own: it is a stranger to the engine, as any SDK is.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from ..child_environment import HTTP_NAMES, plain_environment
from ..errors import EngineError

INSTALL_HINT = "The demo sends with Segment's Python client. Install it: pip install 'segtap[demo]'"


def start_demo(
    url: str, *, rate: float = 4.0, count: int | None = None, quiet: bool = False
) -> subprocess.Popen[bytes]:
    """Start the demo's process: `rate` messages a second into `url`, `count` in all or without end.

    With `quiet` its output is thrown away (a screen is in front). It ends when its standard input closes,
    so it never outlives the caller. Raises EngineError when the client is not installed.
    """
    if importlib.util.find_spec("segment") is None:
        raise EngineError(INSTALL_HINT, title="The demo cannot start")
    command = [sys.executable, "-P", "-m", "segtap.core.demo", "--url", url, "--rate", str(rate)]
    if count is not None:
        command += ["--count", str(count)]
    output = subprocess.DEVNULL if quiet else None
    environment = plain_environment(HTTP_NAMES)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment)
