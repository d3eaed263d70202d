"""A worker process for tests: counts the steps that messages take in it, and fails where it is told to.

Usage: worker_target.py COUNTS [MESSAGE_ID HOW], where HOW is `raises`, `exits`, `hangs` or `hangs reading`.
The file COUNTS gets the number of each step before each answer.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from segtap.core.index import worker
from segtap.core.messages import Message, Receipt
from segtap.core.pipeline import intake, stages


def count_steps(set_attribute: Callable[[Any, str, Any], object]) -> Counter[str]:
    """Count how often each step of the road is taken in this process."""
    counted: Counter[str] = Counter()

    def count(module: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(module, name)

        def step(*args: Any, **more: Any) -> Any:
            counted[name] += 1
            return original(*args, **more)

        set_attribute(module, name, step)

    count(intake, "inflate")
    count(intake._Reading, "_read_items")
    count(stages, "check")
    count(stages, "walk")
    return counted


def hang() -> None:
    threading.Event().wait()


def failing(message_id: str, how: str) -> None:
    one, several, read = worker.run, worker.run_together, worker.parse_receipt

    def parse_receipt(receipt: Receipt, *more: Any) -> list[Message]:
        if f'"{message_id}"'.encode() in receipt.body:
            hang()
        return read(receipt, *more)

    if how == "hangs reading":
        worker.parse_receipt = parse_receipt
        return

    def fail(message: Message) -> None:
        if message.message_id == message_id:
            if how == "exits":
                os._exit(3)
            if how == "hangs":
                hang()
            raise ZeroDivisionError("poison")

    def run(message: Message, **more: Any) -> Any:
        fail(message)
        return one(message, **more)

    def run_together(messages: Sequence[Message], **more: Any) -> Any:
        for message in messages:
            fail(message)
        return several(messages, **more)

    worker.run, worker.run_together = run, run_together


def main(counts: str, message_id: str = "", how: str = "") -> None:
    counted = count_steps(setattr)
    if message_id:
        failing(message_id, how)
    answer = worker.Worker._answer

    def answering(self: worker.Worker, *args: Any) -> None:
        Path(counts).write_text(json.dumps(counted))
        answer(self, *args)

    worker.Worker._answer = answering
    worker.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
