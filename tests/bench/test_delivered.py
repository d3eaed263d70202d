"""What a message costs from its receipt to its delivery at Mixpanel, in an engine with its workers.

The figure is the CPU time of all the engine's processes, against `json.loads` and `json.dumps` of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from measured import batches, cpu_of, round_trip
from processes import running

BATCHES, BATCH = 150, 100
MOST_ROUND_TRIPS = 36.0
"""Measured 27 on a machine with much other work."""
SERVER = Path(__file__).parents[1] / "counting_server.py"
SEGTAP = (sys.executable, "-P", "-m", "segtap.tui")
TOKEN = "0123456789abcdef0123456789abcdef"
PATIENCE = 90.0
"""Seconds in which all is delivered, on a machine with other work beside it."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads CPU times from /proc")


def wait_for_sent(client: httpx.Client, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (sent := client.get("/_segtap/state").json()["deliveries"]["sent"]) < count:
        assert time.monotonic() < deadline, f"{sent} of {count} are delivered"
        time.sleep(0.1)


def test_a_message_from_receipt_to_delivery(tmp_path: Path) -> None:
    count = BATCHES * BATCH
    bodies = batches(count, BATCH)
    with running([sys.executable, str(SERVER)]) as server:
        assert server.stdout is not None
        mixpanel = f"http://127.0.0.1:{int(server.stdout.readline())}"
        environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "TOKEN": TOKEN}
        engine = subprocess.Popen(
            [
                *SEGTAP,
                "forward",
                "--port",
                "0",
                *(
                    "--journal",
                    str(tmp_path / "journal.db"),
                    "--token-env",
                    "TOKEN",
                    "--mixpanel-url",
                    mixpanel,
                ),
            ],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
        )
        try:
            note = _note(tmp_path)
            headers = {"authorization": f"Bearer {note['token']}"}
            with httpx.Client(base_url=note["url"], headers=headers, timeout=30) as client:
                before = cpu_of(engine.pid)
                for body in bodies:
                    assert client.post("/v1/batch", content=body).status_code == 200
                wait_for_sent(client, count)
                each = (cpu_of(engine.pid) - before) / count
        finally:
            engine.terminate()
            engine.wait(30)
    _, trip = round_trip()
    print(f"\ndelivered: {each * 1e6:.0f} µs of CPU a message, {each / trip:.1f} times JSON")
    assert each / trip <= MOST_ROUND_TRIPS


def _note(folder: Path) -> dict[str, str]:
    """What the engine writes down of itself once it runs."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for file in folder.rglob("engines/*.json"):
            return json.loads(file.read_text())
        time.sleep(0.05)
    raise AssertionError("the engine does not start")
