"""What a message costs `segtap forward`: CPU of engine and workers, memory, disk.

`python tests/capacity.py --messages 60000` sends distinct messages in batches of 100 to an engine on one
CPU, which then has no worker, and to one on all of them; a Mixpanel in a process of its own accepts
everything. CPU time says what a machine of its own could do, also while others use this one. The table in
`core/stores/README.md` is made from it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import urllib.request
from collections.abc import Collection
from pathlib import Path

from measured import batches, family
from service import accepting, service

BATCH = 100
MB = 2**20


def cpu(pid: int, *, ended: bool) -> float:
    """Seconds of CPU of one process; with `ended`, and of those below it that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path, messages: int, cpus: Collection[int]) -> str:
    """Send the messages, wait until Mixpanel has them, and return the line of the table."""
    with accepting() as mixpanel, service(folder, mixpanel, cpus=cpus) as engine:
        own, workers = cpu(engine.process.pid, ended=False), 0.0
        began = time.monotonic()
        for body in batches(messages, BATCH):
            request = urllib.request.Request(
                f"{engine.url}/v1/batch", body, {"content-type": "application/json"}
            )
            urllib.request.urlopen(request, timeout=60).read()
        while engine.metrics()["segtap_sent_messages_total"] < messages:
            workers = max(workers, sum(cpu(pid, ended=True) for pid in family(engine.process.pid)[1:]))
            time.sleep(0.1)
        took = time.monotonic() - began
        own = cpu(engine.process.pid, ended=False) - own
        memory, disk = sum(engine.resident()), engine.disk()
        count = len(family(engine.process.pid))
    return (
        f"{count} processes: engine {own / messages * 1e6:.0f} µs, workers {workers / messages * 1e6:.0f} µs "
        f"a message; {messages / took:,.0f} a second by the clock; {memory / MB:.0f} MB; "
        f"{disk / messages:.0f} bytes a message, the log included"
    )


def main() -> None:
    """Run the command line above."""
    parser = argparse.ArgumentParser(description="Measure what a message costs segtap forward.")
    parser.add_argument("--messages", type=int, default=50_000)
    given = parser.parse_args()
    every = os.sched_getaffinity(0)
    for cpus in ({min(every)}, every):
        with tempfile.TemporaryDirectory() as folder:
            print(measure(Path(folder), given.messages, cpus), flush=True)


if __name__ == "__main__":
    main()
