"""A digest is made of one message alone, and says the same in every process."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW, TRANSLATOR
from streams import call, uuid

from segtap.core.checks import CheckSettings
from segtap.core.checks.examples.stream import STREAM_EXAMPLES
from segtap.core.checks.stream import Loose, Said, StreamChecker, StreamLimits, digest, of_copy, said_by
from segtap.core.checks.stream.digest import fingerprint
from segtap.core.messages import Marks
from segtap.core.verdict import Translation

SCRIPT = (
    "from segtap.core.checks.stream.digest import fingerprint; print(fingerprint({'b': [1, 'é'], 'a': None}))"
)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_fingerprint_does_not_depend_on_the_process(seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed},
    )
    assert int(run.stdout) == fingerprint({"a": None, "b": [1, "é"]})


def test_a_digest_holds_what_the_rules_compare() -> None:
    message = call("track", properties={"plan": "pro", "seats": 3, "n" * 300: 1, "none": None}, userId="u-1")
    loose = Loose(document=message, type="track", message_id=uuid(1), id=7)
    said = digest(loose, TRANSLATOR.translate(message, now=NOW), NOW).said
    assert (said.id, said.user, said.distinct_id, said.name) == (7, "u-1", "u-1", "Signed Up")
    assert (said.names, said.types) == (("plan", "seats", "none"), bytes((4, 2, 0)))
    assert (said.at, said.now, said.second, said.kept_back) == (NOW, NOW, False, False)
    other = Loose(document=message, type="track", marks=Marks.SECOND_RECEIPT | Marks.WOULD_REJECT)
    said = digest(other, Translation(), NOW).said
    assert (said.second, said.kept_back, list(said.events)) == (True, True, [])


@pytest.mark.parametrize("rule", STREAM_EXAMPLES)
def test_what_a_message_says_survives_the_way_to_another_process(rule: str) -> None:
    for number, message in enumerate(STREAM_EXAMPLES[rule].before):
        loose = Loose(document=message, type=str(message.get("type")), message_id=uuid(number), id=number)
        said = said_by(loose, TRANSLATOR.translate(message, now=NOW), NOW)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(said), type=Said) == said
        copy = msgspec.structs.replace(loose, marks=Marks.SECOND_RECEIPT)
        assert of_copy(said) == said_by(copy, Translation(), NOW)


def test_names_are_compared_again_once_some_were_forgotten() -> None:
    checker = StreamChecker(CheckSettings(), DESTINATION, limits=StreamLimits(names=8))

    def seen(number: int, **properties: object) -> list[str]:
        message = call("track", number, properties=properties, userId=f"u-{number}")
        loose = Loose(document=message, type="track", message_id=message["messageId"])
        translation = TRANSLATOR.translate(message, now=NOW)
        return [one.rule for one in checker.observe(digest(loose, translation, NOW + 60_000 * number))]

    assert "property-type-drift" not in seen(1, seats=3)
    assert "property-type-drift" not in seen(2, seats=4)
    assert "property-type-drift" in seen(3, seats="4")
    for number in range(4, 40):
        seen(number, **{f"other_{number}": 1})
    seen(40, seats=5)
    assert "property-type-drift" in seen(41, seats="5")


CONTEXTS: tuple[Any, ...] = (
    {"library": {"name": "analytics-python"}, "page": {"url": "https://example.com/a"}},
    {"library": "analytics-python", "page": None, "device": {"id": 7}},
    {"library": {"name": 5}, "device": "d-1", "userAgentData": {"platform": "macOS"}},
    {"page": {"url": ["no text"]}, "userAgentData": {"platform": None}},
    {},
    None,
    "no context",
)


@pytest.mark.parametrize("context", CONTEXTS)
def test_messages_that_share_a_context_say_what_each_says_by_itself(context: Any) -> None:
    def said(context: Any, number: int) -> Said:
        message: dict[str, Any] = {"type": "track", "event": "Signed Up", "userId": "u-1", "context": context}
        loose = Loose(document=message, type="track", message_id=uuid(number), id=number)
        return said_by(loose, TRANSLATOR.translate(message, now=NOW), NOW)

    together = [said(shared, number) for number in range(2) for shared in (context, context)]
    alone: list[Said] = []
    for number in (0, 0, 1, 1):
        said({"library": {"name": "another"}, "page": {}, "device": {"id": "d-9"}}, 9)
        alone.append(said(copy.deepcopy(context), number))
    assert together == alone
    held = context if isinstance(context, dict) else {}
    assert [one.own_code for one in together] == ["page" in held or "device" in held] * 4
