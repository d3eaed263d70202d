"""What the checks cost, as a ratio to translation: measured in one run, side by side."""

import json
import time
from collections.abc import Callable

from check_helpers import DESTINATION, NOW, TRANSLATOR, every_real_message

from segtap.core.checks import check

LIMIT = 2.0
ROUNDS = 40


def fastest(work: Callable[[], None]) -> float:
    """Seconds of the fastest of many rounds: noise only ever adds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def test_checks_cost_at_most_twice_the_translation(record_property: Callable[[str, object], None]) -> None:
    messages = [(message, len(json.dumps(message))) for message in every_real_message()]
    translations = [TRANSLATOR.translate(message, now=NOW) for message, _ in messages]

    def translate() -> None:
        for message, _ in messages:
            TRANSLATOR.translate(message, now=NOW)

    def check_all() -> None:
        for (message, size), translation in zip(messages, translations, strict=True):
            check(message, translation, DESTINATION, now=NOW, original_size=size)

    translating, checking = fastest(translate), fastest(check_all)
    ratio = checking / translating
    record_property("checks_to_translation", ratio)
    each = 1e6 / len(messages)
    print(
        f"translate {translating * each:.1f} µs, check {checking * each:.1f} µs a message: ratio {ratio:.2f}"
    )
    assert ratio <= LIMIT
