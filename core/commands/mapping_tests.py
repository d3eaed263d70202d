"""`segtap mappings test`: runs the `[[tests]]` of segtap.toml through every configured stage. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import msgspec

from ..expected import MappingTest
from ..json_text import json_bytes
from ..mapping.dates import read_time
from ..messages import Json, JsonObject
from ..pipeline import CompiledSettings, run
from ..pipeline.functions import RunFunction, run_none, with_outcomes
from ..pipeline.reading import read_message
from ..text import shown
from ..verdict import Translation

WIDTH = 200


class Difference(msgspec.Struct, frozen=True):
    """One expectation that does not hold: `path` names it (`events`, `properties.total`)."""

    path: str
    expected: Json
    found: Json
    words: str


class MappingResult(msgspec.Struct, frozen=True):
    """The result of one test; it passed if there are no differences. `number` counts from 1."""

    number: int
    name: str
    differences: tuple[Difference, ...] = ()


def run_tests(
    tests: Sequence[MappingTest],
    settings: CompiledSettings,
    *,
    clock: Callable[[], int],
    functions: RunFunction = run_none,
) -> Iterator[MappingResult]:
    """Run each test. Its clock is its `now`, else the message's receivedAt or timestamp, else `clock()`.

    `functions` runs the insert functions of the settings.
    """
    for number, test in enumerate(tests, start=1):
        now = _now(test, clock)
        message = read_message(json_bytes(test.message), id=number)
        (message,) = with_outcomes([message], settings, functions, now)
        verdict = run(message, settings, now)
        yield MappingResult(number, test.name, tuple(_differences(test, verdict.translation)))


def _now(test: MappingTest, clock: Callable[[], int]) -> int:
    for given in (test.now, test.message.get("receivedAt"), test.message.get("timestamp")):
        time = read_time(given) if isinstance(given, str) and given else None
        if time is not None:
            return time
    return clock()


def _differences(test: MappingTest, translation: Translation) -> Iterator[Difference]:
    expect = test.expect
    stopped_at, why = _stopped(translation)
    if expect.not_sent is not None:
        if stopped_at != expect.not_sent:
            found = f"{stopped_at}: {why}" if stopped_at else f"it is sent: {_sent(translation)}"
            words = f"expected to be stopped at the stage {expect.not_sent}; {found}"
            yield Difference("not_sent", expect.not_sent, stopped_at or None, words)
        return
    expects_something = bool(expect.events or expect.properties)
    if stopped_at and expects_something:
        words = f"expected to be sent; it is stopped at the stage {stopped_at}: {why}"
        yield Difference("not_sent", None, stopped_at, words)
        return
    records = list(_records(translation))
    events = [name for name, _ in records if name is not None]
    if expect.events is not None and events != list(expect.events):
        expected = list(expect.events)
        words = f"expected {_list(expected)}; found {_list(events)}"
        yield Difference("events", cast(Json, expected), cast(Json, events), words)
    for name, value in (expect.properties or {}).items():
        yield from _property(name, value, records)
    for name in expect.without:
        yield from _absent(name, records)


def _stopped(translation: Translation) -> tuple[str, str]:
    """Return the stage that stopped the message, and why; ("", "") if requests are made."""
    if translation.not_sent is not None:
        return translation.not_sent.stage or "subscriptions", translation.not_sent.reason
    if translation.operations:
        return "", ""
    if translation.rejected is not None:
        return "subscriptions", f"the destination refuses it: {translation.rejected}"
    if translation.unmatched:
        return "subscriptions", "no subscription matches it"
    return "subscriptions", "it holds nothing that is sent"


def _sent(translation: Translation) -> str:
    return ", ".join(one.subscription or one.action for one in translation.operations)


Record = tuple[str | None, JsonObject]
"""The event's name, None for a profile update, and the properties."""


def _records(translation: Translation) -> Iterator[Record]:
    for operation in translation.operations:
        for record in operation.request.records():
            event, properties = record.get("event"), record.get("properties")
            if isinstance(event, str):
                yield event, properties if isinstance(properties, dict) else {}
                continue
            for name, updates in record.items():
                if name.startswith("$") and isinstance(updates, dict):
                    yield None, updates


def _property(name: str, expected: Json, records: Sequence[Record]) -> Iterator[Difference]:
    path, having = f"properties.{name}", [one for one in records if name in one[1]]
    if not having:
        yield Difference(path, expected, None, f"expected {shown(expected)}; nothing that is sent has it")
    for event, properties in having:
        found = properties[name]
        if not same(expected, found):
            where = f" in {event}" if event is not None else " in the profile"
            words = f"expected {shown(expected)}; found {shown(found)}{where}"
            yield Difference(path, expected, found, words)


def _absent(name: str, records: Sequence[Record]) -> Iterator[Difference]:
    for event, properties in records:
        if name in properties:
            found = properties[name]
            where = event if event is not None else "the profile"
            words = f"expected not to be sent; found {shown(found)} in {where}"
            yield Difference(f"without.{name}", None, found, words)


def same(one: Json, other: Json) -> bool:
    """Compare two JSON values: 1 and 1.0 are the same, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _list(names: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in names) or "no event"
