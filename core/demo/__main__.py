"""The demo's own process: it plays the scenario through Segment's Python client.

`python -m segtap.core.demo --url http://127.0.0.1:8765 --rate 4 --count 100`
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import threading
import time
from datetime import datetime
from typing import Any, Protocol, cast

from ..text import clean
from .scenario import Call, calls

WRITE_KEY = "segtap-demo"
OPENING_BURST = 24
"""Messages sent at once at the start, so that a screen that opens is not empty."""


class Sender(Protocol):
    """The part of `segment.analytics.client.Client` that the demo uses."""

    def flush(self) -> None: ...

    def shutdown(self) -> None: ...


def connect(url: str, failures: list[str]) -> Sender:
    """Return a client of Segment's for that endpoint; what it could not deliver is noted in `failures`."""
    from segment.analytics.client import Client  # pyright: ignore[reportMissingTypeStubs]

    def note(error: Exception, items: list[object]) -> None:
        failures.append(f"{len(items)} messages were not taken: {error}")

    make = cast(Any, Client)
    client: Sender = make(
        write_key=WRITE_KEY, host=url, on_error=note, upload_interval=0.2, upload_size=20, max_retries=4
    )
    return client


def send(client: Sender, call: Call) -> None:
    """Make one call of the scenario."""
    arguments = dict(call.arguments)
    if isinstance(arguments.get("timestamp"), str):
        when = datetime.fromisoformat(cast(str, arguments["timestamp"]))
        arguments = cast(Any, {**arguments, "timestamp": when})
    getattr(client, call.method)(**arguments)


def play(url: str, *, rate: float, count: int | None) -> int:
    """Play the scenario until `count` messages are sent; returns an exit status."""
    failures: list[str] = []
    client = connect(url, failures)
    rng = random.Random()
    for number, call in enumerate(itertools.islice(calls(), count)):
        if number >= OPENING_BURST:
            time.sleep(rng.expovariate(rate))
        send(client, call)
        if failures:
            break
    client.flush()
    client.shutdown()
    for failure in failures[:1]:
        print(clean(f"segtap demo: {failure}. Is segtap running at {url}?"), file=sys.stderr)
    return 1 if failures else 0


def _end_with_the_parent() -> None:
    """End the process once standard input closes: the caller is gone."""
    # The bare descriptor: a thread inside sys.stdin would hold its lock when the interpreter shuts down.
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> int:
    """Read the command line and play."""
    parser = argparse.ArgumentParser(prog="segtap demo")
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, default=4.0)
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        return play(options.url, rate=options.rate, count=options.count)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
