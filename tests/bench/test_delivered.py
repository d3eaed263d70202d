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
from typing import Any

import httpx
import pytest
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


def message(number: int) -> dict[str, Any]:
    """A track call of 0.9 KB with ids and values of its own."""
    return {
        "type": "track",
        "event": f"Event {number % 20}",
        "userId": f"u-{number % 5_000}",
        "anonymousId": f"a-{number % 5_000}",
        "messageId": f"5f3a9c1e-1111-4222-8333-{number:012}",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "properties": {f"property_{n}": f"value {n} of {number}" for n in range(14)},
        "context": {
            "library": {"name": "analytics-python", "version": "2.3.4"},
            "page": {"url": "https://example.com/pricing?plan=pro", "title": "Pricing", "referrer": ""},
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML)",
        },
    }


def processes(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += processes(int(child))
    return found


def used(pid: int) -> float:
    """Seconds of CPU that a process, those below it and those that have ended took."""
    ticks = 0
    for one in processes(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # its own, and its children's that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


def round_trip() -> float:
    """Seconds of CPU that reading and writing a message as JSON takes."""
    text, best = json.dumps(message(1)), float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(2_000):
            json.dumps(json.loads(text))
        best = min(best, time.process_time() - began)
    return best / 2_000


def wait_for_sent(client: httpx.Client, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (sent := client.get("/_segtap/state").json()["deliveries"]["sent"]) < count:
        assert time.monotonic() < deadline, f"{sent} of {count} are delivered"
        time.sleep(0.1)


def test_a_message_from_receipt_to_delivery(tmp_path: Path) -> None:
    count = BATCHES * BATCH
    bodies = [
        json.dumps({"batch": [message(start * BATCH + n) for n in range(BATCH)]}) for start in range(BATCHES)
    ]
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
                before = used(engine.pid)
                for body in bodies:
                    assert client.post("/v1/batch", content=body).status_code == 200
                wait_for_sent(client, count)
                each = (used(engine.pid) - before) / count
        finally:
            engine.terminate()
            engine.wait(30)
    trip = round_trip()
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
