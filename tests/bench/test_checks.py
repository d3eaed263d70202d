"""What the checks cost, as a ratio to the standard library's JSON reading and writing the same messages."""

import json
import time
from collections.abc import Callable

from check_helpers import DESTINATION, NOW, TRANSLATOR, every_real_message

from segtap.core.checks import check

LIMIT = 3.0
"""Times the cost of `json.loads` and `json.dumps`; measured 2.0."""
ROUNDS = 40


def fastest(work: Callable[[], None]) -> float:
    """Seconds of the fastest of many rounds: noise only ever adds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def test_checks_cost_at_most_thrice_the_json(record_property: Callable[[str, object], None]) -> None:
    messages = [(message, len(json.dumps(message))) for message in every_real_message()]
    translations = [TRANSLATOR.translate(message, now=NOW) for message, _ in messages]

    texts = [json.dumps(message) for message, _ in messages]

    def read_and_write() -> None:
        for text in texts:
            json.dumps(json.loads(text))

    def check_all() -> None:
        for (message, size), translation in zip(messages, translations, strict=True):
            check(message, translation, DESTINATION, now=NOW, original_size=size)

    baseline, checking = fastest(read_and_write), fastest(check_all)
    ratio = checking / baseline
    record_property("checks_to_json", ratio)
    each = 1e6 / len(messages)
    print(f"json {baseline * each:.1f} µs, check {checking * each:.1f} µs a message: ratio {ratio:.2f}")
    assert ratio <= LIMIT
