"""What the checks cost, as a ratio to the standard library's JSON reading and writing the same messages."""

import json
from collections.abc import Callable
from typing import Any

from check_helpers import DESTINATION, NOW, TRANSLATOR, every_real_message
from measured import fastest

from segtap.core.checks import check

LIMIT = 2.6
"""Times the cost of `json.loads` and `json.dumps` of recorded messages, most with findings. Measured 1.9 on
one machine and 2.2 on another."""
LIMIT_OF_ORDINARY = 1.6
"""The same for messages that all differ, with a single finding each; measured 1.1."""
ORDINARY = 2_000
ROUNDS = 40


def test_checks_cost_at_most_a_few_times_the_json(record_property: Callable[[str, object], None]) -> None:
    messages = [(message, len(json.dumps(message))) for message in every_real_message()]
    translations = [TRANSLATOR.translate(message, now=NOW) for message, _ in messages]

    texts = [json.dumps(message) for message, _ in messages]

    def read_and_write() -> None:
        for text in texts:
            json.dumps(json.loads(text))

    def check_all() -> None:
        for (message, size), translation in zip(messages, translations, strict=True):
            check(message, translation, DESTINATION, now=NOW, original_size=size)

    baseline, checking = fastest(read_and_write, check_all, rounds=ROUNDS)
    ratio = checking / baseline
    record_property("checks_to_json", ratio)
    each = 1e6 / len(messages)
    print(f"json {baseline * each:.1f} µs, check {checking * each:.1f} µs a message: ratio {ratio:.2f}")
    assert ratio <= LIMIT


def ordinary(number: int) -> dict[str, Any]:
    """A message of 1 KB of a server, unlike any other."""
    return {
        "type": "track",
        "event": f"Event {number % 20}",
        "userId": f"u-{number % 500}",
        "anonymousId": f"a-{number % 500}",
        "messageId": f"5f3a9c1e-1111-4222-8333-{number:012}",
        "timestamp": f"2026-11-24T21:{number // 60 % 60:02}:{number % 60:02}.000Z",
        "properties": {f"property_{name}": f"value {name} of {number}" for name in range(14)},
        "context": {
            "library": {"name": "analytics-python", "version": "2.3.4"},
            "page": {"url": "https://example.com/pricing?plan=pro", "title": "Pricing", "referrer": ""},
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
        },
    }


def test_checks_of_ordinary_messages_cost_little(record_property: Callable[[str, object], None]) -> None:
    messages = [ordinary(number) for number in range(ORDINARY)]
    texts = [json.dumps(message) for message in messages]
    translations = [TRANSLATOR.translate(message, now=NOW) for message in messages]

    def read_and_write() -> None:
        for text in texts:
            json.dumps(json.loads(text))

    def check_all() -> None:
        for message, text, translation in zip(messages, texts, translations, strict=True):
            check(message, translation, DESTINATION, now=NOW, original_size=len(text))

    baseline, checking = fastest(read_and_write, check_all, rounds=8)
    ratio = checking / baseline
    record_property("ordinary_checks_to_json", ratio)
    each = 1e6 / len(messages)
    print(f"json {baseline * each:.1f} µs, check {checking * each:.1f} µs a message: ratio {ratio:.2f}")
    assert ratio <= LIMIT_OF_ORDINARY
